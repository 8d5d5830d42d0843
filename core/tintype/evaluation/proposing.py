"""What to evaluate to begin with: a model beside its base, on the test split of its data."""

from collections.abc import Sequence
from pathlib import Path

from tintype.dataset.splits import siblings
from tintype.evaluation.plan import MOST_MODELS, EvaluatedModel, EvaluationPlan
from tintype.model_names import parse_model_name
from tintype.store import KeptJob, Store


def proposed(
    store: Store, profile: str, model: str, near: Path | None = None, *, beside: Sequence[str] = ()
) -> EvaluationPlan | None:
    """Return what to evaluate of a model; its scorers depend on the rows and are left open.

    Blocking: folders are listed.

    Args:
        store: Where jobs are.
        profile: That of the model.
        model: Tuned, a checkpoint or a base; empty for none yet.
        near: A file of the data to evaluate on, where the model's own is not known.
        beside: Models to evaluate besides it and its base.

    Returns:
        None if no data is known. Rows are those of the test split, else of the validation split,
        else of the file itself.
    """
    training = _training(store, profile, model)
    source = training or near
    if source is None:
        return None
    splits = siblings(source)
    names = dict.fromkeys([model, *beside, parse_model_name(model).base] if model else [])
    return EvaluationPlan(
        dataset=splits.test or splits.valid or source,
        models=tuple(EvaluatedModel(name, profile) for name in [*names][:MOST_MODELS]),
        scorers=(),
        training=(training,) if training else (),
    )


def _training(store: Store, profile: str, model: str) -> Path | None:
    """The file that a model was trained on, if a job of ours made it."""
    whole = model.partition(":ckpt-step-")[0]
    for kept in store.jobs.newest(profile=profile) if parse_model_name(model).tuned else ():
        if _made(store, kept, model, whole) and kept.made_from.training is not None:
            return Path(kept.made_from.training.path)
    return None


def _made(store: Store, kept: KeptJob, model: str, whole: str) -> bool:
    if kept.job.fine_tuned_model in (model, whole):
        return True
    checkpoints = store.jobs.checkpoints(kept.profile, kept.job.id)
    return any(one.model == model for one in checkpoints)
