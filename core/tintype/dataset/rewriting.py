"""Changes to the texts of rows: by hand, found and replaced, for a whole class or system prompt.

Every change here is a function of a row's JSON, in which marks stand for images (`edits.marked`).
It returns the same object where it changes nothing, so that rows it does not concern stay as they
are, and never changes what it is given.
"""

import copy
import json
import re
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.dataset.edits import EditedRow, content_key, marked, stored
from tintype.dataset.parsing import ParsedLine
from tintype.dataset.row_texts import ROLES, Text, Where, texts
from tintype.detection import Convention, clean_label
from tintype.detection.box_edits import DrawnBox, redrawn
from tintype.errors import DatasetError
from tintype.threads import in_thread

if TYPE_CHECKING:
    import regex

    from tintype.dataset.handle import Dataset

Change = Callable[[Any], Any]

PATIENCE_S = 0.5
"""How long an expression may take in one text."""
ROWS_AT_ONCE = 200
BYTES_AT_ONCE = 8_000_000
_LOC_BOX = re.compile(r"(?P<box>(?:<loc\d{4}>\s*){4})(?P<label>[^;<\n]*)")
_JSON_LABEL = re.compile(
    r"(?P<box>\"(?:label|class|name|category|label_name)\"\s*:\s*\")(?P<label>(?:[^\"\\]|\\.)*)"
)

_LISTS = re.compile(r"(?im)(?P<detect>(?<=^detect ).+$)|(?<=: )[^:?\n]+(?=\?$)")
"""Classes that a prompt lists."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that a change makes another."""

    index: int
    edit: EditedRow
    """What it becomes; the text is none where it is as in the file again."""
    before: str
    """The first text that differs; likewise the next."""
    after: str


@dataclass(frozen=True, slots=True)
class Changing:
    """How far a change has been worked out."""

    read: int
    found: tuple[ChangedRow, ...]
    """Since the last report."""


def replacing(
    pattern: "regex.Pattern[str]", new: str, where: Where = "everywhere", *, groups: bool = False
) -> Change:
    r"""Return a change that puts a text in the place of what a pattern finds.

    Args:
        pattern: Of `query.compile_query`.
        new: What is put there.
        where: In which texts.
        groups: Whether `\1` in `new` stands for what a group of an expression found.
    """
    import regex

    put: Any = new if groups else lambda _: new

    def change(text: str) -> str:
        try:
            made: str = pattern.sub(put, text, timeout=PATIENCE_S, concurrent=True)
            return made
        except TimeoutError:
            raise DatasetError("The expression takes too long in one of the texts.") from None
        except (IndexError, regex.error) as error:
            raise DatasetError(f"{new!r} cannot be put in its place: {error}.") from error

    return _each_text(change, where)


def relabelling(old: str, new: str) -> Change:
    """Return a change of a class's name, in boxes and in answers that are nothing but the name.

    It changes where prompts list the classes, too: `detect a ; b`, `… show: a, b?`.
    """
    meant = clean_label(old)

    def renamed(found: "re.Match[str]") -> str:
        label = found["label"]
        if clean_label(label) != meant:
            return found[0]
        space = label[len(label.rstrip()) :]
        lead = label[: len(label) - len(label.lstrip())]
        return f"{found['box']}{lead}{new}{space}"

    def change(text: str) -> str:
        if text.strip() == old:
            return text.replace(old, new)
        return _JSON_LABEL.sub(renamed, _LOC_BOX.sub(renamed, text))

    def listed(found: "re.Match[str]") -> str:
        between = " ; " if found["detect"] else ", "
        labels = [label.strip() for label in found[0].split(between.strip())]
        if meant not in map(clean_label, labels):
            return found[0]
        named = [new if clean_label(label) == meant else label for label in labels]
        return between.join(dict.fromkeys(named))

    answers = _each_text(change, "answers")
    asked = _each_text(lambda text: _LISTS.sub(listed, text), "questions")
    return lambda value: asked(answers(value))


