"""Images that rows name by their address, fetched once and kept while there is room."""

from collections import OrderedDict

MAX_FETCHED_BYTES = 20_000_000
"""A larger image is not fetched from the network; providers take 10 MB at most."""
FETCH_TIMEOUT_S = 20.0
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
