"""The driver inside a real tmux."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LISTENER = Path(__file__).with_name("listener.py")

pytestmark = [
    pytest.mark.tmux,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]


class Session:
    """A tmux server of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "tmux")

    def tmux(self, *arguments: str) -> str:
        environ = {key: value for key, value in os.environ.items() if not key.startswith("TMUX")}
        command = ["tmux", "-S", self.socket, "-f", os.devnull, *arguments]
        return subprocess.run(
            command, env=environ, capture_output=True, text=True, check=True, timeout=60
        ).stdout


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path)
    yield session
    session.tmux("kill-server")


def test_every_key_arrives_and_no_reply_is_left_behind(session: Session, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    command = f"{sys.executable} {LISTENER} {notes}; tmux wait-for -S left; cat"
    session.tmux("new-session", "-d", "-x", "80", "-y", "24", command)
    # Typed before the app listens, kept by the terminal, and read when it does.
    session.tmux("send-keys", "a", "Up")
    session.tmux("send-keys", "q")
    session.tmux("wait-for", "left")
    keys = [line for line in notes.read_text().splitlines() if line.startswith('["key"')]
    assert keys == ['["key", "a"]', '["key", "up"]', '["key", "q"]']
    # What was not read by the app would be echoed here, after what was typed before it began.
    assert session.tmux("capture-pane", "-p").strip().endswith("left")
