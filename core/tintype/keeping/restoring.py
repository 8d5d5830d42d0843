"""An archive put back into a store, on this machine or another: jobs, files and evaluations.

What is here already is never overwritten by what is older or other, so that restoring twice, or
after a kill, is the same as once. What comes from an archive is untrusted: it is verified first,
only parts of known names are written, and no code that it names is run. The ledger is not restored:
what was spent elsewhere was not spent here.
"""

import json
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from tintype import paths
from tintype.api import Api
from tintype.dataset.parsing import read_line
from tintype.errors import ArchiveError
from tintype.evaluation.run_folder import MANIFEST as RUN_MANIFEST
from tintype.keeping.containers import unpack
from tintype.keeping.evaluations import DATASET, RUN_FILES, embedded
from tintype.keeping.folder import BLOCK
from tintype.keeping.manifest import KeptPart, Manifest
from tintype.keeping.verifying import Verification, verify
from tintype.keeping.weights import put_back
from tintype.store import MadeFrom, Ranked, Source, Store
from tintype.store.packing import unpack_checkpoint, unpack_event, unpack_job
from tintype.threads import in_thread, stepwise

_UNPACKED = ".unpacked"
"""Where an archive of one file is unpacked, in the folder of restored files."""


@dataclass(slots=True)
class Restored:
    """What came of restoring."""

    manifest: Manifest
    profile: str
    """Under which jobs are listed."""
    jobs: list[str] = field(default_factory=list)
    """Ids of those put into the store."""
    models: list[str] = field(default_factory=list)
    """Whose weights were put into an embedded server."""
    evaluations: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    """What is here as it is in the archive, or newer, and was left alone."""
    notes: list[str] = field(default_factory=list)
    """What was not restored, or otherwise than it was: sentences."""


@dataclass(frozen=True, slots=True)
class RestoreProgress:
    """How far restoring is."""

    words: str
    done_bytes: int = 0
    restored: Restored | None = None
    """On the last one only."""


async def restore(
    archive: Path,
    store: Store,
    *,
    files: Path,
    evaluations: Path,
    profile: str = "",
    api: Api | None = None,
) -> AsyncGenerator[RestoreProgress, None]:
    """Verify an archive and put what it holds where it is not yet; yields progress.

    Args:
        archive: A folder or one file.
        store: Where jobs go.
        files: A folder for training files and evaluated rows; below it, one for the profile.
        evaluations: The folder of evaluations.
        profile: Under which profile jobs are listed; by default that of the archive.
        api: An embedded server, where models go whose weights are in the archive.

    Raises:
        ArchiveError: if it is not what its manifest says, or another process restores.
        FileError: if it cannot be read, or the folders not be written.
        StoreError: if the store cannot be written.
    """
    found: Verification | None = None
    async for reading in stepwise(verify(archive)):
        found = reading.verification
        yield RestoreProgress("checking", reading.done_bytes)
    assert found is not None  # the last step has it
    found.require()
    restored = Restored(found.manifest, profile or found.manifest.profile)
    with _alone(files):
        restoring = _Restoring(archive, files, evaluations, restored)
        async with aclosing(_put(restoring, archive, store, api)) as putting:
            async for step in putting:
                yield step
        yield RestoreProgress("restored", restored=restored)


@contextmanager
def _alone(files: Path) -> Iterator[None]:
    """Hold the folder of restored files: two at once would be in each other's way."""
    paths.make_folder(files, private=True)
    lock = paths.locked(files / ".lock")
    if lock is None:
        raise ArchiveError(f"Another process restores into {files}.", advice="Wait for it.")
    with lock:
        for left in paths.list_folder(files):
            if left.path.name.startswith(_UNPACKED):  # of a run that was killed
                paths.remove(left.path)
        yield


