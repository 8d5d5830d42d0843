"""Playground: several models on the same image, their answers side by side."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from textual import events, getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.reactive import var

from tintype.loop import LoopState
from tintype.prompting import Conversation, Lineup, OpenQuestion, Subject, beside_base
from tintype_tui.held_keys import opens
from tintype_tui.screen import Pane
from tintype_tui.screens.playground.answers_part import AnswersPart
from tintype_tui.screens.playground.asking_part import NOTHING, AskingPart
from tintype_tui.screens.playground.beginning_part import BeginningPart
from tintype_tui.screens.playground.question_part import QuestionPart
from tintype_tui.screens.playground.subject_part import Drawn, SubjectPart
from tintype_tui.screens.playground.turns_part import TurnsPart
from tintype_tui.widgets.answer_column import Answer
from tintype_tui.widgets.composer import Composer, names_image
from tintype_tui.widgets.loop_strip import LoopStrip, Serving


class PlaygroundPane(Pane):
    """An image, a question, and up to four models: what the parts say, passed on to the others."""

    BINDING_GROUP_TITLE = "Playground"
    CSS_PATH = "playground.tcss"
    NEXT: ClassVar[Serving] = {"": ("attach",), "evaluate": ("evaluate",)}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop", id="play.stop", show=False),
    ]

    question: var[OpenQuestion] = var(OpenQuestion())
    """What is asked of whom, as it stands."""
    subject: var[Subject | None] = var(None)
    models: var[tuple[str, ...]] = var(())
    typed: var[str] = var("")
    trained_system: var[str] = var("")
    answers: var[Mapping[str, Answer]] = var(NOTHING)
    drawn: var[Drawn] = var(Drawn())

    about = getters.query_one(SubjectPart)
    lineup = getters.query_one(AnswersPart)
    writing = getters.query_one(QuestionPart)
    asking = getters.query_one(AskingPart)
    beginning = getters.query_one(BeginningPart)

    def body(self) -> ComposeResult:
        yield BeginningPart().data_bind(PlaygroundPane.loop_state)
        yield AskingPart(id="asking").data_bind(PlaygroundPane.question)
        with Vertical(id="play-body"):
            yield SubjectPart(id="play-top").data_bind(
                PlaygroundPane.loop_state,
                PlaygroundPane.subject,
                PlaygroundPane.typed,
                PlaygroundPane.drawn,
            )
            yield AnswersPart(id="answers").data_bind(
                PlaygroundPane.answers, PlaygroundPane.question
            )
        yield QuestionPart(id="writing").data_bind(
            PlaygroundPane.subject, PlaygroundPane.models, PlaygroundPane.trained_system
        )

    def on_mount(self) -> None:
        self.set_focus(self.about.image)
        # By then it is known what was chosen elsewhere.
        self.call_after_refresh(self.beginning.begin)

    def watch_profile_name(self, before: str, now: str) -> None:
        if before:
            self.lineup.lineup = Lineup()

    def watch_loop_state(self, state: LoopState) -> None:
        """Take the model that was chosen elsewhere, beside its base."""
        if self.is_mounted and state.model != self.beginning.chosen:
            self.beginning.choose(state.model)
            if state.model and state.model not in self.models:
                self.lineup.lineup = self.lineup.lineup.of(beside_base(state.model))

    @on(SubjectPart.Taken)
    def _take(self, event: SubjectPart.Taken) -> None:
        self.subject = one = event.subject
        self.writing.put(one.question if event.question is None else event.question)
        self._note(subject=one, prompt=self.writing.prompt, conversation=Conversation())
        event.coming.end(taken=True)

    @on(TurnsPart.Turned)
    def _turn(self, event: TurnsPart.Turned) -> None:
        self._note(conversation=event.conversation)
        if event.text is not None:
            self.writing.put(event.text)
            self.writing.action_edit()

    @on(SubjectPart.Counted)
    def _count(self, event: SubjectPart.Counted) -> None:
        self._note(rows=event.rows)

    @on(AnswersPart.Changed)
    def _line_up(self) -> None:
        lineup = self.lineup.lineup
        self.models = lineup.models
        self._note(models=lineup.models, current=lineup.model)

    @on(AnswersPart.Boxes)
    def _draw_boxes(self, event: AnswersPart.Boxes) -> None:
        self.drawn = event.drawn

    @on(AskingPart.Answered)
    def _show(self) -> None:
        self.answers, self.trained_system = self.asking.answers, self.asking.trained_system
        self._note()

    @on(AskingPart.Wanted)
    @opens()
    async def _choose(self) -> None:
        with self.reporting("Cannot list the models"):
            if not self.lineup.lineup.models:  # else they were lined up a moment ago
                await self.lineup.choose(replacing=True)
            self._line_up()
            if self.models:
                self.asking.action_ask()

    @on(QuestionPart.Changed)
    def _reword(self) -> None:
        self.typed = self.writing.prompt.text
        self._note(prompt=self.writing.prompt)

    @on(QuestionPart.TakeUp)
    @work
    async def _take_up(self, event: QuestionPart.TakeUp) -> None:
        await self.about.take_up(event.answer)

    def _note(self, **changes: Any) -> None:
        """Note what is asked now, and what comes next."""
        self.question = replace(self.question, **changes)
        ahead = ("row(1)", "attach") if self.answers else ("ask",)
        self.query_one(LoopStrip).next_actions = ahead if self.subject else ("attach",)

    @on(Composer.Asked)
    def _submitted(self) -> None:
        self.writing.forget_wandering()
        self.set_focus(self.lineup.current)
        self.asking.action_ask()

    def action_editor(self) -> None:
        """Have the question edited: Ctrl+G where it is typed."""
        self.writing.action_editor()

    def action_stop(self) -> None:
        """Stop answers under way, and leave the question."""
        if self.focused is self.writing.composer:
            self.set_focus(self.about.image)
        self.asking.workers.cancel_group(self.asking, "prepare")  # what waits for an image
        self.asking.stop()

    def on_paste(self, event: events.Paste) -> None:
        """An image's name that is pasted, or dropped onto the terminal, attaches the image."""
        if name := names_image(event.text):
            self._attach_pasted(Composer.Pasted(event.text, name))

    @on(Composer.Pasted)
    @work
    async def _attach_pasted(self, event: Composer.Pasted) -> None:
        """Attach what was pasted, or if there is no such file, take it as text."""
        composer = self.writing.composer
        if not await self.about.attach_pasted(event.name) and self.focused is composer:
            composer.insert(event.text)
