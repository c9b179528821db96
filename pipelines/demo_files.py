"""Files of the demonstration: a small organisation that exists nowhere, and its policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from governance import digest, jsontext, pipeline, registration
from governance.version import ModelFile


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a person: the name of its file, and the days on which it counts."""

    name: str
    public: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in a role."""

    person: str
    role: str
    function: str | None = None
    capacity: str = "member"


SEATS: Final = (
    Seat("ada.lind", "model-owner"),
    Seat("omar.haddad", "model-owner"),
    Seat("stella.nowak", "data-steward"),
    Seat("jonas.falk", "data-steward"),
    Seat("mei.sato", "mlops", capacity="lead"),
    Seat("tom.berg", "mlops"),
    Seat("lea.martin", "legal", capacity="lead"),
    Seat("lars.holm", "legal"),
    Seat("priya.nair", "privacy-office"),
    Seat("ines.duarte", "privacy-office"),
    Seat("rita.costa", "ml-review-board", "risk"),
    Seat("karl.brandt", "ml-review-board", "risk", "deputy"),
    Seat("nina.roth", "ml-review-board", "legal"),
    Seat("lars.holm", "ml-review-board", "legal"),
    Seat("boris.adler", "ml-review-board", "security"),
)
PEOPLE: Final = tuple(dict.fromkeys(seat.person for seat in SEATS))
TITLES: Final = {
    "model-owner": "Model Owners",
    "data-steward": "Data Stewards",
    "mlops": "MLOps Engineers",
    "legal": "Legal",
    "privacy-office": "Privacy Office",
    "ml-review-board": "ML Review Board",
}
MACHINE: Final = "release-bot"
"""The machine that signs what reviews showed and what was deployed."""
_SCHEMA: Final = "# A file of a demonstration: everybody and everything in it is invented.\n"


def roles(day: date, keys: Mapping[str, tuple[Key, ...]], bots: Iterable[str] = ()) -> str:
    """`policies/roles.yaml`, in force since a day; bots have keys and no seat."""
    lines = [policy("roles", day), "people:"]
    for number, person in enumerate(PEOPLE, start=1):
        login = person.replace(".", "-")
        lines += [
            f"  {person}:",
            f"    name: {name(person)}",
            f"    email: {address(person)}",
            f"    github: [{{login: {login}-example, id: {9100000000 + number}}}]",
            "    keys:",
            *_keys(keys[person]),
        ]
    for bot in bots:
        lines += [f"  {bot}:", f"    name: {name(bot)}", "    kind: bot", "    keys:"]
        lines += _keys(keys[bot])
    since = day - timedelta(days=365)
    lines.append("roles:")
    for role, title in TITLES.items():
        lines += [f"  {role}:", f"    title: {title}"]
        if role == "ml-review-board":
            lines.append("    functions: [risk, legal, security]")
        lines.append("    members:")
        for seat in SEATS:
            if seat.role == role:
                more = f", function: {seat.function}" if seat.function else ""
                more += f", capacity: {seat.capacity}" if seat.capacity != "member" else ""
                lines.append(f'      - {{person: {seat.person}, valid_from: "{since}"{more}}}')
    return "\n".join(lines) + "\n"


def _keys(keys: Iterable[Key]) -> Iterator[str]:
    for key in keys:
        until = f', valid_until: "{key.until}"' if key.until else ""
        yield f'      - {{public: {key.public}, valid_from: "{key.since}"{until}}}'


def name(person: str) -> str:
    """What people call a person."""
    return person.replace(".", " ").replace("-", " ").title()


def address(person: str) -> str:
    """The address a person commits with."""
    return f"{person}@example.org"


def policy(name: str, day: date, owner: str = "ml-review-board", version: str = "1.0.0") -> str:
    """The head of a policy."""
    return (
        f"{_SCHEMA}id: {name}\nversion: {version}\n"
        f'effective: "{day}"\nowner: {owner}\nreview_every: P3M\n'
    )


def gates(day: date, version: str = "1.0.0", roc_auc: str = "0.7") -> str:
    """`policies/gates.yaml`."""
    return (
        policy("gates", day, version=version)
        + f"""\
