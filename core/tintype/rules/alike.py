"""Rows written exactly like others, judged and counted by their texts and images alone.

Most rows of a file come from one program: between the same brackets, keys and roles stand other
texts and images. Of a row that has been judged a regular expression is made (`Template`); of the
rows that it fits nothing is built but what is counted (`Columns`).
"""

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain, groupby, repeat
from operator import add

from tintype.dataset.facets import Facet
from tintype.dataset.identity import KEY_BYTES
from tintype.dataset.index import Readable, Stretch, read_row
from tintype.dataset.lifting import Cut
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.usual import MAX_CHARS, Usual, without_images
from tintype.images.facts import ImageFacts
from tintype.rules.between_rows import prompt_of
from tintype.rules.block import Block
from tintype.rules.pattern import Pattern, may_hold_pasted
from tintype.rules.plain_images import NOTHING_SHOWN, ImagesShown, PlainImages, kinds
from tintype.rules.template import Template, template_of

_MOST_TEMPLATES, _MOST_TRIED = 8, 64
_MOST_BYTES = 4_000_000
"""Of a line with images; a longer one is read by itself."""

_NO_PROMPTS: tuple[str, tuple[Facet, ...]] = ("", ())

Text = tuple[int, bool, bytes]
"""Its tokens, whether it is conspicuous, and what stands for it in the keys of a row."""


Counted = tuple[
    int, int, Template, ImagesShown, bytes, bytes, bytes, str, int, str, tuple[Facet, ...]
]
"""What is counted of a row that is written like others: the bytes of its line, the tokens of its
texts, its template and images; the keys of row, question and answer; the answer, the characters
before it; the beginning of the system prompt as it is compared with others, and the facets of all
its prompts."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Consecutive rows that are written like others."""

    first: int
    """The index of the first."""
    rows: list[Counted]

    def add_to(self, block: Block, lines: "array[int]", *, places: bool) -> None:
        """Count the rows, which stand on these lines.

        Args:
            block: That they are of.
            lines: Where they stand.
            places: Whether somebody asks where in a row each image stands.
        """
        sizes, tokens, templates, shown, *keys, answers, asked, prompts, systems = zip(
            *self.rows, strict=True
        )
        of_images = [images.tokens.as_is.likely for images in shown]
        block.counts.add_rows(self.first, lines, sizes, tokens, of_images)
        block.tokens.extend(map(add, tokens, of_images))
        block.image_tokens.extend(of_images)
        block.answer_chars.extend(map(len, answers))
        row, question, answer = map(_numbers, keys)
        block.lines.extend(lines)
        block.row_keys.extend(row)
        block.question_keys.extend(question)
        block.answer_keys.extend(answer)
        block.prompts.update(prompts)
        tally = block.statistics
        for _, same in groupby(templates, id):
            alike = list(same)
            tally.add_shared(alike[0].pattern.facets, len(alike))
        tally.add_texts(lines, (row, question, answer), answers, asked)
        tally.add_facets(chain.from_iterable(systems))
        for at, images in enumerate(shown):
            if images is not NOTHING_SHOWN:
                images.add_to(block, self.first + at, lines[at])
                if places:
                    stand = tuple(image.place for image in templates[at].images)
                    block.image_places[self.first + at] = stand


