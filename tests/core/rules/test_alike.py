"""Rows written like others: whatever is changed in one of them, it is judged as by itself."""

import base64
import io
import json
import sys
from array import array
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tintype.dataset.index import Stretch
from tintype.rules import rules_of
from tintype.rules.alike import Columns, Run
from tintype.rules.block import Block
from tintype.rules.examining import Examiner, Setup
from tintype.tokens import model_tokens

ROWS, EDITED = 8, 6
PIECES = (
    *(
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b" ",
        b"\xff",
        b"\xee\x80\x80",
        b"\n",
        b"=",
        b"A",
    ),
    *(
        b"\\ue000",
        b"\\u00e9",
        b"\\ud800",
        b"\\n",
        b'"data:',
        b'"data:image/png;base64,',
        b"base64,",
    ),
    *(b"<image>", b"<|im_start|>", b"[1, 2, 3, 4]", b'"weight": 0, ', b'"name": "Ann", ', b"low"),
    *(b'"detail": "high", ', b"jpg", b"http://a/", b'"role"', b"assistant", b"\\/", b"/9j/", b"\r"),
)


@cache
def url(kind: str, seed: int) -> str:
    """A data URL of a small image of a kind: no two are alike."""
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).convert("L" if kind == "grey" else "RGB").save(
        out, "PNG" if kind == "png" else "JPEG"
    )
    data = out.getvalue()[:-9] if kind == "cut" else out.getvalue()
    media = "png" if kind == "png" else "jpeg"
    return f"data:image/{media};base64,{base64.b64encode(data).decode()}"


def row(number: int, kinds: tuple[str, ...]) -> bytes:
    """A row with an image of each kind."""
    parts: list[Any] = [{"type": "text", "text": f"What is image {number}?"}]
    for at, kind in enumerate(kinds):
        image = {"url": url(kind, 10 * number + at), "detail": "low"}
        parts.append({"type": "image_url", "image_url": image})
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": parts},
        {"role": "assistant", "content": f"Thing {number % 3}."},
    ]
    return json.dumps({"messages": said}).encode()


def examined(rows: list[bytes], *, learns: bool, deep: bool = False) -> tuple[Any, list[int]]:
    """All that is found in rows, two at a time; and how many were read together each time."""
    profile = rules_of("openai")
    rule = model_tokens(profile.model, profile.provider)
    examiner = Examiner(Setup(profile, rule, Path(), deep, False, True))
    examiner._learns = learns
    found, together, start = [], [], 0
    for first in range(0, len(rows), 2):
        two = rows[first : first + 2]
        run = Run(first, array("I"), array("Q"), array("Q"))
        at = start
        for nth, line in enumerate(two):
            run.lines.append(first + nth + 1)
            run.starts.append(at)
            run.ends.append(at + len(line))
            at += len(line) + 1
        lines = examiner.read(run, Stretch(b"\n".join(two), start))
        found.append(seen(examiner.examine(run, lines)))
        together += [len(line.rows) if isinstance(line, Columns) else 0 for line in lines]
        start = at
    return found, together


def seen(block: Block) -> tuple[Any, ...]:
    """All that a block says."""
    statistics = block.statistics.statistics()
    ordered = {name: list(values.items()) for name, values in statistics.facets.items()}
    columns = [list(one) for one in (block.tokens, block.image_tokens, block.answer_chars)]
    keys = [block.keys(at) for at in range(block.rows)]
    found = (block.problems, block.totals, block.reasons, block.no_json, block.unseen)
    return (*found, *columns, keys, block.prompts, block.counts.counts, statistics, ordered)


@pytest.mark.parametrize("kinds", [(), ("jpeg",), ("png", "jpeg")])
def test_rows_with_images_are_read_together_once_two_have_been_judged(
    kinds: tuple[str, ...],
) -> None:
    rows = [row(number, kinds) for number in range(ROWS)]
    found, together = examined(rows, learns=True)
    assert together == [0, 0, 2, 2, 2]
    assert found == examined(rows, learns=False)[0]


@pytest.mark.parametrize("kind", ["png", "grey", "cut"])
@pytest.mark.parametrize("deep", [False, True])
def test_an_image_of_another_kind_is_judged_by_itself(kind: str, deep: bool) -> None:
    rows = [row(number, ("jpeg",)) for number in range(ROWS)]
    rows[EDITED] = row(EDITED, (kind,)).replace(b"image/png", b"image/jpeg")
    found, together = examined(rows, learns=True, deep=deep)
    assert together == [0, 0, 2, 2, 0, 1]
    alone, _ = examined(rows, learns=False, deep=deep)
    assert found == alone
    assert any(block[0] for block in found)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), kinds=st.sampled_from([(), ("jpeg",), ("png", "jpeg")]))
def test_a_row_in_which_little_is_changed_is_judged_as_by_itself(
    data: st.DataObject, kinds: tuple[str, ...]
) -> None:
    rows = [row(number, kinds) for number in range(ROWS)]
    line = rows[EDITED]
    for _ in range(data.draw(st.integers(1, 2))):
        # Most of a row is base64: its ends, and what stands between, are chosen as often.
        ends = [at for at in range(len(line)) if line[at : at + 1] in b'",:{}[] ?']
        at = data.draw(st.sampled_from(ends) | st.integers(0, len(line)))
        at += data.draw(st.integers(0, 1))
        gone = data.draw(st.integers(0, 3))
        line = line[:at] + data.draw(st.sampled_from((b"", *PIECES))) + line[at + gone :]
    rows[EDITED] = line.replace(b"\n", b" ")
    assert examined(rows, learns=True)[0] == examined(rows, learns=False)[0]


def test_two_threads_may_look_at_rows_that_are_written_in_two_ways() -> None:
    rows = [row(number, ()) for number in range(4)]
    other = [json.dumps(json.loads(line), separators=(",", ":")).encode() for line in rows]
    profile = rules_of("openai")
    rule = model_tokens(profile.model, profile.provider)
    examiner = Examiner(Setup(profile, rule, Path(), False, False, False))
    written = [line for pair in zip(rows, other, strict=True) for line in pair]
    ends = list(accumulate(len(line) + 1 for line in written))
    starts = [0, *ends[:-1]]
    run = Run(1, array("I", range(2, 10)), array("Q", starts), array("Q", (at - 1 for at in ends)))
    source = Stretch(b"\n".join(written), 0)
    for _ in range(2):
        examiner.examine(run, examiner.read(run, source))

    def look(_: int) -> list[int]:
        many = (examiner.read(run, source) for _ in range(300))
        return [len(one.rows) for lines in many for one in lines if isinstance(one, Columns)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert [*threads.map(look, range(4))] == [[8] * 300] * 4
    finally:
        sys.setswitchinterval(interval)
