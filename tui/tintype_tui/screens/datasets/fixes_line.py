"""Fixes: of the row that is looked at, laid over the file, or of all rows, in a copy."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from textual.binding import Binding, BindingType

from tintype import rules
from tintype.assessment import Assessment
from tintype.dataset import Dataset
from tintype.estimation import estimate
from tintype.estimation.fixes import Effect, Fix, fixed_value, fixes, measure, side_for
from tintype.estimation.row_images import ONE_ROW
from tintype.pricing import load_prices
from tintype.quote import planned
from tintype_tui.held_keys import opens
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.datasets.copy_line import CopyLine
from tintype_tui.screens.datasets.keeping import keep_row, row_to_edit
from tintype_tui.screens.datasets.opened import Opened
from tintype_tui.screens.datasets.part import Words, is_busy, stop_workers
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.text import count
from tintype_tui.words.fixes import effect_words


class FixesLine(Words):
    """`measuring 34 %, Esc stops`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "F",
            "fix",
            "Fixes",
            id="data.fixes",
            show=False,
            tooltip="of this row or of all: what each costs and saves, then do it",
        ),
    ]

    def words(self) -> str:
        return ""

    def stop(self) -> bool:
        return stop_workers(self, "fix")

    @opens(group="fix")
    async def action_fix(self) -> None:
        """Choose a fix for the row or for all, see what it does, and do it."""
        opened, assessed = self.opened, self.assessed
        if is_busy(self):
            return
        if opened is None or assessed is None or not assessed.complete:
            self.pane.say("The rows are still being checked. Try again when that is done.")
            return
        with self.pane.reporting("Cannot fix the rows"):
            every = await asyncio.to_thread(self._fixes, assessed)
            own = _of_row(every, assessed, self.index)
            shared = _shared(every, assessed)
            line = opened.dataset.line_of(self.index)
            entries = [fix.title for fix in own]
            entries += [f"{fix.title}{_concerned(fix, assessed)}" for fix in shared]
            headings = {0: f"Line {line:,}, laid over the file", len(own): "All rows, in a copy"}
            asked = Choose("Fixes: what each does is said first", entries, headings=headings)
            at = await self.app.push_screen_wait(asked)
            if at is None:
                return
            if at < len(own):
                await self._fix_row(opened.dataset, own[at], assessed)
            else:
                await self._fix_all(opened, shared[at - len(own)], assessed)

    def _fixes(self, assessed: Assessment) -> tuple[Fix, ...]:
        profile = assessed.rules
        side = side_for(assessed.statistics, assessed.counts.rule) if assessed.statistics else None
        return fixes(rules.fixing(profile), profile.max_images, side)

    async def _agreed(
        self, dataset: Dataset, fix: Fix, assessed: Assessment, rows: Sequence[int] | None, yes: str
    ) -> bool:
        """Whether a fix is to be done, once it has been seen what it does."""
        effect = Effect(0)
        try:
            async for effect in measure(dataset, fix.treatment, assessed.counts.rule, rows):
                share = effect.tried / max(1, effect.rows)
                self.doing = f"· measuring {share:.0%}, Esc stops" if not rows else ""
        finally:
            self.doing = ""
        if not effect.changed:
            self.pane.say(" ".join(effect.notes[:1]) or f"Nothing changes: {fix.title}.")
            return False
        price = await asyncio.to_thread(self._usd_per_token, assessed)
        words = "\n".join([*effect_words(effect, price), "", "The file itself is not written."])
        title = f"{fix.title[:1].upper()}{fix.title[1:]}?"
        return await self.app.push_screen_wait(Confirm(title, words, yes=yes))

    def _usd_per_token(self, assessed: Assessment) -> Decimal | None:
        """What one token costs by the usual plan, all epochs."""
        prices = load_prices(self.session.settings.prices)
        made = estimate(assessed.counts, planned(assessed, self.session.profile.provider), prices)
        return None if made.price is None else made.price.cost(made.epochs)

    async def _fix_row(self, dataset: Dataset, fix: Fix, assessed: Assessment) -> None:
        index = self.index
        if not await self._agreed(dataset, fix, assessed, [index], "Fix the row"):
            return
        source, _ = await row_to_edit(dataset, index)
        lines = await dataset.lines(index, 1, ONE_ROW)
        made = await asyncio.to_thread(fixed_value, lines[0], dataset, fix.treatment, source)
        await keep_row(self, dataset, source, lambda _: made)

    async def _fix_all(self, opened: Opened, fix: Fix, assessed: Assessment) -> None:
        if await self._agreed(opened.dataset, fix, assessed, None, "Write a copy"):
            await self.pane.query_one(CopyLine).write_fixed(opened, fix.treatment, fix.name)


def _of_row(every: Sequence[Fix], assessed: Assessment, index: int) -> list[Fix]:
    """The fixes of a row's own problems, and those for which nothing need be wrong."""
    wrong = {problem.rule for problem in assessed.figures.problems.get(index, ())}
    own = [fix for fix in every if wrong.intersection(fix.rules)]
    return own + [fix for fix in every if not fix.rules]


def _shared(every: Sequence[Fix], assessed: Assessment) -> list[Fix]:
    """The fixes of problems that rows have, and those for which nothing need be wrong."""
    return [fix for fix in every if not fix.rules or _total(fix, assessed)]


def _concerned(fix: Fix, assessed: Assessment) -> str:
    total = _total(fix, assessed)
    return f" · {count(total, 'problem')}" if total else ""


def _total(fix: Fix, assessed: Assessment) -> int:
    counts = assessed.summary.counts if assessed.summary else ()
    return sum(one.total for one in counts if one.rule in fix.rules)
