"""What a dataset is made of: how many of what, what occurs twice, what contradicts itself.

Fed by the pass that checking and estimating use (`survey`): a `StatisticsTally` takes its batches
and says at any time what it has seen. What is counted are *facets*: pairs such as `format: jpeg` or
`label: RBC` that a row either has or has not, so that every count can be turned into the rows
behind it.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tintype.dataset.conversation import example as read_example
from tintype.dataset.example import Example
from tintype.dataset.facets import NAMES, SHORT_ANSWER, Facet, facets
from tintype.dataset.identity import RowIdentity, identify, short
from tintype.dataset.repetitions import Contradiction, Identities
from tintype.dataset.spread import NO_SPREAD, Spread, spread
from tintype.dataset.survey import Surveyed
from tintype.detection import labels_in
from tintype.images.facts import ImageFacts

MAX_VALUES = 2000
"""Values of one facet that are told apart; the rest are counted together."""
OTHERS = "others"


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
    """Counts surveyed rows. Not for several threads at once.

    A file may be counted in parts by tallies without a limit on values, merged in order.
    """

    def __init__(self, *, most_values: int = MAX_VALUES) -> None:
        self._most_values = most_values
        self._rows = 0
        self._flawed = 0
        self._facets: dict[str, dict[str, int]] = {}
        self._boxes: Counter[str] = Counter()
        self._sizes: Counter[tuple[int, int]] = Counter()
        self._answers = array("I")
        self._prompts = array("I")
        self._bytes = array("Q")
        self._longest: list[tuple[int, int]] = []
        self._long = 0
        """Characters from which on an answer may be one of the longest."""
        self._empty: list[int] = []
        self._images = _Occurrences()
        self._identities = Identities()
        self._shared: dict[int, list[Any]] = {}  # facets, and how often beyond the first time

    def add(self, batch: Iterable[Surveyed]) -> None:
        """Count a batch."""
        for surveyed in batch:
            if surveyed.row.flaw:
                self.add_flawed()
            else:
                self._add(surveyed)

    def add_flawed(self) -> None:
        """Count a row that is no JSON."""
        self._rows += 1
        self._flawed += 1

    def merge(self, later: "StatisticsTally") -> None:
        """Take over what was counted of the rows that follow."""
        later._settle()
        self._rows += later._rows
        self._flawed += later._flawed
        for name, counts in later._facets.items():
            self._merge(name, counts)
        self._boxes.update(later._boxes)
        self._sizes.update(later._sizes)
        self._answers.extend(later._answers)
        self._prompts.extend(later._prompts)
        self._bytes.extend(later._bytes)
        self._longest = sorted(self._longest + later._longest, key=_by_length)[:10]
        self._empty = (self._empty + later._empty)[:1000]
        self._images.merge(later._images)
        self._identities.merge(later._identities)

    def statistics(self) -> Statistics:
        """What has been seen so far."""
        self._settle()
        return Statistics(
            rows=self._rows,
            flawed=self._flawed,
            images=len(self._bytes),
            distinct_images=len(self._images.first),
            facets={
                name: dict(Counter(self._facets[name]).most_common())
                for name in sorted(self._facets, key=NAMES.index)  # whichever was counted first
            },
            boxes=dict(self._boxes.most_common()),
            answer_chars=spread(self._answers),
            prompt_chars=spread(self._prompts),
            image_bytes=spread(self._bytes),
            image_sizes=dict(self._sizes.most_common()),
            longest_answers=tuple((line, chars) for chars, line in self._ten_longest()),
            empty_answers=tuple(self._empty),
            repeated_images={key.hex(): lines for key, lines in self._images.repeated()},
            repeated_rows=self._identities.repeated(),
            contradictions=self._identities.contradictions(),
            images_on={key.hex(): line for key, line in self._images.first.items()},
        )

    def _add(self, surveyed: Surveyed) -> None:
        shown = read_example(surveyed.row)
        self.add_row(surveyed, shown, identify(surveyed.row, surveyed.images, shown))

    def add_row(self, surveyed: Surveyed, shown: Example, found: RowIdentity) -> None:
        """Count a row without a flaw, read as a conversation, with its identity."""
        answer, line = shown.answer, shown.line
        for label in labels_in(answer):
            self._boxes[label[:100]] += 1
        keys = short(found.row), short(found.question), short(found.answer)
        asked = sum(len(message.text) for message in shown.prompt)
        self.add_read(line, facets(surveyed, shown), surveyed.images, answer, asked, keys)

    def add_shared(self, facets: tuple[Facet, ...], times: int = 1) -> None:
        """Count facets that many rows have, given each time as the very same tuple."""
        known = self._shared.get(id(facets))
        if known is not None:
            known[1] += times
            return
        for name, value in facets:
            self._count(name, value, times)  # at once: values keep the order they come in
        self._shared[id(facets)] = [facets, 0]

    def add_facets(self, facets: Iterable[Facet]) -> None:
        """Count facets of rows that are counted otherwise."""
        for (name, value), times in Counter(facets).items():
            self._count(name, value, times)

    def add_texts(
        self,
        lines: "array[int]",
        keys: "tuple[array[int], array[int], array[int]]",
        answers: Sequence[str],
        prompt_chars: Iterable[int],
    ) -> None:
        """Count rows but for their images, as `add_read` does each; no answer is blank."""
        self._rows += len(lines)
        said = map(str.strip, answers)
        self.add_facets(("answer", t if len(t) <= SHORT_ANSWER else "longer") for t in said)
        chars = array("I", map(len, answers))
        self._answers.extend(chars)
        self._prompts.extend(prompt_chars)
        self._identities.extend(lines, *keys, answers)
        long = max(self._long, *sorted(chars)[-10:][:1])
        self._longest += [pair for pair in zip(chars, lines, strict=True) if pair[0] >= long]
        self._keep_longest()

    def _settle(self) -> None:
        """Count the facets that were shared."""
        for shared, times in self._shared.values():
            for name, value in shared:
                self._count(name, value, times)
        self._shared = {}

    def add_read(
        self,
        line: int,
        facets: Iterable[Facet],
        images: Sequence[ImageFacts],
        answer: str,
        prompt_chars: int,
        keys: tuple[int, int, int],
    ) -> None:
        """Count a row that has been read already and whose answer holds no boxes.

        Args:
            line: Its physical line.
            facets: As `facets` says.
            images: What its images are.
            answer: The last answer.
            prompt_chars: Of all that stands before it.
            keys: 64 bits of the keys of row, question and answer; see `identity`.
        """
        self._rows += 1
        for name, value in facets:
            self._count(name, value, 1)
        self.add_images(line, images)
        chars = len(answer)
        self._answers.append(chars)
        self._prompts.append(prompt_chars)
        if answer and not answer.isspace():
            self._identities.add(line, *keys, answer)
        elif len(self._empty) < 1000:
            self._empty.append(line)
        if chars >= self._long:
            self._longest.append((chars, line))
        self._keep_longest()

    def add_images(self, line: int, images: Sequence[ImageFacts]) -> None:
        """Count the images of a row, but for their facets."""
        for image in images:
            self._bytes.append(image.size_bytes)
            if image.width:
                self._sizes[image.width, image.height] += 1
            if image.digest:
                self._images.add(bytes.fromhex(image.digest), line)

    def _keep_longest(self) -> None:
        if len(self._longest) > 100:
            self._longest = self._ten_longest()
            self._long = self._longest[-1][0]

    def _ten_longest(self) -> list[tuple[int, int]]:
        return sorted(self._longest, key=_by_length)[:10]

    def _merge(self, name: str, more: Mapping[str, int]) -> None:
        known = self._facets.get(name, {})
        if len(known) < self._most_values:
            for value, times in more.items():
                self._count(name, value, times)
            return
        told_apart = known.keys() & more.keys()  # few of thousands
        for value in told_apart:
            known[value] += more[value]
        if others := sum(more.values()) - sum(more[value] for value in told_apart):
            known[OTHERS] = known.get(OTHERS, 0) + others

    def _count(self, name: str, value: str, times: int) -> None:
        counts = self._facets.setdefault(name, {})
        if value not in counts and len(counts) >= self._most_values:
            value = OTHERS
        counts[value] = counts.get(value, 0) + times


class _Occurrences:
    """On which lines something occurs; most things occur once, and take little room."""

    def __init__(self) -> None:
        self.first: dict[bytes, int] = {}
        self._more: dict[bytes, list[int]] = {}

    def add(self, key: bytes, line: int) -> None:
        if self.first.setdefault(key, line) != line:
            self._more.setdefault(key, []).append(line)

    def merge(self, later: "_Occurrences") -> None:
        for key, line in later.first.items():
            self.add(key, line)
        for key, lines in later._more.items():
            for line in lines:
                self.add(key, line)

    def repeated(self) -> Iterator[tuple[bytes, tuple[int, ...]]]:
        """Each key with its lines, those first that are repeated first."""
        for key, lines in sorted(self._more.items(), key=lambda item: (item[1], item[0])):
            yield key, (self.first[key], *dict.fromkeys(lines))


def _by_length(item: tuple[int, int]) -> tuple[int, int]:
    """The longest first, and of equal ones the first."""
    return -item[0], item[1]
