"""Reading a provider's file, and tables of prices and deadlines that go before it."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from tintype.providers.facts import (
    CONFIDENCES,
    Billing,
    DatedFact,
    Deadline,
    HostingPrice,
    InferencePrice,
    TrainingPrice,
)
from tintype.providers.identity import Identity, identity, provider_file
from tintype.providers.limits import OWN_LIMITS, ProviderRules
from tintype.providers.token_rules import DetailLevel, Epochs, Patches, TokenRule
from tintype.providers.toml_table import TomlTable, read_toml

_LEVELS = ("low", "high", "original")
_INFERENCE = (
    *("input", "cached_input", "output"),
    *("batch_input", "batch_cached_input", "batch_output"),
)


@dataclass(frozen=True, slots=True)
class Provider:
    """All that is known of one provider."""

    identity: Identity
    rules: ProviderRules
    epochs: Epochs
    """How the number of epochs is chosen when none is asked for."""
    models: Mapping[str, TokenRule]
    """How models count tokens, by exact name."""
    facts: tuple[DatedFact, ...]
    """Prices and deadlines, in the order of the file."""


@functools.cache
def provider(name: str) -> Provider:
    """Return all that is known of a provider. Reads its file; remembered.

    Args:
        name: One of `provider_names()`, or the path of a user's own file.

    Raises:
        SettingsError: if there is no such provider, or its file is wrong; names file and key.
    """
    who = identity(name)
    table = read_toml(provider_file(name))
    for field in fields(Identity):
        table.raw(field.name)
    rules = _rules(table.table("rules"), who, table)
    epochs = _epochs(table.table("epochs"))
    models = dict(_models(table, epochs))
    facts = tuple(_facts(table, name))
    table.done()
    return Provider(who, rules, epochs, models, facts)


def read_facts(table: TomlTable) -> tuple[DatedFact, ...]:
    """Read prices and deadlines of any providers: each row of the table names its own.

    Raises:
        SettingsError: at the first value that cannot be right; names file, row and key.
    """
    facts = tuple(_facts(table, ""))
    table.done()
    return facts


def read_limits(table: TomlTable) -> dict[str, dict[str, int]]:
    """Read a person's own limits: rows `[[limits]]`, each of one provider; by provider and name.

    Raises:
        SettingsError: at the first value that cannot be right; names file, row and key.
    """
    found: dict[str, dict[str, int]] = {}
    for row in table.rows("limits"):
        said = found.setdefault(row.text("provider"), {})
        for name in OWN_LIMITS:
            if (number := row.number(name)) is not None:
                said[name] = number
        row.done()
    table.done()
    return found


def _rules(table: TomlTable | None, who: Identity, file: TomlTable) -> ProviderRules:
    """The limits; `like` takes over from another provider those that the table does not say.

    Which models there are is never taken over: what another provider trains is its own.
    """
    if table is None:
        file.refuse("rules", "is missing")
    given: dict[str, Any] = {"provider": who.name, "title": who.title}
    given["own_model"] = "model" in table
    if like := table.text("like", ""):
        base = provider(like).rules
        own = {*given, "as_of", "source", "confidence", "vision_models", "text_models"}
        inherited = {field.name for field in fields(base) if field.name not in table} - own
        given |= {name: getattr(base, name) for name in inherited}
    return table.fill(ProviderRules, **given)


def _epochs(table: TomlTable | None) -> Epochs:
    """How epochs are chosen; as at OpenAI where the file does not say."""
    return provider("openai").epochs if table is None else table.fill(Epochs)


def _models(file: TomlTable, epochs: Epochs) -> Iterator[tuple[str, TokenRule]]:
    for row in file.rows("models"):
        tiles, patches = row.table("tiles"), row.table("patches")
        base, tile = (tiles.number("base") or 0, tiles.number("tile") or 0) if tiles else (0, 0)
        if tiles:
            tiles.done()
        for name in row.names("names"):
            rule = row.fill(
                TokenRule,
                **dict.fromkeys(("model", "base"), name),
                known=True,
                epochs=epochs,
                tile_base=base,
                tile=tile,
                patches=_patches(patches) if patches else None,
            )
            yield name, rule


def _patches(table: TomlTable) -> Patches:
    multiplier, auto = _fraction(table), table.word("auto", _LEVELS)
    inner = {name: table.table(name) for name in _LEVELS}
    levels = {name: level.fill(DetailLevel) for name, level in inner.items() if level}
    earlier, old = table.table("earlier"), None
    if earlier:
        budget = earlier.number("budget")
        known = {name: DetailLevel(level.side, budget) for name, level in levels.items()}
        old = Patches(_fraction(earlier), known, auto)
        earlier.done()
    table.done()
    if auto not in levels:
        table.refuse(auto, "is missing")
    return Patches(multiplier, levels, auto, old)


def _fraction(table: TomlTable) -> Fraction:
    text = table.text("multiplier")
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        table.refuse("multiplier", f"must be a number in quotes, not {text!r}")


def _facts(file: TomlTable, name: str) -> Iterator[DatedFact]:
    """Prices and deadlines, in the order of the file; with a name, all are that provider's."""
    billing = file.table("billing") if name else None
    if billing:
        yield billing.fill(Billing, provider=name, model="*", **_stamp(billing, name))
    for row in file.rows("prices"):
        yield from _prices(row, name)
    for row in file.rows("deadlines"):
        yield from _deadlines(row, name)


def _stamp(row: TomlTable, name: str) -> dict[str, Any]:
    """What every statement says of itself."""
    confidence = row.word("confidence", CONFIDENCES) if name else row.text("confidence", "")
    return {
        "as_of": row.day("as_of"),
        "source": row.text("source", None if name else row.path.name),
        "confidence": confidence,
        "note": row.text("note", ""),
    }


def _stamps(row: TomlTable, name: str) -> list[dict[str, Any]]:
    """The same, once for each model of the row."""
    stamp = {"provider": name or row.text("provider"), **_stamp(row, name)}
    return [{**stamp, "model": model} for model in row.names("models")]


def _prices(row: TomlTable, name: str) -> Iterator[DatedFact]:
    stamps = _stamps(row, name)
    tokens, hours = row.dollars("training"), row.dollars("training_per_hour")
    hosting = row.dollars("hosting_per_hour")
    answers = {use == "tuned": _answers(row, use) for use in ("tuned", "base") if use in row}
    row.done()
    for stamp in stamps:
        if tokens is not None or hours is not None:
            yield TrainingPrice(**stamp, usd_per_million=tokens, usd_per_hour=hours)
        if hosting is not None:
            yield HostingPrice(**stamp, usd_per_hour=hosting)
        for tuned, amounts in answers.items():
            yield InferencePrice(**stamp, tuned=tuned, **amounts)


def _answers(row: TomlTable, use: str) -> dict[str, Any]:
    table = row.table(use)
    assert table is not None
    amounts = {f"{key}_usd": table.dollars(key) for key in _INFERENCE}
    table.done()
    return amounts


def _deadlines(row: TomlTable, name: str) -> Iterator[Deadline]:
    stamps = _stamps(row, name)
    said: dict[str, Any] = {
        "date": row.day("date"),
        "what": row.word("what", ("shutdown", "training", "notice")),
        "of": row.word("of", ("base", "tuned", "both")),
        "replacement": row.text("replacement", ""),
    }
    row.done()
    for stamp in stamps:
        yield Deadline(**stamp, **said)