def prompting(system: str) -> Change:
    """Return a change that sets the system prompt of a chat row, or removes it if that is empty."""

    def change(value: Any) -> Any:
        messages = value.get("messages") if isinstance(value, dict) else None
        if not isinstance(messages, list):
            return value
        first = messages[0] if messages and isinstance(messages[0], dict) else {}
        has = first.get("role") in ROLES["system"]
        if not system:
            rest = messages[1:] if has else messages
        elif has:
            rest = [{**first, "content": system}, *messages[1:]]
        else:
            rest = [{"role": "system", "content": system}, *messages]
        return value if rest == messages else {**value, "messages": rest}

    return change


def last_answer(value: Any) -> Text:
    """Return the text that says a row's boxes.

    Raises:
        DatasetError: if nothing in the row is an answer.
    """
    answers = [text for text in texts(value) if text.is_of("answers")]
    if not answers:
        raise DatasetError("The row has no answer: there is no place for boxes.")
    return answers[-1]


def redrawing(
    boxes: Sequence[DrawnBox], convention: Convention, size: tuple[int, int] | None
) -> Change:
    """Return a change that gives the last answer these boxes and no others.

    Args:
        boxes: In the order of the answer; new ones come last.
        convention: Of the answer.
        size: Width and height of the upright image in pixels, if known.
    """

    def change(value: Any) -> Any:
        made = copy.deepcopy(value)
        answer = last_answer(made)
        try:
            answer.holder[answer.key] = redrawn(answer.text, convention, size, boxes)
        except ValueError as error:
            raise DatasetError(
                f"The boxes cannot be written: {error}.", advice="Edit the row's text instead."
            ) from error
        return made

    return change


def _each_text(change: Callable[[str], str], where: Where) -> Change:
    def changed(value: Any) -> Any:
        made = copy.deepcopy(value)
        differs = False
        for text in texts(made):
            if text.is_of(where) and (new := change(text.text)) != text.text:
                text.holder[text.key] = new
                differs = True
        return made if differs else value

    return changed


async def changes(
    dataset: "Dataset", change: Change, rows: Collection[int] | None = None
) -> AsyncGenerator[Changing, None]:
    """Work out what a change makes of a dataset's rows; nothing is changed by that.

    Args:
        dataset: Open; a change goes on from the rows as they were edited so far.
        change: What is done to each row.
        rows: Indices of the rows that are meant; none means all.

    Raises:
        DatasetError: if the file cannot be read, or the change fails in a row.
    """
    start = 0
    chosen = None if rows is None else frozenset(rows)
    while lines := await dataset.source_lines(start, ROWS_AT_ONCE, BYTES_AT_ONCE):
        start += len(lines)
        wanted = [line for line in lines if chosen is None or line.row.index in chosen]
        found = await in_thread(_changed, wanted, dataset, change)
        yield Changing(start, tuple(found))


def _changed(lines: Sequence[ParsedLine], dataset: "Dataset", change: Change) -> list[ChangedRow]:
    made = (changed(line, dataset.edits.rows.get(line.row.line), change) for line in lines)
    return [row for row in made if row is not None]


def changed(source: ParsedLine, edit: EditedRow | None, change: Change) -> ChangedRow | None:
    """Return what a change makes of a row; none if it stays as it is.

    Args:
        source: The row as it stands in the file.
        edit: What it was edited to before.
        change: What is done to it.
    """
    if source.row.flaw:
        return None
    own, now = marked(source), edited_value(source, edit)
    new = change(now)
    if new is now or new == now:
        return None
    text = None if new == own else stored(new)
    before, after = _difference(now, new)
    done = EditedRow(source.row.line, content_key(source), text)
    return ChangedRow(source.row.index, done, before, after)


def edited_value(source: ParsedLine, edit: EditedRow | None) -> Any:
    """Return the JSON of a row as it was edited, with marks for its images."""
    return marked(source) if edit is None or edit.text is None else json.loads(edit.text)


def _difference(before: Any, after: Any) -> tuple[str, str]:
    """The first texts that differ."""
    old, new = ([text.text for text in texts(value)] for value in (before, after))
    pairs = zip(old, new, strict=False)
    if len(old) == len(new):
        return next(((one, two) for one, two in pairs if one != two), ("", ""))
    if len(new) > len(old):
        return "", next(text for text in [*new, ""] if text not in old or not text)
    return next(text for text in [*old, ""] if text not in new or not text), ""
