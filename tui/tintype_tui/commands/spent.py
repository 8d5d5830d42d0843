"""`tintype spent`: the ledger."""

import csv
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tintype.errors import SettingsError
from tintype_tui.commands.output import as_json, asynchronous, plain, put, put_json, say
from tintype_tui.text import money, number, one_line, pad

if TYPE_CHECKING:
    from tintype.store import Spent, Store

COLUMNS = (
    "at", "profile", "model", "kind", "subject", "tokens", "cost_usd", "state", "high_usd"
)  # fmt: skip


def sums(total: "Spent") -> dict[str, Any]:
    """A total as JSON: what is not known is beside what is."""
    return {
        "usd": total.known_usd,
        "settled_usd": total.settled_usd,
        "expected_usd": total.expected_usd,
        "not_known": total.unknown,
        "in_doubt": total.in_doubt,
    }


@click.command(name="spent")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The first day; by default the first of this month.",
)
@click.option("--all", "everything", is_flag=True, help="All entries.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option("--drop", metavar="ID", help="Strike out an entry that is not settled.")
@as_json
@asynchronous
async def command(
    since: datetime | None, everything: bool, as_csv: bool, drop: str | None, as_json: bool
) -> None:
    """List what trainings and answers cost: settled, expected and unknown separately.

    A cost is settled once the provider has billed tokens; until then it is the estimate. Unknown
    costs are counted, and never treated as zero. What is in doubt, since no answer came, is settled
    when `tintype jobs` finds the job, and struck out when it is not there half an hour later.
    """
    from tintype.settings import load
    from tintype.store import month_of, open_store
    from tintype_tui.words.costs import spent_words

    start = _local(since) if since else month_of(datetime.now().astimezone())
    async with open_store(load().folders.store_file) as store:
        if drop is not None:
            _drop(store, drop)
        entries = store.spending.entries(None if everything else start)
        total = store.spending.total(None if everything else start)
    if as_json:
        put_json(sums(total) | {"entries": entries}, indent=2)
        return
    if as_csv:
        table = csv.writer(sys.stdout)
        table.writerow(COLUMNS)
        table.writerows(
            [
                plain(entry.at),
                one_line(entry.profile),
                one_line(entry.model),
                entry.kind,
                one_line(entry.subject),
                entry.tokens,
                entry.cost_usd,
                entry.state,
                entry.high_usd,
            ]
            for entry in entries
        )
        return
    for entry in entries:
        tokens = "" if entry.tokens is None else f"{number(entry.tokens)} tokens"
        put(
            f"{entry.at.astimezone():%Y-%m-%d %H:%M}  {pad(one_line(entry.profile), 12)} "
            f"{pad(entry.kind, 10)} {pad(one_line(entry.model), 36)} {tokens:>16}  "
            f"{money(entry.cost_usd)}"
            f"{'' if entry.state == 'settled' else f' {entry.state} {one_line(entry.subject)}'}"
        )
    days = "in all" if everything else f"since {start:%d %b %Y}"
    say(f"{spent_words(total)} {days}." if entries else f"Nothing was spent {days}.")


def _drop(store: "Store", subject: str) -> None:
    """Strike out what was entered before it was spent, and look for its job no more."""
    from tintype.jobs import strike_out

    found = any(one.subject == subject for one in store.spending.entries())
    if not strike_out(store, subject):
        why = "is settled: the provider has billed it" if found else "is not in the ledger"
        raise SettingsError(
            f"{subject!r} {why}.", advice="`tintype spent --all` lists what is not settled."
        )
    say(f"Struck out {subject}.")


def _local(day: datetime) -> datetime:
    """The beginning of a day here; the first and last of the calendar have none everywhere."""
    try:
        return day.astimezone()
    except (ValueError, OverflowError):
        return day.replace(tzinfo=UTC)
