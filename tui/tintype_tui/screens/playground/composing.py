"""The layer in which a question is written: drafts that last, an editor, questions asked before."""

import asyncio
import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual import on, work
from textual.app import SuspendNotSupported
from textual.timer import Timer
from textual.widgets import TextArea

from tintype.dataset.splits import siblings
from tintype.prompting import is_same_image, origin
from tintype.store import KeptAnswer
from tintype_tui.screens.past_answers import PastAnswers, question_text
from tintype_tui.screens.playground.lineup import LineupPane
from tintype_tui.screens.playground.offering import beside_base, fitting_model
from tintype_tui.widgets.composer import Composer

DRAFT = "playground"
"""The name of the note that keeps what was being written."""
_WAIT_S = 0.4
"""After a key, before the draft is kept."""


class ComposingPane(LineupPane):
    """What is written here is still here after the pane, or the app, was left."""

    def __init__(self) -> None:
        super().__init__()
        self._keeping: Timer | None = None
        self._earlier: Sequence[str] = ()
        self._wandered = 0
        self._written = ""

    # ------------------------------------------------------------------ drafts

    @work(exclusive=True, group="begin")
    async def begin(self) -> None:
        """Take up what was here the last time, and what was chosen elsewhere."""
        with self.reporting("Cannot read the draft"):
            store = await self.desk.store()
            standing = self.standing
            self._chosen, self._from = standing.model, standing.dataset
            draft = store.notes.read(DRAFT, {})
            draft = draft if isinstance(draft, dict) else {}
            profile = self.desk.profile.name
            kept = tuple(map(str, draft.get("models") or ())) if _fits(draft, profile) else ()
            wanted = standing.model or fitting_model(store, profile, standing.dataset)
            if kept and (not standing.model or standing.model in kept):
                self.models = kept
            elif wanted:
                self.models = beside_base(wanted)
            text = draft.get("question")
            place = origin(str(draft.get("origin") or ""))
            ours = await asyncio.to_thread(_belongs, place.path if place.line else None, self._from)
            typed = text if isinstance(text, str) else None
            if place.url or (place.line and not ours):  # nothing is fetched without being asked
                place = origin("")
            if await self.find_again(place, typed or ""):
                self.composer.put(typed or "")
            elif standing.dataset is not None:
                self.hold(standing.dataset)
            elif typed:
                self.composer.put(typed)

    @on(TextArea.Changed, "#question")
    def keep_draft_soon(self) -> None:
        """Keep the draft, once nothing more is typed for a moment."""
        self._written = self.composer.typed
        if self._keeping is None:
            self._keeping = self.set_timer(_WAIT_S, self.keep_draft)

    async def keep_draft(self) -> None:
        """Keep what is written, and about what."""
        if self._keeping is None:
            return
        self._keeping.stop()
        self._keeping = None
        draft: dict[str, Any] = {
            "question": self._written,
            "origin": str(self.subject.origin) if self.subject else "",
            "models": self.models,
            "profile": self.desk.profile.name,
        }
        with self.reporting("Cannot keep the draft"):
            (await self.desk.store()).notes.write(DRAFT, draft, datetime.now(UTC))

    async def on_unmount(self) -> None:
        """What was typed last is kept, too."""
        await self.keep_draft()

    async def watch_models(self) -> None:
        await super().watch_models()
        if self.is_mounted:
            self.keep_draft_soon()

    # ------------------------------------------------------------------ writing

    def action_edit(self) -> None:
        """Write a question, beginning with the one that stands here."""
        self.set_focus(self.composer)
        self.composer.move_cursor(self.composer.document.end)

    def action_editor(self) -> None:
        """Write the question in an editor of one's own, and come back with it."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            with self.app.suspend():
                text, trouble = _edited(editor, self.composer.typed)
        except SuspendNotSupported:
            text, trouble = None, "This terminal cannot be lent to another program."
        if trouble:
            self.say(trouble, title="No editor", severity="error")
        elif text is not None:
            self.composer.put(text)
            self.keep_draft_soon()

    @on(Composer.Wandered)
    async def _wander(self, event: Composer.Wandered) -> None:
        """Go through the questions asked before, as in a shell."""
        if not self._wandered:
            answers = (await self.desk.store()).answers.newest(100)
            texts = [self.composer.typed, *map(question_text, answers)]
            self._earlier = list(dict.fromkeys(texts))
        self._wandered = min(max(self._wandered - event.by, 0), len(self._earlier) - 1)
        self.composer.put(self._earlier[self._wandered])
        if event.by < 0:
            return
        self.composer.move_cursor(self.composer.document.end)

    def forget_wandering(self) -> None:
        """Begin with the newest question the next time."""
        self._wandered = 0

    # ------------------------------------------------------------------ history

    @work
    async def action_history(self) -> None:
        """Take up a question asked before, with its image where that is still there."""
        with self.reporting("Cannot search"):
            answer = await self.app.push_screen_wait(PastAnswers(self._search))
            if answer is not None:
                await self._take_up(answer)

    async def _search(self, needle: str) -> Sequence[KeptAnswer]:
        shelf = (await self.desk.store()).answers
        return await shelf.search(needle, 200) if needle else shelf.newest(200)

    async def _take_up(self, answer: KeptAnswer) -> None:
        text = question_text(answer)
        place = origin(answer.sources[0]) if answer.sources else origin("")
        found = await self.find_again(place, text)
        self.composer.put(text)
        has_image = "sha256:" in str(answer.messages)
        if not found and has_image:
            where = f" ({', '.join(answer.sources)})" if answer.sources else ""
            self.say(f"The question is here again; its image is gone{where}.")
        data = self.subject.data if found and self.subject and not place.line else None
        if data and not is_same_image(data, answer.messages):
            self.say("The image is another than it was then.", severity="warning")


def _fits(draft: dict[str, Any], profile: str) -> bool:
    return draft.get("profile") == profile and isinstance(draft.get("models"), list)


def _belongs(path: Path | None, dataset: Path | None) -> bool:
    """Whether a file is a split of the dataset in hand; yes if there is none in hand."""
    if path is None:
        return False
    return dataset is None or path in siblings(dataset).named().values()


def _edited(editor: str, text: str) -> tuple[str | None, str]:
    """Have a text edited: the new text, none if it stays; and what went wrong."""
    with tempfile.TemporaryDirectory(prefix="tintype-") as folder:
        path = Path(folder) / "question.txt"
        path.write_text(text + "\n", "utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(path)])
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return None, f"{editor!r} cannot be started: {reason}. EDITOR says which one to use."
        if done.returncode:
            return None, f"{editor!r} ended with {done.returncode}; the question is as it was."
        try:
            return path.read_text("utf-8", "replace").removesuffix("\n"), ""
        except OSError as error:
            return None, f"What was edited cannot be read: {error.strerror}."
