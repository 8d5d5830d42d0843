"""What a person has at all providers, as the public API has it."""

import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING

from tintype import connection, inventory
from tintype.library.work import Work
from tintype.settings import Settings, load
from tintype.store import open_store

if TYPE_CHECKING:
    from tintype.inventory import Gathered, Inventory


def take_inventory(
    *profiles: str, offline: bool = False, settings: Settings | None = None
) -> "Work[Gathered, Inventory]":
    """Ask providers for files, jobs, checkpoints and models; return all that is known of them.

    Each thing has the days that it has left and who says so. What follows from it is in
    `tintype.inventory`: `chosen(found, "is:ending")`, `plan_by_date(found)`, `lineage(found, ref)`.
    A provider that cannot be asked is no error: `found.troubles` says why, and what was known of it
    is there.

    Args:
        profiles: Names of those to ask; by default all that can be.
        offline: Ask nobody: what was learnt before.
        settings: By default those of the configuration file and the environment.

    Raises:
        SettingsError: if a profile is not known, or the settings cannot be used.
        StoreError: if the store cannot be read or written.
    """

    async def gathered() -> AsyncGenerator["Gathered", None]:
        chosen = settings or load()
        names = [connection.chosen(chosen, name).name for name in profiles]
        say = logging.getLogger("tintype").warning
        async with open_store(chosen.folders.store_file) as store, AsyncExitStack() as stack:
            asked = [] if offline else names or connection.worth_asking(chosen, store)
            connect = connection.Connections(chosen, stack, say).at
            yield inventory.Gathered(0, tuple(asked), {})
            async with aclosing(inventory.gather(asked, connect, store)) as steps:
                async for step in steps:
                    yield step

    async def taken(_: "Gathered") -> "Inventory":
        chosen = settings or load()
        async with open_store(chosen.folders.store_file) as store:
            return await inventory.take(store, chosen)

    return Work(gathered, taken)
