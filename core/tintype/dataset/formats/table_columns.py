"""Which column of a table is which: by its name, or as it is said.

A table may ask something of each image, or only say which class it is of.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tintype.dataset.formats.contract import ImportOptions
from tintype.dataset.formats.table_text import DELIMITERS, reader_of
from tintype.errors import DatasetError

IMAGE_NAMES = ("image", "img", "picture", "photo", "image_path", "image_file", "image_url", "path",
               "file", "filename", "file_name", "url")  # fmt: skip
QUESTION_NAMES = ("question", "prompt", "instruction", "query", "text", "input")
ANSWER_NAMES = ("answer", "response", "completion", "output", "caption", "label", "class", "target")
CAPTION_NAMES = (*ANSWER_NAMES, "text", "description", "title", "comment")
"""Names of the answer where the question is given."""
LABEL_NAMES = ("label", "labels", "class", "category", "class_name", "target")
"""Names of what an image shows as a whole, where nothing is asked of it."""
ID_NAMES = ("image_name", "image_id", "imageid", "img_name")
"""Names of the image's column in tables that people made for classes."""
SPLIT_NAMES = ("split", "subset", "set")
_LETTERS = "ABCDEFGHIJ"
_ESCAPED = {"\\t": "\t", "tab": "\t"}


@dataclass(frozen=True, slots=True)
class TableColumns:
    """Where things stand in a table."""

    delimiter: str
    count: int
    image: int
    question: int
    """-1 if the same is asked every time."""
    answer: int
    split: int
    """-1 if the table does not say."""
    index: int = -1
    """What an image may be named by in other rows; -1 if rows have no index."""
    choices: tuple[tuple[str, int], ...] = ()
    """The letters of choices and their columns."""
    labelled: bool = False
    """Whether the answer is what the image shows, and nothing is asked."""


def find_columns(header: str, options: ImportOptions) -> TableColumns:
    """Find the columns by the first line of a table.

    Raises:
        DatasetError: if one is missing, naming those that there are and the option that helps.
    """
    best: DatasetError | None = None
    most = 0
    said = _said(options, "delimiter")
    for delimiter in [_ESCAPED.get(said.lower(), said)] if said else DELIMITERS:
        names: list[str] = next(reader_of([header], delimiter, strict=False), [])
        try:
            return _columns([name.strip() for name in names], delimiter, options)
        except DatasetError as error:
            if len(names) > most:
                best, most = error, len(names)
    raise best or DatasetError("The table is empty.")


def _said(options: ImportOptions, name: str) -> str:
    return str(options.more.get(name, "") or "")


def _columns(names: Sequence[str], delimiter: str, options: ImportOptions) -> TableColumns:
    known = {name.casefold(): at for at, name in reversed(list(enumerate(names)))}

    def find(option: str, usual: Sequence[str], way: str = "") -> int:
        said = _said(options, option)
        for name in [said] if said else usual:
            if name.casefold() in known:
                return known[name.casefold()]
        listed = ", ".join(name[:40] for name in names[:20])
        way = way or f"Name it: `tintype import` takes --{option}."
        raise DatasetError(
            f"The table has no column {said}." if said else f"There is no column named {option}.",
            advice=f"{way} The columns are: {listed}.",
            line=1,
        )

    label = _label(known, options)
    if label >= 0:
        image = find("image", (*IMAGE_NAMES, *ID_NAMES, "id"))
        split = next((known[name] for name in SPLIT_NAMES if name in known), -1)
        return TableColumns(delimiter, len(names), image, -1, label, split, labelled=True)
    asks = _said(options, "question") or not options.prompt
    image = find("image", (*IMAGE_NAMES, *ID_NAMES))
    way = "Name it, or one question for all rows: `tintype import` takes --question and --prompt."
    asked = find("question", QUESTION_NAMES, way) if asks else -1
    return TableColumns(
        delimiter=delimiter,
        count=len(names),
        image=image,
        question=asked,
        answer=find("answer", ANSWER_NAMES if asks else CAPTION_NAMES),
        split=next((known[name] for name in SPLIT_NAMES if name in known), -1),
        index=known.get("index", -1),
        choices=_choices(known) if asked >= 0 else (),
    )


def _label(known: dict[str, int], options: ImportOptions) -> int:
    """The column of classes of a table that asks nothing; -1 if it asks, or says something else."""
    said = (_said(options, "question"), _said(options, "answer"))
    usual = [name for name in (*QUESTION_NAMES, *CAPTION_NAMES) if name in known]
    label = next((name for name in LABEL_NAMES if name in known), "")
    return known[label] if label and not any(said) and set(usual) <= set(LABEL_NAMES) else -1


def _choices(known: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Columns named by letters from A on, at least two."""
    found = tuple((letter, known[letter.lower()]) for letter in _LETTERS if letter.lower() in known)
    return found if [letter for letter, _ in found[:2]] == ["A", "B"] else ()
