"""The widget in a terminal that takes kitty's graphics, played by the test."""

import base64
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

KITTY = b"\x1bP>|kitty(0.41.1)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;20;10t\x1b[?62;52;c"
FREED = b"\x1b_Ga=d,d=I,i=%d,q=2\x1b\\"
EVENTS = re.compile(
    rb"\x1b_Ga=T,U=1,f=100,q=2,i=([0-9]+),c=[0-9]+,r=[0-9]+,m="
    rb"|38;2;([0-9]+);([0-9]+);([0-9]+)|" + "\U0010eeee".encode()
)
"""An image is sent; the colour of what follows, which of an image's cells is its number; a cell."""


def shown(written: bytes) -> list[int]:
    """The numbers of images of which cells are shown: each once it is sent, and not before."""
    sent: set[int] = set()
    seen: dict[int, None] = {}
    colour = 0
    for event in EVENTS.finditer(written):
        number, *parts = event.groups()
        if number:
            sent.add(int(number))
        elif parts[0]:
            colour = int.from_bytes([int(part) for part in parts])
        else:
            assert colour in sent, "a cell is shown before its image is sent"
            seen[colour] = None
    return list(seen)


def number_shown(terminal: Any, before: int = 0) -> int:
    """The number of an image that is shown, of another than that before."""
    terminal.read_until(lambda: bool(set(shown(terminal.shown)) - {before}), "an image's cells")
    return [number for number in shown(terminal.shown) if number != before][-1]


@pytest.fixture
def files(tmp_path: Path, halves: bytes, grey: bytes) -> list[str]:
    paths = [tmp_path / "halves.png", tmp_path / "grey.png"]
    for path, data in zip(paths, (halves, grey), strict=True):
        path.write_bytes(data)
    return [str(path) for path in paths]


def test_an_image_is_sent_before_its_cells_and_freed_after_them(
    play: Any, files: list[str]
) -> None:
    terminal = play("-m", "tintype_tui.widgets.image", *files, LINES="24", COLUMNS="80")
    terminal.until(b"\x1b[c")
    terminal.type(KITTY)
    first = number_shown(terminal)
    terminal.type(b"n")
    second = number_shown(terminal, first)
    terminal.until(FREED % first)
    terminal.type(b"q")
    # Before the screen on which it was drawn is left, else kitty looks for it on another.
    terminal.until(FREED % second)
    terminal.until(b"\x1b[?1049l")
    assert terminal.ended() == 0


def test_a_signal_frees_the_image_too(play: Any, files: list[str], tmp_path: Path) -> None:
    url = "data:image/png;base64," + base64.b64encode(Path(files[0]).read_bytes()).decode()
    content = [{"type": "image_url", "image_url": {"url": url}}]
    row = {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": ""}]}
    dataset = tmp_path / "train.jsonl"
    dataset.write_text(json.dumps(row) + "\n")
    command = str(Path(sys.executable).with_name("tintype"))
    home = str(tmp_path / "home")
    terminal = play(
        command, str(dataset), controlling=True, TINTYPE_HOME=home, LINES="36", COLUMNS="120"
    )
    terminal.until(b"\x1b[c")
    terminal.type(KITTY)
    number = number_shown(terminal)
    terminal.process.send_signal(signal.SIGTERM)
    terminal.until(FREED % number)
    terminal.until(b"\x1b[?1049l")
    assert terminal.ended() == 128 + signal.SIGTERM
