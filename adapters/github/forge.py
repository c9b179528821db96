"""GitHub: REST for what it tells, GraphQL for the rest; no partial answer is taken for a whole one.

Sources: GitHub's REST and GraphQL reference.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from adapters.forge import (
    BODY,
    Annotation,
    Conclusion,
    Forge,
    Ruleset,
    cut,
)
from adapters.github.client import API, PAGE, Api, Needs, Unreachable, Unsettled
from adapters.github.reading import (
    account_of,
    annotation_of,
    instigators,
    one_line,
    review_of,
    ruleset_of,
    version_of,
)
from adapters.github.shapes import (
    Activity,
    CheckRun,
    Comment,
    Entry,
    Event,
    Listed,
    Merged,
    Owner,
    Pull,
    QueueAnswer,
    Reference,
    Review,
    RulesetName,
    RulesetShape,
    clean,
    repository_name,
    shaped,
)
from governance.changeset import ForgeReview, PullRequest, Push
from governance.finding import CouldNotJudge

_PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each new try when GitHub is out of order."""
_READINGS: Final = 3
"""How often something that moves is read before giving up."""
_SETTLE: Final = 3.0
"""Seconds between two such readings."""
_PAGES: Final = 300
"""Most pages of one list: 30,000 things are no list anybody means."""
_BATCH: Final = 50
"""Most annotations GitHub takes in one call."""
_RETARGETED: Final = frozenset({"base_ref_changed", "automatic_base_change_succeeded"})
_WANTED: Final = _RETARGETED | {"review_dismissed", "assigned"}
_PUSHED: Final = frozenset(
    {"push", "force_push", "branch_creation", "pr_merge", "merge_queue_merge"}
)
"""Merging another pull request into the branch puts commits there as a push does."""
_DELETED: Final = "branch_deletion"
_VIEWER: Final = "query { viewer { login databaseId } }"
_QUEUE: Final = """
query($owner: String!, $name: String!, $branch: String!, $cursor: String) {
  repository(owner: $owner, name: $name) {
    mergeQueue(branch: $branch) {
      entries(first: 100, after: $cursor) {
        totalCount
        nodes { position headCommit { oid } pullRequest { number } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""


class GitHub(Forge):
    """A repository at GitHub.

    Args:
        repository: `owner/name`.
        token: an app's or a workflow's token; shown nowhere.
        api_url: where the REST interface lies, `GITHUB_API_URL` in a workflow.
        sleep: waits, in seconds.
        clock: the time in seconds since 1970, for rate limits alone.

    Raises:
        CouldNotJudge: the repository has no such name, the token cannot be one, or the address
            is not safe for it.
    """

    def __init__(
        self,
        repository: str,
        token: str,
        api_url: str = API,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            self.repository = repository_name(repository)
        except ValueError:
            msg = f"{clean(repository)!r} names no repository: write `owner/name`"
            raise CouldNotJudge(msg) from None
        self._at = f"/repos/{repository}"
        self._api = Api(api_url, token, sleep, clock)
        self._own: int | None = None

    def pull(self, number: int, *, closed: bool = False) -> PullRequest:
        """See `Forge.pull`: read again while it moves (threat B41), at most three times."""
        doubt = Unsettled()
        for reading in range(_READINGS):
            if reading:
                self._api.sleep(_SETTLE)
            before = self._pull(number, closed=closed)
            try:
                found = self._complete(before)
            except Unsettled as error:
                doubt = error
                continue
            if version_of(before) == version_of(self._pull(number, closed=closed)):
                return found
            msg = f"#{number} changed while it was read, {_READINGS} times: run it again"
            doubt = Unsettled(msg)
        raise doubt

    def tip(self, branch: str) -> str:
        """See `Forge.tip`; read as a reference, for a branch is not told from a tag by its name."""
        path = f"{self._at}/git/ref/heads/{quote(branch)}"
        return self._api.get(path, Reference, Needs.CONTENTS).target.sha

    def pulls_with_head(self, sha: str) -> tuple[int, ...]:
        """See `Forge.pulls_with_head` (threat B40).

        GitHub's list of pull requests by commit does not know commits of forks, so all open ones
        are read. One that is closed meanwhile moves the rest up by one, past the reader; so a list
        of several pages counts once two readings of it agree.
        """
        last: tuple[int, ...] | None = None
        for _ in range(_READINGS + 1):
            path = f"{self._at}/pulls"
            listing = self._api.pages(
                path, Needs.PULLS, state="open", sort="created", direction="asc"
            )
            pulls = [shaped(Listed, item, path) for item in listing]
            found = tuple(sorted({pull.number for pull in pulls if pull.head.sha == sha}))
            if len(pulls) <= PAGE or found == last:
                return found
            last = found
        msg = f"the open pull requests of {self.repository} changed during every reading: try again"
        raise CouldNotJudge(msg)

    def pulls_of(self, sha: str) -> tuple[int, ...]:
        """See `Forge.pulls_of`: GitHub names every pull request of a commit, merged or not."""
        path = f"{self._at}/commits/{sha}/pulls"
        listing = [shaped(Merged, item, path) for item in self._api.pages(path, Needs.PULLS)]
        return tuple(sorted({pull.number for pull in listing if pull.merged_at is not None}))

    def queued(self, branch: str, head: str) -> tuple[int, ...]:
        """See `Forge.queued`: every entry up to the last that ends at `head` (threat B45)."""
        entries = self._queue(branch)
        ends = [entry.position for entry in entries if entry.head and entry.head.oid == head]
        if not ends:
            msg = f"no entry of the merge queue of {branch} ends at {head}: the group was rebuilt"
            raise CouldNotJudge(msg)
        group = sorted((e for e in entries if e.position <= max(ends)), key=lambda e: e.position)
        found = []
        for entry in group:
            if entry.pull is None:
                msg = f"the merge queue of {branch} holds an entry without a pull request"
                raise CouldNotJudge(msg)
            found.append(entry.pull.number)
        return tuple(found)

    def publish(  # noqa: PLR0913 - a report has these parts
        self,
        name: str,
        head: str,
        conclusion: Conclusion,
        title: str,
        summary: str,
        annotations: Sequence[Annotation] = (),
    ) -> None:
        """See `Forge.publish`: with several batches, the last one brings the conclusion."""
        batches = [annotations[at : at + _BATCH] for at in range(0, len(annotations), _BATCH)]
        first, *rest = batches or [()]
        output = {"title": one_line(title), "summary": cut(summary, BODY)}

        def body(batch: Sequence[Annotation], *, last: bool) -> dict[str, Any]:
            state = {"status": "completed", "conclusion": conclusion} if last else {}
            return state | {"output": output | {"annotations": [*map(annotation_of, batch)]}}

        created = {"name": name, "head_sha": head, "status": "in_progress"}
        created |= body(first, last=not rest)
        path = f"{self._at}/check-runs"
        run = self._api.write("POST", path, CheckRun, Needs.CHECKS, created)
        for place, batch in enumerate(rest, start=1):
            # Annotations add up over the calls, so a call without answer is not repeated; the
            # run stays unfinished, which no branch rule takes for green.
            self._api.write(
                "PATCH",
                f"{path}/{run.id}",
                CheckRun,
                Needs.CHECKS,
                body(batch, last=place == len(rest)),
                repeat=False,
            )

    def comment(self, number: int, marker: str, body: str) -> None:
        """See `Forge.comment` (threat B26: nobody else's words are touched)."""
        if not re.fullmatch(r"[a-z0-9]+([:-][a-z0-9]+)*", marker):
            msg = f"{marker!r} is no marker: use small letters, digits, `-` and `:`"
            raise ValueError(msg)
        mark = f"<!-- {marker} -->"
        body = cut(f"{mark}\n{body}", BODY)
        place = f"{self._at}/issues/{number}/comments"
        for reading in range(_READINGS):
            mine = self._commented(place, mark)
            if mine is not None:
                if mine.body != body:
                    path = f"{self._at}/issues/comments/{mine.id}"
                    self._api.write("PATCH", path, Comment, Needs.COMMENTS, {"body": body})
                return
            try:
                self._api.write(
                    "POST", place, Comment, Needs.COMMENTS, {"body": body}, repeat=False
                )
            except Unreachable:
                # It may be there all the same: look before writing a second one.
                if reading + 1 == _READINGS:
                    raise
                self._api.sleep(_PAUSES[reading])
            else:
                return

    def rules(self) -> tuple[Ruleset, ...]:
        """See `Forge.rules`: the list tells names only, so each is read on its own."""
        path = f"{self._at}/rulesets"
        listing = self._api.pages(path, Needs.RULES, includes_parents="true")
        ids = sorted({shaped(RulesetName, item, path).id for item in listing})
        return tuple(
            ruleset_of(self._api.get(f"{path}/{number}", RulesetShape, Needs.RULES))
            for number in ids
        )

    def _pull(self, number: int, *, closed: bool) -> Pull:
        found = self._api.get(f"{self._at}/pulls/{number}", Pull, Needs.PULLS)
        if found.number != number:
            msg = f"GitHub answered with #{found.number} when asked for #{number}"
            raise CouldNotJudge(msg)
        if found.state != "open" and not closed:
            msg = f"#{number} is {found.state}: open it again, or judge another"
            raise CouldNotJudge(msg)
        return found

    def _complete(self, pull: Pull) -> PullRequest:
        if pull.base.repo is None or pull.head.repo is None:
            msg = (
                f"#{pull.number} comes from a repository that is gone, and with it the record of "
                "who pushed: open it again from one that exists"
            )
            raise CouldNotJudge(msg)
        events = self._events(pull.number)
        opener = account_of(pull.user)
        return PullRequest(
            repository=pull.base.repo.full_name,
            number=pull.number,
            title=pull.title,
            base_branch=pull.base.ref,
            base=pull.base.sha,
            head=pull.head.sha,
            head_branch=pull.head.ref,
            opener=opener,
            instigators=instigators(opener, events),
            labels=tuple(label.name for label in pull.labels),
            draft=pull.draft,
            changed_files=pull.changed_files,
            reviews=self._reviews(pull.number, events),
            pushes=self._pushes(pull, pull.head.repo.full_name),
            retargeted_at=max(
                (event.created_at for event in events if event.event in _RETARGETED), default=None
            ),
        )

    def _events(self, number: int) -> list[Event]:
        """What happened to a pull request, from both of GitHub's lists of it.

        A change of the base is promised in the list of events alone, as is who assigned; the
        timeline has it as well as of today. Either one telling of a retarget is enough (B39).
        """
        path = f"{self._at}/issues/{number}/timeline"
        timeline = self._api.pages(path, Needs.EVENTS)
        found = {
            event.id: event
            for event in (
                shaped(Event, item, path) for item in timeline if item.get("event") in _WANTED
            )
        }
        path = f"{self._at}/issues/{number}/events"
        for item in self._api.pages(path, Needs.EVENTS):
            event = shaped(Event, item, path)
            found[event.id] = event
        return sorted(found.values(), key=lambda event: (event.created_at, event.id))

    def _reviews(self, number: int, events: Sequence[Event]) -> tuple[ForgeReview, ...]:
        dismissals = {
            event.dismissed_review.review_id: (event, event.dismissed_review)
            for event in events
            if event.event == "review_dismissed" and event.dismissed_review
        }
        path = f"{self._at}/pulls/{number}/reviews"
        found = {}
        for item in self._api.pages(path, Needs.PULLS):
            review = shaped(Review, item, path)
            if review.state != "PENDING":  # not submitted: nobody has said anything yet
                found[review.id] = review_of(review, dismissals.get(review.id), number)
        return tuple(sorted(found.values(), key=lambda review: (review.at, review.id)))

    def _pushes(self, pull: Pull, repository: str) -> tuple[Push, ...]:
        """Who put commits on the branch, as GitHub witnessed it (threats B13, B17).

        Raises:
            Unsettled: nobody is on record for the head.
        """
        ref = f"refs/heads/{pull.head.ref}"
        path = f"/repos/{repository}/activity"
        found = []
        for item in self._api.pages(path, Needs.PUSHES, ref=ref):
            activity = shaped(Activity, item, path)
            if activity.ref != ref:
                msg = f"GET {path}: an answer about {clean(activity.ref)} when asked for {ref}"
                raise CouldNotJudge(msg)
            if activity.activity_type in _PUSHED:
                by = account_of(activity.actor)
                found.append(Push(by=by, at=activity.timestamp, after=activity.after))
            elif activity.activity_type != _DELETED:
                msg = f"GET {path}: unknown activity {clean(activity.activity_type)!r}"
                raise CouldNotJudge(msg)
        if pull.head.sha not in {push.after for push in found}:
            msg = (
                f"GitHub has no record of who pushed {pull.head.sha} to {pull.head.ref}: wait a "
                "minute and run it again; if that does not help, push to the branch again"
            )
            raise Unsettled(msg)
        return tuple(sorted(found, key=lambda push: push.at))

    def _queue(self, branch: str) -> list[Entry]:
        owner, _, name = self.repository.partition("/")
        found: list[Entry] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            answer = self._api.query(
                _QUEUE,
                QueueAnswer,
                Needs.QUEUE,
                owner=owner,
                name=name,
                branch=branch,
                cursor=cursor,
            )
            if answer.repository is None or answer.repository.queue is None:
                msg = f"{branch} has no merge queue that the token can see"
                raise CouldNotJudge(msg)
            entries = answer.repository.queue.entries
            found += entries.nodes
            if not entries.page.more:
                if len({entry.position for entry in found}) != entries.total:
                    break
                return found
            if entries.page.cursor in {None, cursor}:
                break
            cursor = entries.page.cursor
        msg = f"the merge queue of {branch} could not be read as a whole: run it again"
        raise CouldNotJudge(msg)

    def _commented(self, place: str, mark: str) -> Comment | None:
        """The oldest comment that begins with the mark and is our own."""
        comments = (shaped(Comment, item, place) for item in self._api.pages(place, Needs.COMMENTS))
        marked = [c for c in comments if (c.body or "").startswith(mark) and c.user]
        if marked and self._own is None:
            self._own = self._api.query(_VIEWER, Owner, Needs.SELF).viewer.id
        return next((c for c in marked if c.user and c.user.id == self._own), None)
