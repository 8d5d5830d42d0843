"""Images taken over from another dataset: as they are, never encoded anew."""

import os
from pathlib import Path

from tintype.dataset.files import MAX_IMAGE_BYTES, read_plain_file
from tintype.dataset.formats.report import Keep
from tintype.dataset.writing import written
from tintype.errors import DatasetError
from tintype.images.facts import ImageFacts

FOLDER = "images"
"""Where images are copied to that do not lie below the target already."""
_CACHE_BYTES = 32_000_000


class ImageKeeper:
    """Gives each image the URL it has in the rows. Not for several threads at once."""

    def __init__(self, target: Path, keep: Keep) -> None:
        self._target = target
        self._keep = keep
        self._taken: dict[str, Path] = {}
        self._recent: dict[Path, tuple[str, ImageFacts]] = {}
        self._recent_chars = 0
        self.digests: set[str] = set()
        """Of the images taken over."""

    def take(self, path: Path) -> tuple[str, ImageFacts]:
        """An image's URL and its facts; those asked for last are remembered.

        Raises:
            DatasetError: if it cannot be read or cannot be decoded.
        """
        if path in self._recent:
            return self._recent[path]
        from tintype.images import probe

        data = read_plain_file(path, max_bytes=MAX_IMAGE_BYTES)
        facts = probe(data)
        if facts.flaw:
            raise DatasetError(f"The image is unusable: {facts.detail or facts.flaw}", path=path)
        found = self._url(path, data), facts
        self.digests.add(facts.digest)
        if self._recent_chars > _CACHE_BYTES:
            self._recent.clear()
            self._recent_chars = 0
        self._recent[path] = found
        self._recent_chars += len(found[0])
        return found

    def _url(self, path: Path, data: bytes) -> str:
        if self._keep == "embed":
            from tintype.images import data_url

            return data_url(data)
        real, target = path.resolve(), self._target.resolve()
        if real.is_relative_to(target):
            return real.relative_to(target).as_posix()
        name = self._free_name(real)
        with written(self._target / FOLDER / name) as file:
            file.write(data)
        return f"{FOLDER}/{name}"

    def _free_name(self, path: Path) -> str:
        """The image's own name, numbered if another image has it."""
        stem, suffix = os.path.splitext(path.name)
        name = path.name
        number = 2
        while self._taken.setdefault(name, path) != path:
            name = f"{stem}-{number}{suffix}"
            number += 1
        return name
