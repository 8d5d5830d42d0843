"""What is asked of a picture, and what comes back. Plain values."""

from dataclasses import dataclass, field
from datetime import tzinfo

from tintype.metrics import Axis
from tintype_tui.widgets.chart.axes import Scale
from tintype_tui.widgets.chart.raster import Marks, Picture


@dataclass(frozen=True, slots=True)
class View:
    """What of the curves is to be seen, and how large."""

    columns: int
    """Cells across."""
    rows: int
    """Cells down."""
    axis: Axis = "step"
    low: float = 0.0
    """The place on the x-axis at the left edge."""
    high: float = 1.0
    """At the right edge; above `low`."""
    log: bool = False
    smoothing: float = 0.0
    marks: Marks = "braille"
    clip: bool = False
    """Whether the y-range leaves out the few values far from all others."""
    label_width: int = 7
    zone: tzinfo | None = None


@dataclass(slots=True)
class Plot:
    """A picture and what stands around it."""

    view: View
    scale: Scale
    picture: Picture
    y_ticks: dict[int, str]
    """Labels by row."""
    x_ticks: dict[int, str]
    """Labels by column, each centred there."""
    glyphs: dict[int, dict[int, int]] = field(default_factory=dict)
    """Marks on the curves: row → column → of which trace."""
    odd: dict[int, tuple[str, int]] = field(default_factory=dict)
    """Column → what could not be drawn there (`nan`, `above`, `below`) and of which trace."""
    ends: dict[int, int] = field(default_factory=dict)
    """Row → the trace whose curve ends there, for the mark beside the picture."""
    drawn: int = 0
    points: int = 0
    """Of so many points in view so many were drawn; the rest lies between two that were."""
