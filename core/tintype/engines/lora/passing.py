"""Steps as packs, made in advance; and packs as gradients, captured where that is possible."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from tintype.engines.base import Note, Report, TrainingOrder
from tintype.engines.lora import forward, packing
from tintype.engines.lora.captured import CapturedPass, Sizes
from tintype.engines.lora.loading import OpenModel
from tintype.engines.lora.optimizer import Optimizer
from tintype.engines.lora.packing import PackedRows
from tintype.engines.lora.plan import Fit
from tintype.engines.lora.preparation import PreparedTraining
from tintype.engines.lora.ranks import Ranks
from tintype.engines.lora.rows import IGNORED, Encoded

CAPTURE = "TINTYPE_CAPTURE"
"""Set to 1 to capture passes on a GPU. Not the default: no GPU has tried it yet."""
WORTH_IT = 20
"""Steps from which on a graph is captured: that takes as long as about five."""
LOOKED_AT = 5000
"""Steps whose sizes are looked at to find the largest pack."""


@contextmanager
def deterministic(on: bool = True) -> Iterator[None]:
    """Kernels that give the same bits each time, where there are any."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(on, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


@dataclass(frozen=True, slots=True)
class PackedStep:
    """One step's rows, ready to be computed."""

    rows: Sequence[Encoded]
    """All of them, whoever computes them."""
    packs: Sequence[PackedRows]
    """Of those that are this process's."""
    learnt: int
    """Tokens of all rows to be learnt, over which the loss is a mean."""
    fit: Fit
    """By which it was laid out."""


