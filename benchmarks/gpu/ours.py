"""The engine itself: its own preparation, loop and answerer."""

import contextlib
import hashlib
import io
import itertools
import logging
import statistics
import time
from dataclasses import replace
from typing import Any

from PIL import Image

from benchmarks.gpu.figures import SMOKE
from benchmarks.gpu.section import BATCH, TOKENS, Section, inputs


class Enough(Exception):
    """So many steps are enough."""


def prepared(section: Section) -> Any:
    """Rows as tokens, and features of all images."""
    from tintype.engines.base import Resolved, TrainingOrder
    from tintype.engines.lora import preparation

    batch = 4 if SMOKE else BATCH
    order = TrainingOrder(section.rows, None, section.folder / "job", Resolved(50, batch, 1.0), 7)
    begun = time.monotonic()
    made = preparation.prepared_for(section.opened, order, lambda told: None, lambda: None)
    section.wait()
    tokens = [one.ids.numel() for row in made.rows for one in row]
    section.say(
        "prepare",
        rows=len(made.rows),
        ms_row=(time.monotonic() - begun) / len(made.rows) * 1e3,
        tokens_row=statistics.mean(tokens),
        memory_gb=section.memory_gb(),
    )
    return order, made


def trained(
    section: Section, order: Any, made: Any, *, deterministic: bool, steps: int = 12
) -> tuple[float, str]:
    """Rows a second of the engine's own loop, and a digest of the adapters after its steps.

    The pace is that of the median of all steps but the first two.
    """
    from tintype.engines.lora import passing, states

    (order.folder / states.STATE).unlink(missing_ok=True)
    made.adapters.draw(7)
    with passing.deterministic(deterministic):
        marks, told, captured = _run(section, order, made, steps)
    between = [later - earlier for earlier, later in itertools.pairwise(marks[1:])]
    pace = order.hyperparameters.batch_size / statistics.median(between)
    last = told[-1].metrics
    section.say(
        f"ours{', captured' * captured}{', not deterministic' * (not deterministic)}",
        rows_s=pace,
        tokens_s=last["tokens_per_second"],
        mfu=last.get("mfu"),
        memory_gb=last.get("memory_gb"),
        batch=order.hyperparameters.batch_size,
        losses=[round(step.metrics["train_loss"], 4) for step in told[:3]],
        steps=len(told),
        captured=captured,
    )
    return float(pace), _digest(made)


def resumed(section: Section, order: Any, made: Any, whole: str, steps: int = 12) -> None:
    """Whether a training that is stopped, and taken up from its state, ends with the same bits."""
    from tintype.engines.lora import passing, states

    (order.folder / states.STATE).unlink(missing_ok=True)
    made.adapters.draw(7)
    with passing.deterministic():
        _run(section, order, made, steps // 2, save=True)
        made.adapters.draw(8)
        _run(section, order, made, steps)
    section.say("stopped and taken up: the same bits", same=_digest(made) == whole)


def _run(
    section: Section, order: Any, made: Any, steps: int, *, save: bool = False
) -> tuple[list[float], list[Any], bool]:
    """Train up to a step: when each ended, what it reported, whether passes were captured."""
    from tintype.engines.base import Note, Step
    from tintype.engines.lora import training

    marks: list[float] = []
    told: list[Step] = []

    def report(what: Any) -> None:
        if isinstance(what, Note):
            section.say("note", message=what.message)
        if isinstance(what, Step):
            marks.append(time.perf_counter())
            told.append(what)

    def pulse() -> None:
        if (told and told[-1].step >= steps) or section.left < 2:
            raise Enough

    logging.getLogger("tintype").addHandler(_Said(section))
    run = training.Training(order, made, report, pulse)
    with contextlib.suppress(Enough):
        run.go()
    if save:
        run.save_state()
    return marks, told, run.captured


class _Said(logging.Handler):
    """What the engine writes into the log, as a line."""

    def __init__(self, section: Section) -> None:
        super().__init__()
        self._section = section

    def emit(self, record: logging.LogRecord) -> None:
        self._section.say("log", message=record.getMessage()[:600])


def _digest(made: Any) -> str:
    digest = hashlib.sha256()
    for parameter in made.adapters.parameters:
        digest.update(parameter.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()


def equality(section: Section, made: Any, count: int = 4) -> None:
    """The loss of some rows, laid end to end, beside transformers' own forward pass of each."""
    from tintype.engines.lora import attention, forward, packing

    torch, opened = section.torch, section.opened
    rows = [made.rows[at][0] for at in range(count)]
    known = {key: made.features.get(key) for row in rows for key in row.images}
    attention.use(opened.text, attention.PACKED)
    for parameter in made.adapters.parameters:
        parameter.data.normal_(0, 0.02)
    opened.text.eval()
    with torch.no_grad():
        total, _ = forward.loss(opened, packing.together(opened, rows, known).to(opened.device))
        attention.use(opened.model, attention.PLAIN)
        alone = 0.0
        for row, (said, image) in zip(rows, section.messages(), strict=False):
            given = inputs(opened, [said], [image]).to(opened.device)
            assert given["input_ids"][0].tolist() == row.ids.tolist()
            logits = opened.model(**given, use_cache=False).logits[0, :-1].float()
            labels = row.labels[1:].to(opened.device)
            alone += float(torch.nn.functional.cross_entropy(logits, labels, reduction="sum"))
    count_learnt = sum(int((row.labels >= 0).sum()) for row in rows)
    section.say(
        "loss of the same rows",
        ours=float(total) / count_learnt,
        transformers=alone / count_learnt,
        apart=abs(float(total) - alone) / alone,
    )


def serving(section: Section, made: Any) -> None:
    """An answer through the engine's own answerer, an adapter in place: tokens a second."""
    from tintype.engines.base import Sampling, Turn
    from tintype.engines.lora import attention
    from tintype.engines.lora.answering import LoraAnswerer, OpenBase

    attention.use(section.opened.text, attention.PLAIN)
    section.opened.text.eval()
    endless = replace(section.opened, ends=frozenset())
    shared = OpenBase(endless, made.adapters, graphs=section.cuda)
    own = [parameter.detach().clone() for parameter in made.adapters.parameters]
    other = [parameter * 2 for parameter in own]
    _, data = section.messages()[0]
    turns = [Turn("user", ("What colour is it?", Image.open(io.BytesIO(data))))]
    for number, weights in enumerate((own, own, other)):
        begun = time.perf_counter()
        marks = [
            time.perf_counter()
            for _ in LoraAnswerer(shared, weights)._tokens(turns, Sampling(max_tokens=TOKENS))
        ]
        section.say(
            ("first answer", "second answer", "answer by another adapter")[number],
            first_token_s=marks[0] - begun,
            tokens_s=(len(marks) - 3) / (marks[-1] - marks[2]),
            memory_gb=section.memory_gb(),
        )
