"""Rings the terminal, and says what the recorder has noticed: each thing once, in one session."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tintype.errors import TintypeError
from tintype_tui.terminal.ringing import ringing
from tintype_tui.terminal.textual_privates import driver_of
from tintype_tui.text import visible

if TYPE_CHECKING:
    from tintype_tui.session import SessionApp

RING_S = 2.0
"""How often it is looked whether there is something to say: no request."""


class Ringer:
    """Says what was noticed since the app began."""

    def __init__(self, app: "SessionApp") -> None:
        self._app = app
        self._since = datetime.now(UTC)
        self._version = 0

    def begin(self) -> None:
        """Look from time to time."""
        if self._app.session.settings.recorder:
            self._app.set_interval(RING_S, self.look)

    async def look(self) -> None:
        """Say what is new; the end of a job is said where the job is shown."""
        app = self._app
        try:
            store = await app.session.store()
            if self._version == (version := store.version()):
                return
            self._version = version
            found = store.alerts.claim_rings(self._since)
        except TintypeError:  # whoever reads the store next says so
            return
        for alert in found:
            sequence = ringing(alert.words, app.session.settings.notify_terminal, os.environ)
            if (driver := driver_of(app)) is not None and sequence:
                driver.write(sequence)
            if alert.rule != "ended":
                app.notify(visible(alert.words), severity="warning", markup=False, timeout=12)
