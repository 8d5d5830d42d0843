"""What the pane begins with, and the answers of before that are taken up in it."""

from asyncio import Event, to_thread
from pathlib import Path

from textual import work
from textual.reactive import var

from tintype.loop import LookRequest, LoopState
from tintype.paths import is_file
from tintype.prompting import job_of, read_draft
from tintype.store import KeptAnswer
from tintype_tui.screen import Part
from tintype_tui.screens.past_answers import question_text
from tintype_tui.screens.playground.answers_part import AnswersPart
from tintype_tui.screens.playground.models import fitting_model
from tintype_tui.screens.playground.question_part import DRAFT, QuestionPart
from tintype_tui.screens.playground.subject_part import SubjectPart


class BeginningPart(Part):
    """Nothing to see."""

    DEFAULT_CSS = """
    BeginningPart { display: none; }
    """

    loop_state: var[LoopState] = var(LoopState())

    def __init__(self) -> None:
        super().__init__()
        self.chosen = ""
        """The model that was chosen elsewhere last."""
        self._begun = Event()
        self._looked: LookRequest | None = None

    @property
    def _answer(self) -> KeptAnswer | None:
        """The answer that was found elsewhere, if the last thing looked for is one."""
        what = self._looked.what if self._looked is not None else None
        return what if isinstance(what, KeptAnswer) else None

    @work(exclusive=True, group="begin")
    async def begin(self) -> None:
        """Take up what was here the last time, and what was chosen elsewhere."""
        with self.pane.reporting("Cannot read the draft"):
            await self._begin()
        self._begun.set()

    async def _begin(self) -> None:
        pane = self.pane
        about, writing = pane.query_one(SubjectPart), pane.query_one(QuestionPart)
        store, state = await self.session.store(), self.loop_state
        profile, self.chosen = self.session.profile.name, state.model
        about.begin(state.dataset)
        draft = read_draft(store.notes.read(self.session.seat.named(DRAFT), {}))
        fitting = fitting_model(store, profile, state.dataset)
        pane.query_one(AnswersPart).lineup = draft.lineup(profile, state.model, fitting)
        if self._answer is not None:  # it is taken up, and no row after it
            return
        place = await to_thread(draft.place, state.dataset)
        if await about.find_again(place, draft.question or ""):
            return
        if (chosen := self.loop_state.dataset) is not None:  # by now
            about.hold(chosen)
        elif draft.question:
            writing.put(draft.question)
        else:
            await self._take_own_rows(state.model)

    @work(exclusive=True, group="own rows")
    async def choose(self, model: str) -> None:
        """Take up a model that was chosen elsewhere."""
        self.chosen = model
        await self._begun.wait()
        with self.pane.reporting("Cannot look for the model's data"):
            if self.pane.query_one(SubjectPart).subject is None:
                await self._take_own_rows(model)

    async def _take_own_rows(self, model: str) -> None:
        """Take rows of the data that a model was trained on, where no others were chosen."""
        if self.loop_state.dataset is not None:
            return
        kept = job_of(await self.session.store(), self.session.profile.name, model)
        source = kept.made_from.training if kept is not None else None
        if source is not None and await to_thread(is_file, Path(source.path)):
            self.pane.query_one(SubjectPart).hold(Path(source.path))

    def watch_loop_state(self, state: LoopState) -> None:
        """Take up an answer that was found elsewhere."""
        if state.look is not self._looked and state.look is not None:
            self._looked = state.look
            if self._answer is not None:
                self._take_up(self._answer)

    @work(exclusive=True, group="take up")
    async def _take_up(self, answer: KeptAnswer) -> None:
        await self._begun.wait()
        about = self.pane.query_one(SubjectPart)
        about.drop()  # a row that is being read would come after it
        self.pane.query_one(QuestionPart).put(question_text(answer))
        await about.take_up(answer)
