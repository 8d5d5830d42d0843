"""Choosing an image: a path or an address, with the file that is highlighted shown beside."""

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
from tintype.paths import FolderEntry, current_folder
from tintype.prompting import read_image
from tintype_tui.screens.open_path import PathDialog
from tintype_tui.text import size, visible
from tintype_tui.widgets.image import ImageView

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")


class OpenImage(PathDialog[str | None]):
    """Gives a path or an address; what is no image is refused with its reason."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="image.back"),
    ]

    hint = "a path or https:// · ↑ ↓ · Tab completes · Enter takes · Esc back"
    last: ClassVar[Path | None] = None
    """The folder that the last image was taken from."""

    def __init__(self) -> None:
        super().__init__("Choose an image", endings=ENDINGS)

    def listing(self) -> ComposeResult:
        """What there is, and beside it the image that is highlighted."""
        with Horizontal(id="found-and-seen"):
            yield from super().listing()
            with Vertical(id="seen"):
                yield ImageView(id="preview")
                yield Static(id="preview-words", classes="hint")

    def on_mount(self) -> None:
        self.query_one(ImageView).can_focus = False

    def _start(self) -> str:
        folder = OpenImage.last or current_folder()
        return f"{folder}/"

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        for entry in self._listed[event.option_index :][:1]:  # none if fewer are listed by now
            self._preview(entry)

    @work(exclusive=True, group="preview")
    async def _preview(self, entry: FolderEntry) -> None:
        """Show an image, or say why it cannot be taken."""
        image, words = self.query_one(ImageView), self.query_one("#preview-words", Static)
        await asyncio.sleep(0.1)  # while an arrow key repeats, look at nothing
        if entry.is_folder:
            image.data = None
            words.update("a folder: Enter looks into it")
            return
        try:
            data = await asyncio.to_thread(read_image, entry.path)
        except DatasetError as error:
            image.data = None
            words.update(Content.styled(visible(str(error)), "$error"))
        else:
            image.data = data
            words.update(Content(size(len(data))))

    def on_image_view_wants(self, event: ImageView.Wants) -> None:
        """Have the preview drawn in a thread."""
        event.have_drawn(self)

    def entered(self, text: str) -> None:
        """Take an address as it is."""
        if text.lower().startswith(("http://", "https://")):
            self.dismiss(text)
        else:
            super().entered(text)

    def shown(self, entry: FolderEntry) -> str:
        """Its folder stands above; the width is for the preview."""
        return entry.path.name

    def took(self, path: Path) -> None:
        """Remember the folder for the next time."""
        OpenImage.last = path.parent
        self.dismiss(str(path))
