"""Jobs, one line each: state as shape and word, model, data, age."""

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.resources import Job
from tintype_tui.text import age, clip, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList

STATUS_MARKS: Mapping[str, str] = {
    "validating_files": "◔",
    "queued": "◌",
    "running": "◐",
    "pausing": "‖",
    "paused": "‖",
    "succeeded": "●",
    "failed": "✗",
    "cancelled": "⊘",
}

STATUS_COLORS: Mapping[str, str] = {
    "running": "primary",
    "succeeded": "success",
    "failed": "error",
    "cancelled": "warning",
    "paused": "warning",
}

STATUS_WORDS: Mapping[str, str] = {"validating_files": "validating"}


def status_words(status: str) -> str:
    """A job's state with its mark, for a line of text."""
    return f"{STATUS_MARKS.get(status, '?')} {one_line(STATUS_WORDS.get(status, status))}"


class JobList(LineList):
    """The jobs of the provider in use."""

    BINDING_GROUP_TITLE = "Jobs"

    jobs: var[Sequence[Job]] = var(())
    notes: var[Mapping[str, str]] = var({})
    """Job id → a few words on its progress."""

    def watch_jobs(self, jobs: Sequence[Job]) -> None:
        self.total = len(jobs)
        self.refresh()

    def watch_notes(self) -> None:
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        job = self.jobs[index]
        color = self.app.theme_variables[STATUS_COLORS.get(job.status, "foreground")]
        tint = style if style.bgcolor and style.bold else style + Style(color=color)
        words = pad(status_words(job.status), 13)
        when = age(job.finished_at or job.created_at)
        note = self.notes.get(job.id, "")
        tail = f" {clip(note, 18):>18}" if note and width > 60 else ""
        tail += f" {when:>15}" if width > 44 else ""
        name = one_line(job.suffix or job.fine_tuned_model or job.id)
        rest = max(0, width - 13 - len(tail) - 1)
        model = f" {one_line(job.model)}" if width > 70 else ""
        return [
            Segment(" " + words, tint),
            Segment(pad(f"{name}{model}", rest), style),
            Segment(tail, style + Style(dim=not style.bold)),
        ]
