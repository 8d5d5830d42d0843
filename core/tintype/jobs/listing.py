"""The jobs of a provider, kept as they are listed."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from tintype.api import SYSTEM, Api, Clock, pages
from tintype.jobs.billing import settle
from tintype.resources import Job
from tintype.store import Store


async def listed(
    api: Api, store: Store, *, clock: Clock = SYSTEM, most: int = 1_000
) -> AsyncGenerator[tuple[Job, ...], None]:
    """List a provider's jobs, newest first, up to about `most`.

    Every one is kept in the store, and the ledger brought up to what they were billed.

    Raises:
        ApiError: if the provider refuses, cannot be reached, or its list has no end.
        StoreError: if the store cannot be written.
    """
    count = 0
    async with aclosing(pages(lambda after: api.jobs(after=after, limit=100))) as listing:
        async for batch in listing:
            store.jobs.remember(api.profile.name, *batch, seen_at=clock.now())
            settle(store, api.profile.name, *batch)
            yield batch
            count += len(batch)
            if count >= most:
                return
