"""Datasets: the rows on the left, the image and the conversation on the right."""

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.reactive import var
from textual.widgets import ContentSwitcher, Static

from tintype_tui import requests
from tintype_tui.screens.datasets.writing import WritingPane
from tintype_tui.screens.open_path import choose_dataset
from tintype_tui.widgets.contact_sheet import ContactSheet
from tintype_tui.widgets.example_list import ExampleList
from tintype_tui.widgets.facet_list import FacetList
from tintype_tui.widgets.problem_list import ProblemList
from tintype_tui.widgets.row_view import RowView

_OF_ONE_IMAGE = frozenset(["boxes", "full", "image", "unfold"])
"""Actions that mean nothing on the contact sheet."""


class DatasetsPane(WritingPane):
    """A dataset looked at, row by row."""

    BINDING_GROUP_TITLE = "Dataset"
    CSS_PATH = "datasets.tcss"
    NEXT = ("estimate", "open")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "estimate", "Estimate", id="data.estimate", tooltip="what training costs"),
        Binding("o", "open", "Open", id="data.open", tooltip="another dataset"),
        Binding("p", "show('problem-side')", "Problems", id="data.problems"),
        Binding("v", "show('facets')", "Overview", id="data.overview"),
        Binding("c", "sheet", "Sheet", id="data.sheet", tooltip="the rows as small images"),
        Binding("slash", "search", "Search", id="data.search", key_display="/"),
        Binding("n", "hit(1)", "Next hit", id="data.hit", show=False, tooltip="of a search"),
        Binding("N", "hit(-1)", "Last hit", id="data.hit_back", show=False),
        Binding(
            "s",
            "sort",
            "Sort",
            id="data.sort",
            show=False,
            tooltip="by tokens, size, answer, problems, as in the file",
        ),
        Binding("b", "boxes", "Boxes", id="data.boxes"),
        Binding("f", "full", "Full", id="data.full", tooltip="the image alone", show=False),
        Binding("t", "try", "Try", id="data.try", tooltip="ask a model about this row"),
        Binding(
            "right_square_bracket",
            "split(1)",
            "Next split",
            id="data.split",
            key_display="]",
            show=False,
            tooltip="train, valid, test",
        ),
        Binding(
            "left_square_bracket",
            "split(-1)",
            "Last split",
            id="data.split_back",
            show=False,
            key_display="[",
        ),
        Binding("full_stop", "image(1)", "Next image", id="data.image", show=False),
        Binding("comma", "image(-1)", "Last image", id="data.image_back", show=False),
        Binding("number_sign", "line", "Go to line", id="data.line", show=False, key_display="#"),
        Binding("r", "random", "Random row", id="data.random", show=False),
        Binding(
            "M",
            "mend",
            "Mend",
            id="data.mend",
            show=False,
            tooltip="write a copy that the provider takes, with every image inside",
        ),
        Binding("x", "mark", "Mark", id="data.mark", tooltip="the row, and go on; again: unmark"),
        Binding(
            "m",
            "mark_why",
            "Mark, saying why",
            id="data.mark_why",
            show=False,
            tooltip="blurred, wrong, …",
        ),
        Binding("X", "mark_all", "Mark the filter", id="data.mark_all", show=False),
        Binding("u", "undo", "Undo", id="data.undo", show=False, tooltip="marks taken back"),
        Binding("U", "redo", "Redo", id="data.redo", show=False),
        Binding(
            "W",
            "write_without",
            "Write without the marked",
            id="data.write_without",
            show=False,
            tooltip="a copy; the dataset itself stays",
        ),
        Binding(
            "w",
            "write_image",
            "Write the image",
            id="data.write_image",
            show=False,
            tooltip="with its boxes, as a PNG",
        ),
        Binding("space", "unfold", "Unfold the system prompt", id="data.unfold", show=False),
        Binding(
            "R",
            "reload",
            "Read again",
            id="data.reload",
            show=False,
            tooltip="the file, when it has changed",
        ),
        Binding(
            "less_than_sign",
            "share(-5)",
            "Smaller list",
            id="data.smaller",
            show=False,
            key_display="<",
        ),
        Binding(
            "greater_than_sign",
            "share(5)",
            "Larger list",
            id="data.larger",
            show=False,
            key_display=">",
        ),
        Binding("escape", "back", "Rows", id="data.back", show=False),
    ]

    _NEED_DATASET = frozenset(
        [
            "estimate",
            "show",
            "sheet",
            "search",
            "hit",
            "sort",
            "boxes",
            "full",
            "try",
            "split",
            "image",
            "line",
            "random",
            "mend",
            "reload",
            "mark",
            "mark_why",
            "mark_all",
            "undo",
            "redo",
            "write_without",
            "write_image",
            "unfold",
        ]
    )

    def body(self) -> ComposeResult:
        yield Static(id="dataset-title", classes="title-line")
        with ContentSwitcher(initial="dataset-body", id="views"):
            with Horizontal(id="dataset-body"):
                with ContentSwitcher(initial="rows", id="left"):
                    yield ExampleList(id="rows")
                    with Vertical(id="problem-side"):
                        yield ProblemList(id="problems")
                        yield Static(id="problem-text")
                    yield FacetList(id="facets")
                yield RowView(id="right")
            yield ContactSheet(id="sheet")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("open", "show_help_panel"):
            return True
        if action in _OF_ONE_IMAGE and self.views.current == "sheet":
            return False
        if action in self._NEED_DATASET:
            return self.dataset is not None or None
        return True

    @work
    async def action_open(self) -> None:
        path = await choose_dataset(self)
        if path is not None:
            self.post_message(requests.OpenDataset(path))

    def action_show(self, which: str) -> None:
        """Problems or overview in place of the rows, and back."""
        if self.on_sheet:
            self.leave_sheet()
        self.left.current = "rows" if self.left.current == which else which
        focused = {"problem-side": "problems"}.get(which, which)
        self.query_one(f"#{focused}" if self.left.current != "rows" else "#rows").focus()

    share: var[int | None] = var(None)
    """Per cent of the room that the rows take; none as the style sheet has it."""

    def action_share(self, by: int) -> None:
        """Give the rows more room, or the image."""
        self.share = (40 if self.share is None else self.share) + by

    def validate_share(self, share: int | None) -> int | None:
        return share if share is None else max(20, min(share, 75))

    def watch_share(self) -> None:
        self._divide()

    def on_resize(self) -> None:
        self.call_after_refresh(self._divide)

    def _divide(self) -> None:
        """Above each other where it is narrow, else beside each other."""
        if self.share is None:
            return
        narrow = self.has_class("-narrow")
        for part, share in ((self.left, self.share), (self.row_view, 100 - self.share)):
            part.styles.width = "100%" if narrow else f"{share}fr"
            part.styles.height = f"{share}fr" if narrow else "100%"

    def action_back(self) -> None:
        """Stop what is going on; else leave what is open; else show all rows again."""
        if self.stop():
            return
        if self.on_sheet:
            self.leave_sheet()
        elif self.left.current != "rows":
            self.action_show("rows")
        elif self._chosen is not None:
            self.show_only(None)

    def stop(self) -> bool:
        """Stop a search, a filter or a writing under way; whether there was one."""
        groups = ("search", "write")
        found = [worker for worker in self.workers if worker.group in groups and worker.is_running]
        for worker in found:
            worker.cancel()
        return bool(found)

    def action_boxes(self) -> None:
        self.row_view.with_boxes = not self.row_view.with_boxes

    def action_full(self) -> None:
        self.maximize(self.row_view.image)

    def action_unfold(self) -> None:
        self.row_view.conversation.unfolded = not self.row_view.conversation.unfolded

    def action_image(self, by: int) -> None:
        self.present(self.index, self._ordinal + by)

    def action_split(self, by: int) -> None:
        """Open the next of train, valid, test."""
        if self.dataset is not None and len(self._splits) > 1:
            paths = list(self._splits.values())
            at = paths.index(self.dataset.path)
            self.post_message(requests.OpenDataset(paths[(at + by) % len(paths)]))

    def action_estimate(self) -> None:
        self.post_message(requests.EstimateDataset())

    def action_try(self) -> None:
        self.post_message(requests.TryModel(self.standing.model))
