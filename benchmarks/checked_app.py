"""The app, which says on SIGUSR1 what its terminal should show: for `benchmarks.sessions`.

    CHECKED=FILE python -m benchmarks.checked_app [DATASET]

It answers, in JSON in a file, once all has been sent: how many bytes it has written so far, what
draws the whole screen anew on an empty one, and which rows of it are not as Textual has them.
"""

import asyncio
import base64
import json
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tintype_tui.terminal.output.surface import Surface
from tintype_tui.terminal.textual_privates import drawing, output_of

DUE = ("_layout_required", "_scroll_required", "_repaint_required", "_dirty_widgets", "_callbacks")
"""What a screen does at its next frame."""
AGAIN_S = 0.03
"""How soon it is looked again whether all has been sent."""


def answer(app: Any, file: Path) -> None:
    """Say what should be seen, once nothing is on its way to it."""
    screen, output = app.screen, output_of(app)
    waits = any(getattr(screen, due) for due in DUE)
    if output is None or waits or app._batch_count or output.unsent or not output.taken:
        app.set_timer(AGAIN_S, lambda: answer(app, file))
        return
    surface = output._surface
    size = surface.width, surface.height
    drawn = Surface(*size)
    update = screen._compositor.render_full_update()
    pens = drawing._pens(app.console)
    for y, x, strip in drawing._pieces(update):
        drawn.put(y, x, strip, pens)
    whole = Surface(*size)
    whole._texts, whole._pens = surface._texts, surface._pens
    differ = [
        y
        for y in range(surface.height)
        if (drawn._texts[y], drawn._pens[y]) != (surface._texts[y], surface._pens[y])
    ]
    said = {
        "written": output.written_bytes,
        "size": size,
        "drawn": base64.b64encode(whole.changes().encode()).decode(),
        "differ": differ,
        "focused": str(app.focused),
    }
    new = file.with_suffix(".new")
    new.write_text(json.dumps(said))
    new.replace(file)


def main() -> None:
    """Run the app."""
    from tintype_tui.__main__ import _left_at_once
    from tintype_tui.app import TintypeApp

    file = Path(os.environ["CHECKED"])

    load = TintypeApp.on_load

    def on_load(app: TintypeApp) -> None:
        load(app)
        asked = partial(app.call_later, answer, app, file)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, asked)

    TintypeApp.on_load = on_load  # type: ignore[assignment, method-assign]
    sys.exit(_left_at_once(Path(sys.argv[1]) if len(sys.argv) > 1 else None))


if __name__ == "__main__":
    main()
