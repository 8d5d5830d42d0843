"""What a dataset is made of: how many of what, what occurs twice, what contradicts itself.

Fed by the pass that checking and estimating use (`survey`): a `StatisticsTally` takes its batches
and says at any time what it has seen. What is counted are *facets*: pairs such as `format: jpeg` or
`label: RBC` that a row either has or has not, so that every count can be turned into the rows
behind it.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tintype.dataset.conversation import example as read_example
from tintype.dataset.example import Example
from tintype.dataset.identity import identify
from tintype.dataset.spread import NO_SPREAD, Spread, spread
from tintype.dataset.survey import Surveyed
from tintype.detection import LOC, labels_in, name_convention, parse_boxes

Facet = tuple[str, str]
"""A name and a value, e.g. `("format", "jpeg")`."""

MAX_VALUES = 2000
"""Values of one facet that are told apart; the rest are counted together."""
OTHERS = "others"
SHORT_ANSWER = 40
"""Characters up to which answers are counted as values: `Yes`, `rectangle`, a title."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Rows that ask the same of the same images and answer differently."""

    lines: tuple[int, ...]
    answers: tuple[str, ...]
    """The different answers, cut to 80 characters."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a dataset, or the part of it seen so far, is made of."""

    rows: int = 0
    flawed: int = 0
    """Rows that are no JSON; they are counted nowhere else."""
    images: int = 0
    distinct_images: int = 0
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """For each facet, how many rows have each of its values, the commonest first."""
    boxes: Mapping[str, int] = field(default_factory=dict)
    """Boxes of each label over all answers."""
    answer_chars: Spread = NO_SPREAD
    prompt_chars: Spread = NO_SPREAD
    image_bytes: Spread = NO_SPREAD
    """Of the encoded images, each time they occur."""
    image_sizes: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """Width and height in pixels."""
    longest_answers: tuple[tuple[int, int], ...] = ()
    """Line and characters of the ten longest."""
    empty_answers: tuple[int, ...] = ()
    """Lines whose answer is empty or absent; the first thousand."""
    repeated_images: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Images that occur on several lines, by their digest. Usual where several questions share a
    image."""
    repeated_rows: tuple[tuple[int, ...], ...] = ()
    """Lines that say the same about the same images."""
    contradictions: tuple[Contradiction, ...] = ()
    images_on: Mapping[str, int] = field(default_factory=dict)
    """The digest of every image and the first line it occurs on."""


class StatisticsTally:
    """Counts surveyed rows. Not for several threads at once."""

    def __init__(self) -> None:
        self._rows = 0
        self._flawed = 0
        self._facets: dict[str, Counter[str]] = {}
        self._boxes: Counter[str] = Counter()
        self._sizes: Counter[tuple[int, int]] = Counter()
        self._answers = array("Q")
        self._prompts = array("Q")
        self._bytes = array("Q")
        self._longest: list[tuple[int, int]] = []
        self._empty: list[int] = []
        self._images = _Occurrences()
        self._same = _Occurrences()
        self._asked: dict[bytes, dict[bytes, tuple[int, str]]] = {}
        self._first_asked: dict[bytes, tuple[bytes, int, str]] = {}

    def add(self, batch: Iterable[Surveyed]) -> None:
        """Count a batch."""
        for surveyed in batch:
            self._rows += 1
            if surveyed.row.flaw:
                self._flawed += 1
            else:
                self._add(surveyed)

    def statistics(self) -> Statistics:
        """What has been seen so far."""
        return Statistics(
            rows=self._rows,
            flawed=self._flawed,
            images=len(self._bytes),
            distinct_images=len(self._images.first),
            facets={name: dict(counts.most_common()) for name, counts in self._facets.items()},
            boxes=dict(self._boxes.most_common()),
            answer_chars=spread(self._answers),
            prompt_chars=spread(self._prompts),
            image_bytes=spread(self._bytes),
            image_sizes=dict(self._sizes.most_common()),
            longest_answers=tuple((line, chars) for chars, line in self._ten_longest()),
            empty_answers=tuple(self._empty),
            repeated_images={key.hex(): lines for key, lines in self._images.repeated()},
            repeated_rows=tuple(lines for _, lines in self._same.repeated()),
            contradictions=self._contradictions(),
            images_on={key.hex(): line for key, line in self._images.first.items()},
        )

    def _add(self, surveyed: Surveyed) -> None:
        shown = read_example(surveyed.row)
        for name, value in facets(surveyed, shown):
            counts = self._facets.setdefault(name, Counter())
            counts[value if value in counts or len(counts) < MAX_VALUES else OTHERS] += 1
        self._add_text(shown)
        for image in surveyed.images:
            self._bytes.append(image.size_bytes)
            if image.width:
                self._sizes[image.width, image.height] += 1
            if image.digest:
                self._images.add(bytes.fromhex(image.digest), surveyed.row.line)
        self._add_identity(surveyed, shown)

    def _add_text(self, shown: Example) -> None:
        answer = shown.answer
        for label in labels_in(answer):
            self._boxes[label[:100]] += 1
        self._answers.append(len(answer))
        self._prompts.append(sum(len(message.text) for message in shown.prompt))
        if not answer.strip() and len(self._empty) < 1000:
            self._empty.append(shown.line)
        self._longest.append((len(answer), shown.line))
        if len(self._longest) > 1000:
            self._longest = self._ten_longest()

    def _ten_longest(self) -> list[tuple[int, int]]:
        return sorted(self._longest, key=lambda item: (-item[0], item[1]))[:10]

    def _add_identity(self, surveyed: Surveyed, shown: Example) -> None:
        if not shown.answer.strip():
            return
        found = identify(surveyed.row, surveyed.images, shown)
        question, answer = found.question, found.answer
        self._same.add(found.row, shown.line)
        first = self._first_asked.setdefault(question, (answer, shown.line, shown.answer[:80]))
        if first[0] != answer:
            different = self._asked.setdefault(question, {first[0]: first[1:]})
            different.setdefault(answer, (shown.line, shown.answer[:80]))

    def _contradictions(self) -> tuple[Contradiction, ...]:
        return tuple(
            Contradiction(
                tuple(line for line, _ in different.values()),
                tuple(text for _, text in different.values()),
            )
            for different in self._asked.values()
        )


def facets(surveyed: Surveyed, shown: Example | None = None) -> tuple[Facet, ...]:
    """What can be counted about a row and picked to filter by; no pair occurs twice."""
    if surveyed.row.flaw:
        return (("row", "no JSON"),)
    shown = shown or read_example(surveyed.row)
    return tuple(dict.fromkeys(_facets(surveyed, shown)))


def _facets(surveyed: Surveyed, shown: Example) -> Iterator[Facet]:
    yield "images", str(len(surveyed.row.images))
    yield "turns", str(len(shown.messages))
    for message in shown.messages:
        yield "role", message.role or "none"
        if message.role == "system":
            yield "system prompt", message.text[:200]
    yield from _answer_facets(shown)
    for part, image in zip(surveyed.row.images, surveyed.images, strict=True):
        yield "origin", part.origin
        yield "detail", part.detail[:40]
        if image.flaw:
            yield "flaw", image.flaw
        if image.format:
            yield "format", image.format
            yield "mode", image.mode
        if image.width:
            yield "size", f"{image.width}×{image.height}"


def _answer_facets(shown: Example) -> Iterator[Facet]:
    answer = shown.answer.strip()
    labels = labels_in(answer)
    flawed = bool(parse_boxes(answer).flaws)
    if labels or flawed:
        yield "objects", str(len(labels))
        for label in labels:
            yield "label", label[:100] or "none"
    else:
        yield "answer", answer if len(answer) <= SHORT_ANSWER else "longer"
    if flawed:
        yield "boxes", "with flaws"
    elif (convention := name_convention(answer)) not in ("", LOC.name):
        yield "boxes", convention


class _Occurrences:
    """On which lines something occurs; most things occur once, and take little room."""

    def __init__(self) -> None:
        self.first: dict[bytes, int] = {}
        self._more: dict[bytes, array[int]] = {}

    def add(self, key: bytes, line: int) -> None:
        if self.first.setdefault(key, line) != line:
            self._more.setdefault(key, array("Q")).append(line)

    def repeated(self) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        for key, lines in self._more.items():
            yield key, (self.first[key], *dict.fromkeys(lines))
