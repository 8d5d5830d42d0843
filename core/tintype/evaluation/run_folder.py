"""The folder of a run: a manifest, its rows, and append-only logs of answers and grades.

manifest.json    the plan, the fingerprint, when it was begun
rows.jsonl       what was asked and what is right, one line per row
answers.jsonl    one line per answer, written before it is counted
grades.jsonl     likewise, of a judge
overrides.jsonl  what a person said of a score, kept apart from it
leaks.json       which rows show an image that was trained on, if that was looked at
baselines.json   what one would answer without looking at the image
scores.npz       made from these, and made again where they have changed
"""

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from tintype import paths
from tintype.errors import ApiError, EvaluationError, FileError, NotFoundError, TintypeError
from tintype.evaluation.log import Replay, canonical, replay
from tintype.evaluation.plan import EvaluationPlan, plan_from
from tintype.evaluation.rows import EvaluatedRow, LeftOut, row_from

MANIFEST, ROWS, ANSWERS, GRADES = "manifest.json", "rows.jsonl", "answers.jsonl", "grades.jsonl"
OVERRIDES, SCORES = "overrides.jsonl", "scores.npz"
LEAKS, BASELINES = "leaks.json", "baselines.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """A run as its manifest has it."""

    folder: Path
    plan: EvaluationPlan
    fingerprint: Mapping[str, Any]
    begun: datetime
    rows: int
    left_out: tuple[LeftOut, ...] = ()
    """Rows of the dataset that no model can be evaluated on."""

    @property
    def id(self) -> str:
        """Its name: the folder's."""
        return self.folder.name


@dataclass(frozen=True, slots=True)
class UnreadableRun:
    """A run whose manifest cannot be read."""

    id: str
    """Its name: the folder's."""
    why: str
    """In sentences, with what to do."""


def runs_folder(data: Path) -> Path:
    """Where runs are kept, below the folder of a person's data."""
    return data / "evaluations"


def new_folder(home: Path, now: datetime | None = None) -> Path:
    """A name for a new run, by date; nothing is made yet."""
    moment = (now or datetime.now(UTC)).astimezone()
    return home / f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def begin(
    folder: Path,
    plan: EvaluationPlan,
    fingerprint: Mapping[str, Any],
    rows: Sequence[EvaluatedRow],
    begun: datetime,
    left_out: Sequence[LeftOut] = (),
) -> EvaluationRun:
    """Make the folder of a run, the manifest last: a folder with a manifest is whole.

    Raises:
        FileError: if it cannot be written.
    """
    paths.make_folder(folder, private=True)
    lines = "".join(canonical(row.as_json()) + "\n" for row in rows)
    paths.write_whole(folder / ROWS, lines.encode(errors="surrogatepass"), replace=True)
    manifest = {
        "format": FORMAT,
        "begun": begun.isoformat(),
        "plan": plan.as_json(),
        "fingerprint": fingerprint,
        "rows": len(rows),
        "left_out": [asdict(one) for one in left_out],
    }
    paths.write_whole(folder / MANIFEST, json.dumps(manifest, indent=1), replace=True, private=True)
    return EvaluationRun(folder, plan, fingerprint, begun, len(rows), tuple(left_out))


