"""What to train and how: a compact form that says every change at once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.validation import Number, Regex
from textual.widgets import Checkbox, Input, Label, Select

from tintype.tokens import DETAILS, Detail
from tintype_tui.text import one_line
from tintype_tui.widgets.choices import LABELS, Choices, changed
from tintype_tui.widgets.field import Field, Tick

HELP = {
    "epochs": "passes over the training set; empty: the provider chooses",
    "batch": "examples per step; empty: the provider chooses",
    "rate": "multiplies the usual learning rate; empty: the provider chooses",
    "suffix": "your own word in the name of the tuned model, at most 64 characters",
    "seed": "a whole number; the same seed repeats a training, as far as the provider supports it",
}


class PlanForm(VerticalScroll, can_focus=False):
    """Fields, one under the other."""

    BINDING_GROUP_TITLE = "Plan"

    DEFAULT_CSS = """
    PlanForm {
        layout: grid;
        grid-size: 2;
        grid-columns: 14 1fr;
        grid-rows: 1;
        grid-gutter: 0 1;
        padding: 0 0 0 1;
        Label { color: $foreground 70%; width: 100%; }
        Label.-changed { color: $warning; text-style: bold; }
        Input, Select { width: 100%; }
        Input.-invalid { color: $error; }
        Checkbox { border: none; padding: 0; background: transparent; height: 1; width: 100%; }
    }
    """

    choices: var[Choices] = var(Choices())
    models: var[Sequence[str]] = var(())
    clone: var[Choices | None] = var(None)
    """What a job that is repeated was launched with; what is chosen otherwise is marked."""
    extras: var[Mapping[str, Mapping[str, str]]] = var({})
    """For each base model that knows some: hyperparameters beyond the usual ones."""

    class Changed(Message):
        """Something was chosen."""

        def __init__(self, choices: Choices) -> None:
            super().__init__()
            self.choices = choices

    _WHOLE: ClassVar[dict[str, tuple[int, int]]] = {"epochs": (1, 50), "batch": (1, 256)}

    def compose(self) -> ComposeResult:
        yield self._label("model")
        yield Select[str]([], id="model", compact=True, allow_blank=True)
        yield self._label("epochs")
        yield self._whole("epochs")
        yield self._label("detail")
        yield Select[Detail](
            [(detail, detail) for detail in DETAILS],
            value="as is",
            id="detail",
            compact=True,
            allow_blank=False,
        )
        yield self._label("batch_size")
        yield self._whole("batch")
        yield self._label("learning_rate_multiplier")
        rate = Number(minimum=1e-6, failure_description="a number above 0")
        yield Field(
            placeholder="auto", id="rate", compact=True, validators=[rate], valid_empty=True
        )
        yield self._label("extra")
        word = Regex(r"\s*(\w+=\S+\s*)*", failure_description="name=value name=value")
        yield Field(placeholder="auto", id="extra", compact=True, validators=[word])
        yield self._label("suffix")
        word = Regex(r"[\w.-]{0,64}", failure_description="letters, digits, - and _, at most 64")
        yield Field(id="suffix", compact=True, validators=[word], valid_empty=True, max_length=64)
        yield self._label("seed")
        yield Field(placeholder="random", id="seed", compact=True, type="integer", valid_empty=True)
        yield self._label("validate")
        yield Tick("looking …", id="validate", compact=True, disabled=True)

    def _label(self, name: str) -> Label:
        return Label(LABELS[name], id=f"label-{name}")

    def _whole(self, id: str) -> Input:
        low, high = self._WHOLE[id]
        limits = Number(low, high, failure_description=f"{low} to {high}")
        return Field(
            placeholder="auto",
            id=id,
            compact=True,
            type="integer",
            validators=[limits],
            valid_empty=True,
        )

    def on_mount(self) -> None:
        for id, words in HELP.items():
            self.query_one(f"#{id}").tooltip = words

    # ------------------------------------------------------------------ from outside

    def fill(self, choices: Choices, models: Sequence[str]) -> None:
        """Show other choices; no message says so."""
        with self.prevent(Input.Changed, Select.Changed, Checkbox.Changed):
            names = list(dict.fromkeys([*models, *filter(None, [choices.model])]))
            model = self.query_one("#model", Select)
            model.set_options((Content(one_line(name)), name) for name in names)
            if choices.model:
                model.value = choices.model
            self.query_one("#detail", Select).value = choices.detail
            self._set("epochs", choices.epochs)
            self._set("batch", choices.batch_size)
            self._set("rate", choices.learning_rate_multiplier)
            self._set("seed", choices.seed)
            self._set("suffix", choices.suffix)
            self._set("extra", choices.extra)
            box = self.query_one("#validate", Tick)
            box.label = Content(
                one_line(choices.validation.name) if choices.validation else "none found"
            )
            box.value = choices.validate and choices.validation is not None
            box.disabled = choices.validation is None
        self.choices, self.models = choices, models

    @property
    def changed(self) -> dict[str, tuple[str, str]]:
        """What is chosen otherwise than for the job that is repeated."""
        return changed(self.clone, self.choices) if self.clone is not None else {}

    def watch_clone(self) -> None:
        self._mark_changes()

    def _mark_changes(self) -> None:
        for name in LABELS if self.is_mounted else ():
            label, is_changed = self.query_one(f"#label-{name}", Label), name in self.changed
            label.update(f"*{LABELS[name]}" if is_changed else LABELS[name])
            label.set_class(is_changed, "-changed")

    def watch_choices(self, choices: Choices) -> None:
        """Extras are there for the base models that know some."""
        self._mark_changes()
        known = self.extras.get(choices.model, {})
        self.query_one("#label-extra").display = bool(known)
        field = self.query_one("#extra")
        field.display = bool(known)
        field.tooltip = "\n".join(f"{name}: {words}" for name, words in known.items())

    def _set(self, id: str, value: object) -> None:
        self.query_one(f"#{id}", Input).value = "" if value is None else str(value)

    def expect(self, epochs: int, reason: str) -> None:
        """Say what the provider will choose where nothing is asked for."""
        self.query_one("#epochs", Input).placeholder = f"auto ({epochs})"
        self.query_one("#epochs", Input).tooltip = f"{HELP['epochs']} ({reason})"

    # ------------------------------------------------------------------ from the person

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.validation_result is not None and not event.validation_result.is_valid:
            return
        text = event.value.strip()
        match event.input.id:
            case "epochs":
                self._tell(epochs=int(text) if text else None)
            case "batch":
                self._tell(batch_size=int(text) if text else None)
            case "rate":
                self._tell(learning_rate_multiplier=float(text) if text else None)
            case "extra":
                self._tell(extra=text)
            case "suffix":
                self._tell(suffix=text)
            case "seed" if not text or text.isdecimal():
                self._tell(seed=int(text) if text else None)

    @on(Select.Changed)
    def _selected(self, event: Select.Changed) -> None:
        if isinstance(event.value, str):
            self._tell(**{event.select.id or "": event.value})

    @on(Checkbox.Changed)
    def _checked(self, event: Checkbox.Changed) -> None:
        self._tell(validate=event.value)

    def _tell(self, **changes: object) -> None:
        choices = replace(self.choices, **changes)  # type: ignore[arg-type]
        self.choices = choices if choices.model in self.extras else replace(choices, extra="")
        self.post_message(self.Changed(self.choices))
