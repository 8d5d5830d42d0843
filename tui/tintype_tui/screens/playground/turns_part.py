"""The part that goes on with a conversation: another turn, a turn back, other ways, old images."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var

from tintype.api import ChatRequest
from tintype.prompting import Conversation, OpenQuestion
from tintype_tui.keys import with_keys
from tintype_tui.screen import Part
from tintype_tui.text import count
from tintype_tui.widgets.answer_column import Answer


class TurnsPart(Part):
    """Nothing to see of its own: earlier turns stand above the answers."""

    DEFAULT_CSS = """
    TurnsPart { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "go_on", "Go on", id="play.go_on", tooltip="a further turn"),
        Binding("R", "back", "Turn back", id="play.turn_back", show=False,
                tooltip="edit the last question and send it again"),
        Binding("B", "other", "Other way", id="play.branch", show=False,
                tooltip="turns that were left when one was asked otherwise"),
        Binding("D", "images", "Old images", id="play.images", show=False,
                tooltip="sent again with each turn, or not"),
    ]  # fmt: skip

    question: var[OpenQuestion] = var(OpenQuestion())
    answers: var[Mapping[str, Answer]] = var({}, bindings=True)
    sent: var[Mapping[str, ChatRequest]] = var({})
    """What was sent for the answers that are shown, by model."""

    class Turned(Message):
        """The conversation stands elsewhere, and so does the question to write."""

        def __init__(self, conversation: Conversation, text: str | None) -> None:
            super().__init__()
            self.conversation, self.text = conversation, text
            """None for the question as it stands."""

    @property
    def _with_answers(self) -> Conversation:
        """The conversation, with what is shown as its last turn."""
        said = {
            model: answer.reply.answer
            for model, answer in self.answers.items()
            if answer.reply is not None and answer.reply.done and answer.reply.answer
        }
        now = self.question.conversation
        sent = next((self.sent[model] for model in said if model in self.sent), None)
        return now if sent is None else now.asked(sent.messages, said)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "go_on":
            return True
        waiting = any(answer.waiting for answer in self.answers.values())
        return (not waiting and self._with_answers is not self.question.conversation) or None

    def action_go_on(self) -> None:
        """Ask something further, after what has been said."""
        self.post_message(self.Turned(self._with_answers, ""))

    def action_back(self) -> None:
        """Take the last turn back, with its question to be asked otherwise."""
        now = self._with_answers
        if not now.turns:
            self.pane.say("This is the first turn, and it has not been asked yet.")
            return
        self.post_message(self.Turned(now.back(), now.turns[-1].question))

    def action_other(self) -> None:
        """Go over to the turns that were left."""
        now = self._with_answers
        if not now.branches:
            words = "There is no other way yet: {play.turn_back} asks a turn otherwise."
            self.pane.say(with_keys(self, words))
            return
        other = now.other()
        self.pane.say(
            f"{count(len(other.turns), 'turn')}, {count(len(other.branches), 'other way')}."
        )
        self.post_message(self.Turned(other, ""))

    def action_images(self) -> None:
        """Leave images of earlier turns out, or send them again."""
        now = self.question.conversation
        drops = not now.drops_images
        words = "left out from now on" if drops else "sent again with every turn"
        self.pane.say(f"Images of earlier turns are {words}.")
        self.post_message(self.Turned(replace(now, drops_images=drops), None))
