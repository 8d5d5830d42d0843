"""What outlives a provider: everything about jobs and models in one archive, and out of it again.

`keep` makes or adds to a folder, `pack` makes one file of it, `verify` reads it all and compares it
with its manifest.
"""

from tintype.keeping.collecting import KeepProgress, Wanted, keep
from tintype.keeping.containers import ENDINGS, is_packed, pack, unpack
from tintype.keeping.golden import golden_plan, prompt_rows, usual_rows
from tintype.keeping.manifest import KeptPart, Manifest, NotKept
from tintype.keeping.one_file import keep_into
from tintype.keeping.restoring import Restored, RestoreProgress, restore
from tintype.keeping.verifying import Verification, VerifyProgress, manifest_of, verify
from tintype.keeping.weights import kept_weights

__all__ = [
    "ENDINGS",
    "KeepProgress",
    "KeptPart",
    "Manifest",
    "NotKept",
    "RestoreProgress",
    "Restored",
    "Verification",
    "VerifyProgress",
    "Wanted",
    "golden_plan",
    "is_packed",
    "keep",
    "keep_into",
    "kept_weights",
    "manifest_of",
    "pack",
    "prompt_rows",
    "restore",
    "unpack",
    "usual_rows",
    "verify",
]
