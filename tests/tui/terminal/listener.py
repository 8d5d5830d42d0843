"""An app that writes down what its terminal tells it: run by the tests in a terminal they play."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from textual import events

from tintype_tui.terminal.app import TerminalApp
from tintype_tui.terminal.messages import TerminalAnswered


class Listener(TerminalApp[None]):
    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { background: #123456; }"  # none of the 256 colours

    def __init__(self, notes: Path) -> None:
        super().__init__()
        self.notes = notes

    def note(self, kind: str, value: object) -> None:
        with self.notes.open("a") as file:
            file.write(json.dumps([kind, value]) + "\n")
        # So that the test can wait for it.
        assert self._driver is not None
        self._driver.write(f"\x1b]{kind}\x07")

    def watch_capabilities(self) -> None:
        if self._driver is not None:
            self.note("protocol", self.capabilities.protocol)

    def on_key(self, event: events.Key) -> None:
        self.note("key", event.key)
        if event.key == "q":
            self.exit()

    def on_paste(self, event: events.Paste) -> None:
        self.note("paste", event.text)

    def on_terminal_answered(self, message: TerminalAnswered) -> None:
        super().on_terminal_answered(message)
        self.note("answered", asdict(message.capabilities))


if __name__ == "__main__":
    Listener(Path(sys.argv[1])).run()
    sys.stdout.write("left\n")
