"""Rows of named columns, from tables of any kind: what they say of their images.

Parquet, Arrow, `metadata.csv`, JSON of questions and WebDataset all give rows of columns with the
same habits. What a row holds is known by the names of its columns and by what is in them: objects
with boxes, a conversation, questions with answers (lists are taken apart), captions, or a label,
whose number means a name if the schema says so.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tintype.dataset.formats.box_columns import ObjectColumns
from tintype.dataset.formats.contract import (
    Captions,
    Chat,
    Content,
    ImageSource,
    ImportOptions,
    Item,
    Label,
    Question,
)
from tintype.dataset.formats.images import unfiled
from tintype.dataset.formats.json_files import objects_in, same_id
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.places import slots
from tintype.dataset.repair import repaired
from tintype.dataset.splits import Split, split_named
from tintype.errors import DatasetError

IMAGES = ("image", "images", "img", "image_path", "image_file", "image_name", "file_name",
          "image_filename", "filename", "filepath", "file_path", "path", "picture", "photo",
          "image_url", "url", "image_bytes", "jpg", "jpeg", "png", "webp", "image_id", "imageid",
          )  # fmt: skip
QUESTIONS = ("question", "questions", "query", "prompt", "instruction", "problem", "input")
ANSWERS = ("multiple_choice_answer", "answer", "answers", "direct_answers", "response",
           "completion", "output", "solution", "target", "multiple_choice_answers")  # fmt: skip
CAPTIONS = ("caption", "captions", "text", "texts", "description", "sentence", "sentences",
            "raw", "txt", "title", "comment", "additional_feature")  # fmt: skip
LABELS = ("label", "labels", "class", "category", "class_name", "cls", "fine_label")
TALKS = ("messages", "conversations", "conversation", "texts")
OBJECTS = ("objects", "annotations", "object")
SPLITS = ("split", "subset", "set", "set_name", "data_split")
CHOICES = ("choices", "options")
_LETTERS = "ABCDEFGHIJ"


@dataclass(slots=True)
class ColumnRows:
    """Makes items of rows of columns."""

    find: Callable[[Any, str], Sequence[ImageSource]]
    """The images that a cell of a column holds; raises DatasetError."""
    options: ImportOptions
    log: ImportLog
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The names of the numbers of a column, where the schema gives them."""
    objects: ObjectColumns = field(init=False)

    def __post_init__(self) -> None:
        self.objects = ObjectColumns(self.options, self.log, self.classes)

    def items(
        self, row: Mapping[str, Any], file: str, line: int, split: Split | None
    ) -> Iterator[Item]:
        """The items of a row; a row that cannot be used is noted."""
        row = _opened(row)
        named = {str(key).strip().casefold(): key for key in row}
        try:
            own = split or self._split(row, named)
            talk = _first(row, named, TALKS, list)
            talks = bool(talk) and all(isinstance(turn, dict) for turn in talk)
            images = self._images(row, named, may_be_empty=talks)
            if talks:
                yield _talk(row, images, file, line, own)
                return
            for content in self._contents(row, named, f"{file}:{line}" if line else file):
                yield Item(content, tuple(images), file, line, own)
        except _Missing as error:
            self.log.miss(str(error))
        except _Empty as error:
            self.log.note(error.code, error.words, f"{file}:{line}" if line else file)
            self.log.lost += 1
        except DatasetError as error:
            self.log.lose(file, line, error.message)

    def _split(self, row: Mapping[str, Any], named: Mapping[str, str]) -> Split | None:
        said = _first(row, named, SPLITS, str)
        return split_named(said) if said else None

    def _images(
        self, row: Mapping[str, Any], named: Mapping[str, str], *, may_be_empty: bool
    ) -> list[ImageSource]:
        """The images of a row; a conversation may have none, though there is a column for them."""
        empty = False
        for name in IMAGES:
            key = named.get(name)
            if key is None:
                continue
            cell = row[key]
            if cell is None or cell in ("", [], b""):
                empty = True
                continue
            try:
                return list(self.find(cell, name))
            except DatasetError as error:
                if isinstance(cell, (str, int)) and "may be" not in error.message:
                    raise _Missing(str(cell)[:200]) from error
                raise
        if empty and not may_be_empty:
            raise _Empty("no-image", "rows have no image: the cell is empty; left out.")
        return []

    def _contents(
        self, row: Mapping[str, Any], named: Mapping[str, str], place: str
    ) -> Iterator[Content]:
        objects = _first(row, named, OBJECTS, (dict, list))
        if objects is not None:
            yield self.objects.boxes(row, named, objects, place)
            return
        asked = _first(row, named, QUESTIONS, (str, list))
        if asked is not None:
            yield from self._questions(row, named, asked)
            return
        captions = _texts(_first(row, named, CAPTIONS, (str, list)))
        label = _first(row, named, LABELS, (str, int))
        if captions and not (label is not None and named.keys() & self.classes.keys()):
            yield Captions(tuple(captions))
        elif label is not None:
            yield Label(self._label(label, named))
        else:
            answer = _texts(_first(row, named, ANSWERS, (str, list)))
            if not answer:
                raise DatasetError("The row has neither a question, a caption, a label nor boxes.")
            yield Captions(tuple(answer))

    def _label(self, label: str | int, named: Mapping[str, str]) -> str:
        name = next(name for name in LABELS if name in named)
        names = self.classes.get(named[name]) or self.options.names
        if isinstance(label, int):
            if 0 <= label < len(names):
                return names[label]
            words = "labels are numbers without names (--names gives them)."
            self.log.note("no-names", words)
        return str(label)

    def _questions(
        self, row: Mapping[str, Any], named: Mapping[str, str], asked: str | list[Any]
    ) -> Iterator[Content]:
        answers = next((row[named[name]] for name in ANSWERS if name in named), None)
        everything = row[named["answers"]] if "answers" in named else None
        if isinstance(asked, list):
            listed = answers if isinstance(answers, list) else []
            if len(listed) != len(asked):
                raise DatasetError(f"There are {len(asked)} questions and {len(listed)} answers.")
            for one, answer in zip(asked, listed, strict=True):
                yield self._question(str(one), answer, None, row, named)
            return
        yield self._question(asked, answers, everything, row, named)

    def _question(
        self,
        asked: str,
        answer: Any,
        everything: Any,
        row: Mapping[str, Any],
        named: Mapping[str, str],
    ) -> Question:
        choices = _choices(row, named)
        every = _texts(everything) or _texts(answer)
        best = answer.strip() if isinstance(answer, str) else ""
        if choices and not isinstance(answer, list):
            asked = "\n".join([asked, *(f"{letter}. {text}" for letter, text in choices.items())])
            best = best or _chosen(row, named, choices)
            words = "questions have choices: named below the question, the answer as it stands."
            self.log.note("choices", words)
        if not best and every:
            best = self._commonest(every)
        if isinstance(answer, (int, float)) and not best:
            best = str(answer)
        if not best or not asked.strip():
            raise _Empty("no-answer", "questions have no answer: left out.")
        return Question(asked.strip(), best, tuple(every) if len(set(every)) > 1 else ())

    def _commonest(self, answers: Sequence[str]) -> str:
        (best, most), *others = Counter(answers).most_common(2)
        if most > 1 and others and others[0][1] == most:
            words = "two answers are equally common: the first is taken."
            self.log.note("tie", words, best)
        return best


