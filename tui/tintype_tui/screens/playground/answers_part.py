"""The part that shows answers, a column for each model, and chooses the models."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events, getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from tintype.detection import Box
from tintype.prompting import MOST_MODELS, Lineup, OpenQuestion
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of, with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.playground.models import headings, listed_by, offered
from tintype_tui.screens.playground.subject_part import Drawn
from tintype_tui.widgets.answer_column import Answer, AnswerColumn
from tintype_tui.widgets.answer_columns import AnswerColumns
from tintype_tui.words.answers import short_name

ANOTHER = "another model: type its name"


class AnswersPart(Part):
    """Up to four models on the same image."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "right_square_bracket",
            "column(1)",
            "Next answer",
            id="play.next",
            key_display="]",
            tooltip="here; splits in Datasets, what is below in Jobs",
        ),
        Binding(
            "left_square_bracket",
            "column(-1)",
            "Previous answer",
            id="play.last",
            key_display="[",
            show=False,
        ),
        Binding("m", "model", "Model", id="play.model", tooltip="of the current column"),
        Binding("b", "boxes", "Boxes", id="play.boxes", tooltip="whose are drawn: each, all, none"),
        Binding("M", "add", "Add model", id="play.add", tooltip="up to four, side by side"),
        Binding("x", "remove", "Remove model", id="play.remove", show=False),
        Binding("v", "evaluate", "Evaluate", id="play.evaluate", tooltip="on all test rows"),
        Binding("V", "raw", "Raw answer", id="play.raw", show=False, tooltip="boxes as written"),
        Binding("y", "copy", "Copy the answer", id="play.copy", show=False),
    ]

    lineup: var[Lineup] = var(Lineup(), bindings=True)
    question: var[OpenQuestion] = var(OpenQuestion())
    """What is asked, as it stands."""
    answers: var[Mapping[str, Answer]] = var({})
    """By a model's name."""

    box = getters.query_one(AnswerColumns)

    class Changed(Message):
        """Other models are asked."""

    class Boxes(Message):
        """Other boxes are to be drawn."""

        def __init__(self, drawn: Drawn) -> None:
            super().__init__()
            self.drawn = drawn

    def compose(self) -> ComposeResult:
        yield AnswerColumns(id="columns")

    # ------------------------------------------------------------------ columns

    def columns(self) -> list[AnswerColumn]:
        """From left to right, or from top to bottom."""
        return self.box.columns()

    @property
    def current(self) -> AnswerColumn:
        """The column of the current model."""
        columns = self.columns()
        return columns[min(self.lineup.current, len(columns) - 1)]

    async def watch_lineup(self, before: Lineup, lineup: Lineup) -> None:
        """One column for each model."""
        if not self.is_mounted:
            return
        if before.models != lineup.models:
            await self.box.show(lineup.models)
            self.watch_answers(self.answers)
            self.watch_question()
            self.refresh_bindings()
        self.box.current = lineup.current
        self.draw_boxes()
        self.post_message(self.Changed())

    def watch_answers(self, answers: Mapping[str, Answer]) -> None:
        for column in self.columns():
            column.answer = answers.get(column.model, Answer())
        self.draw_boxes()

    def watch_question(self) -> None:
        """Show each model's earlier turns above its answer."""
        for column in self.columns() if self.is_mounted else ():
            column.turns = tuple(
                (turn.question, turn.answers.get(column.model, ""))
                for turn in self.question.conversation.turns
            )

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Draw the boxes of the answer one looks at."""
        if isinstance(event.widget, AnswerColumn):
            self.lineup = self.lineup.looking_at(self.columns().index(event.widget))

    def draw_boxes(self) -> None:
        """Have the boxes drawn that are to be seen."""
        if not self.columns():
            return
        shown = self.lineup.shown
        of = {"current": [self.current], "all": self.columns(), "none": []}[shown]
        boxes = _of_all(of) if shown == "all" else tuple(b for column in of for b in column.boxes)
        self.post_message(self.Boxes(Drawn(boxes, self._drawn_words())))

    def _drawn_words(self) -> str:
        key = key_of(self, "play.boxes")
        if self.lineup.shown == "none":
            return f"no predicted boxes · {key}"
        if not any(column.boxes for column in self.columns()):
            return ""
        if self.lineup.shown == "all":
            return f"dashed: all, by column number · {key}"
        place = f"{self.current.place} " if self.current.place else ""
        return f"dashed: {place}{short_name(self.current.model)} · {key}"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "column":
            return len(self.lineup.models) > 1 or None
        return True

    def action_column(self, by: int) -> None:
        """Look at another answer."""
        self.lineup = self.lineup.looking_at(self.lineup.current + by)
        self.screen.set_focus(self.current)

    def action_boxes(self) -> None:
        """Draw other boxes: of the next answer, of all, of none."""
        if not any(column.boxes for column in self.columns()):
            self.pane.say("No answer has boxes yet.")
        self.lineup = self.lineup.next_boxes()
        if isinstance(self.screen.focused, AnswerColumn) and self.lineup.shown == "current":
            self.screen.set_focus(self.current)

    def action_raw(self) -> None:
        """Show boxes as they were written, or one by one."""
        if all(column.answer.reply is None for column in self.columns()):
            self.pane.say(with_keys(self, "There is no answer yet: {play.ask} asks."))
            return
        if not any(column.boxes for column in self.columns()):
            self.pane.say("No answer has boxes: all are shown as they were written.")
        raw = not self.current.raw
        for column in self.columns():
            column.raw = raw

    def action_evaluate(self) -> None:
        """Evaluate the current model, and those beside it, on the test rows of its data.

        A question that was typed over a row's own, or a system prompt, is asked of all rows.
        """
        lineup, dataset = self.lineup, self.pane.loop_state.dataset
        prompt, typed = self.question.prompt, self.question.is_typed_over
        chosen = {"question": prompt.text if typed else None, "system": prompt.system}
        self.post_message(requests.evaluate_model(lineup.model, dataset, *lineup.models, **chosen))

    @work
    async def action_copy(self) -> None:
        reply = self.current.answer.reply
        if reply is None:
            self.pane.say(with_keys(self, "There is no answer to copy yet: {play.ask} asks."))
        else:
            await self.pane.copy(reply.answer or reply.refusal)

    # ------------------------------------------------------------------ models

    @opens()
    async def action_model(self) -> None:
        with self.pane.reporting("Cannot list the models"):
            await self.choose(replacing=True)

    @opens()
    async def action_add(self) -> None:
        """Another column, with a model to choose."""
        if self.lineup.is_full:
            words = f"{MOST_MODELS} models are the most; {{play.remove}} takes one away."
            self.pane.say(with_keys(self, words))
            return
        with self.pane.reporting("Cannot list the models"):
            await self.choose(replacing=False)

    def action_remove(self) -> None:
        """Ask the current model no longer; the next one is current then."""
        if len(self.lineup.models) < 2:
            words = "There is no other model to ask instead: {play.model} chooses one."
            self.pane.say(with_keys(self, words))
            return
        focused = self.screen.focused
        self.lineup = self.lineup.removed()
        if isinstance(focused, AnswerColumn):
            remaining = [column for column in self.columns() if column.model == self.lineup.model]
            for column in remaining:
                self.screen.set_focus(column)

    async def choose(self, *, replacing: bool) -> None:
        """Have a model chosen from all there are, checkpoints too.

        Raises:
            TintypeError: if they cannot be listed.
        """
        slow = self.set_timer(0.5, lambda: self.pane.say("Asking which models there are …"))
        try:
            api, store = await self.session.provider(), await self.session.store()
            ids = await listed_by(api)
        finally:
            slow.stop()
        now = self.lineup.model if replacing else ""
        taken = set(self.lineup.models) - {now}
        offers = [o for o in offered(ids, store, self.session.profile.name) if o.name not in taken]
        names = [one.name for one in offers]
        title = "Ask which model?" if replacing else "Ask which model besides?"
        at = names.index(now) if now in names else 0
        words = [*(one.words for one in offers), ANOTHER]
        chosen = (
            await self.app.push_screen_wait(Choose(title, words, at=at, headings=headings(offers)))
            if offers
            else 0
        )
        if chosen == len(offers):
            names.append(await self._typed_name(bool(ids)))
        if chosen is not None and names[chosen]:
            change = self.lineup.replaced if replacing else self.lineup.added
            self.lineup = change(names[chosen])

    async def _typed_name(self, listed: bool) -> str:
        """A model's name that the person types, whoever lists it; empty for none."""
        hint = "as the provider calls it" if listed else "the provider lists none: type its name"
        name = await self.app.push_screen_wait(Ask("Ask which model?", hints=[hint]))
        return (name or "").strip()


def _of_all(columns: Sequence[AnswerColumn]) -> tuple[Box, ...]:
    """The boxes of all columns, named after their column, too."""
    return tuple(
        replace(box, label=f"{box.label} ·{column.place}".strip())
        for column in columns
        for box in column.boxes
    )
