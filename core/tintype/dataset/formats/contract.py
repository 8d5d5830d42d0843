"""What a format of datasets is: one module that recognises, reads and, where it can, writes it.

A format is an object with the attributes of `Format`. It turns files into `Item`s and nothing
more: boxes on an image, a question about images, a label, captions, or a conversation. Splits,
images, prompts, numbers outside an image and the rows themselves are the same for all formats
(`chat_rows`, `importing`). What a format cannot keep it notes in the log: a fault of one place with
file and line (`add`, `lose`), what is true of many once with their number (`note`); nothing is lost
in silence. Formats that derive from `FilesFormat` read archives as they read folders (`sources`).

A module of this package with a `FORMAT` is found by itself. From outside, a format is offered by an
entry point of the group `tintype.formats`, by `TINTYPE_FORMATS`, or by `@tintype.plugins.format`.
`check_format` tells its author what breaks this contract.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from tintype.dataset.example import Example
from tintype.dataset.file_set import FileSet
from tintype.dataset.formats.looking import looked_at
from tintype.dataset.formats.report import ImportLog, Keep
from tintype.dataset.formats.sources import Files
from tintype.dataset.splits import Split
from tintype.detection import Box

Certainty = Literal["certain", "likely", "possible"]


class StoredImage(Protocol):
    """An image within something else, such as an archive or a cell of a table; hashable."""

    @property
    def name(self) -> str:
        """Its name there, such as `images/a.jpg`."""

    @property
    def size_bytes(self) -> int:
        """About how many bytes it has, without reading it."""

    def read(self, max_bytes: int) -> bytes:
        """Its encoded bytes.

        Raises:
            DatasetError: if it cannot be read, or has more bytes than that.
        """


ImageSource = Path | bytes | str | StoredImage
"""Where an image is: a file, its encoded bytes, an http(s) URL, or within something else. Whatever
is not at hand yet stays a reference, so that a million rows fit into memory."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a format says of a path that it recognises."""

    what: str
    """A phrase for a sentence: `a Pascal VOC folder of 205 annotations`."""
    certainty: Certainty = "certain"
    """`likely` where another format may fit better, as with any table; `possible` where any other
    would, as with any folders of images."""


@dataclass(frozen=True, slots=True)
class FormatOption:
    """An option that one format has beside the common ones."""

    name: str
    """An identifier; `--name` at the command line."""
    help: str
    default: str | bool = ""
    choices: tuple[str, ...] = ()
    """The values allowed; none means any."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a dataset is imported."""

    keep: Keep = "embed"
    system: str = ""
    """The system prompt of every row; none if empty."""
    prompt: str = ""
    """What is asked of every image, where the source has no question. `{labels}` stands for all
    labels (`a ; b ; c`); with `{question}` it is put around the questions of the source."""
    images: Path | None = None
    """What the names of images are relative to; none means where the source says."""
    order: str = "reading"
    """Of the boxes in an answer: `reading`, `label`, or `file` as they are annotated."""
    keep_empty: bool = False
    """Whether images on which nothing is to be found become rows, answered with `none`."""
    seed: int = 0
    """How splits and samples are drawn."""
    valid_share: float = 0.0
    """Where the source names no splits, the share of images drawn for validation; 0 draws none:
    all rows are for training."""
    test_share: float = 0.0
    replace: bool = False
    """Whether files that exist may be overwritten."""
    boxes: str = "paligemma"
    """How boxes are written in answers: a name of `tintype.detection.CONVENTIONS`."""
    label: str = ""
    """What boxes are called where the source has no classes."""
    names: tuple[str, ...] = ()
    """What the numbers of classes mean, from 0, where the source does not say."""
    shots: int = 0
    """Rows of the training split that are put in front of every row as examples."""
    sample: int = 0
    """How many images are taken, drawn by `seed`; 0 takes all."""
    explode: bool = False
    """Whether each of several answers or captions becomes a row, instead of the best of them."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """The format's own options (`Format.options`), by name."""


