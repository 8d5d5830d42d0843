"""Deciding how to draw images."""

import pytest

from tintype_tui.terminal import TRUECOLOR, advice
from tintype_tui.terminal.capabilities import (
    Capabilities,
    Protocol,
    Surroundings,
    Tmux,
    assess,
    name_and_version,
)
from tintype_tui.terminal.probe import QUERY, graphics_query
from tintype_tui.terminal.replies import GRAPHICS_QUERY, Told
from tintype_tui.terminal.tmux import read_answer, wrap

DA1 = frozenset({62, 22})
SIXEL = frozenset({62, 4, 22})


def found(
    told: Told, tmux: Tmux | None = None, *, mono: bool = False, **environ: str
) -> Capabilities:
    environ = {"TERM": "xterm-256color", **environ}
    return assess(told, Surroundings(environ, mono=mono, tmux=tmux), 12.0)


@pytest.mark.parametrize(
    ("told", "protocol"),
    [
        (Told("kitty(0.41.1)", graphics=True, attributes=DA1), "kitty"),
        (Told("kitty(0.28.0)", graphics=True, attributes=DA1), "kitty"),
        (Told("kitty(0.26.5)", graphics=True, attributes=DA1), "halfblock"),
        (Told("ghostty 1.1.3", graphics=True, attributes=DA1), "kitty"),
        (Told("WezTerm 20240203-110809-5046fc22", graphics=True, attributes=SIXEL), "iterm"),
        (Told("iTerm2 3.5.0", graphics=True, attributes=SIXEL), "iterm"),
        (Told("mintty 3.7.0", attributes=SIXEL), "iterm"),
        (Told("Konsole 24.12", graphics=True, attributes=SIXEL), "sixel"),
        (Told("foot(1.21.0)", attributes=SIXEL), "sixel"),
        (Told("XTerm(398)", attributes=SIXEL), "sixel"),
        (Told("XTerm(398)", attributes=DA1), "halfblock"),
        (Told("", attributes=DA1), "halfblock"),
        (Told(), "halfblock"),
    ],
)
def test_the_best_protocol_that_works_wins(told: Told, protocol: str) -> None:
    assert found(told).protocol == protocol
    assert found(told).why.endswith(".")


def test_kitty_comes_with_all_colours_where_ssh_left_colorterm_behind() -> None:
    told = Told("kitty(0.41.1)", graphics=True, attributes=DA1)
    assert found(told, TERM="xterm-kitty").colours == TRUECOLOR


@pytest.mark.parametrize(
    ("environ", "version", "colours"),
    [
        ({"COLORTERM": "truecolor"}, "", TRUECOLOR),
        ({"TERM": "xterm-direct"}, "", TRUECOLOR),
        ({"TERM": "mlterm"}, "", TRUECOLOR),
        ({}, "XTerm(398)", TRUECOLOR),
        ({}, "XTerm(300)", 256),
        ({}, "", 256),
        ({"TERM": "linux"}, "", 16),
        ({"TERM": "screen"}, "", 16),
        ({"TERM": "screen-256color"}, "", 256),
        ({"TERM": "dumb"}, "", 2),
        ({"TEXTUAL_COLOR_SYSTEM": "standard"}, "XTerm(398)", 16),
    ],
)
def test_colours_are_guessed(environ: dict[str, str], version: str, colours: int) -> None:
    around = Surroundings({"TERM": "xterm-256color", **environ})
    assert assess(Told(version, attributes=DA1), around).colours == colours


@pytest.mark.parametrize("wanted", ["kitty", "sixel", "halfblock", "ascii", "none"])
def test_the_environment_overrides(wanted: Protocol) -> None:
    capabilities = found(Told(attributes=DA1), TINTYPE_IMAGES=wanted)
    assert (capabilities.protocol, capabilities.why) == (
        wanted,
        f"TINTYPE_IMAGES={wanted} says so.",
    )


def test_an_override_nobody_knows_is_named_and_passed_over() -> None:
    capabilities = found(Told(attributes=SIXEL), TINTYPE_IMAGES="jpeg")
    assert capabilities.protocol == "sixel"
    assert "'jpeg' is none of auto, kitty, sixel" in capabilities.why


def test_letters_are_all_there_is_without_colour_or_unicode() -> None:
    told = Told("kitty(0.41.1)", graphics=True, attributes=SIXEL)
    assert found(told, mono=True).protocol == "ascii"
    assert found(told, TERM="dumb").protocol == "ascii"
    assert assess(told, Surroundings({}, encoding="iso8859-15")).protocol == "ascii"
    assert assess(told, Surroundings({}, encoding="UTF-8")).protocol == "kitty"
    assert found(told, mono=True, TINTYPE_IMAGES="kitty").protocol == "ascii"
    assert found(told, mono=True, TINTYPE_IMAGES="sixel").protocol == "sixel"


