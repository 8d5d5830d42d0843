"""How sure a score is: intervals, paired tests, and how many rows it takes.

Questions about one image are no independent trials, so where images repeat, everything is done by
image. Sources are named where a formula has one; scipy and statsmodels are the tests' oracles.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Z = 1.959963984540054
"""Two-sided 95 %."""
EXACT_PATTERNS = 1 << 16
"""Sign patterns up to which a sign-flip test looks at all of them."""
SAMPLES = 9999
MOST_SIZES = 64
"""Different sizes of a difference up to which a sign-flip test draws numbers of them, not each."""
MANY_IMAGES = 2000
"""From so many on, the mean of images is normal to within a plotted line's width, and resampling
them would take seconds."""
_DRAWN = 1 << 20
"""Images drawn at once: 12 MB."""
_SAME = 1e-9
"""Sums that differ by less than this part of what was added are equal: only the order differed."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A share or mean with its 95 % interval."""

    value: float
    low: float
    high: float
    method: str
    """How it was computed, in words."""


def wilson(right: float, total: int) -> tuple[float, float]:
    """Wilson's score interval of a share, without continuity correction (Wilson, 1927)."""
    if not total:
        return 0.0, 1.0
    share, square = right / total, Z * Z / total
    centre = (share + square / 2) / (1 + square)
    half = Z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    low = 0.0 if right <= 0 else max(0.0, centre - half)
    return low, 1.0 if right >= total else min(1.0, centre + half)