def _numbers(keys: Iterable[bytes]) -> "array[int]":
    """The first 64 bits of each key, as `identity.short` gives them."""
    halves = array("Q", b"".join(keys))
    if sys.byteorder == "little":
        halves.byteswap()
    return halves[:: KEY_BYTES // 8]


Written = str | tuple[str, bytes, tuple[Cut, ...]]
"""A line; one with images without them, as it stands in the file, and where they stand in it."""

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
        self,
        known: Mapping[str, Text],
        text: Callable[[str, bool], Text],
        images: PlainImages,
        patterns: Mapping[object, Pattern],
        most: int,
    ) -> None:
        """Begin.

        Args:
            known: Texts that have been looked at.
            text: Looks at another; true says that it is known not to be conspicuous.
            images: Looks at images.
            patterns: By the shapes of rows and the kinds of their images, of rows that were judged.
            most: Tokens of a row that may be trained on.
        """
        self._known = known
        self._text = text
        self._images = images
        self._patterns = patterns
        self._most = most
        self._templates: list[Template] = []
        self._tried = 0

    def learn(self, raw: bytes, usual: Usual, pattern: Pattern) -> None:
        """Take note of how a row is written with which nothing is wrong."""
        if len(self._templates) >= _MOST_TEMPLATES or self._tried >= _MOST_TRIED:
            return
        found = without_images(raw)
        if found is None or len(usual.cuts) < len(usual.images):
            return
        line, _ = found
        if any(template.any.fullmatch(line) for template in self._templates):
            return
        self._tried += 1
        if (made := template_of(line, usual, pattern)) is not None:
            self._templates.append(made)

    def read(self, run: Run, source: Readable) -> list[Lines]:
        """Read rows as they stand in a file, or in a stretch of it.

        Raises:
            DatasetError: if the file cannot be read.
        """
        lines: list[Lines] = []
        alike: list[Counted] = []
        written: Iterable[Written | None] = repeat(None, len(run.lines))
        if any(template.images for template in self._templates):
            written = _between_images(run, source)
        elif self._templates:
            written = _written(run, source)
        pasted = not isinstance(source, Stretch) or may_hold_pasted(source.data)
        places = zip(run.lines, run.starts, run.ends, written, strict=True)
        for index, (line, start, end, text) in enumerate(places, run.first):
            # The first row says what the file is.
            if (
                text is not None
                and index
                and (found := self._counted(text, end - start, pasted)) is not None
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

    def _counted(self, written: Written, size: int, pasted: bool) -> Counted | None:
        """Count a row if it is written like another.

        Args:
            written: As it stands in the file.
            size: Of the line in bytes.
            pasted: Whether its texts may hold image data.
        """
        line, raw, cuts = written if isinstance(written, tuple) else (written, b"", ())
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
                others = [one for one in self._templates if one is not template]
                self._templates = [template, *others]  # threads may be on their way through the old
            return self._add(template, texts, size, plain, raw, cuts)
        return None

    def _add(
        self,
        template: Template,
        texts: tuple[str, ...],
        size: int,
        plain: bool,
        raw: bytes,
        cuts: tuple[Cut, ...],
    ) -> Counted | None:
        pattern, known = template.pattern, self._known
        tokens, pieces = pattern.tokens, []
        for text in texts:
            own_tokens, wrong, piece = known.get(text) or self._text(text, plain)
            if wrong:
                return None
            tokens += own_tokens
            pieces.append(piece)
        shown = self._shown(template, raw, cuts) if cuts else NOTHING_SHOWN
        if shown is None or tokens + (shown.most if cuts else 0) > self._most:
            return None
        asked, answer, said = template.asked, pattern.answer, pieces[pattern.answer]
        if cuts:
            keys = shown.keys
            pieces = [pieces[at] if at >= 0 else keys[~at] for at in template.order]
        digest = blake2b(template.question % tuple(pieces[:asked]), digest_size=KEY_BYTES)
        question = digest.digest()
        digest.update(template.rest % tuple(pieces[asked:]))
        prompt, system = system_prompts(pattern, texts) if pattern.prompts else _NO_PROMPTS
        return (
            size,
            tokens,
            template,
            shown,
            digest.digest(),
            question,
            blake2b(said, digest_size=KEY_BYTES).digest(),
            texts[answer],
            sum(map(len, texts[:answer])) + pattern.newlines,
            prompt,
            system,
        )

    def _shown(self, template: Template, raw: bytes, cuts: tuple[Cut, ...]) -> ImagesShown | None:
        """The images of a line; none if a rule may have something to say of them."""
        facts = self._images.cut_out(raw, cuts)
        shown = None if facts is None else self._images.shown(template.details, facts)
        if shown is None or (template.shape, kinds(template.images, shown.images)) not in (
            self._patterns
        ):
            return None
        return shown


def _between_images(run: Run, source: Readable) -> Iterator[Written | None]:
    """The lines of consecutive rows without their images; None for one that is not usual."""
    for start, end in zip(run.starts, run.ends, strict=True):
        size = end - start
        raw = source.read(start, size) if size <= _MOST_BYTES else b""
        found = without_images(raw) if len(raw) == size else None
        yield None if found is None else (found[0], raw, found[1])


def _written(run: Run, source: Readable) -> Sequence[Written | None]:
    """The lines of consecutive rows; None for one that is too long, cut short, or no text."""
    if isinstance(source, Stretch) and len(source.data) == run.ends[-1] - run.starts[0]:
        with suppress(UnicodeDecodeError):
            lines = source.data.decode().split("\n")
            # No blank ones between them, and none that is too long.
            if len(lines) == len(run.lines) and max(map(len, lines)) <= MAX_CHARS:
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
