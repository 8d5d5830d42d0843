"""What `tintype ask` works with: the question, the models, and the answer told as JSON or words."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tintype.errors import DatasetError
from tintype.paths import absolute, as_path
from tintype_tui.commands.agreeing import agreed
from tintype_tui.commands.output import say
from tintype_tui.text import count, duration, money

if TYPE_CHECKING:
    from tintype.api import ChatRequest
    from tintype.budget import Confirmation, Limits
    from tintype.detection import Box
    from tintype.pricing import Prices
    from tintype.prompting import Reply
    from tintype.settings import Profile
    from tintype.store import Store


@dataclass(frozen=True, slots=True)
class Asked:
    """A question from the command line."""

    messages: Sequence[dict[str, Any]]
    sources: Sequence[str]
    """Where its images come from."""
    expected: str = ""
    """The right answer, where a row has one."""


async def read_question(
    text: str | None, images: tuple[str, ...], row: str | None, system: str | None
) -> Asked:
    """Put together what is asked.

    Raises:
        UsageError: if it is nothing, or two things at once.
        DatasetError: if a row or an image cannot be had.
    """
    from tintype.prompting import question

    if text == "-" and "-" in images:
        raise click.UsageError("Standard input holds the question or an image, not both.")
    if text == "-":
        text = sys.stdin.read().rstrip("\n")
    if row is not None:
        if images:
            raise click.UsageError("--row has its own images; leave out --image.")
        return await _row(row, text, system)
    if not text and not images:
        raise click.UsageError("Give a question, an image, or --row FILE:LINE.")
    messages = await question(text or "", [_image(name) for name in images], system=system or "")
    return Asked(messages, [_source(name) for name in images])


def _image(name: str) -> bytes | Path | str:
    if name == "-":
        return sys.stdin.buffer.read()
    return name if "://" in name or name.startswith("data:") else as_path(name)


def _source(name: str) -> str:
    """So that it is found again from wherever one looks."""
    if name == "-" or "://" in name:
        return name
    return "data URL" if name.startswith("data:") else str(absolute(as_path(name)))


def row_place(place: str) -> tuple[Path, int]:
    """A row as it is named on the command line: `test.jsonl:3` is the third line of a file.

    Raises:
        DatasetError: if this is no name of a row.
    """
    name, _, line = place.rpartition(":")
    if not name or not line.isdecimal() or not 0 < int(line[:19]) < 10**18:
        raise DatasetError(f"{place!r} is not a row.", advice="For example test.jsonl:3.")
    return Path(name), int(line)


async def _row(place: str, text: str | None, system: str | None) -> Asked:
    from tintype.dataset import open_dataset
    from tintype.detection import parse_boxes
    from tintype.prompting import reword, row_origin

    path, line = row_place(place)
    async with open_dataset(path) as dataset:
        index = await dataset.find_line(line)
        example = await dataset.example(index)
        messages = await dataset.messages(index)
        source = str(row_origin(dataset.path, example.line))
    boxes = parse_boxes(example.answer).boxes
    # Words answer the row's own question only; boxes are right whatever is asked.
    expected = example.answer if text is None or boxes else ""
    return Asked(reword(messages, text=text, system=system), [source], expected)


async def agreement(
    requests: Sequence["ChatRequest"],
    profile: "Profile",
    prices: "Prices",
    limits: "Limits",
    store: "Store",
    *,
    expected: str,
    confirm: str | None,
    yes: bool,
) -> "Confirmation":
    """Say what asking will cost, and have it confirmed where it must be.

    Raises:
        BudgetError: if a limit could be passed.
    """
    from tintype.budget import demand
    from tintype.prompting import foresee, total

    if profile.dialect == "embedded":  # free; there is nothing to count
        return agreed(None, confirm, yes=yes, act="ask")
    foreseen = [foresee(one, profile.provider, prices, expected=expected) for one in requests]
    likely, most, unknown = total(foreseen)
    if most > 0:
        blind = ", and what is not known" if unknown else ""
        say(f"Cost about {money(likely)}, at most {money(most)}{blind}.")
    expenses = [one.expense(profile.name) for one in foreseen]
    wanted = demand(store, *expenses, limits=limits, now=datetime.now(UTC))
    return agreed(wanted, confirm, yes=yes, act="ask")


def report(reply: "Reply", expected: str) -> dict[str, Any]:
    """An answer as JSON: its text, figures, boxes, and how near they are to the truth."""
    from tintype.detection import parse_boxes

    usage, parsed = reply.usage, parse_boxes(reply.answer)
    return {
        "text": reply.text,
        **({"thoughts": reply.thoughts, "answer": reply.answer} if reply.thoughts else {}),
        "refusal": reply.refusal,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else reply.tokens,
        "ttft_s": reply.ttft_s,
        "elapsed_s": reply.elapsed_s,
        "tokens_per_s": reply.tokens_per_s,
        "cost_usd": reply.cost_usd,
        "hint": reply.hint,
        "trouble": reply.trouble,
        "boxes": [_box(box) for box in parsed.boxes],
        "flaws": [flaw.message for flaw in parsed.flaws] if parsed.boxes else [],
        **_compared(reply, expected),
    }


def _compared(reply: "Reply", expected: str) -> dict[str, Any]:
    from tintype.detection import compare, parse_boxes
    from tintype.prompting import agreement

    found = agreement(reply.answer, expected)
    if found is None:
        return {}
    if found.iou is None:
        return {"expected": expected, "as_expected": found.good}
    fates = [
        {
            "label": one.box.label,
            "fate": one.fate,
            "iou": round(one.iou, 4),
            "truth": one.truth.label if one.truth else None,
        }
        for one in compare(parse_boxes(reply.answer).boxes, parse_boxes(expected).boxes)
    ]
    return {"expected": expected, "mean_iou": round(found.iou, 4), "compared": fates}


def _box(box: "Box") -> dict[str, Any]:
    """In fractions of the image, the origin at the top left."""
    sides = {name: round(getattr(box, name), 4) for name in ("y_min", "x_min", "y_max", "x_max")}
    return {"label": box.label, **sides}


def figures(reply: "Reply", expected: str) -> str:
    """Tokens, times, cost, and how near the answer is to the truth, in a line."""
    from tintype_tui.words.answers import verdict

    found = verdict(reply.answer, expected)
    words = [found[0]] if found else []
    words.append(count(reply.tokens, "token"))
    if reply.ttft_s is not None:
        words.append(f"first after {duration(reply.ttft_s)}")
    if reply.tokens_per_s is not None:
        words.append(f"{reply.tokens_per_s:.0f} per second")
    words.append(money(reply.cost_usd) if reply.cost_usd is not None else "cost unknown")
    if reply.finish_reason not in ("stop", ""):
        words.append(f"ended by {reply.finish_reason}")
    return " · ".join(words)
