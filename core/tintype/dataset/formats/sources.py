"""What a dataset of another format consists of: the files of a folder or of an archive, alike.

A dataset comes from a stranger. No name leads out of its folder or archive, links that lead outside
are not followed, every read has a limit, and a listing ends after so many files. Archives are read
where they are, never unpacked to disk (`archives`).
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tintype.dataset.files import PlainFile
from tintype.dataset.formats.archives import Archive, open_archive
from tintype.dataset.formats.report import ImportLog
from tintype.dataset.formats.source_file import IMAGE_SUFFIXES, SourceFile
from tintype.dataset.formats.source_names import ends_with, folded, is_resource, normal

__all__ = ["IMAGE_SUFFIXES", "MOST_FILES", "Files", "SourceFile"]

MOST_FILES = 500_000
"""Files listed of one source."""
_MOST_LOOKED_AT = 20_000
_MOST_IMAGES_LOOKED_AT = 1000
"""Of one folder, where a source is only to be recognised."""
_MOST_DEEP = 12
_MOST_ARCHIVES = 20
_ANNOTATION_FOLDERS = frozenset(
    {"annotations", "annotation", "labels", "json", "metadata", "splits", "data"}
)
"""Where a file lies in one of these, the images lie beside the folder."""


class Files:
    """The files of a folder or an archive, by name; or one file, with those around it."""

    def __init__(
        self, root: Path, archive: Archive | None = None, given: str = "", *, partial: bool = False
    ) -> None:
        self.root = root
        self.archive = archive
        self._partial = partial
        self._names: dict[str, SourceFile] | None = None
        self._by_base: dict[str, list[SourceFile]] | None = None
        self.empty_folders: list[str] = []
        """Folders on disk without a file of any kind that is listed."""
        self.outside: list[str] = list(archive.outside) if archive else []
        """Names that lead out of the source."""
        self.given = SourceFile(self, given, f"{root}/{given}") if given else None
        """The file that was named, if it is neither a folder nor an archive."""

    @classmethod
    def of(cls, path: Path, *, partial: bool = False) -> "Files":
        """The files of a path; if it is `partial`, enough of them to recognise it.

        Raises:
            DatasetError: if there is nothing, or an archive is damaged.
        """
        if path.is_dir():
            return cls(path, partial=partial)
        archive = open_archive(path, partial=partial)
        if archive is not None:
            return cls(path, archive)
        PlainFile(path).close()
        folder = Path(os.path.abspath(path)).parent
        if folder.name.lower() in _ANNOTATION_FOLDERS:
            return cls(folder.parent, given=f"{folder.name}/{path.name}", partial=partial)
        return cls(folder, given=path.name, partial=partial)

    @property
    def what(self) -> str:
        """What kind of thing it is, for a sentence."""
        if self.archive:
            return self.archive.what
        return "a file" if self.given else "a folder"

    @property
    def names(self) -> Mapping[str, SourceFile]:
        """Every file by its name, in order; resource files and hidden ones left out."""
        if self._names is None:
            found = list(self.archive.sizes) if self.archive else list(self._walked())
            kept = sorted(name for name in found if not is_resource(name))
            self._names = {name: SourceFile(self, name, f"{self.root}/{name}") for name in kept}
        return self._names

    @property
    def images(self) -> list[SourceFile]:
        """The images by their names."""
        return [file for file in self.names.values() if file.is_image]

    def named(self, *suffixes: str, deep: int = 3) -> list[SourceFile]:
        """The files with such endings, at most so many folders deep; the one that is given alone.

        A file that is given has to have one of the endings as well.
        """
        found = [self.given] if self.given else list(self.names.values())
        return [
            file for file in found
            if file.suffix in suffixes and (self.given or file.name.count("/") <= deep)
        ]  # fmt: skip

    def archives(self) -> list[Path]:
        """The archives that lie in the folder, or beside the file that is given: a few."""
        names = [name for name in self.names if name.lower().endswith((".zip", ".tar", ".tar.gz"))]
        return [self.root / name for name in names if name.count("/") < 2][:_MOST_ARCHIVES]

    def get(self, name: str) -> SourceFile | None:
        """The file of a name relative to the source, folders in it resolved; none if none is there.

        A name that leads out of the source is none.
        """
        inner = normal(name)
        if not inner:
            return None
        if self._names is None and not self.archive and not self._partial:
            return self._on_disk(inner) or self._alike(inner)
        return self.names.get(inner) or self._alike(inner)

    def ending(self, name: str) -> list[SourceFile]:
        """The files whose names agree with the end of a name, as far as any does."""
        parts = [part for part in folded(name).split("/") if part not in ("", ".", "..")]
        found = self._bases().get(parts[-1], []) if parts else []
        for length in range(len(parts), 0, -1):
            matches = [file for file in found if ends_with(file.name, "/".join(parts[-length:]))]
            if matches:
                return matches
        return []

    def stems(self, stem: str) -> list[SourceFile]:
        """The images of a name without its ending."""
        wanted = folded(stem).rpartition("/")[2]
        return [
            file
            for suffix in sorted(IMAGE_SUFFIXES)
            for file in self._bases().get(wanted + suffix, [])
        ]

    def say(self, log: ImportLog) -> None:
        """Note what was left out of the listing."""
        for name in self.outside:
            log.note("outside", "names lead out of the dataset: left out.", name)
        if self.archive:
            for code, words, places, count in self.archive.notes:
                for place in places:
                    log.note(code, words, place)
                if count > len(places):
                    log.note(code, words, count=count - len(places))

    def _alike(self, inner: str) -> SourceFile | None:
        """A file whose name differs only in capitals or in how accents are written."""
        wanted = folded(inner)
        found = self._bases().get(wanted.rpartition("/")[2], [])
        return next((file for file in found if folded(file.name) == wanted), None)

    def _on_disk(self, inner: str) -> SourceFile | None:
        path = self.root / inner
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            if path.is_file() and path.resolve().is_relative_to(self.root.resolve()):
                return SourceFile(self, inner, f"{self.root}/{inner}")
        return None

    def _bases(self) -> dict[str, list[SourceFile]]:
        if self._by_base is None:
            self._by_base = {}
            for file in self.names.values():
                self._by_base.setdefault(folded(file.base), []).append(file)
        return self._by_base

    def _walked(self) -> Iterator[str]:
        """The names of the files below the folder, those of links that lead outside left out."""
        most = _MOST_LOOKED_AT if self._partial else MOST_FILES
        folders, listed = [""], 0
        while folders and listed < most:
            folder = folders.pop(0)
            images = 0
            entries = _entries(self.root / folder)
            if folder and all(is_resource(entry.name) for entry in entries):
                self.empty_folders.append(folder)
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_symlink() and not self._leads_inside(entry, name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if name.count("/") < _MOST_DEEP and not is_resource(entry.name):
                        folders.append(name)
                    continue
                images += os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES
                if self._partial and images > _MOST_IMAGES_LOOKED_AT:
                    continue
                listed += 1
                yield name

    def _leads_inside(self, entry: "os.DirEntry[str]", name: str) -> bool:
        with contextlib.suppress(OSError, RuntimeError):
            inside = Path(entry.path).resolve().is_relative_to(self.root.resolve())
            if inside and entry.is_file():
                return True
            if not inside:
                self.outside.append(name)
        return False


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []
