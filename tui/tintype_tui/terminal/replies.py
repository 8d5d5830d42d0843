"""What a terminal says about itself, told apart from what a person types.

The queries are written once and their replies come back among the key presses: at once, seconds
later over a slow line, in pieces, twice, or never. `Replies.sift` takes them out wherever they are
cut, and gives back everything else in its order. Nothing here knows of a clock's source or of
Textual, so the app's driver and the command line's probe share it.
"""

import re
from dataclasses import dataclass, field, replace

VERSION_QUERY = "\x1b[>q"
"""XTVERSION: the terminal's name and version."""
GRAPHICS_QUERY = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
"""Does the terminal take kitty's graphics? Asked with one pixel that is not kept."""
CELL_QUERY = "\x1b[16t"
"""A character cell's height and width in pixels."""
ATTRIBUTES_QUERY = "\x1b[c"
"""DA1, which every terminal answers, and in order: when it comes, so has everything before it."""

LONGEST_HOLD_S = 2.0
"""How long the rest of a reply that has begun is waited for."""
_LONGEST_REPLY = 4096

# A string reply ends with ST (or BEL); one cut off by another control character is dropped as far
# as that character, which may be a key.
_BODY = r"[^\x00-\x1f\x7f]*"
_END = r"(?:\x1b\\|\x07|(?=[\x00-\x1a\x1c-\x1f\x7f]|\x1b[^\\]))"
_REPLY = re.compile(
    r"(?P<ready>\x1b\[0n)"
    r"|\x1b\[\?(?P<attributes>[0-9;]*)c"
    r"|\x1b\[6;(?P<height>[0-9]+);(?P<width>[0-9]+)t"
    rf"|\x1bP>\|(?P<version>{_BODY}){_END}"
    rf"|\x1b_G(?P<graphics>{_BODY}){_END}"
)
_BEGUN = re.compile(
    r"\x1b(?:\[(?:\?[0-9;]*|0|6(?:;[0-9]*){0,2})?"
    rf"|P(?:>(?:\|{_BODY}\x1b?)?)?"
    rf"|_(?:G{_BODY}\x1b?)?)?\Z"
)
_SURELY_A_REPLY = ("\x1b[?", "\x1b[0", "\x1bP>", "\x1b_G")


@dataclass(frozen=True, slots=True)
class Told:
    """What the terminal has said so far."""

    version: str = ""
    """Its name and version in its own words: `kitty(0.41.1)`, `XTerm(398)`."""
    graphics: bool = False
    """Whether it takes kitty's graphics."""
    cell: tuple[int, int] | None = None
    """A cell's width and height in pixels."""
    attributes: frozenset[int] | None = None
    """The parameters of DA1; none until it has answered."""

    def heard(self, reply: re.Match[str]) -> "Told":
        """With one more reply taken in."""
        said = reply.groupdict()
        if (numbers := said["attributes"]) is not None:
            return replace(self, attributes=frozenset(_numbers(numbers)))
        if said["height"] is not None:
            width, height = _numbers(f"{said['width']};{said['height']}")
            return replace(self, cell=(width, height)) if width and height else self
        if (version := said["version"]) is not None:
            return replace(self, version="".join(filter(str.isprintable, version[:80])))
        # Errors of later transmissions begin with the same letters; they are not this answer.
        ours = said["graphics"].startswith("i=31;")
        return replace(self, graphics=said["graphics"] == "i=31;OK") if ours else self


def _numbers(listed: str) -> list[int]:
    # Python refuses to read a number of thousands of digits.
    return [int(number[:6]) for number in listed.split(";") if number]


@dataclass(slots=True)
class Replies:
    """Sifts replies out of the input, and remembers what they said."""

    told: Told = Told()
    answers: int = 0
    """How often DA1, with which every question ends, has been answered."""
    ready: int = 0
    """How often the terminal has said that it is well: once after each frame."""
    held: str = ""
    """The beginning of what may be a reply."""
    _since_s: float = field(default=0.0, repr=False)

    def sift(self, text: str, now_s: float) -> str:
        """Take replies out of the next piece of input; gives the rest, which is for the app."""
        if not self.held and "\x1b" not in text:
            return text
        rest = _REPLY.sub(self._hear, self.held + text)
        begun = _BEGUN.search(rest)
        held, self.held = self.held, rest[begun.start() :] if begun else ""
        if not held or not self.held.startswith(held):
            self._since_s = now_s
        if len(self.held) > _LONGEST_REPLY:
            self.held = ""
        return rest[: begun.start()] if begun else rest

    def overdue(self, now_s: float, escape_delay_s: float) -> str:
        """What was held too long to be a reply, if anything: a lone Escape, Alt and a letter.

        The beginning of something that only a terminal says is dropped rather than typed.
        """
        waited_s = now_s - self._since_s
        if not self.held or waited_s < self.patience_s(escape_delay_s):
            return ""
        late, self.held = self.held, ""
        return "" if late.startswith(_SURELY_A_REPLY) else late

    def patience_s(self, escape_delay_s: float) -> float:
        """How long what is held may wait: two characters may be keys, three hardly."""
        return escape_delay_s if len(self.held) < 3 else LONGEST_HOLD_S

    def _hear(self, reply: re.Match[str]) -> str:
        if reply["ready"]:
            self.ready += 1
            return ""
        self.told = self.told.heard(reply)
        self.answers += reply["attributes"] is not None
        return ""
