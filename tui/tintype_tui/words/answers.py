"""What is said of an answer: whose it is, how near it is to the truth, what became of boxes."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from tintype.detection import Box, BoxMatch, Parsed, compare, parse_boxes
from tintype.detection.colours import class_colour
from tintype.model_names import parse_model_name
from tintype.prompting import GOOD_IOU, Reply, agreement, consensus
from tintype_tui.text import clip, count, duration, money, number, one_line, visible

if TYPE_CHECKING:
    from textual.content import Content

MOST_BOXES = 40
"""Listed one by one."""
MOST_DIFFERENT = 6
"""Of several answers to one question, listed one by one."""
MOST_CLASSES = 8
"""Named in a legend."""
LONGEST_ANSWER = 160
"""Cells of each of them."""


def short_name(model: str) -> str:
    """`cards · step 88` for a tuned model with a suffix, else the name itself."""
    name = parse_model_name(model)
    whole = model.partition(":ckpt-step-")[0]
    shown = name.suffix or (model if not name.tuned else whole.rsplit(":", 1)[-1])
    return shown + (f" · step {name.step}" if name.step is not None else "")


def kind_of(model: str) -> str:
    """What a model is, in a word."""
    name = parse_model_name(model)
    if name.step is not None:
        return "checkpoint"
    return "tuned" if name.tuned else "base"


def verdict(said: str, expected: str) -> tuple[str, bool] | None:
    """How an answer compares with the right one, and if that is good; none if none is known."""
    found = agreement(said, expected)
    if found is None:
        return None
    if found.iou is not None:
        return f"IoU {found.iou:.2f}", found.good
    return ("✓ as expected" if found.good else "✗ not as expected"), found.good


def taught_words(differs: Literal["", "missing", "other"]) -> str:
    """How the system prompt differs from those a model was trained with; keys by their ids."""
    return {
        "": "",
        "missing": "It was trained with a system prompt, and none is sent ({play.system}).",
        "other": "The system prompt is not the one it was trained with ({play.system}).",
    }[differs]


def several_lines(reply: Reply, further: Sequence[str | None], times: int) -> Iterator["Content"]:
    """How far several answers of a model agree, and each that differs, the commonest first."""
    from textual.content import Content  # late: commands have no use for it

    if times < 2 or not reply.done:
        return
    found = consensus([reply.answer, *(text for text in further if text is not None)])
    words = f"{found.number} of {times} answers"
    if (failed := sum(text is None for text in further)) > 0:
        words += f" ({failed} failed)"
    if found.number > 1 and found.share is not None:
        words += f" · {found.share:.0%} agree"
        words += f" · IoU {found.iou:.2f} between them" if found.iou is not None else ""
    yield Content.styled(words, "bold")
    for text, number_of in found.answers[:MOST_DIFFERENT] if found.number > 1 else ():
        yield Content(f"{number_of:>3} × {clip(one_line(text), LONGEST_ANSWER)}")
    if (rest := len(found.answers) - MOST_DIFFERENT) > 0:
        yield Content.styled(f"    and {count(rest, 'other answer')}", "dim")


def ending(reply: Reply) -> str:
    """Why an answer is not whole, in a few words; empty if it is."""
    if not reply.done:
        return ""
    if reply.trouble:
        return "broke off"
    ends = {
        "length": "cut off at the token limit",
        "runaway": "stopped: it repeated itself",
        "stopped": "stopped by you",
        "content_filter": "cut off by the provider's filter",
    }
    return ends.get(reply.finish_reason, "" if reply.finish_reason else "ended without a reason")


def summary(reply: Reply | None, expected: str, waiting_s: float | None, trouble: str) -> str:
    """An answer in a few words, for where there is no room for more."""
    if trouble:
        return "no answer"
    if waiting_s is not None:
        return f"… {duration(waiting_s)}"
    if reply is None:
        return ""
    found = verdict(reply.answer, expected) if not reply.trouble else None
    short = {"runaway": "ran away", "stopped": "stopped", "length": "cut off"}
    words = [
        found[0] if found and reply.finish_reason != "stopped" else "",
        "broke off" if reply.trouble else short.get(reply.finish_reason, ""),
        "! see below" if reply.hint else "",
    ]
    return " · ".join(filter(None, words)) or count(reply.tokens, "token")


def shows_boxes(parsed: Parsed) -> bool:
    """Whether an answer says nothing but boxes, and few enough to list."""
    stray = any(flaw.stray for flaw in parsed.flaws)
    return bool(parsed.boxes) and not stray and len(parsed.boxes) <= MOST_BOXES


def class_name(label: str) -> "Content":
    """A class with its colour beside it, as its boxes have it on the image."""
    from textual.content import Content  # late: commands have no use for it

    red, green, blue = class_colour(label)
    return Content.assemble(("■ ", f"rgb({red},{green},{blue})"), one_line(label) or "no label")


def legend(boxes: Iterable[Box]) -> "Content":
    """Each class of some boxes once, with its colour, in the order in which they come."""
    from textual.content import Content  # late: commands have no use for it

    labels = list(dict.fromkeys(box.label for box in boxes))
    more = [Content(f"and {len(labels) - MOST_CLASSES} more")] if len(labels) > MOST_CLASSES else []
    return Content("  ").join([*map(class_name, labels[:MOST_CLASSES]), *more])


def box_lines(parsed: Parsed, expected: str) -> Iterator["Content"]:
    """A line for each box: whether it is there, and how well it fits."""
    from textual.content import Content  # late: commands have no use for it

    truth = parse_boxes(expected).boxes
    if not truth:
        for box in parsed.boxes:
            yield class_name(box.label)
        return
    for finding in compare(parsed.boxes, truth)[:MOST_BOXES]:
        mark, words, style = _fate(finding)
        label = class_name(finding.box.label)
        yield Content.assemble((f"{mark} ", style), label, (f"  {words}", f"{style} dim"))


def flaw_lines(parsed: Parsed, text: str) -> Iterator["Content"]:
    """What is wrong with how the boxes are written, and where."""
    from textual.content import Content  # late: commands have no use for it

    for flaw in parsed.flaws[:5]:
        place = one_line(text[flaw.start : flaw.end])
        shown = place if len(place) <= 44 else f"{place[:43]}…"
        at = "" if place in flaw.message else f": {shown}"
        yield Content.styled(f"! {visible(flaw.message)}{at}", "$warning")
    if len(parsed.flaws) > 5:
        yield Content.styled(f"! and {len(parsed.flaws) - 5} more like these", "$warning")


def figures(reply: Reply) -> str:
    """Tokens, times and cost."""
    shown = [count(reply.tokens, "token")]
    if reply.usage and reply.done:
        shown = [f"{number(reply.usage.prompt_tokens)} in", f"{number(reply.tokens)} out tokens"]
    if reply.ttft_s is not None:
        shown.append(f"first {duration(reply.ttft_s)}")
    if reply.tokens_per_s is not None:
        shown.append(f"{reply.tokens_per_s:.0f}/s")
    if reply.done:
        shown.append(money(reply.cost_usd) if reply.cost_usd is not None else "cost unknown")
    return " · ".join(shown)


def _fate(finding: BoxMatch) -> tuple[str, str, str]:
    overlap = f"IoU {finding.iou:.2f}"
    if finding.fate == "found":
        good = finding.iou >= GOOD_IOU
        return ("✓" if good else "~"), overlap, ("$success" if good else "$warning")
    if finding.fate == "misnamed" and finding.truth is not None:
        return "✗", f"should be {one_line(finding.truth.label)}, {overlap}", "$warning"
    if finding.fate == "invented":
        return "✗", "none there", "$warning"
    return "–", "missed", "$warning"
