"""Drivers and passengers of a street grid, played by chance that a seed decides, over HTTP only: they make a demo live,
and at the end of a proof the books have to be right."""
