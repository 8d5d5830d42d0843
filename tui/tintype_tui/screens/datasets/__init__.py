"""Datasets: a pane composed of parts that share what is open, its check, arrangement and marks.

`pane` holds the shared values and composes the parts; `part` says what a part is. The views, of
which one is seen at a time, are listed in `views`: a new one is a module there and a name in its
`VIEWS`.
"""

from tintype_tui.screens.datasets.pane import DatasetsPane

__all__ = ["DatasetsPane"]
