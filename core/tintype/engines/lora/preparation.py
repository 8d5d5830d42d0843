"""From an order to everything a training needs: the base, rows as tokens, features of images."""

import hashlib
import io
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from PIL import Image

from tintype.dataset import Example, TextPart, example, image_bytes, read_rows
from tintype.engines.base import Note, Report, TrainingOrder
from tintype.engines.lora import adapters
from tintype.engines.lora.adapters import Adapters
from tintype.engines.lora.bases import Base
from tintype.engines.lora.features import LIMIT_BYTES, TOGETHER, Features
from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.plan import LoraShape
from tintype.engines.lora.rows import MOST_PIXELS, Encoded, Said, Shown, encode, shrunk
from tintype.errors import EngineError

Pulse = Callable[[], None]
Given = TypeVar("Given")
Made = TypeVar("Made")
FORMAT = 2
READERS = min(8, os.cpu_count() or 1)
"""Threads that decode images; decoding lets go of Python's lock."""
_WAIT_S = 0.1


@dataclass(frozen=True, slots=True)
class PreparedTraining:
    """A training about to begin."""

    identity: str
    """Of order and base: a state of another one is not taken up."""
    opened: OpenModel
    adapters: Adapters
    rows: tuple[tuple[Encoded, ...], ...]
    """The conversations of every row."""
    validation: tuple[Encoded, ...]
    features: Features

    @property
    def longest(self) -> int:
        """Tokens of the longest conversation."""
        every = [one for row in self.rows for one in row] + list(self.validation)
        return max(one.ids.numel() for one in every)


def prepared_for(
    opened: OpenModel,
    order: TrainingOrder,
    report: Callable[[Report], None],
    pulse: Pulse,
    *,
    keeps: bool = True,
) -> PreparedTraining:
    """Read and tokenise the rows, and look at every image once.

    Args:
        opened: The base.
        order: What is to be trained.
        report: Is given notes.
        pulse: Is called now and then, and may raise to stop.
        keeps: Whether features of images are written; else they are taken from who has done so.

    Raises:
        EngineError: if there is nothing to learn, or an image cannot be used.
    """
    layers = adapters.attach(opened, LoraShape.of(order.hyperparameters.extra))
    layers.draw(order.seed)
    folder = order.training.parent
    urls: dict[str, str] = {}
    order.folder.mkdir(parents=True, exist_ok=True)
    features = Features(
        order.folder,
        opened,
        lambda key: shrunk(_opened(image_bytes(urls[key], folder))),
        LIMIT_BYTES if keeps else 0,
    )
    read = _Reading(opened, folder, features, urls, report, pulse)
    rows = read.rows(order.training)
    if not rows:
        raise EngineError(
            f"{order.training.name} has nothing to learn: no assistant message with text and a "
            "weight other than 0.",
            advice="Give every row an assistant message with the answer.",
        )
    held = read.rows(order.validation) if order.validation else ()
    if order.validation and not held:
        report(Note("No validation: its rows have nothing to foretell.", "warn"))
    features.close_up()
    validation = tuple(one for row in held for one in row)
    return PreparedTraining(
        identify(opened.base, order), opened, layers, rows, validation, features
    )


def identify(base: Base, order: TrainingOrder) -> str:
    """A digest of all that a training's result depends on."""
    digest = hashlib.sha256(f"{FORMAT} {order.seed} {base.path} {base.parameters} ".encode())
    digest.update(repr(asdict(order.hyperparameters)).encode())
    for path in filter(None, (order.training, order.validation)):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def patiently(work: Callable[[], Made], pulse: Pulse) -> Made:
    """Do something long in a thread, while `pulse` is called and may raise to stop."""
    found: Future[Made] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    while True:
        pulse()
        try:
            return found.result(_WAIT_S)
        except TimeoutError:
            if found.done():
                raise


def ahead(
    work: Callable[[Given], Made], items: Iterable[Given], threads: int, depth: int
) -> Iterator[Made]:
    """Results in order, made by threads, at most `depth` of them in advance."""
    with ThreadPoolExecutor(threads) as executor:
        waiting: deque[Future[Made]] = deque()
        try:
            for item in items:
                waiting.append(executor.submit(work, item))
                if len(waiting) > depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


class _Reading:
    """Files of rows, being read."""

    def __init__(
        self,
        opened: OpenModel,
        folder: Path,
        features: Features,
        urls: dict[str, str],
        report: Callable[[Report], None],
        pulse: Pulse,
    ) -> None:
        self._opened, self._folder, self._features = opened, folder, features
        self._urls, self._report, self._pulse = urls, report, pulse
        self._large: set[str] = set()
        text = opened.model.config.get_text_config()
        self._most = int(getattr(text, "max_position_embeddings", 1 << 30))

    def rows(self, path: Path) -> tuple[tuple[Encoded, ...], ...]:
        """Every row of a file that has something to learn."""
        found: list[tuple[Encoded, ...]] = []
        long: list[int] = []
        waiting: dict[str, dict[str, torch.Tensor]] = {}
        lines = ((row.line, example(row), urls) for row, urls in read_rows(path) if not row.flaw)
        for line, made in ahead(self._encoded, lines, READERS, 2 * READERS):
            self._pulse()
            if any(one.ids.numel() > self._most for one in made):
                long.append(line)
                continue
            for one in made:
                waiting |= {
                    key: pixels
                    for key, pixels in zip(one.images, one.pixels, strict=True)
                    if key not in self._features
                }
            if len(waiting) >= TOGETHER:
                self._features.add(waiting)
                waiting = {}
            if made:
                found.append(tuple(replace(one, pixels=()) for one in made))
        self._features.add(waiting)
        self._say(path, long)
        return tuple(found)

    def _encoded(
        self, given: tuple[int, Example, Sequence[str]]
    ) -> tuple[int, tuple[Encoded, ...]]:
        line, read, urls = given
        said = [
            Said(
                message.role,
                tuple(
                    part.text if isinstance(part, TextPart) else self._shown(urls[part.ordinal])
                    for part in message.parts
                ),
                learnt=message.role == "assistant" and message.weight != 0 and bool(message.text),
            )
            for message in read.messages
        ]
        return line, tuple(encode(self._opened, said))

    def _shown(self, url: str) -> Shown:
        key = hashlib.sha256(url.encode()).hexdigest()
        self._urls[key] = url
        image = _opened(image_bytes(url, self._folder))
        if image.width * image.height > MOST_PIXELS:
            self._large.add(key)
        return Shown(key, shrunk(image))

    def _say(self, path: Path, long: Sequence[int]) -> None:
        if long:
            lines = ", ".join(map(str, long[:10])) + (" …" if len(long) > 10 else "")
            words = f"{len(long):,} rows of {path.name} are longer than {self._most:,} tokens"
            self._report(Note(f"{words} and are left out: lines {lines}.", "warn"))
        if self._large:
            words = (
                f"{len(self._large):,} images are larger than {MOST_PIXELS / 1e6:.1f} megapixels"
            )
            self._report(Note(f"{words} and are shrunk to that, as they will be when it answers."))
            self._large.clear()
