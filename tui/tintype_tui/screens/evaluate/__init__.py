"""Evaluate: what is to be evaluated, the result, rows × models, and past runs."""

from tintype_tui.screens.evaluate.pane import EvaluatePane

__all__ = ["EvaluatePane"]
