"""Rows named by what they are: `label:cat images>1 -problem:*`.

`fields` says what can be said of a row, `conditions` reads what a person types, `selecting` looks
for the rows.
"""

from tintype.selection.conditions import (
    NAME,
    Condition,
    QueryError,
    expanded,
    fitting,
    is_selection,
    parse_selection,
)
from tintype.selection.fields import FIELDS, Beside, Field
from tintype.selection.selecting import SelectionProgress, known_beside, select

__all__ = [
    "FIELDS",
    "NAME",
    "Beside",
    "Condition",
    "Field",
    "QueryError",
    "SelectionProgress",
    "expanded",
    "fitting",
    "is_selection",
    "known_beside",
    "parse_selection",
    "select",
]
