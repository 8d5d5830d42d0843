"""What a trainer has reported, put in order for telling.

An engine reports the last step of an epoch, then validates, and reports the validation under the
same step. OpenAI tells both in one event, and events are never changed. So the last step of an
epoch is held back until something follows it. If what follows begins further back, the trainer was
killed in between and will report the step again: then it is passed over.
"""

from collections.abc import Sequence
from dataclasses import replace

from tintype.engines.base import Note, Report, Step
from tintype.engines.journal import JournalEntry


def settled(entries: Sequence[JournalEntry], epochs: int, *, ended: bool) -> Sequence[JournalEntry]:
    """The entries that can be reported now; those after the last of them are to be read again.

    Args:
        entries: In the order of the file.
        epochs: How many the training has.
        ended: Whether nothing will follow.
    """
    told: list[JournalEntry] = []
    for at, entry in enumerate(entries):
        if _join(told, entry):
            continue
        following = next(
            (one.report for one in entries[at + 1 :] if not isinstance(one.report, Note)), None
        )
        if not _closes_epoch(entry.report, epochs) or (ended and following is None):
            told.append(entry)
        elif following is None:
            break
        elif isinstance(entry.report, Step) and following.step >= entry.report.step:
            told.append(entry)
    return told


def _closes_epoch(report: Report, epochs: int) -> bool:
    if not isinstance(report, Step) or epochs < 1 or report.total_steps % epochs:
        return False
    return report.step % (report.total_steps // epochs) == 0


def _join(told: list[JournalEntry], entry: JournalEntry) -> bool:
    """Add a validation to the step that it followed, if that is what the entry is."""
    at = next((at for at in reversed(range(len(told))) if isinstance(told[at].report, Step)), -1)
    before, report = told[at].report if at >= 0 else None, entry.report
    if not isinstance(before, Step) or not isinstance(report, Step) or before.step != report.step:
        return False
    metrics = {**before.metrics, **report.metrics}
    told[at] = replace(told[at], report=replace(before, metrics=metrics))
    told[-1] = replace(told[-1], end=entry.end)
    return True
