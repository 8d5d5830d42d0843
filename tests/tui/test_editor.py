"""A question written in an editor of one's own: the terminal is lent, and taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_an_editor_gets_the_question_and_the_terminal_and_gives_both_back(
    play: Callable[..., Any], tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        "#!/bin/sh\n"
        "printf 'this is the editor\\n'\n"
        'read answer; printf "%s, then $answer" "$(cat "$1")" > "$1"\n'
    )
    editor.chmod(0o755)
    terminal = play(
        "-m",
        "tintype_tui",
        controlling=True,
        TINTYPE_HOME=str(tmp_path / "home"),
        EDITOR=str(editor),
        VISUAL="",
    )
    terminal.until(b"Start here")
    terminal.type(b"5")
    terminal.until_seen("No image yet")
    terminal.type(b"i")
    terminal.until_seen("New line")
    terminal.type(b"drafted")
    terminal.until_seen("drafted")
    terminal.type(b"\x07")
    before = terminal.until(b"this is the editor")
    assert b"\x1b[?1049l" in before
    terminal.type(b"edited\n")
    terminal.until(b"\x1b[?1049h")
    terminal.until_seen("drafted, then edited")
    terminal.type(b"\x1b")
