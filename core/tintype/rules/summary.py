"""What is left of a check when all rows have passed: counts, not rows."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tintype.rules.across import Keys
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
        """The worst found."""
        return worst(count.severity for count in self.counts)

    @property
    def left(self) -> int:
        """Examples that would be trained on."""
        return self.examples - self.skipped


def ordered(totals: Counter[tuple[str, Severity]], shown: Counter[str]) -> tuple[RuleCount, ...]:
    """Counts by rule, the worst and most frequent first."""
    rank = {"error": 0, "skip": 1, "warning": 2}
    counts = [
        RuleCount(rule, severity, total, shown[rule]) for (rule, severity), total in totals.items()
    ]
    return tuple(sorted(counts, key=lambda count: (rank[count.severity], -count.total, count.rule)))
