"""What an image looks like, in 784 bytes: to find one again resized, recompressed, retouched.

Two fingerprints that fail in different ways are taken together. The difference hash (which of two
neighbouring cells is brighter; Zauner 2010, Krawetz 2013) survives a change of size, quality and
brightness, but says nothing of flat images, whose cells are equal up to noise. Thumbnails of
16 × 16 colours are compared by how far they differ, an even change of colour aside, measured by the
contrast of the image itself: a small mark on a plain ground is what such images are about. Images
are alike if both agree.
"""

from dataclasses import dataclass

import numpy as np

from tintype.images.decoding import decode

SIDE = 8
"""Cells along each side of the hash."""
THUMBNAIL = 16
"""Cells along each side of the thumbnail."""
MOST_BITS = 12
"""Of the 128 bits of two difference hashes, how many may differ."""
MOST_SHIFT = 30.0
"""How far the mean colours may differ, in levels 0…255, and no farther than the image's own
contrast: of a flat image the colour is all there is."""
MOST_FAR = 0.25
"""How far thumbnails may differ from each other beyond that (the root of the mean square), as a
share of their own deviation from their mean."""
LEAST_FAR = 1.5
"""Levels that compression alone may make a difference of, in any image."""
NOISE = 3
"""Neighbouring cells that differ by fewer grey levels than this have no order."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What an image looks like."""

    bits: bytes
    """16 bytes: 8 × 8 comparisons with the cell to the right, 8 × 8 with the cell below."""
    thumbnail: bytes
    """768 bytes: 16 × 16 RGB colours, in rows."""


def likeness(data: bytes) -> Likeness:
    """Look at an image; JPEG is decoded small, which takes a fraction of the time.

    Raises:
        DatasetError: if it cannot be decoded.
    """
    from PIL import Image

    small = decode(data, box=(16 * SIDE, 16 * SIDE))
    box = Image.Resampling.BOX
    grey = np.asarray(small.convert("L").resize((SIDE + 1, SIDE + 1), box), dtype=np.int16)
    across = grey[:SIDE, 1:] - grey[:SIDE, :SIDE] >= NOISE
    down = grey[1:, :SIDE] - grey[:SIDE, :SIDE] >= NOISE
    bits = np.packbits(np.concatenate([across.ravel(), down.ravel()]))
    return Likeness(bits.tobytes(), small.resize((THUMBNAIL, THUMBNAIL), box).tobytes())


def distance(one: Likeness, other: Likeness) -> float:
    """How far two images are from each other, 0 for the same: half by shape, half by colours."""
    bits = int.from_bytes(one.bits, "big") ^ int.from_bytes(other.bits, "big")
    apart = _colours(one).astype(np.float32) - _colours(other)
    return bits.bit_count() / 128 + float(np.sqrt((apart**2).mean())) / 255


class Gallery:
    """Groups of images that are alike: each has a leader, which all others of it are like.

    Chains do not drift: an image joins the nearest leader, never a follower. The images that a new
    one is compared with share one of 13 pieces of the hash with it; by the pigeonhole principle no
    pair within 12 bits is missed.
    """

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        """Numbers of the images, in the order they came; the first is the leader."""
        self._count = 0
        self._bits = np.zeros((64, 16), np.uint8)
        self._colours = np.zeros((64, THUMBNAIL * THUMBNAIL, 3), np.uint8)
        self._buckets: list[dict[int, list[int]]] = [{} for _ in range(MOST_BITS + 1)]

    def add(self, image: Likeness) -> int:
        """Put an image into the group it belongs to, or into one of its own; return the group."""
        number, self._count = self._count, self._count + 1
        pieces = _pieces(image.bits)
        group = self._nearest(image, pieces)
        if group is None:
            group = len(self.groups)
            self.groups.append([])
            self._lead(group, image, pieces)
        self.groups[group].append(number)
        return group

    def _nearest(self, image: Likeness, pieces: list[int]) -> int | None:
        near: set[int] = set()
        for bucket, piece in zip(self._buckets, pieces, strict=True):
            near.update(bucket.get(piece, ()))
        if not near:
            return None
        candidates = np.fromiter(near, np.intp, len(near))
        bits = np.frombuffer(image.bits, np.uint8)
        differ = np.bitwise_count(self._bits[candidates] ^ bits).sum(axis=1)
        candidates, differ = candidates[differ <= MOST_BITS], differ[differ <= MOST_BITS]
        if not len(candidates):
            return None
        colours = _colours(image).astype(np.float32)
        apart = self._colours[candidates] - colours
        shift = apart.mean(axis=1, keepdims=True)
        far = np.sqrt(((apart - shift) ** 2).mean(axis=(1, 2)))
        contrast = float(colours.std(axis=0).mean())
        shifted = np.abs(shift).max(axis=(1, 2))
        held = far <= max(LEAST_FAR, MOST_FAR * contrast)
        held &= shifted <= max(LEAST_FAR, min(contrast, MOST_SHIFT))
        if not held.any():
            return None
        order = np.lexsort((candidates[held], far[held], differ[held]))
        return int(candidates[held][order[0]])

    def _lead(self, group: int, image: Likeness, pieces: list[int]) -> None:
        if group >= len(self._bits):
            self._bits = np.concatenate([self._bits, np.zeros_like(self._bits)])
            self._colours = np.concatenate([self._colours, np.zeros_like(self._colours)])
        self._bits[group] = np.frombuffer(image.bits, np.uint8)
        self._colours[group] = _colours(image)
        for bucket, piece in zip(self._buckets, pieces, strict=True):
            bucket.setdefault(piece, []).append(group)


def _colours(image: Likeness) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The thumbnail, cells × channels."""
    return np.frombuffer(image.thumbnail, np.uint8).reshape(-1, 3)


def _pieces(bits: bytes) -> list[int]:
    """The hash cut into one piece more than bits may differ."""
    whole, pieces, at = int.from_bytes(bits, "big"), MOST_BITS + 1, 0
    cut = []
    for number in range(pieces):
        width = (128 * (number + 1)) // pieces - (128 * number) // pieces
        cut.append((whole >> at) & ((1 << width) - 1))
        at += width
    return cut
