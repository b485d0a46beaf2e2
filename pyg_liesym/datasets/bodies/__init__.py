"""Data sets of a few bodies that pull and push each other."""
