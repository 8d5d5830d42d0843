"""A text written in an editor of one's own: `$VISUAL`, `$EDITOR`, or vi."""

import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from tintype import paths
from tintype.errors import FileError

if TYPE_CHECKING:
    from textual.app import App


def edited_outside(app: "App[Any]", text: str, what: str) -> tuple[str | None, str]:
    """Lend the terminal to the editor; see `edited`."""
    from textual.app import SuspendNotSupported  # commands need none of it

    try:
        with app.suspend():
            return edited(text, what)
    except SuspendNotSupported:
        return None, "This terminal cannot be lent to another program."


def edited(text: str, what: str) -> tuple[str | None, str]:
    """Have a text edited and return the new one, none if it stays; and what went wrong.

    Args:
        text: The text; the editor sees a line end after it.
        what: What it is, for the name of the file and for sentences: `question`.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        with paths.scratch_folder() as folder:
            # Half a surrogate, as broken JSON has it, is no text that a file can hold.
            data = (text + "\n").encode("utf-8", "replace")
            path = paths.write_whole(folder / f"{what}.txt", data)
            done = subprocess.run([*shlex.split(editor), str(path)])
            if done.returncode:
                return None, f"{editor!r} ended with {done.returncode}; the {what} is as it was."
            return paths.read_text(path, errors="replace").removesuffix("\n"), ""
    except FileError as error:
        return None, str(error)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, f"Cannot start {editor!r}: {reason}. Set EDITOR to the one to use."
