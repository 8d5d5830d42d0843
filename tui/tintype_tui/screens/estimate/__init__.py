"""Estimate: the plan, what it takes, the launch, and the pane over all."""

from tintype_tui.screens.estimate.pane import EstimatePane

__all__ = ["EstimatePane"]