class Layout:
    """Which rows meet in a step, and in which packs."""

    def __init__(
        self, order: TrainingOrder, prepared: PreparedTraining, fit: Fit, ranks: Ranks
    ) -> None:
        self._order, self._prepared, self._ranks = order, prepared, ranks
        self._opened = prepared.opened
        self.change(fit)

    def change(self, fit: Fit) -> None:
        """Lay steps out otherwise from now on: all of them in equally many packs."""
        self._fit, self._least = fit, 1
        totals = [sum(_lengths(step)) for step in self._all_steps()]
        self._least = -(-max(totals, default=1) // fit.tokens)
        if fit.checkpointing:
            self._opened.model.gradient_checkpointing_enable({"use_reentrant": False})
        else:
            self._opened.model.gradient_checkpointing_disable()

    def steps(self, epoch: int) -> list[list[Encoded]]:
        """The conversations of every step of an epoch (from 0)."""
        rows, batch = self._prepared.rows, self._order.hyperparameters.batch_size
        order = packing.row_order(len(rows), self._order.seed, epoch)
        return [
            [one for at in order[first : first + batch] for one in rows[at]]
            for first in range(0, len(order), batch)
        ]

    def _all_steps(self) -> Iterator[list[Encoded]]:
        looked = 0
        for epoch in range(self._order.hyperparameters.n_epochs):
            for step in self.steps(epoch):
                yield self._own(step)
                looked += 1
            if looked >= LOOKED_AT:
                return

    def _own(self, rows: Sequence[Encoded]) -> list[Encoded]:
        """Those of a step that this process computes; all of them, if it is alone."""
        if self._ranks.size == 1:
            return list(rows)
        return [rows[at] for at in self._ranks.share(_lengths(rows))]

    def packed(self, rows: Sequence[Encoded]) -> PackedStep:
        """Some rows as packs, in memory."""
        fit, own = self._fit, self._own(rows)
        groups = self._groups(own) if own else []
        packs = [self._together([own[at] for at in group]) for group in groups]
        return PackedStep(rows, packs, sum(map(_learnt, rows)), fit)

    def _groups(self, rows: Sequence[Encoded]) -> list[list[int]]:
        least = min(self._least, len(rows))
        return packing.laid_out(
            _lengths(rows), self._fit.tokens, packs=self._opened.packs, least=least
        )

    def _together(self, rows: Sequence[Encoded]) -> PackedRows:
        known = {key: self._prepared.features.get(key) for row in rows for key in row.images}
        made = packing.together(self._opened, rows, known)
        return made.pinned() if self._opened.device.type == "cuda" else made

    def captured(self, parameters: Sequence[Tensor]) -> CapturedPass | None:
        """A pass that the packs of this training fit into; none where it is not worth it."""
        fit, order = self._fit, self._order
        count = -(-len(self._prepared.rows) // order.hyperparameters.batch_size)
        steps = count * order.hyperparameters.n_epochs
        if fit.checkpointing or not self._opened.packs or steps < WORTH_IT:
            return None
        return CapturedPass(self._opened, parameters, *self.sizes())

    def sizes(self) -> tuple[Sizes, int]:
        """What the largest pack holds, and the levels of vision (0: there are no images)."""
        tokens, count, learnt, images, longest = 0, 0, 0, 0, 0
        for step in self._all_steps():
            for group in self._groups(step) if step else []:
                rows = [step[at] for at in group]
                tokens = max(tokens, sum(_lengths(rows)))
                count = max(count, len(rows))
                learnt = max(learnt, sum(map(_learnt, rows)))
                images = max(images, sum(self._image_tokens(row) for row in rows))
                longest = max(longest, *_lengths(rows))
        keys = (row.images[0] for one in self._prepared.rows for row in one if row.images)
        shown = next(keys, None)
        levels = 0 if shown is None else self._prepared.features.get(shown).shape[0]
        return Sizes(tokens, count, learnt, images, longest), levels

    def _image_tokens(self, row: Encoded) -> int:
        return int((row.ids == self._opened.image_token).sum())


def _lengths(rows: Sequence[Encoded]) -> list[int]:
    return [one.ids.numel() for one in rows]


def _learnt(row: Encoded) -> int:
    return int((row.labels != IGNORED).sum())


class Passing:
    """Packs as gradients."""

    def __init__(
        self,
        opened: OpenModel,
        optimizer: Optimizer,
        layout: Layout,
        report: Callable[[Report], None],
    ) -> None:
        self._opened, self._optimizer = opened, optimizer
        self._layout, self._report = layout, report
        self._capturable = opened.device.type == "cuda" and os.environ.get(CAPTURE) == "1"
        self._captured: CapturedPass | None = None
        self._begun = False
        self._strict = True
        """Whether an operation without a deterministic kernel is an error."""

    @property
    def captured(self) -> bool:
        """Whether packs are replayed from a graph."""
        return self._captured is not None

    def run(self, rows: PackedRows) -> tuple[Tensor, Tensor]:
        """Loss in all and tokens foretold rightly; the gradients are in the parameters."""
        on = torch.are_deterministic_algorithms_enabled()
        # Flash attention is deterministic only where anything else would be an error.
        torch.use_deterministic_algorithms(on, warn_only=not self._strict)
        try:
            return self._passed(rows)
        finally:
            torch.use_deterministic_algorithms(on, warn_only=True)

    def _passed(self, rows: PackedRows) -> tuple[Tensor, Tensor]:
        if self._capturable and not self._begun:
            self._captured = self._layout.captured(self._optimizer.parameters)
            self._begun = True
        if self._captured is not None and self._captured.fits(rows):
            return self._captured.run(rows)
        lost, hits = forward.loss(self._opened, rows.to(self._opened.device))
        lost.backward()
        return lost.detach(), hits

    def begin_anew(self) -> None:
        """Packs have another size from now on."""
        self._captured, self._begun = None, False
        if self._opened.device.type == "cuda":
            torch.cuda.empty_cache()

    def allow(self, error: RuntimeError) -> None:
        """Go on without what could not be done: capturing, or the same bits each time.

        Raises:
            RuntimeError: the error, if neither helps.
        """
        if self._strict and "deterministic" in str(error):
            self._strict = False
            words = "This GPU has no deterministic kernel for some operation: a training gives "
            self._report(Note(f"{words}the same weights only up to rounding."))
        elif self._captured is not None:
            self._capturable = False
            logging.getLogger(__name__).warning("Passes cannot be captured: %s", error)
        else:
            raise error
        self.begin_anew()
