"""The end of the app after a signal: soon, whatever still runs, and with the terminal given back.

What the session leaves is written by then: notes when the app is asked to end, everything else as
it happens.
"""

import asyncio
import os
import signal
import threading
import time
from contextlib import suppress
from typing import Any

from tintype_tui.terminal.textual_privates import output_of

SOON_S = 0.5
"""How long after a signal a provider, a store and threads may take to be left in order: with what a
terminal that takes nothing may take, `CLOSE_S`, well within a second on a busy machine, too."""
GIVING_BACK_S = 2.0
"""How long the loop may take then to give the terminal back."""


def heed_signals(app: Any) -> None:
    """Have the app end in order when the system asks it to."""
    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, end_soon, app, 128 + name)


def end_soon(app: Any, code: int) -> None:
    """End the app, and `SOON_S` from now the process if it has not; in the loop's thread.

    A file system that does not answer holds a thread, and asyncio would wait for it for ever.
    """
    app.exit(code)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_end, args=(app, code, loop), name="leaving", daemon=True).start()


def _end(app: Any, code: int, loop: asyncio.AbstractEventLoop) -> None:
    time.sleep(SOON_S)
    if (output := output_of(app)) is not None and not output.closed:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(output.close)
        end_s = time.monotonic() + GIVING_BACK_S
        while not output.closed and time.monotonic() < end_s:
            time.sleep(0.01)
    os._exit(code)
