"""A job's event log: filtered by level, followed at its end, searched, wrapped."""

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from tintype.resources import Event
from tintype_tui.text import age, clip, one_line
from tintype_tui.widgets.line_list import Line, LineList

LEVELS = ("info", "warn", "error")
LEVEL_MARKS = {"info": " ", "warn": "!", "error": "✗"}
LEVEL_COLORS = {"info": "foreground", "warn": "warning", "error": "error"}
LEVEL_WORDS = {"info": "", "warn": "warnings and errors", "error": "errors"}

NOTHING = "No events yet."
NONE_FITS = "No event matches: i shows other levels, / looks for something else."

TICK_S = 1.0
"""How often ages are shown again."""
_LONGEST = 4_000
"""Characters of one event that are wrapped."""
_HEAD = 18
"""Cells before an event's words: when, and how bad."""


class EventFeed(LineList):
    """Events, oldest first."""

    BINDING_GROUP_TITLE = "Events"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "level", "Level", tooltip="all, warnings, errors only", id="events.level"),
        Binding("slash", "search", "Find", tooltip="events with a word", id="events.search"),
        Binding("z", "wrap", "Wrap", tooltip="long events on several lines", id="events.wrap"),
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
    wrapped: var[bool] = var(False)
    needle: var[str] = var("")
    """Only events that contain this, whatever the case."""

    class Searching(Message):
        """The person wants to type what to look for."""

    class Changed(Message):
        """Other events are shown, or otherwise."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: Sequence[Event] = ()
        self._lines: Sequence[tuple[int, str, bool]] = ()
        """Of each line: the event, its words, whether it is the event's first."""
        self._width = 0

    def on_mount(self) -> None:
        """Ages grow while nothing else happens."""
        self.set_interval(TICK_S, self._tick)

    def _tick(self) -> None:
        if self.by_age and self.total:
            self.refresh()

    def watch_events(self) -> None:
        self._filter()

    def watch_level(self) -> None:
        self._filter()

    def watch_steps(self) -> None:
        self._filter()

    def watch_needle(self) -> None:
        self._filter()

    def watch_wrapped(self) -> None:
        self._filter()

    def watch_by_age(self) -> None:
        self.refresh()

    def watch_follow_end(self) -> None:
        self.post_message(self.Changed())

    def on_resize(self) -> None:
        if self.wrapped and self._width != self.size.width:
            self._filter()
        super().on_resize()

    @property
    def summary(self) -> str:
        """What is left out or done, in a few words; empty where everything is as usual."""
        words = [
            LEVEL_WORDS.get(self.level, ""),
            f"with “{self.needle}”" if self.needle else "",
            "steps" if self.steps else "",
            "" if self.follow_end else "F follows",
        ]
        return ", ".join(filter(None, words))

    def event_at(self, index: int) -> Event | None:
        """The event that a line belongs to."""
        return self._shown[self._lines[index][0]] if 0 <= index < len(self._lines) else None

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
        self._width = self.size.width
        self._lines = list(self._wrapped())
        self.total = len(self._lines)
        self.empty_text = NONE_FITS if self.events else NOTHING
        if self.follow_end:
            self.cursor = self.total - 1
        self.post_message(self.Changed())
        self.refresh()

    def _wrapped(self) -> Iterator[tuple[int, str, bool]]:
        room = max(20, self._width - _HEAD - 2)
        for at, event in enumerate(self._shown):
            if not self.wrapped:
                yield at, event.message, True
                continue
            lines = wrap(one_line(event.message[:_LONGEST]), room) or [""]
            yield from ((at, line, number == 0) for number, line in enumerate(lines))

    def action_level(self) -> None:
        self.level = LEVELS[(LEVELS.index(self.level) + 1) % len(LEVELS)]

    def action_search(self) -> None:
        self.post_message(self.Searching())

    def action_wrap(self) -> None:
        self.wrapped = not self.wrapped

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

    def action_page(self, by: int) -> None:
        super().action_page(by)
        self.follow_end = self.cursor >= self.total - 1

    def action_jump(self, to: int) -> None:
        super().action_jump(to)
        self.follow_end = self.cursor >= self.total - 1

    def item(self, index: int, width: int, style: Style) -> Line:
        at, text, first = self._lines[index]
        event = self._shown[at]
        color = self.app.theme_variables[LEVEL_COLORS.get(event.level, "foreground")]
        tint = style if style.bold and style.bgcolor else style + Style(color=color)
        when = age(event.created_at) if self.by_age else f"{event.created_at.astimezone():%H:%M:%S}"
        wide = _HEAD - 3 if self.by_age else 8
        head = f"{when if first else '':>{wide}} "
        mark = LEVEL_MARKS.get(event.level, "?") if first else " "
        words = clip(one_line(text), width - len(head) - 2)
        return [
            Segment(head, style + Style(dim=not style.bold)),
            Segment(f"{mark} ", tint),
            *self._highlighted(words, tint),
        ]

    def _highlighted(self, words: str, style: Style) -> Line:
        """What was looked for stands out, without colour too."""
        if not self.needle:
            return [Segment(words, style)]
        found = style + Style(reverse=True, bold=True)
        parts = re.split(f"({re.escape(self.needle)})", words, flags=re.IGNORECASE)
        return [Segment(part, found if at % 2 else style) for at, part in enumerate(parts)]
