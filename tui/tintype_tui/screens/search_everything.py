"""One search over rows of the open dataset, jobs, answers, models, files and evaluations."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tintype import evaluation, inventory, jobs
from tintype.dataset import open_dataset
from tintype.dataset.query import Query, search, shared_texts
from tintype.errors import TintypeError
from tintype.inventory import InventoryItem
from tintype.jobs import JobLine
from tintype.store import KeptAnswer, Labels
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.requests import Reached
from tintype_tui.screens.dialogs import Dialog, Listed
from tintype_tui.screens.past_answers import question_text
from tintype_tui.session import SessionApp
from tintype_tui.text import clip, one_line, visible
from tintype_tui.widgets.example_list import said
from tintype_tui.widgets.field import Field
from tintype_tui.words.answers import short_name
from tintype_tui.words.evaluating import run_words
from tintype_tui.words.jobs import name_of, status_words

PAUSE_S = 0.15
"""How long nothing must have been typed before it is searched."""
MOST = 8
"""Of each kind that are shown."""
KIND_WORDS = {"job": "Jobs", "model": "Models", "checkpoint": "Models", "base": "Models",
              "file": "Files"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Something that was found, as a line says it, and where Enter goes."""

    words: str
    goes: Reached


Group = tuple[str, Sequence[Place], bool]
"""A title, what was found, and whether there is more."""


class SearchEverything(Dialog[Reached | None]):
    """What is typed is looked for in all of it; groups come as they are found."""

    app = getters.app(SessionApp)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="everything.back"),
        Binding("down", "move(1)", "Down", show=False, priority=True, id="everything.down"),
        Binding("up", "move(-1)", "Up", show=False, priority=True, id="everything.up"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._places: list[Place | None] = []
        """What each line stands for; none of a title."""
        self._found_of = Listed()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -tall"):
            yield Static("Search everything", classes="dialog-title")
            yield Field(placeholder="rows, jobs, answers, models, files, evaluations", id="needle")
            yield OptionList(id="entries", markup=False)
            yield Static(id="everything-words", classes="hint")
            yield Static("↑ ↓ choose · Enter goes there · Esc goes back", classes="hint")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._find(self._needle())  # not that of the event: more may have been typed since

    @work(exclusive=True)
    async def _find(self, needle: str) -> None:
        """Show what has the words, the quick kinds first; rows are read to the end."""
        self._places = []
        entries, words = self.query_one(OptionList), self.query_one("#everything-words", Static)
        entries.clear_options()
        words.update("Searching …" if needle else "")
        if not needle:
            self._found_of.now(needle)
            return
        await asyncio.sleep(PAUSE_S)
        trouble = ""
        for group in GROUPS:
            try:
                async with aclosing(group(self.app, needle)) as found:
                    async for title, places, more in found:
                        self._add(title, places, more)
                        self._found_of.now(needle)  # Enter takes the first
            except TintypeError as error:
                trouble = str(error)
        found_words = "" if any(self._places) else "Nothing has these words."
        words.update(Content(visible(trouble or found_words)))
        self._found_of.now(needle)

    def _add(self, title: str, places: Sequence[Place], more: bool) -> None:
        entries = self.query_one(OptionList)
        width = max(20, self.query_one(Input).size.width - 6)
        some = f" (the first {len(places)})" if more else ""
        first = not any(self._places)
        entries.add_option(Option(Content.styled(f"{title}{some}", "bold"), disabled=True))
        entries.add_options(Option(Content(clip(f"  {one.words}", width))) for one in places)
        self._places += [None, *places]
        if first:
            entries.highlighted = 1

    @opens(group="keys")
    async def action_move(self, by: int) -> None:
        await self._found_of.until(self._needle)
        entries = self.query_one(OptionList)
        (entries.action_cursor_down if by > 0 else entries.action_cursor_up)()

    @on(Input.Submitted)
    @opens(group="keys")
    async def _submitted(self) -> None:
        await self._found_of.until(self._needle)
        self._go(self.query_one(OptionList).highlighted)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._go(event.option_index)

    def _needle(self) -> str:
        return self.query_one(Input).value.strip()

    def _go(self, at: int | None) -> None:
        place = self._places[at] if at is not None and at < len(self._places) else None
        if place is not None:
            self.dismiss(place.goes)


def _group(title: str, places: Sequence[Place]) -> list[Group]:
    return [(title, places[:MOST], len(places) > MOST)] if places else []


async def _jobs(app: SessionApp, needle: str) -> AsyncGenerator[Group, None]:
    store, none = await app.session.store(), Labels()
    labels = store.labels.all()
    lines = [
        JobLine(kept, labels.get((kept.profile, kept.job.id), none)) for kept in store.jobs.newest()
    ]
    for group in _group("Jobs", [_job(line) for line in jobs.arranged(lines, wanted=needle)]):
        yield group


def _job(line: JobLine) -> Place:
    job = line.kept.job
    words = f"{name_of(job)} · {status_words(job.status)} · {job.model} · {line.kept.profile}"
    return Place(one_line(words), requests.open_job(job.id))


async def _things(app: SessionApp, needle: str) -> AsyncGenerator[Group, None]:
    found = await inventory.take(await app.session.store(), app.session.settings)
    things = [one for one in inventory.chosen(found, needle, "newest") if one.ref.kind != "job"]
    for title in ("Models", "Files"):
        of_kind = [_thing(one) for one in things if KIND_WORDS[one.ref.kind] == title]
        for group in _group(title, of_kind):
            yield group


def _thing(item: InventoryItem) -> Place:
    words = f"{item.title} · {item.ref.kind} · {item.ref.profile}"
    return Place(one_line(words), requests.look_at("models", item.ref))


async def _evaluations(app: SessionApp, needle: str) -> AsyncGenerator[Group, None]:
    home = evaluation.runs_folder(app.session.settings.folders.data)
    runs = await asyncio.to_thread(evaluation.runs_in, home)
    named = ((run, f"{run_words(run)} · {run.id}") for run in runs)
    places = [
        Place(one_line(words), requests.look_at("evaluate", run.folder))
        for run, words in named
        if all(word in words.casefold() for word in needle.casefold().split())
    ]
    for group in _group("Evaluations", places):
        yield group


async def _answers(app: SessionApp, needle: str) -> AsyncGenerator[Group, None]:
    kept = await (await app.session.store()).answers.search(needle, MOST + 1)
    for group in _group("Answers", [_answer(one) for one in kept]):
        yield group


def _answer(answer: KeptAnswer) -> Place:
    text = said(answer.text) or answer.trouble or "–"
    words = f"{question_text(answer)} → {text} · {short_name(answer.model)}"
    return Place(one_line(words), requests.look_at("playground", answer))


async def _rows(app: SessionApp, needle: str) -> AsyncGenerator[Group, None]:
    path = app.loop_state.dataset
    if path is None:
        return
    places: dict[int, Place] = {}
    async with open_dataset(path) as dataset:
        shared = await shared_texts(dataset)
        async with aclosing(search(dataset, Query(needle), shared=shared)) as steps:
            async for some in steps:
                for hit in some.hits:
                    goes = requests.open_dataset(path, hit.index)
                    words = f"row {hit.index + 1}  {one_line(hit.excerpt)}"
                    places.setdefault(hit.index, Place(words, goes))
                if len(places) > MOST:
                    break
    for group in _group(f"Rows of {one_line(path.name)}", list(places.values())):
        yield group


GROUPS: tuple[Callable[[SessionApp, str], AsyncGenerator[Group, None]], ...] = (
    _jobs,
    _things,
    _evaluations,
    _answers,
    _rows,
)
