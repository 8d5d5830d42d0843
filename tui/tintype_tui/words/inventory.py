"""The inventory as sentences and tables: when things end, who says so, what to do by which day."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from tintype_tui.text import age, count, duration, money, one_line, size, visible
from tintype_tui.words.tables import Table

if TYPE_CHECKING:
    from tintype.inventory import (
        DeadlineWarning,
        End,
        GoldenCost,
        Inventory,
        InventoryItem,
        Node,
        PlanByDate,
        RetrainingStep,
    )

SOURCES = {
    "api": "the provider's API",
    "api, base model": "the provider's API, for its base",
    "your table": "your own table",
    "table": "Tintype's dated table",
}
SIGNS = {"answers": "✓", "gone": "✗", "unknown": "?"}
"""Whether a model answers, by mark; a word stands beside each."""
NO_USE = "nothing known"
MOST_NAMED = 4
MOST_TROUBLES = 3
COLUMNS = (
    "kind", "name", "profile", "id", "state", "reachable", "ends", "days left", "source", "base",
    "bytes", "input $/M", "output $/M", "billed $", "used by", "orphan", "note",
)  # fmt: skip


def trouble_lines(troubles: Sequence[tuple[str, str]], width: int, rows: int) -> list[str]:
    """Which lists could not be read and why, whole as far as there are `rows` for it."""
    shown, lines = troubles[:MOST_TROUBLES], list[str]()
    most = max(2, rows // max(1, len(shown)))
    for profile, why in shown:
        words = f"! {profile}: {visible(why)}"
        lines += wrap(words, max(20, width), max_lines=most, placeholder=" …")
    more = len(troubles) - len(shown)
    return [*lines, f"! {count(more, 'more list')} could not be read."] if more else lines


def day(when: date) -> str:
    """`14 Jan 2027`."""
    return f"{when.day} {when:%b %Y}"


def days(left: int) -> str:
    """`47 days`, `1 day`, `today`."""
    return "today" if left == 0 else count(left, "day")


def end_words(item: "InventoryItem", today: date) -> str:
    """When a thing ends: `14 Jan 2027, 47 days`, `ended 23 Oct 2026`, `kept here`, `unknown`."""
    if item.end is None:
        return "kept here" if item.endless else "unknown" if item.is_model else ""
    left = item.end.days_left(today)
    return f"{day(item.end.date)}, {days(left)}" if left > 0 else f"ended {day(item.end.date)}"


def left_words(item: "InventoryItem", today: date) -> str:
    """The same in 10 cells: `47 days`, `ended`, `kept here`, `?` where nobody says."""
    if item.end is None:
        return "kept here" if item.endless else "?" if item.is_model else ""
    left = item.end.days_left(today)
    return days(left) if left > 0 else "ended"


def source_words(end: "End") -> str:
    """Who says when: `the provider's API (shutdown_date …)`."""
    return f"{SOURCES[end.source]} ({end.about})"


def state_words(item: "InventoryItem") -> str:
    """What a thing is in: `✓ answers`, `? listed`, `succeeded`, `not listed`."""
    if item.reach is None:
        return item.state
    words = item.state if item.reach.state == "unknown" else item.reach.state
    return f"{SIGNS[item.reach.state]} {words}"


COLUMN_TITLES = {
    "model": ("ends in", "answers", "used by"),
    "checkpoint": ("ends in", "answers", "used by"),
    "base": ("ends in", "answers", "used by"),
    "job": ("took", "state", "billed"),
    "file": ("size", "used by", "for"),
}
"""What `cells` says of each kind."""


def cells(item: "InventoryItem", today: date) -> tuple[str, str, str]:
    """What is said of a thing in a list; see `COLUMN_TITLES`."""
    if item.ref.kind == "job":
        took = "" if item.took_s is None else duration(item.took_s)
        return took, item.state, money(item.cost_usd)
    if item.ref.kind == "file":
        bytes = "?" if item.size_bytes is None else size(item.size_bytes)
        lonely = "nothing" if item.orphan else "?"
        used = use_words(item) if item.used_by else lonely
        gone = " (not listed)" if item.presence == "missing" else ""
        return bytes, used + gone, item.purpose or "?"
    return left_words(item, today), state_words(item), _short_use(item)


def _short_use(item: "InventoryItem") -> str:
    if item.orphan:
        return "of no known job"
    words = use_words(item)
    return "" if words == NO_USE else words


def detail_lines(item: "InventoryItem", inventory: "Inventory") -> Iterator[tuple[str, str]]:
    """What is known of a thing: a label and words for each; what does not apply is left out."""
    yield item.ref.kind, item.ref.id
    yield "at", item.ref.profile + (f", {item.state}" if not item.is_model else "")
    if item.is_model:
        yield "ends", end_words(item, inventory.today)
        if item.end is not None:
            yield "says", source_words(item.end)
        if item.end is not None and item.end.replacement:
            yield "then", f"the provider names {item.end.replacement}"
    if item.reach is not None:
        when = f", {age(item.reach.at)}" if item.reach.at else ""
        yield "reached", f"{SIGNS[item.reach.state]} {item.reach.state}{when}: {item.reach.words}"
    yield from _facts(item)
    if item.orphan:
        yield "orphan", item.orphan
    if item.naming.note:
        yield "note", item.naming.note


def _facts(item: "InventoryItem") -> Iterator[tuple[str, str]]:
    if item.base:
        yield "base", item.base
    if item.ref.kind == "file":
        yield "size", "unknown" if item.size_bytes is None else size(item.size_bytes)
        yield "for", item.purpose or "unknown"
        if item.end is not None:
            yield "expires", day(item.end.date)
        yield "hash", f"sha256:{item.digest}" if item.digest else "unknown: not sent from here"
        if item.path:
            yield "from", item.path
    if item.ref.kind == "job":
        yield "billed", money(item.cost_usd)
        yield "took", "unknown" if item.took_s is None else duration(item.took_s)
    if item.is_model:
        yield "price", price_words(item)
    if item.created_at is not None:
        yield "made", f"{day(item.created_at.date())}, {age(item.created_at)}"
    yield "used by", use_words(item)


def price_words(item: "InventoryItem") -> str:
    """What answers cost: `$3.75 in, $15.00 out a million tokens`."""
    if item.price is None or item.price.input_usd is None:
        return "free" if item.endless else "unknown"
    paid = money(item.price.input_usd), money(item.price.output_usd)
    return "free" if set(paid) == {"free"} else f"{paid[0]} in, {paid[1]} out a million tokens"


def use_words(item: "InventoryItem") -> str:
    """Who needs a thing: `2 jobs, 1 evaluation, 3 answers`; `nothing known`."""
    parts = [
        count(number, what)
        for number, what in (
            (len(item.used_by), "job"),
            (len(item.evaluations), "evaluation"),
            (item.answers, "answer"),
        )
        if number
    ]
    return ", ".join(parts) or NO_USE


def tree_lines(node: "Node", lead: str = "", mark: str = "") -> Iterator[tuple[str, "Node"]]:
    """A tree from the top down: what is drawn before each thing, and the thing."""
    yield lead + mark, node
    below = lead + {"": "", "├ ": "│ ", "└ ": "  "}[mark]
    for child in node.children:
        last = child is node.children[-1]
        yield from tree_lines(child, below, "└ " if last else "├ ")


# ---------------------------------------------------------------------- plans and warnings


def warning_words(warning: "DeadlineWarning") -> str:
    """What is lost soon: `3 tuned models end on 14 Jan 2027, in 47 days (openai).` in a line."""
    where, when = ", ".join(warning.profiles), day(warning.soonest.date)
    models = count(warning.models, "tuned model")
    left = days(warning.days_left)
    if warning.at_soonest == warning.models:
        verb = "ends" if warning.models == 1 else "end"
        return f"{models} {verb} on {when}, in {left} ({where})."
    return f"{models} end soon, the first on {when}, in {left} ({where})."


def plan_lines(
    plan: "PlanByDate",
    golden: "GoldenCost",
    keep: str = "`tintype keep --all`",
    ask: str = "`tintype keep golden MODEL`",
) -> Iterator[str]:
    """A plan by date: a sentence for each day, then what the answers would cost.

    `keep` is how everything is saved, `ask` how answers are had: a command or a key.
    """
    if not plan.steps and not plan.undated:
        yield "No tuned model is known to end: there is nothing to do by a date."
    for step in plan.steps:
        yield from step_words(step, plan.today)
    if plan.undated:
        yield f"Nobody says when these end: {_named(plan.undated)}."
    if plan.lost:
        verb = "does" if len(plan.lost) == 1 else "do"
        yield f"{count(len(plan.lost), 'model')} {verb} not answer any more: {_named(plan.lost)}."
    if plan.steps:
        yield golden_words(golden)
        yield f"{keep} saves all that can be saved: data, jobs, curves, answers."
        yield f"{ask} asks for its answers while it gives them; the cost comes first."


def step_words(step: "RetrainingStep", today: date) -> Iterator[str]:
    """What ends, the last safe day to train again, and why that day."""
    many = count(len(step.models), "model")
    ends = "ends" if len(step.models) == 1 else "end"
    left = step.end.days_left(today)
    yield f"{many} at {step.profile} {ends} on {day(step.end.date)}, in {days(left)}: " + (
        f"{_named(step.models)}."
    )
    if step.last_safe is None:
        yield "  How long a retraining takes is not known: no job of this profile has finished."
        return
    took = duration(step.longest_s or 0.0)
    why = f"the longest took {took}" + (", which stands in where none is known" * step.assumed)
    if step.last_safe < today:
        yield f"  {day(step.last_safe)} was the last safe day to start retraining ({why})."
    else:
        yield f"  {day(step.last_safe)} is the last safe day to start retraining ({why})."
    closed = step.training_end
    if closed is not None and closed.date <= step.last_safe:
        where = "takes" if closed.date > today else "has taken"
        yield f"  {step.profile} itself {where} no new jobs from {day(closed.date)}."


def golden_words(golden: "GoldenCost") -> str:
    """What is left to pay for answers that outlive the models."""
    kept = f"{count(golden.kept, 'model')} evaluated already" if golden.kept else ""
    if not golden.models:
        return f"Answers of all models are kept: {kept}."
    known = golden.models - golden.unknown
    cost = f"about {money(golden.likely_usd)} for {count(known, 'model')}" if known else ""
    unknown = f"unknown for {count(golden.unknown, 'model')}" if golden.unknown else ""
    words = ", ".join(filter(None, (cost, unknown, kept)))
    return f"Keeping their answers to their own training rows: {words}."


def _named(items: Sequence["InventoryItem"]) -> str:
    names = [one_line(item.title) for item in items[:MOST_NAMED]]
    more = len(items) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def age_words(inventory: "Inventory", now: datetime | None = None) -> str:
    """How old what is shown is: `as of 3 min ago`, or that it is not whole."""
    if not inventory.listings:
        return "never asked"
    if inventory.read_at is None:
        return "lists incomplete"
    return f"as of {age(inventory.read_at, now)}"


# ---------------------------------------------------------------------- tables


def inventory_table(items: Sequence["InventoryItem"], today: date) -> Table:
    """Everything as one table, for files: unknown is an empty cell, never 0."""
    return Table("Inventory", COLUMNS, tuple(_row(item, today) for item in items))


def _row(item: "InventoryItem", today: date) -> tuple[str | int | float, ...]:
    end, price = item.end, item.price
    return (
        item.ref.kind,
        item.title,
        item.ref.profile,
        item.ref.id,
        item.state,
        item.reach.state if item.reach else "",
        end.date.isoformat() if end else "never" if item.endless and item.is_model else "",
        end.days_left(today) if end else "",
        source_words(end) if end else "",
        item.base,
        "" if item.size_bytes is None else item.size_bytes,
        "" if price is None or price.input_usd is None else float(price.input_usd),
        "" if price is None or price.output_usd is None else float(price.output_usd),
        "" if item.cost_usd is None else float(item.cost_usd),
        " ".join(ref.id for ref in item.used_by),
        item.orphan,
        item.naming.note,
    )
