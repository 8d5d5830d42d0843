"""The whole app over the real library, with a home of its own and a server that ends with it."""

import asyncio
import base64
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from PIL import Image
from tests.handled import replace_the_waits_of_textual, until
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Static

from tintype.jobs import following
from tintype.server import run
from tintype_tui import deadlines
from tintype_tui.__main__ import run_command
from tintype_tui.app import TintypeApp
from tintype_tui.screens.estimate import EstimatePane

replace_the_waits_of_textual()

BOXES = "<loc0102><loc0205><loc0512><loc0614> square"


@pytest.fixture
def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripted_engine: None, warm_starts: None
) -> Iterator[Path]:
    """A home of the test's own; the server that was started in it is stopped, trainings too.

    A training that takes no time is looked at ten times as often.
    """
    folder = tmp_path / "home"
    monkeypatch.setattr(following, "LOCAL", following.Pace(0.05, 0.5, 1))
    monkeypatch.setenv("TINTYPE_HOME", str(folder))
    # Other screens than Models stay as they are: the line would come half a second after the start.
    monkeypatch.setattr(deadlines, "FIRST_S", 3600.0)
    for variable in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "TINTYPE_PROFILE", "TMUX"):
        monkeypatch.delenv(variable, raising=False)
    yield folder
    running = run.find(folder / "data" / "server")
    if running is not None:
        asyncio.run(run.stop(running, training=True))


def _row(number: int, image: str) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "system", "content": "Answer in a word."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": f"What is number {number}?"},
                    {"type": "image_url", "image_url": {"url": image}},
                ],
            },
            {"role": "assistant", "content": BOXES if number % 2 else f"answer {number}"},
        ]
    }


def _image(number: int) -> str:
    out = io.BytesIO()
    Image.new("RGB", (48, 36), (10 * number % 256, 80, 120)).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Twelve rows with images, odd ones with a box; `valid` and `test` beside them."""
    folder = tmp_path / "shapes"
    folder.mkdir()
    for name, numbers in (("train", range(12)), ("valid", range(12, 24)), ("test", range(24, 34))):
        lines = [json.dumps(_row(number, _image(number))) for number in numbers]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "train.jsonl"


def obeyed(drawn: str) -> str:
    """What a terminal would obey, or not show, in what is written to it; empty if nothing.

    Colours and the place of the cursor are for drawing, and line ends are harmless.
    """
    found = _ODD.search(_DRAWING.sub("", drawn))
    return repr(found.string[max(0, found.start() - 40) : found.end() + 40]) if found else ""


_DRAWING = re.compile(r"\x1b\[(?!38;5;201;58m)[0-9;]*m|\x1b\[[0-9]+;[0-9]+H")
_ODD = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)


@pytest.fixture
def obeys() -> Callable[[str], str]:
    """`obeys(text)`: what a terminal would obey in it."""
    return obeyed


EVIL = (
    "\x1b]52;c;aGFja2Vk\x07\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\\x1b[2J\x1b[6n\x1b[38;5;201;58m"
    "\x1b[?1049h\x1bP+q\x1b\\\x9b31m\x9d0;t\x9c\x00\x07\x08\r\x0b\x0c\x0e\x7f\u202eabc\u2066\u200b\u200f\ufeff"
    "[bold]B[/bold][link=http://x]L[/link][@click=app.quit]Q[/] [/] [/nope] \U000e0041\u2028\x85"
)
"""Copies, links, clears, asks, recolours, switches screens, reverses, hides; and markup."""


@pytest.fixture
def evil() -> str:
    """A text that a terminal or a widget would do a lot with, if it were let to."""
    return EVIL


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Standard error, in one line."""
        return " ".join(self.err.split())


@pytest.fixture
def tintype(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """`tintype("check", path)` runs a command in this process."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = run_command([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Done(code, said.out, said.err)

    return run


class Person:
    """Somebody at the keyboard."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.pilot = pilot
        self.app = pilot.app

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other, each once what is being opened is there."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()
            while (held := getattr(self.app, "held", None)) and held.holding and not self.app._exit:
                await self.pilot.pause(0.005)

    async def type(self, text: str) -> None:
        """Type text: the first and the last key are waited for, what is between comes in one go."""
        await self.press(*text[:1])
        driver = self.app._driver
        assert driver is not None
        for letter in text[1:-1]:
            key = letter if letter.isalnum() else _character_to_key(letter)
            event = events.Key(key, letter)
            event.set_sender(self.app)
            driver.send_message(event)
        await self.press(*text[1:][-1:])

    @property
    def said(self) -> str:
        """The message that came last; empty if none has come yet."""
        said = self.app.session.said  # type: ignore[attr-defined]
        return said[-1].words if said else ""

    @property
    def screen(self) -> str:
        """What can be read."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def sees(self, *words: str) -> None:
        """Wait until all the words are on the screen."""
        await self.until(lambda: all(word in self.screen for word in words), " and ".join(words))

    async def says(self, selector: str, *words: str) -> None:
        """Wait until a line of the screen says all this, however it is broken into lines."""

        def line() -> str:
            found = self.app.screen.query(selector).results(
                Static
            )  # none while the pane is being made
            return " ".join(word for one in found for word in str(one.content).split())

        await self.until(lambda: all(one in line() for one in words), " and ".join(words))

    async def sees_no(self, words: str) -> None:
        """Wait until the words are gone."""
        await self.until(lambda: words not in self.screen, f"no {words}")

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds."""
        await until(self.pilot, holds, lambda: f"never saw {what}; there was:\n{self.screen}")

    async def quoted(self, model: str = "") -> None:
        """Wait until Estimate has a quote, of a model if it is said: only then L launches."""

        def holds() -> bool:
            pane = self.app.screen
            made = pane.quote if isinstance(pane, EstimatePane) else None
            return made is not None and model in ("", made.plan.model)

        await self.until(holds, "a quote")

    async def heard(self) -> None:
        """Wait until the app has done what was asked of it so far."""
        await self.pilot.pause()
        done = asyncio.Event()
        self.app.call_later(done.set)
        await done.wait()

    @property
    def drawn(self) -> str:
        """What is written to a terminal to draw the whole screen: text and escape sequences."""
        update = self.app.screen._compositor.render_update(full=True)
        return str(update.render_segments(self.app.console))  # type: ignore[union-attr]


class Sit(Protocol):
    """Sits a person down before the app."""

    def __call__(
        self, dataset: Path | None = None, size: tuple[int, int] = (120, 36)
    ) -> AbstractAsyncContextManager[Person]: ...


@pytest.fixture
def sit(home: Path) -> Sit:
    """`async with sit() as person:` opens the app."""

    @asynccontextmanager
    async def sit_down(
        dataset: Path | None = None, size: tuple[int, int] = (120, 36)
    ) -> AsyncIterator[Person]:
        async with TintypeApp(dataset=dataset).run_test(size=size) as pilot:
            await pilot.pause()
            yield Person(pilot)

    return sit_down
