"""An estimate as a page of Markdown, for whoever signs it off."""

from datetime import date

from tintype.jobs import Prospects
from tintype.quote import Quote
from tintype_tui.text import count, number, size
from tintype_tui.words.costs import cost_words, time_words, tokens_words
from tintype_tui.words.prospects import learnt_words, upload_words
from tintype_tui.words.tables import Table, as_markdown


def estimate_markdown(made: Quote, prospects: Prospects, today: date) -> str:
    """A page: what is trained on what, the cost, its reasons, and what answers will cost."""
    estimate, file = made.estimate, made.assessment.file
    model, title = estimate.plan.model, made.assessment.rules.title
    reasons = tuple((reason,) for reason in estimate.reasons)
    tables = [
        Table(f"{file.path.name}, {size(file.size_bytes)}, on {today}", ("", ""), _facts(made)),
        Table("Expected", ("", ""), _expected(made, prospects)),
        Table("Reasons", ("",), reasons),
    ]
    if prospects.request is not None and prospects.answers:
        tokens = count(prospects.request.prompt_tokens, "token")
        title_of = f"A request of {tokens} in and {prospects.request.answer_tokens:,} out"
        rows = tuple(
            (one.model, f"${one.base_usd:.6f}", f"${one.tuned_usd:.6f}", _requests(one.requests))
            for one in prospects.answers
        )
        columns = ("base model", "its answers", "the tuned model's", "pays after")
        tables.append(Table(title_of, columns, rows))
    return as_markdown(tables, f"Training {model} at {title}: {cost_words(estimate)}")


def _facts(made: Quote) -> tuple[tuple[str, str], ...]:
    estimate = made.estimate
    rows = [
        ("cost", cost_words(estimate)),
        ("billed tokens", tokens_words(estimate.billed_tokens)),
        ("tokens per epoch", tokens_words(estimate.tokens_per_epoch)),
        ("of them text", tokens_words(estimate.text_tokens)),
        ("of them images", tokens_words(estimate.image_tokens)),
        ("epochs", f"{estimate.epochs}, {estimate.epochs_reason}"),
        ("rows", f"{number(estimate.rows)}, {number(estimate.skipped)} more are skipped"),
        ("images", number(estimate.images)),
    ]
    price = estimate.price
    if price is None or price.usd_per_million is None:
        return (*rows, ("price", "unknown" if price is None else "not by tokens"))
    said = f"{price.source}, {price.as_of}, {price.confidence}"
    return (*rows, ("price", f"${price.usd_per_million:f} per million tokens: {said}"))


def _expected(made: Quote, prospects: Prospects) -> tuple[tuple[str, str], ...]:
    estimate = made.estimate
    rows = [("upload", upload_words(estimate.upload_bytes, prospects.upload))]
    if prospects.forecast is not None:
        rows.append(("time", time_words(prospects.forecast)))
    if prospects.learnt is not None:
        rows.append(("bills before", learnt_words(prospects.learnt, estimate)))
    for end, words in (
        (estimate.training_end, "no new jobs from"),
        (estimate.shutdown, "the tuned model stops answering on"),
    ):
        if end is not None:
            rows.append((words, str(end.date)))
    return tuple(rows)


def _requests(requests: int | None) -> str:
    return "never by price" if requests is None else count(requests, "request")
