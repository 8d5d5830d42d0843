"""`tintype record`: the recorder of a profile, which follows its jobs while no app is open."""

import os
import shlex
import sys
from typing import TYPE_CHECKING

import click

from tintype_tui.commands.output import (
    as_json,
    asynchronous,
    plain,
    profile_option,
    put,
    put_json,
    say,
)

if TYPE_CHECKING:
    from tintype.recorder import RecorderStatus
    from tintype.settings import Profile, Settings

AFTER_LOGOUT = """\
The recorder goes on when its terminal is closed. To keep it after you log out as well:
  1. tintype config key {profile}   # systemd does not see your shell's variables
  2. tintype record -p {profile} --unit > ~/.config/systemd/user/{unit}
  3. systemctl --user daemon-reload && systemctl --user enable --now {unit}
  4. loginctl enable-linger   # else systemd ends it when you log out
Without systemd: tmux new -d "tintype record -p {profile} --foreground"
"""


@click.command(name="record")
@profile_option
@click.option("--foreground", is_flag=True, help="Record in this process, until all is here.")
@click.option("--status", "asked", flag_value="status", help="Say what the recorders do.")
@click.option("--stop", "asked", flag_value="stop", help="End the profile's recorder.")
@click.option("--unit", "asked", flag_value="unit", help="Print a unit for systemd.")
@click.option(
    "--notify-test", "asked", flag_value="test", help="Notify of nothing, by every way there is."
)
@as_json
def command(profile: str | None, foreground: bool, asked: str | None, as_json: bool) -> None:
    """Follow all unfinished jobs of a profile in the background, until none is left.

    Everything they say, their checkpoints and results files come into the store, whether an app is
    open or not. `train`, `watch` and the app start it by themselves (`recorder = false` in the
    configuration: never). Exit codes: 0 done or stopped, 2 could not run, 130 interrupted.
    """
    settings, provider = _chosen(profile)
    if asked == "status":
        _status(settings, profile, as_json)
    elif asked is not None:
        {"stop": _stop, "unit": _unit, "test": _test}[asked](settings, provider)
    elif foreground:
        _foreground(settings, provider)
    else:
        _start(settings, provider, as_json)


def _chosen(profile: str | None) -> "tuple[Settings, Profile]":
    """The profile of a name, or that of trainings of other tools, which is none of a provider."""
    from tintype.recorder.place import reads_logs
    from tintype.settings import Profile, load
    from tintype_tui.commands.session import chosen

    if profile is not None and reads_logs(settings := load(), profile):
        return settings, Profile(profile)
    return chosen(profile)


@asynchronous
async def _status(settings: "Settings", profile: str | None, as_json: bool) -> None:
    from tintype import recorder
    from tintype.store import open_store

    names = [profile] if profile else sorted({*settings.profiles, recorder.LOGS})
    found = [one for name in names if (one := recorder.find(settings.folders, name)) is not None]
    if as_json:
        put_json([plain(one) for one in found], indent=2)
        return
    async with open_store(settings.folders.store_file) as store:
        for one in found:
            known = store.jobs.newest(profile=one.profile)
            for line in status_lines(one, sum(not kept.job.ended for kept in known)):
                put(line)
    if not found:
        say("There has been no recorder yet: `tintype record` starts one.")


def status_lines(status: "RecorderStatus", unfinished: int = 0) -> list[str]:
    """What a recorder does, in lines: whether it runs, which jobs, and what keeps it.

    Of one that does not run, how many jobs would have it.
    """
    from tintype_tui.text import age, count

    if not status.runs:
        left = f" Not finished: {count(unfinished, 'job')}; `tintype record` follows them."
        gone = f"{status.profile}: no recorder runs; the last was there {_age(status)}."
        return [gone + (left if unfinished else "")]
    lines = [
        f"{status.profile}: recording {count(len(status.jobs), 'job')} since "
        f"{age(status.started)}, process {status.pid}; {status.pace}."
    ]
    if status.trouble:
        lines.append(f"  {status.trouble}")
    troubles = status.job_troubles or {}
    lines += [f"  {job_id}  {troubles.get(job_id) or 'all is well'}" for job_id in status.jobs]
    return lines


def _age(status: "RecorderStatus") -> str:
    from tintype_tui.text import age

    return age(status.said_at or status.started)


@asynchronous
async def _stop(settings: "Settings", provider: "Profile") -> None:
    from tintype import recorder

    gone = await recorder.stop(settings, provider.name)
    say("The recorder has ended; jobs go on." if gone else f"No recorder of {provider.name} runs.")


@asynchronous
async def _test(settings: "Settings", provider: "Profile") -> None:
    from datetime import UTC, datetime

    from tintype.recorder.notifying import deliver, example
    from tintype_tui.terminal.ringing import ringing

    alert = example(provider.name, datetime.now(UTC))
    rung = ringing(alert.words, settings.notify_terminal, os.environ)
    if rung and sys.stderr.isatty():
        sys.stderr.write(rung)
    await deliver(settings, alert)
    command = " ".join(settings.notify_command)
    say(f"Rules: {', '.join(settings.notify) or 'none'}.")
    say(f"Terminal: {'rung, as' if rung else 'not rung:'} {settings.notify_terminal}.")
    say(f"Webhook: {'sent' if settings.notify_webhook else 'none (notify_webhook)'}.")
    say(f"Command: {f'{command} has been run' if command else 'none (notify_command)'}.")


def _unit(settings: "Settings", provider: "Profile") -> None:
    from tintype.recorder.unit import unit

    put(unit(provider.name).rstrip("\n"))
    _say_after_logout(provider)


def _say_after_logout(provider: "Profile") -> None:
    from tintype.recorder.unit import unit_name

    unit = unit_name(provider.name)
    say(AFTER_LOGOUT.format(profile=shlex.quote(provider.name), unit=shlex.quote(unit)).rstrip())


def _foreground(settings: "Settings", provider: "Profile") -> None:
    from tintype.recorder.run import log_to_stderr, record

    log_to_stderr()
    if not record(settings, provider.name):
        say(f"A recorder of {provider.name} runs already: see `tintype record --status`.")


@asynchronous
async def _start(settings: "Settings", provider: "Profile", as_json: bool) -> None:
    from tintype import recorder

    await recorder.start(settings, provider.name)
    status = recorder.find(settings.folders, provider.name)
    if as_json:
        put_json(plain(status), indent=2)
        return
    for line in status_lines(status) if status is not None else ():
        put(line)
    _say_after_logout(provider)
