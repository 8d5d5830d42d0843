"""A job's checkpoints, one line each, the best marked."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.metrics import figure
from tintype.resources import Checkpoint
from tintype_tui.text import age, clip, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList

JUDGED_BY = ("full_valid_loss", "valid_loss", "train_loss")


def best(checkpoints: Sequence[Checkpoint]) -> Checkpoint | None:
    """The checkpoint with the least loss, by the best measure that all of them have."""
    for name in JUDGED_BY:
        if checkpoints and all(name in checkpoint.metrics for checkpoint in checkpoints):
            return min(checkpoints, key=lambda checkpoint: checkpoint.metrics[name])
    return None


class CheckpointList(LineList):
    """Checkpoints by step."""

    BINDING_GROUP_TITLE = "Checkpoints"

    checkpoints: var[Sequence[Checkpoint]] = var(())

    def watch_checkpoints(self, checkpoints: Sequence[Checkpoint]) -> None:
        self.total = len(checkpoints)
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        checkpoint = self.checkpoints[index]
        star = "★" if checkpoint == best(self.checkpoints) else " "
        loss = next(
            (
                f"{words} {figure(checkpoint.metrics[name])}"
                for name, words in zip(JUDGED_BY, ("valid", "valid", "train"), strict=True)
                if name in checkpoint.metrics
            ),
            "",
        )
        head = f" {star} step {checkpoint.step:>6}  {loss:<16}"
        tail = f"{age(checkpoint.created_at):>15} " if width > 80 else ""
        rest = max(0, width - len(head) - len(tail))
        return [
            Segment(head, style),
            Segment(pad(clip(one_line(checkpoint.model), rest), rest), style),
            Segment(tail, style + Style(dim=not style.bold)),
        ]
