"""Looks whether something will be lost soon, for the line that every pane has."""

import asyncio
from typing import TYPE_CHECKING

from textual.worker import WorkType

from tintype.errors import TintypeError

if TYPE_CHECKING:
    from tintype.settings import Settings
    from tintype.store import Store
    from tintype_tui.session import SessionApp

FIRST_S = 0.5
"""How long after the start it is looked for the first time: the first frames come before."""
AGAIN_S = 600.0
"""How often it is looked: a day passes, and jobs end."""


class Deadlines:
    """Keeps the app's `deadline` up to what the store knows."""

    def __init__(self, app: "SessionApp") -> None:
        self._app = app

    def begin(self) -> None:
        """Look now, and from time to time."""
        self._app.set_timer(FIRST_S, self.look)
        self._app.set_interval(AGAIN_S, self.look)

    def look(self) -> None:
        """Look once, in a thread."""
        looking: WorkType[None] = self._look
        self._app.run_worker(looking, group="deadline", exclusive=True)

    async def _look(self) -> None:
        app = self._app
        try:
            store = await app.session.store()
            app.deadline = await asyncio.to_thread(_found, store, app.session.settings)
        except TintypeError:  # whoever needs the store says what is wrong with it
            return


def _found(store: "Store", settings: "Settings") -> str:
    """The warning, if there is one. The import alone takes a while."""
    from tintype import inventory, pricing
    from tintype_tui.words.inventory import warning_words

    found = inventory.deadline_warning(store, settings, pricing.today())
    return warning_words(found) if found is not None else ""
