"""Datasets: chat rows with images in JSONL files of any size."""

from tintype.dataset.conversation import example
from tintype.dataset.example import Example, ImagePart, Message, Part, Row, TextPart
from tintype.dataset.files import FileStamp, image_bytes, stamp
from tintype.dataset.handle import Dataset
from tintype.dataset.index import IndexProgress
from tintype.dataset.opened import open_dataset
from tintype.dataset.parsing import parse_line
from tintype.dataset.reading import read_rows

__all__ = [
    "Dataset",
    "Example",
    "FileStamp",
    "ImagePart",
    "IndexProgress",
    "Message",
    "Part",
    "Row",
    "TextPart",
    "example",
    "image_bytes",
    "open_dataset",
    "parse_line",
    "read_rows",
    "stamp",
]
