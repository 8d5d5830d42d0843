"""When a model ends: what the provider's API says goes before every table."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from tintype.inventory.values import End
from tintype.model_names import parse_model_name
from tintype.pricing import Deadline, Prices
from tintype.resources import Model

API = "shutdown_date in the provider's list of models"


def model_end(provider: str, name: str, models: Mapping[str, Model], prices: Prices) -> End | None:
    """Return when a model stops answering, and who says so; none if nobody does.

    In this order: its own `shutdown_date`; that of its base; the user's table; the provider's file.
    """
    known = parse_model_name(name)
    whole = name.partition(":ckpt-step-")[0]
    own = _said(models.get(name)) or _said(models.get(whole))
    if own is not None:
        return End(own, "api", API, _replacement(provider, name, prices))
    base = _said(models.get(known.base)) if known.tuned else None
    if base is not None:
        about = f"{API}, for {known.base}"
        return End(base, "api, base model", about, _replacement(provider, name, prices))
    return from_table(prices.deadline(provider, name), prices)


def from_table(found: Deadline | None, prices: Prices) -> End | None:
    """Return a dated statement as an end."""
    if found is None:
        return None
    source: Literal["your table", "table"] = "your table" if found in prices.own else "table"
    sure = f", {found.confidence}" if found.confidence else ""
    about = f"{found.source}, {found.as_of:%d %b %Y}{sure}"
    return End(found.date, source, about, found.replacement)


def _said(model: Model | None) -> date | None:
    """The date of the API; none where it says none, or something that is no date."""
    if model is None or not model.shutdown_date:
        return None
    try:
        return date.fromisoformat(model.shutdown_date[:10])
    except ValueError:
        return None


def _replacement(provider: str, name: str, prices: Prices) -> str:
    found = prices.deadline(provider, name)
    return found.replacement if found else ""
