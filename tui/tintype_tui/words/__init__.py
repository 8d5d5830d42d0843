"""Values as sentences: the same in the app and on the command line, with no widget in them."""
