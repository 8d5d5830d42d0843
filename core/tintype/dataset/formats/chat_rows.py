"""What formats read made into chat rows, by the prompts that were chosen.

Boxes become the prompt `detect a ; b ; c`, which names every label of the dataset, and an answer in
the chosen way of writing boxes (`tintype.detection`); labels and captions a question and an answer;
questions and conversations stay themselves. Lists of answers are exploded into rows if that is
wanted, else the best is taken and the others are counted.
"""

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tintype.dataset.formats.answer_boxes import AnswerBoxes
from tintype.dataset.formats.contract import (
    Boxes,
    Captions,
    Chat,
    Content,
    ImportOptions,
    Item,
    Label,
    Question,
)
from tintype.dataset.formats.images import ImageKeeper, TakenImage
from tintype.dataset.formats.placing import BOX_ORDERS, Frame, frame_of, placed
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.writing import chat_row
from tintype.detection import CONVENTIONS, Box, clean_label, detect_prompt
from tintype.errors import DatasetError

NOTHING_THERE = "none"
"""The answer about an image on which nothing is to be found."""
DESCRIBE = "Describe the image."
"""What is asked where the source has captions."""
WHICH = "Which of these does the image show: {labels}?"
"""What is asked where the source has one class for each image."""
_NOTED = ("turned-with-image", "exif-orientation")
"""Problems of an image that are said once for all."""
_LOOKED_AT = 1000
_MOST_LABELS = 1000
"""More are not named in a question."""


