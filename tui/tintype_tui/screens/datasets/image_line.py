"""The image of the row that is looked at: alone, with its boxes drawn by hand, or in a file."""

from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tintype.dataset import Dataset
from tintype.dataset.annotating import write_annotated
from tintype.errors import DatasetError
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of
from tintype_tui.screens.datasets.drawing_rows import draw_rows
from tintype_tui.screens.datasets.part import Words
from tintype_tui.screens.datasets.row_part import RowPart
from tintype_tui.screens.datasets.shown import image_shown
from tintype_tui.screens.datasets.tags_line import TagsLine
from tintype_tui.screens.full_image import FullImage
from tintype_tui.screens.save_as import SaveAs
from tintype_tui.text import count
from tintype_tui.widgets.image import FIT, ImageView, draw
from tintype_tui.widgets.row_view import Shown, boxes_said
from tintype_tui.widgets.thumbnails import Thumbnails


class ImageLine(Words):
    """Says nothing: it has the keys of the image."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "full", "Full", id="data.full", show=False, tooltip="the image alone"),
        Binding(
            "B", "draw", "Draw boxes", id="data.draw", show=False, tooltip="move and delete them"
        ),
        Binding("w", "write_image", "Write the image", id="data.write_image", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.ahead_of: list[int] = []
        """Rows that are drawn already, before anybody goes there."""

    def words(self) -> str:
        return ""

    @property
    def row(self) -> RowPart:
        """The row that is looked at."""
        return self.pane.query_one(RowPart)

    def action_full(self) -> None:
        """The image alone, whatever view is open."""
        self.app.push_screen(FullImage(self.row.view, self))

    @property
    def tags(self) -> list[str]:
        """What the digits stand for."""
        return self._tags.tags

    def step(self, by: int) -> None:
        """Look at another of the rows shown."""
        if (index := self.arrangement.neighbour(self.index, by)) is not None:
            self.post_message(self.Select(index))

    def turn(self, by: int) -> None:
        """Show another image of the row."""
        self.row.action_image(by)

    def show_boxes(self) -> None:
        """Show the boxes, or leave them out."""
        self.row.action_boxes()

    def draw(self) -> None:
        """Have the boxes drawn."""
        self.action_draw()

    def tag(self, number: int) -> None:
        """Mark the row by the tag of a digit."""
        self._tags.tag(number)

    def draw_strip(self, event: Thumbnails.Wants) -> None:
        """Draw the row's other images small."""
        self.row.draw_strip(event)

    @work(exclusive=True, group="ahead")
    async def ahead(self, image: ImageView) -> None:
        """Draw the rows after and before as they will be shown: then they are there at once."""
        dataset, room, verdict = self.dataset, image.room(), self.row.view.boxes_in
        self.ahead_of.clear()
        for by in (1, -1):
            index = self.arrangement.neighbour(self.index, by)
            if dataset is None or room is None or index is None:
                continue
            with suppress(DatasetError):  # whoever looks at the row says it
                example = await dataset.example(index)
                shown = await image_shown(dataset, index, 0) if example.images else Shown()
                if shown.data is not None:
                    boxes = boxes_said(example, shown.facts, verdict)
                    truth = boxes if self.row.view.with_boxes else ()
                    await draw(image.wanted(shown.data, room, view=FIT, truth=truth))
                    self.ahead_of.append(index)

    async def name_tags(self) -> None:
        """Ask what the digits stand for."""
        await self._tags.name_tags()

    @property
    def _tags(self) -> TagsLine:
        return self.pane.query_one(TagsLine)

    @opens(exclusive=True, group="draw")
    async def action_draw(self) -> None:
        """Draw the boxes of this row, and of those that one goes on to."""
        if (dataset := self.dataset) is not None and dataset.count:
            with self.pane.reporting("Cannot draw boxes"):
                await draw_rows(self, dataset, self.index, self.row.view.shown.ordinal)

    @opens(exclusive=True, group="write")
    async def action_write_image(self) -> None:
        """Write the image shown, with the answer's boxes, to a file."""
        dataset, view = self.dataset, self.row.view
        if dataset is None or (data := view.shown.data) is None:
            self.pane.say("There is no image here to write.")
            return
        truth = view.boxes if view.with_boxes else ()
        dialog = saving_image(dataset, self.index, len(truth), key_of(self, "data.boxes"))
        if (target := await self.app.push_screen_wait(dialog)) is not None:
            with self.pane.reporting("Cannot write the image"):
                path = await write_annotated(target.path, data, truth, replace=target.replace)
                self.pane.say(f"{path} {target.written}.")


def saving_image(dataset: Dataset, index: int, boxes: int, key: str) -> SaveAs:
    """The question into which file a row's image is written."""
    drawn = f"A PNG with {count(boxes, 'box', 'boxes')} drawn on it; {key} leaves them out."
    hints = (drawn,) if boxes else ()
    proposed = Path(f"{dataset.path.stem}-{dataset.line_of(index)}.png")
    return SaveAs("Write the image into", proposed, lambda _: hints, ending=".png")
