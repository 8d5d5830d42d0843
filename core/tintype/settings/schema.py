"""What may be configured: one row per setting, from which reading, checking and help are made.

Roads not taken: a schema library. Settings are read before the first frame, and importing one costs
10 ms (msgspec, 225 KB of compiled wheel), 13 ms (attrs), 39 ms (cattrs) or 80 ms (pydantic) of the
300 ms that the app takes to start; the sentences (what is allowed, which variable or key said it,
which value must not be repeated) would still be written here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from tintype.providers import COMPATIBLE
from tintype.settings import forms


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, or one field of a profile."""

    name: str
    default: object
    read: Callable[[object], object]
    """From TOML's value or a variable's text; `ValueError` if it is not allowed."""
    allowed: str
    """What is allowed, to end the sentence `allowed: …`."""
    meaning: str
    variable: str = ""
    """The environment variable that goes before the file; empty: there is none."""


_FLAG = (forms.truth, "true or false")
_SUM = (forms.money, "an amount in US dollars, 0 or more")
_SUM_OR_NONE = (forms.limit, _SUM[1])
_TEXT = (forms.line, "text")


def _setting(
    name: str,
    default: object,
    form: tuple[Callable[[object], object], str],
    meaning: str,
    variable: str | None = None,
) -> Setting:
    """A row of the table; its variable is named after it."""
    variable = f"TINTYPE_{name.upper()}" if variable is None else variable
    return Setting(name, default, *form, meaning, variable)


FIELDS: tuple[Setting, ...] = (
    _setting(
        "default_profile",
        "tintype",
        (forms.word, "the name of a profile"),
        "The profile to start with.",
        "TINTYPE_PROFILE",
    ),
    _setting(
        "spend_confirm_usd",
        Decimal(1),
        _SUM,
        "What may cost this much or more, or has an unknown cost, is sent only once you have typed "
        "the amount.",
    ),
    _setting(
        "day_limit_usd",
        None,
        _SUM_OR_NONE,
        "The limit for a calendar day, jobs and answers together: what could exceed it, or has an "
        "unknown cost, is never sent.",
    ),
    _setting(
        "month_limit_usd",
        None,
        _SUM_OR_NONE,
        "The limit for a calendar month, like day_limit_usd.",
    ),
    _setting(
        "machine_usd_per_hour",
        None,
        _SUM_OR_NONE,
        "What the machine that trains open models costs in an hour, for the estimate.",
    ),
    _setting(
        "launcher",
        "local",
        (forms.launcher, "local, slurm, ray or kubernetes"),
        "Where the embedded server has trainings run: on this machine, or through Slurm, Ray or "
        "Kubernetes, on a disk that its nodes share. A server that runs already keeps to its own.",
    ),
    _setting(
        "launcher_options",
        MappingProxyType({}),
        (forms.options, 'a table such as {partition = "gpu", gres = "gpu:1"}'),
        "`ranks`: how many processes train an open model together (a number; all: one for each "
        "GPU). The others are what each training is submitted with: long options of sbatch "
        "(partition, gres, time, mem …); for Ray its address, and entrypoint_num_gpus and the "
        "like; for Kubernetes claim, mount, image, gpus and the like.",
        variable="",
    ),
    _setting("read_only", False, _FLAG, "Spend, change and delete nothing at any provider."),
    _setting(
        "recorder",
        True,
        _FLAG,
        "Follow running jobs in a process of its own, which goes on when the app is closed.",
    ),
    _setting(
        "notify",
        forms.RULES,
        (forms.rules, f"some of {', '.join(forms.RULES)}"),
        "What you are notified of: a value that is not a number, a job that says nothing, a rising "
        "validation loss, most of month_limit_usd spent, a model that is shut down soon, the end.",
    ),
    _setting(
        "notify_terminal",
        "auto",
        (forms.ring, "auto, bell, osc9, osc777 or off"),
        "How the app and `watch` ring: the bell, and a notification of the desktop where the "
        "terminal has such.",
    ),
    _setting(
        "notify_webhook",
        "",
        (forms.webhook, "an http or https address"),
        "Where the recorder posts what you are notified of, as JSON. Whoever knows it may write "
        "there: it is not shown.",
    ),
    _setting(
        "notify_command",
        (),
        (forms.command, 'a list of arguments, such as ["notify-send", "{words}"]'),
        "What the recorder runs then: {words}, {rule}, {job} and {profile} are put in.",
        variable="",
    ),
    _setting(
        "clean_after_days",
        MappingProxyType({}),
        (forms.days, f"a table of days, by {', '.join(forms.CLEANED)}"),
        "What is removed by itself when it was not used for so many days, such as {checks = 30}. "
        "Only what can be made again; by default nothing.",
    ),
    _setting(
        "low_bandwidth",
        "auto",
        (forms.when_slow, "auto, on or off"),
        "Draw for a slow line: images when you rest on them, small and in few colours, charts at "
        "the pace of the line, nothing animated. auto: when the line is measured to be slow.",
    ),
    _setting("reduced_motion", False, _FLAG, "No animations."),
    _setting("screen_reader", False, _FLAG, "Sentences and tables instead of charts and boxes."),
    _setting("theme", "", (forms.line, "the name of a theme"), "The colours of the app."),
    _setting(
        "prices",
        None,
        (forms.path, "the path of a TOML file"),
        "Your own prices, which override those that come with Tintype.",
    ),
    _setting(
        "limits",
        None,
        (forms.path, "the path of a TOML file"),
        "Your own limits, which override those of the providers' rules.",
    ),
    _setting(
        "keymap",
        MappingProxyType({}),
        (forms.keymap, 'a table of binding = "keys"'),
        "Your own keys, by the id of each binding.",
        variable="",
    ),
)

