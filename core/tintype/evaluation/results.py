"""A run opened: every score as columns, made once from the logs and kept beside them.

Scoring fifty thousand answers takes seconds, reading fifty thousand lines takes half of one; so the
columns are kept in `scores.npz` and made again only where a log or a scorer has changed. Texts stay
in the logs until a row is looked at.
"""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tintype import paths
from tintype.errors import EvaluationError, FileError, TintypeError
from tintype.evaluation.plan import EvaluatedModel
from tintype.evaluation.run_folder import (
    ANSWERS,
    GRADES,
    LEAKS,
    ROWS,
    SCORES,
    EvaluationRun,
    run_at,
)
from tintype.evaluation.scorers import scorer_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bytes = NDArray[np.int8]

OK, BY_MODEL, BY_MACHINE = 0, 1, 2
"""Status of a cell: scored; no usable answer, which counts 0; no score because a machine failed."""
STATUSES = ("ok", "unscored_model", "unscored_infra")
BASELINE = "baselines"
"""In `Evaluation.extra`: mean scores without a model, by scorer and baseline."""
VERSION = 4
"""Of the columns."""


@dataclass(frozen=True, slots=True)
class ScorerFacts:
    """A scorer as it was when it scored."""

    name: str
    rule: str
    unit: str
    version: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run with its scores. Arrays are by scorer, model and position of the row."""

    run: EvaluationRun
    scorers: tuple[ScorerFacts, ...]
    """The first leads."""
    status: "Bytes"
    """(scorers, models, rows): `OK`, `BY_MODEL` or `BY_MACHINE`."""
    score: "Floats"
    """(scorers, models, rows), 0 to 1; NaN where a machine failed. The mean over samples."""
    format_ok: "Bytes"
    """(scorers, models, rows): 1 yes, 0 no, −1 not asked."""
    reason: "Ints"
    """(scorers, models, rows): index into `reasons`."""
    reasons: tuple[str, ...]
    """Why there is no score; the first is empty."""
    elapsed_s: "Floats"
    """(models, rows): from question to end; NaN where unknown."""
    ttft_s: "Floats"
    """(models, rows): to the first text."""
    tokens_in: "Ints"
    """(models, rows); −1 where unknown."""
    tokens_out: "Ints"
    """(models, rows)."""
    cost_usd: "Floats"
    """(models, rows); NaN where unknown. Sums of money are in `money`."""
    place: "Ints"
    """(models, rows): where in the log the first sample's answer begins, in bytes; −1 if none."""
    images: "Ints"
    """(rows,): rows of the same images have the same number."""
    facets: Mapping[str, tuple[tuple[str, ...], "Ints"]]
    """By name: the values, and (rows,) each row's index into them; −1 where it has none."""
    row_place: "Ints"
    """(rows,): where in the folder's `rows.jsonl` each row begins."""
    row_line: "Ints"
    """(rows,): 1-based line in the dataset."""
    row_index: "Ints"
    """(rows,): 0-based row of the dataset."""
    leaked: "NDArray[np.bool_]"
    """(rows,): whether a row's image was trained on, as far as that was looked at."""
    summaries: Mapping[str, Mapping[str, Any]]
    """By scorer and model (`scorer/model id`), figures over all rows, such as average precision."""
    sureness: Mapping[str, Any]
    """By scorer and model (`scorer/model id`): interval and test, which take long to work out."""
    extra: Mapping[str, Any]
    """By model id: finishes, snapshots, confusion, sums of money; and the baselines."""

    @property
    def folder(self) -> Path:
        """The run's."""
        return self.run.folder

    @property
    def models(self) -> tuple[EvaluatedModel, ...]:
        """In the order of the arrays."""
        return self.run.plan.models

    @property
    def titles(self) -> tuple[str, ...]:
        """What to call the models: titles where these differ, else names, else ids."""
        for name in ("title", "name"):
            said: list[str] = [getattr(model, name) for model in self.models]
            if len(set(said)) == len(said):
                return tuple(said)
        return tuple(model.id for model in self.models)

    @property
    def rows(self) -> int:
        """How many."""
        return self.run.rows

    def scorer_at(self, name: str = "") -> int:
        """The place of a scorer; empty is the leading one.

        Raises:
            EvaluationError: if the run was not scored by it.
        """
        if not name:
            return 0
        for at, one in enumerate(self.scorers):
            if one.name == name:
                return at
        raise EvaluationError(
            f"The evaluation {self.run.id} was not scored by {name!r}.",
            advice=f"It was by {', '.join(one.name for one in self.scorers)}.",
        )

    def model_at(self, model: str) -> int:
        """The place of a model, by its id, name or title.

        Raises:
            EvaluationError: if it took no part.
        """
        for at, one in enumerate(self.models):
            if model in (one.id, one.name, one.title):
                return at
        raise EvaluationError(f"{model!r} is no model of the evaluation {self.run.id}.")

    @property
    def reference(self) -> int:
        """The place of the model that the others are compared with."""
        return self.models.index(self.run.plan.compared_with)

    def baselines(self, scorer: str = "") -> Mapping[str, float]:
        """Mean scores that cost nothing, by name, the best first; empty if there are none."""
        name = self.scorers[self.scorer_at(scorer)].name
        found: Mapping[str, float] = self.extra.get(BASELINE, {}).get(name, {})
        return dict(sorted(found.items(), key=lambda one: -one[1]))

    @property
    def is_complete(self) -> bool:
        """Whether every row has an answer of every model."""
        return bool((self.place >= 0).all())


