"""Reading `config.toml` and the environment into one checked value.

The environment goes before the file, the file before the defaults. A bad value is refused, not
skipped: someone who wrote `read_only = "ture"` must not be left to spend money.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

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
EXAMPLE = "https://host/v1"
_OPENAI_VARIABLES = {
    "base_url": "OPENAI_BASE_URL",
    "organization": "OPENAI_ORG_ID",
    "project": "OPENAI_PROJECT_ID",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """All that is configured. `schema.FIELDS` says what each field means."""

    profiles: Mapping[str, Profile]
    default_profile: str
    spend_confirm_usd: Decimal
    day_limit_usd: Decimal | None
    month_limit_usd: Decimal | None
    machine_usd_per_hour: Decimal | None
    launcher: str
    """`local`, `slurm` or `ray`: where the embedded server has trainings run."""
    launcher_options: Mapping[str, str]
    read_only: bool
    recorder: bool
    """Whether running jobs are followed in a process of its own."""
    notify: tuple[str, ...]
    """Names of rules."""
    notify_terminal: str
    notify_webhook: str = field(repr=False)
    notify_command: tuple[str, ...]
    clean_after_days: Mapping[str, int]
    """After how many days what can be made again is removed; of what is not named, never."""
    low_bandwidth: str
    """`auto`, `on` or `off`."""
    reduced_motion: bool
    screen_reader: bool
    theme: str
    prices: Path | None
    limits: Path | None
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
    return _Reader(environ, folders(environ) if places is None else places).settings()


@dataclass(frozen=True, slots=True)
class _Reader:
    """The settings being read; notes where each value came from."""

    environ: Mapping[str, str]
    places: Folders
    origins: dict[str, SettingOrigin] = field(default_factory=dict)

    def settings(self) -> Settings:
        written = _parse(self.places.config_file)
        self.refuse_unknown(written, [*(one.name for one in FIELDS), "profiles"])
        values: dict[str, Any] = {one.name: self.value(one, written) for one in FIELDS}
        profiles = self.profiles(written.get("profiles", {}))
        chosen = values["default_profile"]
        if chosen not in profiles:
            where = self.origins.get("default_profile", DEFAULT).where
            raise SettingsError(
                f"{where}: there is no profile {chosen!r}.",
                advice=f"Profiles are: {', '.join(sorted(profiles))}.",
            )
        return Settings(
            profiles=MappingProxyType(profiles),
            folders=self.places,
            origins=MappingProxyType(self.origins),
            **values,
        )

    def refuse_unknown(self, written: Mapping[str, Any], known: list[str], at: str = "") -> None:
        """Refuse a name that is no setting; its value may be a key, so it is not repeated."""
        for name in written:
            if name not in known:
                from difflib import get_close_matches

                near = get_close_matches(name, known, 1)
                hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
                where = f"{self.places.config_file}: there is no setting"
                raise SettingsError(f"{where} {at + name!r}.", advice=hint)

    def value(self, setting: Setting, written: Mapping[str, Any], at: str = "") -> Any:
        """Return a setting from where it is said, or its default."""
        if setting.variable and setting.variable in self.environ:
            origin = SettingOrigin("environment", setting.variable)
            raw: object = self.environ[setting.variable]
        elif setting.name in written:
            origin = SettingOrigin("file", str(self.places.config_file))
            raw = written[setting.name]
        else:
            return setting.default
        value = self.checked(setting, raw, origin, at)
        if isinstance(value, Path) and not value.is_absolute() and origin.kind == "file":
            return self.places.config / value
        return value

    def checked(self, setting: Setting, raw: object, origin: SettingOrigin, at: str = "") -> Any:
        """Return a value as it is used, and note its origin; refuse what is not allowed."""
        name = at + setting.name
        self.origins[name] = origin
        try:
            return setting.read(raw)
        except ValueError:
            pass
        where = origin.where if origin.kind == "environment" else f"{origin.where}: {name}"
        shown = ""
        if setting.name not in ("base_url", "notify_webhook"):  # which may hold a password
            # Of a table, what is wrong in it.
            wrong = isinstance(raw, dict) and {k: v for k, v in raw.items() if type(v) is not str}
            text = repr(wrong or raw)
            shown = f" ({text if len(text) <= 40 else text[:39] + '…'})"
        raise SettingsError(f"{where} has an invalid value{shown}; allowed: {setting.allowed}.")

    def profiles(self, written: object) -> dict[str, Profile]:
        path = self.places.config_file
        if not isinstance(written, dict):
            raise SettingsError(f"{path}: profiles must be tables, such as [profiles.work].")
        profiles = {EMBEDDED.name: EMBEDDED, OPENAI.name: OPENAI}
        for name, table in written.items():
            if not isinstance(table, dict):
                raise SettingsError(f"{path}: profiles.{name} must be a table.")
            if name == EMBEDDED.name:
                raise SettingsError(
                    f"{path}: the profile {name!r} is the embedded provider and cannot be changed.",
                    advice="Choose another name; for a server elsewhere set its base_url.",
                )
            profiles[name] = self.profile(name, table)
        profiles[OPENAI.name] = self.openai(profiles[OPENAI.name])
        return profiles

    def profile(self, name: str, table: dict[str, Any]) -> Profile:
        path, at = self.places.config_file, f"profiles.{name}."
        self.refuse_unknown(table, [one.name for one in PROFILE_FIELDS], at)
        said = {one.name: self.value(one, table, at) for one in PROFILE_FIELDS if one.name in table}
        provider = said.get("provider", name if name in BUILT_IN else COMPATIBLE)
        if provider.endswith(".toml"):
            provider = str(self.places.config / provider)  # an absolute path stays as it is
        try:
            known = identity(provider)
        except SettingsError as error:
            where = f"{path}: {at}provider"
            raise SettingsError(f"{where}: {error.message}", advice=error.advice) from error
        usual = {"base_url": known.base_url, "key_env": known.key_env or variable_for(name)}
        profile = Profile(name, **usual | said | {"provider": provider})
        if not profile.base_url:
            raise SettingsError(
                f"{path}: profiles.{name} has no base_url.",
                advice=f'Add, for example, base_url = "{known.base_url_example or EXAMPLE}".',
            )
        return profile

    def openai(self, profile: Profile) -> Profile:
        """Obey the SDK's own variables, for the built-in profile only: no other's business."""
        by_name = {one.name: one for one in PROFILE_FIELDS}
        for name, variable in _OPENAI_VARIABLES.items():
            if raw := self.environ.get(variable, "").strip():
                origin = SettingOrigin("environment", variable)
                value = self.checked(by_name[name], raw, origin, f"profiles.{profile.name}.")
                profile = replace(profile, **{name: value})
        return profile


def _parse(path: Path) -> dict[str, Any]:
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
