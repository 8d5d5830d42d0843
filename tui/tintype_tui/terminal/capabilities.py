"""What the terminal at hand can show, decided from its replies and the environment.

All of this is thinking without asking: the driver and the probe do the asking.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tintype_tui.terminal.replies import Told

Protocol = Literal["kitty", "sixel", "iterm", "halfblock", "ascii", "none"]

OVERRIDE = "TINTYPE_IMAGES"
"""The environment variable that decides instead: `auto` or one of `Protocol`."""

LETTERS = "TINTYPE_LETTERS"
"""The environment variable that asks for letters and no other signs, whatever the terminal."""

DEFAULT_CELL = 10, 20
"""A cell's width and height in pixels where nobody says: the VT340's, and most fonts' shape."""

TRUECOLOR = 1 << 24

XTERM_LARGEST = 1000, 1000
"""xterm's limit for a sixel image (resource maxGraphicSize), beyond which it shows nothing.
It can be asked for it, but names no more than what its window now has."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the terminal can show. Without arguments: what is assumed until it has answered."""

    protocol: Protocol = "halfblock"
    """How images are drawn."""
    why: str = "The terminal has not answered yet."
    """Why this protocol: a sentence."""
    cell: tuple[int, int] = DEFAULT_CELL
    """A character cell's width and height in pixels."""
    largest: tuple[int, int] | None = None
    """The largest sixel image: width and height in pixels. None if there is no limit."""
    terminal: str = ""
    """The terminal's name, in lower case; inside tmux, the one around it. Empty if unknown."""
    version: str = ""
    tmux: bool = False
    passthrough: bool = False
    """Whether tmux hands escape sequences on to the terminal around it."""
    answered: bool = False
    """Whether the terminal has said what it is."""
    round_trip_ms: float | None = None
    """From asking to the answer; none inside tmux, which answers by itself."""
    colours: int = 256
    """A guess: 2, 8, 16, 256 or `TRUECOLOR`."""
    letters: bool = False
    """Whether there are letters and little else: no blocks, no braille, no lines."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the environment says about the terminal without asking it."""

    environ: Mapping[str, str]
    encoding: str = "utf-8"
    """That of the stream the app draws on."""
    mono: bool = False
    """Whether colour is refused (`NO_COLOR`). Textual takes the variable out of the environment
    when it starts, hence a field."""
    cell: tuple[int, int] | None = None
    """As the kernel knows it, from the window's size in pixels."""
    tmux: "Tmux | None" = None
    """What tmux says; none outside it, and until it has said."""

    @property
    def in_tmux(self) -> bool:
        """Whether tmux stands between."""
        return bool(self.environ.get("TMUX"))


@dataclass(frozen=True, slots=True)
class Tmux:
    """What tmux says of itself and of the terminal around it."""

    version: str = ""
    terminal: str = ""
    """The terminal's name and version in its own words; else its `TERM`."""
    term: str = ""
    """The terminal's `TERM`."""
    features: frozenset[str] = frozenset()
    """tmux's words for what the terminal can do: `RGB`, `sixel` …"""
    cell: tuple[int, int] | None = None
    passthrough: bool = False


def assess(told: Told, around: Surroundings, round_trip_ms: float | None = None) -> Capabilities:
    """Decide how to draw images, and say why."""
    inside = around.in_tmux
    tmux = around.tmux or Tmux()
    name, version = name_and_version(tmux.terminal if inside else told.version)
    colours = _colours(around, name, version)
    protocol, why = _protocol(told, around, name, version, colours)
    return Capabilities(
        protocol=protocol,
        why=why,
        cell=told.cell or tmux.cell or around.cell or DEFAULT_CELL,
        largest=XTERM_LARGEST if name == "xterm" else None,
        terminal=name,
        version=version,
        tmux=inside,
        passthrough=inside and tmux.passthrough,
        answered=told.attributes is not None,
        round_trip_ms=None if inside else round_trip_ms,
        colours=colours,
        letters=bool(_letters_only(around)),
    )


def name_and_version(said: str) -> tuple[str, str]:
    """Of `kitty(0.41.1)`, `WezTerm 20240203`, `xterm-kitty`: the name in lower case, and the rest.

    >>> name_and_version("XTerm(398)")
    ('xterm', '398')
    """
    match = re.match(r"\s*([A-Za-z][\w.+-]*?)(?:[\s(/]+v?(\d[\w.+-]*)|$)", said)
    name, version = (match[1].lower(), match[2] or "") if match else (said.strip().lower(), "")
    return name.removeprefix("xterm-") if name.endswith(("kitty", "ghostty")) else name, version


def has_placeholders(name: str, version: str) -> bool:
    """Whether the terminal draws kitty's images at Unicode placeholders.

    Only these stay in their cells, and scroll and vanish with them, so only they fit into an app of
    panes. kitty has had them since 0.28 (sw.kovidgoyal.net/kitty/changelog), Ghostty always;
    Konsole and WezTerm know the protocol but not the placeholders. A kitty that does not tell its
    version (older tmux passes on `TERM` alone) is taken to be recent.
    """
    numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
    return name == "ghostty" or (name == "kitty" and (not numbers or numbers >= [0, 28]))


def erases_in_colour(found: Capabilities) -> bool:
    """Whether erased cells take the background's colour (terminfo's bce); no where unknown.

    tmux does, since 2.2, for what is inside it, whatever terminal is around it.
    """
    return found.tmux or found.terminal in _TRUECOLOR_TERMINALS or found.terminal == "xterm"


