"""A job's event log: filtered by level, followed at its end, searched, wrapped."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from tintype.resources import Event
from tintype_tui.keys import with_keys
from tintype_tui.text import age, clip, clock, one_line
from tintype_tui.widgets.line_list import Line, LineList

LEVELS = ("info", "warn", "error")
LEVEL_MARKS = {"info": " ", "warn": "!", "error": "✗"}
LEVEL_COLORS = {"info": "foreground", "warn": "warning", "error": "error"}
LEVEL_WORDS = {"info": "", "warn": "warnings and errors", "error": "errors"}

NOTHING = "No events yet."
NONE_FITS = "No event matches: {events.level} shows other levels, {events.search} looks on."

TICK_S = 1.0
"""How often ages are shown again."""
_LONGEST = 4_000
"""Characters of one event that are wrapped."""
_HEAD = 18
"""Cells before an event's words: when, and how bad."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are shown."""

    level: str = "info"
    """The least level."""
    steps: bool = False
    """Whether metrics events are shown too."""
    needle: str = ""
    """Only events that contain this, whatever the case."""

    def fits(self, event: Event) -> bool:
        """Whether an event is shown."""
        rank = LEVELS.index(event.level) if event.level in LEVELS else 0
        return (
            (self.steps or event.type != "metrics")
            and rank >= LEVELS.index(self.level)
            and self.needle.casefold() in event.message.casefold()
        )

    def words(self) -> tuple[str, ...]:
        """What is left out or added, in a few words."""
        found = f"with “{self.needle}”" if self.needle else ""
        return LEVEL_WORDS.get(self.level, ""), found, "steps" if self.steps else ""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One of the lines of an event."""

    event: Event
    text: str
    first: bool = True


def event_lines(events: Iterable[Event], room: int | None) -> Iterator[EventLine]:
    """A line for each event; wrapped, if there is a room in cells to wrap it in."""
    for event in events:
        if room is None:
            yield EventLine(event, event.message)
        else:
            lines = wrap(one_line(event.message[:_LONGEST]), max(20, room - _HEAD - 2)) or [""]
            yield from (EventLine(event, line, not number) for number, line in enumerate(lines))


def highlighted(words: str, needle: str, style: Style) -> Line:
    """What was looked for stands out, without colour too."""
    if not needle:
        return [Segment(words, style)]
    found = style + Style(reverse=True, bold=True)
    parts = re.split(f"({re.escape(needle)})", words, flags=re.IGNORECASE)
    return [Segment(part, found if at % 2 else style) for at, part in enumerate(parts)]


def segments(
    line: EventLine,
    width: int,
    style: Style,
    colors: Mapping[str, str],
    needle: str,
    by_age: bool,
) -> Line:
    """When, how bad, and the words; what was looked for marked in them."""
    event = line.event
    color = colors[LEVEL_COLORS.get(event.level, "foreground")]
    tint = style if style.bold and style.bgcolor else style + Style(color=color)
    when = age(event.created_at) if by_age else clock(event.created_at)
    wide = _HEAD - 3 if by_age else 8
    head = f"{when if line.first else '':>{wide}} "
    mark = LEVEL_MARKS.get(event.level, "?") if line.first else " "
    words = clip(one_line(line.text), width - len(head) - 2)
    return [
        Segment(head, style + Style(dim=not style.bold)),
        Segment(f"{mark} ", tint),
        *highlighted(words, needle, tint),
    ]


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
        self._lines: Sequence[EventLine] = ()
        self._width = 0

    def on_mount(self) -> None:
        """Ages grow while nothing else happens."""
        self.set_interval(TICK_S, self._tick)

    def _tick(self) -> None:
        if self.by_age and self.total:
            self.refresh()

    def watch_events(self) -> None:
        self._filter()

    watch_level = watch_steps = watch_needle = watch_wrapped = watch_events

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
        follows = "" if self.follow_end else with_keys(self, "{events.follow} follows")
        words = [*self._chosen.words(), "wrapped" if self.wrapped else "", follows]
        return ", ".join(filter(None, words))

    @property
    def _chosen(self) -> EventFilter:
        return EventFilter(self.level, self.steps, self.needle)

    def event_at(self, index: int) -> Event | None:
        """The event that a line belongs to."""
        return self._lines[index].event if 0 <= index < len(self._lines) else None

    def _filter(self) -> None:
        shown = filter(self._chosen.fits, self.events)
        self._width = self.size.width
        self._lines = list(event_lines(shown, self._width if self.wrapped else None))
        self.total = len(self._lines)
        self.empty_text = with_keys(self, NONE_FITS) if self.events else NOTHING
        if self.follow_end:
            self.cursor = self.total - 1
        self.post_message(self.Changed())
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without events nothing of them can change; who follows already need not again."""
        changes = action in ("clock", "steps", "level", "wrap")
        idle = self.follow_end if action == "follow" else changes and not self.events
        return None if idle else True

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
        colors = self.app.theme_variables
        return segments(self._lines[index], width, style, colors, self.needle, self.by_age)
