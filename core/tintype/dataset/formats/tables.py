"""Which files are the tables of a dataset."""

from pathlib import Path

from tintype.dataset.splits import Split, siblings, split_named, split_of
from tintype.errors import DatasetError

SUFFIXES = frozenset({".csv", ".tsv"})


def find_tables(source: Path) -> tuple[tuple[Split | None, Path], ...]:
    """The tables that are meant by a table or a folder, by split; None where no name says which.

    Raises:
        DatasetError: if there is none, or it cannot be told which one is meant.
    """
    path = _first_table(source) if source.is_dir() else source
    if split_of(path) is None:
        return ((None, path),)
    return tuple(siblings(path).named().items())


def _first_table(folder: Path) -> Path:
    try:
        found = _tables(folder)
        if not found:
            named = [inner for inner in sorted(folder.iterdir()) if split_named(inner.name)]
            found = [table for inner in named if inner.is_dir() for table in _tables(inner)[:1]]
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}.", path=folder) from error
    if not found:
        raise DatasetError(f"{folder} holds no table (.csv, .tsv).", path=folder)
    of_splits = [table for table in found if split_of(table) is not None]
    if len(found) > 1 and not of_splits:
        names = ", ".join(table.name for table in found[:8])
        raise DatasetError(
            f"{folder} holds several tables.", advice=f"Name one of them: {names}.", path=folder
        )
    return (of_splits or found)[0]


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