def _protocol(
    told: Told, around: Surroundings, name: str, version: str, colours: int
) -> tuple[Protocol, str]:
    wanted = around.environ.get(OVERRIDE, "").strip().lower() or "auto"
    if wanted in get_args(Protocol):
        return _forced(wanted, mono=around.mono)  # type: ignore[arg-type]
    protocol, why = _automatic(told, around, name, version, colours)
    if wanted != "auto":
        known = ", ".join(("auto", *get_args(Protocol)))
        why = f"{OVERRIDE}={wanted!r} is none of {known}. {why}"
    return protocol, why


def _forced(wanted: Protocol, *, mono: bool) -> tuple[Protocol, str]:
    if wanted == "kitty" and mono:
        # The image's number travels as a colour, which Textual would turn to grey.
        return "ascii", f"{OVERRIDE}=kitty cannot be had together with NO_COLOR."
    return wanted, f"{OVERRIDE}={wanted} says so."


def _automatic(
    told: Told, around: Surroundings, name: str, version: str, colours: int
) -> tuple[Protocol, str]:
    if why := _letters_only(around):
        return "ascii", why
    if around.mono:
        return "ascii", "NO_COLOR is set, and blocks need colours."
    if around.in_tmux:
        return _within_tmux(around.tmux, name, version, colours)
    shown = f"{name} {version}".strip() or "The terminal"
    if told.graphics and has_placeholders(name, version):
        return "kitty", f"{shown} takes kitty graphics and draws them at placeholders."
    if name in _TAKE_FILES:
        return "iterm", f"{shown} takes image files as they are."
    if 4 in (told.attributes or ()):
        return "sixel", f"{shown} says that it draws sixels."
    if told.attributes is None:
        return "halfblock", "The terminal has not answered."
    return "halfblock", f"{shown} offers neither kitty graphics with placeholders nor sixels."


def _letters_only(around: Surroundings) -> str:
    """Why there are letters and little else; empty where there is more."""
    if around.environ.get(LETTERS):
        return f"{LETTERS} is set."
    if around.environ.get("TERM") == "dumb":
        return "TERM=dumb promises nothing but letters."
    if around.environ.get("TERM") == "linux":
        return "The console's fonts have few signs besides letters."
    if around.encoding.lower().replace("-", "").replace("_", "") != "utf8":
        return f"The output's encoding is {around.encoding}, which has no block characters."
    return ""


def _within_tmux(tmux: Tmux | None, name: str, version: str, colours: int) -> tuple[Protocol, str]:
    if tmux is None:
        return "halfblock", "tmux has not said which terminal is around it."
    shown = f"{name} {version}".strip() or "an unknown terminal"
    if has_placeholders(name, version):
        if tmux.passthrough and colours == TRUECOLOR:
            return "kitty", f"tmux lets kitty graphics through to {shown}."
        missing = "24-bit colour" if tmux.passthrough else "allow-passthrough"
        return "halfblock", f"{shown} could draw images, but tmux has not {missing} set."
    if "sixel" in tmux.features:
        return "sixel", f"tmux draws sixels, and so does {shown}."
    return "halfblock", f"tmux is inside {shown}, which draws no images that tmux hands on."


_TAKE_FILES = frozenset({"iterm2", "mintty", "wezterm"})
"""Terminals with iTerm2's protocol (iterm2.com/documentation-images.html): of a photograph a ninth
of the bytes that sixels take."""

_TRUECOLOR_TERMINALS = frozenset(
    {"alacritty", "contour", "foot", "ghostty", "iterm2", "kitty", "konsole", "mintty"}
    | {"mlterm", "rio", "vte", "wezterm"}
)


_FORCED_COLOURS = {"standard": 16, "256": 256, "truecolor": TRUECOLOR}
"""Values of Textual's own variable."""


def _colours(around: Surroundings, name: str, version: str) -> int:
    """How many colours, guessed: the reply to DA1 does not say.

    Neither ssh nor sudo hands COLORTERM on, so a terminal known to have all colours counts more
    than an environment that does not say so.
    """
    environ, term = around.environ, around.environ.get("TERM", "")
    if around.mono or term == "dumb":
        return 2
    if forced := _FORCED_COLOURS.get(environ.get("TEXTUAL_COLOR_SYSTEM", "")):
        return forced
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return TRUECOLOR
    if around.in_tmux:
        tmux = around.tmux or Tmux()
        # tmux takes it from terminfo, too, and does not list that.
        known = "RGB" in tmux.features or tmux.term in ("xterm-kitty", "xterm-ghostty")
    else:
        known = _knows_all_colours(name, version) or _knows_all_colours(name_and_version(term)[0])
    if known or term.endswith("-direct"):
        return TRUECOLOR
    # As Rich has it, which does the drawing.
    return 256 if term.endswith(("-256color", "-kitty")) else 16


def _knows_all_colours(name: str, version: str = "") -> bool:
    # xterm takes 24-bit colours since 331, and shows the nearest it has (invisible-island.net).
    return name in _TRUECOLOR_TERMINALS or (name == "xterm" and _number(version) >= 331)


def _number(version: str) -> int:
    match = re.match(r"\d+", version)
    return int(match[0][:6]) if match else 0
