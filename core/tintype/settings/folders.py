"""Where Tintype keeps things: the platform's own folders, or all of them under `TINTYPE_HOME`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tintype.errors import FileError, SettingsError
from tintype.paths import as_path


@dataclass(frozen=True, slots=True)
class Folders:
    """Four folders; none of them need exist yet."""

    config: Path
    """`config.toml` and `keys.toml`: what a person writes."""
    data: Path
    """The embedded provider's files and models: worth a backup."""
    state: Path
    """The store and logs: what was seen and done."""
    cache: Path
    """May be deleted at any time."""

    @property
    def config_file(self) -> Path:
        """Return the file that settings are read from."""
        return self.config / "config.toml"

    @property
    def keys_file(self) -> Path:
        """Return the file of keys that do not come from the environment."""
        return self.config / "keys.toml"

    @property
    def store_file(self) -> Path:
        """Return the SQLite file of the store."""
        return self.state / "tintype.sqlite"


def folders(environ: Mapping[str, str] | None = None) -> Folders:
    """Return the folders, by the environment; makes none of them.

    Raises:
        SettingsError: if no folder can be what `TINTYPE_HOME` says.
    """
    environ = os.environ if environ is None else environ
    if home := environ.get("TINTYPE_HOME"):
        try:
            root = as_path(home).absolute()
        except FileError as error:
            raise SettingsError(f"TINTYPE_HOME: {error}") from error
        return Folders(root / "config", root / "data", root / "state", root / "cache")
    from platformdirs import PlatformDirs  # late: with TINTYPE_HOME set it is never needed

    platform = PlatformDirs("tintype", appauthor=False)
    return Folders(
        platform.user_config_path,
        platform.user_data_path,
        platform.user_state_path,
        platform.user_cache_path,
    )
