"""Asking models about images: the question, the growing reply, and what can be told from it."""

from tintype.prompting.agreement import GOOD_IOU, Agreement, agreement
from tintype.prompting.asking import Reply, ask, priced
from tintype.prompting.equivalents import as_curl, as_python
from tintype.prompting.foreseeing import Foreseen, foresee, total
from tintype.prompting.origins import QuestionOrigin, is_same_image, origin, row_origin
from tintype.prompting.questions import Image, check_image, question, read_image, reword
from tintype.prompting.remembering import remember
from tintype.prompting.signs import Runaway, hint, runaway
from tintype.prompting.teaching import Teaching, job_of, question_of, system_prompt, teaching_of

__all__ = [
    "GOOD_IOU",
    "Agreement",
    "Foreseen",
    "Image",
    "QuestionOrigin",
    "Reply",
    "Runaway",
    "Teaching",
    "agreement",
    "as_curl",
    "as_python",
    "ask",
    "check_image",
    "foresee",
    "hint",
    "is_same_image",
    "job_of",
    "origin",
    "priced",
    "question",
    "question_of",
    "read_image",
    "remember",
    "reword",
    "row_origin",
    "runaway",
    "system_prompt",
    "teaching_of",
    "total",
]
