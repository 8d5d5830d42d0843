import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.engines.base import Resolved
from tintype.engines.tiny.plan import StepPlan, resolve
from tintype.resources import Hyperparameters

epochs = st.integers(1, 50) | st.just("auto")
batches = st.integers(1, 256) | st.just("auto")
rates = st.floats(0.01, 10) | st.just("auto")


@given(st.integers(1, 100_000), st.builds(Hyperparameters, epochs, batches, rates))
def test_what_is_chosen_obeys_the_contract_and_what_was_asked(
    examples: int, asked: Hyperparameters
) -> None:
    chosen = resolve(examples, asked)
    assert 1 <= chosen.n_epochs <= 50
    assert 1 <= chosen.batch_size <= 256
    assert chosen.learning_rate_multiplier > 0
    for name in ("n_epochs", "batch_size", "learning_rate_multiplier"):
        if getattr(asked, name) != "auto":
            assert getattr(chosen, name) == getattr(asked, name)
    plan = StepPlan.of(examples, chosen)
    assert plan.total_steps == math.ceil(examples / chosen.batch_size) * chosen.n_epochs
    assert 1 <= plan.views <= 8


@pytest.mark.parametrize("examples", [64, 100, 240, 600, 2_830, 5_000])
def test_left_alone_it_takes_about_as_many_steps_whatever_the_size(examples: int) -> None:
    plan = StepPlan.of(examples, resolve(examples, Hyperparameters()))
    assert 2_400 <= plan.total_steps <= 4_000


def test_few_rows_are_shown_in_several_variations_at_once() -> None:
    assert StepPlan.of(10, resolve(10, Hyperparameters())).views == 8
    assert StepPlan.of(2_830, resolve(2_830, Hyperparameters())).views == 1
    assert StepPlan.of(10, Resolved(50, 16, 1.0)).views == 1
