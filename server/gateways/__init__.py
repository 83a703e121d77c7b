"""The only doors to outside platforms: a facade for each, its null twin, and the tables they follow."""
