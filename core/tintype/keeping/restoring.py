"""An archive put back into a store, on this machine or another: jobs, files and evaluations.

What is here already is never overwritten by what is older or other, so that restoring twice, or
after a kill, is the same as once. What comes from an archive is untrusted: it is verified first,
only parts of known names are written, and no code that it names is run. The ledger is not restored:
what was spent elsewhere was not spent here.
"""

import json
import secrets
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from tintype import paths
from tintype.api import Api
from tintype.dataset.parsing import read_line
from tintype.errors import ApiError, ArchiveError
from tintype.evaluation.run_folder import MANIFEST as RUN_MANIFEST
from tintype.keeping.containers import unpack
from tintype.keeping.evaluations import DATASET, RUN_FILES, embedded
from tintype.keeping.folder import BLOCK
from tintype.keeping.manifest import KeptPart, Manifest
from tintype.keeping.verifying import Verification, verify
from tintype.keeping.weights import HERE, kept_weights, put_back
from tintype.store import MadeFrom, Ranked, Source, Store
from tintype.store.packing import unpack_checkpoint, unpack_event, unpack_job
from tintype.threads import in_thread, stepwise


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
        ArchiveError: if it is not what its manifest says.
        FileError: if it cannot be read, or the folders not be written.
        StoreError: if the store cannot be written.
    """
    found: Verification | None = None
    async for reading in stepwise(verify(archive)):
        found = reading.verification
        yield RestoreProgress("checking", reading.done_bytes)
    assert found is not None  # the last step has it
    found.require()
    folder, scratch = archive, files / f".unpacked-{secrets.token_hex(6)}"
    try:
        if not paths.is_folder(archive):
            folder = scratch
            async for done in stepwise(unpack(archive, scratch)):
                yield RestoreProgress("unpacking", done)
        restored = Restored(found.manifest, profile or found.manifest.profile)
        restoring = _Restoring(folder, files, evaluations, restored)
        for words, step_of_it in restoring.steps(store):
            yield RestoreProgress(words)
            await in_thread(step_of_it)
        async with aclosing(_models(api, folder, restored)) as models:
            async for model in models:
                yield RestoreProgress(f"model {model}")
        yield RestoreProgress("restored", restored=restored)
    finally:
        await in_thread(paths.remove, scratch)


async def _models(api: Api | None, folder: Path, restored: Restored) -> AsyncGenerator[str, None]:
    """Put models into the embedded server, or say that they stay in the archive."""
    manifest = restored.manifest
    weights = kept_weights(manifest)
    if weights and api is None:
        restored.notes.append(
            f"The weights of {len(weights):,} models stay in the archive: profile "
            f"{restored.profile} is no embedded server. --profile tintype puts them into this one."
        )
    if not weights or api is None:
        return
    try:
        async with aclosing(put_back(api, folder, manifest)) as putting:
            async for model, why in putting:
                if why == HERE:
                    restored.already.append(f"model {model}")
                elif why:
                    restored.notes.append(f"The weights of {model} were not put back: {why}")
                else:
                    restored.models.append(model)
                yield model
    except ApiError as error:
        restored.notes.append(f"Not all weights were put back: {error}")


class _Restoring:
    """An archive's folder, and where its parts go."""

    def __init__(self, folder: Path, files: Path, evaluations: Path, restored: Restored) -> None:
        self._folder, self._evaluations, self._restored = folder, evaluations, restored
        self._files = files / paths.safe_name(restored.profile)
        parts = restored.manifest.parts
        self._images = {p.source: p for p in parts if p.path.startswith("images/") and p.source}
        self._paths = {part.path for part in parts}
        self._file_of: dict[str, tuple[Path, KeptPart]] = {}
        """By a file's id: where it is here, and as what part it was kept."""

    def steps(self, store: Store) -> Iterator[tuple[str, Callable[[], None]]]:
        """What is to be done, one after the other: files first, since jobs name them."""
        parts = self._restored.manifest.parts
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
        return paths.read_bytes(self._folder / part.path) if part else None

    def file(self, part: KeptPart) -> None:
        """Put a file beside those of its profile, and once more with the images kept for URLs."""
        target = self._files / PurePosixPath(part.path).relative_to("files")
        self._file_of[part.source] = (target, part)
        if paths.is_file(target):
            self._restored.already.append(part.path)
            return
        source = self._folder / part.path
        _copy(source, target)
        self._restored.files.append(target)
        if self._images:
            with_images = target.with_name(f"{target.stem}-with-images{target.suffix}")
            if self._embed(source, with_images):
                self._restored.files.append(with_images)

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
            value = json.loads(paths.read_bytes(self._folder / part.path))
            job = unpack_job(json.dumps(value["job"]))
            seen_at = datetime.fromisoformat(value["seen_at"])
            checkpoints = [unpack_checkpoint(json.dumps(one)) for one in value["checkpoints"]]
            lines = paths.read_bytes(self._folder / f"{home}/events.jsonl").decode().splitlines()
            events = [Ranked(unpack_event(line), at) for at, line in enumerate(lines)]
            origin = self._origin(value["made_from"], job.training_file, job.validation_file)
            settled = bool(value["settled"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveError(f"{part.path} cannot be read: a newer Tintype wrote it.") from error
        name, known = self._restored.profile, store.jobs.find(self._restored.profile, job.id)
        if known is not None and known.made_from.training is None:
            store.jobs.made_from(name, job.id, origin)
        if known is not None and known.seen_at >= seen_at:
            self._restored.already.append(part.path)
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
            text = paths.read_text(self._folder / results, errors="replace")
            store.jobs.keep_results(name, job.id, text)
        if settled:
            store.jobs.settle(name, job.id)
        self._restored.jobs.append(job.id)

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
            self._restored.already.append(home)
            return
        half = target.with_name(f".{target.name}.half")
        paths.remove(half)
        for file in RUN_FILES:
            source = self._folder / f"{home}/{file}"
            if file == RUN_MANIFEST:
                data = self._plan_here(paths.read_bytes(source), name, target)
                paths.write_whole(half / file, data, private=True)
            elif f"{home}/{file}" in self._paths:
                _copy(source, half / file)
        source = self._folder / f"{home}/{DATASET}"
        if f"{home}/{DATASET}" in self._paths and not self._embed(source, half / DATASET):
            _copy(source, half / DATASET)
        try:
            half.rename(target)
        except OSError as error:
            raise paths.failure("write", target, error) from error
        self._restored.evaluations.append(name)

    def _plan_here(self, data: bytes, name: str, target: Path) -> bytes:
        """A run's manifest, with its rows where they are here, and no code from elsewhere."""
        try:
            value = json.loads(data)
            scorers = [one for one in value["plan"]["scorers"] if ".py:" not in one]
            if len(scorers) < len(value["plan"]["scorers"]):
                self._restored.notes.append(
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
