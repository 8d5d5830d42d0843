"""Row after row counted, fast: what most rows have in common is found out once."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tintype.dataset import Row
from tintype.dataset.survey import Surveyed
from tintype.estimation.counts import MOST_DEAREST, Counts, Dear, EpochTokens, count
from tintype.tokens import NOTHING, Range, RowTokens, TokenRule, image_tokens, reply_doubt


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """The tokens of some images whose sizes are known."""

    as_is: Range = NOTHING
    low: Range = NOTHING
    high: Range = NOTHING
    doubtful: int = 0
    """Of the images: their tokens are a range."""


class CountTally:
    """Counts row after row: the same as `count` and `+`, and fast for plain rows.

    A plain row holds nothing but texts and images of known size, fits into the longest example at
    every level of detail, and is not dropped by the provider.
    """

    def __init__(self, rule: TokenRule) -> None:
        self.rule = rule
        self._others = Counts(rule)
        self._plain = [0] * 8
        """Rows, rows with images, images, bytes, most images, largest image, text, doubtful."""
        self._bills = [0] * 9
        self._dearest: list[tuple[int, int, int, int]] = []

    def add(self, surveyed: Surveyed, tokens: RowTokens, *, skipped: bool) -> None:
        """Count any row."""
        self._others += count(surveyed, self.rule, tokens=tokens, skipped=skipped)

    def add_plain(self, row: Row, text: int, likely: int, of_images: int) -> None:
        """Count a plain row, whose images are counted by `add_images`.

        Args:
            row: Where it stands.
            text: The tokens of its texts with their overhead, of which none is in doubt but those
                that begin the reply.
            likely: Those of text and images.
            of_images: Those of its images, of which the former are a part.
        """
        plain = self._plain
        plain[0] += 1
        plain[3] += row.size_bytes + 1
        plain[6] += text
        self._note_dear(likely, of_images, row.index, row.line)

    def add_rows(
        self,
        first: int,
        lines: Sequence[int],
        sizes: Sequence[int],
        tokens: Sequence[int],
        of_images: Sequence[int],
    ) -> None:
        """Count consecutive plain rows, whose images are counted by `add_images`.

        Args:
            first: The index of the first.
            lines: Where they stand.
            sizes: Of their lines, in bytes.
            tokens: Of their texts with their overhead.
            of_images: Those of their images, the likely number.
        """
        plain, dearest = self._plain, self._dearest
        plain[0] += len(sizes)
        plain[3] += sum(sizes) + len(sizes)
        plain[6] += sum(tokens)
        for at, (text, images) in enumerate(zip(tokens, of_images, strict=True)):
            likely = text + images
            if len(dearest) < MOST_DEAREST or likely >= dearest[0][0]:
                self._note_dear(likely, images, first + at, lines[at])

    def _note_dear(self, likely: int, of_images: int, index: int, line: int) -> None:
        if len(self._dearest) < MOST_DEAREST:
            heapq.heappush(self._dearest, (likely, of_images, index, line))
        elif likely >= self._dearest[0][0]:
            heapq.heappushpop(self._dearest, (likely, of_images, index, line))

    def add_images(self, sizes: Sequence[int], seen: ImageTokens) -> None:
        """Count the images of a plain row: their sizes in bytes, and what they cost."""
        plain, bills = self._plain, self._bills
        plain[1] += 1
        plain[2] += len(sizes)
        plain[4] = max(plain[4], len(sizes))
        plain[5] = max(plain[5], *sizes)
        plain[7] += seen.doubtful
        for at, tokens in enumerate((seen.as_is, seen.low, seen.high)):
            bills[3 * at] += tokens.low
            bills[3 * at + 1] += tokens.likely
            bills[3 * at + 2] += tokens.high

    @property
    def counts(self) -> Counts:
        """All that has been counted."""
        rows, image_rows, images, size, most, largest, tokens, doubtful = self._plain
        text = Range(tokens, tokens, tokens + reply_doubt(self.rule) * rows)
        bills = [Range(*self._bills[at : at + 3]) for at in (0, 3, 6)]
        plain = Counts(
            self.rule,
            rows=rows,
            image_rows=image_rows,
            images=images,
            text=text,
            bills=tuple(EpochTokens(seen, text + seen) for seen in bills),
            doubtful=doubtful,
            file_bytes=size,
            most_images=most,
            largest_image_bytes=largest,
            dearest=tuple(Dear(*dear) for dear in sorted(self._dearest, reverse=True)),
        )
        return self._others + plain


def image_tokens_of(rule: TokenRule, sizes: Iterable[tuple[int, int, str]]) -> ImageTokens:
    """The tokens of images, each given by width and height in pixels and the detail asked for."""
    found = ImageTokens()
    for width, height, detail in sizes:
        as_is = image_tokens(rule, width, height, detail)
        found = ImageTokens(
            found.as_is + as_is,
            found.low + image_tokens(rule, width, height, "low"),
            found.high + image_tokens(rule, width, height, "high"),
            found.doubtful + (not as_is.exact),
        )
    return found
