"""Estimates, offers, launches and what was spent, in words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tintype_tui.text import count, duration, money, number, size

if TYPE_CHECKING:
    from tintype.budget import Demand
    from tintype.estimation import Estimate, Forecast
    from tintype.jobs import LaunchProgress
    from tintype.offers import Offer
    from tintype.prompting import Foreseen, SessionSpending
    from tintype.store import Spent
    from tintype.tokens import Range


def cost_words(estimate: "Estimate", *, doubts: bool = True) -> str:
    """The cost in a few words: `$11.98`, `$4.33 to $5.10`, `free`, `cost unknown`.

    With `doubts`, a price that the provider does not confirm is said to be such: `$0.24
    unconfirmed`; a list says it in a column of its own (`verdict_words`).
    """
    cost, price = estimate.cost_usd, estimate.price
    if cost is None:
        return "cost unknown"
    doubt = " unconfirmed" if doubts and price is not None and price.unconfirmed else ""
    if cost.low == cost.high or money(cost.low) == money(cost.high):
        return money(cost.likely) + doubt
    return f"{money(cost.low)} to {money(cost.high)}{doubt}"


def time_words(forecast: "Forecast") -> str:
    """How long a training takes: `about 2 min 40 s`, `8 min to 16 min`, `time unknown`.

    And what it needs, where that is known: `…, 9 GB of memory, $1.20 for the machine`.
    """
    needed = forecast.memory_bytes
    also = [] if needed is None else [f"{size(needed)} or more of memory{_each(forecast)}"]
    if forecast.machine_usd is not None:
        also.append(f"{money(forecast.machine_usd)} for the machine")
    return ", ".join([_time_words(forecast), *also])


def _each(forecast: "Forecast") -> str:
    sharing = forecast.processes
    if sharing is None:
        return " for each GPU"
    return f" for each of {sharing} processes" if sharing > 1 else ""


def _time_words(forecast: "Forecast") -> str:
    low_s, likely_s, high_s = forecast.low_s, forecast.likely_s, forecast.high_s
    if low_s is None or likely_s is None or high_s is None:
        return "time unknown"
    if high_s < 1:
        return "less than a second"
    if high_s <= 1.25 * low_s or high_s - low_s < 2:
        return f"about {duration(likely_s)}"
    return f"{duration(low_s)} to {duration(high_s)}"


def tokens_words(tokens: "Range") -> str:
    """A likely number, and the bounds where they differ."""
    if tokens.low == tokens.high:
        return number(tokens.likely)
    return f"{number(tokens.likely)} ({number(tokens.low)} to {number(tokens.high)})"


def verdict_words(offer: "Offer", *, doubts: bool = True) -> str:
    """What a provider would say to a dataset, in a few words.

    With `doubts`, also that its price is unconfirmed; where there is no room, `?` stands behind the
    price instead.
    """
    summary, price = offer.summary, offer.estimate.price
    doubt = doubts and price is not None and price.unconfirmed
    words = {
        "error": "would be rejected",
        "skip": f"{count(summary.skipped, 'row')} skipped",
        "warning": "warnings",
    }.get(summary.status, "as it is")
    return f"{words}, price unconfirmed" if doubt else words


def offer_words(offer: "Offer") -> list[str]:
    """What there is to know of an offer besides its sum, a line each."""
    estimate, lines = offer.estimate, []
    if offer.summary.counts:
        found = ", ".join(f"{c.rule} ({c.total:,})" for c in offer.summary.counts)
        lines.append(f"Problems: {found}.")
    for end, words in (
        (estimate.training_end, "no new jobs"),
        (estimate.shutdown, "the tuned model stops answering"),
    ):
        if end is not None:
            lines.append(f"{end.date:%d %b %Y}: {words}.")
    tokens, epochs = estimate.tokens_per_epoch.likely, count(estimate.epochs, "epoch")
    lines.append(f"{tokens:,} tokens × {epochs} ({estimate.epochs_reason}).")
    if (answers := estimate.inference) is not None and answers.input_usd and answers.output_usd:
        lines.append(
            f"Answers of the tuned model: {money(answers.input_usd)} in and "
            f"{money(answers.output_usd)} out per million tokens."
        )
    if (hosting := estimate.hosting) is not None and hosting.usd_per_hour:
        hour = hosting.usd_per_hour
        lines.append(
            f"Hosting: {money(hour)} an hour, {money(hour * 730)} a month, even when idle."
        )
    rules = offer.profile
    lines += estimate.reasons
    lines.append(f"Rules: {rules.source} ({rules.as_of}; {rules.confidence}).")
    return lines


def spent_words(spent: "Spent") -> str:
    """`$12.30`, `$12.30 ($4.00 of it expected) and 2 costs not known`, `free`."""
    words = money(spent.known_usd)
    if spent.expected_usd:
        words += f" ({money(spent.expected_usd)} of it expected)"
    if spent.unknown:
        words += f" and {count(spent.unknown, 'cost')} not known"
    return words


def launch_words(progress: "LaunchProgress") -> str:
    """A launch under way, in a line."""
    if progress.file is None or progress.upload is None:
        return "creating the job"
    sent = progress.upload
    words = f"{sent.phase} {progress.file.name}: {size(sent.sent_bytes)} of {size(sent.size_bytes)}"
    return f"{words} {sent.trouble}".rstrip()


def asking_words(foreseen: Sequence["Foreseen"], session: "SessionSpending") -> str:
    """What asking now would cost, and what was spent so far; empty where both are nothing."""
    from tintype.prompting import total

    likely, _, unknown = total(foreseen)
    return " · ".join(
        filter(
            None,
            [
                f"asking: about {money(likely)}" if likely else "",
                f"cost of {count(unknown, 'model')} unknown" if unknown else "",
                _spent_words(session),
                f"{count(session.unknown, 'answer')} of unknown cost" if session.unknown else "",
            ],
        )
    )


def _spent_words(session: "SessionSpending") -> str:
    if session.cap_usd is not None:
        return f"{money(session.spent_usd)} of {money(session.cap_usd)} spent"
    return f"{money(session.spent_usd)} spent" if session.spent_usd else ""


def consent_words(
    foreseen: Sequence["Foreseen"], session: "SessionSpending", demand: "Demand | None" = None
) -> str:
    """What to tell a person who must agree to what a question may cost."""
    from tintype.prompting import total

    likely, most, unknown = total(foreseen)
    if not most and unknown:
        words = "The cost of this question is unknown: there is no price for "
        words += f"{count(unknown, 'model')}. `prices` in the configuration can name one."
    else:
        words = f"This question costs about {money(likely)}, at most {money(most)}"
        words += f", and what {count(unknown, 'model')} takes is unknown." if unknown else "."
    if demand is not None and demand.by_typing:
        words += f" {demand.why}"
    if session.spent_usd:
        words += f" {money(session.spent_usd)} spent in this session so far."
    return words
