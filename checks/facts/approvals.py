"""Facts about a proposed change: what it means, who wrote it, who approved it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from adapters import difference, keys
from adapters.opinions import made_with
from adapters.proposal import Proposal
from adapters.tree import Tree
from checks.situation import Situation
from governance import approval, catalogue, compare, digest, glob, opinions, subject
from governance.approvals import Approvals
from governance.catalogue import Declarations, Law
from governance.changeset import CHANGE, Changeset, Opinion
from governance.confirmation import Confirmations, confirmation
from governance.decision import SignedOpinions, unbacked
from governance.declaration import Declared
from governance.evidence import Metadata, of_model
from governance.facts import Evidence, Now, Subjects
from governance.finding import CouldNotJudge
from governance.manifest import manifests
from governance.records import Approval, Decision, Landing, Removal
from governance.roles import Roles
from governance.tally import Case, LawDigest, Tally
from governance.version import Version


def subjects(situation: Situation, own: Declarations, evidence: Evidence) -> Subjects:
    """Digest of every dataset, version and removal of the judged tree."""
    tree = situation.tree
    found = {f"dataset:{name}": kept.digest for name, kept in manifests(own).items()}
    for removal in own.all(Removal):
        found[f"removal:{removal.value.id}"] = digest.of_bytes(tree.read(removal.path))
    for version in own.all(Version):
        metadata = evidence.files.get(of_model(version.value.model, "metadata"))
        current = metadata.training_hash if isinstance(metadata, Metadata) else None
        entry = digest.of_bytes(tree.read(version.path))
        name = f"model:{version.value.model}@{version.value.version}"
        found[name] = subject.of_version(version.value, entry, current, evidence.digests)
    return Subjects(found)


def tally(case: Case | None) -> Tally | None:
    """How the proposed change stands with its approvals; None when none was named."""
    return None if case is None else approval.tally(case)


def case(
    situation: Situation, law: Law, own: Declarations, known: Subjects, now: Now
) -> Case | None:
    """The proposed change with everything its judgement rests on; None when none was named."""
    proposal, base = situation.proposal, situation.base
    if proposal is None or base is None:
        return None
    policy = law.declarations.one(Approvals, "approvals").value
    roles = law.declarations.one(Roles, "roles").value
    pull = proposal.pull
    if pull is not None and pull.repository.lower() != policy.repository.lower():
        msg = f"pull request {pull.number} is one of {pull.repository}, not of {policy.repository}"
        raise CouldNotJudge(msg)
    branch = proposal.branch or _only(policy)
    if not glob.any_of(policy.branches).fullmatch(branch):
        known_as = ", ".join(policy.branches)
        msg = f"{branch} is no governed branch: policies/approvals.yaml lists {known_as}"
        raise CouldNotJudge(msg)
    touched = tuple(t for t in difference.touched(base, situation.tree) if not compare.given(t))
    effects = compare.effects(law.declarations, own, touched)
    named = sorted({str(e.subject) for e in effects if e.approvable} & known.digests.keys())
    people = {
        name: tuple(k.public for k in p.keys if k.active(now.day))
        for name, p in roles.people.items()
    }
    change = Changeset(
        branch=branch,
        base=str(base.commit),
        head=str(situation.tree.commit),
        tree=getattr(situation.tree, "treeish", situation.tree.name),
        touched=touched,
        commits=proposal.commits(people),
        subjects={name: known.digests[name] for name in named},
        pull=proposal.pull,
        edited_records=tuple(path for path, _ in proposal.dropped("records/approvals")),
    )
    said = tuple(_said(proposal, change, own, law.declarations, policy, roles, now))
    judged_by = LawDigest(policy.version, _law_digest(base))
    votes = signed_opinions(situation, law, own, now)
    decided = tuple(d for d in own.all(Decision) if not any(unbacked(d.value, votes)))
    return Case(policy, roles, change, effects, said, now.moment, decided, judged_by)


def _law_digest(base: Tree) -> str:
    """Digest of every policy of the base, by path."""
    paths = [path for path in base.entries() if path.startswith("policies/")]
    return digest.of_value({path: digest.of_bytes(data) for path, data in base.read_many(paths)})


def _only(policy: Approvals) -> str:
    """The branch meant where a base is given as a commit: the governed one, if there is one only.

    Raises:
        CouldNotJudge: several are governed.
    """
    if len(policy.branches) == 1 and policy.branches[0].isidentifier():
        return policy.branches[0]
    msg = "the base is no branch: name the branch the change is for with --branch"
    raise CouldNotJudge(msg)


def _said(  # noqa: PLR0913 - the law of the base, one by one
    proposal: Proposal, change: Changeset, own: Declarations, base: Declarations,
    policy: Approvals, roles: Roles, now: Now,
) -> Iterator[Opinion]:  # fmt: skip
    here = {record.path: record.value for record in own.all(Approval)}
    there = {record.path: record.value for record in base.all(Approval)}
    # A record that the change edits is a new one, and the one it replaces was said all the same.
    gone = [
        Declared(f"{path} (of the base)", value)
        for path, value in there.items()
        if here.get(path) != value
    ]
    settled = {path for path, value in here.items() if there.get(path) == value}
    settled |= {record.path for record in gone}
    records = (*own.all(Approval), *gone, *_dropped(proposal))
    signed = [opinions.statement_of(record) for record in records]
    keyed = made_with(signed, roles, proposal.signed_with)
    found = (
        opinions.recorded(
            item, keyed[item.record.path], roles=roles, policy=policy, branch=change.branch,
            now=now.moment, settled=item.record.path in settled,
        )
        for item in signed
    )  # fmt: skip
    for opinion in opinions.relevant(found, {**change.subjects, CHANGE: change.digest}):
        # A yes to a whole change is spent once it is merged: what was reverted is asked for anew.
        if opinion.own or opinion.subject != CHANGE or opinion.said in {"reject", "withdraw"}:
            yield opinion
    if change.pull is not None:
        yield from _reviewed(proposal, change, roles)


def _dropped(proposal: Proposal) -> Iterator[Declared[Approval]]:
    """Approvals that were taken out again on the way: what was signed was said."""
    for number, (path, data) in enumerate(proposal.dropped("records/approvals"), start=1):
        value, _, _ = catalogue.read(path, data)
        if isinstance(value, Approval):
            yield Declared(f"{path} (taken out again, {number})", value)


def _reviewed(proposal: Proposal, change: Changeset, roles: Roles) -> Iterator[Opinion]:
    assert change.pull is not None  # noqa: S101 - the caller looked
    said = change.pull.reviews
    heads = sorted({review.commit for review in said if review.state != "commented"})
    seen = dict.fromkeys(proposal.unchanged_at(heads), change.digest)
    yield from opinions.reviewed(change.pull, seen, proposal.first_seen(heads), roles)


def signed_opinions(situation: Situation, law: Law, own: Declarations, now: Now) -> SignedOpinions:
    """What people signed about anything that a decision is recorded on."""
    decided = {decision.value.subject for decision in own.all(Decision)}
    roles = law.declarations.one(Roles, "roles").value
    return SignedOpinions(_heard(situation, law, own, now, decided), roles)


def confirmations(
    situation: Situation, law: Law, own: Declarations, known: Subjects, now: Now
) -> Confirmations:
    """How each dataset stands with those who confirm data, under the law of the base."""
    named = {name: seen for name, seen in known.digests.items() if name.startswith("dataset:")}
    if not named:
        return Confirmations({})
    said = _heard(situation, law, own, now, named)
    policy = law.declarations.one(Approvals, "approvals").value
    roles = law.declarations.one(Roles, "roles").value
    by: dict[str, list[str]] = {}
    for landing in own.all(Landing):
        if landing.value.by is not None:
            by.setdefault(f"dataset:{landing.value.dataset}", []).append(landing.value.by)
    return Confirmations(
        {
            name: confirmation(
                name, seen, [o for o in said if o.subject == name], policy=policy, roles=roles,
                now=now.moment, by=by.get(name, ()), expires=False,
            )
            for name, seen in named.items()
        }
    )  # fmt: skip


def _heard(
    situation: Situation, law: Law, own: Declarations, now: Now, about: Container[str]
) -> tuple[Opinion, ...]:
    """What people signed about some subjects, in the records of the judged tree."""
    policy = law.declarations.one(Approvals, "approvals").value
    roles = law.declarations.one(Roles, "roles").value
    read = [opinions.statement_of(record) for record in own.all(Approval)]
    signed = [(i, i.statement) for i in read if i.statement and i.statement.about in about]
    verify = situation.proposal.signed_with if situation.proposal else _verifier(situation)
    made = made_with([item for item, _ in signed], roles, verify)
    base = law.declarations if situation.base else own
    settled = {(record.path, record.value.statement) for record in base.all(Approval)}
    governed = glob.any_of(policy.branches)
    heard = [
        opinions.recorded(
            item, made[item.record.path], roles=roles, policy=policy,
            branch=said.predicate.branch if governed.fullmatch(said.predicate.branch) else "",
            now=max(now.moment, said.predicate.at),
            settled=(item.record.path, item.record.value.statement) in settled,
        )
        for item, said in signed
    ]  # fmt: skip
    return tuple(opinion for opinion in heard if opinion is not None)


def _verifier(situation: Situation) -> Callable[[Iterable[keys.Job]], Sequence[str | None]]:
    """Checks signatures; where nobody proposes anything, answers may come from the Git folder."""
    kept = situation.parses.path if situation.parses else None
    return keys.Verifier(kept.with_name("signatures") if kept else None).verify_many