class ChatRows:
    """Makes rows of items, one after the other."""

    def __init__(
        self, items: Sequence[Item], keeper: ImageKeeper, options: ImportOptions, log: ImportLog
    ) -> None:
        """See how the items are to be asked about.

        Raises:
            DatasetError: if there is no such way of writing boxes.
        """
        self.keeper = keeper
        self.labels: Counter[str] = Counter()
        """Boxes, or images, of each label."""
        self.negatives = 0
        self.shots: Sequence[Mapping[str, Any]] = ()
        """The messages put in front of every row, as examples."""
        self._items = items
        self._answers = AnswerBoxes()
        self._decided: Frame | None = None
        self._options = options
        self._log = log
        self._prompts = _prompts(items, options)
        if options.boxes not in CONVENTIONS:
            raise DatasetError(
                f"There is no way of writing boxes named {options.boxes!r}.",
                advice=f"Use one of {', '.join(CONVENTIONS)}.",
            )
        self._written = CONVENTIONS[options.boxes]

    def rows(self, item: Item) -> Iterator[dict[str, Any]]:
        """The rows of an item; none if it is left out, which is logged."""
        try:
            taken = [self.keeper.take(source) for source in item.images]
        except DatasetError as error:
            self._log.lose(item.file, item.line, error.message, "broken-image")
            return
        try:
            made = list(self._made(item, taken))
        except DatasetError as error:
            message = error.message if not error.advice else str(error)
            self._log.lose(item.file, item.line, message)
            return
        for row in made:
            yield self._with_shots(row) if self.shots else row

    def finish(self) -> None:
        """Say what happened to many images alike."""
        self._answers.say(self._log)
        for name, kind in self.keeper.misnamed.items():
            words = "images have another format than their names say."
            self._log.note("name-and-kind-differ", words, f"{name} is {kind.upper()}")
        for reason, count in self.keeper.changed.items():
            images = "1 image" if count == 1 else f"{count:,} images"
            message = f"{images}: {reason}, which providers skip."
            done = "converted to RGB JPEG"
            if reason == "turned":
                message, done = f"{images}: the EXIF orientation turns them.", "turned upright"
            self._log.add("", 0, message, done, reason.removesuffix(" mode").lower())
        if self.negatives and not self._options.keep_empty:
            images = "1 image has" if self.negatives == 1 else f"{self.negatives:,} images have"
            message = f"{images} no boxes (--keep-empty keeps such rows)."
            self._log.add("", 0, message, "left out")

    def _made(self, item: Item, taken: Sequence[TakenImage]) -> Iterator[dict[str, Any]]:
        content = item.content
        if isinstance(content, Boxes):
            yield from self._detection(item, content, taken)
            return
        urls = [self.keeper.url(image) for image in taken]
        if isinstance(content, Chat):
            rows = [self._conversation(content, urls)]
        else:
            system = self._options.system
            asked = self._asked(item, content)
            rows = [chat_row(question, answer, *urls, system=system) for question, answer in asked]
        for row in rows:
            self._answers.add(row["messages"], taken)
            yield row

    def _asked(self, item: Item, content: Question | Label | Captions) -> list[tuple[str, str]]:
        """The questions and answers of an item."""
        if isinstance(content, Label):
            self.labels[content.name] += 1
            return [(self._prompts["label"], content.name)]
        if isinstance(content, Captions):
            question, best, every = self._prompts["caption"], content.texts[0], content.texts
            code, what = "captions-left-out", "further captions of images"
        else:
            template = self._options.prompt
            asked = content.question
            question = template.replace("{question}", asked) if "{question}" in template else asked
            best, every = content.answer, content.answers
            code, what = "answers-left-out", "questions with several answers: the best is taken"
        if self._options.explode and every:
            return [(question, answer) for answer in dict.fromkeys(every)]
        others = len(set(every) - {best})
        if others:
            count = others if isinstance(content, Captions) else 1
            words = f"{what}; --explode makes a row of each."
            self._log.note(code, words, _place(item), count)
        return [(question, best)]

    def _detection(
        self, item: Item, content: Boxes, taken: Sequence[TakenImage]
    ) -> Iterator[dict[str, Any]]:
        if not content.regions and not content.lost:
            self.negatives += 1
            words = "images show nothing of what is annotated, as the source says: negatives."
            self._log.note("negatives", words, item.file)
            if self._options.keep_empty:
                yield self._about(NOTHING_THERE, taken)
            return
        boxes, problems = self._place(item, content, taken)
        for problem in problems:
            if problem.code in _NOTED:
                self._log.note(problem.code, problem.message, problem.file)
            elif problem.done != "left out":
                self._log.problems.append(problem)
        whole = next((problem for problem in problems if problem.done == "left out"), None)
        if not boxes:
            message = whole.message if whole else "No box is left to learn."
            code = whole.code if whole else ""
            self._log.lose(item.file, whole.line if whole else item.line, message, code)
            return
        ordered = BOX_ORDERS[self._options.order](boxes)
        facts = taken[0].facts
        size = (facts.width, facts.height)
        if self._written.needs_size and not facts.width:
            size = content.size or size
        answer = self._written.write(ordered, size[::-1] if facts.orientation >= 5 else size)
        yield self._about(answer, taken, content.question)
        self.labels.update(box.label for box in ordered)

    def _place(
        self, item: Item, content: Boxes, taken: Sequence[TakenImage]
    ) -> tuple[tuple[Box, ...], tuple[Any, ...]]:
        if len(taken) != 1:
            raise DatasetError(f"Boxes need one image, and there are {len(taken)}.")
        unknown = not taken[0].facts.width and content.size is None
        if unknown and (self._written.needs_size or not content.fractions):
            raise DatasetError("The size of an image on the web is unknown.")
        facts = taken[0].facts
        undecided = self._frame() if facts.orientation > 1 and content.size else "upright"
        return placed(content, facts, item.file, undecided)

    def _frame(self) -> Frame:
        """What boxes are measured in where their image does not say: as with the others."""
        if self._decided is None:
            self._decided = "upright"
            for item in itertools.islice(self._items, _LOOKED_AT):
                if not isinstance(item.content, Boxes) or not item.images:
                    continue
                with contextlib.suppress(DatasetError):
                    found = frame_of(item.content, self.keeper.take(item.images[0]).facts)
                    if found is not None:
                        self._decided = found
                        break
        return self._decided

    def _about(
        self, answer: str, taken: Sequence[TakenImage], question: str = ""
    ) -> dict[str, Any]:
        urls = [self.keeper.url(image) for image in taken]
        return chat_row(
            question or self._prompts["boxes"], answer, *urls, system=self._options.system
        )

    def _conversation(self, content: Chat, urls: Sequence[str]) -> dict[str, Any]:
        left = iter(urls)
        messages = [_with_urls(message, left) for message in content.messages]
        system = self._options.system
        if system and not any(message.get("role") == "system" for message in messages):
            messages.insert(0, {"role": "system", "content": system})
        return {"messages": messages, **content.beside}

    def _with_shots(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row with the examples between its system prompt and its question."""
        own: list[Any] = row["messages"]
        system = list(itertools.takewhile(lambda message: message.get("role") == "system", own))
        return {**row, "messages": [*system, *self.shots, *own[len(system) :]]}


def without_system(row: Mapping[str, Any]) -> list[Any]:
    """The messages of a row as an example within others."""
    return [message for message in row["messages"] if message.get("role") != "system"]


def _prompts(items: Iterable[Item], options: ImportOptions) -> Mapping[str, str]:
    """What is asked about boxes, labels and captions."""
    found: dict[str, set[str]] = {"boxes": set(), "label": set()}
    for item in items:
        _add_labels(item.content, found)
    boxes = sorted(found["boxes"] - {""})
    labels = sorted(found["label"] - {""})
    asked = options.prompt if "{question}" not in options.prompt else ""
    if "{labels}" in asked:
        named = " ; ".join(boxes or labels)
        asked = asked.replace("{labels}", named)
    which = WHICH.replace("{labels}", ", ".join(labels))
    return {
        "boxes": asked or detect_prompt(boxes),
        "label": asked or (which if len(labels) <= _MOST_LABELS else "What does the image show?"),
        "caption": asked or DESCRIBE,
    }


def _add_labels(content: Content, found: dict[str, set[str]]) -> None:
    if isinstance(content, Boxes):
        found["boxes"].update(clean_label(region.label) for region in content.regions)
    elif isinstance(content, Label):
        found["label"].add(content.name)


def _place(item: Item) -> str:
    return f"{item.file}:{item.line}" if item.line else item.file


def _with_urls(message: Mapping[str, Any], urls: Iterator[str]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    parts = [
        {"type": "image_url", "image_url": {**part["image_url"], "url": next(urls)}}
        if isinstance(part, dict) and part.get("type") == "image_url"
        else part
        for part in content
    ]
    return {**message, "content": parts}
