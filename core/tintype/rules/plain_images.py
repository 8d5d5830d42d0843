"""What the images of rows are and cost, and whether a rule may have something to say of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tintype.dataset import ImagePart
from tintype.dataset.facets import Facet
from tintype.dataset.files import MAX_IMAGE_BYTES
from tintype.dataset.identity import KEY_BYTES, short
from tintype.dataset.lifting import Cut
from tintype.dataset.survey import LocalImages
from tintype.estimation import ImageTokens, image_tokens_of
from tintype.images.facts import ImageFacts
from tintype.providers.limits import ProviderRules
from tintype.rules.block import Block
from tintype.tokens import TokenRule

MOST_KNOWN = 20_000
"""Images remembered; about 8 MB."""
_MOST_SIZES = 10_000

Kinds = tuple[tuple[str, str, str, str], ...]
"""All that a rule looks at of images without a flaw, besides the shape of their row."""


class ImagesShown(NamedTuple):
    """The images of a row of which no rule has anything to say."""

    images: tuple[ImageFacts, ...] = ()
    tokens: ImageTokens = ImageTokens()
    facets: tuple[Facet, ...] = ()

    @property
    def keys(self) -> list[bytes]:
        """As `identity` has them."""
        return [bytes.fromhex(image.digest[: 2 * KEY_BYTES]) for image in self.images]

    def add_to(self, block: Block, index: int, line: int) -> None:
        """Count the images of the next row of a block, by its index and line."""
        block.counts.add_images([image.size_bytes for image in self.images], self.tokens)
        block.statistics.add_shared(self.facets)
        block.statistics.add_images(line, self.images)
        block.image_keys[index] = tuple(map(short, self.keys))

    @property
    def most(self) -> int:
        """Tokens, at the level of detail that takes most."""
        return max(self.tokens.as_is.high, self.tokens.low.high, self.tokens.high.high)


NOTHING_SHOWN = ImagesShown()


class PlainImages:
    """Looks at images; remembers those seen, and what images of a size cost."""

    def __init__(
        self, profile: ProviderRules, rule: TokenRule, folder: Path, *, deep: bool
    ) -> None:
        """Begin; see `examining.Setup`."""
        self.local = LocalImages(folder, deep=deep, most=MOST_KNOWN)
        self._most_bytes = profile.max_image_bytes
        self._rule = rule
        self._sizes: dict[object, tuple[ImageTokens, tuple[Facet, ...]]] = {}

    def cut_out(self, raw: bytes, cuts: Sequence[Cut]) -> tuple[ImageFacts, ...] | None:
        """What is known of the images of a line; none if one is too large, or no base64."""
        found: list[ImageFacts] = []
        for cut in cuts:
            if (cut.end - cut.start) * 3 // 4 > MAX_IMAGE_BYTES:
                return None
            if (data := cut.data(raw)) is None:
                return None
            found.append(self.local.of(data))
        return tuple(found)

    def shown(self, details: tuple[str, ...], facts: tuple[ImageFacts, ...]) -> ImagesShown | None:
        """The images of a row with what they cost at the levels of detail that it asks for.

        None if a rule may have something to say of them but by their kinds.
        """
        if not facts:
            return NOTHING_SHOWN
        most = self._most_bytes
        for image in facts:
            if (
                image.flaw
                or image.frames > 1
                or image.orientation != 1
                or image.has_location
                or (most is not None and image.size_bytes > most)
            ):
                return None
        key = (details, *[(f.width, f.height, f.format, f.mode) for f in facts])
        known = self._sizes.get(key)
        if known is None:
            sizes = ((f.width, f.height, at) for f, at in zip(facts, details, strict=True))
            known = (image_tokens_of(self._rule, sizes), _facets(facts))
            if len(self._sizes) < _MOST_SIZES:
                self._sizes[key] = known
        return ImagesShown(facts, *known)


def kinds(parts: Sequence[ImagePart], facts: Sequence[ImageFacts]) -> Kinds:
    """The kinds of the images of a row."""
    return tuple(
        [
            (part.origin, part.media_type, image.format, image.mode)
            for part, image in zip(parts, facts, strict=True)
        ]
    )


def _facets(facts: Sequence[ImageFacts]) -> tuple[Facet, ...]:
    found: list[Facet] = []
    for image in facts:
        size = f"{image.width}×{image.height}"
        found += [("format", image.format), ("mode", image.mode), ("size", size)]
    return tuple(dict.fromkeys(found))
