"""A few lines about a job: what it is and where it stands; what to make of it.

The sentence of what to make of it is longer than a narrow terminal; there it has a second line,
always, so that nothing below it jumps.
"""

from datetime import UTC, datetime, timedelta

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tintype.jobs import JobProgress, explain
from tintype.metrics import Diagnosis
from tintype_tui.keys import key_of
from tintype_tui.text import age, clip, duration, number, visible
from tintype_tui.words.jobs import STATUS_COLORS, remaining_s, status_words

NARROW = 100
"""Cells; below, the sentence has two lines."""
TICK_S = 1.0
"""How often the age of the last news is shown again."""


class JobHeader(Widget):
    """What a glance should tell."""

    DEFAULT_CSS = """
    JobHeader { height: 2; padding: 0 1; background: $surface; }
    """

    progress: reactive[JobProgress | None] = reactive(None)
    diagnosis: reactive[Diagnosis] = reactive(Diagnosis())
    """What there is to make of its curves."""
    training_s: reactive[float | None] = reactive[float | None](None)
    """How long an ended job trained, without the queue."""
    origin: reactive[str] = reactive("")
    """Where its curves are from, if not from events alone, or why they are not here."""
    stopped: reactive[str] = reactive("")
    """Why the provider is not asked any more, if it should be."""
    looking: reactive[bool] = reactive(True)
    """Whether the provider is asked for news."""

    def __init__(self) -> None:
        super().__init__()
        self._next_look: datetime | None = None

    def on_resize(self) -> None:
        """Two lines for the sentence where one is too short; `max-height` may take one back."""
        self.styles.height = 3 if self.size.width < NARROW else 2

    def on_mount(self) -> None:
        """Ages grow while nothing else happens."""
        self.set_interval(TICK_S, self._tick)

    def _tick(self) -> None:
        if self.progress is not None and not self.progress.job.ended:
            self.refresh()

    def watch_progress(self, progress: JobProgress | None) -> None:
        """Note when the provider will be asked again."""
        wait_s = progress.next_look_s if progress else None
        self._next_look = datetime.now(UTC) + timedelta(seconds=wait_s) if wait_s else None

    def render(self) -> Content:
        if self.progress is None:
            return Content("")
        width = self.content_size.width
        sentence = self._sentence(self.progress)
        room = self.content_size.height - 1
        wrapped = sentence.wrap(width) if room > 1 else [sentence]
        if len(wrapped) > room:
            wrapped[room - 1 :] = [Content(" ").join(wrapped[room - 1 :])]
        lines = [self._standing(self.progress), *wrapped]
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)

    def _standing(self, progress: JobProgress) -> Content:
        job, metrics = progress.job, progress.metrics
        color = f"${STATUS_COLORS.get(job.status, 'foreground')}"
        words = [visible(job.suffix or job.id)]
        if metrics.total_steps:
            words.append(f"step {number(metrics.last_step)}/{number(metrics.total_steps)}")
        if (left := remaining_s(metrics)) is not None and job.status == "running":
            words.append(f"{duration(left)} left")
        if self.training_s is not None:
            words.append(f"trained {duration(self.training_s)}")
        chosen = job.hyperparameters
        words.append(f"epochs {chosen.n_epochs} · batch {chosen.batch_size}")
        words.append(visible(job.model))
        status = status_words(job.status)
        news = self._news(progress)
        room = self.content_size.width - cell_len(status)
        rest = clip("  " + " · ".join(words), room - cell_len(news) - bool(news))
        gap = " " * max(0, room - cell_len(rest) - cell_len(news))
        return (
            Content.styled(status, f"bold {color}")
            + Content(f"{rest}{gap}")
            + Content.styled(news, "dim" if self.looking and not self.stopped else "bold")
        )

    def _news(self, progress: JobProgress) -> str:
        """How old the last news is, or that none is asked for."""
        running = not progress.job.ended
        heard = f"heard {age(progress.fresh_at)}" if running and progress.fresh_at else ""
        asking = "" if self.looking else f"not asking, {key_of(self, 'jobs.look')} goes on"
        asking = "not asked any more" if self.stopped else asking
        origin = self.origin if progress.metrics.series else ""
        return " · ".join(filter(None, [asking, heard, origin]))

    def _sentence(self, progress: JobProgress) -> Content:
        """Trouble first, then what went wrong, what looks odd, and the trend."""
        if self.stopped:
            again = key_of(self, "jobs.refresh")
            return Content.styled(visible(f"! {self.stopped} {again} asks again."), "$error")
        if progress.trouble:
            return Content.styled(visible(progress.trouble + self._again()), "$warning")
        job = progress.job
        if (failure := explain(job)) is not None:
            code = f"{failure.code}: " if failure.code else ""
            return Content.styled(visible(f"✗ {code}{failure.cause}"), "$error")
        if self.diagnosis.warnings:
            return Content.styled(f"! {self.diagnosis.warnings[0]}", "$warning")
        trend = self.diagnosis.trend
        if job.fine_tuned_model:
            model = Content.styled(visible(job.fine_tuned_model), "$success")
            said = trend or visible(self.origin)
            return model + Content.styled(f" · {said}" if said else "", "dim")
        if job.ended and not trend:
            return Content.styled(visible(self.origin) or "It ended before its first step.", "dim")
        return Content.styled(trend or "waiting for the first step", "dim")

    def _again(self) -> str:
        """When the provider will be asked again."""
        if self._next_look is None:
            return ""
        left_s = (self._next_look - datetime.now(UTC)).total_seconds()
        return f" Asked again in {duration(left_s)}." if left_s >= 1 else " Asking again …"
