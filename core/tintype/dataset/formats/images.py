"""Images of other datasets taken over: as they are where a provider takes them so."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tintype.dataset.files import MAX_IMAGE_BYTES, image_bytes, image_path, read_plain_file
from tintype.dataset.formats.contract import ImageSource, StoredImage
from tintype.dataset.formats.report import Keep
from tintype.dataset.places import origin
from tintype.dataset.treatment import Treatment, needs, treat
from tintype.dataset.writing import FileSet
from tintype.errors import DatasetError
from tintype.images.facts import ImageFacts

FOLDER = "images"
"""Where images are copied to that do not lie below the target already."""
TREATMENT = Treatment(rgb=True, still=True, formats=("jpeg", "png", "webp"))
"""What an embedded image must be: grey, palettes and CMYK are skipped by providers."""
_CACHE_BYTES = 32_000_000
_MOST_FILES = 300_000
"""Files looked at below the folder of a source."""


@dataclass(frozen=True, slots=True)
class TakenImage:
    """An image that can be used."""

    source: ImageSource
    data: bytes
    """Empty for one on the network."""
    facts: ImageFacts
    """Nothing is known of one on the network."""


class ImageFinder:
    """Finds the images that a source names: data, URLs, and files in or below a folder.

    A name is tried as it stands, with either separator. Names of another machine (`/content/a.jpg`)
    and names that leave a folder out are found by their end, if only one file ends so.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_name: dict[str, list[Path]] | None = None

    def find(self, text: str) -> ImageSource:
        """The image that a text names.

        Raises:
            DatasetError: if the data are damaged, there is no such file, or several may be meant.
        """
        kind = origin(text)
        if kind == "data":
            return image_bytes(text, self._folder)
        if kind == "url":
            return text
        name = text.replace("\\", "/")
        for spelling in dict.fromkeys((text, name)):
            try:
                path = image_path(spelling, self._folder)
            except DatasetError:
                continue
            if path.is_file():
                return path
        return self._by_end(name) or image_path(text, self._folder)

    def _by_end(self, name: str) -> Path | None:
        parts = [part.lower() for part in name.split("/") if part not in ("", ".", "..")]
        if not parts:
            return None
        found = self._indexed().get(parts[-1], [])
        for length in range(len(parts), 0, -1):
            matches = [path for path in found if _ends(path, parts[-length:])]
            if len(matches) == 1:
                return matches[0]
            if matches:
                names = ", ".join(str(path.relative_to(self._folder)) for path in matches[:3])
                raise DatasetError(f"{name} may be {names}.", advice="Name its folder (--images).")
        return None

    def _indexed(self) -> dict[str, list[Path]]:
        if self._by_name is None:
            self._by_name = {}
            for at, path in enumerate(self._folder.rglob("*")):
                if at >= _MOST_FILES:
                    break
                self._by_name.setdefault(path.name.lower(), []).append(path)
        return self._by_name


def _ends(path: Path, parts: list[str]) -> bool:
    return [part.lower() for part in path.parts[-len(parts) :]] == parts and path.is_file()


def content_key(source: ImageSource) -> str:
    """What is equal for equal images: a digest of the bytes, or the URL.

    Raises:
        DatasetError: if the image cannot be read.
    """
    if isinstance(source, str):
        return source
    return hashlib.sha256(image_data(source)).hexdigest()


class ImageKeeper:
    """Takes images over and gives each the URL it has in the rows. Not for several threads."""

    def __init__(self, target: Path, keep: Keep, files: FileSet) -> None:
        self._target = target
        self._keep = keep
        self._files = files
        self._names: dict[str, str] = {}
        self._placed: dict[str, str] = {}
        self._recent: dict[ImageSource, TakenImage] = {}
        self._recent_bytes = 0
        self.used: set[str] = set()
        """Digests and URLs of the images in the rows."""
        self.changed: dict[str, int] = {}
        """How many images were changed, by the reason."""

    def take(self, source: ImageSource) -> TakenImage:
        """Look at an image; those asked for last are remembered.

        Raises:
            DatasetError: if it cannot be read or is no usable image.
        """
        if isinstance(source, str):
            return TakenImage(source, b"", ImageFacts(0))
        if source in self._recent:
            return self._recent[source]
        from tintype.images import probe

        data = image_data(source)
        facts = probe(data)
        if facts.flaw:
            path = source if isinstance(source, Path) else None
            raise DatasetError(f"The image is unusable: {facts.detail or facts.flaw}", path=path)
        taken = TakenImage(source, data, facts)
        if self._recent_bytes > _CACHE_BYTES:
            self._recent.clear()
            self._recent_bytes = 0
        self._recent[source] = taken
        self._recent_bytes += len(data)
        return taken

    def url(self, taken: TakenImage) -> str:
        """The URL of an image in the rows; if need be, its file is written.

        Raises:
            DatasetError: if it cannot be converted or written.
        """
        if isinstance(taken.source, str):
            self.used.add(taken.source)
            return taken.source
        url = self._embedded(taken) if self._keep == "embed" else self._linked(taken)
        self.used.add(taken.facts.digest)
        return url

    def _embedded(self, taken: TakenImage) -> str:
        from tintype.images import data_url

        reasons = needs(taken.facts, TREATMENT)
        data = treat(taken.data, TREATMENT) if reasons else taken.data
        if reasons and taken.facts.digest not in self.used:
            self.changed[reasons[0]] = self.changed.get(reasons[0], 0) + 1
        return data_url(data)

    def _linked(self, taken: TakenImage) -> str:
        if isinstance(taken.source, Path):
            real, target = taken.source.resolve(), self._target.resolve()
            if real.is_relative_to(target):
                return real.relative_to(target).as_posix()
        digest = taken.facts.digest
        if digest not in self._placed:
            name = self._free_name(taken)
            self._files.add(self._target / FOLDER / name, taken.data)
            self._placed[digest] = f"{FOLDER}/{name}"
        return self._placed[digest]

    def _free_name(self, taken: TakenImage) -> str:
        """The image's own name, numbered if another image has it."""
        source = taken.source
        own = "" if isinstance(source, (str, bytes)) else PurePosixPath(source.name).name
        name = own or f"{taken.facts.digest[:16]}.{taken.facts.format}"
        stem, suffix = os.path.splitext(name)
        number = 2
        while self._names.setdefault(name.lower(), taken.facts.digest) != taken.facts.digest:
            name = f"{stem}-{number}{suffix}"
            number += 1
        return name


def image_data(source: Path | bytes | StoredImage) -> bytes:
    """The encoded bytes of an image.

    Raises:
        DatasetError: if it cannot be read, or is too large.
    """
    if isinstance(source, bytes):
        return source
    if isinstance(source, Path):
        return read_plain_file(source, max_bytes=MAX_IMAGE_BYTES)
    return source.read(MAX_IMAGE_BYTES)
