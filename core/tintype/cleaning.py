"""What Tintype keeps on this machine, how large and how old it is, what may go, and removing it.

Nothing goes by itself, unless `clean_after_days` says so, and then only what can be made again.
What cannot is removed by its whole name typed; what a running process holds is never removed; and
the store, the configuration, models, archives and datasets are never removed from here.
"""

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from tintype import paths
from tintype.errors import ConfirmationError, SettingsError, StoreError, TintypeError
from tintype.paths.failures import translated
from tintype.settings import Folders

Mode = Literal["free", "typed", "kept"]
"""`free`: it can be made again; `typed`: removed by its name; `kept`: never removed from here."""


@dataclass(frozen=True, slots=True)
class DataKind:
    """A kind of data."""

    title: str
    mode: Mode
    loss: str
    """What goes with it; of what is kept, how to be rid of it. A sentence."""


KINDS: Mapping[str, DataKind] = {
    "checks": DataKind(
        "results of dataset checks", "free", "The next check of those datasets takes its time."
    ),
    "cache": DataKind("images and texts, drawn or passed on", "free", "They are made again."),
    "leftovers": DataKind(
        "files that killed runs left half written", "free", "Nothing is lost: none is complete."
    ),
    "logs": DataKind(
        "logs of crashes, servers and recorders",
        "free",
        "What happened earlier cannot be looked up there any more.",
    ),
    "evaluations": DataKind(
        "evaluations with every answer",
        "typed",
        "Its answers are lost. Of a model that has gone they are all that is left.",
    ),
    "moved": DataKind(
        "jobs prepared for another provider or trainer",
        "typed",
        "`tintype move` makes it again while the job's data are there.",
    ),
    "restored": DataKind(
        "files from archives", "typed", "The archive has it, if it is still there."
    ),
    "samples": DataKind(
        "sample datasets", "typed", "`tintype sample` draws them again, without your edits."
    ),
    "screenshots": DataKind("screenshots", "typed", "It cannot be had again."),
    "server": DataKind(
        "the embedded server's files, jobs and models",
        "kept",
        "`tintype files delete` and `tintype models delete`, or X in Models.",
    ),
    "archives": DataKind(
        "archives", "kept", "They may be all that is left of a model: remove them yourself."
    ),
    "store": DataKind(
        "jobs, answers and spending", "kept", "It is the only record of what was done."
    ),
    "config": DataKind("settings and keys", "kept", "They are yours to edit."),
    "other": DataKind("what Tintype does not know", "kept", "Remove it yourself."),
}
FREE = tuple(name for name, kind in KINDS.items() if kind.mode == "free")
"""What `clean_after_days` may name."""
LEFT_AFTER = timedelta(days=1)
"""A half written file that nobody has written to for so long was left by a run that was killed."""
CRASHES, STORE = "crash.log", "tintype.sqlite"
_LEFTOVER = re.compile(r"\.tintype-.+\.tmp")
_PASSED_OVER = re.compile(rf"{_LEFTOVER.pattern}|\.lock")
_WHERE = (
    ("checks", "cache", "checks/*"),
    *((name, "data", f"{name}/*") for name, kind in KINDS.items() if kind.mode == "typed"),
    ("logs", "data", "server/server.log*"),
    ("server", "data", "server/*"),
    ("logs", "state", CRASHES),
    ("logs", "state", "recorders/*/recorder.log*"),
    ("store", "state", f"{STORE}*"),
    ("config", "config", "*"),
    ("store", "state", "*"),
    ("other", "data", "*"),
    ("cache", "cache", "*"),
)
"""Kind, folder, and where in it; what may go comes last, for a system may make folders one."""
_LOCKED_BY = ("answers.jsonl", "grades.jsonl")
"""What a running evaluation holds."""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """Something that is kept."""

    kind: str
    path: Path
    size_bytes: int
    changed_at: datetime | None
    """When anything in it was written last; none where nobody can say."""
    held: str = ""
    """Why it cannot go now, in a sentence; empty if nothing holds it."""

    @property
    def name(self) -> str:
        """What is typed to remove it."""
        return self.path.name


def survey(
    folders: Folders, archives: Iterable[Path] = (), *, now: datetime | None = None
) -> tuple[StoredItem, ...]:
    """Return all that is kept, in the order of `KINDS`, the largest of each kind first. Blocking.

    Links are not followed; what cannot be looked at counts nothing.

    Args:
        folders: Tintype's.
        archives: What `tintype keep` has written elsewhere, as far as that is known.
        now: The time.
    """
    now, order = now or datetime.now(UTC), list(KINDS)
    seen: dict[Path, StoredItem] = {}
    for kind, path in (*_places(folders), *(("archives", one) for one in archives)):
        if path not in seen and os.path.lexists(path):
            seen[path] = _item(kind, path, now)
    for path in _half_written(folders, archives):
        item = _item("leftovers", path, now)
        if not item.held:
            seen[path] = item
    return tuple(sorted(seen.values(), key=lambda one: (order.index(one.kind), -one.size_bytes)))


def due(
    items: Iterable[StoredItem], after_days: Mapping[str, int], now: datetime
) -> tuple[StoredItem, ...]:
    """Return what the settings have removed: of kinds that can be made again, not used for so long.

    Args:
        items: As `survey` gives them.
        after_days: Days by kind; what is not named stays.
        now: The time.
    """
    return tuple(
        one
        for one in items
        if one.kind in after_days
        and KINDS[one.kind].mode == "free"
        and not one.held
        and one.changed_at is not None
        and now - one.changed_at > timedelta(days=after_days[one.kind])
    )


