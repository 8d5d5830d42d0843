"""A dataset divided: split, folded, or a sample of its rows written."""

from contextlib import aclosing
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from tintype.dataset.dividing import Divided, Draw, divide, folding, picking, splitting
from tintype.errors import DatasetError
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.screens.choosing import Choose
from tintype_tui.screens.datasets.opened import Opened
from tintype_tui.screens.datasets.part import Words, is_busy, stop_workers
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.save_as import SaveAs, Target

SPLIT, STRATIFIED, FOLDS = "Split by chance", "Split, as many of each label", "Folds"
RANDOM, SAME_SHARES, FIRST = "Sample of rows", "Sample, as many of each label", "First rows"
KINDS = (SPLIT, STRATIFIED, FOLDS, RANDOM, SAME_SHARES, FIRST)
HOW = {RANDOM: "random", SAME_SHARES: "stratified", FIRST: "first"}
MOST_FOLDS = 100


class DivideLine(Words):
    """`writing 34 %, Esc stops`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "Y",
            "divide",
            "Split or sample",
            id="data.divide",
            show=False,
            tooltip="into train, valid, test; rows that share an image stay together",
        ),
    ]

    def words(self) -> str:
        return ""

    def stop(self) -> bool:
        return stop_workers(self, "divide")

    @opens(group="divide")
    async def action_divide(self) -> None:
        """Write splits, folds or a sample, and open what can be trained on."""
        if (opened := self.opened) is None or is_busy(self):
            return
        with self.pane.reporting("Cannot divide the dataset"):
            chosen = await self.app.push_screen_wait(Choose("Split or sample", KINDS))
            asked = await self._numbers(KINDS[chosen]) if chosen is not None else None
            if chosen is None or asked is None:
                return
            target = await self._target(opened, KINDS[chosen])
            if target is not None:
                draw = _draw(KINDS[chosen], asked, target.path)
                await self._write(opened, draw, target)

    async def _numbers(self, kind: str) -> list[int] | None:
        """What the person says of how many."""
        title, value, hint = {
            SPLIT: ("Validation and test, in percent", "10 10", "The rest is for training."),
            STRATIFIED: ("Validation and test, in percent", "10 10", "The rest is for training."),
            FOLDS: ("How many folds?", "5", "Each row is in one validation file."),
        }.get(kind, ("How many rows?", "100", "They keep their order."))
        hints = (hint, "A seed may follow: the same seed draws the same.")
        text = await self.app.push_screen_wait(Ask(title, value=value, hints=hints))
        if not text:
            return None
        try:
            numbers = [int(word) for word in text.replace("%", " ").replace(",", " ").split()]
        except ValueError:
            raise DatasetError(f"{text!r} are no numbers.", advice=f"Type {value}.") from None
        least = 2 if kind in (SPLIT, STRATIFIED) else 1
        shares = numbers[:2] if least == 2 else []
        few = len(numbers) < least or min(numbers[:least]) < 0
        if few or sum(shares) >= 100 or (kind == FOLDS and not 2 <= numbers[0] <= MOST_FOLDS):
            raise DatasetError(f"{text!r} does not say how many.", advice=f"Type {value}.")
        return numbers

    async def _target(self, opened: Opened, kind: str) -> Target | None:
        stem, folder = opened.path.stem, opened.path.parent
        if kind in HOW:
            return await self.app.push_screen_wait(
                SaveAs(
                    "Write the rows into",
                    folder / f"{stem}-sample.jsonl",
                    lambda _: ("The dataset itself is not changed.",),
                    ending=".jsonl",
                )
            )
        proposed = folder / f"{stem}-{'folds' if kind == FOLDS else 'split'}"
        hints = ("A folder. Rows that share an image stay together.",)
        return await self.app.push_screen_wait(
            SaveAs("Write the splits into", proposed, lambda _: hints)
        )

    async def _write(self, opened: Opened, draw: Draw, target: Target) -> None:
        done = Divided()
        try:
            steps = divide(opened.dataset, draw, replace_files=target.replace)
            async with aclosing(steps):
                async for done in steps:
                    rows = done.written.rows if done.rows else done.read
                    verb = "writing" if done.rows else "reading"
                    self.doing = f"· {verb} {rows / max(1, opened.rows):.0%}, Esc stops"
        finally:
            self.doing = ""
        names = {path.name for path in done.rows}
        parts = [f"{path.stem} {rows:,}" for path, rows in done.rows.items()]
        said = ", ".join(parts) if len(parts) == len(names) else f"{len(parts)} files"
        self.pane.say(f"Written to {target.path.name}: {said}.")
        self.post_message(requests.open_dataset(next(iter(done.rows))))


def _draw(kind: str, numbers: list[int], target: Path) -> Draw:
    if kind in HOW:
        seed = numbers[1] if len(numbers) > 1 else 0
        return picking(target, numbers[0], how=HOW[kind], seed=seed)
    if kind == FOLDS:
        return folding(target, numbers[0], seed=numbers[1] if len(numbers) > 1 else 0)
    valid, test = (Fraction(number, 100) for number in numbers[:2])
    seed = numbers[2] if len(numbers) > 2 else 0
    return splitting(target, valid=valid, test=test, seed=seed, stratified=kind == STRATIFIED)
