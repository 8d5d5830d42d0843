"""What is to be evaluated and what that costs: a line for each choice, Enter changes it."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype import evaluation
from tintype.errors import EvaluationError, TintypeError
from tintype.evaluation import EvaluationPlan, JudgePlan
from tintype.evaluation.plan import MOST_MODELS
from tintype.loop import EvaluationRequest
from tintype_tui import requests
from tintype_tui.evaluating import Evaluating
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.own_editor import edited_outside
from tintype_tui.screen import Part
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.evaluate.choosing_models import ask_model, dollars, question, whole
from tintype_tui.screens.evaluate.setup import Draft, SetupList, setup_lines
from tintype_tui.screens.evaluate.starting import ordered, weighed
from tintype_tui.screens.open_path import choose_dataset
from tintype_tui.screens.parameters import AskParameters
from tintype_tui.screens.playground.models import fitting_model
from tintype_tui.text import visible
from tintype_tui.widgets.line_list import LineList, item_of
from tintype_tui.words.evaluating import cost_details

EMPTY = (
    "Nothing to evaluate yet.\n{evaluate.file} opens a test set; {go.jobs} has your jobs: "
    "Evaluate there begins with its model."
)


class SetupPart(Part):
    """Rows, models, scorers, judge, cost; and the start."""

    BINDING_GROUP_TITLE = "Evaluate"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "start", "Start", id="evaluate.start"),
        Binding("o", "choose('file')", "Data", id="evaluate.file", tooltip="another file of rows"),
        Binding("M", "choose('add')", "Add model", id="evaluate.add"),
        Binding("x", "remove", "Remove model", id="evaluate.remove", show=False),
    ]

    draft: var[Draft] = var(Draft(), bindings=True)
    proposed: var[EvaluationRequest | None] = var(None)
    """What the draft began with; none before there is one."""
    evaluating: var[Evaluating | None] = var(None, bindings=True)

    choices = getters.query_one(SetupList)
    details = getters.query_one("#setup-details", Static)

    def compose(self) -> ComposeResult:
        yield SetupList(id="setup-list")
        yield Static(id="setup-details")

    # ------------------------------------------------------------------ what is to be evaluated

    @work(exclusive=True, group="propose")
    async def propose(self, wanted: EvaluationRequest) -> None:
        """Begin with a model beside its base, on the test split of its data."""
        with self.pane.reporting("Cannot set up the evaluation"):
            store, profile = await self.session.store(), self.session.profile.name
            model = wanted.model or await asyncio.to_thread(
                fitting_model, store, profile, wanted.near
            )
            propose = partial(evaluation.proposed, store, profile, model, beside=wanted.beside)
            plan = await asyncio.to_thread(propose, wanted.near)
            if plan is not None:
                plan = replace(plan, question=wanted.question, system=wanted.system)
            self.draft = Draft(plan, state="empty" if plan is None else "loading")
            self.proposed = wanted
            self.choices.cursor = 0
            self._weigh()

    def change(self, **changes: object) -> None:
        """Take another plan; its cost is found out again."""
        plan = self.draft.plan
        if plan is not None:
            changed = replace(plan, **changes)  # type: ignore[arg-type]
            self.draft = replace(self.draft, plan=changed, state="loading", cost=None)
            self._weigh()

    @work(exclusive=True, group="weigh")
    async def _weigh(self) -> None:
        """Read the rows, choose what suits them, and say what it will cost."""
        draft = self.draft
        if draft.plan is None:
            return
        try:
            self.draft = await weighed(self.session, draft)
        except TintypeError as error:
            self.draft = replace(draft, state="failed", why=str(error))

    def watch_draft(self) -> None:
        self._show()

    def watch_evaluating(self) -> None:
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        draft, running = self.draft, self._is_running
        self.choices.lines = setup_lines(draft, running=running)
        self.choices.empty_text = with_keys(self, EMPTY)
        words = draft.why if draft.state == "failed" else ""
        if draft.cost is not None:
            words = cost_details(draft.cost)
        self.details.display = bool(words)
        self.details.update(Content(visible(words)))

    @property
    def _is_running(self) -> bool:
        return self.evaluating is not None and not self.evaluating.ended

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in ("start", "choose", "remove"):
            return True
        if not self.display:
            return False
        if action == "start":
            ready = self.draft.state == "ready" and not self._is_running
            return (ready and not self.session.settings.read_only) or None
        return action == "choose" or self._model_under_cursor() is not None or None

    def _model_under_cursor(self) -> int | None:
        lines, at = self.choices.lines, self.choices.cursor
        kind, _, place = lines[at].name.partition(" ") if at < len(lines) else ("", "", "")
        return int(place) if kind == "model" else None

    @on(LineList.Moved)
    def _moved(self) -> None:
        self.refresh_bindings()

    @on(LineList.Chosen)
    def _chosen(self, event: LineList.Chosen) -> None:
        line = item_of(event, self.choices.lines)
        if line is None:
            return
        if line.name == "start":
            if self.check_action("start", ()):
                self.action_start()
            else:
                self.pane.say(self.choices.lines[0].words, title="Cannot start yet")
        else:
            self.action_choose(line.name)

    @opens(exclusive=True, group="start")
    async def action_start(self) -> None:
        """Begin, once what it may cost has been agreed to."""
        with self.pane.reporting("Cannot start"):
            if (order := await ordered(self.pane, self.draft)) is not None:
                self.post_message(requests.Evaluate(order))

    def action_remove(self) -> None:
        """Ask the model under the cursor no more."""
        plan, at = self.draft.plan, self._model_under_cursor()
        if plan is not None and at is not None:
            self.change(models=tuple(m for place, m in enumerate(plan.models) if place != at))

    @opens(exclusive=True, group="choose")
    async def action_choose(self, name: str) -> None:
        """Change what a line says."""
        kind, _, place = name.partition(" ")
        with self.pane.reporting("Cannot change it"):
            if kind == "file":
                await self._choose_file()
            elif self.draft.plan is not None:
                await self._choose(kind, place, self.draft.plan)

    async def _choose_file(self) -> None:
        path = await choose_dataset(self.pane)
        if path is None:
            return
        if self.draft.plan is None:
            self.draft = Draft(EvaluationPlan(path, (), ()), state="loading")
        self.change(dataset=path, rows=None)

    async def _choose(self, kind: str, place: str, plan: EvaluationPlan) -> None:
        if kind == "model":
            await self._choose_model_act(int(place), plan)
        elif kind == "add":
            await self._add(plan)
        elif kind == "judge":
            await self._choose_judge(plan)
        elif kind == "rubric":
            self._edit_rubric(plan.judge)
        elif kind == "parameters":
            if (
                found := await self.app.push_screen_wait(AskParameters(plan.parameters))
            ) is not None:
                self.change(parameters=found)
        elif kind in ("rows", "samples", "budget", "scorers", "question", "system"):
            await self._choose_by_typing(kind, plan)

    async def _add(self, plan: EvaluationPlan) -> None:
        if len(plan.models) >= MOST_MODELS:
            raise EvaluationError(f"{MOST_MODELS} models are the most of one evaluation.")
        if (chosen := await ask_model(self.pane, "Evaluate which model besides?")) is not None:
            self.change(models=tuple(dict.fromkeys([*plan.models, chosen])))

    async def _choose_model_act(self, at: int, plan: EvaluationPlan) -> None:
        acts = ("Compare the others with it", "Evaluate it no more")
        chosen = await self.app.push_screen_wait(Choose(plan.models[at].title, acts))
        if chosen == 0:
            self.change(reference=plan.models[at].id)
        elif chosen == 1:
            self.change(models=tuple(m for place, m in enumerate(plan.models) if place != at))

    async def _choose_judge(self, plan: EvaluationPlan) -> None:
        model = await ask_model(self.pane, "Which model grades the answers?", none="No judge")
        if model is not None:
            judge = JudgePlan(model) if model.name else None
            scorers = [one for one in plan.scorers if one != "judge"]
            self.change(judge=judge, scorers=(*scorers, *(["judge"] if judge else [])))

    def _edit_rubric(self, judge: JudgePlan | None) -> None:
        if judge is None:
            return
        rubric, trouble = edited_outside(self.app, judge.rubric, "rubric")
        if trouble:
            self.pane.say(trouble, title="No editor", severity="error")
        elif rubric is not None:
            self.change(judge=replace(judge, rubric=rubric))

    async def _choose_by_typing(self, kind: str, plan: EvaluationPlan) -> None:
        typed = await self.app.push_screen_wait(question(kind, plan, self.draft.stop_at_usd))
        if typed is None:
            return
        text = typed.strip()
        if kind == "scorers":
            await self._take_scorers([one.strip() for one in text.split(",") if one.strip()])
        elif kind == "budget":
            self.draft = replace(self.draft, stop_at_usd=dollars(text))
            self.change()
        elif kind == "rows":
            self.change(rows=tuple(range(whole(text, 1_000_000))) if text else None)
        elif kind in ("question", "system"):
            self.change(**{kind: text or None})
        else:
            self.change(samples=whole(text, 20))

    async def _take_scorers(self, names: list[str]) -> None:
        for name in names:
            await asyncio.to_thread(evaluation.scorer_of, name)
        self.draft = replace(self.draft, own_scorers=bool(names))
        self.change(scorers=tuple(dict.fromkeys(names)))
