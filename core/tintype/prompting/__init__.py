"""Asking models about pictures: the question, the growing reply, and what can be told from it."""

from tintype.prompting.asking import Reply, ask
from tintype.prompting.equivalents import as_curl, as_python
from tintype.prompting.questions import Picture, check_picture, question
from tintype.prompting.remembering import remember
from tintype.prompting.signs import Runaway, hint, runaway

__all__ = [
    "Picture",
    "Reply",
    "Runaway",
    "as_curl",
    "as_python",
    "ask",
    "check_picture",
    "hint",
    "question",
    "remember",
    "runaway",
]
