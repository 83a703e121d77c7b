"""A whole street office on one machine, with made-up people, to try things out."""
