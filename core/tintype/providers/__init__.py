"""Providers: one file each, in `data/`, with all that is known of one.

A provider has one name: its file's. A profile names it, and its address, rules, prices, deadlines
and models follow. A file of the user's own is named by its path (`provider = "mine.toml"`). Every
figure keeps the day and the source it is from, and how sure it is; what a file does not say is
unknown, never nothing.

`identity` is who a provider is, `loading` reads its whole file into the values of `limits` (what it
takes), `facts` (prices, deadlines) and `token_rules` (models). Only `identity` is exported here:
settings need it before the first frame.
"""

from tintype.providers.identity import COMPATIBLE, Dialect, Identity, identity, provider_names

__all__ = ["COMPATIBLE", "Dialect", "Identity", "identity", "provider_names"]
