"""Reading a list to its end, from providers that may never come to it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from tintype.errors import ApiError
from tintype.resources import Page

T = TypeVar("T")


async def pages(
    fetch: Callable[[str | None], Awaitable[Page[T]]], *, most: int = 1_000
) -> AsyncGenerator[tuple[T, ...], None]:
    """Fetch page after page, from the cursor none on.

    Raises:
        ApiError: if a cursor comes back or there are more than `most` pages; what was yielded
            before is sound.
    """
    seen: set[str] = set()
    after: str | None = None
    for _ in range(most):
        page = await fetch(after)
        yield page.items
        after = page.after
        if after is None:
            return
        if after in seen:
            break
        seen.add(after)
    raise ApiError(
        "The provider's list does not come to an end.",
        advice="What was read is shown; the provider has a fault.",
    )
