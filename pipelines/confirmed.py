"""Whether a dataset or a removal was confirmed: what acts asks before it acts.

The final word is that of `charter check --base`; this keeps an act from starting without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters import git
from adapters.git import Revision
from adapters.reading import Reading
from governance.approvals import Approvals
from governance.catalogue import Declarations
from governance.confirmation import Confirmation, confirmation
from governance.effect import EffectKind
from governance.finding import Blocked, CouldNotJudge
from governance.records import Approval
from governance.roles import Roles
from pipelines.approve import Matter, spoken

_LITERAL: Final = frozenset("*?[]{}!")


@dataclass(frozen=True, slots=True)
class Base:
    """The law an act stands under, and the approval records that stood there already."""

    name: str
    commit: str
    roles: Roles
    policy: Approvals
    settled: frozenset[str]
    declarations: Declarations


def base(root: Path) -> Base:
    """The law of the governed branch: that of HEAD for who stands on it, else as it is known here.

    Raises:
        CouldNotJudge: nothing was committed yet, or its roles or approval rules do not load.
    """
    head = _law(root, "HEAD")
    here = git.run(root, "rev-parse", "--abbrev-ref", "HEAD").decode().strip()
    governed = [name for name in head.policy.branches if not _LITERAL & set(name)]
    if here in governed or not governed:
        return head
    for ref in (f"refs/remotes/origin/{governed[0]}", f"refs/heads/{governed[0]}"):
        if git.run(root, "for-each-ref", "--count=1", ref):
            return _law(root, ref)
    return head


def _law(root: Path, revision: str) -> Base:
    if git.head(root) is None:
        msg = "nothing was committed yet, so there is no law to act under\n  fix: git commit first"
        raise CouldNotJudge(msg)
    tree = Revision(root, revision)
    found = Reading(tree).declarations
    try:
        roles, policy = found.one(Roles, "roles").value, found.one(Approvals, "approvals").value
    except Blocked as blocked:
        msg = f"{blocked} of {revision} does not load: see `charter check`"
        raise CouldNotJudge(msg) from None
    settled = frozenset(record.path for record in found.all(Approval))
    return Base(revision, str(tree.commit), roles, policy, settled, found)


def standing(  # noqa: PLR0913 - what is asked, about which bytes, when
    root: Path, subject: str, digest: str, now: datetime, *, by: tuple[str, ...] = (),
    expires: bool = True, kinds: frozenset[EffectKind] | None = None,
) -> Confirmation:  # fmt: skip
    """How a subject stands with the people the law asks; approvals are read from the work tree.

    Args:
        root: top of the repository.
        subject: such as `dataset:<name>`.
        digest: of the bytes that are about to be used.
        now: the moment of the act.
        by: people who brought the subject about.
        expires: whether approvals end with time.
        kinds: what the act does; everything that can be done with the subject when none.

    Raises:
        CouldNotJudge: the law or a signature cannot be read.
    """
    law = base(root)
    branch = next((name for name in law.policy.branches if not _LITERAL & set(name)), "")
    matter = Matter(subject, digest, law.commit, branch, law.roles, law.policy, law.settled)
    said = spoken(root, matter, now)
    return confirmation(
        subject, digest, said, policy=law.policy, roles=law.roles, now=now, by=by,
        expires=expires, kinds=kinds,
    )  # fmt: skip
