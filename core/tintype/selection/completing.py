"""What can come next in a query that is being typed: fields, then their values in the dataset."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tintype.selection.charts import facets
from tintype.selection.columns import FieldColumns, Rows
from tintype.selection.conditions import Condition
from tintype.selection.fields import FIELDS

MOST = 60
_LAST = re.compile(
    r'(?P<no>-?)(?:(?P<field>[a-z_]+)(?P<op>!=|<=|>=|[:=<>~]))?(?P<value>"[^"]*|\S*)$'
)


@dataclass(frozen=True, slots=True)
class QueryCompletion:
    """Something that can stand at the end of what was typed."""

    text: str
    """All that is in the field once this is chosen."""
    shown: str
    about: str = ""
    """How many rows, or what a field is."""


def completions(
    typed: str, columns: FieldColumns, saved: Mapping[str, str], rows: Rows = None
) -> tuple[QueryCompletion, ...]:
    """What can come next, at most 60.

    Args:
        typed: So far.
        columns: What rows say, as far as it is known.
        saved: Queries by their names.
        rows: In which rows values are counted; none for all.
    """
    found = _LAST.search(typed)
    if found is None:
        return ()
    before = typed[: found.start()]
    if found["value"].startswith("@") and not found["field"]:
        made = _saved(before, found["value"][1:], saved)
    elif found["field"]:
        made = _values(before, found, columns, rows)
    else:
        made = _fields(before + found["no"], found["value"], columns)
    return tuple(one for one, _ in zip(made, range(MOST), strict=False))


def _saved(before: str, begun: str, saved: Mapping[str, str]) -> Iterator[QueryCompletion]:
    for name, query in saved.items():
        if name.casefold().startswith(begun.casefold()):
            yield QueryCompletion(f"{before}@{name} ", f"@{name}", query)


def _fields(before: str, begun: str, columns: FieldColumns) -> Iterator[QueryCompletion]:
    for name, field in FIELDS.items():
        if name.startswith(begun.casefold()) and (
            begun or field.kind == "text" or name in columns.by_field
        ):
            yield QueryCompletion(f"{before}{name}:", f"{name}:", field.about)


def _values(
    before: str, found: "re.Match[str]", columns: FieldColumns, rows: Rows
) -> Iterator[QueryCompletion]:
    begun = found["value"].lstrip('"').casefold()
    name = "marked" if found["field"] == "tag" else found["field"]
    only = {name: columns.by_field[name]} if name in columns.by_field else {}
    listed = facets(FieldColumns(columns.total, columns.complete, only), rows)
    for value in listed.get(name, ()):
        condition = value.condition
        if begun in value.label.casefold() or begun in condition.value.casefold():
            made = Condition(found["field"], condition.operator, condition.value, bool(found["no"]))
            yield QueryCompletion(f"{before}{made} ", str(made), f"{value.count:,}")
