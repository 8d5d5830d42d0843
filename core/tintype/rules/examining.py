"""Rows surveyed, judged by themselves, and counted: block by block, in this process or in another.

What rows have in common is found out once (`pattern`). Whatever is unusual in a row goes the whole
way, through every rule.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from tintype.dataset import example
from tintype.dataset.facets import SHORT_ANSWER, Facet
from tintype.dataset.identity import KEY_BYTES, identify, short
from tintype.dataset.index import Readable
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.survey import Surveyed, not_fetched, on_network
from tintype.dataset.usual import Usual
from tintype.estimation import CountTally
from tintype.images.facts import ImageFacts
from tintype.plugins import plugins
from tintype.providers.limits import ProviderRules
from tintype.rules.alike import Alike, Columns, Lines, Run, Text, system_prompts
from tintype.rules.between_rows import comparable, prompt, row_keys
from tintype.rules.block import Block
from tintype.rules.case import case
from tintype.rules.judging import row_problems, skip_reason
from tintype.rules.pattern import Pattern, conspicuous, pattern_of, text_piece
from tintype.rules.plain_images import NOTHING_SHOWN, ImagesShown, PlainImages, kinds
from tintype.tokens import PER_REPLY, TokenRule, counter

_MOST_TEXTS, _LONGEST_TEXT = 10_000, 1_000
_MOST_PATTERNS = 1_000
from_bytes = int.from_bytes


@dataclass(frozen=True, slots=True)
class Setup:
    """How rows are to be looked at."""

    profile: ProviderRules
    rule: TokenRule
    folder: Path
    """Of the file."""
    deep: bool
    fetch: bool
    places: bool
    """Whether somebody asks where in a row each image stands."""


class Examiner:
    """Looks at rows; remembers what they have in common."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._images = PlainImages(setup.profile, setup.rule, setup.folder, deep=setup.deep)
        self._patterns: dict[object, Pattern] = {}
        self._learns = not plugins("rules")
        """Whether a row says anything of others: what a rule from outside looks at is not known."""
        self._texts: dict[str, Text] = {}
        self._count = counter(setup.rule.encoding)
        most = setup.rule.example_tokens
        self._most = sys.maxsize if most is None else most - PER_REPLY
        """Tokens of a row that may be trained on."""
        self._alike = Alike(self._texts, self._new_text, self._images, self._patterns, self._most)

    def read(self, run: Run, source: Readable) -> list[Lines]:
        """Read rows as they stand in a file, or in a stretch of it."""
        return self._alike.read(run, source)

    def wanted(self, lines: Sequence[Lines]) -> tuple[str, ...]:
        """The addresses of images that must be fetched before the rows can be looked at."""
        if not self._setup.fetch:
            return ()
        read = (line for line in lines if isinstance(line, ParsedLine))
        images = (image for line in read for image in line.row.images)
        return tuple(dict.fromkeys(image.reference for image in images if on_network(image)))

    def examine(self, run: Run, lines: Sequence[Lines]) -> Block:
        """Look at consecutive rows that have been read; one at least."""
        block = Block(run.first, CountTally(self._setup.rule))
        for line in lines:
            if isinstance(line, Columns):
                at = line.first - run.first
                line.add_to(block, run.lines[at : at + len(line.rows)], places=self._setup.places)
                continue
            facts = self._facts(line, run.fetched) if line.row.images else ()
            if line.usual is None or not self._examine_plain(line, line.usual, facts, block):
                self._examine_any(line, facts, block)
        if run.first == 0 and isinstance(lines[0], ParsedLine):
            block.opening = replace(lines[0].row, value=None)
        block.rows, block.end = len(run.lines), run.ends[-1]
        return block

    def _facts(self, line: ParsedLine, fetched: Mapping[str, ImageFacts]) -> tuple[ImageFacts, ...]:
        return tuple(
            self._images.local.facts(line, image)
            or (fetched[image.reference] if self._setup.fetch else not_fetched(image))
            for image in line.row.images
        )

    def _examine_plain(
        self, line: ParsedLine, usual: Usual, facts: tuple[ImageFacts, ...], block: Block
    ) -> bool:
        """Look at a row like one that has been judged; false if it must be judged by itself."""
        pattern = self._patterns.get((usual.shape, kinds(usual.images, facts)))
        shown = NOTHING_SHOWN if pattern is None else self._images.shown(_details(usual), facts)
        if pattern is None or shown is None:
            return False
        tokens, pieces = pattern.tokens, []
        for text in usual.texts:
            own_tokens, wrong, piece = self._text(text)
            if wrong:
                return False
            tokens += own_tokens
            pieces.append(piece)
        if tokens + shown.most > self._most:
            return False
        if facts:
            block.counts.add_images([image.size_bytes for image in facts], shown.tokens)
            block.statistics.add_shared(shown.facets)
        of_images = shown.tokens.as_is.likely
        likely = tokens + of_images
        block.counts.add_plain(line.row, tokens, likely, of_images)
        block.tokens.append(likely)
        block.image_tokens.append(of_images)
        keys = self._compare(pattern, pieces, shown, line, block)
        own = _own_facets(pattern, usual, block)
        answer = usual.texts[pattern.answer]
        block.answer_chars.append(len(answer))
        asked = sum(map(len, usual.texts[: pattern.answer])) + pattern.newlines
        block.statistics.add_shared(pattern.facets)
        block.statistics.add_read(line.row.line, own, facts, answer, asked, keys)
        self._alike.learn(line.raw, usual, pattern)
        return True

    def _compare(
        self,
        pattern: Pattern,
        texts: Sequence[bytes],
        shown: ImagesShown,
        line: ParsedLine,
        block: Block,
    ) -> tuple[int, int, int]:
        """Note down the keys of a plain row."""
        images = shown.keys
        stream = list(pattern.stream)
        for place, number in pattern.places:
            stream[place] = texts[number] if number >= 0 else images[~number]
        digest = blake2b(b"".join(stream[: pattern.question]), digest_size=KEY_BYTES)
        question = from_bytes(digest.digest()[:8], "big")
        digest.update(b"".join(stream[pattern.question :]))
        row = from_bytes(digest.digest()[:8], "big")
        said = blake2b(texts[pattern.answer], digest_size=KEY_BYTES)
        answer = from_bytes(said.digest()[:8], "big")
        _note_keys(block, line.row.line, row, question, answer)
        if images:
            self._note_images(line, tuple(map(short, images)), block)
        return row, question, answer

    def _examine_any(self, line: ParsedLine, facts: tuple[ImageFacts, ...], block: Block) -> None:
        """Look at a row the whole way, through every rule."""
        row, surveyed = line.row, Surveyed(line.row, facts)
        tried = case(surveyed, self._setup.profile, self._setup.rule)
        problems, totals = row_problems(tried)
        skipped = any(problem.severity == "skip" for problem in problems)
        if problems:
            block.problems[row.index] = problems
            block.totals.update(totals)
        if skipped:
            reasons = dict.fromkeys(map(skip_reason, problems))
            block.reasons[next(reason for reason in reasons if reason)] += 1
        block.counts.add(surveyed, tried.tokens, skipped=skipped)
        block.tokens.append(tried.tokens.total().likely)
        block.image_tokens.append(tried.tokens.images().likely)
        block.unseen += sum(image.unknown for image in facts)
        if row.flaw:
            block.no_json.add(row.index)
            block.statistics.add_flawed()
            block.answer_chars.append(0)
            _note_keys(block, row.line, 0, 0, 0)
            return
        shown = example(row)
        block.answer_chars.append(len(shown.answer))
        found = identify(row, facts, shown)
        block.statistics.add_row(surveyed, shown, found)
        if comparable(tried):
            keys = row_keys(tried, found)
            block.prompts[prompt(tried)] += 1
            _note_keys(block, row.line, keys.row, keys.question, keys.answer)
            self._note_images(line, keys.images, block)
        else:
            _note_keys(block, row.line, 0, 0, 0)
        if line.usual is not None:
            self._learn(line.usual, facts, clean=not problems)

    def _learn(self, usual: Usual, facts: tuple[ImageFacts, ...], *, clean: bool) -> None:
        """Remember of a row that was judged what it says of others like it."""
        key = (usual.shape, kinds(usual.images, facts))
        if (
            not (clean and self._learns)
            or key in self._patterns
            or len(self._patterns) >= _MOST_PATTERNS
        ):
            return
        pattern = pattern_of(usual.shape, _details(usual), self._setup.rule)
        texts = [self._text(text) for text in usual.texts]
        shown = self._images.shown(_details(usual), facts)
        if pattern is None or shown is None or any(wrong for _, wrong, _ in texts):
            return
        tokens = pattern.tokens + sum(tokens for tokens, _, _ in texts)
        if tokens + shown.most <= self._most:
            self._patterns[key] = pattern

    def _text(self, text: str) -> Text:
        known = self._texts.get(text)
        return self._new_text(text) if known is None else known

    def _new_text(self, text: str, plain: bool = False) -> Text:
        """Look at a text that is not among those remembered; `plain` as for `conspicuous`."""
        tokens, squeezed = self._count(text)
        found = (tokens, conspicuous(text, plain), text_piece(squeezed))
        if len(self._texts) < _MOST_TEXTS and len(text) <= _LONGEST_TEXT:
            self._texts[text] = found
        return found

    def _note_images(self, line: ParsedLine, keys: tuple[int, ...], block: Block) -> None:
        if keys:
            block.image_keys[line.row.index] = keys
        if keys and self._setup.places:
            block.image_places[line.row.index] = tuple(image.place for image in line.row.images)


def _note_keys(block: Block, line: int, row: int, question: int, answer: int) -> None:
    block.lines.append(line)
    block.row_keys.append(row)
    block.question_keys.append(question)
    block.answer_keys.append(answer)


def _details(usual: Usual) -> tuple[str, ...]:
    return tuple(image.detail for image in usual.images)


def _own_facets(pattern: Pattern, usual: Usual, block: Block) -> list[Facet]:
    """What can be counted of a plain row beyond what all of its pattern share."""
    said = usual.texts[pattern.answer].strip()
    prompt, system = system_prompts(pattern, usual.texts)
    block.prompts[prompt] += 1
    return [("answer", said if len(said) <= SHORT_ANSWER else "longer"), *system]
