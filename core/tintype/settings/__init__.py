"""What a person may configure: folders, one TOML file, the environment, profiles and keys.

Imported before the app's first frame, so it costs only `tomllib`, `decimal` and `urllib.parse`.
"""

from tintype.settings.folders import Folders, folders
from tintype.settings.keys import key_for, save_key
from tintype.settings.loading import Origin, Settings, load
from tintype.settings.profile import EMBEDDED, OPENAI, Kind, Profile
from tintype.settings.schema import ENVIRONMENT, FIELDS, PROFILE_FIELDS, Field
from tintype.settings.secret import Secret

__all__ = [
    "EMBEDDED",
    "ENVIRONMENT",
    "FIELDS",
    "OPENAI",
    "PROFILE_FIELDS",
    "Field",
    "Folders",
    "Kind",
    "Origin",
    "Profile",
    "Secret",
    "Settings",
    "folders",
    "key_for",
    "load",
    "save_key",
]
