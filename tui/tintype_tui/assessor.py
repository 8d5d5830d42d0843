"""Reads the current dataset: checked and counted in one pass, whose result all panes share."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.worker import WorkType

from tintype.errors import TintypeError
from tintype.loop import LoopState

if TYPE_CHECKING:
    from tintype.assessment import Assessment
    from tintype.images.facts import ImageFacts
    from tintype_tui.session import SessionApp

STOPPED = "The check was stopped. Reading the dataset again checks it."


class Assessor:
    """Keeps the app's assessment that of its dataset, its provider and the model asked for."""

    def __init__(self, app: "SessionApp") -> None:
        self._app = app
        self._fetched: dict[str, ImageFacts] = {}
        """What images on the network are, of the current dataset."""

    def begin(self) -> None:
        """Follow what the app works on."""
        self._app.watch(self._app, "loop_state", self._moved, init=False)
        self._app.watch(self._app, "assessment", self._found, init=False)

    def _moved(self, before: LoopState, after: LoopState) -> None:
        """What was found in one dataset is not shown of another."""
        if before.dataset != after.dataset:
            self.start_again()

    def _found(self, assessment: "Assessment | None") -> None:
        summary, app = assessment.summary if assessment is not None else None, self._app
        app.loop_state = replace(app.loop_state, checked=summary.status if summary else "")

    def start_again(self) -> None:
        """Another dataset is the current one: nothing that was found in the last is kept."""
        self._fetched = {}
        self.forget()

    def forget(self) -> None:
        """Drop what was found, and what is being read."""
        app = self._app
        app.workers.cancel_group(app, "assess")
        app.assessment, app.check_trouble = None, ""

    async def read(self, model: str, *, deep: bool = False, again: bool = False) -> None:
        """Read the current dataset; what has been read already is not read again.

        With `deep`, the pixels of every image are decoded, in a large file too. With `again`, what
        has been found, or is about to be, does not hold.
        """
        from tintype.assessment import is_of

        app = self._app
        path, provider = app.loop_state.dataset, app.session.profile.provider
        if path is None:
            return
        if again:
            self._begin(path, provider, model, deep)
            return
        try:
            covered = await asyncio.to_thread(is_of, app.assessment, path, provider)
        except TintypeError as error:
            self._cannot(path, error)
            return
        if path != app.loop_state.dataset:
            return
        known = app.assessment  # it may have grown meanwhile
        if known is not None and covered and not (deep and undecoded(known)):
            same = known.for_model(model or known.model)
            if same is not None:
                app.assessment = same
                return
        self._begin(path, provider, model, deep)

    def _begin(self, path: Path, provider: str, model: str, deep: bool) -> None:
        self.forget()
        work: WorkType[None] = partial(self._assess, path, provider, model, deep or None)
        self._app.run_worker(work, exclusive=True, group="assess")

    async def _assess(self, path: Path, provider: str, model: str, deep: bool | None) -> None:
        from tintype.assessment import assess
        from tintype.dataset import open_dataset
        from tintype.rules import rules_of

        app = self._app
        task = app.session.tasks.begin(f"Check {path.name}", self._stop, pane="datasets")
        try:
            judged_by = await asyncio.to_thread(rules_of, provider)
            async with open_dataset(path) as dataset:
                steps = assess(dataset, judged_by, model=model, fetched=self._fetched, deep=deep)
                async with aclosing(steps):
                    async for found in steps:
                        # Another model that counts alike may have been chosen meanwhile.
                        shown = app.assessment
                        app.assessment = found.for_model(shown.model) if shown else found
                        task.words = f"{found.share:.0%}"
        except TintypeError as error:
            self._cannot(path, error)
        finally:
            task.end()

    def _stop(self) -> None:
        """Stop reading, as the person wishes: what was found so far is not all."""
        self.forget()
        self._app.check_trouble = STOPPED

    def _cannot(self, path: Path, error: TintypeError) -> None:
        self.forget()
        self._app.check_trouble = str(error)
        self._app.session.say(f"Cannot check {path.name}. {error}")


def undecoded(known: "Assessment") -> bool:
    """Whether images were judged by their structure alone, because the file is large."""
    summary = known.summary
    return summary is not None and summary.images > 0 and not summary.decoded
