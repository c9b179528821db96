"""Calls to GitHub: pages, retries, rate limits, and no token for anybody else.

Which call needs which permission is in `Needs`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, Literal
from urllib.parse import urlencode, urljoin, urlsplit

import requests

from adapters.forge import (
    NotAllowed,
)
from adapters.github.shapes import (
    A,
    clean,
    shaped,
)
from governance import jsontext
from governance.finding import CouldNotJudge

API: Final = "https://api.github.com"
"""The address of GitHub's own service; Enterprise servers have theirs in `GITHUB_API_URL`."""

PAGE: Final = 100
_TIMEOUT: Final = (10, 60)  # seconds to connect, seconds between two bytes
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each new try when GitHub is out of order."""
_PATIENCE: Final = 600.0
"""Seconds that one client spends on rate limits altogether."""
_UNSAID: Final = 60.0
"""Seconds to wait where a rate limit does not say how long."""
_PAGES: Final = 300
"""Most pages of one list: 30,000 things are no list anybody means."""
_RELATIONS: Final = frozenset({"next", "prev", "first", "last"})
_HOPS: Final = 5
_GATEWAY: Final = frozenset({502, 503, 504})
_LIMITED: Final = frozenset({403, 429})
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_FORBIDDEN: Final = 403
_CREATED: Final = 201
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Needs(StrEnum):
    """What a token must be allowed, as an app's permission is called."""

    PULLS = "`pull_requests: read`"
    EVENTS = "`issues: read` and `pull_requests: read`"
    PUSHES = "`contents: read` on the repository the branch lies in"
    CONTENTS = "`contents: read`"
    QUEUE = "`contents: read` and `pull_requests: read`"
    CHECKS = "`checks: write`, which only an app or a workflow can have"
    COMMENTS = "`pull_requests: write`"
    RULES = "`metadata: read`"
    SELF = "any permission on the repository"


class Unsettled(CouldNotJudge):
    """Two answers do not fit together yet; the next reading may."""


class Unreachable(CouldNotJudge):
    """No answer came, so whether the call had an effect is unknown."""


class _Bearer(requests.auth.AuthBase):
    """Puts the token on a request; being set, it keeps a `.netrc` from replacing it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return "_Bearer()"


class _Session(requests.Session):
    """Leaves redirects to us; on its own it reads their targets even when told not to follow."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None, for any answer."""


