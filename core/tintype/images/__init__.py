"""Images: recognised from their bytes, decoded small, encoded for the wire."""

from tintype.images.data_urls import data_url, expiry, media_type, split_data_url
from tintype.images.decoding import MAX_PIXELS, MOST_PIXELS, decode, encode_jpeg
from tintype.images.facts import ImageFacts
from tintype.images.fetch import NotReached, fetch
from tintype.images.formats import without_metadata
from tintype.images.probing import probe

__all__ = [
    "MAX_PIXELS",
    "MOST_PIXELS",
    "ImageFacts",
    "NotReached",
    "data_url",
    "decode",
    "encode_jpeg",
    "expiry",
    "fetch",
    "media_type",
    "probe",
    "split_data_url",
    "without_metadata",
]
