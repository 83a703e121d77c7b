"""A street that is played with at random, and the books that are kept of it: whatever is done in whatever order, no
seat is sold twice and nothing leaks."""
