"""What there is to say about jobs, in words: the same in the pane and on the command line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from tintype.jobs import (
    TOKEN,
    Bill,
    Blamed,
    Explanation,
    Moderation,
    Trouble,
    setting,
)
from tintype.metrics import Diagnosis, Metrics
from tintype.resources import Job
from tintype.store import KeptJob, Source
from tintype_tui.text import age, count, money, number, one_line

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

BILLS_WHAT_WAS_TRAINED: Mapping[str, str] = {"openai": "OpenAI", "azure": "Azure"}
"""Providers that say so of a job which is cancelled, by what they are called."""


def status_words(status: str) -> str:
    """A job's state with its mark, for a line of text."""
    return f"{STATUS_MARKS.get(status, '?')} {one_line(STATUS_WORDS.get(status, status))}"


def name_of(job: Job) -> str:
    """What a run is called."""
    return job.suffix or job.id[-6:]


def cancel_words(job: Job, provider: str) -> str:
    """What cancelling a job does, at its provider (`openai`, `azure`, `tintype`, another)."""
    if provider == "tintype":
        billed = "Nothing is billed: it runs on this machine."
    elif job.status in ("validating_files", "queued"):
        billed = "It has not begun to train, which is all that is billed."
    elif provider in BILLS_WHAT_WAS_TRAINED:
        billed = f"{BILLS_WHAT_WAS_TRAINED[provider]} bills what was trained until now."
    else:
        billed = "What was trained until now may be billed: this provider does not say."
    stops = f"{name_of(job)} stops for good; it cannot be resumed. Checkpoints made so far stay."
    return f"{stops}\n{billed}"


def pause_words(job: Job, provider: str) -> str:
    """What has come of pausing or resuming a job, as it stands then."""
    if job.status not in ("paused", "pausing"):
        return f"{name_of(job)} goes on."
    free = "the processor is free" if provider == "tintype" else "nothing is billed for training"
    return f"{name_of(job)} is paused: until it is resumed nothing is trained, and {free}."


def end_words(job: Job) -> str:
    """How a job has ended, and when: `cards has been cancelled, 3 min 10 s ago.`."""
    how = "been cancelled" if job.status == "cancelled" else one_line(job.status)
    when = f", {age(job.finished_at)}" if job.finished_at else ""
    return f"{one_line(name_of(job))} has {how}{when}."


STALE_S = 120.0
"""What is known of an unfinished job is old from then on."""


def heard_words(kept: KeptJob, now: datetime | None = None) -> str:
    """How old what is known of an unfinished job is, if it is old: `heard 3 h ago`."""
    now = now or datetime.now(UTC)
    if kept.job.ended or (now - kept.seen_at).total_seconds() < STALE_S:
        return ""
    number, unit = age(kept.seen_at, now).split()[:2]
    return f"heard {number} {unit} ago"


def remaining_s(metrics: Metrics) -> float | None:
    """Seconds to go, by the pace of the last steps; none if that cannot be said."""
    clock, total = metrics.clock, metrics.total_steps
    if not total or len(clock) < 5 or metrics.last_step >= total:
        return None
    (first_step, first_s), (last_step, last_s) = clock[-min(len(clock), 200)], clock[-1]
    if last_step <= first_step:
        return None
    return (total - last_step) * (last_s - first_s) / (last_step - first_step)


NOTHING_KNOWN = Diagnosis()


@dataclass(frozen=True, slots=True)
class Said:
    """A paragraph about trouble, or a row with what is wrong with it."""

    text: str
    style: str = ""
    """A colour of the theme without its `$`, or `dim`, `bold`."""
    row: Blamed | None = None


def told(trouble: Trouble) -> Iterator[Said]:
    """Everything about trouble, in the order to read it: code, cause, fix, rows."""
    if trouble.failure is not None:
        yield from _told_failure(trouble.failure, trouble.validation)
    for checks in trouble.checks:
        yield from _told_checks(checks)
    if trouble.left_out:
        yield Said(f"! {count(len(trouble.left_out), 'row')} left out:", "warning")
        yield from (_row(row, trouble.validation) for row in trouble.left_out)


def _told_failure(failure: Explanation, validation: str | None) -> Iterator[Said]:
    yield Said(f"✗ {failure.code or 'failed'}", "bold error")
    if failure.said:
        yield Said(f"“{failure.said}”", "dim")
    yield Said(failure.cause)
    yield Said(f"→ {failure.fix}", "success")
    yield from (_row(row, validation) for row in failure.rows)
    if failure.more:
        where = "more than are listed here" if failure.rows else "more"
        yield Said(f"and {failure.more:,} {where}: check the dataset to see all", "dim")