def test_in_tmux_the_terminal_around_it_counts() -> None:
    # tmux with sixel support says 4 whatever the terminal around it can do.
    told = Told("tmux 3.5a", attributes=SIXEL)
    kitty = Tmux("3.5a", "kitty(0.41.1)", "xterm-kitty", passthrough=True, cell=(9, 18))
    capabilities = found(told, kitty, TMUX="socket,1,0")
    assert (capabilities.protocol, capabilities.cell) == ("kitty", (9, 18))
    assert (capabilities.terminal, capabilities.version) == ("kitty", "0.41.1")
    assert capabilities.tmux
    assert capabilities.passthrough
    assert capabilities.round_trip_ms is None
    plain = Tmux("3.5a", "XTerm(398)", "xterm", frozenset({"RGB"}))
    assert found(told, plain, TMUX="x").protocol == "halfblock"
    drawing = Tmux("3.5a", "XTerm(398)", "xterm", frozenset({"RGB", "sixel"}))
    assert found(told, drawing, TMUX="x").protocol == "sixel"
    assert found(told, None, TMUX="x").protocol == "halfblock"


@pytest.mark.parametrize(
    ("tmux", "fix"),
    [
        (Tmux("3.3a", "kitty(0.41.1)", "xterm-kitty"), "set -g allow-passthrough on"),
        (
            Tmux("3.3a", "kitty(0.41.1)", "xterm-256color", passthrough=True),
            "set -as terminal-features ',*kitty*:RGB'",
        ),
        (Tmux("3.3a", "kitty(0.41.1)", "xterm-kitty", passthrough=True), ""),
        (Tmux("3.3a", "XTerm(398)", "xterm"), ""),
    ],
)
def test_what_keeps_images_from_getting_through_tmux_can_be_mended(tmux: Tmux, fix: str) -> None:
    assert advice(found(Told(attributes=DA1), tmux, TMUX="x"))[1] == fix


def test_tmux_is_read_whatever_its_age() -> None:
    features = "256,RGB,sixel"
    assert read_answer(f"3.5a\nkitty(0.41.1)\nxterm-kitty\n{features}\n9\n18\nall\n") == Tmux(
        "3.5a",
        "kitty(0.41.1)",
        "xterm-kitty",
        frozenset({"256", "RGB", "sixel"}),
        (9, 18),
        passthrough=True,
    )
    assert read_answer("3.3a\n\nxterm\n\n\n\n0") == Tmux("3.3a", "xterm", "xterm")
    assert read_answer("3.2\n\nxterm\n\n0\n0\n\n").passthrough
    assert read_answer("") == Tmux()


def test_what_goes_through_tmux_is_doubled() -> None:
    assert wrap("\x1b_Ga=d\x1b\\") == "\x1bPtmux;\x1b\x1b_Ga=d\x1b\x1b\\\x1b\\"


@pytest.mark.parametrize(
    ("said", "name", "version"),
    [
        ("kitty(0.41.1)", "kitty", "0.41.1"),
        ("XTerm(398)", "xterm", "398"),
        ("WezTerm 20240203-110809-5046fc22", "wezterm", "20240203-110809-5046fc22"),
        ("VTE(7600)", "vte", "7600"),
        ("iTerm2 3.5.0", "iterm2", "3.5.0"),
        ("tmux 3.5a", "tmux", "3.5a"),
        ("xterm-kitty", "kitty", ""),
        ("xterm-256color", "xterm-256color", ""),
        ("", "", ""),
    ],
)
def test_names_and_versions_are_told_apart(said: str, name: str, version: str) -> None:
    assert name_and_version(said) == (name, version)


def test_only_a_terminal_that_said_that_it_draws_at_placeholders_is_asked_for_graphics() -> None:
    assert GRAPHICS_QUERY not in QUERY
    for version in ("kitty(0.41.1)", "ghostty 1.1.3"):
        assert GRAPHICS_QUERY in graphics_query(Told(version, attributes=DA1))
        assert not graphics_query(Told(version, graphics=True, attributes=DA1))
    for version in ("tmux 3.4", "", "XTerm(398)", "kitty(0.26.5)", "WezTerm 20240203"):
        assert not graphics_query(Told(version, attributes=DA1)), version