_LISTED = frozenset({*TALKS, *OBJECTS})
_SAYING = frozenset({*QUESTIONS, *ANSWERS, *CAPTIONS, *LABELS, *TALKS, *OBJECTS})


def _opened(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row with what stands as JSON in its texts, or, if no column says anything, within them."""
    names = {str(key).strip().casefold(): key for key in row}
    written = {names[name]: objects_in(row[names[name]]) for name in _LISTED & names.keys()}
    row = {**row, **{key: found for key, found in written.items() if found}}
    if not all(isinstance(row[names[name]], dict) for name in _SAYING & names.keys()):
        return row
    within = {
        key: inner
        for name, own in names.items()
        if name not in IMAGES and isinstance(row[own], dict)
        for key, inner in row[own].items()
    }
    return {**within, **row} if within else row


class _Missing(DatasetError):
    """An image is named and not there."""


class _Empty(DatasetError):
    """A cell that a row cannot do without is empty."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


def _first(
    row: Mapping[str, Any], named: Mapping[str, str], names: Sequence[str], kinds: Any
) -> Any:
    """The first of the columns that holds something of a kind."""
    for name in names:
        if name in named and isinstance(row[named[name]], kinds):
            return row[named[name]]
    return None


def _texts(value: Any) -> list[str]:
    """The texts of a cell: one, a list, or a list of objects with an answer each."""
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    if isinstance(value, dict):
        found = value.get("text", value.get("raw", value.get("answer")))
        return _texts(found)
    if not isinstance(value, list):
        return []
    return [
        text for each in value for text in (_texts(each) if not _is_number(each) else [str(each)])
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _choices(row: Mapping[str, Any], named: Mapping[str, str]) -> dict[str, str]:
    """The choices of a question by their letters, from a list or from columns A, B and C."""
    listed = _first(row, named, CHOICES, list)
    if listed:
        return dict(zip(_LETTERS, map(str, listed), strict=False))
    found = {
        letter: row[named[letter.casefold()]] for letter in _LETTERS if letter.casefold() in named
    }
    kept = {letter: str(text) for letter, text in found.items() if text not in (None, "")}
    return kept if {"A", "B"} <= kept.keys() else {}


def _chosen(row: Mapping[str, Any], named: Mapping[str, str], choices: Mapping[str, str]) -> str:
    """The text of the choice that a number means."""
    at = _first(row, named, ("correct_choice_idx", "answer", "label", "answer_idx"), int)
    texts = list(choices.values())
    return texts[at] if at is not None and 0 <= at < len(texts) else ""


def _talk(
    row: Mapping[str, Any], images: Sequence[ImageSource], file: str, line: int, split: Split | None
) -> Item:
    """A conversation whose images are cells."""
    cells = {f"image-{at}": image for at, image in enumerate(images)}
    kept = {
        key: value
        for key, value in row.items()
        if str(key).casefold() not in IMAGES and not isinstance(value, bytes)
    }
    made = repaired({**kept, "images": [*cells]} if cells else kept)
    sources: list[ImageSource] = []
    for text in (slot.text for slot in slots(made["messages"]) if slot.image):
        if (found := cells.get(text, unfiled(text))) is None:
            raise DatasetError(f"No column holds the image {text[:200]}.")
        sources.append(found)
    return Item(Chat(made["messages"]), tuple(sources), file, line, split)


def id_names(value: Any, before: str = "") -> list[str]:
    """The names that an image may have by its id: `42`, `000000000042`, `COCO_train2014_…`."""
    text = same_id(value)
    if not text.isdigit():
        return [text]
    padded = text.zfill(12)
    return list(dict.fromkeys((f"{before}{padded}" if before else padded, padded, text)))
