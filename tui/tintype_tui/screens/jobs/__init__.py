"""Jobs: the list, following one of them, its curves, what is below them, and the pane over all."""
