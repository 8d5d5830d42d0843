"""Images: told from their bytes, decoded small, encoded for the wire."""

from tintype.images.data_urls import data_url, media_type, split_data_url
from tintype.images.decoding import decode, encode_jpeg
from tintype.images.facts import ImageFacts
from tintype.images.fetch import fetch
from tintype.images.pixels import MAX_PIXELS
from tintype.images.probing import probe
from tintype.images.thumbnails import thumbnail

__all__ = [
    "MAX_PIXELS",
    "ImageFacts",
    "data_url",
    "decode",
    "encode_jpeg",
    "fetch",
    "media_type",
    "probe",
    "split_data_url",
    "thumbnail",
]
