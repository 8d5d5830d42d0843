"""What the terminal's driver tells the app."""

from textual.message import Message

from tintype_tui.terminal.capabilities import Capabilities


class TerminalAnswered(Message):
    """More is known of the terminal: it has answered, or its cells have changed their size."""

    def __init__(self, capabilities: Capabilities) -> None:
        super().__init__()
        self.capabilities = capabilities
