"""Asking models about images: the question, the growing reply, and what can be told from it."""

from tintype.prompting.agreement import GOOD_IOU, Agreement, Consensus, agreement, consensus
from tintype.prompting.asking import ask, priced, whole_reply
from tintype.prompting.consent import SessionSpending
from tintype.prompting.conversation import AskedTurn, Conversation, text_of, without_images
from tintype.prompting.drafts import Draft, read_draft
from tintype.prompting.equivalents import as_curl, as_python
from tintype.prompting.foreseeing import Foreseen, foresee, total
from tintype.prompting.growing import Reply
from tintype.prompting.lineup import MOST_MODELS, Lineup, beside_base
from tintype.prompting.origins import QuestionOrigin, is_same_image, origin, row_origin
from tintype.prompting.prompt import Parameters, Prompt
from tintype.prompting.questions import Image, check_image, question, read_image, reword
from tintype.prompting.remembering import remember
from tintype.prompting.signs import Runaway, hint, runaway, set_apart
from tintype.prompting.subject import (
    OpenQuestion,
    Subject,
    file_subject,
    in_short,
    row_subject,
    web_subject,
)
from tintype.prompting.teaching import Teaching, job_of, question_of, system_prompt, teaching_of
from tintype.prompting.training_rows import grown, training_row

__all__ = [
    "GOOD_IOU",
    "MOST_MODELS",
    "Agreement",
    "AskedTurn",
    "Consensus",
    "Conversation",
    "Draft",
    "Foreseen",
    "Image",
    "Lineup",
    "OpenQuestion",
    "Parameters",
    "Prompt",
    "QuestionOrigin",
    "Reply",
    "Runaway",
    "SessionSpending",
    "Subject",
    "Teaching",
    "agreement",
    "as_curl",
    "as_python",
    "ask",
    "beside_base",
    "check_image",
    "consensus",
    "file_subject",
    "foresee",
    "grown",
    "hint",
    "in_short",
    "is_same_image",
    "job_of",
    "origin",
    "priced",
    "question",
    "question_of",
    "read_draft",
    "read_image",
    "remember",
    "reword",
    "row_origin",
    "row_subject",
    "runaway",
    "set_apart",
    "system_prompt",
    "teaching_of",
    "text_of",
    "total",
    "training_row",
    "web_subject",
    "whole_reply",
    "without_images",
]
