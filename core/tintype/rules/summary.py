"""What is left of a check when all rows have passed: counts, not rows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tintype.rules.between_rows import Keys
from tintype.rules.problem import Severity, Status, worst
from tintype.tokens import NOTHING, Range


@dataclass(frozen=True, slots=True)
class FileFacts:
    """The file itself."""

    name: str
    size_bytes: int
    head: bytes = b""
    """Its first bytes: `tintype.rules.file.HEAD_BYTES` of them."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule was broken."""

    rule: str
    severity: Severity
    total: int
    shown: int
    """Problems handed out; the others are only counted."""

    @property
    def omitted(self) -> int:
        """Problems that are only counted."""
        return self.total - self.shown


@dataclass(frozen=True, slots=True)
class Summary:
    """A dataset as its check found it."""

    file: FileFacts
    examples: int = 0
    """Rows that are not blank."""
    image_examples: int = 0
    """Rows with images."""
    images: int = 0
    skipped: int = 0
    """Rows that the provider would drop."""
    decoded: bool = True
    """Whether the pixels of every image were decoded. If not, images were judged by their
    structure: damage within the pixels of a JPEG, WebP or GIF is not known."""
    unseen: int = 0
    """Images on the network that this machine did not fetch or could not reach."""
    text_tokens: Range = NOTHING
    image_tokens: Range = NOTHING
    counts: tuple[RuleCount, ...] = ()
    """By rule, the worst and most frequent first."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Skipped rows by the provider's reason, e.g. `inaccessible URL`."""
    prompts: Mapping[str, int] = field(default_factory=dict)
    """The beginning of each system prompt, and how many rows have it; "" is none."""
    keys: Keys = field(default_factory=Keys)
    """To find the same rows and images in a validation file."""

    @property
    def status(self) -> Status:
        """Return the worst severity found, or `ok`."""
        return worst(count.severity for count in self.counts)

    @property
    def omitted(self) -> int:
        """Problems beyond the first 100 of a rule: counted, but not handed out."""
        return sum(count.omitted for count in self.counts)

    @property
    def left(self) -> int:
        """Return how many examples would be trained on."""
        return self.examples - self.skipped


def ordered(
    totals: Counter[tuple[str, Severity]], shown: Counter[tuple[str, Severity]]
) -> tuple[RuleCount, ...]:
    """Counts by rule, the worst and most frequent first."""
    return worst_first(
        RuleCount(rule, severity, total, shown[rule, severity])
        for (rule, severity), total in totals.items()
    )


def worst_first(counts: Iterable[RuleCount]) -> tuple[RuleCount, ...]:
    """Counts in order: the worst and most frequent first."""
    rank = {"error": 0, "skip": 1, "warning": 2}
    return tuple(sorted(counts, key=lambda count: (rank[count.severity], -count.total, count.rule)))
