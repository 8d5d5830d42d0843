"""The views of a dataset, of which one is seen at a time: a module each, and a name in `VIEWS`."""

from collections.abc import Sequence

from tintype_tui.screens.datasets.part import View
from tintype_tui.screens.datasets.views.overview import OverviewView
from tintype_tui.screens.datasets.views.problems import ProblemsView
from tintype_tui.screens.datasets.views.rows import RowsView
from tintype_tui.screens.datasets.views.sheet import SheetView

VIEWS: Sequence[type[View]] = (RowsView, ProblemsView, OverviewView, SheetView)
"""The first is the one to begin with and to come back to."""
