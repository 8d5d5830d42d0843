"""Models: everything at all providers, until when it lasts, and what it came from."""

from tintype_tui.screens.models.pane import ModelsPane

__all__ = ["ModelsPane"]
