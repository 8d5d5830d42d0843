"""What the terminal's driver tells the app."""

from textual.message import Message

from tintype_tui.terminal.capabilities import Capabilities
from tintype_tui.terminal.output import Line


class TerminalAnswered(Message):
    """More is known of the terminal: it has answered, or its cells have changed their size."""

    def __init__(self, capabilities: Capabilities) -> None:
        super().__init__()
        self.capabilities = capabilities


class LineMeasured(Message):
    """The line to the terminal is another than was known."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.line = line
