"""Judging what was merged: the order of things decides, and nothing that was said is believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from governance import audit, release_tags, verdict
from governance.approvals import Approvals
from governance.audit import Cover, Landed, Quiet
from governance.changeset import (
    CHANGE,
    Account,
    Changeset,
    Commit,
    ForgeReview,
    Identity,
    Opinion,
    PullRequest,
    Push,
    Touched,
    Version,
)
from governance.effect import Effect
from governance.finding import Place
from governance.finding import Verdict as Outcome
from governance.release_tags import Tag
from governance.roles import Roles
from governance.tally import Case, Standing

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BASE, HEAD = "b" * 40, "c" * 40
HEADER = {
    "version": "1.0.0", "effective": date(2026, 1, 1), "owner": "board", "review_every": "P3M",
}  # fmt: skip
ROLES = Roles(
    id="roles", **HEADER,
    people={
        name: {"name": name, "email": f"{name}@example.org"} for name in ("ann", "bob", "cid")
    },
    roles={
        "mlops": {
            "title": "mlops",
            "members": tuple(
                {"person": name, "valid_from": date(2026, 1, 1)} for name in ("ann", "bob", "cid")
            ),
        }
    },
)  # fmt: skip
FREE = ({"paths": ("docs/**",), "because": "words"},)
LANDED = Landed(HEAD, BASE, AT, "Ann <ann@example.org>", "Work")


def policy(*rules: dict[str, object], **fields: object) -> Approvals:
    given = rules or ({"when": {"paths": ("code/**",)}},)
    return Approvals(
        id="approvals", **HEADER, repository="example/small", branches=("main",),
        otherwise=({"role": "mlops", "count": 1},),
        rules=tuple(
            {"id": f"rule-{n}", "because": "so", "require": ({"role": "mlops", "count": 1},)} | rule
            for n, rule in enumerate(given)
        ),
        **({"unverified_authorship": "accept", "free": FREE} | fields),
    )  # fmt: skip


def opinion(by: str, said: str = "approve", **fields: object) -> Opinion:
    given = {
        "source": f"records/approvals/{by}.yaml", "at": AT, "person": by, "who": by, "said": said,
        "subject": CHANGE, "digest": CHANGED.digest, "rationale": "read it",
    }  # fmt: skip
    return Opinion(**given | fields)


CHANGED = Changeset(
    branch="main", base=BASE, head=HEAD, tree="d" * 40,
    touched=(Touched("code/a.py", None, Version("file", "e" * 64)),),
    commits=(Commit(HEAD, Identity("Ann", "ann@example.org"), Identity("Ann", "ann@example.org")),),
    subjects={},
)  # fmt: skip


def case(*said: Opinion, rules: Approvals | None = None) -> Case:
    return Case(rules or policy(), ROLES, CHANGED, (), said, AT)


GLASS = {"break_glass": {"require": ({"role": "mlops", "count": 1},), "due_within": "P3D"}}
LATE = datetime(2026, 3, 20, tzinfo=UTC)
COVERS = {
    "approved before": ((opinion("bob"),), (), {}, Cover.COVERED),
    "nobody": ((), (), {}, Cover.UNCOVERED),
    "its author": ((opinion("ann"),), (), {}, Cover.UNCOVERED),
    "approved later": ((), (opinion("bob", at=LATE),), {}, Cover.AFTERWARDS),
    "objected later": (
        (opinion("bob"),), (opinion("cid", "reject", at=LATE),), {}, Cover.COVERED,
    ),
    "objected before": (
        (opinion("bob"), opinion("cid", "reject")), (), {}, Cover.UNCOVERED,
    ),
    "glass broken": ((opinion("bob", "break-glass"),), (), GLASS, Cover.OVERDUE),
    "no glass to break": ((opinion("bob", "break-glass"),), (), {}, Cover.UNCOVERED),
    "glass broken and paid": (
        (opinion("bob", "break-glass"),), (opinion("cid", at=LATE),), GLASS, Cover.PAID,
    ),
    "glass broken afterwards": (
        (), (opinion("bob", "break-glass", at=LATE),), GLASS, Cover.OVERDUE,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "later", "fields", "cover"), COVERS.values(), ids=COVERS)
def test_cover(before, later, fields, cover):
    found = audit.cover(LANDED, case(*before, rules=policy(**fields)), later, date(2026, 3, 6))
    assert found.cover is cover
    assert found.cover.green is (cover not in {Cover.UNCOVERED, Cover.OVERDUE})


@pytest.mark.parametrize(
    ("day", "cover"), [(date(2026, 3, 5), Cover.DEBT), (date(2026, 3, 6), Cover.OVERDUE)]
)
def test_a_debt_is_due_by_the_day_the_change_landed_however_late_it_was_declared(day, cover):
    late = opinion("bob", "break-glass", at=AT.replace(day=4))
    found = audit.cover(LANDED, case(rules=policy(**GLASS)), (late,), day)
    assert (found.cover, found.due) == (cover, date(2026, 3, 5))
    [remark] = audit.remarks(found, case(rules=policy(**GLASS)))
    assert remark.finding.verdict is (Outcome.PASS if cover is Cover.DEBT else Outcome.FAIL)


def test_an_approval_of_other_bytes_covers_nothing():
    other = opinion("bob", digest=f"sha256:{'0' * 64}")
    found = audit.cover(LANDED, case(other), (), AT.date())
    [remark] = audit.remarks(found, case(other))
    assert found.cover is Cover.UNCOVERED
    assert remark.finding.notes[0].startswith("ignored: bob (saw 000000000000")


EDIT = {"when": {"changes": ("edits-record",)}}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        pytest.param(policy(EDIT), ["audit/records: pass"], id="its rule is met"),
        pytest.param(policy(), ["audit/records: fail"], id="only another rule is met"),
    ],
)
def test_a_removed_approval_is_always_shown(rules, told):
    path = "records/approvals/a.yaml"
    gone = Touched(path, Version("file", "f" * 64), None)
    effect = Effect("edits-record", f"removes {path}", Place(path), (path,))
    change = replace(CHANGED, touched=(gone,))
    given = Case(rules, ROLES, change, (effect,), (opinion("bob", digest=change.digest),), AT)
    found = audit.cover(LANDED, given, (), AT.date())
    assert found.cover is Cover.COVERED
    remarks = list(audit.remarks(found, given))
    assert [f"{r.rule}: {r.finding.verdict}" for r in remarks] == told


QUIET = {
    "free and spoken of by no rule": (policy(), "docs/a.md", True),
    "not free": (policy(), "other/a.md", False),
    "free by the policy, but no policy can free it": (
        policy(free=({"paths": ("**",), "because": "x"},)), "models/a", False,
    ),
    "free, but a rule names it": (policy({"when": {"paths": ("docs/a.md",)}}), "docs/a.md", False),
    "free, and a rule names its neighbour": (
        policy({"when": {"paths": ("docs/b.md",)}}), "docs/a.md", True,
    ),
    "a rule on meanings": (policy({"when": {"changes": ("touches-code",)}}), "docs/a.md", True),
    "a rule on every change of the branch": (
        policy({"when": {"branch": ("main",)}}), "docs/a.md", False,
    ),
    "a rule on large code": (
        policy({"when": {"all": (
            {"changes": ("touches-code",)}, {"size": {"files_above": 1}},
        )}}), "docs/a.md", True,
    ),
    "a rule on large documents": (
        policy({"when": {"all": (
            {"paths": ("docs/**",)}, {"size": {"files_above": 1}},
        )}}), "docs/a.md", False,
    ),
    "a rule on what is not code": (
        policy({"when": {"not": {"changes": ("touches-code",)}}}), "docs/a.md", False,
    ),
    "one of several": (
        policy({"when": {"any": (
            {"changes": ("touches-code",)}, {"paths": ("docs/**",)},
        )}}), "docs/a.md", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "path", "quiet"), QUIET.values(), ids=QUIET)
def test_only_paths_no_rule_can_speak_of_are_passed_over(rules, path, quiet):
    assert (path in Quiet(rules)) is quiet


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("credit@v1.2.3", ("credit", "1.2.3", False)),
        ("credit@v1.2.3!", ("credit", "1.2.3", True)),
        ("credit#production#4", ("credit", None, False)),
        ("credit#production", ("credit", None, False)),
        ("credit#production!#5", ("credit", None, True)),
        ("credit@1.2.3", None),
        ("credit@v1.2", None),
        ("credit@v1.2.3 ", None),
        ("v1.2.3", None),
        ("Credit@v1.2.3", None),
    ],
)
def test_the_grammar_of_release_tags(name, read):
    found = release_tags.read(name)
    assert (found and (found.model, found.version, found.off)) == read


def test_a_version_that_was_taken_back_needs_no_tag_and_says_nothing():
    off = Tag("credit@v1.0.0!", HEAD, "credit@v1.0.0!", "ann")
    found = release_tags.judge(
        [off], along={HEAD: LANDED}, brought={("credit", "1.0.0"): HEAD}, champions={}
    )
    assert list(found) == []


PULL = PullRequest(
    repository="example/small", number=7, title="Work", base_branch="main", base=BASE, head=HEAD,
    head_branch="work", opener=Account("ann", 1), instigators=(Account("ann", 1),),
    labels=("data",), draft=False, changed_files=1,
    reviews=(
        ForgeReview(1, Account("bob", 2), AT, HEAD, "approved", body="fine"),
        ForgeReview(2, Account("ghost", None), AT, "", "dismissed", "approved", Account("cid", 3),
                    AT, "no"),
    ),
    pushes=(Push(Account("ann", 1), AT, HEAD),), retargeted_at=AT,
)  # fmt: skip


def kept() -> verdict.Verdict:
    return verdict.Verdict(
        format=1, repository="example/small", branch="main", base=BASE, landed=HEAD, tree="d" * 40,
        digest=CHANGED.digest, law=verdict.LawSeen(version="1.0.0", digest=CHANGED.digest),
        judged_at=AT, standing=Standing.APPROVED,
        pull=verdict.of_pull(PULL, {HEAD: True}, {HEAD: AT}),
        commits=tuple(map(verdict.of_commit, CHANGED.commits)),
    )  # fmt: skip


def test_a_verdict_keeps_every_fact():
    found = verdict.read(kept().text())
    assert found == kept()
    assert found.pull_request() == PULL
    assert found.contributors() == CHANGED.commits
    assert found.seen("sha256:x") == {HEAD: "sha256:x"}
    assert found.visible() == {HEAD: AT}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'"format":1', b'"format":2', id="another format"),
        pytest.param(b'"format":1', b'"format":1,"format":1', id="a key twice"),
        pytest.param(b'"format":1', b'"format": 1', id="another text of the same"),
        pytest.param(b'"format":1', b'"format":1,"more":1', id="a key too many"),
        pytest.param(b'"number":7', b'"number":"7"', id="text for a number"),
        pytest.param(b'"number":7', b'"number":NaN', id="no number"),
        pytest.param(b"{", b"", id="no JSON"),
    ],
)
def test_a_verdict_has_one_text(old, new):
    text = kept().text()
    assert old in text
    assert isinstance(verdict.read(text.replace(old, new, 1)), str)