def _told_checks(checks: Moderation) -> Iterator[Said]:
    yield Said(checks.sentence, "error" if checks.advice else "")
    for one in checks.categories:
        if one.verdict == "flagged":
            words = f"{one.name}: {one.about}" if one.about else one.name
            yield Said(f"  ✗ {words}{f' ({one.enforcement})' if one.enforcement else ''}")
    if checks.advice:
        yield Said(f"→ {checks.advice}", "success")


def _row(row: Blamed, validation: str | None) -> Said:
    where = " of the validation file" if row.file == validation else ""
    fix = f" → {row.fix}" if row.fix else ""
    return Said(f"{row.place}{where}: {row.words}{fix}", row=row)


def bill_words(bill: Bill) -> str:
    """A bill beside what was expected: `150,000 tokens, $3.75; expected 300,000: …`."""
    if bill.billed_tokens is None:
        return "The provider does not report billed tokens."
    words = f"{count(bill.billed_tokens, 'token')}, {money(bill.cost_usd)}"
    if bill.cost_usd is None:
        words = f"{count(bill.billed_tokens, 'token')}, price unknown"
    if bill.off is None or bill.expected_tokens is None:
        return f"{words}; no estimate to compare with"
    if not bill.reasons:
        return f"{words}; as estimated"
    usd = f", {money(bill.expected_usd)}" if bill.expected_usd else ""
    side = f"{abs(bill.off):.0%} {'more' if bill.off > 0 else 'less'} than estimated"
    why = "; ".join(bill.reasons)
    return f"{words}; {side} ({number(bill.expected_tokens)}{usd}): {why}"


def facts(
    kept: KeptJob, bill: Bill | None = None, diagnosis: Diagnosis = NOTHING_KNOWN
) -> list[tuple[str, str]]:
    """All that is known of a job besides its curves: names and values, none of them empty."""
    job = kept.job
    rows = [
        ("billed", bill_words(bill) if bill is not None else ""),
        ("estimate", _promised(kept) if bill is None else ""),
        *(("trend", words) for words in diagnosis.courses),
        *(("suspicious", words) for words in diagnosis.warnings),
        ("base model", job.model),
        ("tuned model", job.fine_tuned_model or ""),
        *_settings(kept),
        ("seed", "" if job.seed is None else str(job.seed)),
        ("created", f"{job.created_at.astimezone():%d %b %Y %H:%M:%S}" if job.dated else "unknown"),
        (
            "finished",
            f"{job.finished_at.astimezone():%d %b %Y %H:%M:%S}" if job.finished_at else "",
        ),
        ("trained on", _origin(kept.made_from.training)),
        ("validated on", _origin(kept.made_from.validation)),
        ("training file", job.training_file),
        ("validation file", job.validation_file or ""),
        ("job", job.id),
        *((f"meta {key}", value) for key, value in job.metadata.items() if key != TOKEN),
    ]
    return [(name, value) for name, value in rows if value]


def _promised(kept: KeptJob) -> str:
    """What was estimated at launch."""
    promised = kept.made_from.estimate
    tokens, usd = promised.get("billed_tokens"), promised.get("cost_usd")
    words = f"{number(tokens)} tokens" if isinstance(tokens, int) else ""
    return f"{words}, {money(Decimal(str(usd)))}" if words and usd is not None else words


def _settings(kept: KeptJob) -> list[tuple[str, str]]:
    """`3 (auto)` where the provider chose, `3` where it was asked for."""
    chosen = kept.job.hyperparameters
    return [
        ("epochs", setting(kept, "n_epochs", chosen.n_epochs)),
        ("batch size", setting(kept, "batch_size", chosen.batch_size)),
        (
            "LR multiplier",
            setting(kept, "learning_rate_multiplier", chosen.learning_rate_multiplier),
        ),
        *((words_of(name), setting(kept, name, value)) for name, value in chosen.extra.items()),
    ]


def words_of(name: str) -> str:
    """A hyperparameter beyond the usual ones: `LoRA target modules`."""
    return name.replace("_", " ").replace("lora", "LoRA")


def _origin(source: Source | None) -> str:
    return f"{source.path}  (sha256 {source.digest[:12]}…)" if source is not None else ""
