"""Playground: what is asked about, which models are asked, asking them, and the pane over all."""

from tintype_tui.screens.playground.pane import PlaygroundPane

__all__ = ["PlaygroundPane"]