@dataclass(frozen=True, slots=True)
class Region:
    """A box as a source gives it."""

    label: str
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    line: int = 0
    """Where it stands in its file, 1-based; 0 if that says nothing."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Everything that is to be found on one image; no regions means that nothing is there."""

    regions: tuple[Region, ...]
    size: tuple[int, int] | None = None
    """Width and height that the source gives, which the regions are measured in. If they are those
    of the stored image and not of the upright one, the regions are turned with it. None means that
    the format gives no sizes, zeros that it should have given them."""
    fractions: bool = False
    """Whether regions are fractions of the image instead of pixels."""
    question: str = ""
    """What is asked in place of the prompt, where the source has a question."""
    lost: bool = False
    """Whether the source had regions that could not be read: then none left is no negative.

    An image of which the source says nothing is no `Boxes` at all, but an `ImportLog.note` with the
    code `unlabelled`."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the images, and its answer."""

    question: str
    answer: str
    answers: tuple[str, ...] = ()
    """All answers that the source has, the given one included, if there are several."""


@dataclass(frozen=True, slots=True)
class Label:
    """What an image shows as a whole: the name of one class."""

    name: str


@dataclass(frozen=True, slots=True)
class Captions:
    """Descriptions of an image, at least one, the best first."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation in the shape of chat rows.

    Each part `{"type": "image_url", …}` takes the next of the item's images.
    """

    messages: Sequence[Mapping[str, Any]]
    beside: Mapping[str, Any] = field(default_factory=dict)
    """What stands beside the messages in the row, such as `tools`."""


Content = Boxes | Question | Label | Captions | Chat


@dataclass(frozen=True, slots=True)
class Item:
    """One row to be, or several if lists are exploded."""

    content: Content
    images: tuple[ImageSource, ...] = ()
    file: str = ""
    """Where it stands, relative to the source."""
    line: int = 0
    """1-based; 0 means the whole file."""
    split: Split | None = None
    """None where the source does not say."""


class Format(Protocol):
    """A format of datasets."""

    name: str
    """One word in lower case, as in `tintype import voc`."""
    title: str
    """As people call it: `Pascal VOC`."""
    about: str
    """One sentence: what it is, and what becomes of it."""
    options: Sequence[FormatOption]

    def detect(self, path: Path) -> Detection | None:
        """Say what a file or folder is, or none if it is not of this format.

        Called for any path, often: it looks at names and a few kilobytes, and raises nothing.
        """

    def read(self, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield the rows of a source; what is wrong with single ones goes to the log.

        Raises:
            DatasetError: if nothing can be read at all.
        """


class FilesFormat:
    """What formats share that read the files of a folder or an archive: `detect` and `read`.

    They say `recognise` and `items` instead, and read archives without knowing.
    """

    options: Sequence[FormatOption] = ()

    def recognise(self, files: Files) -> Detection | None:
        """Say what the files are, or none. Looks at names and a few kilobytes, raises nothing."""
        raise NotImplementedError

    def items(self, files: Files, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """Yield the rows; see `Format.read`."""
        raise NotImplementedError

    def detect(self, path: Path) -> Detection | None:
        """See `Format.detect`."""
        files = looked_at(path)
        found = self.recognise(files) if files else None
        if files and found and files.archive:
            return replace(found, what=f"{found.what} in {files.what}")
        return found

    def read(self, source: Path, options: ImportOptions, log: ImportLog) -> Iterator[Item]:
        """See `Format.read`."""
        files = Files.of(source)
        yield from self.items(files, options, log)
        files.say(log)


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """A chat row to be written in another format."""

    example: Example
    """Its conversation."""
    images: tuple[bytes | str, ...]
    """The encoded bytes of each image of the example, or its URL if it is on the network."""
    line: int
    """Where it stands in the dataset, 1-based."""
    file: str = ""
    """The name of the dataset's file."""
    split: Split = "train"
    boxes: tuple[Box, ...] | None = None
    """What is on its image, if the answer says that in boxes; empty if nothing is."""


class WritingFormat(Format, Protocol):
    """A format that can also be written."""

    def write(
        self, rows: Iterator[WrittenRow], target: Path, files: FileSet, log: ImportLog
    ) -> Iterator[None]:
        """Write rows below `target`, through `files`; yields after each row.

        What the format cannot carry goes to the log: `add` for what is left away of a row, `lose`
        for a row that is not written.
        """
