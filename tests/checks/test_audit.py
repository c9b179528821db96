"""What the audit reads of a history is what the gate would have read of each change."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from audited import Ledger, ring, roles, version
from world import DECLARED, dump, world

from adapters.keys import Verifier
from checks.audit.course import Question
from checks.audit.judge import audit_of
from checks.collect import Collector
from cli.situate import situate
from governance.audit import Audit
from governance.evidence import of_model
from governance.tally import Case

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def audited(ledger: Ledger, since: str | None = None) -> Audit:
    head = ledger.git("rev-parse", "main")
    return audit_of(Question(ledger.root, head, "main", since, NOW), Verifier())


def proposed(ledger: Ledger, base: str, head: str) -> Case:
    found = Collector(situate(ledger.root, base=base, head=head, branch="main")).get(Case | None)
    assert found is not None
    return found


def landing(name: str, dataset: str, number: int) -> str:
    return dump(
        {
            "id": name,
            "at": f"2026-03-01T08:{number % 60:02d}:00Z",
            "dataset": dataset,
            "source": {"kind": "synthetic", "id": "made", "uri": "made", "licence": "CC0-1.0"},
            "files": [
                {"path": f"{name}.csv", "bytes": number + 1, "rows": 1, "sha256": f"{number:064x}"}
            ],
        }
    )


def acted(ledger: Ledger, dice: random.Random, number: int) -> None:
    """One random thing that people do to a repository."""
    root, valid = ledger.root, world()
    files = [p for p in ledger.git("ls-files", "-z").split("\0") if p]
    some = dice.choice([p for p in files if not p.startswith("policies/")] or ["docs/x.md"])
    match dice.choice((*range(12), 2, 4, 6)):
        case 0:
            ledger.put(f"governance/part{dice.randrange(3)}.py", f"x = {number}\n" * number)
        case 1:
            ledger.put(f"docs/page{dice.randrange(3)}.md", f"{number}\n")
        case 2:
            ledger.put(f"records/landings/loans/l{number}.yaml", landing(f"l{number}", "loans",
                                                                        number))  # fmt: skip
        case 3:
            champion = dice.choice(["", "champion: 1.0.0\n"])
            ledger.put("models/credit/model.yaml", DECLARED["models/credit/model.yaml"] + champion)
        case 4:
            entry = version("credit", f"1.{number}.0")
            ledger.put(f"models/credit/versions/1.{number}.0.yaml", entry)
        case 5:
            path = of_model("credit", dice.choice(["metrics", "metadata"]))
            value = json.loads(valid.text(path))
            value["model_digest"] = f"sha256:{number:064x}"
            ledger.put(path, json.dumps(value))
        case 6:
            step = dice.choice(["canary", "full"])
            ledger.put(
                "models/credit/rollout.yaml", f"model: credit\nversion: 1.0.0\nstep: {step}\n"
            )
        case 7:
            ledger.put("policies/release.yaml", DECLARED["policies/release.yaml"].replace(
                "P1D", f"P{number % 9 + 1}D"))  # fmt: skip
        case 8:
            ledger.put("policies/roles.yaml", roles(version=f"1.{number}.0"))
        case 9:
            ledger.git("rm", "--quiet", "--force", "--", some)
        case 10:
            target = root / f"governance/link{dice.randrange(2)}"
            target.unlink(missing_ok=True)
            target.symlink_to(f"part{number}.py")
        case 11:
            ledger.put("governance/blob.bin", bytes([0, number % 256]) * number)
            (root / "governance/blob.bin").chmod(dice.choice([0o644, 0o755]))


def grown(ledger: Ledger, seed: int, length: int) -> list[tuple[str, str, str]]:
    """A random history: the parent, the head that was proposed, and the commit it became."""
    dice = random.Random(seed)
    made = []
    key = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={ring()['ann'][0]}", "-c",
           "commit.gpgSign=true")  # fmt: skip
    for number in range(1, length + 1):
        parent = ledger.git("rev-parse", "main")
        name = f"b{number}"
        ledger.branch(name, dice.choice(["main", "main", f"main~{min(number - 1, 2)}"]))
        for part in range(dice.randrange(1, 4)):
            acted(ledger, dice, number * 4 + part)
            ledger.git("add", "--all")
            options = key if dice.random() < 0.3 else ()
            title = f"{name}\n\nCo-authored-by: Cid <cid@example.org>" if part else name
            ledger.made(*options, "commit", "--quiet", "--allow-empty", "--message", title,
                        by=dice.choice(["ann", "bob"]))  # fmt: skip
        if dice.random() < 0.3:
            try:
                ledger.made("merge", "--quiet", "--no-ff", "--no-edit", "main", by="bob")
            except AssertionError:  # it does not merge without a person
                ledger.git("merge", "--abort")
        if dice.random() < 0.5:
            ledger.sign("cid", f"sha256:{number:064x}")
            ledger.commit("Approve", by="cid")
        head = ledger.git("rev-parse", "HEAD")
        ledger.main()
        try:
            if dice.random() < 0.5:
                ledger.git("merge", "--quiet", "--squash", name)
                landed = ledger.commit(f"Squash {name}", by="dee")
            else:
                landed = ledger.made("merge", "--quiet", "--no-ff", "--no-edit", name, by="dee")
        except AssertionError:  # it does not merge without a person
            ledger.git("reset", "--quiet", "--hard", parent)
            ledger.git("clean", "--quiet", "-fd")
            continue
        made.append((parent, head, landed))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_audit_and_gate_see_the_same_change(seed: int, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "r")
    for path in ("policies/release.yaml", "models/credit/rollout.yaml"):
        ledger.put(path, DECLARED[path])
    valid = world()
    for name in ("metrics", "metadata"):
        ledger.put(of_model("credit", name), valid.files[of_model("credit", name)])
    ledger.put("models/credit/versions/1.0.0.yaml", version("credit", "1.0.0"))
    since = ledger.commit("More to change", by="ann")
    made = grown(ledger, seed, 20)
    found = {covering.commit.id: covering for covering in audited(ledger, since).commits}
    assert len(made) >= 10
    subjects: set[str] = set()
    for parent, head, landed in made:
        case, tally = proposed(ledger, parent, head), found[landed].tally
        if tally is None:
            assert all(case.policy.is_free(path) for path in case.change.paths)
            continue
        change = tally.change
        assert change.digest == case.change.digest
        assert sides(change.touched) == sides(case.change.touched)
        assert lines(change.touched) == lines(case.change.touched)
        assert change.subjects == case.change.subjects
        assert tally.effects == case.effects
        if len(ledger.git("rev-parse", f"{landed}^@").split()) == 2:
            here = {commit.id: commit for commit in change.commits}
            for commit in case.change.commits:
                assert here[commit.id] == commit
        subjects |= change.subjects.keys()
    assert subjects


def sides(touched: Any) -> list[Any]:
    return [(one.path, one.before, one.after) for one in touched]


def lines(touched: Any) -> int:
    """What the smallest limit on lines makes of them."""
    return any(one.lines is None for one in touched) or sum(one.lines or 0 for one in touched) > 50
