"""Everything else about a job: bill, trend, settings as asked and resolved, files, origin."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from tintype.jobs import Bill, setting
from tintype.resources import Job
from tintype.store import KeptJob, MadeFrom
from tintype_tui.text import number, visible
from tintype_tui.widgets.job_words import bill_words


class JobDetails(VerticalScroll, can_focus=True):
    """A table of what is known."""

    BINDING_GROUP_TITLE = "Details"

    DEFAULT_CSS = """
    JobDetails { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """

    job: reactive[Job | None] = reactive(None)
    kept: reactive[KeptJob | None] = reactive(None)
    """What the store knows beside: what the job was made from."""
    bill: reactive[Bill | None] = reactive(None)
    """Once the job has ended."""
    remarks: reactive[Sequence[str]] = reactive(())
    """What there is to say about its curves."""

    def compose(self) -> ComposeResult:
        yield Static(id="details-text")

    def watch_job(self) -> None:
        self._draw()

    def watch_kept(self) -> None:
        self._draw()

    def watch_bill(self) -> None:
        self._draw()

    def watch_remarks(self) -> None:
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
        trend = [("trend" if at == 0 else "", words) for at, words in enumerate(self.remarks)]
        rows = [*self._money(job), *trend]
        rows += [
            ("base model", job.model),
            ("tuned model", job.fine_tuned_model or ""),
            *self._settings(job),
            ("seed", "" if job.seed is None else str(job.seed)),
            ("created", f"{job.created_at.astimezone():%d %b %Y %H:%M:%S}"),
        ]
        if job.finished_at:
            rows.append(("finished", f"{job.finished_at.astimezone():%d %b %Y %H:%M:%S}"))
        rows += [
            *self._origin(),
            ("training file", job.training_file),
            ("validation file", job.validation_file or ""),
            ("job", job.id),
        ]
        rows += [(f"metadata {key}", value) for key, value in job.metadata.items()]
        return rows

    def _money(self, job: Job) -> list[tuple[str, str]]:
        """What was billed beside what was expected; before the end what is expected."""
        if self.bill is not None:
            return [("billed", bill_words(self.bill))]
        promised = self.kept.made_from.estimate if self.kept is not None else {}
        tokens, usd = promised.get("billed_tokens"), promised.get("cost_usd")
        words = f"{number(tokens)} tokens" if isinstance(tokens, int) else ""
        if words and usd is not None:
            words += f", ${usd}" if str(usd) not in ("0", "0.00") else ", free"
        return [("estimate", words)]

    def _settings(self, job: Job) -> list[tuple[str, str]]:
        """`3 (auto)` where the provider chose, `3` where it was asked for."""
        kept, chosen = self.kept, job.hyperparameters
        named = {
            "epochs": ("n_epochs", chosen.n_epochs),
            "batch size": ("batch_size", chosen.batch_size),
            "learning rate ×": ("learning_rate_multiplier", chosen.learning_rate_multiplier),
        }
        return [
            (words, setting(kept, name, value) if kept is not None else str(value))
            for words, (name, value) in named.items()
        ]

    def _origin(self) -> list[tuple[str, str]]:
        made = self.kept.made_from if self.kept is not None else MadeFrom()
        return [
            (name, f"{source.path}  (sha256 {source.digest[:12]}…)")
            for name, source in (("trained on", made.training), ("validated on", made.validation))
            if source is not None
        ]
