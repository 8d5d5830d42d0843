"""Signed URLs: until when they are good.

Formats: AWS Signature Version 4 (`X-Amz-Date` and `X-Amz-Expires` in seconds) and 2 (`Expires`),
Google Cloud Storage (`X-Goog-…`), Azure's shared access signatures (`se` beside `sig`), CloudFront
(`Expires` beside `Signature`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit


def expiry(url: str) -> datetime | None:
    """When a signed URL ceases to work, in UTC; none if it does not say so."""
    if "?" not in url:
        return None
    try:
        query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
        return _after_a_while(query) or _at_a_time(query)
    except (ValueError, OverflowError):  # no URL, no number, no date
        return None


def _after_a_while(query: Mapping[str, str]) -> datetime | None:
    for vendor in ("amz", "goog"):
        begun, seconds = query.get(f"x-{vendor}-date"), query.get(f"x-{vendor}-expires")
        if begun and seconds:
            signed = datetime.strptime(begun, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return signed + timedelta(seconds=int(seconds))
    return None


def _at_a_time(query: Mapping[str, str]) -> datetime | None:
    if "sig" in query and "se" in query:
        end = datetime.fromisoformat(query["se"])
        return end.astimezone(UTC) if end.tzinfo else end.replace(tzinfo=UTC)
    if ("signature" in query or "sig" in query) and query.get("expires", "").isdecimal():
        return datetime.fromtimestamp(int(query["expires"]), UTC)
    return None
