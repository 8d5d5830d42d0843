"""Jobs: the list, following one of them, its curves, what is below them, and the pane over all."""

from tintype_tui.screens.jobs.pane import JobsPane

__all__ = ["JobsPane"]
