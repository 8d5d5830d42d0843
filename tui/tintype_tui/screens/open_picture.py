"""Choosing a picture: a path or an address, with the file that is highlighted shown beside."""

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from tintype.errors import DatasetError
from tintype.prompting import read_picture
from tintype_tui.screens.open_path import PathDialog
from tintype_tui.text import size, visible
from tintype_tui.widgets.field import Field
from tintype_tui.widgets.picture import Picture, draw

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")


class OpenPicture(PathDialog[str | None]):
    """Gives a path or an address; what is no picture is refused with its reason."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="picture.back"),
    ]

    last: ClassVar[Path | None] = None
    """The folder that the last picture was taken from."""

    def __init__(self) -> None:
        super().__init__("Choose a picture", endings=ENDINGS)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static(Content(self._title), classes="dialog-title")
            yield Field(value=self._start(), id="path", select_on_focus=False)
            with Horizontal(id="found-and-seen"):
                yield OptionList(id="found", markup=False)
                with Vertical(id="seen"):
                    yield Picture(id="preview")
                    yield Static(id="preview-words", classes="hint")
            yield Static(
                "a path or https:// · ↑ ↓ · Tab completes · Enter takes · Esc back",
                classes="hint",
            )

    def on_mount(self) -> None:
        self.query_one(Picture).can_focus = False

    def _start(self) -> str:
        folder = OpenPicture.last or Path.cwd()
        return f"{folder}/"

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self._preview(self._listed[event.option_index])

    @work(exclusive=True, group="preview")
    async def _preview(self, path: Path) -> None:
        """Show a picture, or say why it cannot be taken."""
        picture, words = self.query_one(Picture), self.query_one("#preview-words", Static)
        await asyncio.sleep(0.1)  # while an arrow key repeats, look at nothing
        if await asyncio.to_thread(path.is_dir):
            picture.image = None
            words.update("a folder: Enter looks into it")
            return
        try:
            data = await asyncio.to_thread(read_picture, path)
        except DatasetError as error:
            picture.image = None
            words.update(Content.styled(visible(str(error)), "$error"))
        else:
            picture.image = data
            words.update(Content(size(len(data))))

    def on_picture_wants(self, event: Picture.Wants) -> None:
        """Have the preview drawn in a thread."""
        self.run_worker(self._drawn(event), group=event.group, exclusive=True)

    async def _drawn(self, event: Picture.Wants) -> None:
        event.picture.show(await draw(event.wanted), event.wanted)

    def entered(self, text: str) -> None:
        """Take an address as it is."""
        if text.lower().startswith(("http://", "https://")):
            self.dismiss(text)
        else:
            super().entered(text)

    def shown(self, path: Path) -> str:
        """Its folder stands above; the width is for the preview."""
        return path.name

    def took(self, path: Path) -> None:
        """Remember the folder for the next time."""
        OpenPicture.last = path.parent
        self.dismiss(str(path))
