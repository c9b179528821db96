"""What attacks share: repositories copied from one, people at a forge, verdicts in this process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from proposed import HEAD, Proposed, commit
from threatened import NOW, Attacked
from world import BASE, World, world

from checks import engine
from checks.collect import Collector
from checks.judgement import Judgement
from cli.situate import situate
from governance.changeset import Account, Commit, ForgeReview, PullRequest, Push
from governance.finding import CouldNotJudge
from governance.tally import Demand, Standing, Tally

PEOPLE = ("omar", "stella", "mina", "lea", "priya", "boris", "rita", "milo", "lars", "ann")
ROBOT = Account("github-actions[bot]", 41898282, bot=True)
PUSHED = datetime(2026, 11, 20, 8, tzinfo=UTC)
"""When a pull request of these tests was pushed."""

POLICY = "policies/approvals.yaml"
ROLES = "policies/roles.yaml"


def at(hours: float) -> datetime:
    """A moment that long after the push."""
    return PUSHED + timedelta(hours=hours)


# Repositories.


@cache
def _first() -> Path:
    folder = tempfile.mkdtemp(prefix="charter-threats-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Attacked(Path(folder, "world")).root


class Clone(Attacked):
    """A copy of one repository that holds the valid world; building it anew takes ten times as
    long. With `start` it is built from another world."""

    def __init__(self, root: Path, start: World | None = None) -> None:
        if start is not None:
            super().__init__(root, start)
            return
        self.root = root
        self.keys = root.parent / f"{root.name}-keys"
        shutil.copytree(_first(), root)

    def tally(
        self, *, base: str = "main", head: str = "HEAD", now: str = NOW,
        pull: PullRequest | None = None, branch: str | None = None,
    ) -> Tally:  # fmt: skip
        """How the change stands, told in this process."""
        situation = situate(self.root, base=base, head=head, now=now, pull=pull, branch=branch)
        found = Collector(situation).get(Tally | None)
        assert found is not None
        return found

    def checked(
        self, *only: str, base: str = "main", head: str = "HEAD", now: str = NOW
    ) -> Judgement:
        """What `charter check` says of the merge result."""
        situation = situate(self.root, base=base, head=head, now=now)
        return engine.judge(Collector(situation), engine.select(only))

    def digest(self, **how: Any) -> str:
        """The digest of the change at HEAD."""
        return self.tally(**how).change.digest

    def on(self, name: str) -> Clone:
        """The same clone with another branch checked out."""
        self.git("checkout", "--quiet", name)
        return self

    def starts(self, name: str = "change", start: str = "main") -> Clone:
        """The same clone on a new branch."""
        self.branch(name, start)
        return self


def copied(clone: Clone, root: Path) -> Clone:
    """A repository of its own with everything a clone holds."""
    twin = object.__new__(Clone)
    twin.root, twin.keys = root, root.parent / f"{root.name}-keys"
    shutil.copytree(clone.root, root)
    return twin


def approved(clone: Clone, *people: tuple[str, str]) -> Clone:
    """The clone with approvals of the change at HEAD, each in a role, in one commit."""
    of = clone.digest()
    for person, role in people:
        clone.approve(person, role, of=of, commit=False)
    clone.commit("approvals")
    return clone


# Forges.


def account(name: str) -> Account:
    """The account of a person of the world."""
    return Account(f"{name}-example", PEOPLE.index(name) + 1)


def review(
    by: str | Account, hours: float = 2, state: str = "approved", **more: Any
) -> ForgeReview:
    """A review of the head, so many hours after its push."""
    by = account(by) if isinstance(by, str) else by
    facts = {"id": int(hours * 100) + len(by.login), "commit": HEAD, "body": "looked at it"}
    return ForgeReview(by=by, at=at(hours), state=state, **(facts | more))  # type: ignore[arg-type]


def push(by: str | Account = "ann", hours: float = 0, after: str = HEAD) -> Push:
    """A push."""
    return Push(account(by) if isinstance(by, str) else by, at(hours), after)


def pull(*reviews: ForgeReview, **more: Any) -> PullRequest:
    """A pull request that ann opened and pushed."""
    opener = more.get("opener", account("ann"))
    facts: dict[str, Any] = {
        "repository": "example/world", "number": 7, "title": "A change", "base_branch": "main",
        "base": BASE, "head": HEAD, "head_branch": "change", "opener": opener,
        "instigators": (opener,), "labels": (), "draft": False, "changed_files": 1,
        "pushes": (push(),), "reviews": reviews,
    }  # fmt: skip
    return PullRequest(**(facts | more))


def proposed(request: PullRequest | None = None, *commits: Commit, **more: Any) -> Proposed:
    """A pull request with its commits; each push is known by its end. Nothing is signed."""
    written = commits or (commit(signed_by=None),)
    seen = {} if request is None else {found.after: found.at for found in request.pushes}
    return Proposed(pull=request, written=written, **({"seen": seen} | more))


def edited(path: str = "policies/README.md", text: str = "Other words.\n") -> World:
    """The world with one file changed, at a head the forge knows."""
    return at_head(world().put(path, text))


def at_head(changed: World) -> World:
    """The same world as the tree of the proposed commit."""
    changed.commit = HEAD
    return changed


# Verdicts.

LOADABLE = "declarations/loadable"


def loads(changed: World) -> bool:
    """Whether every declaration of a world can be read."""
    return changed.judge([LOADABLE]).exit_code == 0


def demand(tally: Tally, rule: str) -> Demand:
    """What one rule demands."""
    return next(found for found in tally.demands if found.rule == rule)


def rules(tally: Tally) -> set[str]:
    """Rules that demand something."""
    return {found.rule for found in tally.demands}


def ignored(tally: Tally, who: str) -> list[tuple[Standing, str]]:
    """Why opinions of somebody were ignored, each reason once."""
    found = (
        i for d in tally.demands for i in d.ignored if who in {i.opinion.who, i.opinion.person}
    )
    return list(dict.fromkeys((item.standing, item.reason) for item in found))


def reasons(tally: Tally, who: str) -> str:
    """The same as one text."""
    return "; ".join(reason for _, reason in ignored(tally, who))


def red(judgement: Judgement) -> set[str]:
    """Rules of `charter check` that are not green."""
    return {result.rule for result in judgement.results if not result.verdict.green}


def unjudged(changed: World, base: World | None = None, proposal: Proposed | None = None) -> str:
    """Why a change could not be judged."""
    with pytest.raises(CouldNotJudge) as caught:
        changed.tally(base, proposal)
    return str(caught.value)


def law(*routes: tuple[tuple[str | int, ...], Any], path: str = POLICY) -> World:
    """A base whose policy says something else in some places."""
    base = world()
    for route, value in routes:
        base.set(path, route, value)
    return base


def changed(base: World, path: str = "policies/README.md", text: str = "Other words.\n") -> World:
    """A change of one file on top of a base."""
    return at_head(base.copy().put(path, text))


def seats(*named: tuple[str, int]) -> list[dict[str, Any]]:
    """A requirement as YAML writes it."""
    return [{"role": role, "count": count} for role, count in named]


def everyone() -> Iterable[ForgeReview]:
    """Approvals of everybody in the world."""
    return tuple(review(name, 2 + number / 100) for number, name in enumerate(PEOPLE))
