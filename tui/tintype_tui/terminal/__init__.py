"""The terminal at hand: what it can show, how it is asked, and the driver that asks it.

`Capabilities` says how images are to be drawn and why. In the app it is `TerminalApp` (module
`app`) that has them: the driver asks when the app starts and tells whenever the answer comes, so
that nothing ever waits for a terminal. The command line asks with `probe`, which waits. Nothing
here imports Textual but `app`, `driver` and `messages`.
"""

from tintype_tui.terminal.capabilities import TRUECOLOR, Capabilities, Protocol
from tintype_tui.terminal.output import Line
from tintype_tui.terminal.probe import probe
from tintype_tui.terminal.tmux import advice

__all__ = ["TRUECOLOR", "Capabilities", "Line", "Protocol", "advice", "probe"]
