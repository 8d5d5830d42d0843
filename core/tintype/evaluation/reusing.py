"""Answers that need not be asked for again, because an earlier run has them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tintype.errors import FileError
from tintype.evaluation.log import Key, Replay, cache_key, to_ask
from tintype.evaluation.plan import EvaluationPlan
from tintype.evaluation.rows import EvaluatedRow
from tintype.evaluation.run_folder import ANSWERS, EvaluationRun, logged, runs_in


def key_of(plan: EvaluationPlan, row: EvaluatedRow, model: str, sample: int) -> str:
    """What an answer is known by: model, messages, parameters, and the number of the sample."""
    chosen = plan.parameters
    return cache_key(
        {
            "model": model,
            "asked": row.asked,
            "system": plan.system,
            "question": plan.question,
            "temperature": chosen.temperature,
            "top_p": chosen.top_p,
            "max_tokens": chosen.max_tokens,
            "seed": chosen.seed,
            "detail": chosen.detail,
            "sample": sample,
            **({"logprobs": True} if plan.logprobs else {}),
            **({"shots": plan.shots.digest} if plan.shots else {}),
        }
    )


def reused(
    run: EvaluationRun, rows: Sequence[EvaluatedRow], replayed: Replay
) -> Iterator[dict[str, Any]]:
    """Lines for the log of a run, from those of the runs beside it; each says that it is cached.

    Blocking: their logs are read.
    """
    plan = run.plan
    models = [model.id for model in plan.models]
    wanted: dict[str, Key] = {
        key_of(plan, rows[at], model, sample): (at, model, sample)
        for at, model, sample in to_ask(replayed, len(rows), models, samples=plan.samples)
    }
    for earlier in runs_in(run.folder.parent) if wanted else ():
        shared = {model.id for model in earlier.plan.models} & set(models)
        if earlier.folder == run.folder or not shared:
            continue
        for line in _answers(earlier):
            key = wanted.pop(line.get("key", ""), None)
            if key is not None:
                row, model, sample = key
                yield {**line, "row": row, "model": model, "sample": sample, "cached": True}
        if not wanted:
            return


def _answers(earlier: EvaluationRun) -> list[Mapping[str, Any]]:
    try:
        return list(logged(earlier.folder, ANSWERS).answers.values())
    except FileError:
        return []
