"""Home: what is running, what was opened lately, and how long the provider will last."""

from tintype_tui.screens.home.pane import HomePane

__all__ = ["HomePane"]
