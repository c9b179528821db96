"""A GitHub on loopback: real HTTP over a state that tests write, with faults on request.

Field names are those of GitHub's REST and GraphQL interfaces; what nobody reads is left out.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from adapters.github import GitHub

TOKEN = "ghs_not-a-real-token"  # noqa: S105 - nothing believes in it
BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)

Json = dict[str, Any]
Reply = tuple[int, Any, dict[str, str]]


def sha(words: str) -> str:
    """A commit id made from words; an id stays as it is."""
    known = re.fullmatch(r"[0-9a-f]{40}", words)
    return words if known else hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Call:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f"?{urlencode(self.query)}" if self.query else "")


@dataclass
class Fault:
    """What happens to the next calls that match instead of an answer, or to the answer.

    `cut` sends that many bytes of the answer: with `honest`, as if they were all of it.
    `lands` carries the call out before it fails, as a gateway does that gives up too early.
    """

    on: str = ""
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    cut: int | None = None
    honest: bool = False
    lands: bool = False
    times: int = 1


class FakeGitHub:
    """One repository and the forks its pull requests need.

    Every helper that adds something moves the clock on by a minute and returns what it added, as
    the interface shows it; tests may change that in place.
    """

    def __init__(self, repository: str = "octo/models", prefix: str = "") -> None:
        self.repository = repository
        self.prefix = prefix
        self.now = BEGIN
        self.accounts: dict[str, Json] = {}
        self.pulls: dict[int, Json] = {}
        self.reviews: dict[int, list[Json]] = {}
        self.events: dict[int, list[Json]] = {}
        self.timeline: dict[int, list[Json]] = {}
        self.comments: dict[int, list[Json]] = {}
        self.activity: dict[tuple[str, str], list[Json]] = {}
        self.queues: dict[str, list[Json]] = {}
        self.tips: dict[str, str] = {}
        self.rulesets: list[Json] = []
        self.check_runs: list[Json] = []
        self.landed: set[tuple[int, str]] = set()
        self.viewer = self.account("charter[bot]", kind="Bot")
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.hooks: list[tuple[re.Pattern[str], Callable[[], object]]] = []
        self.redirects: dict[str, tuple[int, str]] = {}
        self.link_base: str | None = None
        self.endless: str | None = None
        self._last = 1000
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        """Scheme, address and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The base of the REST interface."""
        return self.host + self.prefix

    def client(self, **settings: Any) -> GitHub:
        """A client that never really waits."""
        settings = {"sleep": lambda _: None} | settings
        return GitHub(self.repository, TOKEN, self.url, **settings)

    # What is there.

    def account(self, login: str, kind: str = "User", number: int | None = None) -> Json:
        """An account by its login; the id comes from the login unless it is given."""
        if login not in self.accounts:
            known = number or int(hashlib.sha256(login.encode()).hexdigest()[:6], 16)
            kind = "Bot" if login.endswith("[bot]") else kind
            self.accounts[login] = {"login": login, "id": known, "type": kind, "site_admin": False}
        return self.accounts[login]

    def pull(
        self,
        number: int = 7,
        *,
        user: str | None = "ana",
        head: str = "head",
        branch: str = "feature",
        base: str = "main",
        fork: str | None = None,
        title: str = "Retrain the credit model",
        labels: tuple[str, ...] = (),
        draft: bool = False,
        changed_files: int = 3,
        state: str = "open",
        pushed: bool = True,
    ) -> Json:
        """A pull request; its head was pushed by its opener unless `pushed` is false."""
        moment = self._tick()
        if pushed:
            self.push(branch, head, by=user, repository=fork, kind="branch_creation")
        repository = {"id": 1, "name": self.repository.split("/")[1], "full_name": self.repository}
        self.pulls[number] = {
            "id": self._id(),
            "number": number,
            "state": state,
            "title": title,
            "user": self._who(user),
            "labels": [{"id": 1, "name": name, "color": "ededed"} for name in labels],
            "draft": draft,
            "merged": False,
            "created_at": moment,
            "updated_at": moment,
            "changed_files": changed_files,
            "base": {"ref": base, "sha": sha(f"base of {base}"), "repo": repository},
            "head": {
                "ref": branch,
                "sha": sha(head),
                "repo": {"id": 2, "full_name": fork} if fork else repository,
            },
        }
        self.events[number] = []
        self.timeline[number] = [{"event": "committed", "sha": sha(head), "node_id": "C1"}]
        return self.pulls[number]

    def merged(self, number: int, commit: str) -> Json:
        """A pull request is merged, as a commit of this id."""
        moment = self._tick()
        self.landed.add((number, commit))
        changes = {"state": "closed", "merged": True, "merge_commit_sha": commit}
        self.pulls[number] |= {**changes, "merged_at": moment, "updated_at": moment}
        return self.pulls[number]

    def rebased(self, number: int, commit: str) -> Json:
        """The same; called for each of the commits that a rebase made of it."""
        return self.merged(number, commit)

    def push(
        self,
        branch: str,
        commit: str,
        *,
        by: str | None = "ana",
        repository: str | None = None,
        kind: str = "push",
        number: int | None = None,
    ) -> Json:
        """Activity on a branch; with `number`, that pull request has the new head."""
        added = {
            "id": self._id(),
            "before": "0" * 40,
            "after": sha(commit),
            "ref": f"refs/heads/{branch}",
            "timestamp": self._tick(),
            "activity_type": kind,
            "actor": self._who(by),
        }
        at = repository or self.repository
        self.activity.setdefault((at, f"refs/heads/{branch}"), []).insert(0, added)
        if number is not None:
            self.pulls[number]["head"]["sha"] = sha(commit)
            self.touch(number)
        return added

    def review(
        self,
        number: int = 7,
        by: str | None = "mei",
        state: str = "APPROVED",
        *,
        commit: str | None = "head",
        body: str = "",
    ) -> Json:
        """A review of a commit."""
        added: Json = {
            "id": self._id(),
            "user": self._who(by),
            "body": body,
            "state": state,
            "commit_id": None if commit is None else sha(commit),
            "author_association": "MEMBER",
        }
        if state != "PENDING":
            added["submitted_at"] = self._tick()
        self.reviews.setdefault(number, []).append(added)
        self.touch(number)
        return added

    def dismiss(self, review: Json, by: str | None = "tom", number: int = 7) -> Json:
        """A review of `number` is dismissed, and both lists of events tell so."""
        dismissed = {
            "state": review["state"].lower(),
            "review_id": review["id"],
            "dismissal_message": "out of date",
        }
        review["state"] = "DISMISSED"
        return self.event("review_dismissed", by, number=number, dismissed_review=dismissed)

    def event(
        self, kind: str, actor: str | None = "ana", *, number: int = 7, **fields: Any
    ) -> Json:
        """An event of a pull request.

        As GitHub documents it, the timeline tells neither who assigned nor of a changed base.
        """
        added = {
            "id": self._id(),
            "event": kind,
            "actor": self._who(actor),
            "commit_id": None,
            "created_at": self._tick(),
            "performed_via_github_app": None,
            **fields,
        }
        self.events[number].append(added)
        if not kind.endswith(("base_ref_changed", "base_change_succeeded")):
            shown = {key: value for key, value in added.items() if key != "assigner"}
            self.timeline[number].append(shown)
        self.touch(number)
        return added

    def assign(self, assignee: str, by: str, actor: str | None = None) -> Json:
        """Pull request 7 is assigned."""
        who = {"assignee": self._who(assignee), "assigner": self._who(by)}
        return self.event("assigned", actor or by, **who)

    def comment(self, number: int = 7, by: str | None = "ana", body: str = "") -> Json:
        """A comment below a pull request."""
        moment = self._tick()
        added = {
            "id": self._id(),
            "user": self._who(by),
            "body": body,
            "created_at": moment,
            "updated_at": moment,
        }
        self.comments.setdefault(number, []).append(added)
        return added

    def enqueue(self, number: int, head: str | None, branch: str = "main") -> Json:
        """A pull request at the end of a merge queue; `head` is where its group would end."""
        entries = self.queues.setdefault(branch, [])
        added = {
            "position": len(entries) + 1,
            "headCommit": None if head is None else {"oid": sha(head)},
            "pullRequest": {"number": number},
        }
        entries.append(added)
        return added

    def ruleset(self, name: str = "main", **fields: Any) -> Json:
        """A ruleset of the repository, as its own address shows it."""
        added = {
            "id": self._id(),
            "name": name,
            "target": "branch",
            "source_type": "Repository",
            "source": self.repository,
            "enforcement": "active",
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
            "rules": [
                {"type": "deletion"},
                {
                    "type": "required_status_checks",
                    "parameters": {
                        "strict_required_status_checks_policy": True,
                        "required_status_checks": [{"context": "charter", "integration_id": 15368}],
                    },
                },
            ],
            "bypass_actors": [],
            **fields,
        }
        self.rulesets.append(added)
        return added

    def touch(self, number: int) -> None:
        """The pull request changed just now."""
        if number in self.pulls:
            self.pulls[number]["updated_at"] = self._tick()

    # What goes wrong.

    def fail(self, *statuses: int, on: str = "", **rest: Any) -> None:
        """The next calls whose text matches `on` get these statuses, one after the other."""
        self.faults += [Fault(on, status, **rest) for status in statuses]

    def truncate(self, after: int, on: str = "", **rest: Any) -> None:
        """The next matching call gets that many bytes of its answer."""
        self.faults.append(Fault(on, cut=after, **rest))

    def before(self, pattern: str, action: Callable[[], object]) -> None:
        """`action` happens once, before the first call that matches is answered."""
        self.hooks.append((re.compile(pattern), action))

    # How it answers.

    def answer(self, call: Call) -> tuple[int, bytes, dict[str, str], int | None]:
        """Status, body, headers, and the length the body claims to have."""
        self.calls.append(call)
        for hook in [hook for hook in self.hooks if hook[0].search(str(call))][:1]:
            self.hooks.remove(hook)
            hook[1]()
        fault = next((f for f in self.faults if re.search(f.on, str(call))), None)
        if fault:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        if fault and fault.status is not None:
            if fault.lands:
                self._reply(call)
            message = fault.body if fault.body is not None else {"message": "No."}
            return fault.status, json.dumps(message).encode(), fault.headers, None
        status, value, headers = self._reply(call)
        body = json.dumps(value).encode()
        if fault and fault.cut is not None:
            whole = len(body)
            body = body[: fault.cut]
            return status, body, headers, len(body) if fault.honest else whole
        if fault and fault.body is not None:
            body = json.dumps(fault.body).encode()
        return status, body, headers, None

    def _reply(self, call: Call) -> Reply:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}, {}
        path = call.path
        if path in self.redirects:
            status, target = self.redirects[path]
            return status, {"message": "Moved"}, {"Location": target}
        if path == self.prefix.removesuffix("/v3") + "/graphql":
            return self._graphql(call.body)
        if not path.startswith(f"{self.prefix}/repos/"):
            return self._missing()
        repository, _, rest = path.removeprefix(f"{self.prefix}/repos/").partition("/")
        name, _, rest = rest.partition("/")
        repository = f"{repository}/{name}"
        if rest == "activity":
            return self._activity(call, repository)
        if repository != self.repository:
            return self._missing()
        if call.method == "GET":
            return self._read(call, rest)
        return self._write(call, rest)

    def _read(self, call: Call, rest: str) -> Reply:
        match rest.split("/"):
            case ["pulls"]:
                found = [p for p in self.pulls.values() if p["state"] == call.query["state"]]
                return self._page(call, sorted(found, key=lambda pull: pull["created_at"]))
            case ["pulls", number] if int(number) in self.pulls:
                return 200, self.pulls[int(number)], {}
            case ["commits", commit, "pulls"]:
                found = [p for n, p in self.pulls.items() if (n, commit) in self.landed]
                return self._page(call, found)
            case ["pulls", number, "reviews"]:
                return self._page(call, self.reviews.get(int(number), []))
            case ["issues", number, "events"]:
                return self._page(call, self.events.get(int(number), []))
            case ["issues", number, "timeline"]:
                return self._page(call, self.timeline.get(int(number), []))
            case ["issues", number, "comments"]:
                return self._page(call, self.comments.get(int(number), []))
            case ["git", "ref", "heads", *name] if "/".join(name) in self.tips:
                return 200, {"ref": "", "object": {"sha": self.tips["/".join(name)]}}, {}
            case ["rulesets"]:
                hidden = {"rules", "conditions", "bypass_actors"}
                return self._page(
                    call, [{k: v for k, v in r.items() if k not in hidden} for r in self.rulesets]
                )
            case ["rulesets", number]:
                for ruleset in self.rulesets:
                    if ruleset["id"] == int(number):
                        return 200, ruleset, {}
        return self._missing()

    def _write(self, call: Call, rest: str) -> Reply:
        login = self.viewer["login"]
        match [call.method, *rest.split("/")]:
            case ["POST", "check-runs"]:
                run = {"id": self._id(), **call.body, "all_annotations": []}
                self.check_runs.append(run)
                return 201, self._annotated(run, call.body), {}
            case ["PATCH", "check-runs", number]:
                run = next(run for run in self.check_runs if run["id"] == int(number))
                run |= call.body
                return 200, self._annotated(run, call.body), {}
            case ["POST", "issues", number, "comments"]:
                return 201, self.comment(int(number), login, call.body["body"]), {}
            case ["PATCH", "issues", "comments", number]:
                for comment in (c for found in self.comments.values() for c in found):
                    if comment["id"] == int(number):
                        comment["body"] = call.body["body"]
                        return 200, comment, {}
        return self._missing()

    def _annotated(self, run: Json, body: Json) -> Json:
        run["all_annotations"] += body["output"].get("annotations", [])
        return run

    def _activity(self, call: Call, repository: str) -> Reply:
        """Pages by cursor: the place of the first item of the next one."""
        found = self.activity.get((repository, call.query.get("ref", "")), [])
        start, size = int(call.query.get("after", "0")), int(call.query.get("per_page", "30"))
        following = {"after": str(start + size)} if start + size < len(found) else None
        return 200, found[start : start + size], self._link(call, following)

    def _page(self, call: Call, found: list[Json]) -> Reply:
        page, size = int(call.query.get("page", "1")), int(call.query.get("per_page", "30"))
        more = page * size < len(found) or (self.endless and re.search(self.endless, call.path))
        following = {"page": str(page + 1)} if more else None
        return 200, found[(page - 1) * size : page * size], self._link(call, following)

    def _link(self, call: Call, following: dict[str, str] | None) -> dict[str, str]:
        if following is None:
            return {}
        query = urlencode(call.query | following)
        return {"Link": f'<{self.link_base or self.host}{call.path}?{query}>; rel="next"'}

    def _graphql(self, body: Json) -> Reply:
        if "viewer" in body["query"]:
            viewer = {"login": self.viewer["login"], "databaseId": self.viewer["id"]}
            return 200, {"data": {"viewer": viewer}}, {}
        variables = body["variables"]
        if f"{variables['owner']}/{variables['name']}" != self.repository:
            errors = [{"type": "NOT_FOUND", "message": "Could not resolve to a Repository."}]
            return 200, {"data": {"repository": None}, "errors": errors}, {}
        entries = self.queues.get(variables["branch"])
        if entries is None:
            return 200, {"data": {"repository": {"mergeQueue": None}}}, {}
        start = int(variables["cursor"] or 0)
        more = start + 100 < len(entries)
        found = {
            "totalCount": len(entries),
            "nodes": entries[start : start + 100],
            "pageInfo": {"hasNextPage": more, "endCursor": str(start + 100)},
        }
        return 200, {"data": {"repository": {"mergeQueue": {"entries": found}}}}, {}

    def _missing(self) -> Reply:
        return 404, {"message": "Not Found", "status": "404"}, {}

    def _who(self, login: str | None) -> Json | None:
        return None if login is None else self.account(login)

    def _id(self) -> int:
        self._last += 1
        return self._last

    def _tick(self) -> str:
        self.now += timedelta(minutes=1)
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _handler(fake: FakeGitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            sent = self.rfile.read(length)
            parts = urlsplit(self.path)
            call = Call(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query)),
                {name.lower(): value for name, value in self.headers.items()},
                json.loads(sent) if sent else None,
            )
            status, body, headers, claimed = fake.answer(call)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body) if claimed is None else claimed))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            self.close_connection = claimed is not None

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the names are given

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler
