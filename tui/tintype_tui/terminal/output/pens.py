"""What cells look like, and the shortest way from one look to the next.

A pen is the parameters of the SGR sequence that sets a look after a reset, as `1;38;2;255;0;0`;
where the cell is a link, followed by an escape character and what OSC 8 takes (`id=…;address`).
"""

import re
from functools import lru_cache

_OFF = {1: 22, 2: 22, 3: 23, 4: 24, 5: 25, 6: 25, 7: 27, 8: 28, 9: 29, 21: 24, 51: 54, 52: 54}
_OFF |= {53: 55}
"""Which parameter turns an attribute off (ECMA-48, 8.3.117)."""
_SEEN_ON_BLANKS = frozenset({4, 7, 9, 21, 51, 52, 53})
"""Attributes that are seen where there is no sign: lines and exchanged colours."""

_LEVELS = {level: at for at, level in enumerate((0, 95, 135, 175, 215, 255))}
"""Of which red, green and blue of the 216 colours after the first 16 are made."""

_PLAIN = re.compile(r"(38;2;\d+;\d+;\d+);(48;2;\d+;\d+;\d+)")
_NONE: frozenset[int] = frozenset()

Look = tuple[frozenset[int], str, str, str]
"""Attributes; parameters of the text's and of the background's colour; link."""


@lru_cache(1 << 14)
def look(pen: str) -> Look:
    """Take a pen apart."""
    if plain := _PLAIN.fullmatch(pen):
        return _NONE, plain[1], plain[2], ""
    sgr, _, link = pen.partition("\x1b")
    attributes, front, back = set(), "", ""
    parameters = sgr.split(";") if sgr else []
    while parameters:
        first = int(parameters.pop(0) or 0)
        if first in (38, 48):
            count = {"5": 2, "2": 4}.get(parameters[0], 1) if parameters else 0
            colour = ";".join([str(first), *parameters[:count]])
            del parameters[:count]
            front, back = (colour, back) if first == 38 else (front, colour)
        elif first in _OFF:
            attributes.add(first)
        elif 30 <= first <= 37 or 90 <= first <= 97:
            front = str(first)
        elif 40 <= first <= 47 or 100 <= first <= 107:
            back = str(first)
    return frozenset(attributes) or _NONE, front, back, link


@lru_cache(1 << 15)
def change(before: str | None, after: str) -> str:
    """The sequence that changes the pen; `before` is None where it is not known."""
    if before == after:
        return ""
    was, now = look(before or ""), look(after)
    if before is not None and was[0] is now[0] is _NONE and now[1] and now[2]:
        return f"\x1b[{';'.join(_colours(was, now))}m"  # an image's cells: nothing is shorter
    link = "" if before is not None and was[3] == now[3] else f"\x1b]8;{now[3] or ';'}\x1b\\"
    if before is None and not now[3]:
        link = ""  # what is unknown is at least not within a link
    sgr = ";".join(_steps(look(""), now))
    whole = f"\x1b[0;{sgr}m" if sgr else "\x1b[m"
    if before is None:
        return whole + link
    if was[:3] == now[:3]:
        return link
    step = f"\x1b[{';'.join(_steps(was, now))}m"
    return min(step, whole, key=len) + link


def _steps(was: Look, now: Look) -> list[str]:
    off = {_OFF[one] for one in was[0] - now[0]}
    # 22 ends bold and dim, 24 both underlines: what is to stay is set again.
    on = {one for one in now[0] if one not in was[0] or _OFF[one] in off}
    steps = [str(one) for one in (*sorted(off), *sorted(on))]
    return steps + _colours(was, now)


def _colours(was: Look, now: Look) -> list[str]:
    front = [_short(now[1]) or "39"] if was[1] != now[1] else []
    return [*front, _short(now[2]) or "49"] if was[2] != now[2] else front


@lru_cache(1 << 14)
def _short(colour: str) -> str:
    """A 24-bit colour by its number, if it is one of the terminal's 256.

    Not the first 16, which are whatever its owner likes, nor the next 6, which some themes take.
    """
    parts = colour.split(";")
    if len(parts) != 5 or parts[1] != "2":
        return colour
    red, green, blue = map(int, parts[2:])
    number = 0
    if red == green == blue and red % 10 == 8 and red <= 238:
        number = 232 + red // 10
    elif {red, green, blue} <= _LEVELS.keys():
        number = 16 + 36 * _LEVELS[red] + 6 * _LEVELS[green] + _LEVELS[blue]
    return f"{parts[0]};5;{number}" if number > 21 else colour


@lru_cache(1 << 14)
def blank(pen: str) -> tuple[frozenset[int], str, str, str] | None:
    """What is seen of a blank cell in this pen: cells for which it is equal look alike."""
    attributes, front, back, link = look(pen)
    seen = attributes & _SEEN_ON_BLANKS
    return seen, front if seen else "", back, link


@lru_cache(1 << 12)
def erases(pen: str) -> bool:
    """Whether a cell that is erased in this pen looks like a blank written in it."""
    attributes, _, _, link = look(pen)
    return not link and not attributes & _SEEN_ON_BLANKS


@lru_cache(1 << 12)
def front_number(pen: str) -> int:
    """The text's colour as a 24-bit number, which names an image of kitty's; -1 if it is none."""
    parts = look(pen)[1].split(";")
    if parts[:2] != ["38", "2"] or len(parts) != 5:
        return -1
    red, green, blue = map(int, parts[2:])
    return red << 16 | green << 8 | blue
