"""Rows as almost all are: read faster, and exactly as all others."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.dataset.example import Row
from tintype.dataset.parsing import ParsedLine, read_any, read_line

DATA = base64.b64encode(bytes(range(256)) * 2).decode()
URLS = (
    f"data:image/png;base64,{DATA}",
    f"data:image/PNG;base64,{DATA}",
    f"data:image/jpeg;base64,{DATA[:-1]}",
    f"data:image/jpeg;base64,{DATA[:99]} {DATA[100:]}",
    "data:image/png;base64,AAAA",
    f"data:application/pdf;base64,{DATA}",
    DATA,
    f"/9j/{DATA}",
    "data:image/png;base64,\ue0000",
    "https://example.org/a.png",
    "images/a.png",
    "",
)
TEXTS = (
    "What is it?",
    "",
    "Größe 😀",
    "\ud800 half",
    'He said "role": 3',
    '\\": ',
    f"see data:image/png;base64,{DATA}",
    f'"data:image/png;base64,{DATA}',
    f"data:image/png;base64,{DATA}",
    "\ue0000",
    "b'\\xff\\xd8\\xff",
)


def both(raw: bytes) -> tuple[ParsedLine, ParsedLine]:
    row = Row(index=3, line=5, offset=7, size_bytes=len(raw))
    return read_line(raw, index=3, line=5, offset=7), read_any(raw, row)


def alike(raw: bytes) -> bool:
    """Whether a line is read alike both ways; says whether it was a usual one."""
    quick, general = both(raw)
    assert quick.row == general.row
    assert quick.urls() == general.urls()
    assert quick.every_url() == general.every_url()
    assert [slot.place for slot in quick.slots] == [slot.place for slot in general.slots]
    for image in quick.row.images:
        assert quick.key(image.ordinal) == general.key(image.ordinal)
        assert quick.data(image.ordinal) == general.data(image.ordinal)
    return quick.usual is not None


def row(text: str = "What is it?", url: str = URLS[0], **more: Any) -> dict[str, Any]:
    parts = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
    messages = [{"role": "user", "content": parts}, {"role": "assistant", "content": "A box."}]
    return {"messages": messages, **more}


def test_usual_rows_are_seen_as_such() -> None:
    assert alike(json.dumps(row()).encode())
    assert alike(json.dumps(row("Größe 😀"), ensure_ascii=False).encode())
    assert alike(json.dumps(row("Größe 😀")).encode())
    assert alike(json.dumps(row('{"a": 1}', URLS[9]), separators=(",", ":")).encode())
    assert not alike(json.dumps(row(name="x")).encode())


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("text", TEXTS)
def test_texts_and_addresses_of_every_kind_are_read_alike(text: str, url: str) -> None:
    for ascii in (True, False):
        spelt = json.dumps(row(text, url), ensure_ascii=ascii)
        alike(spelt.encode("utf-8", "surrogatepass"))
        alike(spelt.replace("/", "\\/").encode("utf-8", "surrogatepass"))
        alike(spelt.replace("data", "\\u0064ata").encode("utf-8", "surrogatepass"))


PLAIN = json.dumps(row()).encode()


@pytest.mark.parametrize(
    "line",
    [
        PLAIN[:-3],
        PLAIN + b"}",
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b'"role": "user"', b'"role": "user", "role": "user"'),
        PLAIN.replace(b'"role": "user"', b'"role" : "user", "role": "user"'),
        PLAIN.replace(b'"role": "user"', b'"ro\\u006ce": "user", "role": "user"'),
        PLAIN.replace(b'"url"', b'"url": 1, "url"'),
        PLAIN.replace(b'"role": "assistant"', b'"role": "assistant", "weight": NaN'),
        PLAIN.replace(b'"role": "assistant"', b'"role": "assistant", "weight": 1'),
        PLAIN.replace(b'"role": "assistant"', b'"role": "assistant", "weight": null'),
        PLAIN.replace(b'"role": "assistant"', b'"role": "assistant", "weight": 1e999'),
        PLAIN.replace(b'"role": "assistant"', b'"role": "assistant", "weight": ' + b"9" * 5000),
        PLAIN.replace(b'"assistant"', b'"\\ud800"'),
        PLAIN.replace(b"What", b"Wh\xffat"),
        PLAIN.replace(b"What", b"Wh\nat"),
        b'{"messages": [], "messages": ' + PLAIN[13:],
        b'{"messages": []}',
        b'{"messages": 3}',
        b'{"messages"}',
    ],
)
def test_what_is_wrong_or_doubtful_is_read_alike(line: bytes) -> None:
    alike(line)


@given(st.data())
def test_any_change_of_a_row_is_read_alike(data: st.DataObject) -> None:
    line = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(line) - 1))
        cut = data.draw(st.integers(0, 3))
        line[at : at + cut] = data.draw(st.sampled_from([b"", b'"', b"\\", b",", b"}", b"e", b"0"]))
    alike(bytes(line))
