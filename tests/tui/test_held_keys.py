"""Keys that are pressed while a dialog is being opened reach it, in their order."""

import asyncio
from typing import Any, ClassVar

import pytest
from tests.handled import until
from textual import events
from textual.app import App
from textual.keys import key_to_character
from textual.screen import Screen

from tintype_tui import held_keys
from tintype_tui.held_keys import HoldingApp, opens
from tintype_tui.screens.dialogs import Ask


class Place(Screen[None]):
    """A pane with a key that opens a dialog when it is let to, and one that does something else."""

    BINDINGS: ClassVar[list[Any]] = [("o", "open"), ("n", "nothing"), ("x", "other")]

    def __init__(self) -> None:
        super().__init__()
        self.let = asyncio.Event()
        self.answers: list[str | None] = []
        self.others = 0

    @opens()
    async def action_open(self) -> None:
        await self.let.wait()
        self.answers.append(await self.app.push_screen_wait(Ask("What?")))

    @opens()
    async def action_nothing(self) -> None:
        await self.let.wait()

    def action_other(self) -> None:
        self.others += 1


class Small(HoldingApp[None]):
    def on_mount(self) -> None:
        self.place = Place()
        self.push_screen(self.place)


def hand(app: App[Any], *keys: str) -> None:
    """Hand keys on as the driver does, all at once."""
    for key in keys:
        event = events.Key(key, key_to_character(key))
        event.set_sender(app)
        app._driver.send_message(event)  # type: ignore[union-attr]


@pytest.mark.parametrize("late", [True, False], ids=["a slow opening", "a quick one"])
async def test_keys_typed_while_a_dialog_is_opened_reach_it(late: bool) -> None:
    app = Small()
    async with app.run_test() as pilot:
        await pilot.pause()
        if not late:
            app.place.let.set()
        hand(app, "o", "x", "y")
        if late:
            await pilot.pause()
            hand(app, "z")
            await pilot.pause()
            app.place.let.set()
            hand(app, "enter")
        else:
            hand(app, "z", "enter")
        await until(pilot, lambda: app.place.answers)
    assert app.place.answers == ["xyz"]
    assert app.place.others == 0


async def test_keys_go_on_to_the_pane_if_no_dialog_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Small()
    async with app.run_test() as pilot:
        await pilot.pause()
        hand(app, "n", "x", "x")
        await pilot.pause()
        assert app.place.others == 0
        app.place.let.set()
        await until(pilot, lambda: app.place.others == 2)
        app.place.let.clear()
        monkeypatch.setattr(held_keys, "HELD_S", 0.02)
        hand(app, "n", "x")
        await until(pilot, lambda: app.place.others == 3)


async def test_a_pane_that_is_asked_for_while_the_app_closes_is_no_error() -> None:
    app = Small()
    async with app.run_test() as pilot:
        await pilot.pause()
    assert app.screen_stack == []
    await app.switch_mode("another")
