"""The driver in a real pseudo-terminal."""

import os
import re
from typing import Any

DA1 = b"\x1b[c"
KITTY = b"\x1bP>|kitty(0.41.1)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;52;c"
XTERM = b"\x1bP>|XTerm(398)\x1b\\\x1b[6;19;9t\x1b[?64;1;4;22c"


TMUX = b"\x1bP>|tmux 3.4\x1b\\\x1b[?1;2;4c"


def titles(written: bytes) -> list[bytes]:
    """What tmux and screen take for a pane's title: the text of APC and of ESC k."""
    return re.findall(rb"\x1b[_k](.*?)\x1b\\", written, re.S)


def single(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def test_a_reply_that_comes_byte_by_byte_among_keys_is_understood_and_never_typed(
    play: Any,
) -> None:
    terminal = play()
    terminal.until(DA1)
    terminal.type(b"a", *single(KITTY[:20]), *single(KITTY[20:]), b"b", b"\x1b[A")
    terminal.until(b"]answered")
    terminal.type(b"q")
    assert terminal.leave() == 0
    assert terminal.noted("key") == ["a", "b", "up", "q"]
    answered = terminal.noted("answered")
    assert len(answered) == 1
    assert answered[0] | {"round_trip_ms": 0} == {
        "protocol": "kitty",
        "why": "kitty 0.41.1 takes kitty graphics and draws them at placeholders.",
        "cell": [9, 18],
        "largest": None,
        "terminal": "kitty",
        "version": "0.41.1",
        "tmux": False,
        "passthrough": False,
        "answered": True,
        "round_trip_ms": 0,
        "colours": 1 << 24,
        "letters": False,
    }
    assert answered[0]["round_trip_ms"] > 0


def test_kitty_is_asked_for_its_graphics_once_it_has_said_that_it_is_kitty(play: Any) -> None:
    terminal = play()
    before = terminal.until(DA1)
    assert titles(before) == []
    terminal.type(b"\x1bP>|kitty(0.41.1)\x1b\\\x1b[6;18;9t\x1b[?62;52;c")
    assert titles(terminal.until(DA1)) == [b"Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA"]
    terminal.type(b"\x1b_Gi=31;OK\x1b\\\x1b[?62;52;c")
    terminal.until(b"]answered")
    terminal.type(b"q")
    assert terminal.leave() == 0
    assert terminal.noted("key") == ["q"]
    (answered,) = terminal.noted("answered")
    assert answered["protocol"] == "kitty"


def test_the_title_of_a_tmux_behind_a_term_that_hides_it_is_left_alone(play: Any) -> None:
    terminal = play(TERM="xterm-256color")  # as ssh out of tmux may set it
    written = terminal.until(DA1)
    terminal.type(TMUX)
    written += terminal.until(b"]answered")
    terminal.type(b"q")
    written += terminal.until(b"left")
    assert terminal.ended() == 0
    assert titles(written) == []
    (answered,) = terminal.noted("answered")
    assert (answered["terminal"], answered["protocol"]) == ("tmux", "sixel")


def test_keys_typed_before_a_late_answer_come_first(play: Any) -> None:
    terminal = play()
    terminal.until(DA1)
    terminal.type(b"j", b"k", b"\xc3", b"\xa9")
    terminal.until(b"]key", times=3)
    terminal.type(XTERM)
    terminal.until(b"]answered")
    terminal.type(b"q")
    assert terminal.leave() == 0
    assert terminal.noted("key") == ["j", "k", "é", "q"]
    (answered,) = terminal.noted("answered")
    assert (answered["protocol"], answered["largest"]) == ("sixel", [1000, 1000])


def test_an_answer_given_twice_is_told_once(play: Any) -> None:
    terminal = play()
    terminal.until(DA1)
    terminal.type(XTERM, b"a", XTERM)
    terminal.until(b"]answered")
    terminal.type(b"q")
    assert terminal.leave() == 0
    assert terminal.noted("key") == ["a", "q"]
    assert len(terminal.noted("answered")) == 1


def test_an_answer_that_comes_after_leaving_is_not_left_to_the_shell(play: Any) -> None:
    terminal = play()
    terminal.until(DA1)
    terminal.type(b"q")
    terminal.until(b"\x1b[?1000l")  # it has begun to leave
    terminal.type(XTERM)
    assert terminal.leave() == 0
    assert terminal.unread() == b""


def test_a_terminal_that_never_answers_holds_nothing_up(play: Any) -> None:
    terminal = play()
    terminal.until(DA1)
    terminal.type(b"a", b"\x1b")
    terminal.until(b"]key", times=2)
    terminal.type(b"q")
    assert terminal.leave() == 0
    assert terminal.noted("key") == ["a", "escape", "q"]
    assert terminal.noted("answered") == []


def test_a_terminal_found_to_have_all_colours_is_drawn_anew_in_them(play: Any) -> None:
    terminal = play(TERM="xterm-256color")
    before = terminal.until(DA1) + terminal.until(b"48;5;")
    assert b"48;2;18;52;86" not in before
    terminal.type(XTERM)
    terminal.until(b"]answered")
    terminal.until(b"48;2;18;52;86")
    terminal.type(b"q")
    assert b"48;5;" not in terminal.until(b"left")


def test_the_environment_overrides_before_the_terminal_answers(play: Any) -> None:
    terminal = play(TINTYPE_IMAGES="ascii")
    terminal.until(b"]protocol", times=2)
    assert terminal.noted("protocol") == ["halfblock", "ascii"]
    terminal.type(KITTY)
    terminal.until(b"]answered")
    terminal.type(b"q")
    assert terminal.leave() == 0
    assert terminal.noted("protocol")[-1] == "ascii"


def test_input_that_is_not_utf_8_does_not_end_the_app(play: Any) -> None:
    terminal = play()
    terminal.until(DA1)
    terminal.type(XTERM, b"\xff\xfe", b"a", b"q")
    assert terminal.leave() == 0
    assert terminal.noted("key")[-2:] == ["a", "q"]


def test_a_paste_that_looks_like_a_reply_is_pasted_without_it(play: Any) -> None:
    terminal = play()
    terminal.until(DA1)
    terminal.type(XTERM, b"\x1b[200~left \x1b[?1;2cright\x1b[201~", b"q")
    assert terminal.leave() == 0
    assert terminal.noted("paste") == ["left right"]


def test_an_app_whose_terminal_goes_away_ends(play: Any) -> None:
    terminal = play()
    terminal.until(DA1)
    os.close(terminal.slave)
    os.close(terminal.master)
    terminal.master = terminal.slave = -1
    terminal.ended()  # with whatever code: it can no longer write
