"""The REST API of a Kubernetes cluster: asked in one place, which signs in, waits and keeps still.

Tokens are in no sentence that comes from here.
"""

import time
from typing import TYPE_CHECKING, Any, NoReturn

from tintype.engines.kubeconfig import Access, find_access
from tintype.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

ANSWER_S, REST_S, LONGEST_REST_S = 10.0, 5.0, 60.0
"""How long it may take to answer, is left alone when it has not, and at most if it asks so."""
ACCESS_S = 60.0
"""For how long what signs in is used before it is read again."""


class SilenceError(Exception):
    """A cluster has given no answer that says anything. Not meant to be shown by itself."""


class KubernetesApi:
    """One cluster, as whoever runs the server."""

    def __init__(self, options: "Mapping[str, str]") -> None:
        """Ask the cluster that these options find; see `kubeconfig.find_access`."""
        self._options = options
        self._access: tuple[float, Access, httpx2.Client] | None = None
        self._silent_until_s, self._trouble = 0.0, ""

    @property
    def where(self) -> str:
        """Which cluster is asked, once it has been."""
        if self._access is None:
            return "Kubernetes"
        access = self._access[1]
        return f"{access.host} ({access.words}), namespace {access.namespace}"

    def call(self, method: str, path: str, **given: Any) -> "httpx2.Response":
        """Ask the cluster.

        Raises:
            SilenceError: if it does not answer, or wants to be left alone.
        """
        import httpx2

        if time.monotonic() < self._silent_until_s:
            raise SilenceError(self._trouble)
        try:
            access, client = self._signed_in()
            url = f"{access.server}/{path.format(namespace=access.namespace)}"
            answered = client.request(method, url, **given)
        except EngineError as error:
            self._rest(f"{error.message} {error.advice}".strip().rstrip("."))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            self._rest(f"{access.host} does not answer ({self._clean(words)[:200]})")
        if answered.status_code == 401:
            self._sign_out()
            self._rest("it does not take what signs in (HTTP 401). Sign in to the cluster again")
        if answered.status_code == 429:
            self._rest(f"it is busy ({self.said(answered)})", answered.headers.get("retry-after"))
        return answered

    def _rest(self, trouble: str, seconds: str | None = None) -> NoReturn:
        """Leave the cluster alone for a moment: it is not waited for again for each job."""
        rest_s = float(seconds) if seconds and seconds.isdecimal() else REST_S
        self._silent_until_s = time.monotonic() + min(max(rest_s, REST_S), LONGEST_REST_S)
        self._trouble = trouble
        raise SilenceError(trouble) from None

    def _signed_in(self) -> "tuple[Access, httpx2.Client]":
        import httpx2

        if self._access is None or time.monotonic() - self._access[0] > ACCESS_S:
            self._sign_out()
            access = find_access(self._options)
            headers = {"authorization": f"Bearer {access.token}"} if access.token else {}
            client = httpx2.Client(verify=access.context, timeout=ANSWER_S, headers=headers)
            self._access = time.monotonic(), access, client
        return self._access[1:]

    def _sign_out(self) -> None:
        if self._access is not None:
            self._access[2].close()
        self._access = None

    def _clean(self, words: str) -> str:
        token = self._access[1].token if self._access else ""
        return words.replace(token, "…") if token else words

    def said(self, answered: "httpx2.Response") -> str:
        """What went wrong, in one line."""
        try:
            words = str(answered.json()["message"])
        except (ValueError, KeyError, TypeError):
            words = answered.text
        words = self._clean(" ".join(words.split()))[:300].rstrip(".")
        code = f"HTTP {answered.status_code}"
        return f"{words} ({code})" if words else code
