"""Which models there are to be asked: tuned ones, their checkpoints, bases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype.api import Api
from tintype.dataset.splits import siblings
from tintype.errors import NotFoundError
from tintype.model_names import parse_model_name
from tintype.store import KeptJob, Store
from tintype_tui.text import pad
from tintype_tui.words.answers import kind_of, short_name

HEADINGS = {"tuned": "Tuned", "checkpoint": "Checkpoints", "base": "Bases"}


@dataclass(frozen=True, slots=True)
class Offered:
    """A model to choose."""

    name: str
    kind: str
    """`tuned`, `checkpoint` or `base`."""
    words: str
    """What it is called, and from what and when it was tuned."""


async def listed_by(api: Api) -> list[str]:
    """The names of the models that a provider lists; none if it has no list, but may answer.

    Raises:
        ApiError: if it cannot be asked.
    """
    try:
        return [model.id for model in await api.models()]
    except NotFoundError:
        return []


def offered(ids: Sequence[str], store: Store, profile: str) -> list[Offered]:
    """Models by kind, the newest first; those that the provider lists and those that jobs made."""
    made: dict[str, KeptJob] = {}
    for kept in store.jobs.newest(profile=profile):
        if kept.job.fine_tuned_model:
            made.setdefault(kept.job.fine_tuned_model, kept)
        for one in reversed(store.jobs.checkpoints(profile, kept.job.id)):
            made.setdefault(one.model, kept)
    places = {name: at for at, name in enumerate(made)}
    names = sorted(
        dict.fromkeys([*ids, *made]), key=lambda name: (places.get(name, len(places)), name)
    )
    kinds = list(HEADINGS)
    return sorted(
        (Offered(name, kind_of(name), _words(name, made.get(name))) for name in names),
        key=lambda one: kinds.index(one.kind),
    )


def headings(offers: Sequence[Offered]) -> Mapping[int, str]:
    """Words for above the first model of each kind."""
    kinds = [one.kind for one in offers]
    return {kinds.index(kind): words for kind, words in HEADINGS.items() if kind in kinds}


def fitting_model(store: Store, profile: str, dataset: Path | None) -> str:
    """The model tuned last on a dataset, else the one tuned last at all; empty if there is none.

    Looks for files, so it belongs in a thread if the dataset is known.
    """
    tuned = [kept for kept in store.jobs.newest(profile=profile) if kept.job.fine_tuned_model]
    family = {str(path) for path in siblings(dataset).named().values()} if dataset else set()
    for kept in tuned:
        source = kept.made_from.training
        if source is not None and source.path in family:
            return kept.job.fine_tuned_model or ""
    return tuned[0].job.fine_tuned_model or "" if tuned else ""


def _words(name: str, kept: KeptJob | None) -> str:
    """`cards euEw0y3J · step 88   cards/train   tintype-tiny   21 Nov 08:09`, in columns."""
    known = parse_model_name(name)
    if not known.tuned:
        return name
    short = short_name(name)
    if known.suffix:
        short = f"{short} · {name.partition(':ckpt-step-')[0].rsplit(':', 1)[-1]}"
    source = kept.made_from.training if kept else None
    path = Path(source.path) if source else None
    data = f"{path.parent.name}/{path.stem}" if path else ""
    made = f"{kept.job.created_at.astimezone():%d %b %H:%M}" if kept and kept.job.dated else ""
    return f"{pad(short, 22)} {pad(data, 13)} {pad(known.base, 13)} {made}".rstrip()
