"""Signed URLs say until when they are good."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.images import expiry

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260504T110000Z&X-Amz-Expires=3600",
        "x-goog-date=20260503T120000Z&x-goog-expires=86400&x-goog-signature=a",
        "sv=2024-11-04&se=2026-05-04T12%3A00%3A00Z&sr=b&sp=r&sig=a%2Bb",
        "se=2026-05-04T14:00:00%2B02:00&sig=a",
        "AWSAccessKeyId=A&Signature=b&Expires=1777896000",
    ],
)
def test_every_vendors_signature_is_read(query: str) -> None:
    assert expiry(f"https://bucket.example/a.png?{query}") == NOON


@pytest.mark.parametrize(
    "url",
    [
        "https://e.org/a.png",
        "https://e.org/a.png?se=2026-05-04",
        "https://e.org/a?expires=soon&sig=x",
        "https://e.org/a?X-Amz-Date=yesterday&X-Amz-Expires=9",
        "https://e.org/a?Expires=99999999999999999999&Signature=a",
        "http://[broken?se=2026&sig=a",
    ],
)
def test_other_urls_say_nothing(url: str) -> None:
    assert expiry(url) is None


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    expiry(f"https://e.org/?X-Amz-Expires={text}&X-Amz-Date={text}&se={text}&sig={text}")
