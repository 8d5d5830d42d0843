"""Tintype in a terminal: the app and the command line."""
