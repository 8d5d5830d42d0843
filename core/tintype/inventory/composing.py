"""An inventory, composed of what was learnt: what is what, from what, needed by what, until when.

Pure. Unknown stays unknown: where a list was never read to its end, nothing is missing from it and
nothing is an orphan.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from tintype.inventory.ends import from_table, model_end
from tintype.inventory.known import Known, Place
from tintype.inventory.uses import uses_of
from tintype.inventory.values import End, Inventory, InventoryItem, Kind, Presence, Reach, Ref
from tintype.model_names import parse_model_name
from tintype.pricing import Prices
from tintype.resources import Job, Model, RemoteFile
from tintype.settings import Profile
from tintype.store import KeptJob, Listing, Naming, Probe, Seen

NO_JOB_USES = "No job of this profile uses this file."
NO_JOB_MADE = "No job that is known here made this model."


def compose(
    known: Known, profiles: Mapping[str, Profile], prices: Prices, today: date
) -> Inventory:
    """Compose the inventory of what was learnt.

    Args:
        known: Facts, of profiles that are no longer configured too.
        profiles: By name: which provider each is at.
        prices: What answers cost, and the dated tables of deadlines.
        today: The day that days are counted from.
    """
    maker = _Maker(known, profiles, prices, today)
    models, retired = maker.models()
    items = (*models, *maker.jobs(), *maker.files())
    bases = maker.bases(items)
    ends = {
        (item.ref.profile, item.base): end
        for item in items
        if item.ref.kind == "job" and (end := maker.training_end(item))
    }
    return Inventory((*items, *bases), known.listings, today, ends, retired)


def _is_newer(read_at: datetime | None, probe: Probe | None) -> bool:
    """Whether a list says more than a probe: it was read later."""
    return read_at is not None and (probe is None or probe.at < read_at)


def _training(model: Ref) -> Place:
    """What a model and the checkpoints of its training have in common."""
    return (model.profile, model.id.partition(":ckpt-step-")[0])


class _Maker:
    """Makes items of facts."""

    def __init__(
        self, known: Known, profiles: Mapping[str, Profile], prices: Prices, today: date
    ) -> None:
        self._known, self._profiles = known, profiles
        self._prices, self._today = prices, today
        self._uses = uses_of(known.jobs)
        self._listed: dict[str, dict[str, Model]] = {}
        self._seen: dict[Place, Seen[Model]] = {}
        for seen in known.models:
            self._listed.setdefault(seen.profile, {})[seen.item.id] = seen.item
            self._seen[seen.profile, seen.item.id] = seen

    # ------------------------------------------------------------------ models

    def models(self) -> tuple[list[InventoryItem], tuple[InventoryItem, ...]]:
        """Tuned models and checkpoints, those that are listed and those that jobs name; retired.

        Providers drop early checkpoints by themselves: of a model that is there, those of which
        nothing more is known are retired.
        """
        items = list(self._every_model())
        present = {_training(item.ref) for item in items if item.presence == "present"}

        def is_retired(item: InventoryItem) -> bool:
            dropped = item.ref.kind == "checkpoint" and item.presence == "missing"
            used = item.evaluations or item.answers or item.used_by or item.naming != Naming()
            return dropped and not used and _training(item.ref) in present

        retired = tuple(filter(is_retired, items))
        return [item for item in items if not is_retired(item)], retired

    def _every_model(self) -> Iterator[InventoryItem]:
        made: dict[Place, KeptJob] = dict(self._uses.made)
        steps: dict[Place, int | None] = {}
        jobs = {(kept.profile, kept.job.id): kept for kept in self._known.jobs}
        for profile, one in self._known.checkpoints:
            if one.model and (kept := jobs.get((profile, one.job_id))):
                made.setdefault((profile, one.model), kept)
                steps[profile, one.model] = one.step
        tuned = (place for place in self._seen if parse_model_name(place[1]).tuned)
        for profile, name in dict.fromkeys((*made, *tuned)):
            finished = (profile, name) in self._uses.made
            named = parse_model_name(name).step
            step = None if finished else steps.get((profile, name), named)
            saved = not finished and ((profile, name) in steps or named is not None)
            kind: Kind = "checkpoint" if saved else "model"
            yield self._model(profile, name, made.get((profile, name)), kind, step)

    def _model(
        self, profile: str, name: str, kept: KeptJob | None, kind: Kind, step: int | None
    ) -> InventoryItem:
        of = parse_model_name(name)
        origin = kept or self._uses.made.get((profile, name.partition(":ckpt-step-")[0]))
        called = of.suffix or (origin.job.suffix if origin else None) or ""
        title = called if step is None else f"{called} step {step}".lstrip()
        job = (Ref(profile, "job", origin.job.id),) if origin else ()
        base = of.base if of.tuned else (origin.job.model if origin else of.base)
        return self._asked(
            profile,
            kind,
            name,
            title or name,
            base,
            step=step,
            made_from=(*job, Ref(profile, "base", base)),
            orphan="" if origin or not self._has_read(profile, "jobs") else NO_JOB_MADE,
        )

    def bases(self, items: tuple[InventoryItem, ...]) -> Iterator[InventoryItem]:
        """Base models that something was made from, or that were asked or evaluated."""
        needed = {(item.ref.profile, item.base) for item in items if item.base}
        needed |= {
            place
            for place in (*self._known.asked, *self._known.evaluations)
            if not parse_model_name(place[1]).tuned
        }
        own = {(item.ref.profile, item.ref.id) for item in items if item.is_model}
        for profile, name in sorted(needed - own):
            yield self._asked(profile, "base", name, name, "")

    def _asked(
        self,
        profile: str,
        kind: Kind,
        name: str,
        title: str,
        base: str,
        *,
        step: int | None = None,
        made_from: tuple[Ref, ...] = (),
        orphan: str = "",
    ) -> InventoryItem:
        """Anything that can be asked."""
        place, provider = (profile, name), self._provider(profile)
        seen, asked = self._seen.get(place), self._known.asked.get(place)
        end = model_end(provider, name, self._listed.get(profile, {}), self._prices)
        presence = self._presence(profile, "models", seen)
        embedded = self._is_embedded(profile)
        words = {"present": "listed", "missing": "not listed", "unknown": "not looked for"}
        return InventoryItem(
            Ref(profile, kind, name),
            title,
            words[presence],
            presence,
            base=base,
            created_at=seen.item.created_at if seen and seen.item.created_at.timestamp() else None,
            seen_at=seen.seen_at if seen else None,
            step=step,
            price=self._prices.inference(provider, name),
            end=end,
            endless=embedded,
            reach=self._reach(place, presence, end),
            made_from=made_from,
            used_by=() if kind == "base" else tuple(self._uses.models.get(place, ())),
            evaluations=self._known.evaluations.get(place, ()),
            answers=asked.count if asked else 0,
            orphan=orphan,
            naming=self._naming(profile, kind, name),
        )

    def _reach(self, place: Place, presence: Presence, end: End | None) -> Reach:
        """What the latest sign says: a date that has passed, a probe, an answer, a list."""
        probe, asked = self._known.probes.get(place), self._known.asked.get(place)
        over = end is not None and end.date <= self._today
        if over and end is not None and (probe is None or probe.at.date() < end.date):
            return Reach("gone", f"It was shut down on {end.date:%d %b %Y}.")
        read_at = self._known.listings.get((place[0], "models"), Listing()).read_at
        if presence == "missing" and place in self._seen and _is_newer(read_at, probe):
            return Reach("gone", "The provider does not list it any more.", read_at)
        if probe is not None and probe.state != "unknown":
            said = "It answered a probe." if probe.state == "answers" else probe.words
            return Reach(probe.state, said, probe.at)
        if probe is not None:
            return Reach("unknown", probe.words, probe.at)
        if asked is not None:
            return Reach(
                "unknown", "It was asked from here, and has not been probed.", asked.last_at
            )
        missing = " The provider does not list it." if presence == "missing" else ""
        return Reach("unknown", f"It has not been probed.{missing}")

    # ------------------------------------------------------------------ jobs and files

    def jobs(self) -> Iterator[InventoryItem]:
        """Every job that is known, listed or kept."""
        for kept in self._known.jobs:
            job, here = kept.job, kept.profile
            seen = Seen(here, job, kept.seen_at)
            done = job.status == "succeeded" and job.finished_at is not None
            price = self._prices.training(self._provider(here), job.model)
            billed = price.cost(job.trained_tokens) if price and job.trained_tokens else None
            epochs = job.hyperparameters.n_epochs
            files = filter(None, (job.training_file, job.validation_file))
            yield InventoryItem(
                Ref(here, "job", job.id),
                job.suffix or parse_model_name(job.fine_tuned_model or "").suffix or job.id,
                job.status,
                self._presence(here, "jobs", seen),
                base=job.model,
                created_at=job.created_at if job.dated else None,
                seen_at=kept.seen_at,
                cost_usd=billed,
                took_s=(job.finished_at - job.created_at).total_seconds()
                if done and job.finished_at and job.dated
                else None,
                made_from=(*(Ref(here, "file", id) for id in files), Ref(here, "base", job.model)),
                naming=self._naming(here, "job", job.id),
                rows=kept.made_from.training.rows if kept.made_from.training else None,
                trained_tokens=job.trained_tokens,
                epochs=None if epochs == "auto" else epochs,
            )

    def files(self) -> Iterator[InventoryItem]:
        """Files that are listed, and those that jobs name and no list has."""
        listed = {(seen.profile, seen.item.id): seen for seen in self._known.files}
        for profile, id in dict.fromkeys((*listed, *self._uses.files)):
            yield self._file(profile, id, listed.get((profile, id)))

    def _file(self, profile: str, id: str, seen: Seen[RemoteFile] | None) -> InventoryItem:
        place, file = (profile, id), seen.item if seen else None
        users = tuple(self._uses.files.get(place, ()))
        source = self._uses.sources.get(place)
        presence = self._presence(profile, "files", seen)
        lonely = not users and presence == "present" and self._has_read(profile, "jobs")
        expires = file.expires_at if file else None
        return InventoryItem(
            Ref(profile, "file", id),
            file.filename if file and file.filename else id,
            file.status if file and presence != "missing" else "not listed",
            presence,
            purpose=file.purpose if file else "",
            created_at=file.created_at if file and file.created_at.timestamp() else None,
            seen_at=seen.seen_at if seen else None,
            size_bytes=file.size_bytes if file else None,
            digest=self._known.digests.get(place, "") or (source.digest if source else ""),
            path=source.path if source else "",
            rows=source.rows if source else None,
            end=End(expires.date(), "api", "expires_at of the file") if expires else None,
            endless=self._is_embedded(profile),
            used_by=users,
            orphan=NO_JOB_USES if lonely else "",
            naming=self._naming(profile, "file", id),
        )

    # ------------------------------------------------------------------ of any thing

    def training_end(self, item: InventoryItem) -> End | None:
        """From when on no job is taken where an item was trained."""
        found = self._prices.training_end(self._provider(item.ref.profile), item.base)
        return from_table(found, self._prices)

    def _provider(self, profile: str) -> str:
        found = self._profiles.get(profile)
        return found.provider if found else ""

    def _is_embedded(self, profile: str) -> bool:
        found = self._profiles.get(profile)
        return found is not None and found.dialect == "embedded"

    def _has_read(self, profile: str, part: str) -> bool:
        found = self._known.listings.get((profile, part))
        return found is not None and found.read_at is not None

    def _presence(
        self, profile: str, part: str, seen: Seen[RemoteFile] | Seen[Model] | Seen[Job] | None
    ) -> Presence:
        listing = self._known.listings.get((profile, part))
        if listing is None or listing.read_at is None:
            return "unknown" if seen is None or part == "jobs" else "present"
        return "present" if seen is not None and seen.seen_at >= listing.read_at else "missing"

    def _naming(self, profile: str, kind: Kind, id: str) -> Naming:
        return self._known.namings.get((profile, kind, id), Naming())