class Api:
    """Calls to one host: repeated when it fails, patient with its limits, deaf to other hosts."""

    def __init__(
        self, url: str, token: str, sleep: Callable[[float], None], clock: Callable[[], float]
    ) -> None:
        self.url = url.rstrip("/")
        self.sleep = sleep
        self._clock = clock
        self._patience = _PATIENCE
        self._origin = _origin(self.url)
        if self._origin[0] != "https" and self._origin[1] not in _LOCAL:
            msg = f"{self.url} is no https address: the token would be readable on its way"
            raise CouldNotJudge(msg)
        if not token or not re.fullmatch(r"[!-~]+", token):
            msg = "no usable token for GitHub: pass one (in a workflow: `${{ github.token }}`)"
            raise CouldNotJudge(msg)
        self._session = _Session()
        self._session.auth = _Bearer(token)
        self._session.headers.update(
            {
                "Accept": "application/vnd.github+json",
                "User-Agent": "charter",
                "X-GitHub-Api-Version": "2022-11-28",
            }
        )

    def get(self, path: str, kind: type[A], needs: Needs) -> A:
        """One thing."""
        return shaped(kind, self._send("GET", self.url + path, needs), path)

    def pages(self, path: str, needs: Needs, **query: str) -> list[dict[str, Any]]:
        """All things of a list, whatever the number of pages.

        Raises:
            CouldNotJudge: a page failed, points back to an earlier one, or there is no last page.
        """
        url = f"{self.url}{path}?{urlencode({'per_page': PAGE, **query})}"
        seen: set[str] = set()
        found: list[dict[str, Any]] = []
        while url:
            if url in seen or len(seen) == _PAGES:
                msg = f"GET {path}: the list has no end after {len(seen)} pages"
                raise CouldNotJudge(msg)
            seen.add(url)
            response = self._answered("GET", url, needs)
            page = _json(response, path)
            if not isinstance(page, list) or not all(isinstance(item, dict) for item in page):
                msg = f"GET {path}: the answer is no list of objects"
                raise CouldNotJudge(msg)
            found += page
            if response.headers.get("Link") and not _RELATIONS & response.links.keys():
                msg = f"GET {path}: where the list goes on cannot be read"
                raise CouldNotJudge(msg)
            following = response.links.get("next", {}).get("url", "")
            url = _joined(url, following) if following else ""
        return found

    def write(  # noqa: PLR0913 - a call has these parts
        self,
        method: Literal["POST", "PATCH"],
        path: str,
        kind: type[A],
        needs: Needs,
        body: Mapping[str, Any],
        *,
        repeat: bool = True,
    ) -> A:
        """What GitHub made of `body`. Without `repeat`, a call that got no answer is not redone."""
        expected = _CREATED if method == "POST" else _OK
        value = self._send(method, self.url + path, needs, body, expected=expected, repeat=repeat)
        return shaped(kind, value, path)

    def query(self, text: str, kind: type[A], needs: Needs, **variables: str | None) -> A:
        """Data of a GraphQL query.

        Raises:
            CouldNotJudge: also when GitHub has data and errors: such data have holes.
        """
        # Enterprise servers keep REST at /api/v3 and GraphQL at /api/graphql.
        url = self.url.removesuffix("/v3") + "/graphql"
        answer = self._send("POST", url, needs, {"query": text, "variables": variables})
        if not isinstance(answer, dict) or answer.get("errors") or not answer.get("data"):
            errors = answer.get("errors") if isinstance(answer, dict) else None
            errors = errors if isinstance(errors, list) else []
            said = [str(error.get("message")) for error in errors if isinstance(error, dict)]
            msg = f"POST /graphql: {clean('; '.join(said)) or 'no data'}; the token needs {needs}"
            raise CouldNotJudge(msg)
        return shaped(kind, answer["data"], "/graphql")

    def _send(  # noqa: PLR0913 - a call has these parts
        self,
        method: str,
        url: str,
        needs: Needs,
        body: Mapping[str, Any] | None = None,
        *,
        expected: int = _OK,
        repeat: bool = True,
    ) -> Any:
        answered = self._answered(method, url, needs, body, expected=expected, repeat=repeat)
        return _json(answered, urlsplit(url).path)

    def _answered(  # noqa: PLR0913 - a call has these parts
        self,
        method: str,
        url: str,
        needs: Needs,
        body: Mapping[str, Any] | None = None,
        *,
        expected: int = _OK,
        repeat: bool = True,
    ) -> requests.Response:
        """The answer of the expected status; every other end is an exception."""
        call = f"{method} {urlsplit(url).path}"
        pauses = iter(_PAUSES if repeat else ())
        held = 0
        while True:
            try:
                response = self._once(method, url, body)
            except requests.RequestException as error:
                problem = f"no whole answer ({type(error).__name__})"
            else:
                wait = self._limited(response, held)
                if wait is not None:
                    self._hold(call, wait)
                    held += 1
                    continue
                if response.status_code == expected:
                    return response
                if response.status_code not in _GATEWAY:
                    raise _refused(call, response, needs)
                problem = f"{response.status_code} {clean(response.reason)}"
            pause = next(pauses, None)
            if pause is None:
                msg = f"{call}: {problem}; run it again when GitHub is back"
                raise Unreachable(msg) from None
            self.sleep(pause)

    def _once(self, method: str, url: str, body: Mapping[str, Any] | None) -> requests.Response:
        """One answer, through redirects on the same host; the token never goes to another."""
        call = f"{method} {urlsplit(url).path}"
        for _ in range(_HOPS):
            if _origin(url) != self._origin:
                msg = f"{call} leads to another host, {clean(urlsplit(url).netloc)}: refused"
                raise CouldNotJudge(msg)
            response = self._session.request(
                method, url, json=body, timeout=_TIMEOUT, allow_redirects=False
            )
            if response.status_code not in _MOVED:
                return response
            if method != "GET" and response.status_code not in {307, 308}:
                break
            url = _joined(url, response.headers.get("Location", ""))
        msg = (
            f"{call}: redirected too often, or with a call that writes; was the repository renamed?"
        )
        raise CouldNotJudge(msg)

    def _limited(self, response: requests.Response, held: int) -> float | None:
        """Seconds a rate limit asks for; None when the answer is about something else."""
        if response.status_code not in _LIMITED:
            return None
        headers = response.headers
        least = float(2**held)  # a limit that never ends uses up the patience, not the day
        if "retry-after" in headers:
            return max(_number(headers["retry-after"], _UNSAID), least)
        if headers.get("x-ratelimit-remaining") == "0":
            reset = _number(headers.get("x-ratelimit-reset", ""), self._clock() + _UNSAID)
            return max(reset - self._clock(), least)
        if response.status_code == 429 or b"secondary rate limit" in response.content.lower():  # noqa: PLR2004
            return _UNSAID * least
        return None

    def _hold(self, call: str, wait: float) -> None:
        if wait > self._patience:
            msg = f"{call}: GitHub's rate limit asks to wait {wait:.0f} s more; run it again then"
            raise CouldNotJudge(msg)
        self._patience -= wait
        self.sleep(wait)


def _json(response: requests.Response, path: str) -> Any:
    try:
        return jsontext.load(response.content)
    except jsontext.Ambiguous:
        msg = f"{path}: the answer is cut or no JSON ({len(response.content)} bytes)"
        raise CouldNotJudge(msg) from None


def _refused(call: str, response: requests.Response, needs: Needs) -> CouldNotJudge:
    """Why GitHub said no, and what would make it say yes."""
    try:
        body = jsontext.load(response.content)
    except jsontext.Ambiguous:
        body = None
    said = body.get("message") if isinstance(body, dict) else None
    reason = f"{response.status_code} {clean(said if isinstance(said, str) else response.reason)}"
    match response.status_code:
        case 401:
            fix = "the token is wrong or has expired: pass a valid one"
        case 403:
            fix = f"the token may not do this: grant {needs}"
        case 404:
            fix = f"it does not exist, or the token may not see it: grant {needs}"
        case _:
            fix = "an answer that is not expected here"
    kind = NotAllowed if response.status_code == _FORBIDDEN else CouldNotJudge
    return kind(f"{call}: {reason}; {fix}")


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", None
    return parts.scheme, parts.hostname or "", port or {"http": 80, "https": 443}.get(parts.scheme)


def _joined(url: str, target: str) -> str:
    """Where a link leads; `about:blank`, which is no host of ours, when it cannot be read."""
    try:
        found = urljoin(url, target)
        urlsplit(found)
    except ValueError:
        return "about:blank"
    return found


def _number(text: str, otherwise: float) -> float:
    return float(text) if re.fullmatch(r"[0-9]{1,12}", text) else otherwise
