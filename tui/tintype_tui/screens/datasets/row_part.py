"""The row that is looked at: read, its images probed, what was searched for marked in it."""

from asyncio import to_thread
from typing import Any, ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tintype.assessment import RowFigures
from tintype.dataset import Example
from tintype.dataset import example as read_example
from tintype.dataset.arrangement import Arrangement
from tintype.dataset.base64_text import displayed
from tintype.dataset.query import found_in
from tintype.estimation.fixes import fixable
from tintype_tui.keys import key_of, with_keys
from tintype_tui.screens.datasets.opened import Opened
from tintype_tui.screens.datasets.part import DatasetPart
from tintype_tui.screens.datasets.shown import facts_of_others, image_shown
from tintype_tui.screens.datasets.thumbs import thumb
from tintype_tui.text import count
from tintype_tui.widgets.conversation import Conversation
from tintype_tui.widgets.image import FIT, View
from tintype_tui.widgets.row_view import RowView, Shown
from tintype_tui.widgets.thumbnails import Thumbnails

_BESIDE = ("boxes", "image", "unfold", "hit")
"""Actions that mean nothing where the row is not seen."""


class RowPart(DatasetPart):
    """A row beside the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "hit(1)", "Next hit", id="data.hit", show=False, tooltip="of a search"),
        Binding("N", "hit(-1)", "Previous hit", id="data.hit_back", show=False),
        Binding("b", "boxes", "Boxes", id="data.boxes"),
        Binding("full_stop", "image(1)", "Next image", id="data.image", show=False),
        Binding("comma", "image(-1)", "Previous image", id="data.image_back", show=False),
        Binding("space", "unfold", "Unfold the system prompt", id="data.unfold", show=False),
    ]

    view = getters.query_one(RowView)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._next_hit = 0  # at which hit of the row shown next to begin
        self._shown_next = 0  # the image that is shown next, of a row with several

    def compose(self) -> ComposeResult:
        yield RowView()

    def on_mount(self) -> None:
        """Problems that a key fixes say so."""
        self.view.fixable, self.view.fix_key = fixable(), key_of(self, "data.fixes")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _BESIDE and not self.region.width:
            return False
        return super().check_action(action, parameters)

    def begun(self) -> None:
        if self.opened is None:
            self.view.example, self.view.shown, self.view.problems = None, Shown(), ()
        else:
            self.present(self.index)

    def watch_opened(self, before: Opened | None, now: Opened | None) -> None:
        super().watch_opened(before, now)
        self._judge()

    def watch_index(self, index: int) -> None:
        self.present(index)

    def watch_assessed(self) -> None:
        self._judge()

    def watch_marks(self) -> None:
        self._say_mark()

    def _say_mark(self) -> None:
        why = self.marks.reasons.get(self.index)
        self.view.marked = "" if why is None else f"marked {why}".rstrip()

    def watch_arrangement(self, before: Arrangement, now: Arrangement) -> None:
        if before.found is not now.found:
            self.present(self.index, self.view.shown.ordinal)

    def _judge(self) -> None:
        """Say what the row costs, what its boxes mean and what is wrong, as far as is known."""
        figures = self.assessed.figures if self.assessed else RowFigures()
        self.view.cost = "" if self.index in figures.no_json else cost_words(figures, self.index)
        self.view.problems = figures.problems.get(self.index, ())
        self.view.boxes_in = self.opened.boxes if self.opened else None

    def present(self, index: int, ordinal: int = 0) -> None:
        """Show a row and one of its images."""
        self._shown_next = ordinal
        self._present(index, ordinal)

    @work(exclusive=True, group="row")
    async def _present(self, index: int, ordinal: int) -> None:
        if (dataset := self.dataset) is None or not dataset.count:
            return
        with self.pane.reporting("Cannot read the row"):
            row = await dataset.row(index)
            example = displayed(read_example(row))
            self.view.source = "" if example.messages else await dataset.source(index)
            await self._highlight(example)
            self.view.facts = {}
            self.view.example = example
            self._say_mark()
            self._judge()
            if not example.images:
                why = "This line is no JSON." if row.flaw else "no image in this row"
                self.view.shown = Shown(why=why)
                return
            ordinal %= len(example.images)
            shown = await image_shown(dataset, index, ordinal)
            self.view.facts = {ordinal: shown.facts} if shown.facts is not None else {}
            self.view.shown = shown
            await look_as_before(self, index, ordinal)
            others = await facts_of_others(dataset, example, index, ordinal)
            self.view.facts = {**self.view.facts, **others}

    async def _highlight(self, example: Example) -> None:
        """Mark in the row what was searched for."""
        found, conversation = self.arrangement.found, self.view.conversation
        places = await to_thread(found_in, example, found.pattern, found.shared) if found else {}
        conversation.set_reactive(Conversation.hit, self._next_hit)
        conversation.found = places
        self._next_hit = 0
        conversation.call_after_refresh(conversation.show_hit)

    @on(Thumbnails.Wants)
    def _strip_wanted(self, event: Thumbnails.Wants) -> None:
        self.draw_strip(event)

    def draw_strip(self, event: Thumbnails.Wants) -> None:
        """Draw images of the row small; for each strip, the latest request wins."""
        group = f"strip-{id(event.thumbnails)}"
        self.run_worker(self._draw_strip(event, self.index), group=group, exclusive=True)

    async def _draw_strip(self, event: Thumbnails.Wants, index: int) -> None:
        if (dataset := self.dataset) is not None:
            with self.pane.reporting("Cannot draw the images"):
                for ordinal in event.keys:
                    drawn = await thumb(dataset, index, ordinal, event)
                    if self.dataset is not dataset or self.index != index:
                        return  # the strip is another row's by now
                    event.thumbnails.show({ordinal: drawn}, event.room)

    @on(Thumbnails.Moved)
    def _strip_moved(self, event: Thumbnails.Moved) -> None:
        if event.position != self.view.shown.ordinal:
            self.present(self.index, event.position)

    def action_hit(self, by: int) -> None:
        """The next or the previous place, in this row or another."""
        found = self.arrangement.found
        if found is None or not found.hits:
            self.pane.say(with_keys(self, "Nothing has been searched for: {data.search} searches."))
            return
        conversation = self.view.conversation
        at = conversation.hit % max(1, conversation.hits) + by
        if 0 <= at < conversation.hits:
            conversation.hit = at
            return
        if (to := self.arrangement.next_of(set(found.rows), self.index, by)) is None:
            self.pane.say("What was found is in no row of this filter.")
            return
        row, passed_end = to
        if passed_end:
            self.pane.say("From the beginning again." if by > 0 else "From the end again.")
        self._next_hit = 0 if by > 0 else -1
        if row == self.index:
            conversation.hit, self._next_hit = self._next_hit, 0
        self.post_message(self.Select(row))

    def action_boxes(self) -> None:
        self.view.with_boxes = not self.view.with_boxes
        if not self.view.boxes or self.view.image.data is None:
            drawn = "are drawn" if self.view.with_boxes else "are left out"
            self.pane.say(f"No boxes here; those of rows that have some {drawn}.")

    def action_unfold(self) -> None:
        self.view.conversation.unfolded = not self.view.conversation.unfolded
        if not self.view.conversation.is_long:
            shown = "whole" if self.view.conversation.unfolded else "folded"
            self.pane.say(f"No long system prompt in this row; those of others are shown {shown}.")

    def action_image(self, by: int) -> None:
        images = len(self.view.example.images) if self.view.example else 0
        if images > 1:
            self.present(self.index, (self._shown_next + by) % images)
        else:
            self.pane.say("This row has one image." if images else "This row has no image.")


def cost_words(figures: RowFigures, index: int) -> str:
    """What a row costs: its tokens, and how many of them are images; empty until counted."""
    if index >= len(figures.image_tokens):
        return ""
    tokens, images = figures.tokens[index], figures.image_tokens[index]
    share = f", {images / tokens:.0%} images" if images and tokens else ""
    return f"{count(tokens, 'token')}{share}"


def look_of(row: RowView, index: int) -> dict[str, Any]:
    """How closely a row's image is looked at, as plain JSON; nothing if it is seen whole."""
    look = row.image.view
    place = {"row": index, "image": row.shown.ordinal}
    return {**place, "look": [look.zoom, look.x, look.y]} if look != FIT else {}


async def look_as_before(part: RowPart, index: int, ordinal: int) -> None:
    """Look at an image as closely as the session before did at last, when it comes to it."""
    row = part.view
    row.left = row.left or await part.session.left_of(type(part.pane).__name__)
    if (row.left.get("row"), row.left.get("image")) == (index, ordinal):
        look = View(*map(float, row.left["look"]))
        row.left, row.image.view = {}, look
