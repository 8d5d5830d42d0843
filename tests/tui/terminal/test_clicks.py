"""A click on what has just gone is for nobody: a message that is clicked away, a row replaced."""

from typing import Any

import pytest
from tests.handled import until
from textual import events
from textual.app import ComposeResult
from textual.widgets import Static
from textual.widgets._toast import Toast

from tintype_tui.terminal.app import TerminalApp

MOUSE = [events.MouseDown, events.MouseMove, events.MouseUp]


class Small(TerminalApp[None]):
    def compose(self) -> ComposeResult:
        yield Static("here")
        yield Static("there", id="there")


def at(made: type[events.MouseEvent], x: int, y: int) -> events.MouseEvent:
    """What the driver hands on at a cell."""
    modifiers: dict[str, Any] = dict.fromkeys(("shift", "meta", "ctrl"), False)
    return made(None, x, y, 0, 0, 1, **modifiers)


@pytest.mark.parametrize("first", [[], [events.MouseDown]], ids=["pressed", "selected up to it"])
async def test_the_mouse_on_a_widget_that_has_gone(first: list[type[events.MouseEvent]]) -> None:
    app = Small()
    async with app.run_test() as pilot:
        await pilot.pause()
        for made in first:
            await app.on_event(at(made, 0, 1))
        await app.query_one(Static).remove()
        for made in MOUSE[len(first) :]:
            await app.on_event(at(made, 0, 0))  # the frame that shows it is still the last one
        await pilot.pause()
        assert app.query_one(Static).id == "there"


async def test_a_message_is_clicked_away_twice() -> None:
    app = Small()
    async with app.run_test(notifications=True) as pilot:
        app.notify("said")
        await until(pilot, lambda: any(toast.region for toast in app.screen.query(Toast)))
        x, y = app.screen.query_one(Toast).region.offset
        for made in (events.MouseDown, events.MouseUp) * 4:
            app._driver.send_message(at(made, x + 2, y + 1))  # type: ignore[union-attr]
        await until(pilot, lambda: not app.screen.query(Toast))
