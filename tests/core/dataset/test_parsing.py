"""Lines made into rows: exactly, and whatever the bytes."""

import base64
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tintype.dataset import Row, example, parse_line
from tintype.dataset.lifting import lift
from tintype.dataset.parsing import read_line
from tintype.dataset.places import slots
from tintype.dataset.strict_json import MAX_TEXT_BYTES

PIXELS = base64.b64encode(bytes(range(256)) * 4).decode()
DATA_URL = f"data:image/png;base64,{PIXELS}"


def parse(raw: bytes, *, offset: int = 0) -> tuple[Row, tuple[str, ...]]:
    return parse_line(raw, index=3, line=5, offset=offset)


def chat(*parts: Any, answer: str = "Yes.") -> bytes:
    row = {
        "messages": [
            {"role": "system", "content": "Look."},
            {"role": "user", "content": list(parts)},
            {"role": "assistant", "content": answer},
        ]
    }
    return json.dumps(row).encode()


def image(url: str, **more: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


def test_images_are_taken_out_and_said_where_they_were() -> None:
    row, urls = parse(chat({"type": "text", "text": "Is it?"}, image(DATA_URL, detail="low")))
    (found,) = row.images
    assert (found.origin, found.place) == ("data", "messages[1].content[1]")
    assert (found.media_type, found.detail) == ("image/png", "low")
    assert found.encoded_chars == len(PIXELS)
    assert found.reference == "data:image/png;base64,"
    assert row.value["messages"][1]["content"][1]["image_url"]["url"] == found.reference
    assert urls == (DATA_URL,)


def test_images_on_the_network_and_in_files_keep_their_reference() -> None:
    row, urls = parse(chat(image("https://example.org/a.png"), image("images/b.jpg")))
    assert [image.origin for image in row.images] == ["url", "file"]
    assert urls == ("https://example.org/a.png", "images/b.jpg")
    assert urls == tuple(image.reference for image in row.images)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"messages": [{"role": "user", "content": DATA_URL}]}, "messages[0].content"),
        (
            {"messages": [{"content": [{"type": "text", "text": DATA_URL}]}]},
            "messages[0].content[0].text",
        ),
        (
            {"messages": [{"content": [{"type": "image_url", "image_url": DATA_URL}]}]},
            "messages[0].content[0]",
        ),
        (
            {"messages": [{"content": [{"type": "image", "image": "a.png"}]}]},
            "messages[0].content[0]",
        ),
        ({"image": "a.png", "conversations": []}, "image"),
        ({"images": ["a.png"]}, "images[0]"),
        ({"input": {"messages": [{"content": [image(DATA_URL)]}]}}, "input.messages[0].content[0]"),
        ({"a b": {"c.d": DATA_URL}}, '["a b"]["c.d"]'),
        ([[DATA_URL]], "[0][0]"),
        (image(DATA_URL), "image_url"),
    ],
)
def test_images_in_odd_places_are_found(value: Any, place: str) -> None:
    row, urls = parse(json.dumps(value).encode())
    assert [image.place for image in row.images] == [place]
    assert len(urls) == 1
    assert PIXELS not in json.dumps(row.value)


def test_a_row_that_is_a_bare_data_url_is_cut_short_too() -> None:
    row, urls = parse(json.dumps(DATA_URL).encode())
    assert (row.value, row.images, urls) == ("data:image/png;base64,", (), ())


def test_other_data_urls_are_cut_short_but_are_no_images() -> None:
    part = {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PIXELS}"}}
    row, urls = parse(chat(part))
    assert (row.images, urls) == ((), ())
    assert PIXELS not in json.dumps(row.value)


def test_slashes_escaped_as_php_does_are_read() -> None:
    raw = chat(image(DATA_URL)).replace(b"/", b"\\/")
    row, urls = parse(raw)
    assert urls == (DATA_URL,)
    assert row.images[0].encoded_chars == len(PIXELS)


def test_text_that_quotes_a_data_url_stays_text() -> None:
    text = f'Why does "{DATA_URL}" not load?'
    row, urls = parse(chat({"type": "text", "text": text}))
    assert urls == ()
    assert row.value["messages"][1]["content"][0]["text"] == text


