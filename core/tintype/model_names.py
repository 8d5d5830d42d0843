"""What a model's name says of it: its base, whether it is tuned, at which step it was saved.

gpt-4o-2024-08-06                                      a base model
ft:gpt-4o-2024-08-06:acme:cards:AE3XHdn2               OpenAI, and the embedded server
ft:gpt-4o-2024-08-06:acme::AE3XHdn2:ckpt-step-88       without suffix; a checkpoint
gpt-4.1-2025-04-14.ft-0a1b2c:ckpt-step-80              Azure
"""

import re
from dataclasses import dataclass

_STEP = re.compile(r":ckpt-step-(\d{1,18})$")


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model's name, taken apart."""

    name: str
    base: str
    """The model it was tuned from, or the name itself."""
    tuned: bool = False
    suffix: str = ""
    """What the person who tuned it called it."""
    step: int | None = None
    """The step at which a checkpoint was saved; none for a finished model."""


def parse_model_name(name: str) -> ModelName:
    """Take a name apart; any text is a name, at worst of a base model nobody knows."""
    found = _STEP.search(name)
    step = int(found[1]) if found else None
    whole = name[: found.start()] if found else name
    if whole.startswith("ft:"):
        parts = whole.split(":")
        return ModelName(name, parts[1], True, parts[3] if len(parts) > 3 else "", step)
    base, separator, _ = whole.partition(".ft-")
    return ModelName(name, base, bool(separator), "", step)
