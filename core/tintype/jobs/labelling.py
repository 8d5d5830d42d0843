"""What a person says of a job: changed, taken back, written in one line as it is searched for."""

from dataclasses import asdict, replace
from datetime import datetime

from tintype.store import KeptJob, Labels, Store


def relabel(store: Store, kept: KeptJob, wanted: Labels, at: datetime) -> Labels:
    """Set what is said of a job, and remember what was said before; returns what is said now.

    Raises:
        StoreError: if the store cannot be written.
    """
    before = store.labels.of(kept.profile, kept.job.id)
    if wanted != before:
        store.labels.put(kept.profile, kept.job.id, wanted)
        store.notes.write(_memory(kept), asdict(before), at)
    return wanted


def labels_before(store: Store, kept: KeptJob) -> Labels:
    """Return what was said of a job before the last change; what is said now if there was none.

    Raises:
        StoreError: if the store cannot be read.
    """
    left = store.notes.read(_memory(kept))
    if not left:
        return store.labels.of(kept.profile, kept.job.id)
    return replace(Labels(**left), tags=tuple(left["tags"]))


def labels_of(line: str) -> Labels:
    """Read a line: `#good is:pinned is:archived went live`; what else it says is the note."""
    words = line.split()
    tags = {word[1:] for word in words if word.startswith("#") and len(word) > 1}
    marks = ("is:pinned", "is:archived")
    note = (word for word in words if word not in marks and word not in {f"#{tag}" for tag in tags})
    return Labels(marks[0] in words, tuple(sorted(tags)), " ".join(note), marks[1] in words)


def line_of(labels: Labels) -> str:
    """Write labels as `labels_of` reads them."""
    marks = ["is:pinned"] * labels.pinned + ["is:archived"] * labels.archived
    return " ".join([*(f"#{tag}" for tag in labels.tags), *marks, labels.note]).strip()


def _memory(kept: KeptJob) -> str:
    return f"labels before {kept.profile} {kept.job.id}"
