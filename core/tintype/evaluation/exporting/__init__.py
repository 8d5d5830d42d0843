"""A result written to a file: HTML, Markdown, CSV, JSON lines, JUnit."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from tintype import paths
from tintype.errors import EvaluationError
from tintype.evaluation.exporting.pages import html_page, markdown
from tintype.evaluation.exporting.shown_rows import shown_rows
from tintype.evaluation.exporting.tables import csv_table, json_lines, junit
from tintype.evaluation.report import report_of
from tintype.evaluation.results import Evaluation

FORMATS = ("html", "md", "csv", "jsonl", "junit")
_SUFFIXES = {".html": "html", ".htm": "html", ".md": "md", ".csv": "csv", ".jsonl": "jsonl"}
_TABLES: Mapping[str, Callable[[Evaluation], str]] = {
    "csv": csv_table,
    "jsonl": json_lines,
    "junit": junit,
}


def format_of(path: Path) -> str:
    """The format that a file's name asks for.

    Raises:
        EvaluationError: if it asks for none.
    """
    if path.suffix.lower() in _SUFFIXES:
        return _SUFFIXES[path.suffix.lower()]
    if path.suffix.lower() == ".xml":
        return "junit"
    raise EvaluationError(
        f"{path.name} says no format.",
        advice="End it in .html, .md, .csv, .jsonl or .xml (JUnit).",
    )


async def export(
    evaluation: Evaluation,
    path: Path,
    format: str = "",
    *,
    vqa: bool = False,
    replace: bool = False,
) -> Path:
    """Write a result to a file, whole or not at all.

    Args:
        evaluation: Opened.
        path: Where to.
        format: One of `FORMATS`; by default the file's suffix says it.
        vqa: With every table and chart of OpenAI's cookbook on visual question answering.
        replace: Whether an existing file is overwritten.

    Raises:
        EvaluationError: if the format is not known.
        FileError: if it cannot be written, or exists.
    """
    chosen = format or format_of(path)
    if chosen not in FORMATS:
        raise EvaluationError(
            f"There is no format {chosen!r}.", advice=f"There are {', '.join(FORMATS)}."
        )
    text = await text_of(evaluation, chosen, vqa=vqa)
    await asyncio.to_thread(
        paths.write_whole, path, text.encode("utf-8", "replace"), replace=replace
    )
    return path


async def text_of(evaluation: Evaluation, format: str, *, vqa: bool = False) -> str:
    """A result in a format, as text."""
    if format in _TABLES:
        return await asyncio.to_thread(_TABLES[format], evaluation)
    report = await asyncio.to_thread(report_of, evaluation, vqa=vqa)
    if format == "md":
        return markdown(report)
    views = await shown_rows(evaluation)
    return await asyncio.to_thread(html_page, report, views)
