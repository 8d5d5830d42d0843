"""Images of the real app, made by a command: `make screenshots`."""
