"""Tools that know no word of the street: each could serve another product unchanged."""
