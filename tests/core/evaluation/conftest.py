"""What tests of evaluations share: small datasets, and a run watched to its end."""

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tintype import evaluation
from tintype.api import Api
from tintype.budget import NOTHING_CONFIRMED, Limits
from tintype.evaluation import EvaluationPlan, RunProgress
from tintype.store import Store


def write_rows(path: Path, pairs: Sequence[tuple[str, str]], **more: Any) -> Path:
    """A dataset of questions and truths."""
    lines = [
        {
            "messages": [
                {"role": "user", "content": question},
                {"role": "assistant", "content": truth},
            ],
            **more,
        }
        for question, truth in pairs
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


async def run_to_the_end(
    plan: EvaluationPlan, folder: Path, *apis: Api, store: Store, **more: Any
) -> list[RunProgress]:
    """Every progress of a run."""
    running = evaluation.run(
        plan,
        folder,
        apis={api.profile.name: api for api in apis},
        store=store,
        limits=more.pop("limits", Limits(Decimal(1))),
        confirmation=more.pop("confirmation", NOTHING_CONFIRMED),
        **more,
    )
    return [step async for step in running]


@pytest.fixture
def rows() -> Callable[..., Path]:
    """`rows(path, [(question, truth), …])` writes a dataset."""
    return write_rows


@pytest.fixture
def finished() -> Callable[..., Any]:
    """`await finished(plan, folder, api, store=…)`: every progress of a run."""
    return run_to_the_end
