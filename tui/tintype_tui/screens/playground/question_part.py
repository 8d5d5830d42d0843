"""The part in which a question is written: drafts that last, an editor, questions asked before."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.timer import Timer
from textual.widgets import TextArea

from tintype.prompting import Draft, Prompt, QuestionOrigin, Subject
from tintype.store import KeptAnswer
from tintype_tui.held_keys import opens
from tintype_tui.keys import with_keys
from tintype_tui.own_editor import edited_outside
from tintype_tui.screen import Part
from tintype_tui.screens.dialogs import Ask
from tintype_tui.screens.parameters import AskParameters
from tintype_tui.screens.past_answers import PastAnswers, question_text
from tintype_tui.widgets.composer import Composer

DRAFT = "playground"
"""The name of the note that keeps what was being written."""
PLACEHOLDER = "{play.edit}: type a question · {composer.ask} asks · {composer.newline}: new line"
_WAIT_S = 0.4
"""After a key, before the draft is kept."""


class QuestionPart(Part):
    """What is written here is still here after the pane, or the app, was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "edit", "Question", id="play.edit", tooltip="type another question"),
        Binding("E", "editor", "Editor", id="play.editor", show=False, tooltip="in $EDITOR"),
        Binding("u", "own", "Row's question", id="play.own", show=False, tooltip="undo typing"),
        Binding("H", "history", "History", id="play.history", show=False, tooltip="search answers"),
        Binding("p", "parameters", "Parameters", id="play.parameters", show=False),
        Binding("S", "system", "System prompt", id="play.system", show=False),
    ]

    subject: var[Subject | None] = var(None)
    models: var[tuple[str, ...]] = var(())
    """Who is asked: kept with the draft."""
    trained_system: var[str] = var("")
    """What the tuned model's rows had, for an image of one's own."""
    prompt: var[Prompt] = var(Prompt())
    """What is written and chosen."""

    composer = getters.query_one(Composer)

    class Changed(Message):
        """Something else is written or chosen: see `prompt`."""

    class TakeUp(Message):
        """An earlier question is to be asked again, about what it was about then."""

        def __init__(self, answer: KeptAnswer) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._keeping: Timer | None = None
        self._earlier: Sequence[str] = ()
        self._wandered = 0

    def compose(self) -> ComposeResult:
        yield Composer(placeholder="", id="question", compact=True, highlight_cursor_line=False)

    def on_mount(self) -> None:
        self.composer.placeholder = with_keys(self, PLACEHOLDER)

    def put(self, text: str) -> None:
        """Show another question."""
        self.composer.put(text)
        self.prompt = replace(self.prompt, text=self.composer.typed)

    def watch_models(self) -> None:
        if self.is_mounted:
            self.keep_soon()

    def watch_prompt(self) -> None:
        self.post_message(self.Changed())

    # ------------------------------------------------------------------ drafts

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self.prompt = replace(self.prompt, text=self.composer.typed)
        self.keep_soon()

    def keep_soon(self) -> None:
        """Keep the draft, once nothing more is typed for a moment."""
        if self._keeping is None:
            self._keeping = self.set_timer(_WAIT_S, self.keep)

    async def keep(self) -> None:
        """Keep what is written, and about what."""
        if self._keeping is None:
            return
        self._keeping.stop()
        self._keeping = None
        about = self.subject.origin if self.subject else QuestionOrigin()
        draft = Draft(self.prompt.text, about, self.models, self.session.profile.name)
        with self.pane.reporting("Cannot keep the draft"):
            notes = (await self.session.store()).notes
            notes.write(self.session.seat.named(DRAFT), draft.kept(), datetime.now(UTC))

    @property
    def is_kept(self) -> bool:
        """Whether nothing is written that has not been kept."""
        return self._keeping is None

    async def on_unmount(self) -> None:
        """What was typed last is kept, too."""
        await self.keep()

    # ------------------------------------------------------------------ writing

    def action_edit(self) -> None:
        """Write a question: in place of the row's own, or on with what was written."""
        self.screen.set_focus(self.composer)  # at once: `focus()` would lose keys typed meanwhile
        if self.subject is not None and self.subject.is_own(self.prompt.text):
            self.composer.select_all()
        else:
            self.composer.move_cursor(self.composer.document.end)

    def action_own(self) -> None:
        """Go back to the subject's own question and system prompt."""
        if self.subject is None:
            self.pane.say(with_keys(self, "There is no row yet: {go.datasets} opens a dataset."))
            return
        same = self.prompt.system is None and self.prompt.text == self.subject.question
        self.pane.say(f"This is the row's question {'already' if same else 'again'}.")
        self.prompt = replace(self.prompt, system=None)
        self.put(self.subject.question)

    def action_editor(self) -> None:
        """Write the question in an editor of one's own, and come back with it."""
        text, trouble = edited_outside(self.app, self.composer.typed, "question")
        if trouble:
            self.pane.say(trouble, title="No editor", severity="error")
        elif text is not None:
            self.put(text)
            self.keep_soon()

    @on(Composer.Wandered)
    async def _wander(self, event: Composer.Wandered) -> None:
        """Go through the questions asked before, as in a shell."""
        if not self._wandered:
            answers = (await self.session.store()).answers.newest(100)
            texts = [self.composer.typed, *map(question_text, answers)]
            self._earlier = list(dict.fromkeys(texts))
        self._wandered = min(max(self._wandered - event.by, 0), len(self._earlier) - 1)
        self.put(self._earlier[self._wandered])
        if event.by > 0:
            self.composer.move_cursor(self.composer.document.end)

    def forget_wandering(self) -> None:
        """Begin with the newest question the next time."""
        self._wandered = 0

    @opens()
    async def action_history(self) -> None:
        """Take up a question asked before, with its image where that is still there."""
        with self.pane.reporting("Cannot search"):
            answer = await self.app.push_screen_wait(PastAnswers(self._search))
            if answer is not None:
                self.put(question_text(answer))
                self.post_message(self.TakeUp(answer))

    async def _search(self, needle: str) -> Sequence[KeptAnswer]:
        answers = (await self.session.store()).answers
        return await answers.search(needle, 200) if needle else answers.newest(200)

    # ------------------------------------------------------------------ how it is asked

    @opens()
    async def action_parameters(self) -> None:
        chosen = await self.app.push_screen_wait(AskParameters(self.prompt.parameters))
        if chosen is not None:
            self.prompt = replace(self.prompt, parameters=chosen)

    @opens()
    async def action_system(self) -> None:
        own = (self.subject.system if self.subject else "") or self.trained_system
        hints = ("The row's own, or the training rows', is used until another is typed.",)
        value = own if self.prompt.system is None else self.prompt.system
        text = await self.app.push_screen_wait(Ask("System prompt", value=value, hints=hints))
        if text is not None:
            self.prompt = replace(self.prompt, system=None if text == own else text)
