"""Files of the demonstration of a release: loans to train on, and the policies around them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from datetime import date
from random import Random
from typing import Final

from pipelines import demo_files
from pipelines.demo_files import MACHINE, Key

ROWS: Final = 8000
FIRST: Final = ("income", "late_payments")
"""Features of the first version."""

_COLUMNS: Final = ("loan_id", "income", "debt", "late_payments", "sex", "defaulted")
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
    quality: [{type: library, metric: rowCount, mustBeGreaterOrEqualTo: 1000}]
    properties:
      - name: loan_id
        logicalType: string
        primaryKey: true
        required: true
        unique: true
        logicalTypeOptions: {pattern: "^L-[0-9]{6}$"}
        classification: direct-identifier
        customProperties:
          - {property: technique, value: pseudonymise}
          - {property: purpose, value: tells rows apart}
      - name: income
        logicalType: number
        required: true
        logicalTypeOptions: {minimum: 0}
        classification: none
      - name: debt
        logicalType: number
        required: true
        logicalTypeOptions: {minimum: 0}
        classification: none
      - name: late_payments
        logicalType: integer
        required: true
        logicalTypeOptions: {minimum: 0, maximum: 12}
        classification: none
      - name: sex
        logicalType: string
        required: true
        enum: [{value: f}, {value: m}]
        classification: sensitive
        customProperties:
          - {property: technique, value: keep}
          - {property: protected, value: true}
          - {property: purpose, value: measure fairness by sex}
      - name: defaulted
        logicalType: integer
        required: true
        enum: [{value: 0}, {value: 1}]
        classification: none
        customProperties: [{property: label, value: true}]
"""
_LANDING: Final = """\
  - id: landing
    because: The steward's yes is what training waits for
    when: {changes: [lands-data]}
    require:
      - {role: data-steward, count: 1}
    expires_after: P90D

"""
_LANDED: Final = """\
about: An engineer lands loans, a steward confirms them.
change:
  by: [mei.sato]
  added: [records/landings/loans/first.yaml]
  meanings:
    - {kind: lands-data, subject: "dataset:loans", path: records/landings/loans/first.yaml}
opinions: [{by: stella.nowak}]
expect: {standing: APPROVED, rules: {landing: APPROVED}}
"""
_GATES: Final = """\
classification:
  performance:
    - {metric: roc_auc, at_least: 0.7, minimum_rows: 1000}
  fairness:
    - {metric: demographic_parity_difference, at_most: 0.1, minimum_rows: 300}
  champion:
    - {metric: roc_auc, relative_drop_at_most: 0.03, minimum_rows: 60}
regression:
  performance:
    - {metric: r2, at_least: 0.3, minimum_rows: 80}
  fairness:
    - {metric: mean_absolute_error_ratio, at_most: 1.5, minimum_rows: 30}
bias: {minimum_group_rows: 50, proxy_at_most: 0.5, rate_difference_at_most: 0.2}
"""
_REGISTRY: Final = f"""\
bucket: file://.charter/registry
estimators: [sklearn.]
trainers: [pipelines.trainers]
trusted_types: [numpy.dtype]
maximum_model_bytes: 1000000
machines: [{MACHINE}]
"""
_RELEASE: Final = """\
steps:
  - {id: canary, stage: staging, exposure: 0.1, soak: P1D}
  - {id: limited, stage: production, exposure: 0.1, soak: P3D}
  - {id: full, stage: production, exposure: 1, soak: P7D}
rollback_drill_every: P3M
review_within: P7D
"""


def loans(seed: int = 1, rows: int = ROWS, first: int = 1) -> str:
    """Invented loans as CSV: income tells something about the outcome, debt and lateness more."""
    dice, out = Random(seed), io.StringIO()  # noqa: S311 - invented rows, the same every time
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for number in range(first, first + rows):
        income = round(dice.lognormvariate(10.6, 0.5))
        debt = round(dice.lognormvariate(9.4, 0.8))
        late = min(12, int(dice.expovariate(0.7)))
        score = 0.9 * (late - 1) + 0.8 * math.log(debt / 12000) - 0.9 * math.log(income / 40000)
        outcome = int(dice.random() < 1 / (1 + math.exp(-score)))
        writer.writerow((f"L-{number:06d}", income, debt, late, dice.choice("fm"), outcome))
    return out.getvalue()


def model(
    *features: str, champion: str | None = None, share: float = 0.25, strength: float = 1.0
) -> str:
    """`models/credit/model.yaml` of a model that reads these features.

    Args:
        features: numeric columns.
        champion: the version in production.
        share: fraction of rows held out.
        strength: inverse of the regularisation; near 0 nothing is learnt.
    """
    text = f"""\
name: credit
title: Loans that will not be repaid
owner: ada.lind
risk_tier: limited
purpose:
  intended: Help a clerk look twice at a loan.
  out_of_scope: [Refusing a loan without a person]
  users: [Loan clerks]
task: classification
dataset: loans
target: {{column: defaulted, positive: 1}}
protected: [sex]
features:
  numeric: [{", ".join(features)}]
training:
  estimator: sklearn.linear_model.LogisticRegression
  params: {{C: {strength:g}}}
  preprocessing: {{numeric: [standardise]}}
  holdout: {{share: {share:g}, by: key}}
  seed: 1
"""
    return text + (f"champion: {champion}\n" if champion else "")


def rollout(version: str, step: str, back: str | None = None) -> str:
    """`models/credit/rollout.yaml`."""
    text = f"model: credit\nversion: {version}\nstep: {step}\n"
    return text + (f"rollback_to: {back}\n" if back else "")


def tree(day: date, keys: Mapping[str, tuple[Key, ...]]) -> dict[str, str]:
    """Every declaration of the first commit."""
    files = demo_files.tree(day, keys)
    drop = {"README.md", "docs/guide.md", "scripts/score.py", "locks/runtime.txt"}
    files = {path: text for path, text in files.items() if path not in drop}
    head, rules = demo_files.policy, demo_files.APPROVALS
    return files | {
        "README.md": "A demonstration of a release. Everybody and everything in it is invented.\n",
        "models/credit/model.yaml": model(*FIRST),
        "policies/approvals.yaml": head("approvals", day)
        + rules.replace("otherwise:", f"{_LANDING}otherwise:", 1),
        "policies/cases/landing.yaml": demo_files.case(day, _LANDED),
        "policies/datasets/loans.yaml": _CONTRACT,
        "policies/gates.yaml": head("gates", day) + _GATES,
        "policies/registry.yaml": head("registry", day, "mlops") + _REGISTRY,
        "policies/release.yaml": head("release", day, "mlops") + _RELEASE,
    }
