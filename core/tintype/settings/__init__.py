"""What a person may configure: folders, one TOML file, the environment, profiles and keys.

Imported before the app's first frame, so it costs only `tomllib`, `decimal` and `urllib.parse`.
"""

from tintype.settings.folders import Folders, folders
from tintype.settings.keys import key_for, save_key
from tintype.settings.loading import SettingOrigin, Settings, load
from tintype.settings.profile import EMBEDDED, OPENAI, Profile
from tintype.settings.schema import ENVIRONMENT, FIELDS, PROFILE_FIELDS, Setting
from tintype.settings.secret import Secret

__all__ = [
    "EMBEDDED",
    "ENVIRONMENT",
    "FIELDS",
    "OPENAI",
    "PROFILE_FIELDS",
    "Folders",
    "Profile",
    "Secret",
    "Setting",
    "SettingOrigin",
    "Settings",
    "folders",
    "key_for",
    "load",
    "save_key",
]