def test_a_sentence_that_begins_with_data_stays_a_sentence() -> None:
    text = "data: we measured it, " * 40
    row, urls = parse(chat({"type": "text", "text": text}))
    assert urls == ()
    assert row.value["messages"][1]["content"][0]["text"] == text


def test_private_characters_in_the_text_are_not_taken_for_marks() -> None:
    text = "\ue000" + "0." + "\ue001"
    raw = chat({"type": "text", "text": text}, image(DATA_URL))
    row, urls = parse(raw)
    assert row.value["messages"][1]["content"][0]["text"] == text
    assert urls == (DATA_URL,)
    assert parse(raw.replace(b"\\ue000", "\ue000".encode()))[1] == (DATA_URL,)


strings = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [DATA_URL, f"see {DATA_URL}", f'"{DATA_URL}"', "data:", '"data:', "\ue000", "\\"]
    ),
    st.builds(lambda head, n: f"data:{head}{'A' * n}", st.text(max_size=5), st.integers(0, 600)),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | strings,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            strings | st.sampled_from(["image_url", "url", "type", "images"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(values, st.booleans(), st.booleans())
def test_cutting_images_out_of_the_bytes_is_exact(value: Any, ascii_only: bool, php: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assume(not isinstance(value, str))
    if php:
        raw = raw.replace(b"/", b"\\/")
    read = read_line(raw, index=0, line=1, offset=7)
    assert read.row.flaw == ""
    for slot, url in zip(slots(read.row.value), read.every_url(), strict=True):
        slot.holder[slot.key] = url
    assert read.row.value == value


@given(
    st.binary(max_size=200)
    | st.text(st.sampled_from('{}[]":,\\data0e-. \r'), max_size=60).map(str.encode)
)
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    for offset in (0, 9):
        row, urls = parse(raw, offset=offset)
        assert len(urls) == len(row.images)
        assert row.flaw == "" or row.value is None
        example(row)


@pytest.mark.parametrize(
    ("raw", "flaw"),
    [
        (b'{"a": 1', "Not JSON: expecting ',' delimiter at column 8."),
        (b'{"a": NaN}', "Not JSON: NaN is no number at column 7."),
        (b'{"NaN": -Infinity}', "Not JSON: -Infinity is no number at column 9."),
        (b'{"a": 1e999}', "A number in the row is too large."),
        (b'{"a": ' + b"9" * 5000 + b"}", "A number in the row is too large."),
        (b"[" * 100_000, "The row is nested more than 200 levels deep."),
        (b"[" * 300 + b"]" * 300, "The row is nested more than 200 levels deep."),
        (b'{"a": "caf\xe9"}', "Byte 0xE9 at column 11 is not UTF-8."),
        (b'{"a": "\x00"}', "Not JSON: a NUL byte at column 8."),
        (b"\x00\x00", "Not JSON: a NUL byte at column 1."),
        (b'{"a": 1} {"b": 2}', "Not JSON: a second value begins on the same line at column 10."),
        (
            b'{"a": 1}\r{"b": 2}',
            "Not JSON: lines seem to end in a carriage return only; "
            "a second value begins at column 10.",
        ),
        ("\ufeff{}".encode(), "Not JSON: a byte order mark within the file at column 1."),
        (
            b"[",
            "Not JSON: one value is spread over several lines "
            "where each row must be one line; it breaks at column 2.",
        ),
        (b"nonsense", "Not JSON: expecting value at column 1."),
    ],
)
def test_a_damaged_line_is_a_row_with_a_flaw(raw: bytes, flaw: str) -> None:
    row, urls = parse(raw, offset=100)
    assert (row.flaw, row.value, urls) == (flaw, None, ())
    assert example(row).messages == ()


def test_the_column_of_a_flaw_counts_the_images_before_it() -> None:
    raw = chat(image(DATA_URL), image(DATA_URL))[:-1] + b",}"
    row, _ = parse(raw)
    assert row.flaw.endswith(f"at column {len(raw):,}.")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be", "utf-32"])
def test_wide_encodings_are_named_or_refused(codec: str) -> None:
    row, _ = parse("\ufeff{}".encode(codec) if codec.endswith("be") else "{}".encode(codec))
    assert row.flaw == f"The file is encoded as {codec[:6].upper()}; it must be UTF-8."


def test_a_byte_order_mark_at_the_beginning_is_noted() -> None:
    row, _ = parse(b'\xef\xbb\xbf{"a": 1}')
    assert row.value == {"a": 1}
    assert row.oddities == ("The file begins with a byte order mark, which is not JSON.",)


def test_keys_given_twice_and_half_characters_are_noted() -> None:
    row, _ = parse(b'{"a": 1, "a": 2, "b": "\\ud800"}', offset=9)
    assert row.value == {"a": 2, "b": "\ud800"}
    assert row.oddities == (
        "The key 'a' is given more than once.",
        "A string holds half a surrogate pair, which is not a character.",
    )
    assert "\ud800" not in example(row).messages[0].text


def test_many_keys_given_twice_take_no_longer_than_they_are_many() -> None:
    raw = b'{"a":1,' + b",".join(b'"%d":0' % n for n in range(100_000)) + b',"a":2}'
    assert parse(raw, offset=9)[0].oddities == ("The key 'a' is given more than once.",)


def test_images_do_not_count_towards_the_text_a_row_may_hold() -> None:
    url = f"data:image/png;base64,{'A' * (2 * MAX_TEXT_BYTES)}"
    row, urls = parse(chat(image(url)))
    assert (row.flaw, urls) == ("", (url,))
    row, _ = parse(json.dumps({"a": "x" * MAX_TEXT_BYTES}).encode())
    assert "besides its images" in row.flaw


def test_an_image_cut_off_at_the_end_of_the_file_is_named() -> None:
    row, _ = parse(chat(image(f"data:image/png;base64,{'A' * 5_000_000}"))[:-90])
    assert row.flaw.startswith("The line is cut off inside the image that begins at byte ")


def test_many_images_in_a_row_take_no_longer_than_they_are_many() -> None:
    row, urls = parse(json.dumps({"messages": [{"content": [image("a")] * 5_000}]}).encode())
    assert len(urls) == 5_000
    assert len(example(row).images) == 5_000
    row, _ = parse(json.dumps({"images": ["a"] * 5_001}).encode())
    assert row.flaw == "The row has more than 5,000 images."


def test_a_row_of_very_many_values_is_refused() -> None:
    row, _ = parse(b"[" + b"[]," * 200_001 + b"0]")
    assert row.flaw == "The row holds more than 200,000 values."


def test_a_line_full_of_beginnings_is_left_to_the_parser() -> None:
    row, urls = parse(json.dumps([["data:"] * 30_000, {"image": DATA_URL}]).encode())
    assert (row.flaw, urls) == ("", (DATA_URL,))
    assert parse(b'"data:' * 30_000)[0].flaw.startswith("Not JSON: ")


@pytest.mark.parametrize("at", [1_048_574, 1_048_575, 1_048_576, 1_048_577, 2_097_152])
def test_a_long_image_is_cut_out_whatever_stands_where_a_step_ends(at: int) -> None:
    url = b"data:image/png;base64," + b"A" * 2_200_000
    raw = b'{"url":"' + url[:at] + b"\\/" + url[at:] + b'"}'
    assert lift(raw).cuts[0].url(raw) == (url[:at] + b"/" + url[at:]).decode()
    broken = url[:at] + b"\\n" + url[at:]
    assert (
        lift(b'{"url":"' + broken + b'"}').cuts[0].url(raw=b'{"url":"' + broken + b'"}').count("\n")
    )
    escaped = url[:at] + b"\\u0041" + url[at:]
    assert not lift(b'{"url":"' + escaped + b'"}').cuts


@pytest.mark.parametrize(
    "text", ["", "a cat", "caf\u00e9", "half \ud800", "data:image/png;base64,AAAA"]
)
@pytest.mark.parametrize("role", ["user", "human", "", "half \ud800"])
def test_a_usual_message_is_read_as_one_with_more_keys_is(role: str, text: str) -> None:
    usual = {"role": role, "content": text}
    rows = [
        Row(0, 1, 0, 0, {"messages": [message]}) for message in (usual, {**usual, "name": None})
    ]
    short, long = map(example, rows)
    assert short.messages == long.messages