def run_at(folder: Path) -> EvaluationRun:
    """Read a run's manifest.

    Raises:
        EvaluationError: if there is none, or a newer Tintype wrote it.
        FileError: if it cannot be read.
    """
    if not paths.is_file(folder / MANIFEST):
        raise EvaluationError(
            f"{folder.name} is no evaluation: it has no {MANIFEST}.",
            advice="`tintype evaluations` lists those there are.",
        )
    try:
        value = json.loads(paths.read_text(folder / MANIFEST))
        if value["format"] != FORMAT:
            raise ValueError(value["format"])
        return EvaluationRun(
            folder,
            plan_from(value["plan"]),
            value["fingerprint"],
            datetime.fromisoformat(value["begun"]),
            value["rows"],
            tuple(LeftOut(**one) for one in value.get("left_out", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f"The manifest of {folder.name} cannot be read: a newer Tintype wrote it, or it is "
            "damaged.",
            advice="Use the newer Tintype, or delete the folder.",
        ) from error


def listed(home: Path) -> tuple[EvaluationRun | UnreadableRun, ...]:
    """The runs of a folder, newest first, those that cannot be read with why.

    A folder without a manifest is none: its run never began, or it is something else; nor is one
    that was being removed when its process was killed.

    Raises:
        FileError: if the folder cannot be listed.
    """
    if not paths.is_folder(home):
        return ()
    found: list[EvaluationRun | UnreadableRun] = []
    for entry in sorted(paths.list_folder(home), key=lambda one: one.path.name, reverse=True):
        going = entry.path.name.startswith(".tintype-")
        if going or not paths.is_file(entry.path / MANIFEST):
            continue
        try:
            found.append(run_at(entry.path))
        except (EvaluationError, FileError) as error:
            found.append(UnreadableRun(entry.path.name, str(error)))
    return tuple(found)


def runs_in(home: Path) -> tuple[EvaluationRun, ...]:
    """The runs of a folder that can be read, newest first; `listed` has the others, too.

    Raises:
        FileError: if the folder cannot be listed.
    """
    return tuple(one for one in listed(home) if isinstance(one, EvaluationRun))


def rows_of(folder: Path) -> Iterator[EvaluatedRow]:
    """The rows of a run, in their order.

    Raises:
        FileError: if they cannot be read.
    """
    for line in paths.read_bytes(folder / ROWS).splitlines():
        yield row_from(json.loads(line.decode("utf-8", "surrogatepass")))


def logged(folder: Path, name: str) -> Replay:
    """What a log of a run amounts to; empty if it has not been begun.

    Raises:
        FileError: if it cannot be read.
    """
    return replay(_lines(folder / name))


def forget_unanswered(
    folder: Path, begun: bool, _: object, error: BaseException | None, __: object
) -> None:
    """Leave nothing of a new run that was refused, as for a mistyped model, before any answer.

    What is no fault of the plan, such as a key that is not accepted, is fixed by the user, and
    the run continued.

    Args:
        folder: The run's own.
        begun: Whether it was there before.
        error: Why the run ends; none if it came to its end.
    """
    passes = isinstance(error, ApiError) and not isinstance(error, NotFoundError)
    refused = isinstance(error, TintypeError) and not passes
    if not begun and refused and not logged(folder, ANSWERS).answers:
        paths.remove(folder)


def _lines(path: Path) -> Iterable[bytes]:
    return paths.read_bytes(path).split(b"\n") if paths.is_file(path) else ()


class RunLog:
    """A log that is being written, by this process alone."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append a line, in one piece, before anybody counts it.

        Raises:
            FileError: if the disk is full.
        """
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        try:
            os.write(self._file.fileno(), line)
        except OSError as error:
            raise paths.failure("write", Path(self._file.name), error) from error


@contextmanager
def writing_log(path: Path) -> Iterator[RunLog]:
    """Open a log to append to; a line torn by a crash is ended first.

    Raises:
        EvaluationError: if another process is writing it.
        FileError: if it cannot be written.
    """
    how = os.O_RDWR | os.O_CREAT | os.O_APPEND
    try:
        file = os.fdopen(os.open(path, how, 0o600), "r+b", buffering=0)
    except OSError as error:
        raise paths.failure("write", path, error) from error
    with file:
        if not paths.hold(file.fileno(), path):
            raise EvaluationError(
                f"The evaluation {path.parent.name} is running already.",
                advice="Wait for it, or stop it where it runs.",
            )
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            if file.read(1) != b"\n":
                os.write(file.fileno(), b"\n")
        yield RunLog(file)
        os.fsync(file.fileno())
