"""How often a provider is asked about a job."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from tintype.settings import Profile


@dataclass(frozen=True, slots=True)
class Pace:
    """The rhythm of asking, in seconds."""

    fastest_s: float
    """While something happens."""
    slowest_s: float
    """When nothing has happened for long."""
    quiet_rounds: int
    """How often an ended job is asked for events that came late."""

    def after(self, wait_s: float, *, news: bool) -> float:
        """The wait that follows a wait: back to the fastest on news, else a half longer."""
        return self.fastest_s if news else min(self.slowest_s, wait_s * 1.5)


LOCAL = Pace(0.5, 5.0, 1)
REMOTE = Pace(5.0, 60.0, 2)
"""No limit on reading events is documented; the SDK's own helper asks every 5 s."""


def pace_for(profile: Profile) -> Pace:
    """Return the rhythm for a provider: one on this machine is asked often, and at no cost."""
    host = urlsplit(profile.base_url).hostname or ""
    here = host in ("localhost", "::1") or host.startswith("127.")
    return LOCAL if here or profile.dialect == "embedded" else REMOTE
