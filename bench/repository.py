"""A repository of declarations for benchmarks: made from a seed, valid, without data.

Policies are this repository's own, schemas and `dvc.yaml` what its code generates; contracts,
models and further control frameworks are invented.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import yaml

from bench.rounds import ROOT
from governance import catalogue, pipeline, schema

SEED = 20261101


@dataclass(frozen=True, slots=True)
class Size:
    """How much is declared; `frameworks` counts the control frameworks that are copied too."""

    models: int
    datasets: int
    frameworks: int


FULL = Size(models=1000, datasets=200, frameworks=40)
SMALL = Size(models=2, datasets=2, frameworks=3)


def write(folder: Path, size: Size) -> None:
    """Writes the declarations and puts them under version control, without a commit."""
    dice = random.Random(SEED)  # noqa: S311 - an invented world
    _copy(folder)
    owner, steward = _holder("model-owner"), _holder("data-steward")
    datasets = [f"segment_{number:03d}" for number in range(size.datasets)]
    texts = {"policies/retention.yaml": _retention(datasets)}
    for name in datasets:
        texts[f"policies/datasets/{name}.yaml"] = _contract(name, steward, dice)
    for number in range(size.models):
        name = f"{dice.choice(PURPOSES)}_{number:04d}"
        dataset = datasets[number % len(datasets)]
        texts[f"models/{name}/model.yaml"] = _model(name, dataset, owner, dice)
    copied = len(list((folder / "policies" / "controls").iterdir()))
    for number in range(size.frameworks - copied):
        texts[f"policies/controls/standard-{number:02d}.yaml"] = _framework(number, dice)
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    for arguments in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


def measured(folder: Path) -> tuple[int, int]:
    """Number and bytes of the declarations."""
    sizes = [path.stat().st_size for path in folder.rglob("*.yaml")]
    return len(sizes), sum(sizes)


def by_kind(folder: Path) -> dict[str, list[str]]:
    """Paths of the declarations, by the name of their kind."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        if kind := catalogue.kind_of(name):
            found.setdefault(kind.name, []).append(name)
    return found


def commit(folder: Path) -> None:
    """Commits everything to `main`, by nobody in particular."""
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org")
    for arguments in (("checkout", "--quiet", "-B", "main"), ("commit", "--quiet", "-m", "base")):
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def _copy(folder: Path) -> None:
    """This repository's policies, and what its code would generate."""
    for path, data in schema.published().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline.designed(), sort_keys=False))
    shutil.copytree(ROOT / "policies" / "controls", folder / "policies" / "controls")
    shutil.copytree(ROOT / "policies" / "cases", folder / "policies" / "cases")
    kept = (ROOT / ".github" / "rulesets").glob("*.json")
    for path in [".github/CODEOWNERS", *(p.relative_to(ROOT).as_posix() for p in kept)]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    for path in (ROOT / "policies").glob("*.yaml"):
        shutil.copy(path, folder / "policies")


def _holder(role: str) -> str:
    """The first person of a role, whoever holds it in this repository."""
    roles = yaml.safe_load((ROOT / "policies" / "roles.yaml").read_bytes())
    person: str = roles["roles"][role]["members"][0]["person"]
    return person


def _retention(datasets: list[str]) -> str:
    """This repository's retention policy with a window for each invented dataset."""
    head, _, _ = (ROOT / "policies" / "retention.yaml").read_text().partition("\nwindows:")
    return f"{head}\nwindows:\n" + "".join(WINDOW.format(name=name) for name in datasets)


def _contract(name: str, steward: str, dice: random.Random) -> str:
    return CONTRACT.format(
        name=name,
        id=name.replace("_", "-"),
        version=f"1.{dice.randint(0, 9)}.{dice.randint(0, 9)}",
        steward=steward,
        rows=dice.randrange(5_000, 50_000, 500),
        days=dice.randint(31, 93),
        year=dice.randint(2018, 2025),
        numbers="".join(_number(column, dice) for column in NUMBERS),
    )


def _number(column: str, dice: random.Random) -> str:
    text = NUMBER.format(
        name=column,
        about=column.replace("_", " "),
        unit=dice.choice(UNITS),
        most=dice.randrange(100, 100_000, 100),
        purpose=dice.choice(REASONS),
    )
    return indent(text, "      ") + "\n"


