"""The doors: HTTP verbs of one to three lines, one file for each noun."""