def open(folder: Path, scorers: Sequence[str] | None = None) -> Evaluation:
    """Open a run, finished or not, offline. Blocking: at once if its scores are kept, else seconds.

    Args:
        folder: The run's.
        scorers: Score by these instead; none are those of the run.

    Raises:
        EvaluationError: if there is no run, or a scorer cannot be used any more.
        FileError: if it cannot be read.
    """
    from tintype.evaluation.comparing import sureness_of
    from tintype.evaluation.scoring import scored

    run = run_at(folder)
    specs = tuple(scorers) if scorers else run.plan.scorers
    key = _key(folder, specs)
    kept = _kept(folder / SCORES, key)
    if kept is None:
        arrays, more = scored(run, specs)
        more["sureness"] = {}
        more["sureness"] = sureness_of(_evaluation(run, arrays, json.loads(json.dumps(more))))
        text, data = json.dumps({**more, "key": key}), io.BytesIO()
        kept = arrays, json.loads(text)
        if specs == run.plan.scorers:
            np.savez(data, meta=np.frombuffer(text.encode(), np.uint8), **arrays)
            with contextlib.suppress(FileError):  # a folder that may only be read is read again
                paths.write_whole(folder / SCORES, data.getvalue(), replace=True, private=True)
    return _evaluation(run, *kept)


def _key(folder: Path, specs: Sequence[str]) -> list[Any]:
    sizes = []
    for name in (ROWS, ANSWERS, GRADES, LEAKS):
        there = paths.is_file(folder / name)
        sizes.append(paths.size(folder / name) if there else -1)
    return [VERSION, list(specs), sizes, list(map(_version, specs))]


def _version(spec: str) -> int | None:
    """A scorer's version; none if it cannot be had any more."""
    try:
        return scorer_of(spec).version
    except TintypeError:
        return None


def _fits(kept: Any, key: list[Any]) -> bool:
    """Whether scores were made from what is there; what a scorer that has gone gave is believed."""
    if not isinstance(kept, list) or kept[:3] != key[:3]:
        return False
    return all(now in (None, then) for then, now in zip(kept[3], key[3], strict=True))


def _kept(path: Path, key: list[Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    if not paths.is_file(path):
        return None
    try:
        with np.load(io.BytesIO(paths.read_bytes(path)), allow_pickle=False) as file:
            meta = json.loads(file["meta"].tobytes())
            if not _fits(meta.get("key"), key):
                return None
            return {name: file[name] for name in file.files if name != "meta"}, meta
    except (ValueError, KeyError, OSError, EOFError):
        return None


def _evaluation(
    run: EvaluationRun, arrays: Mapping[str, Any], meta: Mapping[str, Any]
) -> Evaluation:
    facets = {
        name: (tuple(values), arrays[f"facet {at}"])
        for at, (name, values) in enumerate(meta["facets"].items())
    }
    columns = {name: array for name, array in arrays.items() if not name.startswith("facet ")}
    return Evaluation(
        run=run,
        scorers=tuple(ScorerFacts(**one) for one in meta["scorers"]),
        reasons=tuple(meta["reasons"]),
        facets=facets,
        summaries=meta["summaries"],
        sureness=meta["sureness"],
        extra=meta["extra"],
        **columns,
    )


def lines_with_places(path: Path) -> Iterator[tuple[int, bytes]]:
    """Every line of a log with where it begins, in bytes.

    Raises:
        FileError: if it cannot be read.
    """
    if not paths.is_file(path):
        return
    place = 0
    for line in paths.read_bytes(path).split(b"\n"):
        yield place, line
        place += len(line) + 1
