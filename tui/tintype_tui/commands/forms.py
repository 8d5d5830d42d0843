"""In which form a command of datasets prints what it found.

Each has one value, which `--json` prints as it is. The other forms are made of it: of the list that
is its main one, or else of its figures, one a row.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from tintype_tui.commands.output import plain, put_json
from tintype_tui.words.tables import Cell, Table, as_csv, as_json_lines, as_markdown

FORMS = {"md": "Markdown", "csv": "CSV", "jsonl": "a JSON object a line", "json": "one JSON object"}

dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be written.")
replace_option = click.option("--replace", is_flag=True, help="Overwrite existing files.")


def form_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `form`: none for people, or one of `FORMS`."""
    for form, words in FORMS.items():
        option = click.option(f"--{form}", "form", flag_value=form, help=f"Print {words}.")
        command = option(command)
    return command


def put_tables(tables: Sequence[Table], form: str, heading: str, value: Any) -> None:
    """Print tables in a form; `value` is what JSON gets."""
    if form == "json":
        put_json(value, indent=2)
        return
    if form == "md":
        click.echo(as_markdown(tables, heading), nl=False)
    else:
        click.echo(as_csv(tables) if form == "csv" else as_json_lines(tables), nl=False)


def put_value(value: Any, form: str, heading: str, main: str = "") -> None:
    """Print a value in a form.

    Args:
        value: What the command found.
        form: One of `FORMS`.
        heading: Of the page that Markdown makes.
        main: The name of the value's list, which CSV and JSON lines consist of; Markdown has the
            figures before it. Without one they consist of the figures.
    """
    value = plain(value)
    if form == "json":
        put_json(value, indent=2)
        return
    listed = _records(value[main] if main else value, main)
    if form == "jsonl":
        for each in listed:
            put_json(each)
        return
    if not main and len(listed) == 1:
        tables = [_figures(listed[0])]
    else:
        tables = [_table(main or heading, listed)]
    if form == "md" and main:
        tables.insert(0, _figures({name: each for name, each in value.items() if name != main}))
    put_tables([table for table in tables if table.rows], form, heading, value)


def _figures(value: Mapping[str, Any]) -> Table:
    rows = tuple((name.replace("_", " "), _cell(each)) for name, each in value.items())
    return Table("figures", ("what", "value"), rows)


def _records(value: Any, main: str) -> list[dict[str, Any]]:
    """The rows of a list, or of figures by name; a single object is one row."""
    if isinstance(value, Mapping):
        if value and all(isinstance(each, Mapping) for each in value.values()):
            return [{"name": name, **each} for name, each in value.items()]
        return [dict(value)]
    return [each if isinstance(each, dict) else {main: each} for each in value]


def _table(title: str, records: Sequence[Mapping[str, Any]]) -> Table:
    columns = tuple(dict.fromkeys(name for each in records for name in each))
    rows = tuple(tuple(_cell(each.get(name)) for name in columns) for each in records)
    return Table(title, columns, rows)


def _cell(value: Any) -> Cell:
    """A number or a text; what is unknown is empty, lists are JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str | int | float) else json.dumps(value)
