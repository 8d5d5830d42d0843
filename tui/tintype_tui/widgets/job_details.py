"""Everything else about a job: bill, trend, settings as asked and resolved, files, origin."""

from dataclasses import replace
from textwrap import wrap

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tintype.jobs import Bill
from tintype.metrics import Diagnosis
from tintype.resources import Job
from tintype.store import KeptJob, MadeFrom
from tintype_tui.text import clip, one_line, pad, visible
from tintype_tui.words.jobs import facts

_WIDEST = 20
"""Cells for the names: those of metadata may be of any length."""


class JobDetails(VerticalScroll, can_focus=True):
    """A table of what is known."""

    BINDING_GROUP_TITLE = "Details"
    ALLOW_MAXIMIZE = True

    DEFAULT_CSS = """
    JobDetails { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    job: reactive[Job | None] = reactive(None)
    kept: reactive[KeptJob | None] = reactive(None)
    """What the store knows beside: what the job was made from."""
    bill: reactive[Bill | None] = reactive(None)
    """Once the job has ended."""
    diagnosis: reactive[Diagnosis] = reactive(Diagnosis())
    """What there is to make of its curves."""

    def compose(self) -> ComposeResult:
        yield Static(id="details-text")

    def watch_job(self) -> None:
        self._draw()

    def watch_kept(self) -> None:
        self._draw()

    def watch_bill(self) -> None:
        self._draw()

    def watch_diagnosis(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.job is None or not self.is_mounted:
            return
        known = self.kept
        if known is None or known.job.id != self.job.id:
            known = KeptJob("", self.job, self.job.created_at, False, MadeFrom())
        rows = facts(replace(known, job=self.job), self.bill, self.diagnosis)
        width = min(_WIDEST, max(cell_len(one_line(name)) for name, _ in rows)) + 2
        room = max(20, self.scrollable_content_region.width - width)
        lines, before = [], ""
        for name, value in rows:
            for at, line in enumerate(wrap(visible(value), room)):
                head = pad(
                    clip(one_line(name), width - 2) if at == 0 and name != before else "", width
                )
                lines.append(Content.styled(head, "dim") + Content(line))
            before = name
        self.query_one(Static).update(Content("\n").join(lines))

    def on_resize(self) -> None:
        self._draw()
