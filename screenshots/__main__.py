"""Goes once round the loop in the real app, with a real training, and takes an image of each pane.

The app runs headless over the real library and the real embedded server, in a home of its own.
Images inside the panes are drawn with block characters, as a terminal without graphics shows
them. Textual's SVG becomes PNG by resvg, which needs a monospaced font that has block, braille and
arrow characters: Fira Code, or failing that DejaVu Sans Mono.

    python -m screenshots [7]

Pane 7 is taken at the scripted provider of the tests, where models end; `7` takes only that.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FONTS = ("Fira Code", "DejaVu Sans Mono")
LARGE, SMALL = (140, 42), (80, 24)
PATIENCE_S = 900.0


def font() -> str:
    """The first of the fonts that is installed."""
    try:
        listed = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True).stdout
    except OSError:
        listed = ""
    for name in FONTS:
        if name in listed:
            return name
    sys.exit("screenshots: install the font Fira Code or DejaVu Sans Mono (and fontconfig).")


class Camera:
    """Takes images of one app."""

    def __init__(self, pilot: Any, family: str) -> None:
        self.pilot, self.app, self.family = pilot, pilot.app, family

    async def press(self, *keys: str) -> None:
        """Press keys."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause(0.05)

    def seen(self) -> str:
        """What can be read."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def sees(self, *words: str) -> None:
        """Wait for words."""
        await self.until(lambda: all(word in self.seen() for word in words), " ".join(words))

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something."""
        end_s = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end_s:
                sys.exit(f"screenshots: never saw {what}; there was:\n{self.seen()}")
            await self.pilot.pause(0.1)

    async def take(self, name: str) -> None:
        """Write an image."""
        import resvg_py

        self.app.clear_notifications()
        await self.pilot.pause(0.6)
        svg = self.app.export_screenshot(simplify=True)
        png = resvg_py.svg_to_bytes(
            svg_string=svg, font_family=self.family, monospace_family=self.family
        )
        columns, rows = self.app.size
        path = FOLDER / f"{name}-{columns}x{rows}.png"
        path.write_bytes(bytes(png))
        print(path.relative_to(FOLDER.parent))


async def first_time(camera: Camera) -> None:
    """A new user goes round, and the loss is watched while it falls."""
    await camera.sees("Start here", "Provider")
    await camera.take("1-home-first")
    await camera.press("s")
    await camera.sees("no problems", "box")
    await camera.press("down", "down")
    await camera.take("2-datasets")
    await camera.press("e")
    await camera.sees("no problems found")
    await camera.take("3-estimate")
    await camera.press("l")
    await camera.sees("Launch at")
    await camera.take("3-launch")
    await camera.press("enter")
    await camera.until(lambda: (camera.app.loop_state.job_percent or 0) >= 40, "40 % of it")
    await camera.take("4-jobs-running")
    await camera.sees("succeeded")


async def every_pane(camera: Camera) -> None:
    """Each pane with something in it."""
    await camera.sees("Recent datasets", "succeeded")
    await camera.take("1-home")
    await camera.press("d")
    await camera.sees("no problems", "box")
    await camera.press("down", "down")
    await camera.take("2-datasets")
    await camera.press("v")
    await camera.sees("label")
    await camera.take("2-datasets-overview")
    await camera.press("v", "c")
    await camera.sees("Enter")
    await camera.take("2-datasets-sheet")
    await camera.press("c", "e")
    await camera.sees("no problems found")
    await camera.take("3-estimate")
    await camera.press("c")
    await camera.sees("Compare providers", "as it is")
    await camera.take("3-estimate-compare")
    await camera.press("escape")
    await camera.press("4")
    await camera.sees("succeeded", "3,000/3,000", "New fine-tuned model")
    await camera.take("4-jobs")
    await camera.press("t")
    await camera.sees("test.jsonl row 1", "tuned")
    await camera.press("a")
    await camera.until(lambda: camera.seen().count(" tokens · first") >= 2, "both answers")
    await camera.sees("c Go on")  # both have ended
    await camera.take("5-playground")
    await camera.press("v")
    await camera.sees("questions to 2 models", "free")
    await camera.take("6-evaluate-setup")
    await camera.press("enter")
    await camera.sees("score: boxes", "by objects")
    await camera.take("6-evaluate")
    await camera.press("w")
    await camera.until(lambda: "right is" in camera.seen() or "No row" in camera.seen(), "rows")
    if "No row" in camera.seen():  # the tuned model was right everywhere: its base was not
        await camera.press("b")
    await camera.until(
        lambda: "right is" in camera.seen() and any(mark in camera.seen() for mark in "✗◐⊘"),
        "a row that is not right",
    )
    await camera.take("6-evaluate-rows")
    if camera.app.size.width == LARGE[0]:  # a small chart has no room for the names of its curves
        await camera.press("4", "w")
        await camera.sees("evaluation score")
        await camera.take("4-jobs-scored")
    await camera.press("6", "question_mark")
    await camera.sees("Keys")
    await camera.take("6-help")


async def what_ends(family: str) -> None:
    """Models at a provider that shuts them down, on one day."""
    from tests import deadline_provider
    from tests.conftest import standing

    from tintype import pricing
    from tintype_tui.app import TintypeApp

    pricing.today = lambda: deadline_provider.TODAY
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"TINTYPE_HOME": home, "TINTYPE_PROFILE": "openai", "OPENAI_API_KEY": "sk-1"}
        async with standing() as hostile:
            deadline_provider.DeadlineProvider(hostile)
            os.environ["OPENAI_BASE_URL"] = hostile.url
            for size in (LARGE, SMALL):
                async with TintypeApp().run_test(size=size) as pilot:
                    camera = Camera(pilot, family)
                    await camera.press("7")
                    await camera.sees("as of", "3 tuned models end")
                    await camera.take("7-models")
                    await camera.press("left_square_bracket")
                    await camera.sees("last safe day")
                    await camera.take("7-models-plan")


async def main(words: list[str]) -> None:
    """Both sizes, one training."""
    from tintype.server import run
    from tintype_tui.app import TintypeApp

    family = font()
    if words == ["7"]:
        return await what_ends(family)
    with tempfile.TemporaryDirectory() as home:
        os.environ["TINTYPE_HOME"] = home
        try:
            async with TintypeApp().run_test(size=LARGE) as pilot:
                await first_time(Camera(pilot, family))
            for size in (LARGE, SMALL):
                async with TintypeApp().run_test(size=size) as pilot:
                    await every_pane(Camera(pilot, family))
        finally:
            server = run.find(Path(home) / "data" / "server")
            if server is not None:
                await run.stop(server, training=True)
    await what_ends(family)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
