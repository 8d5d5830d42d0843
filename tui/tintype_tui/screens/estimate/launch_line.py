"""The title line and the launch: what to ask first, rows left out, the order."""

import asyncio
from collections.abc import Collection
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import var
from textual.widgets import Static

from tintype import budget
from tintype.dataset import open_dataset
from tintype.dataset.embed import export
from tintype.jobs import Order
from tintype.loop import LoopState
from tintype.paths import exists
from tintype.pricing import load_prices
from tintype.prospects import forecast
from tintype.quote import Outlook, Quote, concern, validation_concern
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.screen import Pane, Part
from tintype_tui.screens.dialogs import Confirm
from tintype_tui.screens.estimate.plan_part import Replanned
from tintype_tui.screens.launch import Launch, Marked
from tintype_tui.text import count, visible
from tintype_tui.widgets.choices import Choices


class LaunchLine(Part):
    """The title line, and the launch."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "launch", "Launch", id="estimate.launch"),
    ]
    DEFAULT_CSS = """
    LaunchLine { height: 1; }
    """

    loop_state: var[LoopState] = var(LoopState())
    outlook: var[Outlook] = var(Outlook(), bindings=True)
    choices: var[Choices] = var(Choices())

    class Changed(Message):
        """What the quote was made from has changed."""

    def compose(self) -> ComposeResult:
        yield Static()

    def watch_loop_state(self) -> None:
        self._draw()

    def watch_outlook(self) -> None:
        self._draw()

    def _draw(self) -> None:
        path, outlook = self.loop_state.dataset, self.outlook
        words = [with_keys(self, "No dataset yet: press {go.datasets} to choose one.")]
        if path is not None:
            words = [
                f"{path.parent.name}/{path.name}",
                f"at {self.session.profile.name}",
                count(outlook.found.counts.rows, "row") if outlook.found else "",
                outlook.waiting,
            ]
        self.query_one(Static).update(Content(visible(" · ".join(filter(None, words)))))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        chosen = self.loop_state.dataset is not None
        return (chosen and not self.session.settings.read_only) or None

    @opens(exclusive=True, group="launch")
    async def action_launch(self) -> None:
        """Ask what has to be asked, then show the order; or say why there is nothing to launch."""
        outlook, choices = self.outlook, self.choices
        if (made := outlook.quote) is None:
            why = outlook.why or f"Still {outlook.waiting}: launch when the estimate is complete."
            self.pane.say(why, title="Cannot launch yet", severity="warning")
            return
        with self.pane.reporting("Cannot launch"):
            if made.assessment.file.edits:
                await self._copy_edited(made, choices)
                return
            profile, settings = self.session.profile, self.session.settings
            prices = await asyncio.to_thread(load_prices, settings.prices)
            await asyncio.to_thread(made.require, provider=profile.provider, prices=prices)
            path = await agreed(self.pane, made)
            if path is not None and path != made.training:
                self.post_message(Replanned(choices, path, launch=True))
            elif path is not None:
                await self._launch(made, choices)
            return
        self.post_message(self.Changed())

    async def _copy_edited(self, made: Quote, choices: Choices) -> None:
        """Train on a copy with the edits in it: the file that would be sent lacks them."""
        copy = _free(made.training, "edited")
        words = f"{made.training.name} itself is not changed. {copy.name} has the edits in it."
        question = Confirm("Rows are edited: train on a copy?", words, yes="Write and launch it")
        if await self.app.push_screen_wait(question):
            rows = await _write(made.training, copy, ())
            self.pane.say(f"{count(rows, 'row')} written to {copy.name}, edits included.")
            self.post_message(Replanned(choices, copy, launch=True))

    async def _launch(self, made: Quote, choices: Choices) -> None:
        """Show the order, and go to the job if it is launched."""
        order = Order(
            made,
            suffix=choices.suffix or None,
            seed=choices.seed,
            batch_size=choices.batch_size or "auto",
            learning_rate_multiplier=choices.learning_rate_multiplier or "auto",
            extra=choices.hyperparameters.extra,
        )
        api, store = await self.session.provider(), await self.session.store()
        limits, now = budget.Limits.of(self.session.settings), datetime.now().astimezone()
        demand = budget.demand(store, order.expense(api.profile.name), limits=limits, now=now)
        spent = budget.spent_this_month(store, now)
        time = await forecast(
            store,
            api.profile,
            made.estimate,
            choices.batch_size,
            self.session.settings,
        )
        dialog = Launch(order, api, store, limits, demand, spent, time)
        job = await self.app.push_screen_wait(dialog)
        if job is not None:
            self.post_message(requests.open_job(job.id))


async def agreed(pane: Pane, made: Quote) -> Path | None:
    """Ask before sending what would be refused, or rows that are marked.

    Returns the file to launch: that of the quote, or a copy without the marked rows, which was
    written; none to launch nothing.
    """
    path = await _without_marked(pane, made)
    if path != made.training:
        return path  # a copy is checked by itself
    where = with_keys(pane, "Press {go.datasets}, then {data.problems}, to see them.")
    for found, more in ((concern(made), f" {where}"), (await validation_concern(made), "")):
        if found is None:
            continue
        words = f"{found.words}{more}"
        question = Confirm(found.title, words, yes=found.go_on, no=found.go_back)
        if not await pane.app.push_screen_wait(question):
            return None
    return path


async def _without_marked(pane: Pane, made: Quote) -> Path | None:
    store = await pane.session.store()
    async with open_dataset(made.training) as dataset:
        marked = store.marks.read(dataset.path, await dataset.fingerprint())
    rows = made.assessment.counts.rows
    if not marked:
        return made.training
    copy = _free(made.training, "kept")
    answer = await pane.app.push_screen_wait(Marked(len(marked), rows, copy))
    if answer != "without":
        return made.training if answer == "all" else None
    if len(marked) >= rows:
        pane.say("Every row is marked: nothing would be left to train on.", severity="warning")
        return None
    written = await _write(made.training, copy, marked)
    pane.say(
        f"{count(written, 'row')} written to {copy.name}, without the {len(marked):,} marked. "
        "This copy is estimated now, and launched."
    )
    return copy


def _free(path: Path, word: str) -> Path:
    """The first of `train-kept.jsonl`, `train-kept-2.jsonl`, … that is not there."""
    names = (f"{path.stem}-{word}{f'-{n}' if n > 1 else ''}.jsonl" for n in range(1, 1000))
    return next(one for name in names if not exists(one := path.with_name(name)))


async def _write(source: Path, target: Path, drop: Collection[int]) -> int:
    """Write a copy without some lines; the number of rows in it."""
    rows = 0
    async with (
        open_dataset(source) as dataset,
        aclosing(export(dataset, target, drop=drop)) as steps,
    ):
        async for done in steps:
            rows = done.rows
    return rows
