"""Keys: from the environment, or from a file that only its owner can read.

Roads not taken: a keyring (on a machine without a desktop there is none to ask, and it would bring
in fourteen packages), and a `key` in `config.toml` (that file is shown, copied and shared).
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tintype.errors import SettingsError
from tintype.settings.folders import Folders, folders
from tintype.settings.profile import Profile
from tintype.settings.secret import Secret

_PRIVATE = 0o600


def key_for(
    profile: Profile,
    *,
    environ: Mapping[str, str] | None = None,
    places: Folders | None = None,
) -> Secret:
    """Find a profile's key: its variable goes before the file. Empty if there is none.

    The embedded provider's token is not here; whoever finds the running server has it.

    Raises:
        SettingsError: for a key file that cannot be read or kept private, or a key that no HTTP
            header can carry.
    """
    environ = os.environ if environ is None else environ
    if profile.dialect == "embedded":
        return Secret()
    if profile.key_env and (value := environ.get(profile.key_env, "").strip()):
        return Secret(_sound(value, profile.key_env), origin=profile.key_env)
    path = (places or folders(environ)).keys_file
    keys, notice = _read(path)
    value = keys.get(profile.name, "")
    origin = str(path)
    return Secret(_sound(value, origin), origin=origin if value else "", notice=notice)


def save_key(
    profile: Profile,
    key: Secret,
    *,
    environ: Mapping[str, str] | None = None,
    places: Folders | None = None,
) -> None:
    """Keep a profile's key in the private file; an empty key removes it.

    Raises:
        SettingsError: if the file cannot be read or written.
    """
    path = (places or folders(environ)).keys_file
    value = _sound(key.reveal().strip(), f"the key of profile {profile.name}")
    keys, _ = _read(path)
    keys.pop(profile.name, None)
    if value:
        keys[profile.name] = value
    try:
        _write(path, keys)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error


def _sound(value: str, where: str) -> str:
    if value.isascii() and value.isprintable() and " " not in value:
        return value
    raise SettingsError(
        f"The key in {where} contains a space, a line break or a character that no key has.",
        advice="Copy it again.",
    )


def _read(path: Path) -> tuple[dict[str, str], str]:
    """Return the keys of the file, and a sentence where it had to be made private."""
    import tomllib  # late, as in `loading`

    try:
        with path.open("rb") as file:
            notice = _keep_private(file.fileno(), path)
            written = tomllib.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The parser's own words may quote the line, and with it a key.
        raise SettingsError(
            f"{path} is not valid TOML.", advice='Each line is: profile = "key".'
        ) from None
    keys = {str(name): value for name, value in written.items() if isinstance(value, str)}
    if len(keys) != len(written):
        raise SettingsError(f'{path}: each line must be: profile = "key".')
    return keys, notice


def _keep_private(descriptor: int, path: Path) -> str:
    """Take a wider permission away, and say so; by descriptor, so that no other file is touched."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if not mode & 0o077:
        return ""
    try:
        os.fchmod(descriptor, _PRIVATE)
    except OSError as error:
        raise SettingsError(
            f"{path} can be read by others (mode {mode:04o}) and that cannot be changed.",
            advice="Move the keys to a file of your own, or use environment variables.",
        ) from error
    return (
        f"{path} could be read by others (mode {mode:04o}); it is now private. "
        "If others use this machine, create new keys."
    )


def _write(path: Path, keys: Mapping[str, str]) -> None:
    """Write beside and rename, so that a crash leaves the old file or the new one."""
    import tempfile  # late: only here, and it costs 4 ms

    path = path.resolve()  # a link stays a link
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=".keys-", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(
                f'{_quoted(name)} = "{_escaped(keys[name])}"\n' for name in sorted(keys)
            )
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _quoted(name: str) -> str:
    return f'"{_escaped(name)}"'
