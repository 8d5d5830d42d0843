"""Labels of the selected job, typed in one line, and its record played again: from the store."""

from contextlib import aclosing
from datetime import UTC, datetime
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.reactive import var

from tintype import jobs
from tintype.store import KeptJob, Labels
from tintype_tui.held_keys import opens
from tintype_tui.keys import key_of
from tintype_tui.screen import Part, working
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.jobs import acting, following
from tintype_tui.screens.jobs.following import known_job
from tintype_tui.screens.jobs.job import JobPart
from tintype_tui.screens.jobs.side import JobsSide
from tintype_tui.words.jobs import name_of

HINTS = (
    "#good is:pinned is:archived went live",
    "Tags begin with #; a pinned job is listed first, an archived one only if asked for.",
    "What is left is a note. Empty takes all of it away.",
)


class LabelsPart(Part):
    """Nothing to see of its own."""

    DEFAULT_CSS = """
    LabelsPart { display: none; }
    """
    BINDING_GROUP_TITLE = "Job"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("number_sign", "label", "Label", id="jobs.label", show=False, key_display="#",
                tooltip="tags, a note; pin it, archive it"),
        Binding("U", "undo_label", "Undo label", id="jobs.undo_label", show=False,
                tooltip="as the job was labelled before"),
        Binding("R", "replay", "Replay", id="jobs.replay", show=False,
                tooltip="play it again as it came, or end that"),
    ]  # fmt: skip

    selected: var[str] = var("", bindings=True)
    """Id of the job."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.selected) or None

    @opens(exclusive=True, group="label")
    async def action_label(self) -> None:
        """Ask what is to be said of the job."""
        with self.pane.reporting("Cannot be kept"):
            kept = await self._kept()
            if kept is None:
                return
            store = await self.session.store()
            before = jobs.line_of(store.labels.of(kept.profile, kept.job.id))
            dialog = Ask(f"Labels of {name_of(kept.job)}", value=before, hints=HINTS)
            line = await self.app.push_screen_wait(dialog)
            if line is not None and line.strip() != before:
                self._say(jobs.relabel(store, kept, jobs.labels_of(line), datetime.now(UTC)), kept)

    @opens(exclusive=True, group="label")
    async def action_undo_label(self) -> None:
        """Take the last change back; once more brings it again."""
        with self.pane.reporting("Cannot be kept"):
            if (kept := await self._kept()) is not None:
                store = await self.session.store()
                before = jobs.labels_before(store, kept)
                if before == store.labels.of(kept.profile, kept.job.id):
                    self.pane.say(f"{name_of(kept.job)} has no earlier labels.")
                    return
                self._say(jobs.relabel(store, kept, before, datetime.now(UTC)), kept)

    async def _kept(self) -> KeptJob | None:
        store = await self.session.store()
        return known_job(store, self.session.profile.name, self.selected)

    def _say(self, now: Labels, kept: KeptJob) -> None:
        words = jobs.line_of(now) or "no labels"
        again = f"{key_of(self, 'jobs.undo_label')} takes it back"
        self.pane.say(f"{name_of(kept.job)}: {words}; {again}.")
        self.pane.query_one(JobsSide).list_jobs()

    # ------------------------------------------------------------------ the record played again

    replays = False
    """Whether it is."""

    @opens(exclusive=True, group="replay")
    async def action_replay(self) -> None:
        """Ask how fast the record is to be played, and play it; or show the job as it is."""
        if self.replays:
            self.workers.cancel_group(self, "replaying")
            return
        with self.pane.reporting("Cannot replay"):
            if (kept := await self._kept()) is None:
                return
            name = name_of(kept.job)
            ask = Ask(f"Replay {name}", value="10", hints=acting.REPLAY_HINTS)
            if (typed := await self.app.push_screen_wait(ask)) is None:
                return
            if (wanted := acting.replaying(typed)) is None:
                self.pane.say(f"{typed!r} is no speed: type 10, or 10 200.")
            else:
                self._replay(kept.job.id, *wanted)

    @work(exclusive=True, group="replaying")
    async def _replay(self, job_id: str, speed: float, step: int) -> None:
        """Show a job as it came, while it is the selected one; then as it is."""
        part = self.pane.query_one(JobPart)
        part.workers.cancel_group(part, "follow")
        self.replays = True
        try:
            with working(self.pane, f"Replay {job_id}", "Cannot replay"):
                found = following.replayed(self.session, job_id, speed, step)
                async with aclosing(found):
                    async for known in found:
                        if self.selected != job_id:
                            return
                        part.known = known
        finally:
            self.replays = False
            if self.selected == job_id and part.is_attached:
                part.follow()
