"""The plan: a form, what the check found, and keys that change the plan from anywhere."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype.prospects import refuse_untrainable
from tintype.quote import Outlook
from tintype.rules import Summary
from tintype.tokens import DETAILS
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.screens.dialogs import Ask
from tintype_tui.text import visible
from tintype_tui.widgets.choices import LABELS, Choices
from tintype_tui.widgets.plan_form import PlanForm


class Replanned(Message):
    """Go on by another plan, and with a copy of the dataset if one was written."""

    def __init__(self, choices: Choices, copy: Path | None = None, *, launch: bool = False) -> None:
        super().__init__()
        self.choices = choices
        self.copy = copy
        self.launch = launch
        """Whether the copy is to be launched once it is estimated."""


class PlanPart(Part):
    """What to train and how; says `PlanForm.Changed`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "epochs(1)", "Epochs", id="estimate.more", key_display="+-"),
        Binding("minus", "epochs(-1)", "Fewer epochs", id="estimate.fewer", show=False),
        Binding("D", "detail", "Detail", id="estimate.detail", tooltip="as is, low, high"),
        Binding("m", "model", "Model", id="estimate.model", show=False, tooltip="type its name"),
        Binding("V", "validation", "Validation", id="estimate.validation", show=False),
        Binding("escape", "leave", "Leave the field", id="estimate.leave", show=False),
    ]

    outlook: var[Outlook] = var(Outlook(), bindings=True)

    form = getters.query_one(PlanForm)
    verdict = getters.query_one("#verdict", Static)

    def compose(self) -> ComposeResult:
        yield PlanForm()
        yield Static(id="changes")
        yield Static(id="verdict")

    def on_mount(self) -> None:
        for name in ("choices", "clone"):
            self.watch(self.form, name, self._say_changes)

    def _say_changes(self) -> None:
        """Say what is not as it was for the job that is repeated."""
        line, found = self.query_one("#changes", Static), self.form.changed
        line.display = self.form.clone is not None
        words = "; ".join(f"{LABELS[name]} {old} → {new}" for name, (old, new) in found.items())
        said = f"* changed: {words}" if words else "As the job that is repeated."
        line.update(Content.styled(visible(said), "$warning" if words else "dim"))

    @property
    def choices(self) -> Choices:
        """What the form says."""
        return self.form.choices

    def fill(self, choices: Choices, models: Sequence[str] | None = None) -> None:
        """Show other choices, and say so."""
        self.form.fill(choices, self.form.models if models is None else models)
        self.post_message(PlanForm.Changed(choices))

    def watch_outlook(self, outlook: Outlook) -> None:
        found = outlook.found
        if found is not None and found.counts.rows:
            counts = found.counts
            self.form.expect(counts.rule.epochs.default(counts.trained), "by default")
        self.verdict.update(self._verdict(found.summary if found else None))

    def _verdict(self, summary: Summary | None) -> Content:
        """What the check found, in a line."""
        if summary is None:
            return Content("")
        where = with_keys(self, "see {go.datasets} {data.problems}")
        seen = "" if summary.decoded or not summary.images else "; pixels not decoded"
        return {
            "ok": Content.styled(f"✓ no problems found{seen}", "$success"),
            "warning": Content.styled(f"! warnings, {where}", "$warning"),
            "skip": Content.styled(f"⊘ rows will be skipped, {where}", "$warning"),
            "error": Content.styled(f"✗ would be rejected, {where}", "$error"),
        }[summary.status]

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "leave":
            return self.form.has_focus_within or None
        return action == "model" or self.outlook.estimate is not None or None

    @work
    async def action_model(self) -> None:
        """Have the name of a base model typed, which no list here may have."""
        hint = "as the provider calls it; a price that is not known has to be confirmed"
        ask = Ask("Train which base model?", value=self.choices.model, hints=[hint])
        if name := (await self.app.push_screen_wait(ask) or "").strip():
            with self.pane.reporting("Cannot train it"):
                await refuse_untrainable(self.session.profile.provider, name)
                self.fill(replace(self.choices, model=name))

    def action_leave(self) -> None:
        """Leave the field that is typed into, so that keys are commands again."""
        self.screen.set_focus(None)

    def action_epochs(self, by: int) -> None:
        if (estimate := self.outlook.estimate) is not None:
            now = self.choices.epochs or estimate.epochs
            self.fill(replace(self.choices, epochs=max(1, min(50, now + by))))

    def action_detail(self) -> None:
        following = DETAILS[(DETAILS.index(self.choices.detail) + 1) % len(DETAILS)]
        self.fill(replace(self.choices, detail=following))

    def action_validation(self) -> None:
        if self.choices.validation is None:
            self.pane.say("There is no validation file beside this dataset.")
        else:
            self.fill(replace(self.choices, validate=not self.choices.validate))