PROFILE_FIELDS: tuple[Setting, ...] = (
    Setting(
        "provider",
        COMPATIBLE,
        forms.provider,
        "the name of a provider, or the path of your own provider file",
        "Whose protocol, rules, prices and deadlines apply: azure, fireworks, openai, together; "
        "by default any server that speaks OpenAI's protocol.",
    ),
    Setting(
        "base_url",
        "",
        forms.base_url,
        "an http or https address without user name, password or query, usually ending in /v1",
        "The provider's address; by default its usual one.",
    ),
    Setting(
        "key_env",
        "",
        forms.variable,
        "the name of an environment variable",
        "The variable that holds the key; by default PROFILE_API_KEY.",
    ),
    Setting("organization", "", *_TEXT, "Sent to OpenAI as OpenAI-Organization."),
    Setting("project", "", *_TEXT, "Sent to OpenAI as OpenAI-Project."),
    Setting(
        "timeout_s",
        None,
        forms.seconds,
        "a number of seconds, up to 86400",
        "How long to wait for a sign of life; by default 60 s, and 180 s for a model's answer.",
    ),
)

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "TINTYPE_HOME": "One folder for settings, data, state and cache.",
        **{field.variable: field.meaning for field in FIELDS if field.variable},
        "TINTYPE_IMAGES": "How images are drawn: kitty, sixel, iterm, halfblock, ascii or none.",
        "TINTYPE_LETTERS": "Any value: letters only, no blocks, lines or symbols.",
        "TINTYPE_RULES": "Your own rules: module:attribute or file.py:attribute, …",
        "TINTYPE_FORMATS": "Your own dataset formats, likewise.",
        "TINTYPE_SCORERS": "Your own scorers, likewise.",
        "TINTYPE_ENGINES": "Your own engines for the embedded provider, likewise.",
        "NO_COLOR": "Any value: no colours.",
        "OPENAI_API_KEY": "The key of the profile openai.",
        "OPENAI_BASE_URL": "Another address for the profile openai, such as a gateway.",
        "OPENAI_ORG_ID": "The organisation of the profile openai.",
        "OPENAI_PROJECT_ID": "The project of the profile openai.",
        "HTTPS_PROXY": "The proxy to reach providers through; HTTP_PROXY and ALL_PROXY likewise. "
        "Images that a dataset names are fetched without one.",
        "NO_PROXY": "Hosts that are reached without a proxy.",
        "SSL_CERT_FILE": "A private certificate authority to trust; SSL_CERT_DIR likewise.",
    }
)
"""Every environment variable that Tintype or its HTTP library obeys, and what it does."""
