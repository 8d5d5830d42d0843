"""Everything else about a job: settings as asked and as resolved, files, origin, bill."""

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tintype.resources import Job
from tintype.store import KeptJob
from tintype_tui.text import number, visible


class JobDetails(VerticalScroll, can_focus=True):
    """A table of what is known."""

    DEFAULT_CSS = """
    JobDetails { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    job: reactive[Job | None] = reactive(None)
    kept: reactive[KeptJob | None] = reactive(None)
    """What the store knows beside: what the job was made from."""

    def compose(self) -> ComposeResult:
        yield Static(id="details-text")

    def watch_job(self) -> None:
        self._draw()

    def watch_kept(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.job is None or not self.is_mounted:
            return
        rows = [row for row in self._rows(self.job) if row[1]]
        width = max(len(name) for name, _ in rows)
        self.query_one(Static).update(
            Content("\n").join(
                Content.styled(f"{name:<{width}}  ", "dim") + Content(visible(value))
                for name, value in rows
            )
        )

    def _rows(self, job: Job) -> list[tuple[str, str]]:
        chosen = job.hyperparameters
        rows = [
            ("job", job.id),
            ("base model", job.model),
            ("tuned model", job.fine_tuned_model or ""),
            ("epochs", self._resolved("n_epochs", chosen.n_epochs)),
            ("batch size", self._resolved("batch_size", chosen.batch_size)),
            (
                "learning rate ×",
                self._resolved("learning_rate_multiplier", chosen.learning_rate_multiplier),
            ),
            ("seed", "" if job.seed is None else str(job.seed)),
            ("training file", job.training_file),
            ("validation file", job.validation_file or ""),
            ("trained tokens", "" if job.trained_tokens is None else number(job.trained_tokens)),
            ("created", f"{job.created_at.astimezone():%d %b %Y %H:%M:%S}"),
            (
                "finished",
                f"{job.finished_at.astimezone():%d %b %Y %H:%M:%S}" if job.finished_at else "",
            ),
        ]
        if job.failure is not None:
            rows.append(("failure", f"{job.failure.code}: {job.failure.message}"))
        return rows + self._origin()

    def _resolved(self, name: str, value: float | str) -> str:
        """`3 (auto)` where the provider chose, `3` where it was asked for."""
        asked = self.kept.made_from.request.get("hyperparameters", {}) if self.kept else {}
        was_auto = isinstance(asked, dict) and asked.get(name, "auto") == "auto"
        return f"{value} (auto)" if was_auto and value != "auto" else str(value)

    def _origin(self) -> list[tuple[str, str]]:
        if self.kept is None:
            return []
        made = self.kept.made_from
        rows = []
        for name, source in (("trained on", made.training), ("validated on", made.validation)):
            if source is not None:
                rows.append((name, f"{source.path}  (sha256 {source.digest[:12]}…)"))
        if made.estimate:
            said = ", ".join(f"{key} {value}" for key, value in made.estimate.items())
            rows.append(("estimate", said))
        return rows
