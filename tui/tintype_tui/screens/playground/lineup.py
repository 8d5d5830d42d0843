"""The layer that holds which models are asked: a column for each."""

from textual import events, work
from textual.reactive import var

from tintype.model_names import parse_model_name
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.playground.about import AboutPane
from tintype_tui.screens.playground.subject import Subject
from tintype_tui.standing import Standing
from tintype_tui.widgets.answer_column import AnswerColumn

MOST_COLUMNS = 4


class LineupPane(AboutPane):
    """Up to four models on the same picture."""

    models: var[tuple[str, ...]] = var(())

    def provider_changed(self) -> None:
        super().provider_changed()
        self.models = ()

    def watch_standing(self, standing: Standing) -> None:
        """Take the model that was chosen elsewhere, beside its base."""
        if standing.model and standing.model not in self.models:
            base = parse_model_name(standing.model).base
            self.models = tuple(dict.fromkeys([standing.model, base]))
        super().watch_standing(standing)

    async def watch_models(self) -> None:
        if self.is_mounted:
            await self.show_columns()

    def watch_subject(self, subject: Subject | None) -> None:
        """Answers to something else are put away."""
        super().watch_subject(subject)
        if subject is None:
            return
        for column in self.columns():
            column.reply, column.trouble, column.expected = None, "", subject.expected

    def columns(self) -> list[AnswerColumn]:
        """From left to right, or from top to bottom."""
        return list(self.query(AnswerColumn))

    async def show_columns(self) -> None:
        """One column for each model; those that stay keep their answers."""
        holder = self.query_one("#columns")
        columns = self.columns()
        wanted = self.models or ("",)
        for column in columns[len(wanted) :]:
            await column.remove()
        for _ in range(len(wanted) - len(columns)):
            await holder.mount(AnswerColumn())
        for column, model in zip(self.columns(), wanted, strict=True):
            if column.model != model:
                column.model, column.reply, column.trouble = model, None, ""
            column.expected = self.subject.expected if self.subject else ""

    @property
    def in_hand(self) -> AnswerColumn:
        """The column that was focused last; else the first."""
        columns = self.columns()
        focused = self.focused
        return focused if isinstance(focused, AnswerColumn) else columns[0]

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Draw the boxes of the answer one looks at."""
        if isinstance(event.widget, AnswerColumn):
            self.picture.predicted = event.widget.boxes

    @work
    async def action_model(self) -> None:
        with self.reporting("Cannot list the models"):
            await self.choose_model()

    async def choose_model(self) -> None:
        """Have the model of the column in hand chosen from all there are, checkpoints too."""
        api, store = await self.desk.provider(), await self.desk.store()
        names = [model.id for model in await api.models()]
        for kept in store.jobs.newest(profile=self.desk.profile.name):
            names += [c.model for c in store.jobs.checkpoints(kept.profile, kept.job.id)]
        names = sorted(dict.fromkeys(names), key=lambda name: (not name.startswith("ft:"), name))
        column = self.in_hand
        at = names.index(column.model) if column.model in names else 0
        chosen = await self.app.push_screen_wait(Choose("Ask which model?", names, at=at))
        if chosen is not None:
            place = self.columns().index(column)
            models = list(self.models or ("",))
            models[place] = names[chosen]
            self.models = tuple(models)

    @work
    async def action_add(self) -> None:
        """Another column, with a model to choose."""
        if len(self.models) < MOST_COLUMNS:
            self.models = (*self.models, "")
            self.columns()[-1].focus()
            with self.reporting("Cannot list the models"):
                await self.choose_model()

    def action_remove(self) -> None:
        if len(self.models) > 1:
            at = self.columns().index(self.in_hand)
            self.models = (*self.models[:at], *self.models[at + 1 :])
