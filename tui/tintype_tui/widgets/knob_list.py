"""Knobs, one under the other, each at one of its values."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style

from tintype_tui.text import pad, visible
from tintype_tui.widgets.line_list import Line, LineList


@dataclass(frozen=True, slots=True)
class Knob:
    """Something to turn: its name, and each value with its words."""

    name: str
    values: Sequence[tuple[str, object]]


class KnobList(LineList):
    """Knobs, one under the other, each at a value."""

    def __init__(self) -> None:
        super().__init__()
        self.knobs: Sequence[Knob] = ()
        self.at: dict[str, int] = {}
        """The number of each knob's value; 0 where it is not there."""

    def item(self, index: int, width: int, style: Style) -> Line:
        knob = self.knobs[index]
        words = knob.values[self.at.get(knob.name, 0)][0]
        return [Segment(f" {pad(knob.name, 15)} ‹ {visible(words)} ›", style)]
