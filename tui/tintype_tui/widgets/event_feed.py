"""A job's diary: filtered by level, followed at its end, searched."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.reactive import var

from tintype.resources import Event
from tintype_tui.text import age, clip, one_line
from tintype_tui.widgets.line_list import Line, LineList

LEVELS = ("info", "warn", "error")
LEVEL_MARKS = {"info": " ", "warn": "!", "error": "✗"}
LEVEL_COLORS = {"info": "foreground", "warn": "warning", "error": "error"}


class EventFeed(LineList):
    """Events, oldest first."""

    BINDING_GROUP_TITLE = "Events"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "level", "Level", tooltip="all, warnings, errors only", id="events.level"),
        Binding("S", "steps", "Steps", tooltip="show or hide one line per step", id="events.steps"),
        Binding("a", "clock", "Clock", tooltip="age or time of day", id="events.clock"),
        Binding("F", "follow", "Follow", tooltip="stay at the newest", id="events.follow"),
    ]

    events: var[Sequence[Event]] = var(())
    level: var[str] = var("info")
    """The least level shown."""
    steps: var[bool] = var(False)
    """Whether metrics events are shown too."""
    follow_end: var[bool] = var(True)
    by_age: var[bool] = var(False)
    needle: var[str] = var("")
    """Only events that contain this, whatever the case."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: list[Event] = []

    def watch_events(self) -> None:
        self._filter()

    def watch_level(self) -> None:
        self._filter()

    def watch_steps(self) -> None:
        self._filter()

    def watch_needle(self) -> None:
        self._filter()

    def watch_by_age(self) -> None:
        self.refresh()

    def _filter(self) -> None:
        least = LEVELS.index(self.level)
        needle = self.needle.casefold()
        self._shown = [
            event
            for event in self.events
            if (self.steps or event.type != "metrics")
            and (LEVELS.index(event.level) if event.level in LEVELS else 0) >= least
            and needle in event.message.casefold()
        ]
        self.total = len(self._shown)
        if self.follow_end:
            self.cursor = self.total - 1
        self.refresh()

    def action_level(self) -> None:
        self.level = LEVELS[(LEVELS.index(self.level) + 1) % len(LEVELS)]

    def action_steps(self) -> None:
        self.steps = not self.steps

    def action_clock(self) -> None:
        self.by_age = not self.by_age

    def action_follow(self) -> None:
        self.follow_end = True
        self.cursor = self.total - 1

    def action_move(self, by: int) -> None:
        super().action_move(by)
        self.follow_end = self.cursor >= self.total - 1

    def item(self, index: int, width: int, style: Style) -> Line:
        event = self._shown[index]
        color = self.app.theme_variables[LEVEL_COLORS.get(event.level, "foreground")]
        tint = style if style.bold and style.bgcolor else style + Style(color=color)
        when = age(event.created_at) if self.by_age else f"{event.created_at.astimezone():%H:%M:%S}"
        head = f"{when:>8} "
        mark = LEVEL_MARKS.get(event.level, "?")
        return [
            Segment(head, style + Style(dim=not style.bold)),
            Segment(f"{mark} ", tint),
            Segment(clip(one_line(event.message), width - len(head) - 2), tint),
        ]
