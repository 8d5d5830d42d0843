"""Every key that works here can be found, and done, without knowing it."""

from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandList

from tintype_tui.screens.datasets import DatasetsPane


async def searched(person: Any, words: str) -> None:
    """Search on Home for a command until something is found: then Enter does the first."""
    await person.press("colon")
    await person.sees("Search for commands", "Provider  ", "choose another")
    await person.type(words)
    found = person.app.screen.query_one(CommandList)
    await person.until(
        lambda: found.highlighted == 0 and "choose another" not in person.screen, words
    )


async def test_help_lists_the_keys_of_the_pane_and_then_those_of_the_app(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset, (80, 40)) as person:
        await person.sees("12 rows")
        await person.press("3", "question_mark")
        await person.sees("Keys", "Launch", "Compare  every provider", "Everywhere", "Quit")
        words = person.screen
        assert words.index("Launch") < words.index("Everywhere") < words.index("Quit  ")
        await person.press("question_mark")
        await person.sees_no("Everywhere")


async def test_what_has_a_key_can_be_searched_and_done_as_a_command(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("1")
        await person.sees("Recent datasets")
        await searched(person, "datas")
        await person.press("enter")
        await person.until(lambda: isinstance(person.app.screen, DatasetsPane), "the datasets")


async def test_the_theme_is_chosen_in_the_palette(sit: Any) -> None:
    async with sit() as person:
        await person.sees("Start here")
        await searched(person, "theme")
        await person.press("enter")
        await person.sees("tintype-light")


async def test_a_theme_is_found_by_its_name(sit: Any) -> None:
    async with sit() as person:
        await person.sees("Start here")
        await searched(person, "textual-light")
        await person.press("enter")
        await person.until(lambda: person.app.theme == "textual-light", "the theme")


@pytest.mark.parametrize("key", ["z", "f6"])
async def test_a_key_can_be_another_and_help_says_so(
    sit: Any, dataset: Path, home: Path, key: str
) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(f'[keymap]\n"estimate.compare" = "{key}"\n')
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("e")
        await person.sees("tokens billed")
        await person.press("c")
        assert "Compare providers" not in person.screen
        await person.press(key)
        await person.sees("Compare providers")


async def test_the_palette_knows_every_key_by_title_and_description(
    sit: Any, dataset: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("row 1")
        await person.press("colon")
        await person.sees("Search for commands")
        await person.type("side by side")
        await person.sees("Add model")
        await person.press("down", "enter")
        await person.sees("Ask which model besides?")


async def test_help_shows_the_ids_and_messages_show_the_logs(
    sit: Any, dataset: Path, home: Path
) -> None:
    async with sit(dataset) as person:
        await person.sees("12 rows")
        await person.press("5")
        await person.sees("row 1")
        await person.press("question_mark")
        await person.sees("[play.ask]", "[play.row]")
        await person.press("escape")
        (home / "state").mkdir(parents=True, exist_ok=True)
        (home / "state" / "crash.log").write_text("a crash of \x1b[2J yesterday\n")
        await person.press("exclamation_mark")
        await person.sees("crash.log, the last 1 line", "a crash of ^[[2J yesterday")


async def test_a_theme_chosen_stays_and_a_screenshot_needs_no_downloads(
    sit: Any, home: Path
) -> None:
    async with sit() as person:
        await person.sees("Start here")
        person.app.theme = "tintype-light"
        await person.pilot.pause()
        await searched(person, "screenshot")
        await person.press("enter")
        folder = home / "data" / "screenshots"
        await person.until(lambda: any(folder.glob("*.svg")), "the screenshot")
    async with sit() as person:
        assert person.app.theme == "tintype-light"


async def test_what_is_wrong_with_the_keymap_is_said_in_the_app(sit: Any, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('[keymap]\n"play.askk" = "z"\n')
    async with sit() as person:
        said = person.app.session.said
        await person.until(lambda: "Did you mean play.ask?" in str(list(said)), "the warning")
