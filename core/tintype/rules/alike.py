"""Rows written exactly like others, judged and counted by their text alone.

Most rows of a file come from one program: between the same brackets, keys and roles stand other
texts. Of a row that has been judged a regular expression is made (`Template`); of the rows that it
fits nothing is built but what is counted (`Columns`).
"""

import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain, groupby

from tintype.dataset.facets import Facet
from tintype.dataset.identity import KEY_BYTES
from tintype.dataset.index import Readable, Stretch, read_row
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.usual import MAX_CHARS
from tintype.images.facts import ImageFacts
from tintype.rules.between_rows import prompt_of
from tintype.rules.block import Block
from tintype.rules.pattern import Pattern, may_hold_pasted
from tintype.rules.template import Template, template_of

_MOST_TEMPLATES, _MOST_TRIED = 8, 64

_NO_PROMPTS: tuple[str, tuple[Facet, ...]] = ("", ())

Text = tuple[int, bool, bytes]
"""Its tokens, whether it is conspicuous, and what stands for it in the keys of a row."""


Counted = tuple[int, int, Pattern, bytes, bytes, bytes, str, int, str, tuple[Facet, ...]]
"""What is counted of a row that is written like others: the bytes of its line, its tokens and
pattern; the keys of row, question and answer; the answer, the characters before it; the beginning
of the system prompt as it is compared with others, and the facets of all its prompts."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Consecutive rows that are written like others."""

    first: int
    """The index of the first."""
    rows: list[Counted]

    def add_to(self, block: Block, lines: "array[int]") -> None:
        """Count the rows, which stand on these lines."""
        sizes, tokens, patterns, *keys, answers, asked, prompts, systems = zip(
            *self.rows, strict=True
        )
        block.counts.add_texts(self.first, lines, sizes, tokens)
        block.tokens.extend(tokens)
        block.image_tokens.frombytes(bytes(len(lines) * block.image_tokens.itemsize))
        block.answer_chars.extend(map(len, answers))
        row, question, answer = map(_numbers, keys)
        block.lines.extend(lines)
        block.row_keys.extend(row)
        block.question_keys.extend(question)
        block.answer_keys.extend(answer)
        block.prompts.update(prompts)
        tally = block.statistics
        for _, same in groupby(patterns, id):
            alike = list(same)
            tally.add_shared(alike[0].facets, len(alike))
        tally.add_texts(lines, (row, question, answer), answers, asked)
        tally.add_facets(chain.from_iterable(systems))


