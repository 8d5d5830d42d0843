"""What can be copied: the answer, its boxes, or the request as a command or a program."""

import json
from collections.abc import Callable
from functools import partial

from tintype.api import ChatRequest
from tintype.detection import format_boxes, parse_boxes
from tintype.prompting import Reply, as_curl, as_python
from tintype.settings import Profile

Offer = tuple[str, Callable[[], str]]
"""What it is, and how to make it."""


def answer_offers(reply: Reply | None) -> list[Offer]:
    """What there is of an answer."""
    if reply is None:
        return []
    offers: list[Offer] = [("The answer", lambda: reply.answer or reply.refusal)]
    if boxes := parse_boxes(reply.answer).boxes:
        offers.append(("Boxes as JSON, in fractions of the image", lambda: _as_json(reply.answer)))
        offers.append(("Boxes as <loc…> text, fixed", lambda: format_boxes(boxes)))
    return offers


def request_offers(request: ChatRequest | None, profile: Profile, base_url: str) -> list[Offer]:
    """The request, to be sent from elsewhere; the key is a variable in it."""
    if request is None:
        return []
    return [
        (f"The request as {name}, {words}", partial(write, profile, base_url, request, elide=elide))
        for name, write in (("curl", as_curl), ("Python", as_python))
        for elide, words in ((True, "images left out"), (False, "whole: it runs as it is"))
    ]


def _as_json(text: str) -> str:
    boxes = [
        {
            "label": box.label,
            "y_min": round(box.y_min, 4),
            "x_min": round(box.x_min, 4),
            "y_max": round(box.y_max, 4),
            "x_max": round(box.x_max, 4),
        }
        for box in parse_boxes(text).boxes
    ]
    return json.dumps(boxes, indent=2, ensure_ascii=False)
