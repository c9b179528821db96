"""Are the declarations readable, complete and in force?"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from cases import Change, Green, Red, Table, keeps_quiet, rows, shown, tells
from world import World, world

from governance.catalogue import KINDS

APPROVALS = "policies/approvals.yaml"
CREDIT = "models/credit/model.yaml"
RIDGE = "estimator: sklearn.linear_model.Ridge"
GATES = "policies/gates.yaml"
LOANS = "policies/datasets/loans.yaml"
MONITORING = "policies/monitoring.yaml"
RETENTION = "policies/retention.yaml"
REVIEWS = "policies/reviews.yaml"
ROLES = "policies/roles.yaml"
ROLLOUT = "models/credit/rollout.yaml"
VERSION = "models/credit/versions/1.0.0.yaml"
GATED = (
    "datasets/bias", "datasets/label_rates", "datasets/proxies",
    "gates/stricter", "gates/thresholds",
)  # fmt: skip
APPROVED = (
    "approvals/cases", "approvals/decisions", "approvals/forge", "approvals/reach",
    "approvals/satisfiable", "approvals/waivers", "attestations/valid", "datasets/confirmed",
    "gates/thresholds", "registry/reviewed", "reviews/overdue", "runs/replayed",
)  # fmt: skip
OMAR = '{person: omar, valid_from: "2026-01-01"}'
NO_KIND = "no kind of declaration belongs here"


def linked(w: World) -> World:
    return w.put(GATES, "../docs/gates.yaml", "symlink")


def column(w: World, name: str, *properties: str) -> World:
    """Replaces the custom properties of a column of the loans."""
    table = w.value(LOANS)["schema"]
    found = next(c for c in table[0]["properties"] if c["name"] == name)
    found["customProperties"] = [
        {"property": p, "value": "drop" if p == "technique" else True} for p in properties
    ]
    return w.set(LOANS, ("schema",), table).retrain()


def key(w: World, person: str, public: str) -> World:
    return w.set(ROLES, ("people", person, "keys", 0, "public"), public)


def ecdsa(number: int) -> str:
    """A public key as OpenSSH writes it: the first hundred bits are those of every such key."""
    head = b"\0\0\0\x13ecdsa-sha2-nistp256\0\0\0\x08nistp256\0\0\0A\x04"
    return f"ecdsa-sha2-nistp256 {base64.b64encode(head + bytes([number]) * 64).decode()}"


def bumped(w: World, version: str = "1.1.0", effective: str = "2026-11-22") -> World:
    """The gates policy with another bound and another head."""
    return (
        w.edit(GATES, "at_least: 0.7,", "at_least: 0.72,")
        .edit(GATES, "version: 1.0.0", f"version: {version}")
        .edit(GATES, "2026-11-01", effective)
    )


def same(w: World) -> World:
    return w


def change_of(path: str, old: str, new: str) -> Change:
    return lambda w: w.edit(path, old, new)


RED: Table = {
    "declarations/effective": {
        "a policy of tomorrow": Red(
            change_of(GATES, "2026-11-01", "2026-11-23"),
            (GATES, "effective", "takes effect only on 2026-11-23; today is 2026-11-22"),
        ),
        "a policy of tomorrow that stands on the base already": Red(
            change_of(GATES, "2026-11-01", "2026-11-23"),
            (GATES, "effective", "takes effect only on 2026-11-23"),
            base=change_of(GATES, "2026-11-01", "2026-11-23"),
        ),
        "midnight has not come in UTC": Red(
            change_of(GATES, "2026-11-01", "2026-11-23"),
            (GATES, "effective", "today is 2026-11-22"),
            now=datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC),
        ),
    },
    "declarations/loadable": {
        "B03 an emptied policy": Red(
            lambda w: w.put(GATES, ""), (GATES, "", "the file is empty"), waits=GATED
        ),
        "B03 a policy of comments": Red(
            lambda w: w.put(GATES, "# id: gates\n"), (GATES, "#", "the file is empty"), waits=GATED
        ),
        "B03 a policy without rules": Red(
            lambda w: w.set(APPROVALS, ("rules",), []),
            (APPROVALS, "rules: []", "`rules`"),
            waits=APPROVED,
        ),
        "B05 a second policy file": Red(
            lambda w: w.put("policies/gates.yml", w.text(GATES)),
            ("policies/gates.yml", "id: gates", NO_KIND),
        ),
        "a policy in a folder of its own": Red(
            lambda w: w.put("policies/strict/gates.yaml", w.text(GATES)),
            ("policies/strict/gates.yaml", "id: gates", NO_KIND),
        ),
        "a record of no kind": Red(
            lambda w: w.put("records/landings/loans/note.txt", "hello\n"),
            ("records/landings/loans/note.txt", "hello", NO_KIND),
            only=True,
        ),
        "B10 nobody has to approve": Red(
            change_of(APPROVALS, "{role: legal, count: 1}", "{role: legal, count: 0}"),
            (APPROVALS, "count: 0", "`rules.0.require.0.count`"),
            waits=APPROVED,
        ),
        "B10 true for a count": Red(
            change_of(APPROVALS, "{role: legal, count: 1}", "{role: legal, count: true}"),
            (APPROVALS, "count: true", "`rules.0.require.0.count`"),
            waits=APPROVED,
        ),
        "B84 a key twice": Red(
            change_of(GATES, "owner: board", "owner: board\nowner: mlops"),
            (GATES, "owner: mlops", "`owner` is given twice (first in line 4)"),
            waits=GATED,
        ),
        "a misspelt key": Red(
            change_of(GATES, "review_every", "review_evry"),
            (GATES, "id: gates", "`review_every` is missing"),
            (GATES, "review_evry", "unknown key `review_evry`"),
            waits=GATED,
        ),
        "several problems in several files": Red(
            lambda w: w.edit(MONITORING, "0.05", "yes").edit(REVIEWS, "P3M, owner", "3M, owner"),
            (MONITORING, "fairness_drop", "`yes` is read as true"),
            (REVIEWS, "every: 3M", "`obligations.0.every`"),
            waits=("reviews/catalogue", "reviews/overdue"),
        ),
        "a contract that does not load is no missing contract": Red(
            change_of(LOANS, "kind: DataContract", "kind: Contract"),
            (LOANS, "kind: Contract", "kind Contract is no data contract"),
            waits=("datasets/index",),
        ),
        "B74 a policy that is a link": Red(
            linked,
            (GATES, "../docs/gates.yaml", "a symbolic link stands among declarations"),
            (GATES, "../docs/gates.yaml", "a symlink stands in a governed", "declarations/paths"),
            waits=GATED,
        ),
        "B75 a policy that is a submodule": Red(
            lambda w: w.put(GATES, "", "submodule"),
            (GATES, "", "a submodule stands among declarations"),
            (GATES, "", "a submodule stands in a governed place", "declarations/paths"),
            waits=GATED,
        ),
    },
    "declarations/names": {
        "a contract of another name": Red(
            change_of(LOANS, "\nname: loans\n", "\nname: lending\n"),
            (LOANS, "name: lending", "name is lending, but the path says loans"),
            only=True,
        ),
        "a model of another name": Red(
            change_of(CREDIT, "name: credit\n", "name: kredit\n"),
            (CREDIT, "name: kredit", "name is kredit, but the path says credit"),
            only=True,
        ),
        "a rollout of another model": Red(
            change_of(ROLLOUT, "model: credit", "model: prices"),
            (ROLLOUT, "model: prices", "model is prices, but the path says credit"),
            only=True,
        ),
        "a version of another model": Red(
            change_of(VERSION, "model: credit", "model: prices"),
            (VERSION, "model: prices", "model is prices, but the path says credit"),
            only=True,
        ),
        "a version of another number": Red(
            change_of(VERSION, "version: 1.0.0", "version: 1.0.1"),
            (VERSION, "version: 1.0.1", "version is 1.0.1, but the path says 1.0.0"),
        ),
        "a landing of another dataset": Red(
            change_of("records/landings/loans/first.yaml", "dataset: loans", "dataset: homes"),
            ("records/landings/loans/first.yaml", "dataset: homes", "dataset is homes"),
            only=True,
        ),
        "a record of another id": Red(
            change_of("records/decisions/d-1.yaml", "id: d-1", "id: d-2"),
            ("records/decisions/d-1.yaml", "id: d-2", "id is d-2, but the path says d-1"),
        ),
        "two policies of one id": Red(
            change_of("policies/release.yaml", "id: release\n", "id: gates\n"),
            ("policies/release.yaml", "id: gates", f"policy id gates is also that of {GATES}"),
        ),
    },
    "declarations/owners": {
        "a policy owned by no role": Red(
            change_of(GATES, "owner: board", "owner: committee"),
            (GATES, "owner: committee", "owner committee is no role"),
        ),
        "a model owned by somebody else": Red(
            change_of(CREDIT, "owner: omar", "owner: stella"),
            (CREDIT, "owner: stella", "owner stella does not hold model-owner on 2026-11-22"),
        ),
        "models whose owner has left the role": Red(
            change_of(
                ROLES,
                OMAR,
                '{person: omar, valid_from: "2026-01-01", valid_until: "2026-11-21"}\n'
                '      - {person: mina, valid_from: "2026-01-01"}',
            ),
            *(
                (f"models/{name}/model.yaml", "owner: omar", "owner omar does not hold")
                for name in ("credit", "hardship", "prices")
            ),
        ),
        "a steward of another role": Red(
            change_of(LOANS, "username: stella", "username: omar"),
            (LOANS, "team:", "the data steward is omar, who does not hold data-steward"),
        ),
        "nobody is the steward": Red(
            change_of(LOANS, "role: data-steward", "role: helper"),
            (LOANS, "team:", "the data steward is nobody"),
        ),
    },
    "declarations/paths": {
        "data behind a link": Red(
            lambda w: w.put("data", "../elsewhere", mode="symlink"),
            ("data", "", "a symlink stands in a governed place"),
        ),
        "rows set aside behind a link": Red(
            lambda w: w.put("quarantine", "../leak", mode="symlink"),
            ("quarantine", "", "a symlink stands in a governed place"),
        ),
        "a module that stands in for a library": Red(
            lambda w: w.put("skops.py", "x\n"),
            ("skops.py", "x", "a module at the top may stand in for a library"),
        ),
        "a package that stands in for a library": Red(
            lambda w: w.put("sklearn/__init__.py", "x\n"),
            ("sklearn/__init__.py", "x", "a module at the top may stand in for a library"),
        ),
        "B72 names that differ in case": Red(
            lambda w: w.put("readme.MD", "x\n"),
            ("README.md", "A repository", "'README.md' and 'readme.MD' differ only in case"),
        ),
        "B72 folders that differ in case": Red(
            lambda w: w.put("Policies/gates.yaml", w.text(GATES)),
            ("Policies/gates.yaml", "id", "'Policies' and 'policies' differ only in case"),
        ),
        "B72 a folder twin is told once": Red(
            lambda w: w.put("Docs/a.md", "a\n").put("Docs/b.md", "b\n").put("docs/c.md", "c\n"),
            ("Docs/a.md", "a", "'Docs' and 'docs' differ only in case"),
        ),
        "B72 one letter spelled in two ways": Red(
            lambda w: w.put("docs/mod\u00e8le.md", "x\n").put("docs/mode\u0300le.md", "x\n"),
            ("docs/mod\u00e8le.md", "x", "differ only in case or spelling"),
        ),
        "B72 a letter of another alphabet": Red(
            lambda w: w.put("pipelines/tr\u0430in.py", "x\n"),
            ("pipelines/tr\u0430in.py", "x", "'pipelines/tr\\u0430in.py' is not plain ASCII"),
        ),
        "B72 an invisible letter outside governed places": Red(
            lambda w: w.put("docs/po\u200blicy.md", "x\n"),
            ("docs/po\u200blicy.md", "x", "holds an invisible character"),
        ),
        "B72 a backslash": Red(
            lambda w: w.put("models\\prod.yaml", "x\n").put("locks/a\\b.txt", "x\n"),
            ("locks/a\\b.txt", "x", "is not plain ASCII"),
            ("models\\prod.yaml", "x", "some file systems read the name 'models\\\\prod.yaml'"),
        ),
        "B72 a dot at the end outside governed places": Red(
            lambda w: w.put("policies./gates.yaml", "x\n"),
            ("policies./gates.yaml", "x", "some file systems read the name"),
        ),
        "B73 a line break in a name": Red(
            lambda w: w.put("artifacts/ml/a\nb.txt", "x\n"),
            ("artifacts/ml/a\nb.txt", "x", "'artifacts/ml/a\\nb.txt' holds an invisible"),
        ),
        "B73 bytes that are no text": Red(
            lambda w: w.put("schemas/\udcff.txt", "x\n"),
            ("schemas/\udcff.txt", "x", "'schemas/\\udcff.txt' holds an invisible character"),
        ),
        "B74 code that is a link": Red(
            lambda w: w.put("checks/rule.py", "../evil.py", "symlink"),
            ("checks/rule.py", "../evil.py", "a symlink stands in a governed place"),
        ),
        "B74 a governed folder that is a link": Red(
            lambda w: w.put(".github", "elsewhere", "symlink"),
            (".github", "elsewhere", "a symlink stands in a governed place"),
        ),
        "B75 a folder above governed ones that is a submodule": Red(
            lambda w: w.put("services", "", "submodule"),
            ("services", "", "a submodule stands in a governed place"),
        ),
    },
    "declarations/present": {
        "B03 a deleted policy": Red(
            lambda w: w.remove(GATES), (GATES, "", f"{GATES} is missing"), waits=GATED
        ),
        "B03 a renamed policy": Red(
            lambda w: w.move(GATES, "policies/gate.yaml"),
            (GATES, "", f"{GATES} is missing"),
            ("policies/gate.yaml", "id: gates", NO_KIND, "declarations/loadable"),
            waits=GATED,
        ),
    },
    "declarations/references": {
        "a protected attribute that is not measured": Red(
            lambda w: w.set(CREDIT, ("protected",), ["income"]),
            (CREDIT, "protected", "protected attribute sex of the contract is not measured"),
            (CREDIT, "income", "column income is not declared as protected"),
            only=True,
        ),
        "a trainer whose edits nobody would see": Red(
            lambda w: w.edit(CREDIT, RIDGE, "trainer: elsewhere.trainers:fit").retrain(),
            (CREDIT, "trainer:", "trainer elsewhere.trainers is no dependency of the step train"),
        ),
        "a model without contract": Red(
            change_of(CREDIT, "dataset: loans", "dataset: lones"),
            (CREDIT, "dataset: lones", "lones is no contract"),
            only=True,
        ),
        "a target that is no column": Red(
            lambda w: w.edit(CREDIT, "column: defaulted", "column: default").retrain(),
            (CREDIT, "target:", "default is no column of loans"),
        ),
        "a feature that is no column": Red(
            lambda w: w.edit(CREDIT, "numeric: [income]", "numeric: [income, wage]").retrain(),
            (CREDIT, "numeric:", "wage is no column of loans"),
        ),
        "a protected attribute that is no column": Red(
            lambda w: w.edit(CREDIT, "protected: [sex]", "protected: [sex, age]").retrain(),
            (CREDIT, "protected:", "age is no column of loans"),
            only=True,
        ),
        "a protected attribute that the contract calls plain": Red(
            lambda w: w.edit(CREDIT, "protected: [sex]", "protected: [sex, key]").retrain(),
            (CREDIT, "protected:", "column key is not declared as protected in the contract"),
            only=True,
        ),
        "a feature that is dropped": Red(
            lambda w: column(w, "income", "technique"),
            (CREDIT, "numeric:", "column income is dropped before training"),
            ("models/hardship/model.yaml", "numeric:", "column income is dropped"),
        ),
        "a target that is no label": Red(
            lambda w: column(w, "defaulted"),
            (CREDIT, "target:", "column defaulted is not declared as a label in the contract"),
            ("models/hardship/model.yaml", "target:", "column defaulted is not declared"),
        ),
        "B07 a seat of no role": Red(
            change_of(APPROVALS, "role: board", "role: bored"),
            (APPROVALS, "role: bored", "bored is no role"),
            only=True,
        ),
        "B07 a function nobody has": Red(
            change_of(APPROVALS, "{role: board, count", "{role: board, function: rsk, count"),
            (APPROVALS, "function: rsk", "rsk is no function of board"),
            only=True,
        ),
        "B09 a condition on nobody": Red(
            change_of(
                APPROVALS,
                "{any: [{paths: [policies/**]}, {changes: [changes-policy]}]}",
                "{any: [{paths: [policies/**]}, {not: {author_role: [bored]}}, "
                "{author: [nobody]}]}",
            ),
            (APPROVALS, "author_role: [bored]", "bored is no role"),
            (APPROVALS, "author: [nobody]", "nobody is no person"),
            only=True,
        ),
        "B07 a page to no role": Red(
            change_of(MONITORING, "page: [board, mlops]", "page: [board, oncall]"),
            (MONITORING, "page:", "oncall is no role"),
        ),
        "B07 an obligation of no role": Red(
            change_of(REVIEWS, "owner: board, covers", "owner: auditors, covers"),
            (REVIEWS, "auditors", "auditors is no role"),
        ),
        "a window for no dataset": Red(
            change_of(RETENTION, "  loans: {days", "  lones: {days"),
            (RETENTION, "lones:", "lones is no contract"),
        ),
        "a hold on no dataset": Red(
            change_of(RETENTION, "{dataset: loans", "{dataset: lones"),
            (RETENTION, "lones", "lones is no contract"),
        ),
        "a regulation nobody mapped": Red(
            change_of("policies/privacy.yaml", "{id: gdpr", "{id: ccpa"),
            ("policies/privacy.yaml", "ccpa", "ccpa is no control framework"),
            only=True,
        ),
        "a rollout to no step": Red(
            change_of(ROLLOUT, "step: canary", "step: canaries"),
            (ROLLOUT, "step:", "canaries is no release step"),
        ),
        "a rollout of an unregistered version": Red(
            change_of(ROLLOUT, "\nversion: 1.0.0", "\nversion: 2.0.0"),
            (ROLLOUT, "version: 2.0.0", "models/credit/versions/2.0.0.yaml does not exist"),
        ),
        "a rollback to an unregistered version": Red(
            change_of(ROLLOUT, "rollback_to: 1.0.0", "rollback_to: 0.9.0"),
            (ROLLOUT, "rollback_to:", "models/credit/versions/0.9.0.yaml does not exist"),
        ),
    },
    "declarations/roles": {
        "nobody holds a role today": Red(
            change_of(
                ROLES,
                '{person: priya, valid_from: "2026-01-01"}',
                '{person: priya, valid_from: "2026-12-01"}',
            ),
            (ROLES, "privacy-office:", "role privacy-office has no active member on 2026-11-22"),
            only=True,
        ),
        "nobody speaks for a function": Red(
            change_of(ROLES, "function: legal", "function: risk"),
            (ROLES, "functions:", "role board has nobody for legal on 2026-11-22"),
        ),
        "a member nobody knows": Red(
            change_of(ROLES, OMAR, OMAR + '\n      - {person: ghost, valid_from: "2026-01-01"}'),
            (ROLES, "ghost", "role model-owner names ghost, who is not among `people`"),
        ),
        "B12 one login of two people": Red(
            lambda w: w.edit(ROLES, "login: stella-example", "login: OMAR-example").reforge(),
            (ROLES, "OMAR-example", "login omar-example belongs to omar and to stella"),
        ),
        "B12 one account id of two people": Red(
            change_of(ROLES, "id: 2}", "id: 1}"),
            (ROLES, "id: 1}", "account id 1 belongs to omar and to stella"),
        ),
        "B12 one key of two people": Red(
            lambda w: key(key(w, "omar", ecdsa(1)), "stella", ecdsa(1)),
            (ROLES, "ecdsa", "belongs to omar and to stella"),
        ),
    },
    "declarations/schemas": {
        "a schema of yesterday": Red(
            lambda w: w.edit(
                "schemas/gates.json",
                '"additionalProperties": false,\n  "descr',
                '"additionalProperties": true,\n  "descr',
            ),
            ("schemas/gates.json", "{", "the schema is not that of its kind"),
        ),
        "a schema is missing": Red(
            lambda w: w.remove("schemas/evidence/metrics.json"),
            ("schemas/evidence/metrics.json", "", "schemas/evidence/metrics.json is missing"),
        ),
        "a schema of no kind": Red(
            lambda w: w.put("schemas/gate.json", "{}\n"),
            ("schemas/gate.json", "{}", "no kind has this schema"),
        ),
    },
    "declarations/version": {
        "D01 a threshold changed without a new version": Red(
            change_of(GATES, "at_least: 0.7,", "at_least: 0.72,"),
            (GATES, "version: 1.0.0", "the content changed; 1.0.0 is not above 1.0.0"),
            base=same,
        ),
        "a version that goes back": Red(
            lambda w: bumped(w, "0.9.0"),
            (GATES, "version: 0.9.0", "0.9.0 is not above 1.0.0"),
            base=same,
        ),
        "a version compared as a number of one part": Red(
            lambda w: bumped(w, "1.9.0"),
            (GATES, "version: 1.9.0", "1.9.0 is not above 1.10.0"),
            base=change_of(GATES, "version: 1.0.0", "version: 1.10.0"),
        ),
        "a new version that was in force yesterday": Red(
            lambda w: bumped(w, effective="2026-11-21"),
            (GATES, "2026-11-21", "takes effect on 2026-11-21, which has passed"),
            base=same,
        ),
        "only the owner changed": Red(
            change_of(GATES, "owner: board", "owner: mlops"),
            (GATES, "version: 1.0.0", "the content changed"),
            base=same,
        ),
    },
}
GREEN = {
    "declarations/effective": {
        "a policy of today": Green(change_of(GATES, "2026-11-01", "2026-11-22")),
        "a change that announces a date": Green(
            lambda w: bumped(w, effective="2027-01-01"), base=same
        ),
    },
    "declarations/loadable": {
        "notes for people": Green(
            lambda w: w.put("models/README.md", "hi\n").put("records/waivers/.gitkeep", "")
        ),
        "a policy that may be run": Green(lambda w: w.put(GATES, w.text(GATES), "executable")),
    },
    "declarations/paths": {
        "a link outside governed places": Green(
            lambda w: w.put("docs/latest", "v1", "symlink")
        ),
        "an umlaut outside governed places": Green(lambda w: w.put("docs/\u00fcber.md", "x\n")),
    },
    "declarations/owners": {
        "the last day of a term": Green(
            change_of(
                ROLES, OMAR, '{person: omar, valid_from: "2026-01-01", valid_until: "2026-11-22"}'
            )
        ),
    },
    "declarations/roles": {
        "two keys of one kind": Green(
            lambda w: key(key(w, "omar", ecdsa(1)), "stella", ecdsa(2))
        ),
        "two accounts of one person": Green(
            change_of(ROLES, "{login: omar-example, id: 1}",
                      "{login: omar-example, id: 1}, {login: omar-work, id: 11}")
        ),
    },
    "declarations/schemas": {
        "no schemas at all": Green(
            lambda w: w.remove(*[path for path in w.files if path.startswith("schemas/")])
        ),
    },
    "declarations/version": {
        "D01 a new version of today": Green(bumped, base=same),
        "nothing changed": Green(same, base=same),
        "a comment changed": Green(
            change_of(GATES, "owner: board", "owner: board  # for now"), base=same
        ),
        "a new policy": Green(
            lambda w: w.edit("policies/controls/gdpr.yaml", "2026-11-01", "2026-11-22").edit(
                "policies/privacy.yaml", "2026-11-01", "2026-11-22"),
            base=lambda w: w.remove("policies/controls/gdpr.yaml").edit(
                "policies/privacy.yaml", "regulations:\n  - {id: gdpr, version: Regulation (EU) "
                "2016/679}\n", "").edit("policies/privacy.yaml", "1.0.0", "0.9.0").edit(
                "policies/privacy.yaml", "2026-11-01", "2026-10-01"),
        ),
    },
}  # fmt: skip


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


@pytest.mark.parametrize("path", sorted(k.only_path or "" for k in KINDS if k.required))
def test_no_policy_may_be_deleted(path: str) -> None:
    judgement = world().remove(path).judge()
    told = [(rule, f.at.path) for rule, f in judgement.findings]
    assert ("declarations/present", path) in told, shown(judgement)
    assert judgement.exit_code == 1


def test_a_misspelt_policy_file_is_led_back(valid: World) -> None:
    judgement = valid.put("policies/gates.yml", "id: gates\n").judge(["declarations/loadable"])
    assert [found.fix for _, found in judgement.findings] == [f"did you mean {GATES}?"]


def test_every_policy_problem_of_every_file_is_told_in_one_run(valid: World) -> None:
    policies = [k.only_path for k in KINDS if k.required and k.only_path]
    for path in policies:
        valid.put(path, "[]\n")
    told = [f.at.path for rule, f in valid.judge().findings if rule == "declarations/loadable"]
    assert sorted(told) == sorted(policies)


def test_keys_are_told_apart_by_their_fingerprint(valid: World) -> None:
    key(key(valid, "omar", ecdsa(1)), "stella", ecdsa(1))
    ((_, found),) = valid.judge(["declarations/roles"]).findings
    assert found.problem.startswith("key SHA256:")


def test_a_schema_may_be_written_in_no_other_way(valid: World) -> None:
    path = "schemas/gates.json"
    valid.put(path, json.dumps(json.loads(valid.files[path])))
    assert valid.judge(["declarations/schemas"]).exit_code == 1
