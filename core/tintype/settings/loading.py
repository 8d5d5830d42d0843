"""Reading `config.toml` and the environment into one checked value.

The environment goes before the file, the file before the defaults. A bad value is refused, not
skipped: someone who wrote `read_only = "ture"` must not be left to spend money.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NoReturn, cast

from tintype.errors import SettingsError
from tintype.providers import COMPATIBLE, identity
from tintype.settings.folders import Folders, folders
from tintype.settings.profile import BUILT_IN, EMBEDDED, OPENAI, Profile, variable_for
from tintype.settings.schema import FIELDS, PROFILE_FIELDS, Setting


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """Where a value came from."""

    kind: Literal["default", "file", "environment"]
    where: str = ""
    """The file's path or the variable's name."""

    def __str__(self) -> str:
        return f"{self.kind} ({self.where})" if self.where else self.kind


DEFAULT = SettingOrigin("default")


@dataclass(frozen=True, slots=True)
class Settings:
    """All that is configured. `schema.FIELDS` says what each field means."""

    profiles: Mapping[str, Profile]
    default_profile: str
    spend_confirm_usd: Decimal
    day_limit_usd: Decimal | None
    month_limit_usd: Decimal | None
    read_only: bool
    low_bandwidth: bool
    reduced_motion: bool
    screen_reader: bool
    theme: str
    prices: Path | None
    keymap: Mapping[str, str]
    folders: Folders
    origins: Mapping[str, SettingOrigin]
    """By setting, and for profiles by `profiles.<name>.<field>`; what is not in it is a default."""

    @property
    def profile(self) -> Profile:
        """Return the default profile."""
        return self.profiles[self.default_profile]

    def origin(self, name: str) -> SettingOrigin:
        """Return where a setting came from: `theme`, or `profiles.<name>.<field>`."""
        return self.origins.get(name, DEFAULT)


def load(*, environ: Mapping[str, str] | None = None, places: Folders | None = None) -> Settings:
    """Return the settings of file and environment; a missing file means defaults.

    Raises:
        SettingsError: for a file that cannot be read, an unknown name or a bad value.
    """
    environ = os.environ if environ is None else environ
    places = folders(environ) if places is None else places
    written = _read(places.config_file)
    _refuse_unknown(written, [f.name for f in FIELDS] + ["profiles"], places.config_file)
    origins: dict[str, SettingOrigin] = {}
    values = {f.name: _value(f, f.name, written, environ, places, origins) for f in FIELDS}
    profiles = _profiles(written.get("profiles", {}), environ, places, origins)
    chosen = str(values["default_profile"])
    if chosen not in profiles:
        where = origins.get("default_profile", DEFAULT).where
        raise SettingsError(
            f"{where}: there is no profile {chosen!r}.",
            advice=f"Profiles are: {', '.join(sorted(profiles))}.",
        )
    return Settings(
        profiles=MappingProxyType(profiles),
        folders=places,
        origins=MappingProxyType(origins),
        **cast("Any", values),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    import tomllib  # late: most have no such file, and the first frame waits for it

    try:
        return tomllib.loads(text.decode())
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text (byte {error.start}).") from error


def _refuse_unknown(written: Mapping[str, Any], known: list[str], path: Path, at: str = "") -> None:
    """Refuse a name that is no setting; its value may be a key, so it is not repeated."""
    for name in written:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Settings here: {', '.join(known)}."
            raise SettingsError(f"{path}: there is no setting {at + name!r}.", advice=hint)


def _value(
    field: Setting,
    name: str,
    written: Mapping[str, Any],
    environ: Mapping[str, str],
    places: Folders,
    origins: dict[str, SettingOrigin],
) -> object:
    """Read one setting from where it is said, and note where that was."""
    if field.variable and field.variable in environ:
        origins[name] = SettingOrigin("environment", field.variable)
        raw: object = environ[field.variable]
    elif field.name in written:
        origins[name] = SettingOrigin("file", str(places.config_file))
        raw = written[field.name]
    else:
        return field.default
    try:
        value = field.read(raw)
    except ValueError:
        _refuse_value(field, name, raw, origins[name])
    if isinstance(value, Path) and not value.is_absolute() and origins[name].kind == "file":
        return places.config / value
    return value


def _refuse_value(field: Setting, name: str, raw: object, origin: SettingOrigin) -> NoReturn:
    at = origin.where if origin.kind == "environment" else f"{origin.where}: {name}"
    shown = ""
    if field.name != "base_url":  # which may hold a password
        text = repr(raw)
        shown = f" ({text if len(text) <= 40 else text[:39] + '…'})"
    raise SettingsError(f"{at} has a value that cannot be used{shown}; allowed: {field.allowed}.")


def _profiles(
    written: object, environ: Mapping[str, str], places: Folders, origins: dict[str, SettingOrigin]
) -> dict[str, Profile]:
    path = places.config_file
    if not isinstance(written, dict):
        raise SettingsError(f"{path}: profiles must be tables, such as [profiles.work].")
    profiles = {EMBEDDED.name: EMBEDDED, OPENAI.name: OPENAI}
    for name, table in written.items():
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: profiles.{name} must be a table.")
        if name == EMBEDDED.name:
            raise SettingsError(
                f"{path}: the profile {name!r} is the embedded provider and cannot be changed.",
                advice="Give yours another name; for a server elsewhere say its base_url.",
            )
        profiles[name] = _profile(name, table, environ, places, origins)
    profiles[OPENAI.name] = _from_environment(profiles[OPENAI.name], environ, origins)
    return profiles


def _profile(
    name: str,
    table: dict[str, Any],
    environ: Mapping[str, str],
    places: Folders,
    origins: dict[str, SettingOrigin],
) -> Profile:
    at = f"profiles.{name}."
    _refuse_unknown(table, [f.name for f in PROFILE_FIELDS], places.config_file, at)
    said: dict[str, Any] = {
        f.name: _value(f, at + f.name, table, environ, places, origins)
        for f in PROFILE_FIELDS
        if f.name in table
    }
    provider = said.get("provider", name if name in BUILT_IN else COMPATIBLE)
    if provider.endswith(".toml"):
        provider = str(places.config / provider)  # an absolute path stays as it is
    try:
        known = identity(provider)
    except SettingsError as error:
        where = f"{places.config_file}: {at}provider"
        raise SettingsError(f"{where}: {error.message}", advice=error.advice) from error
    usual = {"base_url": known.base_url, "key_env": known.key_env or variable_for(name)}
    profile = Profile(name, **usual | said | {"provider": provider})
    if not profile.base_url:
        example = known.base_url_example or "https://host/v1"
        raise SettingsError(
            f"{places.config_file}: profiles.{name} does not say its base_url.",
            advice=f'Add, for example, base_url = "{example}".',
        )
    return profile


def _from_environment(
    profile: Profile, environ: Mapping[str, str], origins: dict[str, SettingOrigin]
) -> Profile:
    """Obey the SDK's own variables, for the built-in profile only: no other provider's business."""
    from dataclasses import replace

    by_name = {field.name: field for field in PROFILE_FIELDS}
    for name, variable in (
        ("base_url", "OPENAI_BASE_URL"),
        ("organization", "OPENAI_ORG_ID"),
        ("project", "OPENAI_PROJECT_ID"),
    ):
        if raw := environ.get(variable, "").strip():
            origin = origins[f"profiles.{profile.name}.{name}"] = SettingOrigin(
                "environment", variable
            )
            try:
                value: Any = by_name[name].read(raw)
            except ValueError:
                _refuse_value(by_name[name], name, raw, origin)
            profile = replace(profile, **{name: value})
    return profile