classification:
  performance:
    - {{metric: roc_auc, at_least: {roc_auc}, minimum_rows: 1000}}
  fairness:
    - {{metric: demographic_parity_difference, at_most: 0.1, minimum_rows: 300}}
regression:
  performance:
    - {{metric: r2, at_least: 0.3, minimum_rows: 80}}
  fairness:
    - {{metric: mean_absolute_error_ratio, at_most: 1.5, minimum_rows: 30}}
bias: {{minimum_group_rows: 50, proxy_at_most: 0.5, rate_difference_at_most: 0.2}}
"""
    )


def retention(day: date, version: str = "1.0.0", days: int = 365) -> str:
    """`policies/retention.yaml`."""
    return (
        policy("retention", day, "privacy-office", version)
        + f"""\
default_days: 365
windows:
  loans: {{days: {days}, minimum_days: 30, maximum_days: 3650, basis: a contract, at_end: purge}}
"""
    )


APPROVALS: Final = """\
repository: example/demo
branches: [main]

rules:
  - id: policy-change
    because: What is demanded is decided by three functions
    when: {paths: [policies/**]}
    require:
      - {role: legal, count: 1}
      - {role: privacy-office, count: 1}
      - {role: ml-review-board, count: 1}
    expires_after: P30D
    rationale_required: true

  - id: membership
    because: Whoever joins a role is known to one who is in it
    when: {changes: [changes-role]}
    require:
      - {changed_role: true, count: 1}
      - {role: ml-review-board, count: 1}
    expires_after: P30D

  - id: promotion-to-production
    because: Owner, steward, and three of the board, for risk, for legal, for any function
    when: {changes: [promotes-to-production]}
    require:
      - {role: model-owner, count: 1}
      - {role: data-steward, count: 1}
      - {role: ml-review-board, function: risk, count: 1}
      - {role: ml-review-board, function: legal, count: 1}
      - {role: ml-review-board, count: 1}
    veto: [privacy-office]
    expires_after: P30D
    rationale_required: true

  - id: registration
    because: A version is known to its owner and to those who will run it
    when: {changes: [registers-version, promotes-to-staging]}
    require:
      - {role: model-owner, count: 1}
      - {role: mlops, count: 1}
    expires_after: P30D

  - id: model-declaration
    because: Model owners say what a model is for
    when: {paths: [models/*/model.yaml]}
    require:
      - {role: model-owner, count: 1}
    expires_after: P90D

  - id: model-evidence
    because: Model owners sign off metrics
    when: {paths: [artifacts/ml/**]}
    require:
      - {role: model-owner, count: 1}
    expires_after: P90D

  - id: waiver
    because: An exception is a decision of risk and operations
    when: {changes: [adds-waiver]}
    require:
      - {role: ml-review-board, function: risk, count: 1}
      - {role: mlops, count: 1}
    expires_after: P30D
    rationale_required: true

  - id: past-record
    because: What happened is not written anew
    when: {changes: [edits-record]}
    require:
      - {role: legal, count: 1}
      - {role: mlops, count: 1}
      - {role: ml-review-board, count: 1}
    expires_after: P30D

otherwise:
  - {role: mlops, count: 1}

free:
  - {paths: [docs/**, README.md], because: words for people}

lifts: [ml-review-board]

break_glass:
  require:
    - {role: mlops, count: 1}
    - {role: ml-review-board, count: 1}
  due_within: P3D
"""

_CASES: Final = {
    "policy-by-three-roles": """\
about: Policies need legal, the privacy office and the board.
change: {by: [mei.sato], edited: [policies/gates.yaml]}
opinions: [{by: lea.martin}, {by: priya.nair}, {by: rita.costa}]
expect: {standing: APPROVED}
""",
    "one-person-two-roles": """\
about: Lars Holm is in legal and on the board. Of one decision he fills one seat.
change: {by: [mei.sato], edited: [policies/gates.yaml]}
opinions: [{by: lars.holm}, {by: priya.nair}]
expect: {standing: MISSING}
""",
    "new-engineer": """\
about: Who joins a role is known to one who is in it.
change:
  by: [rita.costa]
  edited: [policies/roles.yaml]
  meanings: [{kind: changes-role, subject: "role:mlops", path: policies/roles.yaml}]
opinions: [{by: lea.martin}, {by: priya.nair}, {by: boris.adler}]
expect: {standing: MISSING, rules: {policy-change: APPROVED, membership: MISSING}}
""",
    "promotion-vetoed": """\
about: The privacy office holds no seat in a promotion, but its objection stops one.
change:
  by: [mei.sato]
  edited: [models/credit/model.yaml]
  meanings:
    - kind: promotes-to-production
      subject: model:credit@1.1.0
      path: models/credit/model.yaml
opinions:
  - {by: ada.lind}
  - {by: stella.nowak}
  - {by: rita.costa}
  - {by: nina.roth}
  - {by: boris.adler}
  - {by: priya.nair, said: reject, because: the impact assessment is not there}
expect:
  standing: REJECTED
  rules: {promotion-to-production: REJECTED, model-declaration: APPROVED}
""",
    "registration": """\
about: Owner and engineer sign the version itself.
change:
  by: [tom.berg]
  added: [models/credit/versions/1.1.0.yaml]
  meanings:
    - kind: registers-version
      subject: model:credit@1.1.0
      path: models/credit/versions/1.1.0.yaml
opinions:
  - {by: ada.lind, role: model-owner, subject: "model:credit@1.1.0"}
  - {by: mei.sato, role: mlops, subject: "model:credit@1.1.0"}
expect: {standing: APPROVED, skipped: [promotion-to-production]}
""",
    "evidence-moved-on": """\
about: An approval of evidence ends with the next byte of it.
change: {by: [tom.berg], edited: [artifacts/ml/models/credit/metrics.json]}
opinions: [{by: ada.lind, stale: true}]
expect: {standing: STALE, rules: {model-evidence: STALE}}
""",
    "waiver-by-its-author": """\
about: An engineer who asks for an exception does not grant it.
change: {by: [mei.sato], added: [records/waivers/fewer-rows.yaml]}
opinions: [{by: rita.costa}, {by: mei.sato}]
expect: {standing: SOD-VIOLATION, rules: {waiver: SOD-VIOLATION}}
""",
    "past-record": """\
about: Who edits what happened needs three.
change: {by: [stella.nowak], edited: [records/incidents/late-snapshot.yaml]}
opinions: [{by: lea.martin}, {by: mei.sato}]
expect: {standing: MISSING, rules: {past-record: MISSING}}
""",
}

_CONTRACT: Final = """\
apiVersion: v3.2.0
kind: DataContract
id: loans
name: loans
version: 1.0.0
status: active
team:
  members: [{username: stella.nowak, role: data-steward}]
servers:
  - {server: training, type: local, path: data/ml/training/loans, format: csv}
slaProperties: []
customProperties:
  - property: source
    value: {kind: synthetic, id: invented, uri: charter demo, licence: CC0-1.0}
  - {property: pseudonym_key, value: sample}
schema:
  - name: loans
    properties:
      - name: income
        logicalType: number
        classification: none
      - name: sex
        logicalType: string
        classification: sensitive
        customProperties:
          - {property: technique, value: keep}
          - {property: protected, value: true}
          - {property: purpose, value: measure fairness by sex}
      - name: defaulted
        logicalType: integer
        classification: none
        customProperties: [{property: label, value: true}]
"""


def model(champion: str | None = None, intended: str = "Help a clerk look twice at a loan.") -> str:
    """`models/credit/model.yaml`."""
    text = f"""\
{_SCHEMA}name: credit
title: Loans that will not be repaid
owner: ada.lind
risk_tier: limited
purpose:
  intended: {intended}
  out_of_scope: [Refusing a loan without a person]
  users: [Loan clerks]
task: classification
dataset: loans
target: {{column: defaulted, positive: 1}}
protected: [sex]
features:
  numeric: [income]
training:
  estimator: sklearn.linear_model.LogisticRegression
  holdout: {{share: 0.25, by: content}}
  seed: 1
"""
    return text + (f"champion: {champion}\n" if champion else "")


METRICS: Final = "artifacts/ml/models/credit/metrics.json"
METADATA: Final = "artifacts/ml/models/credit/metadata.json"
_ENVIRONMENT: Final = {"numpy": "2.4.6", "scikit-learn": "1.9.1"}


def model_file(version: str) -> ModelFile:
    """The one file of a version, whose bytes never were."""
    sha256 = digest.of_value(["credit", version]).removeprefix("sha256:")
    return ModelFile(path="model.skops", bytes=4096, sha256=sha256)


def evidence(version: str, roc_auc: float) -> dict[str, str]:
    """Metrics and metadata of a run that is told of and never happened."""
    model_digest = registration.root([model_file(version)])
    inputs = {part: digest.of_value([part, version]) for part in ("dataset", "code", "params")}
    inputs["environment"] = digest.of_value(_ENVIRONMENT)
    groups = {group: {"rows": 900, "metrics": {"selection_rate": 0.5}} for group in ("f", "m")}
    gap = {"demographic_parity_difference": 0.04}
    metrics = {
        "model": "credit",
        "model_digest": model_digest,
        "task": "classification",
        "rows": 2000,
        "tool": {"name": "fairlearn", "version": "0.15.0"},
        "performance": {
            "roc_auc": {"value": roc_auc, "low": 0.7, "high": 0.9, "rows": 2000},
        },
        "fairness": {"sex": {"groups": groups, "disparities": gap}},
        "drift": {},
    }
    metadata = {
        "model": "credit",
        "task": "classification",
        "dataset": {
            "name": "loans", "digest": inputs["dataset"], "files": 1, "rows": 8000,
            "columns": 3, "events": None,
        },
        "training_hash": pipeline.training_hash(**inputs),
        "inputs": inputs,
        "environment": _ENVIRONMENT,
        "model_digest": model_digest,
        "metrics": {"roc_auc": roc_auc},
        "fairness": {f"{key} by sex": value for key, value in gap.items()},
    }  # fmt: skip
    files = {METRICS: metrics, METADATA: metadata}
    return {path: jsontext.dump(value).decode() for path, value in files.items()}


def version(
    number: str, run: Mapping[str, str], at: str, reviews: Mapping[str, str], by: str = "mei.sato"
) -> str:
    """`models/credit/versions/<number>.yaml` for the evidence of a run.

    Args:
        number: the version.
        run: the evidence.
        at: when it is registered.
        reviews: the line of each review, by its name.
        by: who registers it.
    """
    file = model_file(number)
    metadata = jsontext.load(run[METADATA].encode())
    named = {path.rsplit("/", 1)[-1].removesuffix(".json"): path for path in sorted(run)}
    lines = [
        f"model: credit\nversion: {number}",
        f"digest: {metadata['model_digest']}",
        f"files: [{{path: {file.path}, bytes: {file.bytes}, sha256: {file.sha256}}}]",
        f"dataset_digest: {metadata['dataset']['digest']}",
        f"training_hash: {metadata['training_hash']}",
        f'registered_at: "{at}"\nregistered_by: {by}',
        "evidence:",
        *(f"  {key}: {digest.of_bytes(run[path].encode())}" for key, path in named.items()),
        "reviews:",
        *(f"  {review}: {line}" for review, line in reviews.items()),
    ]
    return _SCHEMA + "\n".join(lines) + "\n"


def waiver(identity: str, at: str, until: date) -> str:
    """`records/waivers/<identity>.yaml`."""
    return (
        f'{_SCHEMA}id: {identity}\nat: "{at}"\nrule: gates/thresholds\n'
        "subject: models/credit/model.yaml\nowner: ada.lind\n"
        f'reason: thin data in the holidays\nuntil: "{until}"\n'
    )


def tree(day: date, keys: Mapping[str, tuple[Key, ...]]) -> dict[str, str]:
    """Every file of the first commit but those of the forge."""
    return {
        "README.md": "A demonstration. Everybody and everything in it is invented.\n",
        "docs/guide.md": "Words for people; nobody has to approve them.\n",
        "scripts/score.py": '"""Scores a loan."""\n\nLIMIT = 0.5\n',
        "dvc.yaml": pipeline.render({}),
        "locks/runtime.txt": "".join(
            f"{name}=={number} \\\n    --hash={digest.of_value(name)}\n"
            for name, number in _ENVIRONMENT.items()
        ),
        "models/credit/model.yaml": model(),
        "policies/roles.yaml": roles(day, keys, bots=(MACHINE,)),
        "policies/approvals.yaml": policy("approvals", day) + APPROVALS,
        "policies/gates.yaml": gates(day),
        "policies/retention.yaml": retention(day),
        "policies/datasets/loans.yaml": _SCHEMA + _CONTRACT,
        **{f"policies/{name}.yaml": text for name, text in _plain(day).items()},
        **{f"policies/cases/{name}.yaml": case(day, text) for name, text in _CASES.items()},
    }


def case(day: date, text: str) -> str:
    """A case of the approval rules, judged on a day."""
    return f'{_SCHEMA}now: "{day}T12:00:00Z"\n{text}'


def _plain(day: date) -> dict[str, str]:
    """Policies that the demonstration only has because every repository must."""
    return {
        "privacy": policy("privacy", day, "privacy-office")
        + """\
classes:
  direct-identifier: {techniques: [drop, pseudonymise]}
  quasi-identifier: {techniques: [drop, generalise]}
  sensitive: {techniques: [keep, drop]}
  none: {techniques: [keep, drop], purpose_required: false}
pseudonyms:
  minimum_key_bytes: 32
  sample_key_sources: [synthetic]
regulations:
  - {id: gdpr, version: Regulation (EU) 2016/679}
""",
        "monitoring": policy("monitoring", day, "mlops")
        + """\
drift: {metric: population_stability_index, at_most: 0.2, minimum_rows: 500}
performance: {relative: 0.03, confidence: 0.95, minimum_rows: 1000}
fairness_drop: 0.05
freshness: {snapshot_minutes: 60, data: P62D}
page: [ml-review-board, mlops]
""",
        "release": policy("release", day, "mlops")
        + """\
steps:
  - {id: canary, stage: staging, exposure: 0.1, soak: P1D}
  - {id: full, stage: production, exposure: 1, soak: P7D}
rollback_drill_every: P3M
review_within: P7D
""",
        "reviews": policy("reviews", day)
        + """\
obligations:
  - id: policy-review
    title: Read the policies
    every: P3M
    owner: ml-review-board
    covers: [policies/*.yaml]
""",
        "registry": policy("registry", day, "mlops")
        + """\
bucket: file://registry
estimators: [sklearn.]
trainers: [pipelines.trainers]
trusted_types: [numpy.dtype]
maximum_model_bytes: 1000000
"""
        + f"machines: [{MACHINE}]\n",
        "approved_tools": policy("approved-tools", day)
        + """\
tools:
  - {name: fairlearn, version: 0.15.0, use: bias-detection}
""",
        "controls/gdpr": policy("gdpr", day, "legal")
        + """\
title: General Data Protection Regulation
edition: Regulation (EU) 2016/679
clauses:
  - {id: Art. 5, title: Little is kept, applies_from: "2018-05-25", rules: [datasets/*]}
""",
    }