def remove(item: StoredItem, folders: Folders, *, typed: str = "") -> int:
    """Remove something, and return how many bytes that frees. Blocking.

    It is looked at again first: what a process has begun to use stays.

    Args:
        item: As `survey` gave it.
        folders: Tintype's.
        typed: What a person typed; its name, where it cannot be made again.

    Raises:
        SettingsError: if it is of a kind that is not removed from here, or not in these folders.
        ConfirmationError: if what was typed is not its name.
        StoreError: if a running process holds it.
        FileError: if it cannot be removed.
    """
    kind, known = KINDS[item.kind], {path: name for name, path in _places(folders)}
    known_as = "leftovers" if _LEFTOVER.fullmatch(item.name) else known.get(item.path)
    if kind.mode == "kept" or known_as != item.kind:
        raise SettingsError(f"{item.path} is not removed from here.", advice=kind.loss)
    if kind.mode == "typed" and typed.strip() != item.name:
        raise ConfirmationError(
            f"{item.name} was not removed: what was typed is not its name.",
            advice="Type the name whole.",
            typed=item.name,
        )
    now = _item(item.kind, item.path, datetime.now(UTC))
    if now.held:
        raise StoreError(f"{item.path} was not removed. {now.held}")
    with _held_meanwhile(item):
        aside = item.path.with_name(f".tintype-{secrets.token_hex(6)}.tmp")
        with translated("remove", item.path), suppress(FileNotFoundError):
            os.rename(item.path, aside)  # at once: half of it is never taken for the whole
        paths.remove(aside)
    return now.size_bytes


def clean_due(folders: Folders, after_days: Mapping[str, int]) -> int:
    """Remove what is `due`, and return how many bytes that frees; what is held stays. Blocking."""
    freed = 0
    for item in due(survey(folders), after_days, datetime.now(UTC)) if after_days else ():
        with suppress(TintypeError):
            freed += remove(item, folders)
    return freed


def _places(folders: Folders) -> Iterator[tuple[str, Path]]:
    """What there is, with its kind; the first that a path fits counts."""
    roots: dict[str, Path] = {name: getattr(folders, name) for _, name, _ in _WHERE}
    seen = {one for root in roots.values() for one in (root, *root.parents)}  # they hold others
    seen |= {roots[name] / one.split("/")[0] for _, name, one in _WHERE if "/" in one}
    for kind, name, pattern in _WHERE:
        with suppress(OSError):
            for path in sorted(roots[name].glob(pattern)):
                if path not in seen and not _PASSED_OVER.fullmatch(path.name):
                    seen.add(path)
                    yield kind, path


def _half_written(folders: Folders, archives: Iterable[Path]) -> Iterator[Path]:
    """What is written beside its place, and then moved there, under whatever name."""
    for root in {folders.cache, folders.data, folders.state, folders.config, *archives}:
        for folder, inner, files in os.walk(root):
            found = [name for name in (*inner, *files) if _LEFTOVER.fullmatch(name)]
            inner[:] = [name for name in inner if name not in found]
            yield from (Path(folder, name) for name in found)
    packed = (one.with_name(f".tintype-{one.name}.tmp") for one in archives)
    yield from filter(os.path.lexists, packed)


def _item(kind: str, path: Path, now: datetime) -> StoredItem:
    size_bytes, latest = _measured(path)
    changed_at = datetime.fromtimestamp(latest, UTC) if latest else None
    return StoredItem(kind, path, size_bytes, changed_at, _held(kind, path, changed_at, now))


def _measured(path: Path) -> tuple[int, float]:
    """Bytes of a file, or of all in a folder, and when anything was written last."""
    sizes, latest = 0, 0.0
    for one in _files(path):
        with suppress(OSError):
            found = os.lstat(one)
            sizes, latest = sizes + found.st_size, max(latest, found.st_mtime)
    return sizes, latest


def _files(path: Path) -> list[str]:
    if path.is_dir() and not path.is_symlink():
        return [os.path.join(at, name) for at, _, names in os.walk(path) for name in names]
    return [os.fspath(path)]


def _held(kind: str, path: Path, changed_at: datetime | None, now: datetime) -> str:
    if kind == "evaluations" and any(paths.is_held(path / name) for name in _LOCKED_BY):
        return "The evaluation is running."
    is_fresh = changed_at is None or now - changed_at < LEFT_AFTER
    if kind == "leftovers" and (is_fresh or paths.is_held(path)):
        return "It may be being written: somebody holds it, or changed it within a day."
    if kind == "restored" and paths.is_held(path.with_name(".lock")):
        return "An archive is being restored."
    if KINDS[kind].mode != "kept" and _is_of_a_home(kind, path):
        return "Another TINTYPE_HOME is there."
    writer = path.with_name("lock")
    if kind == "logs" and path.suffix == ".log" and path.name != CRASHES and paths.is_held(writer):
        return "The process that writes it is running."
    return ""


def _is_of_a_home(kind: str, path: Path) -> bool:
    """Whether it holds, or is a part of, another `TINTYPE_HOME`."""
    if kind == "cache" and os.path.lexists(path.parent / "state" / STORE):
        return True
    return any(os.path.basename(one) == STORE for one in _files(path))


@contextmanager
def _held_meanwhile(item: StoredItem) -> Iterator[None]:
    """Keep everybody else from beginning to use what is being removed.

    Raises:
        StoreError: if somebody has begun.
    """
    locks = [item.path / name for name in _LOCKED_BY] if item.kind == "evaluations" else []
    locks += [item.path.with_name(".lock")] if item.kind == "restored" else []
    with ExitStack() as stack:
        for path in locks:
            if paths.is_file(path):
                with translated("open", path):
                    file = stack.enter_context(path.open("rb"))
                if not paths.hold(file.fileno(), path):
                    raise StoreError(f"{item.path} was not removed: it is in use.")
        yield
