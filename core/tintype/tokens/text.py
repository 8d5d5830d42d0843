"""Counting text, offline.

tiktoken downloads its ranks on first use; here they are part of the package (MIT licence, see
`data/LICENSE-tiktoken`), packed as `u32 count, count lengths of one byte, the tokens in order of
rank`, and compressed. The encodings are built here too, because tiktoken's own constructors always
go to the network first, and its table of model names is wrong for `ft:gpt-4.1…` (it falls to the
prefix `ft:gpt-4`).

Text is counted with `encode_ordinary`: what looks like a special token is text. Providers refuse
such text in training files, so `special_tokens` finds it.
"""

import functools
import lzma
import re
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken

_DATA = Path(__file__).parent / "data"
_CHUNK = 65_536
"""Characters encoded at once. tiktoken panics on about a million spaces in a row (its regular
expressions run out of stack), and lists one Python integer per token."""
_WINDOW = 1_000
_WORD = re.compile(r"(?<=\S) (?=[^\W\d_])")
_REMEMBERED_CHARS = 32_768
_MOST_WORDS, _LONGEST_WORD = 50_000, 40
_LINE = re.compile(r"[^\n]*\n+|[^\n]+")
"""A line with all line ends that follow: the next token begins after them."""
_DIGITS = re.compile(r"([0-9]+)")
_LOADING = threading.Lock()

_CASED = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_UNCASED = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_PATTERNS = {
    "o200k_base": "|".join(
        (
            rf"[^\r\n\p{{L}}\p{{N}}]?{_CASED}*{_UNCASED}+{_ENDINGS}",
            rf"[^\r\n\p{{L}}\p{{N}}]?{_CASED}+{_UNCASED}*{_ENDINGS}",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        )
    ),
    "cl100k_base": "|".join(
        (
            r"'(?i:[sdmt]|ll|ve|re)",
            r"[^\r\n\p{L}\p{N}]?+\p{L}++",
            r"\p{N}{1,3}+",
            r" ?[^\s\p{L}\p{N}]++[\r\n]*+",
            r"\s++$",
            r"\s*[\r\n]",
            r"\s+(?!\S)",
            r"\s",
        )
    ),
}
_SPECIAL = re.compile(
    r"<\|(?:endoftext|endofprompt|startoftext|fim_prefix|fim_middle|fim_suffix|im_start|im_end|im_sep"
    r"|start|end|message|channel|constrain|return|call|diff_marker)\|>"
)


def count_text(text: str, encoding: str = "o200k_base") -> int:
    """Return the number of tokens; half surrogate pairs count as the replacement character.

    The first call loads the ranks: a quarter of a second, half of it with the interpreter held, so
    call it from a thread where somebody is waiting for frames. Counts of texts up to
    32,768 characters are remembered, because a system prompt stands in every row.
    """
    if len(text) <= _REMEMBERED_CHARS:
        return _remembered(text, encoding)
    return sum(_count(piece, encoding) for piece in _pieces(text))


def counter(encoding: str) -> Callable[[str], tuple[int, str]]:
    """Return a function that counts as `count_text` does, and remembers words instead of texts.

    It gives the tokens of a text, and the text with each run of white space as one space.
    """
    words: _Words | None = None

    def count(text: str) -> tuple[int, str]:
        nonlocal words
        if words is None:
            words = _Words(load_encoding(encoding).encode_ordinary)
        if text.isprintable() and "  " not in text and text.strip(" ") == text:
            parts, squeezed = text.split(" "), text  # no white space but single spaces
        else:
            parts = text.split()
            squeezed = " ".join(parts)
        if len(text) > _REMEMBERED_CHARS:
            return count_text(text, encoding), squeezed
        if squeezed is not text:
            # Lines and paragraphs may end anywhere but beside a space.
            spaced = text.replace("\n\n", "\n").replace("\n", " ")
            if spaced != squeezed or "\n/" in text:
                return len(words.encode(text)), squeezed
            parts = text.split(" ")
        # Where one space stands between two words a token begins.
        rest = iter(parts)
        return words.first[next(rest, "")] + sum(map(words.__getitem__, rest)), squeezed

    return count


class _Pieces(dict[str, int]):
    """The tokens of pieces of text that nothing before or after changes."""

    def __init__(self, encode: Callable[[str], list[int]]) -> None:
        super().__init__()
        self.encode = encode

    def __missing__(self, piece: str) -> int:
        return self.count(piece)

    def count(self, piece: str) -> int:
        """Count a piece; it is remembered if it has one line and no number."""
        if "\n" in piece and len(lines := _LINE.findall(piece)) > 1:
            return sum(map(self.__getitem__, lines))
        found = _DIGITS.split(piece) if piece.isascii() else (piece,)
        if len(found) == 1:
            tokens = len(self.encode(piece))
            if len(self) < _MOST_WORDS and len(piece) <= _LONGEST_WORD:
                self[piece] = tokens
            return tokens
        # Up to three digits are a token, and nothing else is part of it.
        tokens = self[found[0]]
        for at in range(1, len(found), 2):
            tokens += (len(found[at]) + 2) // 3 + self[found[at + 1]]
        return tokens


class _Words(dict[str, int]):
    """The tokens of words with the space before them."""

    def __init__(self, encode: Callable[[str], list[int]]) -> None:
        super().__init__()
        self.encode = encode
        self.first = _Pieces(encode)
        """Without it."""

    def __missing__(self, word: str) -> int:
        after = word.lstrip("0123456789")
        if after != word and word.isascii():
            # As `_Pieces.count` finds it; not remembered: there are too many numbers.
            return self.first[" "] + (len(word) - len(after) + 2) // 3 + self.first[after]
        if _DIGITS.search(word) or "\n" in word:
            return self.first.count(f" {word}")
        tokens = len(self.encode(f" {word}"))
        if len(self) < _MOST_WORDS and len(word) <= _LONGEST_WORD:
            self[word] = tokens
        return tokens


def special_tokens(text: str) -> tuple[str, ...]:
    """Return the control tokens spelt out in a text, each once, in order of appearance."""
    if "<|" not in text:
        return ()
    return tuple(dict.fromkeys(found[0] for found in _SPECIAL.finditer(text)))


@functools.lru_cache(maxsize=1_024)
def _remembered(text: str, encoding: str) -> int:
    return _count(text, encoding)


def _count(text: str, encoding: str) -> int:
    return len(load_encoding(encoding).encode_ordinary(text))


def _pieces(text: str) -> list[str]:
    """Cut a long text, if it can be where a word begins, so that no token is cut."""
    pieces, start = [], 0
    while len(text) - start > _CHUNK:
        end = start + _CHUNK
        words = [found.start() for found in _WORD.finditer(text, end - _WINDOW, end)]
        end = words[-1] if words else end
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def load_encoding(name: str) -> "tiktoken.Encoding":
    """Return an encoding, loaded the first time."""
    with _LOADING:  # two threads at once would both load
        return _load(name)


@functools.cache
def _load(name: str) -> "tiktoken.Encoding":
    import tiktoken

    return tiktoken.Encoding(
        name, pat_str=_PATTERNS[name], mergeable_ranks=_ranks(name), special_tokens={}
    )


def _ranks(name: str) -> dict[bytes, int]:
    packed = lzma.decompress((_DATA / f"{name}.bin.xz").read_bytes())
    (count,) = struct.unpack_from("<I", packed)
    at, ranks = 4 + count, {}
    for rank, length in enumerate(packed[4:at]):
        ranks[packed[at : at + length]] = rank
        at += length
    return ranks
