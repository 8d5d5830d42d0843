"""How commands have a cost, or what cannot be undone, agreed to."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from tintype_tui.commands.output import say

if TYPE_CHECKING:
    from tintype.budget import Confirmation, Demand


@contextmanager
def answered_by_somebody() -> Iterator[None]:
    """Make of a question that nobody is there to answer a mistake, and no interruption."""
    try:
        yield
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("Nobody confirmed it: add --yes to do it unasked.") from None


def dollars(text: str) -> Decimal:
    """A sum of money; `ValueError` for what is none, NaN among them."""
    try:
        sum_usd = Decimal(text)
    except InvalidOperation as error:
        raise ValueError from error
    if not sum_usd.is_finite() or sum_usd < 0:
        raise ValueError
    return sum_usd


def confirmed(text: str) -> str:
    """A sum that is agreed to, or `unknown`; `ValueError` for anything else."""
    return text if text == "unknown" else str(dollars(text.removeprefix("$")))


def agreed(wanted: "Demand | None", confirm: str | None, *, yes: bool, act: str) -> "Confirmation":
    """What a person agrees to: by options, or by typing the sum where there is a terminal."""
    from tintype.budget import Confirmation

    given = Confirmation(confirm or "", yes=yes)
    if wanted is None or given.covers(wanted) or not sys.stdin.isatty():
        return given
    say(wanted.why)
    typed = click.prompt(f"Type {wanted.typed} to {act}", default="", show_default=False, err=True)
    if not wanted.is_met_by(typed):
        raise click.ClickException(f"That is not {wanted.typed}: nothing was sent.")
    return Confirmation(wanted.typed)


yes_option = click.option(
    "--yes", is_flag=True, help="Accept any cost; the limits for a day and a month still apply."
)


confirm_option = click.option(
    "--confirm",
    type=confirmed,
    metavar="SUM",
    help="Accept a cost up to SUM US dollars, or one that is `unknown`, without being asked.",
)


_ASKING = (
    click.option("--budget", type=dollars, metavar="USD", help="Stop softly before this is spent."),
    click.option("--concurrency", type=click.IntRange(1, 256), default=64, show_default=True),
    click.option(
        "--per-minute", type=click.FloatRange(min=1), help="Never more requests a minute."
    ),
    click.option(
        "--time-limit", type=click.FloatRange(min=1), default=120.0, help="Seconds for an answer."
    ),
    yes_option,
    confirm_option,
)


def asking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of asking models many questions, and of agreeing to the cost."""
    for option in reversed(_ASKING):
        command = option(command)
    return command
