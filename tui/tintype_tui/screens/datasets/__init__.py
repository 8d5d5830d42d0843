"""Datasets: holding one open, checking it, finding rows, and the pane over all."""

from tintype_tui.screens.datasets.pane import DatasetsPane

__all__ = ["DatasetsPane"]
