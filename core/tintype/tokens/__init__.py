"""Tokens: of text, of images, of rows; offline, as each model counts them."""

from tintype.providers.token_rules import Epochs, TokenRule
from tintype.tokens.explaining import (
    Explained,
    ExplainedRow,
    explain_image,
    explain_row,
    explain_text,
)
from tintype.tokens.images import Sight, image_tokens, sight
from tintype.tokens.models import model_tokens
from tintype.tokens.ranges import NOTHING, Range
from tintype.tokens.rows import (
    DETAILS,
    PER_MESSAGE,
    PER_REPLY,
    Detail,
    RowTokens,
    content_texts,
    reply_doubt,
    row_tokens,
    text_tokens,
)
from tintype.tokens.text import count_text, counter, special_tokens

__all__ = [
    "DETAILS",
    "NOTHING",
    "PER_MESSAGE",
    "PER_REPLY",
    "Detail",
    "Epochs",
    "Explained",
    "ExplainedRow",
    "Range",
    "RowTokens",
    "Sight",
    "TokenRule",
    "content_texts",
    "count_text",
    "counter",
    "explain_image",
    "explain_row",
    "explain_text",
    "image_tokens",
    "model_tokens",
    "reply_doubt",
    "row_tokens",
    "sight",
    "special_tokens",
    "text_tokens",
]
