"""How each model counts tokens: looked up in the providers' files."""

import re
from dataclasses import replace

from tintype.model_names import parse_model_name
from tintype.providers import provider_names
from tintype.providers.loading import provider
from tintype.providers.token_rules import TokenRule

_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4}|latest)$")
_STAND_IN = "gpt-4o"


def model_tokens(model: str, at: str = "") -> TokenRule:
    """Return the rule of a model; a tuned one counts as its base. Unknown models say so (`known`).

    Args:
        model: Any name; see `tintype.model_names`.
        at: The provider whose file is asked first: its name, or the path of its file.

    Raises:
        SettingsError: if there is no such provider.
    """
    base = parse_model_name(model).base
    for name in dict.fromkeys(filter(None, (at, "openai", *provider_names()))):
        table = provider(name).models
        if rule := table.get(base) or table.get(_SNAPSHOT.sub("", base)):
            return replace(rule, model=model, base=base)
    return replace(
        provider("openai").models[_STAND_IN],
        model=model,
        base=base,
        known=False,
        example_tokens=None,
        source=f"assumed to be as for {_STAND_IN}",
        confidence="unknown",
    )