def _model(name: str, dataset: str, owner: str, dice: random.Random) -> str:
    estimator, params = dice.choice(ESTIMATORS)
    return MODEL.format(
        name=name,
        title=name.replace("_", " ").capitalize(),
        owner=owner,
        tier=dice.choice(("minimal", "limited", "high")),
        dataset=dataset,
        act=dice.choice(ACTS),
        team=dice.choice(TEAMS),
        numeric="".join(f"    - {column}\n" for column in _drawn(dice)),
        estimator=estimator,
        params="".join(f"    {line}\n" for line in params),
        share=dice.choice(("0.2", "0.25", "0.3")),
        seed=dice.randrange(2**32),
        auc=dice.randrange(72, 90) / 100,
        rows=dice.randrange(1000, 5000, 100),
    )


def _drawn(dice: random.Random) -> Iterator[str]:
    chosen = set(dice.sample(NUMBERS, 8))
    return (column for column in NUMBERS if column in chosen)


def _framework(number: int, dice: random.Random) -> str:
    clauses = "".join(
        CLAUSE.format(
            section=f"{number + 1}.{clause}",
            demand=dice.choice(DEMANDS),
            year=dice.randint(2015, 2025),
            family=dice.choice(("declarations", "datasets", "gates", "pipeline", "runs")),
        )
        for clause in range(1, 16)
    )
    return FRAMEWORK.format(number=number, clauses=clauses)


PURPOSES = ("arrears", "churn", "claims", "fraud", "lapse", "recovery", "referral", "triage")
ACTS = (
    "offers help before a payment is missed",
    "orders the queue of cases to look at first",
    "asks for one more document before deciding",
    "plans how many people the coming week needs",
)
TEAMS = ("Advisers in customer care", "Case workers", "Planners in operations")
UNITS = ("Dollars", "Months", "A count", "A fraction of the limit", "Days")
REASONS = (
    "How steady the income is.", "How strained the account is.", "Trouble seen before.",
    "How long the account was kept well.",
)  # fmt: skip
DEMANDS = (
    "Access is granted to named people for a stated purpose and is reviewed",
    "Changes are approved by somebody other than their author",
    "Data are kept no longer than their purpose needs",
    "Decisions with serious effect are reviewed by a person",
    "Results are measured for every protected group before release",
)
ESTIMATORS = (
    ("sklearn.linear_model.LogisticRegression", ("C: 1", "max_iter: 1000")),
    ("sklearn.ensemble.RandomForestClassifier", ("n_estimators: 200", "max_depth: 8")),
    (
        "sklearn.ensemble.HistGradientBoostingClassifier",
        ("learning_rate: 0.05", "max_leaf_nodes: 15"),
    ),
)
NUMBERS = (
    "income", "credit_limit", "balance", "utilisation", "months_on_book", "late_payments_12m",
    "last_payment_ratio", "open_products", "calls_12m", "complaints_12m",
)  # fmt: skip

WINDOW = """\
  {name}: {{days: 730, minimum_days: 30, maximum_days: 3650, basis: An agreement, at_end: purge}}
"""

MODEL = """\
# yaml-language-server: $schema=../../schemas/model.json
name: {name}
title: {title}
owner: {owner}
risk_tier: {tier}

purpose:
  intended: >-
    Ranks cases so that the team {act}. A person decides, and
    sees what the rank was made of.
  out_of_scope:
    - Granting, refusing or pricing a product
    - Any measure taken without a person looking at the case
    - People of other products or countries than those in the data
  users:
    - {team}
    - Auditors of the second line

task: classification
dataset: {dataset}
target: {{column: happened, positive: 1}}
protected: [age_band, sex]

# No protected attribute is read, nor a column that stands in for one.
features:
  numeric:
{numeric}\
  categorical:
    - employment
    - channel

# Balanced classes put the decision threshold where the rare class is found as well.
training:
  estimator: {estimator}
  params:
{params}\
    random_state: 7
  preprocessing:
    numeric: [impute-median, standardise]
    categorical: [one-hot]
  holdout:
    share: {share}
    by: time
  seed: {seed}
  threads: 1

gates:
  performance:
    - metric: roc_auc
      at_least: {auc}
      minimum_rows: {rows}
      because: the team sees the top tenth only, so the ranking has to be good
    - metric: balanced_accuracy
      at_least: 0.68
      minimum_rows: {rows}
      because: a model that never finds the rare class would help nobody
    - metric: log_loss
      at_most: 0.6
      minimum_rows: {rows}
      because: the score is shown to people, who take it for a chance
  fairness:
    - metric: demographic_parity_difference
      at_most: 0.08
      minimum_rows: 400
      because: help is offered to all groups about equally often
    - metric: equal_opportunity_difference
      at_most: 0.12
      minimum_rows: 400
      because: those who need help are found about equally often in every group
"""

