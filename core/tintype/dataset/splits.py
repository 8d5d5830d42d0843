"""The files that belong together: training, validation and test.

Tools name them in their own ways: `train.jsonl` beside `valid.jsonl`, `cards-train.jsonl` beside
`cards-test.jsonl`, `_annotations.train.jsonl` as Roboflow exports them, or `train/rows.jsonl` and
`valid/rows.jsonl` in folders. Given one of them, the others are those whose path differs in nothing
but the name of the split.
"""

import os
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Split = Literal["train", "valid", "test"]

NAMES: Mapping[Split, tuple[str, ...]] = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation", "holdout"),
}
SPLITS: tuple[Split, ...] = tuple(NAMES)
"""In the usual order."""

_SPLITS: Mapping[str, Split] = {name: split for split, names in NAMES.items() for name in names}
_WORD = re.compile(r"[A-Za-z]+")
_FOLDER = re.compile(r"[A-Za-z]+[\d._-]*")


@dataclass(frozen=True, slots=True)
class Splits:
    """The files of one dataset; none where there is no such file."""

    train: Path | None = None
    valid: Path | None = None
    test: Path | None = None

    def named(self) -> dict[Split, Path]:
        """Those that there are, in the usual order."""
        pairs: tuple[tuple[Split, Path | None], ...] = (
            ("train", self.train),
            ("valid", self.valid),
            ("test", self.test),
        )
        return {name: path for name, path in pairs if path is not None}


def split_of(path: Path) -> Split | None:
    """Which split a file is by its name, or by its folder's; none if neither says."""
    found = _find(path.name) or _find_folder(path.parent.name)
    return found[0] if found else None


def split_of_folder(name: str) -> Split | None:
    """Which split a folder is by its name alone, or with a number: `val2017`."""
    found = _find_folder(name)
    return found[0] if found else None


def siblings(path: Path) -> Splits:
    """A file and those beside it that are its other splits.

    A file whose name says nothing is taken as the training file. Folders are listed, so this
    belongs in a thread.
    """
    found = _find(path.name)
    if found:
        split, start, end = found
        others = _beside(path.parent, path.name[:start], path.name[end:])
        return Splits(**{**others, split: path})
    found = _find_folder(path.parent.name)
    if found:
        split, start, end = found
        name = path.parent.name
        folders = _beside(path.parent.parent, name[:start], name[end:])
        files: dict[Split, Path] = {
            other: folder / path.name
            for other, folder in folders.items()
            if (folder / path.name).is_file()
        }
        return Splits(**{**files, split: path})
    return Splits(train=path)


def draw_splits(
    keys: Iterable[str], *, seed: int, valid_share: float, test_share: float
) -> dict[str, Split]:
    """Put each key, such as an image's name, into a split by chance; the same for the same seed.

    Shares are of the keys, rounded; what is asked of one image stays together that way.
    """
    names = sorted(set(keys))
    random.Random(seed).shuffle(names)
    valid = round(len(names) * valid_share)
    test = round(len(names) * test_share)
    return {
        name: "valid" if at < valid else "test" if at < valid + test else "train"
        for at, name in enumerate(names)
    }


def split_named(word: str) -> Split | None:
    """The split that a word means, e.g. `val`; none if it means none."""
    return _SPLITS.get(word.strip().lower())


def _find(name: str) -> tuple[Split, int, int] | None:
    """The last word of a name that is a split's, and where it stands."""
    for word in reversed(list(_WORD.finditer(name))):
        split = _SPLITS.get(word.group().lower())
        if split is not None:
            return split, word.start(), word.end()
    return None


def _find_folder(name: str) -> tuple[Split, int, int] | None:
    """As `_find`, but a folder must bear the name of a split alone, or with a number: `val2017`."""
    return _find(name) if _FOLDER.fullmatch(name) else None


def _beside(folder: Path, before: str, after: str) -> dict[Split, Path]:
    """What a folder holds under the name of each split; the commonest name wins."""
    try:
        present = {name.lower(): name for name in sorted(os.listdir(folder), reverse=True)}
    except OSError:
        return {}
    found: dict[Split, Path] = {}
    for split, names in NAMES.items():
        for name in names:
            wanted = f"{before}{name}{after}".lower()
            if wanted in present:
                found.setdefault(split, folder / present[wanted])
    return found
