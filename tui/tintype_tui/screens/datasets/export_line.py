"""The dataset written in another format."""

import asyncio
from typing import ClassVar

from textual.binding import Binding, BindingType

from tintype import rules
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.screens.datasets.part import Words
from tintype_tui.screens.exporting import Export
from tintype_tui.text import within


class ExportLine(Words):
    """A key; the dialog says all there is to say."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "O",
            "export",
            "Export",
            id="data.export",
            show=False,
            tooltip="write it in another format; what would be lost is said first",
        ),
    ]

    def words(self) -> str:
        return ""

    @opens(exclusive=True, group="export")
    async def action_export(self) -> None:
        """Write the dataset in another format, once it has been seen what would be lost."""
        if (opened := self.opened) is None:
            return
        with self.pane.reporting("Cannot write it"):
            profile = self.session.profile
            judged_by = await asyncio.to_thread(rules.rules_of, profile.provider)
            title = within(judged_by.title)
            dialog = Export(opened.path, profile.name, title, judged_by.max_file_bytes)
            written = await self.app.push_screen_wait(dialog)
            if written is not None:
                self.pane.say(f"{written.name} is written.")
                self.post_message(requests.open_dataset(written))
