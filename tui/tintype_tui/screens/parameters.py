"""How models are asked: temperature, top-p, longest answer, seed, detail."""

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.validation import Number
from textual.widgets import Input, Label, Select, Static

from tintype.prompting import Parameters
from tintype_tui.screens.dialogs import Dialog
from tintype_tui.widgets.field import Field

_LIMITS = {"temperature": (0.0, 2.0), "top_p": (0.0, 1.0), "max_tokens": (1, 1_000_000)}


class AskParameters(Dialog[Parameters | None]):
    """A small form; an empty field leaves it to the provider."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="parameters.back"),
    ]

    def __init__(self, parameters: Parameters) -> None:
        super().__init__()
        self._parameters = parameters

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Parameters", classes="dialog-title")
            with Grid(id="parameters"):
                for name in ("temperature", "top_p", "max_tokens", "seed"):
                    yield Label(name.replace("_", " "))
                    yield self._field(name)
                yield Label("detail")
                yield Select[str](
                    [(word, word) for word in ("auto", "low", "high")],
                    value=self._parameters.detail,
                    compact=True,
                    allow_blank=False,
                )
            yield Static(
                "empty: the provider chooses · Enter keeps · Esc goes back", classes="hint"
            )

    def _field(self, name: str) -> Input:
        value = getattr(self._parameters, name)
        limits = [Number(*_LIMITS[name])] if name in _LIMITS else []
        return Field(
            "" if value is None else f"{value:g}",
            id=name,
            compact=True,
            type="number" if name in ("temperature", "top_p") else "integer",
            validators=limits,
            valid_empty=True,
        )

    def on_input_submitted(self) -> None:
        """Keep what is written, if all of it can be."""
        changes: dict[str, object] = {"detail": self.query_one(Select).value}
        for name, kind in (
            ("temperature", float),
            ("top_p", float),
            ("max_tokens", int),
            ("seed", int),
        ):
            field = self.query_one(f"#{name}", Input)
            result = field.validate(field.value)
            if result is not None and not result.is_valid:
                field.focus()
                self.app.bell()
                return
            changes[name] = kind(field.value) if field.value else None
        self.dismiss(replace(self._parameters, **changes))  # type: ignore[arg-type]
