"""Data URLs: what is decoded, and how strictly."""

import base64
from collections.abc import Callable
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from tintype.images.data_urls import decode_base64


@given(
    st.text("ABab01+/=-_ \n\\é", max_size=16)
    | st.binary(max_size=30).map(lambda data: base64.b64encode(data).decode())
)
def test_base64_is_decoded_as_python_decodes_it(text: str) -> None:
    def decoded(function: Callable[[str], bytes]) -> bytes | None:
        try:
            return function(text)
        except ValueError:
            return None

    assert decoded(decode_base64) == decoded(partial(base64.b64decode, validate=True))
