"""What a row becomes in a copy of its dataset: its images embedded and treated, or left alone."""

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tintype.dataset.file_set import FileSet
from tintype.dataset.files import MAX_IMAGE_BYTES, image_bytes
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.places import origin, slots
from tintype.dataset.reshaping import image_parts, parts_of, reshaped
from tintype.dataset.row_size import upright_size
from tintype.dataset.treatment import Treatment, treat
from tintype.dataset.writing import row_bytes
from tintype.errors import DatasetError

Fetched = Mapping[str, bytes | DatasetError]
"""Images on the network by address, or why they cannot be had."""
IMAGES = "images"  # the folder beside a copy for images that it refers to


@dataclass(frozen=True, slots=True)
class ExportNote:
    """Something that could not be done."""

    line: int
    """In the source, 1-based."""
    place: str
    message: str


class TreatedImages:
    """Images as they go into the copy; those treated last are remembered."""

    def __init__(self, folder: Path, treatment: Treatment, files: FileSet, beside: Path) -> None:
        self.folder = folder
        self.treatment = treatment
        self._files, self._beside = files, beside
        self._named: set[str] = set()
        self.changed = 0
        self.on_the_web = 0
        self._known: dict[bytes, str] = {}
        self._chars = 0

    def url(self, url: str, fetched: Fetched) -> str:
        """The URL of an image in the copy.

        Raises:
            DatasetError: if it cannot be had or treated.
        """
        kind = origin(url)
        stays = url not in fetched if kind == "url" else kind == "file" and not self.treatment.embed
        self.on_the_web += stays and kind == "url"
        if stays:
            return url
        key = hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in self._known:
            self._remember(key, self._treat(url, fetched))
        return self._known[key]

    def _treat(self, url: str, fetched: Fetched) -> str:
        from tintype.images import data_url

        data = fetched.get(url)
        if isinstance(data, DatasetError):
            raise data
        data = image_bytes(url, self.folder) if data is None else data
        treated = treat(data, self.treatment)
        if self.treatment.url_base:
            return self._kept(treated)
        written = data_url(treated)
        if treated is data and origin(url) == "data" and not self.treatment.chat:
            return url
        return url if url == written else written

    def _kept(self, data: bytes) -> str:
        """The address of an image that is a file beside the copy."""
        from tintype.images import probe

        facts = probe(data, verify=False)
        name = f"{facts.digest[:32]}.{facts.format or 'image'}"
        if name not in self._named:
            self._named.add(name)
            self._files.add(self._beside / IMAGES / name, data)
        return f"{self.treatment.url_base.rstrip('/')}/{name}"

    def _remember(self, key: bytes, url: str) -> None:
        if self._chars > 32_000_000:
            self._known.clear()
            self._chars = 0
        self._known[key] = url
        self._chars += len(url)


def rows_of_copy(
    line: ParsedLine, treated: TreatedImages, fetched: Fetched, notes: list[ExportNote]
) -> list[bytes]:
    """Return what a row becomes in a copy, each with its line end; notes are added to."""
    if line.usual is not None and _stays(line, treated.treatment, notes):
        return [line.raw + b"\n"]
    value = copy.deepcopy(line.row.value)
    for slot, url in zip(slots(value), line.every_url(), strict=True):
        slot.holder[slot.key] = url
    wanted = treated.treatment

    def note(message: str) -> None:
        notes.append(ExportNote(line.row.line, "", message))

    row = reshaped(value, wanted, lambda: upright_size(line, treated.folder), note)
    before = copy.deepcopy(list(image_parts(value)))
    new_urls = 0
    for slot in list(slots(row)):
        if not slot.image:
            continue
        try:
            new = treated.url(slot.text, fetched)
        except DatasetError as error:
            notes.append(ExportNote(line.row.line, slot.place, error.message))
            continue
        new_urls += new != slot.text
        slot.holder[slot.key] = new
    treated.changed += max(new_urls, sum(part not in before for part in image_parts(row)))
    parts = parts_of(row, wanted.most_images, note)
    if len(parts) == 1 and row is value and not new_urls:
        return [line.raw + b"\n"]
    return [row_bytes(part) for part in parts]


def _stays(line: ParsedLine, wanted: Treatment, notes: list[ExportNote]) -> bool:
    """Whether nothing is changed in a row whose images are data URLs; if so, notes are added to."""
    stay = wanted.keeps_images and not wanted.boxes  # which may need the image's size
    if line.slots and not (stay and _are_usable(line)):
        return False
    own: list[str] = []
    if reshaped(line.row.value, wanted, lambda: None, own.append) is not line.row.value:
        return False
    notes += [ExportNote(line.row.line, "", message) for message in own]
    return True


def _are_usable(line: ParsedLine) -> bool:
    """Whether all images of a usual row are data URLs of which nothing has to be said."""
    from tintype.images import probe

    for image in line.row.images:
        data = None if image.encoded_chars > MAX_IMAGE_BYTES else line.data(image.ordinal)
        if data is None or probe(data, verify=False, digest="none").flaw:
            return False
    return True
