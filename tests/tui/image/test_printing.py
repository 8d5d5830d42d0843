"""`tintype show`: a row and its images, outside the app."""

import base64
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.terminal import Display
from PIL import Image

from tintype_tui.__main__ import run_command
from tintype_tui.terminal import TRUECOLOR, Capabilities
from tintype_tui.widgets.image.printing import printed

COMMAND = str(Path(sys.executable).with_name("tintype"))
XTERM = b"\x1bP>|XTerm(398)\x1b\\\x1b[6;19;9t\x1b[?64;1;4;22c"


@pytest.fixture
def photo() -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def row(tmp_path: Path, photo: bytes) -> str:
    (tmp_path / "a b.jpg").write_bytes(photo)
    images = ["data:image/jpeg;base64," + base64.b64encode(photo).decode(), "a b.jpg"]
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in images]
    content = [{"type": "text", "text": "What\x1b[2J?"}, *parts]
    answer = {"role": "assistant", "content": "a ball"}
    line = json.dumps({"messages": [{"role": "user", "content": content}, answer]})
    path = tmp_path / "rows.jsonl"
    path.write_text(f"\n{line}\n")
    return f"{path}:2"


async def test_an_image_is_printed_in_every_protocol(photo: bytes) -> None:
    plain, tmux = Capabilities(colours=TRUECOLOR), Capabilities(colours=TRUECOLOR, tmux=True)

    async def drawn(protocol: Any, capabilities: Capabilities = plain) -> str:
        return await printed(photo, capabilities, protocol, columns=30, rows=10)

    for protocol in ("halfblock", "ascii"):
        display = Display(40, 12)
        display.write((await drawn(protocol)).replace("\n", "\r\n").encode())
        assert [bool(line.strip()) for line in display.display[1:9]] == [True] * 8, protocol
        assert not display.display[10].strip()
    assert "\x1b" not in await drawn("ascii")
    assert (await drawn("sixel")).startswith("\x1bP")
    kitty, around = await drawn("kitty"), await drawn("kitty", tmux)
    assert kitty.startswith("\x1b_Ga=T,U=1")
    assert around.startswith("\x1bPtmux;\x1b\x1b_Ga=T,U=1")
    assert kitty.count("\U0010eeee") == around.count("\U0010eeee") == 20 * 10
    # iTerm2 takes the file's own bytes.
    assert base64.b64encode(photo).decode() in await drawn("iterm")
    assert "cannot be shown" in await printed(photo[:400], plain, "sixel", columns=9, rows=9)


def test_a_row_is_shown_in_words_where_there_is_no_terminal(
    row: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["show", row]) == 0
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "user: What^[[2J?" in said.out
    assert "[image 1] 256×256, jpeg" in said.out
    assert "a b.jpg" in said.out
    assert "assistant: a ball" in said.out
    assert run_command(["show", row.replace(":2", ":7")]) == 2


def test_a_terminal_gets_images_links_and_the_command_that_fetches_them(
    play: Any, row: str, tmp_path: Path
) -> None:
    connection = "192.0.2.1 50000 192.0.2.2 2222"
    terminal = play(
        COMMAND,
        "show",
        row,
        controlling=True,
        SSH_CONNECTION=connection,
        TINTYPE_HOME=str(tmp_path),
    )
    before = terminal.until(b"\x1b[c")
    terminal.type(XTERM)
    written = (before + terminal.until(b"assistant")).decode()
    assert terminal.ended() == 0
    assert written.count("\x1bP") == 2  # sixels
    host = os.uname().nodename
    assert f"\x1b]8;;file://{host}{tmp_path}/a%20b.jpg\x1b\\" in written
    assert f"scp -P 2222 'root@192.0.2.2:{tmp_path}/a b.jpg' .".split("@")[1] in written
    assert (tmp_path / "cache" / "shown" / "image-1.jpeg").read_bytes()[:2] == b"\xff\xd8"
