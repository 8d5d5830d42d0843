"""What `tintype-tiny` says of itself."""

from tintype.engines.base import Card

MAX_CONTEXT = 320
"""The longest answer, in tokens: some 45 boxes with their labels."""

CARD = Card(
    model="tintype-tiny",
    title="Tintype tiny: a small vision-language model that learns from scratch",
    created=1_767_225_600,  # 1 January 2026
    learns=(
        "only from your rows: it begins with random weights and has seen nothing before",
        "colours, shapes, textures and large printed signs, from some hundred images",
        "a fixed set of answers to questions about an image, yes and no among them",
        "boxes around things that look alike, up to some forty in an image",
        "telling apart up to about fifty things that are large in the image",
    ),
    cannot=(
        "answer anything before it is trained: the base model writes noise",
        "know anything of the world, or use a word that its training answers do not hold",
        "read words it was not shown, or print lower than an eighth of the image",
        "count reliably beyond three",
        "be held to a JSON schema: an answer that was not trained to fit is refused, unless the "
        "schema is one string",
        "reason, chat, or follow instructions that its training rows do not hold",
    ),
    context_tokens=MAX_CONTEXT,
)
