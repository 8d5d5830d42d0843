"""Images of other datasets taken over: as they are where a provider takes them so."""

import contextlib
import hashlib
import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tintype.dataset.file_set import FileSet
from tintype.dataset.files import MAX_IMAGE_BYTES, image_bytes, read_plain_file
from tintype.dataset.formats.contract import ImageSource, StoredImage
from tintype.dataset.formats.report import ImportLog, Keep
from tintype.dataset.formats.source_names import ends_with, is_absolute, normal
from tintype.dataset.formats.sources import Files, SourceFile
from tintype.dataset.places import origin
from tintype.dataset.splits import Split
from tintype.dataset.treatment import Treatment, needs, treat
from tintype.errors import DatasetError
from tintype.images.facts import ImageFacts

FOLDER = "images"
"""Where images are copied to that do not lie below the target already."""
TREATMENT = Treatment(rgb=True, still=True, upright=True, formats=("jpeg", "png", "webp"))
"""What an embedded image must be: grey, palettes and CMYK are skipped by providers, and not all of
them turn an image as its EXIF orientation says."""
_CACHE_BYTES = 32_000_000
_FORMATS = {
    ".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp", ".gif": "gif", ".bmp": "bmp"
}  # fmt: skip
OUTSIDE = "names lead out of the dataset: not read."
BY_NAME = "paths of another machine: the files of the same names in the dataset are taken."
ELSEWHERE = "images lie in other folders than the rows say: the files of the same names are taken."
_SCHEME = re.compile(r"^(?:file|gs|s3|az|hdfs|dbfs|wasbs?|abfss?):/{0,3}", re.I)


@dataclass(frozen=True, slots=True)
class TakenImage:
    """An image that can be used."""

    source: ImageSource
    data: bytes
    """Empty for one on the network."""
    facts: ImageFacts
    """Nothing is known of one on the network."""


def unfiled(text: str) -> bytes | str | None:
    """The image that is no file: data, or the address itself; none of a name.

    Raises:
        DatasetError: if the data are damaged.
    """
    if origin(text) == "data":
        return image_bytes(text, Path())
    return text if text[:8].lower().startswith(("http://", "https://")) else None


class ImageFinder:
    """Finds the images that a source names: data, URLs, and files of the source.

    A name is tried as it stands, relative to where it is written and to the source, with either
    separator. Names of another machine (`/content/a.jpg`, `gs://bucket/a.jpg`) and names that lack
    a folder are found by their end, if only one file ends so, or one of the same split or folder;
    names without an ending (`000042`) are those of files without theirs.
    """

    def __init__(self, files: Files, log: ImportLog, more: Path | None = None) -> None:
        """Look among the files of a source, or in the folder that the person names instead."""
        self._files = Files.of(more) if more is not None else files
        self._log = log
        self._archives: list[Files] | None = None

    def find(self, text: str, base: str = "", split: Split | None = None) -> ImageSource:
        """The image that a text names.

        Args:
            text: A name, an address or a data URL.
            base: The folder of the file that holds the text, relative to the source.
            split: The split of the row, which decides between files that end alike.

        Raises:
            DatasetError: if the data are damaged, there is no such file, or several may be meant.
        """
        return self.file(text, base, split).image if (it := unfiled(text)) is None else it

    def file(self, text: str, base: str = "", split: Split | None = None) -> SourceFile:
        """The file that a name means; see `find`.

        Raises:
            DatasetError: if there is none, or several may be meant.
        """
        name = _SCHEME.sub("/", text)
        beside = f"{base}/{name}" if base else name
        found = (self._files.get(beside) if name == text else None) or self._files.get(name)
        if found is not None:
            return found
        foreign = is_absolute(name)
        if not foreign and not normal(beside):
            self._log.note("outside", OUTSIDE, text[:200])
            raise DatasetError(f"{text[:200]} is outside the dataset's folder: it is not read.")
        ending = nearest(self._files.ending(name), base, split)
        if len(ending) == 1:
            if foreign or not ends_with(ending[0].name, name):
                words = BY_NAME if foreign else ELSEWHERE
                self._log.note("found-by-name", words, f"{text[:200]} → {ending[0].name}")
            return ending[0]
        other = None if ending else self._by_another_name(name, base, split)
        if other is not None:
            return other
        if ending:
            names = ", ".join(file.name for file in ending[:3])
            raise DatasetError(
                f"{text[:200]} may be {names}.", advice="Name its folder (--images)."
            )
        if foreign:
            self._log.note("outside", OUTSIDE, text[:200])
            raise DatasetError(
                f"{text[:200]} is an absolute path, and the dataset has no such image."
            )
        raise DatasetError(f"There is no image {text[:200]}.")

    def _by_another_name(self, name: str, base: str, split: Split | None) -> SourceFile | None:
        """An image that is named without its ending, or in an archive beside."""
        bare = "." not in name.rpartition("/")[2]
        stems = nearest(self._files.stems(name), base, split) if bare else []
        return stems[0] if len(stems) == 1 else self._in_archives(name, base, split)

    def _in_archives(self, name: str, base: str, split: Split | None) -> SourceFile | None:
        """An image in an archive that lies beside the annotations."""
        if self._archives is None:
            inside = self._files.archive is not None
            paths = [] if inside else self._files.archives()
            self._archives = []
            for path in paths:
                with contextlib.suppress(DatasetError):  # damaged: nothing is found in it
                    self._archives.append(Files.of(path))
        for archive in self._archives:
            file = archive.get(name) if not is_absolute(name) else None
            found = [file] if file else nearest(archive.ending(name), base, split)
            if len(found) == 1:
                self._log.note("in-archive", "images are in an archive beside: read from there.",
                               f"{archive.root.name}: {found[0].name}")  # fmt: skip
                return found[0]
        return None


