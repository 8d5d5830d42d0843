"""The layer that holds which models are asked: a column for each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from textual import events, getters, work
from textual.reactive import var

from tintype.detection import Box
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.playground.about import AboutPane
from tintype_tui.screens.playground.offering import beside_base, headings, offered
from tintype_tui.screens.playground.subject import Subject
from tintype_tui.standing import Standing
from tintype_tui.widgets.answer_column import AnswerColumn
from tintype_tui.widgets.answer_columns import AnswerColumns
from tintype_tui.words.answers import short_name

MOST_COLUMNS = 4


class LineupPane(AboutPane):
    """Up to four models on the same image."""

    models: var[tuple[str, ...]] = var(())
    shown: var[Literal["hand", "all", "none"]] = var("hand")
    """Whose boxes are drawn: of the column in hand, of all, of none."""

    _chosen = ""
    """The model that was chosen elsewhere last."""

    answers = getters.query_one(AnswerColumns)

    def provider_changed(self) -> None:
        super().provider_changed()
        self.models = ()

    def watch_standing(self, standing: Standing) -> None:
        """Take the model that was chosen elsewhere, beside its base."""
        if self.is_mounted and standing.model != self._chosen:
            self._chosen = standing.model
            if standing.model and standing.model not in self.models:
                self.models = beside_base(standing.model)
        super().watch_standing(standing)

    async def watch_models(self) -> None:
        if self.is_mounted:
            await self.show_columns()
            self.refresh_bindings()

    def watch_subject(self, subject: Subject | None) -> None:
        """Answers to something else are put away."""
        for column in self.columns() if subject else ():
            column.clear()
            column.expected = subject.expected if subject else ""
        super().watch_subject(subject)

    def columns(self) -> list[AnswerColumn]:
        """From left to right, or from top to bottom."""
        return self.answers.columns()

    async def show_columns(self) -> None:
        """One column for each model; those that stay keep their answers."""
        await self.answers.show(self.models)
        for column in self.columns():
            column.expected = self.subject.expected if self.subject else ""
        self.redraw_boxes()

    @property
    def in_hand(self) -> AnswerColumn:
        """The column that was focused last; else the first."""
        columns = self.columns()
        return columns[min(self.answers.in_hand, len(columns) - 1)]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Draw the boxes of the answer one looks at."""
        if isinstance(event.widget, AnswerColumn):
            self.answers.in_hand = self.columns().index(event.widget)
            self.shown = "hand"
            self.redraw_boxes()

    def action_column(self, by: int) -> None:
        """Take another column in hand."""
        self.answers.in_hand = (self.answers.in_hand + by) % len(self.columns())
        self.shown = "hand"
        self.in_hand.focus()
        self.redraw_boxes()

    def action_raw(self) -> None:
        """Show boxes as they were written, or told one by one."""
        raw = not self.in_hand.raw
        for column in self.columns():
            column.raw = raw

    # ------------------------------------------------------------------ whose boxes are drawn

    def action_boxes(self) -> None:
        """Go on to the boxes of the next column; after the last to those of all, then to none."""
        last = len(self.columns()) - 1
        if self.shown == "hand" and self.answers.in_hand < last:
            self.answers.in_hand += 1
        elif self.shown == "hand":
            self.shown = "all" if last else "none"
        elif self.shown == "all":
            self.shown = "none"
        else:
            self.shown, self.answers.in_hand = "hand", 0
        if isinstance(self.focused, AnswerColumn) and self.shown == "hand":
            self.in_hand.focus()
        self.redraw_boxes()

    def redraw_boxes(self) -> None:
        """Draw the boxes that are to be seen."""
        if self.shown == "hand":
            self.draw_boxes(self.in_hand.boxes)
        else:
            self.draw_boxes(_of_all(self.columns()) if self.shown == "all" else ())

    def drawn_words(self) -> str:
        if self.shown == "none":
            return "no predicted boxes · b"
        answered = [column for column in self.columns() if column.boxes]
        if not answered:
            return ""
        if self.shown == "all":
            return "dashed: all, by column number · b"
        place = f"{self.in_hand.place} " if self.in_hand.place else ""
        return f"dashed: {place}{short_name(self.in_hand.model)} · b"

    # ------------------------------------------------------------------ choosing

    @work
    async def action_model(self) -> None:
        with self.reporting("Cannot list the models"):
            await self.choose_model(replacing=True)

    @work
    async def action_add(self) -> None:
        """Another column, with a model to choose."""
        if len(self.models) >= MOST_COLUMNS:
            self.say(f"{MOST_COLUMNS} models are the most; x takes one away.")
            return
        with self.reporting("Cannot list the models"):
            await self.choose_model(replacing=False)

    async def choose_model(self, *, replacing: bool) -> None:
        """Have a model chosen from all there are, checkpoints too, for the column in hand."""
        slow = self.set_timer(0.5, lambda: self.say("Asking which models there are …"))
        try:
            api, store = await self.desk.provider(), await self.desk.store()
            ids = [model.id for model in await api.models()]
        finally:
            slow.stop()
        now = self.in_hand.model if replacing else ""
        taken = [model for model in self.models if model != now]
        offers = [
            one for one in offered(ids, store, self.desk.profile.name) if one.name not in taken
        ]
        names = [one.name for one in offers]
        chosen = await self.app.push_screen_wait(
            Choose(
                "Ask which model?" if replacing else "Ask which model besides?",
                [one.words for one in offers],
                at=names.index(now) if now in names else 0,
                headings=headings(offers),
            )
        )
        if chosen is None:
            return
        if replacing and self.models:
            place = self.columns().index(self.in_hand)
            self.models = tuple(
                names[chosen] if at == place else one for at, one in enumerate(self.models)
            )
        else:
            self.models = (*self.models, names[chosen])
            self.answers.in_hand = len(self.models) - 1

    def action_remove(self) -> None:
        """Ask the model in hand no longer; the next one is in hand then."""
        columns, at = self.columns(), self.answers.in_hand
        if len(self.models) > 1:
            self.answers.in_hand = at + 1 if at + 1 < len(columns) else at - 1
            if isinstance(self.focused, AnswerColumn):
                self.in_hand.focus()
            gone = columns[at].model
            self.models = tuple(model for model in self.models if model != gone)


def _of_all(columns: Sequence[AnswerColumn]) -> tuple[Box, ...]:
    """The boxes of all columns, named after their column, too."""
    return tuple(
        replace(box, label=f"{column.place} {box.label}".strip())
        for column in columns
        for box in column.boxes
    )
