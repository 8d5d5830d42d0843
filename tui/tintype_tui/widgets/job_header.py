"""Two lines about a job: what it is and where it stands; what to make of it."""

from datetime import UTC, datetime

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tintype.jobs import JobProgress
from tintype.metrics import Metrics, describe, suspicions
from tintype_tui.text import age, clip, duration, number, visible
from tintype_tui.widgets.job_list import STATUS_COLORS, status_words


def remaining_s(metrics: Metrics) -> float | None:
    """Seconds to go, by the pace of the last steps; none if that cannot be said."""
    clock, total = metrics.clock, metrics.total_steps
    if not total or len(clock) < 5 or metrics.last_step >= total:
        return None
    (first_step, first_s), (last_step, last_s) = clock[-min(len(clock), 200)], clock[-1]
    if last_step <= first_step:
        return None
    return (total - last_step) * (last_s - first_s) / (last_step - first_step)


class JobHeader(Widget):
    """What a glance should tell."""

    DEFAULT_CSS = """
    JobHeader { height: 2; padding: 0 1; background: $surface; }
    """

    progress: reactive[JobProgress | None] = reactive(None)

    def render(self) -> Content:
        if self.progress is None:
            return Content("")
        return Content("\n").join([self._standing(self.progress), self._sense(self.progress)])

    def _standing(self, progress: JobProgress) -> Content:
        job, metrics = progress.job, progress.metrics
        color = f"${STATUS_COLORS.get(job.status, 'foreground')}"
        words = [visible(job.suffix or job.id)]
        if metrics.total_steps:
            words.append(f"step {number(metrics.last_step)}/{number(metrics.total_steps)}")
        if (left := remaining_s(metrics)) is not None and job.status == "running":
            words.append(f"{duration(left)} left")
        if job.finished_at is not None:
            words.append(f"took {duration((job.finished_at - job.created_at).total_seconds())}")
        chosen = job.hyperparameters
        words.append(f"epochs {chosen.n_epochs} · batch {chosen.batch_size}")
        words.append(visible(job.model))
        status = status_words(job.status)
        rest = clip("  " + " · ".join(words), self.content_size.width - len(status))
        return Content.styled(status, f"bold {color}") + Content(rest)

    def _sense(self, progress: JobProgress) -> Content:
        """Trouble first, then what went wrong, what looks odd, and the trend."""
        job, series = progress.job, progress.metrics.series
        if progress.trouble:
            seen = f" Last heard {age(progress.fresh_at)}." if progress.fresh_at else ""
            return Content.styled(visible(progress.trouble + seen), "$warning")
        if job.failure is not None:
            return Content.styled(visible(f"{job.failure.code}: {job.failure.message}"), "$error")
        for name in ("train_loss", "full_valid_loss"):
            if name in series and (odd := suspicions(series[name])):
                return Content.styled(f"! {odd[0].sentence}", "$warning")
        if job.fine_tuned_model:
            return Content.styled(visible(job.fine_tuned_model), "$success")
        judged = series.get("full_valid_loss") or series.get("train_loss")
        if judged is not None and len(judged):
            return Content.styled(describe(judged), "dim")
        fresh = progress.fresh_at or datetime.now(UTC)
        return Content.styled(f"waiting for the first step · heard {age(fresh)}", "dim")
