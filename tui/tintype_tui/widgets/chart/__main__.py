"""A training that never ends, to try the chart on."""

import math
from dataclasses import replace
from random import Random
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer

from tintype.metrics import Metrics, fold
from tintype_tui.widgets.chart import ACCURACIES, ChartGrid, Panel, pins, traces


def invented(steps: range, seed: int = 7) -> list[dict[str, float]]:
    """Reports of a training: a falling loss, a validation that turns, a spike, a NaN, a pause."""
    reports: list[dict[str, float]] = []
    for step in steps:
        random = Random(seed * 1_000_003 + step)
        fall = 0.25 + 2.1 * math.exp(-step / 260)
        loss = fall * math.exp(random.gauss(0, 0.16)) * (4 if step % 1_111 == 600 else 1)
        report = {
            "step": step,
            "total_steps": 2_400,
            "time": 1_750_000_000 + step * 0.4 + (900 if step > 700 else 0),
            "train_loss": math.nan if step % 900 == 450 else loss,
            "train_mean_token_accuracy": 1 - 0.6 * fall / 2.4 + random.gauss(0, 0.02),
        }
        if step % 10 == 0 and not 820 < step < 940:
            report["valid_loss"] = fall * 1.12 + step * 1e-4 + random.gauss(0, 0.05)
        if step % 400 == 0:
            report["full_valid_loss"] = fall * 1.1 + (step / 2_000) ** 2 * 0.2
            report["full_valid_mean_token_accuracy"] = 0.95 - 0.55 * fall / 2.4
        reports.append(report)
    return reports


class Demo(App[None]):
    """Two charts of one training, which look at the same place."""

    CSS = "Chart { padding: 0 1; border: round $panel; } Chart:focus { border: round $primary; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("d", "toggle_dark", "Dark"),
    ]

    def __init__(self, steps: int = 800) -> None:
        super().__init__()
        self.metrics = replace(fold(invented(range(1, steps))), n_epochs=6)

    def compose(self) -> ComposeResult:
        """Loss and accuracy, which look at the same place."""
        yield ChartGrid()
        yield Footer()

    def on_mount(self) -> None:
        """Start the training."""
        self.show(self.metrics)
        self.set_interval(0.25, self.train)

    def train(self) -> None:
        """Take a few steps."""
        last = self.metrics.last_step
        self.metrics = fold(invented(range(last + 1, last + 4)), self.metrics)
        self.show(self.metrics)

    def show(self, metrics: Metrics) -> None:
        """Hand the metrics to the charts."""
        grid = self.query_one(ChartGrid)
        grid.pins = pins(metrics)
        grid.panels = [
            Panel("Loss", traces(metrics)),
            Panel("Accuracy", traces(metrics, ACCURACIES)),
        ]

    def action_toggle_dark(self) -> None:
        """From dark to light and back."""
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"


if __name__ == "__main__":
    Demo().run()
