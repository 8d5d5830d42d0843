"""A job's checkpoints, one line each: the best marked, and those that may be gone."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from tintype.metrics import figure
from tintype.resources import Checkpoint
from tintype_tui.text import age, clip, one_line, pad
from tintype_tui.widgets.job_list import AGES_S
from tintype_tui.widgets.line_list import Line, LineList

JUDGED_BY = ("full_valid_loss", "valid_loss", "train_loss")
SHOWN = (
    ("full_valid_loss", "valid"),
    ("train_loss", "train"),
    ("full_valid_mean_iou", "IoU"),
    ("full_valid_mean_token_accuracy", "accuracy"),
)
"""Metrics of a checkpoint, in the order in which they find room."""
KEPT = 3
"""So many a provider keeps, the newest ones; OpenAI and the embedded one do."""


def best(checkpoints: Sequence[Checkpoint]) -> Checkpoint | None:
    """The checkpoint with the least loss, by the best measure that all of them have."""
    for name in JUDGED_BY:
        if checkpoints and all(name in checkpoint.metrics for checkpoint in checkpoints):
            return min(checkpoints, key=lambda checkpoint: checkpoint.metrics[name])
    return None


class CheckpointList(LineList):
    """Checkpoints by step."""

    BINDING_GROUP_TITLE = "Checkpoints"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy", tooltip="the checkpoint's name", id="checkpoints.copy"),
    ]

    checkpoints: var[Sequence[Checkpoint]] = var(())

    class Wanted(Message):
        """A checkpoint's name is to be copied."""

        def __init__(self, checkpoint: Checkpoint) -> None:
            super().__init__()
            self.checkpoint = checkpoint

    def on_mount(self) -> None:
        """Ages grow while nothing else happens."""
        self.set_interval(AGES_S, self.refresh)

    def watch_checkpoints(self, checkpoints: Sequence[Checkpoint]) -> None:
        self.total = len(checkpoints)
        self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing can be copied where there is none."""
        return None if action == "copy" and not self.total else True

    def action_copy(self) -> None:
        self.post_message(self.Wanted(self.checkpoints[self.cursor]))

    def item(self, index: int, width: int, style: Style) -> Line:
        checkpoint = self.checkpoints[index]
        is_best = checkpoint == best(self.checkpoints)
        gone = index < len(self.checkpoints) - KEPT
        step = "?" if checkpoint.step is None else checkpoint.step
        head = f" {'★' if is_best else ' '} step {step:>6}  "
        words = [
            f"{name} {figure(checkpoint.metrics[metric]):<7}"
            for metric, name in SHOWN
            if metric in checkpoint.metrics
        ]
        figures = "  ".join(words[: max(1, (width - 50) // 16)])
        note = "best" if is_best else ""
        if gone:
            note = "best, may be gone" if is_best else "may be gone"
        tail = f"  {note:<17}" if width > 60 else ""
        tail += f" {age(checkpoint.created_at):>15} " if width > 100 else ""
        rest = max(0, width - len(head) - len(figures) - len(tail) - 2)
        faded = style + Style(dim=gone and not style.bold)
        return [
            Segment(f"{head}{figures}  ", faded),
            Segment(pad(clip(one_line(checkpoint.model), rest), rest), faded),
            Segment(tail, style + Style(dim=not style.bold)),
        ]
