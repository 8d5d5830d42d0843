"""The recorder as a service of systemd, for a user who logs out."""

import os
import shlex
import shutil
import sys

_UNIT = """\
[Unit]
Description=Tintype's recorder for {profile}
After=network-online.target

[Service]
ExecStart={command}
{home}Restart=on-failure
RestartSec=60

[Install]
WantedBy=default.target
"""


def unit(profile: str) -> str:
    """Return a unit for systemd's user manager that records a profile's jobs.

    It ends by itself when nothing is unfinished; the next login starts it again. Percent signs are
    doubled, as systemd wants it.
    """
    command = shutil.which("tintype")
    words = [command] if command else [sys.executable, "-P", "-m", "tintype_tui"]
    words += ["record", "--foreground", "--profile", profile]
    home = os.environ.get("TINTYPE_HOME")
    line = f"Environment={_quoted(f'TINTYPE_HOME={os.path.abspath(home)}')}\n" if home else ""
    return _UNIT.format(profile=_escaped(profile), command=" ".join(map(_quoted, words)), home=line)


def unit_name(profile: str) -> str:
    """Return what to call the unit's file."""
    return f"tintype-{profile}.service"


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    return _escaped(word) if shlex.quote(word) == word else f'"{_escaped(_backslashed(word))}"'


def _backslashed(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
