"""YAML that others have written: mappings, lists and scalars, and nothing that can do harm."""

from typing import Any


def read_yaml(text: str, *, as_texts: bool = False) -> Any:
    """Return what a YAML text holds; of tags, only YAML's own are understood.

    Args:
        text: One document.
        as_texts: Leave every scalar the text that it is: a class named `on` or `0123` is not a
            truth or a number.

    Raises:
        ValueError: if it is not YAML, or refers to parts of itself, which can grow without end.
            What it holds is no part of the error.
    """
    import yaml  # late: nothing that is shown first needs it

    kind = "BaseLoader" if as_texts else "SafeLoader"
    loader: Any = getattr(yaml, f"C{kind}", getattr(yaml, kind))
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, loader)):
            raise ValueError("it refers to parts of itself")
        return yaml.load(text, loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"it is not YAML ({type(error).__name__})") from None
