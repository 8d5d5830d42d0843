"""Telling replies from keys, in whatever pieces they come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import constants
from textual._xterm_parser import XTermParser
from textual.message import Message

from tintype_tui.terminal.driver import SiftingParser
from tintype_tui.terminal.replies import LONGEST_HOLD_S, Replies, Told

REPLIES = [
    "\x1b[?62;4;22c",
    "\x1b[?6c",
    "\x1b[6;18;9t",
    "\x1bP>|kitty(0.41.1)\x1b\\",
    "\x1bP>|XTerm(398)\x07",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b_Gi=31;ENOTSUPPORTED:no é graphics\x1b\\",
]
KEYS = [
    *("a", "J", "é", "漢", " ", "1", "\r", "\t", "\x7f", "\x03"),
    *("\x1b", "\x1bj", "\x1bP", "\x1b_", "\x1b]", "\x1bOP"),
    *("\x1b[A", "\x1b[1;5C", "\x1b[6~", "\x1b[6;5~", "\x1b[97;5u", "\x1b[Z"),
    *("\x1b[<35;10;20M", "\x1b[<0;3;4m", "\x1b[I", "\x1b[O", "\x1b[?2026;2$y"),
    *("\x1b[48;24;80;480;800t", "\x1b[200~pasted\ntext\x1b[201~"),
]


def parsed(parser: XTermParser, pieces: list[str]) -> list[str]:
    messages: list[Message] = []
    # A last letter, so that nothing is left waiting for more.
    for piece in [*pieces, "~"]:
        messages.extend(parser.feed(piece))
    return [repr(message) for message in messages]


@st.composite
def streams(draw: st.DrawFn) -> tuple[str, list[str]]:
    """The keys alone, and in pieces the keys with replies among them."""
    parts = draw(st.lists(st.sampled_from([*KEYS, *REPLIES]), max_size=12))
    stream = "".join(parts)
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=10)))
    ends = zip([0, *cuts], [*cuts, len(stream)], strict=True)
    return "".join(part for part in parts if part in KEYS), [stream[a:b] for a, b in ends if a < b]


@given(streams())
def test_replies_leave_no_trace_among_keys_however_they_are_cut(
    stream: tuple[str, list[str]],
) -> None:
    keys, pieces = stream
    assert parsed(SiftingParser(), pieces) == parsed(XTermParser(), [keys] if keys else [])


@given(st.lists(st.sampled_from(KEYS), max_size=12), st.data())
def test_every_reply_is_heard_however_it_is_cut(keys: list[str], data: st.DataObject) -> None:
    stream = "".join([*keys[:3], *REPLIES, *keys[3:]])
    replies = Replies()
    for piece in data.draw(st.sampled_from([[stream], list(stream)])):
        replies.sift(piece, 0.0)
    assert replies.told == Told(
        version="XTerm(398)", graphics=False, cell=(9, 18), attributes=frozenset({6})
    )


@given(st.text(max_size=60))
def test_any_text_at_all_is_passed_on_or_held(text: str) -> None:
    replies = Replies()
    passed = "".join(replies.sift(letter, 0.0) for letter in text)
    if "\x1b" not in text:
        assert (passed, replies.held) == (text, "")
    assert len(passed) + len(replies.held) <= len(text)


def test_half_a_character_is_not_the_end_of_input() -> None:
    assert parsed(SiftingParser(), ["", "é"]) == parsed(XTermParser(), ["é"])


def test_a_lone_escape_waits_once_and_is_a_key() -> None:
    now = [0.0]
    parser = SiftingParser(clock=lambda: now[0])
    assert list(parser.feed("\x1b")) == []
    now[0] = constants.ESCAPE_DELAY * 0.9
    assert list(parser.tick()) == []
    now[0] = constants.ESCAPE_DELAY
    assert [getattr(event, "key", "") for event in parser.tick()] == ["escape"]


@pytest.mark.parametrize("start", ["\x1b[?62;4", "\x1bP>|kit", "\x1b_Gi=31;O"])
def test_a_reply_that_never_ends_is_dropped_not_typed(start: str) -> None:
    now = [0.0]
    parser = SiftingParser(clock=lambda: now[0])
    assert list(parser.feed(start)) == []
    now[0] = LONGEST_HOLD_S
    assert list(parser.tick()) == []
    assert [getattr(event, "key", "") for event in parser.feed("j")] == ["j"]


def test_typing_on_does_not_prolong_the_wait_for_a_reply() -> None:
    now = [0.0]
    parser = SiftingParser(clock=lambda: now[0])
    assert list(parser.feed("\x1b_")) == []
    for letter in "Gjk":
        now[0] += LONGEST_HOLD_S / 3
        assert list(parser.feed(letter)) == []
    assert list(parser.tick()) == []
    assert [getattr(event, "key", "") for event in parser.feed("j")] == ["j"]


@pytest.mark.parametrize("key", ["\r", "\x03", "\x1b[A"])
def test_a_key_in_a_reply_cut_short_is_still_a_key(key: str) -> None:
    expected = parsed(XTermParser(), [key])
    assert parsed(SiftingParser(), ["\x1b_Gi=31;O" + key]) == expected


def test_a_page_down_cut_in_the_middle_is_not_taken_for_a_cell_size() -> None:
    assert parsed(SiftingParser(), ["\x1b[6", "~"]) == parsed(XTermParser(), ["\x1b[6~"])


def test_numbers_of_any_length_are_survived() -> None:
    replies = Replies()
    digits = "9" * 5000
    assert replies.sift(f"\x1b[?{digits};4c\x1b[6;{digits};{digits}t", 0.0) == ""
    assert replies.told.attributes == frozenset({999_999, 4})


def test_an_error_about_another_image_says_nothing_of_the_terminal() -> None:
    replies = Replies()
    replies.sift("\x1b_Gi=31;OK\x1b\\\x1b_Gi=70000;ENOENT:gone\x1b\\", 0.0)
    assert replies.told.graphics
