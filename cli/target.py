"""What a person signs or decides on: a change, a dataset or a version, as it is committed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters import git
from checks.collect import Collector
from checks.situation import Situation
from cli.packet import packet
from cli.proposed import tip
from cli.situate import situate
from governance import digest
from governance.approvals import Approvals
from governance.catalogue import Declarations, Law
from governance.changeset import CHANGE, Opinion
from governance.contract import Contract
from governance.facts import Subjects
from governance.finding import Blocked, CouldNotJudge
from governance.manifest import manifests
from governance.records import Approval, Landing, Removal
from governance.roles import Roles
from governance.subject import MODEL, REMOVAL, own_file
from governance.tally import Case, Tally
from governance.version import Version
from pipelines.approve import Matter, spoken
from pipelines.inputs import Refused

_FEW = 3
_DIGEST = re.compile(r"(sha256:)?[0-9a-f]{6,64}")
_PATTERN = re.compile(r"[*?\[\]{}!]")


@dataclass(frozen=True, slots=True)
class Target:
    """A subject with its digest, and the law under which people speak about it.

    `spelled` is how a person would name it again. `here` says that the commit it stands in is the
    one that is checked out, `landed` that the governed branch holds it already, `within` that what
    is checked out may take a record on it. `settled` are approval records of the base.
    """

    root: Path
    subject: str
    digest: str
    spelled: str
    base: str
    base_name: str
    branch: str
    roles: Roles
    policy: Approvals
    own: Declarations
    situation: Situation
    tally: Tally | None
    here: bool
    settled: frozenset[str]
    landed: bool = False
    within: bool = True
    said: tuple[Opinion, ...] = ()

    @property
    def name(self) -> str:
        """The last part of the subject: name of the dataset, name and version of the model."""
        return self.subject.partition(":")[2]


def resolve(
    repo: Path, subject: str, *, base: str | None, branch: str | None, now: str | None
) -> Target:
    """The subject a person named, read from commits alone.

    Raises:
        Refused: there is no such subject, or its files have changes that are not committed.
        CouldNotJudge: a revision or a declaration it rests on cannot be read.
    """
    root = git.top(repo)
    try:
        if ".." in subject:
            found = _change(root, subject, base, branch, now)
        else:
            found = _standing(root, subject, base, branch, now)
    except Blocked as blocked:
        msg = f"{blocked} does not load or is missing: see `charter check`"
        raise CouldNotJudge(msg) from None
    _settled(found)
    return found


def _change(
    root: Path, subject: str, base: str | None, branch: str | None, now: str | None
) -> Target:
    left, dots, right = subject.partition("..")
    if not left or right.startswith("."):
        msg = f"{subject} is no change\n  fix: write BASE..HEAD with two dots, such as main..HEAD"
        raise Refused(msg)
    if base is not None:
        msg = f"{subject} names its base itself\n  fix: leave out --base"
        raise Refused(msg)
    situation = situate(root, base=left, head=right or "HEAD", now=now, branch=branch)
    collector = Collector(situation)
    law, own = collector.get(Law).declarations, collector.get(Declarations)
    tally = collector.get(Tally | None)
    assert tally is not None  # noqa: S101 - a base was named
    change = tally.change
    if not change.touched:
        msg = f"{subject} changes nothing that anybody could approve"
        raise Refused(msg)
    now_at, head = git.head(root), change.head
    landed = _landed(root, head, change.branch)
    within = now_at == head or (
        landed and now_at is not None and git.is_ancestor(root, head, now_at)
    )
    case = collector.get(Case | None)
    assert case is not None  # noqa: S101 - a base was named
    return Target(
        root, CHANGE, change.digest, f"{left}{dots}{right}", change.base, left, change.branch,
        law.one(Roles, "roles").value, law.one(Approvals, "approvals").value, own, situation,
        tally, now_at == head, _records(law), landed=landed, within=within, said=case.opinions,
    )  # fmt: skip


def _landed(root: Path, commit: str, branch: str) -> bool:
    """Whether a branch holds a commit, here or as its remote was last seen."""
    names = (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}")
    listing = git.run(root, "for-each-ref", "--format=%(objectname)", *names).decode()
    return any(git.is_ancestor(root, commit, tip) for tip in listing.split())


def _standing(
    root: Path, given: str, base: str | None, branch: str | None, now: str | None
) -> Target:
    situation = situate(root, head="HEAD", now=now)
    collector = Collector(situation)
    own = collector.get(Declarations)
    subject, claimed = _full(given)
    _whole(subject, own)
    known = collector.get(Subjects).digests
    if subject not in known:
        raise Refused(_elsewhere(root, subject, own) or _unknown(given, subject, known))
    if claimed and not known[subject].removeprefix("sha256:").startswith(claimed):
        msg = f"{subject} stands at {digest.short(known[subject])}, not at {claimed}"
        raise Refused(f"{msg}\n  fix: look at what stands there now, and name that digest")
    base_name, revision = _base(root, base, own)
    law = Collector(situate(root, head=revision, now=now)).get(Declarations)
    policy = law.one(Approvals, "approvals").value
    return Target(
        root, subject, known[subject], given, git.resolve(root, revision), base_name,
        branch or _literal(policy), law.one(Roles, "roles").value, policy, own, situation, None,
        here=True, settled=_records(law),
    )  # fmt: skip


def _records(law: Declarations) -> frozenset[str]:
    return frozenset(record.path for record in law.all(Approval))


def _full(given: str) -> tuple[str, str]:
    """The subject a person means, and the digest they say it has, if they say one."""
    name, at, claimed = given.partition("@")
    if given.startswith("dataset:") or (at and _DIGEST.fullmatch(claimed)):
        return _spelled_out(name), claimed.removeprefix("sha256:")
    return _spelled_out(given), ""


def _spelled_out(given: str) -> str:
    if ":" in given:
        return given
    if given.startswith("records/removals/"):
        return f"removal:{Path(given).stem}"
    return f"model:{given}" if "@" in given else f"dataset:{given}"


def _whole(subject: str, own: Declarations) -> None:
    """Nothing; every file the digest is made of loads.

    Raises:
        Refused: one does not: the digest would be of less than what stands there.
    """
    parts = (f"records/landings/{subject.partition(':')[2]}/", "records/tombstones/")
    alone = own_file(subject)
    for path in sorted(own.broken):
        if path == alone or (alone is None and path.startswith(parts)):
            msg = f"{path} does not load, so {subject} has no digest\n  fix: see `charter check`"
            raise Refused(msg)


def _elsewhere(root: Path, subject: str, own: Declarations) -> str | None:
    """Where a subject is to be found that HEAD does not hold, if anywhere."""
    name = subject.partition(":")[2]
    if subject.startswith("dataset:"):
        path = f"policies/datasets/{name}.yaml"
        if not any(contract.path == path for contract in own.all(Contract)):
            return None
        msg = f"{subject} is declared in {path}, but nothing of it has landed in HEAD"
        return f"{msg}\n  fix: land files with `charter land {name}`, and commit the record"
    if (entry := own_file(subject)) is None:
        return None
    if REMOVAL.fullmatch(subject):
        here = (root / entry).is_file()
        return f"{entry} is not committed\n  fix: git add and commit it" if here else None
    places = ("refs/heads", "refs/remotes")
    names = git.run(root, "for-each-ref", "--format=%(refname)", *places).decode().split()
    names = [ref for ref in names if not ref.endswith("/HEAD")]
    asked = "".join(f"{ref}:{entry}\n" for ref in names).encode()
    answers = git.run(root, "cat-file", "--batch-check=%(objecttype)", data=asked).decode()
    found = [
        ref.split("/", 2)[2]
        for ref, answer in zip(names, answers.splitlines(), strict=True)
        if answer == "blob"
    ]
    if not found:
        return None
    some = ", ".join([*found[:_FEW], *([f"{len(found) - _FEW} more"] if found[_FEW:] else [])])
    return f"{subject} is registered on {some}, not in HEAD\n  fix: check out {found[0]}"


def _unknown(given: str, subject: str, known: Iterable[str]) -> str:
    by_name = {name.partition(":")[2]: name for name in sorted(known)}
    near = difflib.get_close_matches(subject.partition(":")[2], by_name, 1)
    if near:
        fix = f"did you mean {by_name[near[0]]}?"
    elif by_name:
        fix = f"known here: {', '.join(by_name.values())}; or a change, such as main..HEAD"
    else:
        fix = "nothing has landed or is registered; a change is written main..HEAD"
    return f"no dataset and no registered version is called {given}\n  fix: {fix}"


def _base(root: Path, given: str | None, own: Declarations) -> tuple[str, str]:
    """Name and revision of where people, keys and roles are read."""
    if given is not None:
        return given, given
    governed = own.all(Approvals)
    name = _literals(governed[0].value) if governed else ()
    for branch in name[:1]:
        try:
            return branch, tip(root, branch)
        except CouldNotJudge:
            break
    return "HEAD", "HEAD"


def _literals(policy: Approvals) -> tuple[str, ...]:
    return tuple(branch for branch in policy.branches if not _PATTERN.search(branch))


def _literal(policy: Approvals) -> str:
    found = _literals(policy)
    if not found:
        msg = "policies/approvals.yaml names branches by patterns only: say --branch NAME"
        raise CouldNotJudge(msg)
    return found[0]


def _settled(target: Target) -> None:
    """Nothing; what the subject is made of is committed.

    Raises:
        Refused: the work tree holds something else, which a signature would not cover.
    """
    if not target.here:
        return
    left = [path for path in git.changed(target.root) if part_of(target, path)]
    if left:
        shown = [ascii_safe(path) for path in left]
        some = ", ".join([*shown[:_FEW], *([f"{len(left) - _FEW} more"] if left[_FEW:] else [])])
        msg = (
            f"{target.spelled} has changes that are not committed: {some}\n"
            "  fix: commit or stash them; a signature covers commits only"
        )
        raise Refused(msg)


def ascii_safe(path: str) -> str:
    """A path as a message may show it, whatever characters somebody put into it."""
    return path if path.isprintable() else ascii(path)


def part_of(target: Target, path: str) -> bool:
    """Whether a file is one of those the subject is made of."""
    if target.tally is not None:
        return path in target.tally.change.paths
    if match := MODEL.fullmatch(target.subject):
        evidence = f"artifacts/ml/models/{match['model']}/"
        return path == own_file(target.subject) or path.startswith(evidence)
    if REMOVAL.fullmatch(target.subject):
        return path == own_file(target.subject)
    return path.startswith((f"records/landings/{target.name}/", "records/tombstones/"))


def matter(target: Target) -> Matter:
    """The subject as those who sign take it."""
    return Matter(
        target.subject, target.digest, target.base, target.branch, target.roles, target.policy,
        target.settled,
    )  # fmt: skip


def heard(target: Target, now: datetime) -> tuple[Opinion, ...]:
    """What was signed about the subject: as its judgement counts it, and in the work tree.

    The work tree has a say only where a record on the subject may be added to it.

    Raises:
        CouldNotJudge: ssh-keygen is missing or did not finish.
    """
    found = {o.source: o for o in target.said if o.subject == target.subject and o.role}
    if target.within:
        for opinion in spoken(target.root, matter(target), now):
            stale = opinion.subject == CHANGE and (
                opinion.digest != target.digest or opinion.said not in {"reject", "withdraw"}
            )
            if opinion.own or not stale:  # what the base holds on other changes is none of this one
                found.setdefault(opinion.source, opinion)
    return tuple(found.values())


def others(target: Target) -> tuple[str, ...]:
    """Changes that are not committed, beside approvals and decisions on their way."""
    return tuple(
        path
        for path in git.changed(target.root)
        if not path.startswith(("records/approvals/", "records/decisions/"))
    )


def outline(target: Target) -> Iterator[str]:
    """What a subject is made of, that which rules speak about first."""
    if target.tally is not None:
        yield from _of_change(target.tally)
    elif match := MODEL.fullmatch(target.subject):
        path = f"models/{match['model']}/versions/{match['version']}.yaml"
        yield f"entry: {path}"
        for version in target.own.all(Version):
            if version.path == path:
                yield from packet(target.situation.tree, version.value)
    elif REMOVAL.fullmatch(target.subject):
        yield from _of_removal(target)
    else:
        manifest = manifests(target.own)[target.name]
        yield f"{len(manifest.rows)} files, {manifest.total_rows:,} rows"
        yield f"latest landing: {max(landings(target))}"


def _of_removal(target: Target) -> Iterator[str]:
    for found in target.own.all(Removal):
        if found.path == own_file(target.subject):
            removal = found.value
            yield f"{removal.action} rows: {removal.ground} under {removal.basis}"
            names = sorted({file.dataset for file in removal.files})
            rows = sum(file.rows for file in removal.files)
            yield f"{rows:,} rows in {len(removal.files)} files of {', '.join(names) or 'nothing'}"
            for barred in removal.barred:
                yield f"{barred.dataset}: deletion is barred by {barred.duty}"


def landings(target: Target) -> tuple[str, ...]:
    """Paths of the landing records of a dataset."""
    return tuple(x.path for x in target.own.all(Landing) if x.value.dataset == target.name)


_SHOWN = 20


def _of_change(tally: Tally) -> Iterator[str]:
    meant = dict.fromkeys(effect.words for effect in tally.effects)
    yield from list(meant)[:_SHOWN]
    if len(meant) > _SHOWN:
        yield f"and {len(meant) - _SHOWN} meanings more: charter approvals"
    told = {path for effect in tally.effects for path in effect.paths}
    plain = [path for path in tally.change.paths if path not in told]
    number = len(tally.change.paths)
    rest = f", {len(plain)} of them without a meaning to any rule" if plain else ""
    yield f"{number} file{'s' * (number != 1)}{rest}"
    yield from (f"  {path}" for path in plain[:_SHOWN])
    if len(plain) > _SHOWN:
        yield f"  and {len(plain) - _SHOWN} more"