def cluster_se(groups: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Mean of all rows, and its standard error with rows clustered by image.

    sqrt(Σ_images (Σ residuals)²) / n (Miller, arXiv:2411.00640), without small-sample correction.
    """
    sums, sizes = _by_group(groups)
    total = sizes.sum()
    mean = float(sums.sum() / total)
    return mean, float(np.sqrt(((sums - mean * sizes) ** 2).sum()) / total)


def cluster_bootstrap(
    groups: Sequence[Sequence[float]], *, samples: int = SAMPLES, seed: int = 0
) -> "Floats":
    """Means of resampled images, (samples,): each draws as many images as there are."""
    sums, sizes = _by_group(groups)
    random = np.random.default_rng(seed)
    at_once = max(1, _DRAWN // len(sums))
    means = []
    for start in range(0, samples, at_once):
        shape = (min(at_once, samples - start), len(sums))
        drawn = random.integers(0, len(sums), shape, dtype=np.int32)
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return np.concatenate(means)


def interval(
    groups: Sequence[Sequence[float]], *, seed: int = 0, samples: int = SAMPLES
) -> Interval | None:
    """The mean score with its 95 % interval; none where there are no rows.

    Args:
        groups: Scores from 0 to 1, those of one image together.
        seed: Of the bootstrap.
        samples: Likewise.
    """
    rows = [score for group in groups for score in group]
    if not rows:
        return None
    shares = set(rows) <= {0, 1}
    mean = float(np.mean(rows))
    if shares and (len(groups) == len(rows) or len(set(rows)) == 1):
        # Where all rows agree, resampling would pretend to be certain: images are counted instead.
        total = len(groups) if len(set(rows)) == 1 else len(rows)
        low, high = wilson(mean * total, total)
        return Interval(mean, low, high, "Wilson")
    if len(groups) < 2:
        return Interval(mean, 0.0, 1.0, "one image: unknown")
    if len(groups) > MANY_IMAGES:
        return normal_interval(groups)
    means = cluster_bootstrap(groups, samples=samples, seed=seed)
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(mean, float(low), float(high), "bootstrap by image")


def normal_interval(groups: Sequence[Sequence[float]]) -> Interval:
    """The mean score with an interval of 1.96 clustered standard errors: quick, for many images."""
    mean, error = cluster_se(groups)
    return Interval(
        mean, max(0.0, mean - Z * error), min(1.0, mean + Z * error), "normal, by image"
    )


class GrowingMean:
    """A mean with its interval by image, kept up to date score by score in constant time."""

    def __init__(self) -> None:
        self._images: dict[Hashable, tuple[float, int]] = {}
        self._total, self._rows = 0.0, 0
        self._squares, self._products, self._sizes = 0.0, 0.0, 0
        """Over images: of the sums, of sums with numbers of rows, of the numbers of rows."""

    def add(self, image: Hashable, score: float) -> None:
        """Take in a row's score."""
        old, rows = self._images.get(image, (0.0, 0))
        new = old + score
        self._images[image] = (new, rows + 1)
        self._total, self._rows = self._total + score, self._rows + 1
        self._squares += new * new - old * old
        self._products += new * (rows + 1) - old * rows
        self._sizes += 2 * rows + 1

    def interval(self) -> Interval:
        """As `normal_interval`; where all rows agree so far, Wilson's over images."""
        mean = self._total / max(1, self._rows)
        if mean in (0.0, 1.0) or not self._rows:
            images = len(self._images)
            return Interval(mean, *wilson(mean * images, images), "Wilson")
        residuals = self._squares - 2 * mean * self._products + mean * mean * self._sizes
        error = math.sqrt(max(0.0, residuals)) / self._rows
        return Interval(
            mean, max(0.0, mean - Z * error), min(1.0, mean + Z * error), "normal, by image"
        )


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test: the two-sided p that right and wrong change sides by chance."""
    total, least = only_first + only_second, min(only_first, only_second)
    if not total:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(least + 1))
    return min(1.0, float(2 * tail / 2**total))


def sign_flip(
    differences: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> float:
    """The two-sided p that paired scores differ by chance alone: signs are flipped.

    Args:
        differences: Second score less first, of each row.
        groups: The image of each row; rows of an image are flipped together.
        samples: Sign patterns drawn where there are too many to look at all.
        seed: Of the drawing.
    """
    sums: dict[Hashable, float] = {}
    for at, difference in enumerate(differences):
        group = at if groups is None else groups[at]
        sums[group] = sums.get(group, 0.0) + difference
    values = np.array([value for value in sums.values() if value])
    observed = abs(float(values.sum()))
    limit = observed - _SAME * float(np.abs(values).sum())  # a sum of nought may round to 1e-17
    if 2 ** len(values) <= EXACT_PATTERNS:
        signs = (np.arange(2 ** len(values))[:, None] >> np.arange(len(values))) & 1
        return float(np.mean(np.abs((1 - 2 * signs) @ values) >= limit))
    random = np.random.default_rng(seed)
    sizes, counts = np.unique(np.abs(values), return_counts=True)
    if len(sizes) <= MOST_SIZES:  # right and wrong: how many of each size are flipped is enough
        flipped = random.binomial(counts, 0.5, (samples, len(sizes)))
        totals = np.abs((counts - 2 * flipped) @ sizes)
        return sampled_p(int((totals >= limit).sum()), samples)
    extreme = 0
    at_once = max(1, min(1000, 2 * _DRAWN // len(values)))  # 16 MB of signs
    for start in range(0, samples, at_once):
        size = min(at_once, samples - start)
        signs = random.integers(0, 2, (size, len(values)), dtype=np.int8)
        extreme += int((np.abs((1.0 - 2.0 * signs) @ values) >= limit).sum())
    return sampled_p(extreme, samples)


def sampled_p(extreme: int, samples: int) -> float:
    """The p of a sampled test: never zero (Phipson and Smyth, 2010)."""
    return (1 + extreme) / (1 + samples)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of several comparisons, adjusted by Holm's method (1979), in the order given."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda one: p_values[one])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = largest
    return adjusted


def paired_se(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Mean of second less first over the same rows, and its standard error (n − 1)."""
    differences = np.subtract(second, first)
    if len(differences) < 2:
        return float(differences.mean()) if len(differences) else 0.0, math.inf
    return float(differences.mean()), float(differences.std(ddof=1) / math.sqrt(len(differences)))


def rows_needed(share_changed: float, difference: float, *, power: float = 0.8) -> int | None:
    """Rows that it takes to find a difference between two models at 95 %, most of the time.

    Args:
        share_changed: Share of rows on which the two models differ, 0 to 1.
        difference: In mean score, to be found.
        power: How often it is to be found: 0.8 or 0.9.

    Returns:
        None if no number of rows shows it.
        Source: normal approximation of McNemar's test (Connor, 1987).
    """
    quantile = {0.8: 0.8416212335729143, 0.9: 1.2815515655446004}[power]
    if not difference or share_changed < abs(difference):
        return None
    spread = math.sqrt(max(0.0, share_changed - difference**2))
    return math.ceil(((Z * math.sqrt(share_changed) + quantile * spread) / difference) ** 2)


def percentiles(
    values: Sequence[float], wanted: Sequence[float] = (50, 95, 99)
) -> Mapping[float, float]:
    """Percentiles by linear interpolation; empty where there are no values."""
    if not values:
        return {}
    return dict(zip(wanted, map(float, np.percentile(values, wanted)), strict=True))


def _by_group(groups: Sequence[Sequence[float]]) -> tuple["Floats", "Floats"]:
    filled = [group for group in groups if len(group)]
    return (
        np.array([math.fsum(group) for group in filled]),
        np.array([len(group) for group in filled], np.float64),
    )
