"""Images that rows name by their address, fetched once and kept while there is room."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable

from tintype.dataset.example import Row
from tintype.errors import DatasetError

MAX_FETCHED_BYTES = 20_000_000
"""A larger image is not fetched from the network; providers take 10 MB at most."""
FETCH_TIMEOUT_S = 20.0
FETCHES = 8
"""Images fetched at once for a copy."""
CACHE_BYTES = 32_000_000
"""Fetched images kept in memory."""


class FetchedImages:
    """The images fetched last."""

    def __init__(self) -> None:
        self._images: OrderedDict[str, bytes] = OrderedDict()

    async def get(self, url: str, *, allow_private: bool) -> bytes:
        """The encoded bytes of an image on the network.

        Raises:
            DatasetError: with the reason why it cannot be had.
        """
        if url in self._images:
            self._images.move_to_end(url)
            return self._images[url]
        from tintype.images.fetch import fetch

        data = await fetch(
            url,
            max_bytes=MAX_FETCHED_BYTES,
            timeout_s=FETCH_TIMEOUT_S,
            allow_private=allow_private,
        )
        self._images[url] = data
        while sum(map(len, self._images.values())) > CACHE_BYTES and len(self._images) > 1:
            self._images.popitem(last=False)
        return data


async def fetch_images(
    rows: Iterable[Row], *, allow_private: bool
) -> dict[str, bytes | DatasetError]:
    """Fetch the images on the network that some rows name: by address, or why not."""
    from tintype.images import fetch

    at_once = asyncio.Semaphore(FETCHES)

    async def one(url: str) -> bytes | DatasetError:
        async with at_once:
            try:
                return await fetch(
                    url,
                    max_bytes=MAX_FETCHED_BYTES,
                    timeout_s=FETCH_TIMEOUT_S,
                    allow_private=allow_private,
                )
            except DatasetError as error:
                return error

    urls = list(
        dict.fromkeys(
            image.reference
            for row in rows
            for image in row.images
            if image.origin == "url" and image.reference.lower().startswith(("http:", "https:"))
        )
    )
    return dict(zip(urls, await asyncio.gather(*map(one, urls)), strict=True))
