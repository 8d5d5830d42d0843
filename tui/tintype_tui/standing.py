"""Names of `tintype.loop` under which panes know it."""

from tintype.loop import LoopState as Standing
from tintype.loop import Progress, Stage
from tintype.loop import RowRequest as Sought

__all__ = ["Progress", "Sought", "Stage", "Standing"]
