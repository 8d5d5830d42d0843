"""Keeping in an archive what will be lost at a provider; it goes on whichever pane is seen."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import var
from textual.widgets import Static

from tintype import inventory
from tintype.paths import absolute, safe_name, typed_path
from tintype.pricing import load_prices
from tintype_tui import requests
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of
from tintype_tui.screen import working
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.models.detail_part import ItemPart
from tintype_tui.tasks import Task
from tintype_tui.text import clip, count, size, visible

if TYPE_CHECKING:
    from tintype.keeping import KeepProgress, Manifest, Wanted

WHOLE = ("all", "plan")
"""Views in which all of a profile is kept, and not the thing under the cursor."""
MOST_NAMED = 3
"""So much of what could not be had is named here, with why; the archive's README names all."""


class KeepingPart(ItemPart):
    """How far keeping is, below the list; and what came of it."""

    DEFAULT_CSS = """
    KeepingPart { height: auto; display: none; }
    KeepingPart Static { height: auto; max-height: 7; padding: 0 1; background: $surface; }
    """
    BINDING_GROUP_TITLE = "Models"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("K", "keep", "Keep", id="models.keep",
                tooltip="save it in an archive; all of its profile where all is listed; or stop"),
        Binding("A", "golden", "Golden answers", id="models.golden", show=False,
                tooltip="ask it for the answers to keep, while it answers; the cost comes first"),
    ]  # fmt: skip

    kind: var[str] = var("", bindings=True)
    """Of what is listed: a view's name."""
    words: var[str] = var("")
    """How far it is, or what came of it; empty before."""
    running: var[bool] = var(False)

    def compose(self) -> ComposeResult:
        yield Static()

    def watch_words(self, words: str) -> None:
        self.display = bool(words)
        for line in self.query(Static):  # gone while the app closes
            line.update(Content(visible(words)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        item, whole = self.item, self.kind in WHOLE
        if action == "golden":
            asks = item is not None and item.is_tuned
            return (asks and not self.session.settings.read_only) or None
        if action != "keep" or self.running:
            return True
        one = item is not None and (item.is_tuned or item.ref.kind == "job")
        return (one or (whole and self.found is not None)) or None

    def stop(self) -> bool:
        """Stop keeping, or take away what came of it; whether there was something."""
        if self.running:
            self.workers.cancel_group(self, "keep")
        shown, self.words = bool(self.words), self.words if self.running else ""
        return shown

    # ------------------------------------------------------------------ asking where

    @opens(exclusive=True, group="where")
    async def action_keep(self) -> None:
        """Ask for the archive, and keep into it; while that goes on, stop it."""
        if self.running:
            self.stop()
            return
        profile, what, wanted = self._chosen()
        if profile not in self.session.settings.profiles:
            self.pane.say(f"The profile {profile} is not configured any more.")
            return
        with self.pane.reporting("Cannot keep"):
            store = await self.session.store()
            archives = await asyncio.to_thread(store.archives.read)
            earlier = (path for path, name in reversed(archives.items()) if name == profile)
            proposed = next(earlier, Path("~/tintype-kept") / safe_name(profile))
            dialog = Ask(f"Keep {what} in which archive?", value=str(proposed), hints=_HINTS)
            typed = await self.app.push_screen_wait(dialog)
            if not typed or not typed.strip():
                return
            self._keep(profile, what, absolute(typed_path(typed)), wanted)

    def _chosen(self) -> tuple[str, str, "Wanted"]:
        """Of which profile something is kept, and what, in words and for the library."""
        from tintype import evaluation, keeping

        runs = evaluation.runs_folder(self.session.settings.folders.data)
        item = self.item
        if self.kind not in WHOLE and item is not None:
            named = {"jobs" if item.ref.kind == "job" else "models": (item.ref.id,)}
            wanted = keeping.Wanted(**named, evaluations=runs)  # type: ignore[arg-type]
            return item.ref.profile, f"{item.ref.kind} {item.title}", wanted
        profile = self.session.profile.name
        if item is not None:
            profile = item.ref.profile
        elif self.found is not None and (steps := inventory.plan_by_date(self.found).steps):
            profile = steps[0].profile  # what ends first
        wanted = keeping.Wanted(everything=True, evaluations=runs)
        return profile, f"all of {profile}", wanted

    # ------------------------------------------------------------------ keeping

    @work(exclusive=True, group="keep")
    async def _keep(self, profile: str, what: str, target: Path, wanted: "Wanted") -> None:
        self.running, self.words = True, f"Keeping {what} …"
        goes_on = f"What was kept stays; {key_of(self, 'models.keep')} goes on."
        outcome = f"Not finished. {goes_on}"
        try:
            with working(self.pane, f"Keep {what}", "Cannot keep") as task:
                last = await self._into(profile, what, target, wanted, task)
                assert last.manifest is not None  # the last progress has it
                outcome = "\n".join(_outcome(what, target, last.manifest, last.added))
        except asyncio.CancelledError:
            outcome = f"Stopped. {goes_on}"
            raise
        finally:
            self.running, self.words = False, outcome

    async def _into(
        self, profile: str, what: str, target: Path, wanted: "Wanted", task: Task
    ) -> "KeepProgress":
        from tintype import keeping

        store, settings = await self.session.store(), self.session.settings
        prices = await asyncio.to_thread(load_prices, settings.prices)
        async with AsyncExitStack() as stack:
            api = await self.session.connection(profile, stack)
            steps = keeping.keep_into(api, store, target, wanted, prices=prices)
            async for last in await stack.enter_async_context(aclosing(steps)):
                task.words = _progress(last)
                self.words = f"Keeping {what}: {task.words} · Esc stops"
        return last

    # ------------------------------------------------------------------ golden answers

    @opens(exclusive=True, group="golden")
    async def action_golden(self) -> None:
        """Ask the model under the cursor for the answers to keep; the run is seen in Evaluate."""
        from tintype_tui.screens.models.golden_answers import golden_order

        item, running = self.item, self.pane.app.evaluating
        if item is None:
            return
        if item.ref.profile not in self.session.settings.profiles:
            self.pane.say(f"The profile {item.ref.profile} is not configured any more.")
        elif running is not None and not running.ended:
            self.pane.say("An evaluation is running: pause it before another begins.")
        else:
            with self.pane.reporting("Cannot ask for golden answers"):
                if (order := await golden_order(self.pane, item)) is not None:
                    self.post_message(requests.Evaluate(order))
                    self.post_message(requests.Reached(lambda state: state, "evaluate"))


_HINTS = (
    "A folder, or a file ending in .zip, .tar.gz or .tar.zst.",
    "What an archive holds stays, and only what is new is asked for.",
    "Files, settings, events, curves, results, prices, images behind URLs, evaluations; "
    "weights of models that Tintype's own server tuned.",
    "Enter keeps · Esc goes back",
)


def _progress(step: "KeepProgress") -> str:
    said = [clip(step.words, 36), count(step.parts, "part"), size(step.size_bytes)]
    if step.not_kept:
        said.append(f"{step.not_kept:,} could not be had")
    return " · ".join(said)


def _outcome(what: str, target: Path, manifest: "Manifest", added: int) -> Iterator[str]:
    """What the archive holds, and what could not be had with why."""
    whole = size(sum(part.size_bytes for part in manifest.parts))
    missed = len(manifest.not_kept)
    lost = (
        f"{missed:,} could not be had, see its README.md" if missed else "everything could be had"
    )
    parts = count(len(manifest.parts), "part")
    yield f"Kept {what}: {parts}, {whole}, {added:,} written now; {lost}."
    yield f"{target} · Esc hides this"
    for one in manifest.not_kept[:MOST_NAMED]:
        yield f"! {one.what}: {one.why}"
