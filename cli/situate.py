"""What a command judges: which tree, by whose law, as of when, proposed by whom."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from adapters import clock, git, history
from adapters.git import MergeResult, Revision
from adapters.keys import Verifier
from adapters.parses import Parses
from adapters.proposal import GitProposal
from adapters.worktree import Worktree
from checks.situation import Situation
from governance.changeset import PullRequest
from governance.finding import CouldNotJudge


def situate(  # noqa: PLR0913 - one argument per option
    repo: Path, *, base: str | None = None, head: str | None = None, now: str | None = None,
    data: bool = True, cache: bool = True, branch: str | None = None,
    pull: PullRequest | None = None,
) -> Situation:  # fmt: skip
    """What is judged, by whose law, and when.

    Without a base the work tree, or the revision `head`, is judged by its own law. With one, the
    result of merging `head` into it is judged by the law of the base.

    Raises:
        CouldNotJudge: the folder, a revision or the moment cannot be made out, or base and head
            do not merge.
    """
    root = git.top(repo)
    at = moment(now)
    if base is None:
        tree = Revision(root, head) if head else Worktree(root)
        folder = git.git_folder(root) if cache and not head else None
        parses = Parses(folder / "charter" / "parses") if folder else None
        return Situation(root=root, tree=tree, now=at, parses=parses, read_data=data)
    history.refuse_partial(root)  # before anything is read that a partial clone would fetch
    law = Revision(root, base)
    result = MergeResult(root, law, head or "HEAD")
    proposal = GitProposal(
        branch=branch or history.branch_name(root, base) or "",
        pull=pull,
        base=law,
        result=result,
        verifier=Verifier(None),
    )
    return Situation(root=root, tree=result, now=at, base=law, read_data=data, proposal=proposal)


def moment(given: str | None) -> datetime:
    """The moment of judgement in UTC; a day alone means its midnight.

    Raises:
        CouldNotJudge: the text is no ISO 8601 date or time.
    """
    if given is None:
        return clock.now()
    try:
        parsed = datetime.fromisoformat(given)
    except ValueError:
        msg = f"--now {given!r} is no ISO 8601 moment such as 2026-11-22 or 2026-11-22T09:30:00Z"
        raise CouldNotJudge(msg) from None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
