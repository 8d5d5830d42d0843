"""One row: its image with the answer's boxes, a caption, its problems, the conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual import getters
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype.dataset import Example
from tintype.detection import Box, Verdict
from tintype.detection.box_edits import convention_of
from tintype.images import ImageFacts
from tintype.rules import Problem
from tintype_tui.keys import key_of
from tintype_tui.text import count, visible
from tintype_tui.widgets.conversation import Conversation, chip
from tintype_tui.widgets.image import ImageView
from tintype_tui.widgets.problem_list import problem_in_short
from tintype_tui.widgets.thumbnails import Thumbnails
from tintype_tui.words.answers import legend
from tintype_tui.words.boxes import boxes_as

MOST_PROBLEMS = 3
"""Problems of a row that are said beside it; `p` lists them all."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The image shown, or why there is none."""

    ordinal: int = 0
    data: bytes | None = None
    facts: ImageFacts | None = None
    why: str = ""
    """Why there is no image."""
    trouble: bool = False
    """Whether there should be one."""


def boxes_said(
    example: Example, facts: ImageFacts | None, verdict: Verdict | None
) -> tuple[Box, ...]:
    """The boxes that a row's answer tells of, in an image of which the facts are known."""
    size = facts.upright_size if facts is not None else None
    return convention_of(example.answer, size, verdict).read(example.answer, size).boxes


class RowView(Vertical):
    """What there is to see of a row."""

    DEFAULT_CSS = """
    RowView {
        ImageView { height: 3fr; }
        #strip { height: 5; display: none; }
        #strip.-several { display: block; }
        #caption { height: auto; max-height: 3; padding: 0 1; color: $foreground 70%; }
        #row-problems { height: auto; max-height: 9; padding: 0 1; }
        Conversation { height: 2fr; }
        &.-no-image ImageView { height: 1; }
    }
    """

    example: var[Example | None] = var(None)
    shown: var[Shown] = var(Shown())
    facts: var[Mapping[int, ImageFacts]] = var({})
    """What is known of the row's images, by their ordinal."""
    with_boxes: var[bool] = var(True)
    cost: var[str] = var("")
    """What the row costs, in words."""
    marked: var[str] = var("")
    """That the row is marked, and why; empty if it is not."""
    problems: var[Sequence[Problem]] = var(())
    """What is wrong with the row."""
    fixable: var[frozenset[str]] = var(frozenset())
    """Rules whose problems a key fixes; likewise the next."""
    fix_key: var[str] = var("")
    source: var[str] = var("")
    """The line as it stands in the file, where it cannot be read as a conversation."""
    boxes_in: var[Verdict | None] = var(None)
    """What the boxes of the dataset's answers are written in; none while that is not known."""

    left: var[dict[str, Any]] = var({})
    """How the session before looked at an image, as plain JSON, until it is looked at again."""

    image = getters.query_one(ImageView)
    conversation = getters.query_one(Conversation)
    strip = getters.query_one(Thumbnails)
    """The images of the row, small and in order, where there are several."""
    caption = getters.query_one("#caption", Static)

    def compose(self) -> ComposeResult:
        yield ImageView(id="image")
        yield Thumbnails(id="strip", step=0)
        yield Static(id="caption")
        yield Static(id="row-problems")
        yield Conversation().data_bind(RowView.example, RowView.facts, RowView.source)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes that the answer tells of."""
        return boxes_said(self.example, self.shown.facts, self.boxes_in) if self.example else ()

    def watch_example(self, example: Example | None) -> None:
        """A strip of small images only where there are several."""
        if self.is_mounted:
            several = len(example.images) if example and len(example.images) > 1 else 0
            self.strip.set_class(several > 1, "-several")
            self.strip.total = several
            self.strip.forget()
            self.watch_with_boxes()

    def watch_shown(self, shown: Shown) -> None:
        if self.is_mounted:
            self.set_class(shown.data is None and not shown.trouble, "-no-image")
            self.image.data = shown.data
            self.strip.cursor = shown.ordinal
            self.watch_with_boxes()

    def watch_boxes_in(self) -> None:
        self.watch_with_boxes()

    def watch_cost(self) -> None:
        self._draw_caption()

    watch_marked = watch_cost

    def watch_problems(self, problems: Sequence[Problem]) -> None:
        if self.is_mounted:
            lines = [
                problem_in_short(problem, self.fix_key if problem.rule in self.fixable else "")
                for problem in problems[:MOST_PROBLEMS]
            ]
            if (more := len(problems) - MOST_PROBLEMS) > 0:
                key = key_of(self, "data.problems")
                lines.append(Content(f"{count(more, 'more problem')}: {key} lists them"))
            words = self.query_one("#row-problems", Static)
            words.display = bool(lines)
            words.update(Content("\n").join(lines))

    def on_mount(self) -> None:
        self.strip.can_focus = False
        self.query_one("#row-problems").display = False

    def _draw_caption(self) -> None:
        if self.is_mounted:
            shown = self.shown
            trouble = "✗ " if shown.trouble else ""
            words = [f"{trouble}{visible(shown.why)}" if shown.why else "", *self.of_image]
            text = " · ".join(filter(None, [visible(self.marked), *words, self.cost]))
            whole = Content.styled(text, "$error" if shown.trouble else "")
            if self.image.truth:
                whole = whole + Content("\n") + legend(self.image.truth)
            self.caption.update(whole)

    @property
    def of_image(self) -> tuple[str, ...]:
        """What there is to say of the image shown."""
        shown = self.shown
        images = self.example.images if self.example else ()
        if shown.data is None or shown.ordinal >= len(images):
            return ()
        return (
            f"[Image #{shown.ordinal + 1}] of {len(images)}" if len(images) > 1 else "",
            chip(images[shown.ordinal], shown.facts),
            f"{count(len(self.boxes), 'box', 'boxes')}{boxes_as(self.boxes_in)}"
            if self.boxes
            else "",
        )

    def watch_with_boxes(self) -> None:
        if self.is_mounted:
            self.image.truth = self.boxes if self.with_boxes else ()
            self._draw_caption()
