"""Jobs, one line each: state as shape and word, name, model, data, cost, age."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.reactive import var

from tintype.resources import Job
from tintype_tui.text import age, clip, one_line, pad
from tintype_tui.widgets.line_list import Line, LineList
from tintype_tui.words.jobs import STATUS_COLORS, status_words

AGES_S = 5.0
"""How often ages are shown again."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of a job besides itself."""

    data: str = ""
    """The dataset it was made from."""
    cost: str = ""
    """What it cost, or is expected to."""
    profile: str = ""
    """Whose it is, if not of the profile in use."""
    heard: str = ""
    """How old what is known of it is, if it has not ended and that is old."""
    pinned: bool = False
    tags: tuple[str, ...] = ()


class JobList(LineList):
    """The jobs of the provider in use."""

    BINDING_GROUP_TITLE = "Jobs"

    jobs: var[Sequence[Job]] = var(())
    beside: var[Mapping[str, Beside]] = var({})
    """By a job's id."""
    slots: var[Mapping[str, int]] = var({})
    """The looks of the jobs whose curves are drawn over each other, by id."""

    def on_mount(self) -> None:
        """Ages grow while nothing else happens."""
        self.set_interval(AGES_S, self.refresh)

    def watch_jobs(self, jobs: Sequence[Job]) -> None:
        self.total = len(jobs)
        self.refresh()

    def watch_beside(self) -> None:
        self.refresh()

    def watch_slots(self) -> None:
        self.refresh()

    def item(self, index: int, width: int, style: Style) -> Line:
        job = self.jobs[index]
        color = self.app.theme_variables[STATUS_COLORS.get(job.status, "foreground")]
        under = bool(style.bgcolor and style.bold)
        tint = style if under else style + Style(color=color)
        words = pad(status_words(job.status), 13)
        columns = self._columns(job, width)
        name = self._called(job)
        rest = max(0, width - 14 - 2 * bool(self.slots) - sum(map(cell_len, columns)))
        return [
            Segment(" " + words, tint),
            *self._mark(job, style, under),
            Segment(pad(name, rest), style),
            Segment("".join(columns), style + Style(dim=not style.bold)),
        ]

    def _called(self, job: Job) -> str:
        """What a job is called, whose it is, and what a person says of it."""
        beside = self.beside.get(job.id, Beside())
        name = job.suffix or job.fine_tuned_model or job.id
        whose = f"{beside.profile}: " if beside.profile else ""
        tags = "".join(f" #{tag}" for tag in beside.tags)
        return one_line(f"{'* ' if beside.pinned else ''}{whose}{name}{tags}")

    def _mark(self, job: Job, style: Style, under: bool) -> Line:
        """The mark of the job's curve, where several are drawn."""
        if not self.slots:
            return []
        slot = self.slots.get(job.id)
        if slot is None:
            return [Segment("  ", style)]
        # Home has this list, too, and no charts.
        from tintype_tui.widgets.chart.palette import UNICODE, curve_styles

        mark = UNICODE.marks[slot % len(UNICODE.marks)]
        return [Segment(f"{mark} ", style if under else curve_styles(self, slot, style)[1])]

    def _columns(self, job: Job, width: int) -> list[str]:
        """What else there is room for, the most telling first to come and last to go."""
        beside = self.beside.get(job.id, Beside())
        columns = [f" {beside.heard or _when(job):>11}"] if width > 36 else []
        if width > 48 and self.beside:
            columns.insert(0, f" {clip(beside.cost, 7):>7}")
        if width > 60:
            columns.insert(0, f" {pad(one_line(job.model), 13)}")
        if width > 75 and self.beside:
            columns.insert(1, f" {pad(one_line(beside.data), 14)}")
        return columns


def _when(job: Job) -> str:
    """How long ago a job ended, or was made: to one unit, `12 min ago`."""
    words = age(job.finished_at or job.created_at).split()
    return " ".join([*words[:2], "ago"]) if words[-1] == "ago" else " ".join(words)