def nearest(found: Sequence[SourceFile], base: str, split: Split | None) -> Sequence[SourceFile]:
    """Of several files, those of the split, and of these the ones that share most folders."""
    of_split = [file for file in found if split is not None and file.folder_split == split]
    left = of_split or found
    if len(left) < 2 or not base:
        return left
    shared = {file: _shared(file.name, base) for file in left}
    most = max(shared.values())
    return [file for file in left if shared[file] == most]


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _shared(name: str, base: str) -> int:
    """How many folders two names begin with alike."""
    pairs = zip(name.split("/"), base.split("/"), strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


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

    def __init__(self, target: Path, keep: Keep, files: FileSet, *, verify: bool = True) -> None:
        """Begin.

        Args:
            target: The folder of the rows.
            keep: Whether images are embedded or stand beside the rows.
            files: What they are written through.
            verify: Whether images whose pixels cannot be decoded are refused, as is right for those
                that come in. Of those that go out that is for a check to say; what is cut short is
                refused either way.
        """
        self._target = target
        self._folder = target / FOLDER
        self._verify = verify
        self._keep = keep
        self._files = files
        self._names: dict[str, str] = {}
        self._placed: dict[str, str] = {}
        self._recent: dict[ImageSource, TakenImage] = {}
        self._recent_bytes = 0
        self.used: set[str] = set()
        """Digests and URLs of the images in the rows."""
        self.misnamed: dict[str, str] = {}
        """The formats of images whose names end otherwise."""
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
        facts = probe(data, verify=self._verify)
        if facts.flaw:
            path = source if isinstance(source, Path) else None
            raise DatasetError(f"The image is unusable: {facts.detail or facts.flaw}", path=path)
        taken = TakenImage(source, data, facts)
        if not isinstance(source, bytes) and facts.format != _FORMATS.get(
            _suffix(source.name), facts.format
        ):
            self.misnamed[source.name] = facts.format
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
        upright = taken.facts.orientation == 1
        if isinstance(taken.source, Path) and upright:
            real, target = taken.source.resolve(), self._target.resolve()
            if real.is_relative_to(target):
                return real.relative_to(target).as_posix()
        digest = taken.facts.digest
        if digest not in self._placed:
            name = self._free_name(taken)
            data = taken.data if upright else treat(taken.data, Treatment(upright=True))
            self._files.add(self._folder / name, data)
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