async def _put(
    restoring: "_Restoring", archive: Path, store: Store, api: Api | None
) -> AsyncGenerator[RestoreProgress, None]:
    """Put everything where it is not yet, out of a folder or an unpacked file."""
    try:
        if not paths.is_folder(archive):
            async for done in stepwise(unpack(archive, restoring.unpacked)):
                yield RestoreProgress("unpacking", done)
        for words, step_of_it in restoring.steps(store):
            yield RestoreProgress(words)
            await in_thread(step_of_it)
        async with aclosing(put_back(api, restoring.folder, restoring.restored)) as models:
            async for model in models:
                yield RestoreProgress(f"model {model}")
    finally:
        await in_thread(paths.remove, restoring.unpacked)


class _Restoring:
    """An archive's folder, and where its parts go."""

    def __init__(self, archive: Path, files: Path, evaluations: Path, restored: Restored) -> None:
        self.unpacked = files / _UNPACKED
        self.folder = archive if paths.is_folder(archive) else self.unpacked
        self._evaluations, self.restored = evaluations, restored
        self._files = files / paths.safe_name(restored.profile)
        parts = restored.manifest.parts
        self._images = {p.source: p for p in parts if p.path.startswith("images/") and p.source}
        self._paths = {part.path for part in parts}
        self._file_of: dict[str, tuple[Path, KeptPart]] = {}
        """By a file's id: where it is here, and as what part it was kept."""

    def steps(self, store: Store) -> Iterator[tuple[str, Callable[[], None]]]:
        """What is to be done, one after the other: files first, since jobs name them."""
        parts = self.restored.manifest.parts
        for part in parts:
            if part.path.startswith("files/") and part.path.endswith(".jsonl"):
                yield f"file {PurePosixPath(part.path).name}", partial(self.file, part)
        for part in parts:
            if part.path.startswith("jobs/") and part.path.endswith("/job.json"):
                yield f"job {part.source}", partial(self.job, part, store)
        for name in self._runs():
            yield f"evaluation {name}", partial(self.run, name)

    def _image(self, url: str) -> bytes | None:
        part = self._images.get(url)
        return paths.read_bytes(self.folder / part.path) if part else None

    def file(self, part: KeptPart) -> None:
        """Put a file beside those of its profile, and once more with the images kept for URLs."""
        target = self._files / PurePosixPath(part.path).relative_to("files")
        self._file_of[part.source] = (target, part)
        if paths.is_file(target):
            self.restored.already.append(part.path)
            return
        source = self.folder / part.path
        _copy(source, target)
        self.restored.files.append(target)
        if self._images:
            with_images = target.with_name(f"{target.stem}-with-images{target.suffix}")
            if self._embed(source, with_images):
                self.restored.files.append(with_images)

    def _embed(self, source: Path, target: Path) -> bool:
        """Write rows with the images that the archive has for their URLs; whether there are any."""
        if paths.is_file(target):
            return False
        changed = False
        with paths.writing(target) as out, source.open("rb") as file:
            for number, raw in enumerate(file):
                line = read_line(raw.rstrip(b"\r\n"), index=number, line=number + 1, offset=0)
                row = embedded(line, source.parent, self._image)
                changed = changed or row.rstrip(b"\n") != line.raw
                out.write(row)
        if not changed:
            paths.remove(target)
        return changed

    def job(self, part: KeptPart, store: Store) -> None:
        """Put a job into the store, unless it is there as new or newer."""
        home = part.path.rpartition("/")[0]
        try:
            value = json.loads(paths.read_bytes(self.folder / part.path))
            job = unpack_job(json.dumps(value["job"]))
            seen_at = datetime.fromisoformat(value["seen_at"])
            checkpoints = [unpack_checkpoint(json.dumps(one)) for one in value["checkpoints"]]
            lines = paths.read_bytes(self.folder / f"{home}/events.jsonl").decode().splitlines()
            events = [Ranked(unpack_event(line), at) for at, line in enumerate(lines)]
            origin = self._origin(value["made_from"], job.training_file, job.validation_file)
            settled = bool(value["settled"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveError(f"{part.path} cannot be read: a newer Tintype wrote it.") from error
        name, known = self.restored.profile, store.jobs.find(self.restored.profile, job.id)
        if known is not None and known.made_from.training is None:
            store.jobs.made_from(name, job.id, origin)
        if known is not None and known.seen_at >= seen_at:
            self.restored.already.append(part.path)
            return
        store.jobs.remember(name, job, seen_at=seen_at)
        if known is None:
            store.jobs.made_from(name, job.id, origin)
        sweep = store.jobs.begin_sweep(name, job.id)
        store.jobs.add_events(name, job.id, events, sweep=sweep)
        store.jobs.close_sweep(name, job.id, sweep)
        store.jobs.add_checkpoints(name, job.id, *checkpoints)
        results = f"{home}/results.csv"
        if results in self._paths and not store.jobs.results(name, job.id):
            text = paths.read_text(self.folder / results, errors="replace")
            store.jobs.keep_results(name, job.id, text)
        if settled:
            store.jobs.settle(name, job.id)
        self.restored.jobs.append(job.id)

    def _origin(self, value: Any, training: str, validation: str | None) -> MadeFrom:
        """What a job was made from, with the paths that its files have here."""
        sources = {
            name: self._source(value.get(name), self._file_of.get(file or ""))
            for name, file in (("training", training), ("validation", validation))
        }
        return MadeFrom(**{**value, **sources})

    def _source(self, value: Any, here: tuple[Path, KeptPart] | None) -> Source | None:
        """A file where it is here; where nobody noted what was sent, the provider's own."""
        if value is None:
            return Source(str(here[0]), here[1].sha256) if here else None
        source = Source(**value)
        gone = here is not None and not paths.is_file(paths.as_path(source.path))
        return replace(source, path=str(here[0])) if here and gone else source

    def _runs(self) -> list[str]:
        """The names of evaluations in the archive."""
        ends = f"/{RUN_MANIFEST}"
        pieces = [PurePosixPath(path).parts for path in sorted(self._paths) if path.endswith(ends)]
        return [one[1] for one in pieces if len(one) == 3 and one[0] == "evaluations"]

    def run(self, name: str) -> None:
        """Put an evaluation beside those that are here, whole; its rows come with it."""
        home, target = f"evaluations/{name}", self._evaluations / paths.safe_name(name)
        if paths.is_folder(target):
            self.restored.already.append(home)
            return
        half = target.with_name(f".{target.name}.half")
        paths.remove(half)
        for file in RUN_FILES:
            source = self.folder / f"{home}/{file}"
            if file == RUN_MANIFEST:
                data = self._plan_here(paths.read_bytes(source), name, target)
                paths.write_whole(half / file, data, private=True)
            elif f"{home}/{file}" in self._paths:
                _copy(source, half / file)
        source = self.folder / f"{home}/{DATASET}"
        if f"{home}/{DATASET}" in self._paths and not self._embed(source, half / DATASET):
            _copy(source, half / DATASET)
        try:
            half.rename(target)
        except OSError as error:
            raise paths.failure("write", target, error) from error
        self.restored.evaluations.append(name)

    def _plan_here(self, data: bytes, name: str, target: Path) -> bytes:
        """A run's manifest, with its rows where they are here, and no code from elsewhere."""
        try:
            value = json.loads(data)
            scorers = [one for one in value["plan"]["scorers"] if ".py:" not in one]
            if len(scorers) < len(value["plan"]["scorers"]):
                self.restored.notes.append(
                    f"Evaluation {name} was scored by a function of somebody's own, which is not "
                    "run from an archive."
                )
            value["plan"]["scorers"] = scorers or ["exact"]
            if f"evaluations/{name}/{DATASET}" in self._paths:
                value["plan"]["dataset"] = str(target / DATASET)
            return json.dumps(value, indent=1).encode()
        except (ValueError, KeyError, TypeError) as error:
            raise ArchiveError(f"Evaluation {name} in the archive cannot be read.") from error


def _copy(source: Path, target: Path) -> None:
    with paths.writing(target, private=True) as out, source.open("rb") as file:
        shutil.copyfileobj(file, out, BLOCK)