CONTRACT = """\
# yaml-language-server: $schema=../../schemas/contract.json
apiVersion: v3.2.0
kind: DataContract
id: {id}
name: {name}
version: {version}
status: active
domain: customer-care
description:
  purpose: Train and judge models that help customers of one segment in time.
  limitations: >-
    One segment of one country; nothing here speaks of other products or people.
team:
  name: data stewards
  members:
    - {{username: {steward}, role: data-steward}}
servers:
  - {{server: training, type: local, path: data/ml/training/{name}/*.parquet, format: parquet}}
slaProperties:
  - {{property: freshness, value: {days}, unit: d, element: {name}.billed_at}}
customProperties:
  - property: source
    value:
      kind: synthetic
      id: {id}-samples
      uri: a generator of samples
      licence: Apache-2.0
      collected_from: "{year}-01-01"
  - property: pseudonym_key
    value: sample
schema:
  - name: {name}
    physicalType: table
    description: One statement of one account.
    quality:
      - type: library
        metric: rowCount
        mustBeGreaterOrEqualTo: {rows}
    properties:
      - name: account_id
        logicalType: string
        description: Account number; one statement per account.
        primaryKey: true
        primaryKeyPosition: 1
        required: true
        unique: true
        logicalTypeOptions: {{pattern: "^AC-[0-9]{{10}}$"}}
        classification: direct-identifier
        customProperties:
          - {{property: technique, value: pseudonymise}}
          - {{property: purpose, value: Names a row for duplicates and erasure.}}
      - name: full_name
        logicalType: string
        required: true
        classification: direct-identifier
        customProperties:
          - {{property: technique, value: drop}}
      - name: email
        logicalType: string
        required: true
        logicalTypeOptions: {{pattern: "^[^@ ]+@[^@ ]+$"}}
        classification: direct-identifier
        customProperties:
          - {{property: technique, value: drop}}
      - name: billed_at
        logicalType: timestamp
        description: When the statement was made, without time zone; the event time.
        required: true
        classification: quasi-identifier
        customProperties:
          - {{property: technique, value: truncate-date}}
          - {{property: purpose, value: Orders rows for the hold-out and starts their window.}}
      - name: age
        logicalType: integer
        description: Whole years when billed.
        required: true
        logicalTypeOptions: {{minimum: 18, maximum: 90}}
        classification: quasi-identifier
        customProperties:
          - {{property: technique, value: drop}}
      - name: age_band
        logicalType: string
        required: true
        enum: [{{value: 18-29}}, {{value: 30-44}}, {{value: 45-59}}, {{value: 60+}}]
        classification: sensitive
        customProperties:
          - {{property: technique, value: keep}}
          - {{property: protected, value: true}}
          - {{property: purpose, value: Measures fairness between age groups.}}
      - name: sex
        logicalType: string
        required: true
        enum: [{{value: female}}, {{value: male}}, {{value: unspecified}}]
        classification: sensitive
        customProperties:
          - {{property: technique, value: keep}}
          - {{property: protected, value: true}}
          - {{property: purpose, value: Measures fairness between sexes.}}
{numbers}\
      - name: employment
        logicalType: string
        enum: [{{value: permanent}}, {{value: casual}}, {{value: not-working}}]
        classification: sensitive
        customProperties:
          - {{property: technique, value: keep}}
          - {{property: purpose, value: How steady the income is.}}
      - name: channel
        logicalType: string
        required: true
        enum: [{{value: branch}}, {{value: mobile}}, {{value: web}}]
        classification: none
        customProperties:
          - {{property: technique, value: keep}}
          - {{property: purpose, value: Accounts opened elsewhere were checked differently.}}
      - name: happened
        logicalType: integer
        description: 1 when what is predicted came about, else 0.
        required: true
        logicalTypeOptions: {{minimum: 0, maximum: 1}}
        classification: sensitive
        customProperties:
          - {{property: technique, value: keep}}
          - {{property: label, value: true}}
          - {{property: purpose, value: What is predicted.}}
"""

NUMBER = """\
- name: {name}
  logicalType: number
  description: {unit}, {about}.
  required: true
  logicalTypeOptions: {{minimum: 0, maximum: {most}}}
  classification: none
  customProperties:
    - {{property: technique, value: keep}}
    - {{property: purpose, value: {purpose}}}"""

FRAMEWORK = """\
# yaml-language-server: $schema=../../schemas/control.json
id: standard-{number:02d}
version: 1.0.0
effective: "2026-11-01"
owner: legal
review_every: P3M
title: Invented standard {number}
edition: First edition
clauses:
{clauses}"""

CLAUSE = """\
  - id: Section {section}
    title: {demand}
    applies_from: "{year}-06-01"
    rules: [{family}/*]
    evidence: [policies/roles.yaml, records/reviews/**]
"""