def _numbers(keys: Iterable[bytes]) -> "array[int]":
    """The first 64 bits of each key, as `identity.short` gives them."""
    halves = array("Q", b"".join(keys))
    if sys.byteorder == "little":
        halves.byteswap()
    return halves[:: KEY_BYTES // 8]


Lines = ParsedLine | Columns
"""A row that has been read, or consecutive ones that are written like others."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive rows: the index of the first, the lines, and where each begins and ends."""

    first: int
    lines: "array[int]"
    starts: "array[int]"
    ends: "array[int]"
    fetched: Mapping[str, ImageFacts] = field(default_factory=dict)
    """What is known of each address that is `wanted`."""


class Alike:
    """Finds rows that are written like others. Grows by `learn`."""

    def __init__(
        self, known: Mapping[str, Text], text: Callable[[str, bool], Text], most: int | None
    ) -> None:
        """Begin.

        Args:
            known: Texts that have been looked at.
            text: Looks at another; true says that it is known not to be conspicuous.
            most: Tokens of the texts of a row that may be trained on.
        """
        self._known = known
        self._text = text
        self._most = sys.maxsize if most is None else most
        self._templates: list[Template] = []
        self._tried = 0

    def learn(self, raw: bytes, texts: Sequence[str], pattern: Pattern) -> None:
        """Take note of how a row without images is written with which nothing is wrong."""
        if len(self._templates) >= _MOST_TEMPLATES or self._tried >= _MOST_TRIED:
            return
        line = raw.decode()
        if any(template.any.fullmatch(line) for template in self._templates):
            return
        self._tried += 1
        if (made := template_of(line, texts, pattern)) is not None:
            self._templates.append(made)

    def read(self, run: Run, source: Readable) -> list[Lines]:
        """Read rows as they stand in a file, or in a stretch of it.

        Raises:
            DatasetError: if the file cannot be read.
        """
        lines: list[Lines] = []
        alike: list[Counted] = []
        written = _written(run, source) if self._templates else [None] * len(run.lines)
        pasted = not isinstance(source, Stretch) or may_hold_pasted(source.data)
        places = zip(run.lines, run.starts, run.ends, written, strict=True)
        for index, (line, start, end, text) in enumerate(places, run.first):
            # The first row says what the file is.
            if (
                text is not None
                and index
                and end - start <= MAX_CHARS
                and (found := self._counted(text, end - start, pasted))
            ):
                alike.append(found)
                continue
            if alike:
                lines.append(Columns(index - len(alike), alike))
                alike = []
            lines.append(read_row(source, index, line, start, end))
        if alike:
            lines.append(Columns(run.first + len(run.lines) - len(alike), alike))
        return lines

    def _counted(self, line: str, size: int, pasted: bool) -> Counted | None:
        """Count a row if it is written like another.

        Args:
            line: As it stands in the file.
            size: Of the line in bytes.
            pasted: Whether its texts may hold image data.
        """
        if line.endswith("\r"):
            line, size = line[:-1], size - 1
        for template in self._templates:
            if (found := template.plain.fullmatch(line)) is not None:
                texts, plain = found.groups(), not pasted
            elif (read := template.texts(line)) is not None:
                texts, plain = read, False
            else:
                continue
            if template is not self._templates[0]:  # the next is probably written like this one
                self._templates.remove(template)
                self._templates.insert(0, template)
            return self._add(template, texts, size, plain)
        return None

    def _add(
        self, template: Template, texts: tuple[str, ...], size: int, plain: bool
    ) -> Counted | None:
        pattern, known = template.pattern, self._known
        tokens, pieces = pattern.tokens, []
        for text in texts:
            own_tokens, wrong, piece = known.get(text) or self._text(text, plain)
            if wrong:
                return None
            tokens += own_tokens
            pieces.append(piece)
        if tokens > self._most:
            return None
        asked, answer = template.asked, pattern.answer
        digest = blake2b(template.question % tuple(pieces[:asked]), digest_size=KEY_BYTES)
        question = digest.digest()
        digest.update(template.rest % tuple(pieces[asked:]))
        prompt, system = system_prompts(pattern, texts) if pattern.prompts else _NO_PROMPTS
        return (
            size,
            tokens,
            pattern,
            digest.digest(),
            question,
            blake2b(pieces[answer], digest_size=KEY_BYTES).digest(),
            texts[answer],
            sum(map(len, texts[:answer])) + pattern.newlines,
            prompt,
            system,
        )


def _written(run: Run, source: Readable) -> list[str | None]:
    """The lines of consecutive rows; None for one that is too long, cut short, or no text."""
    if isinstance(source, Stretch) and len(source.data) == run.ends[-1] - run.starts[0]:
        with suppress(UnicodeDecodeError):
            lines: list[str | None] = [*source.data.decode().split("\n")]
            if len(lines) == len(run.lines):  # no blank ones between them
                return lines
    return [_line(source, *place) for place in zip(run.starts, run.ends, strict=True)]


def _line(source: Readable, start: int, end: int) -> str | None:
    if end - start <= MAX_CHARS and len(raw := source.read(start, end - start)) == end - start:
        with suppress(UnicodeDecodeError):
            return raw.decode()
    return None


def system_prompts(pattern: Pattern, texts: Sequence[str]) -> tuple[str, tuple[Facet, ...]]:
    """The beginning of a row's system prompt, and what can be counted of all its prompts."""
    prompts = ["\n".join(texts[start:end]) for start, end in pattern.prompts]
    first = prompt_of(prompts[:1]) if pattern.leads else ""
    return first, tuple(dict.fromkeys(("system prompt", text[:200]) for text in prompts))
