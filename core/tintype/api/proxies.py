"""Which proxy the environment puts between this machine and an address."""

import re
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def is_this_machine(base_url: str) -> bool:
    """Return whether an address is on this very machine: then no proxy is asked."""
    host = urlsplit(base_url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def proxy_of(base_url: str) -> str:
    """Return the proxy, without its password, on the way to an address; empty without one."""
    parts = urlsplit(base_url)
    if is_this_machine(base_url) or proxy_bypass(parts.hostname or ""):
        return ""
    proxies = getproxies()
    return without_password(proxies.get(parts.scheme) or proxies.get("all") or "")


def without_password(proxy: str) -> str:
    """Return the address of a proxy without the name and password it may hold."""
    return re.sub(r"^([a-z0-9+.-]+://)?[^/@]*@", r"\1", proxy, flags=re.IGNORECASE)
