"""Pascal VOC's annotation files, read as data from a stranger.

Format: host.robots.ox.ac.uk/pascal/VOC/voc2012, "Annotation Guidelines". A document type could
declare entities that grow to gigabytes or read other files; annotations need none, so one is
refused before it is looked at.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from tintype.errors import DatasetError

MAX_XML_BYTES = 10_000_000
_MAX_DEPTH = 20
_SIDES = ("ymin", "xmin", "ymax", "xmax")


@dataclass(frozen=True, slots=True)
class VocObject:
    """One annotated object, as it stands."""

    label: str
    line: int
    """Of its `<object>` tag, 1-based."""
    sides: tuple[str, str, str, str]
    """ymin, xmin, ymax, xmax as text, in pixels; empty where missing."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation file."""

    filename: str
    width: int
    """0 if missing."""
    height: int
    objects: tuple[VocObject, ...]
    parts: int = 0
    """Boxes of parts of objects, such as a head, which are no objects."""


@dataclass(slots=True)
class _Reader:
    """Collects what matters while the parser goes through the file."""

    line: int = 0
    path: list[str] = field(default_factory=list)
    text: str = ""
    values: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    objects: list[VocObject] = field(default_factory=list)
    parts: int = 0

    def start(self, tag: str, line: int) -> None:
        self.path.append(tag)
        self.text = ""
        if self.path == ["annotation", "object"]:
            self.found = {}
            self.line = line

    def end(self) -> None:
        inside = self.path[1:]
        text = self.text.strip()
        if inside == ["object"]:
            y_min, x_min, y_max, x_max = (self.found.get(f"bndbox/{side}", "") for side in _SIDES)
            name = " ".join(self.found.get("name", "").split())
            self.objects.append(VocObject(name, self.line, (y_min, x_min, y_max, x_max)))
        elif inside[:1] == ["object"]:
            # Parts of an object have boxes of their own (`object/part/bndbox`), which are others.
            self.found.setdefault("/".join(inside[1:]), text)
            self.parts += inside[1:] == ["part", "bndbox"]
        elif inside:
            self.values.setdefault("/".join(inside), text)
        self.path.pop()
        self.text = ""


def read_annotation(data: bytes) -> Annotation:
    """Read an annotation file.

    Raises:
        DatasetError: if it is too large, no XML, no annotation, or has a document type.
    """
    if len(data) > MAX_XML_BYTES:
        raise DatasetError(f"The file has {len(data):,} bytes; at most {MAX_XML_BYTES:,} are read.")
    reader = _Reader()
    try:
        _parser(reader).Parse(data, True)
    except expat.ExpatError as error:
        raise DatasetError(
            f"The XML is damaged: {expat.ErrorString(error.code)}.", line=error.lineno
        ) from error
    except (LookupError, ValueError) as error:  # an encoding that nobody knows
        raise DatasetError(f"The XML cannot be decoded: {error}.", line=1) from error
    values = reader.values
    return Annotation(
        values.get("filename", ""),
        _pixels(values.get("size/width", "")),
        _pixels(values.get("size/height", "")),
        tuple(reader.objects),
        reader.parts,
    )


def _parser(reader: _Reader) -> expat.XMLParserType:
    """A parser that fills the reader, and refuses what no annotation needs."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(reader.path) >= _MAX_DEPTH:
            raise DatasetError("The XML is nested too deeply.", line=parser.CurrentLineNumber)
        if not reader.path and tag != "annotation":
            raise DatasetError(f"The XML is a <{tag[:40]}>, not an <annotation>.", line=1)
        reader.start(tag, parser.CurrentLineNumber)

    def refuse(*_: object) -> None:
        raise DatasetError(
            "The XML has a document type, which is not allowed in an annotation.",
            line=parser.CurrentLineNumber,
        )

    def add(text: str) -> None:
        reader.text += text if len(reader.text) < 10_000 else ""

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: reader.end()
    parser.CharacterDataHandler = add
    parser.StartDoctypeDeclHandler = refuse
    return parser


def _pixels(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
