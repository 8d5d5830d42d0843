"""What was being asked of a provider when something went wrong."""

from dataclasses import dataclass

from tintype.api.redaction import one_line, redact
from tintype.settings import Profile, Secret


@dataclass(frozen=True, slots=True)
class CallContext:
    """What was being asked, for the sentence."""

    profile: Profile
    base_url: str
    key: Secret
    doing: str
    """To go on from `could not …`: `create the job`."""
    subject: str = ""
    """The id of the file, job or model it was about, if it was about one thing."""
    model: str = ""
    """The model that was to be used or trained."""

    @property
    def place(self) -> str:
        """The address without what could be a password."""
        return one_line(redact(self.base_url), 100)
