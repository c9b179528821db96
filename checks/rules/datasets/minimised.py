"""No column goes into training that nothing needs.

Demands: of a dataset that models read, each personal column that is not dropped is a feature,
    target or protected attribute of one of them, or key, event time or subject of the dataset;
    and no text or whole number differs in nearly every row (`minimisation` of the base's and the
    tree's `policies/privacy.yaml`) unless it is a direct identifier, the key, or read as a number.
Why: data minimisation stays effective (ML Governance and Release Policies, Privacy).
Fix: set the column's `technique` to drop.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations, Law
from governance.contract import Column, Contract
from governance.declaration import Declared
from governance.evidence import PrivacyReport, of_dataset
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place
from governance.model import Model
from governance.privacy import Minimisation, Privacy


def evaluate(
    declarations: Declarations, law: Law, found: Evidence
) -> Iterator[Finding | NotApplicable]:
    policies = [d.one(Privacy, "privacy").value for d in (declarations, law.declarations)]
    bounds = {policy.minimisation for policy in policies}
    models = [model.value for model in declarations.all(Model)]
    read = {model.dataset for model in models}
    contracts = [contract for contract in declarations.all(Contract) if contract.value.name in read]
    for contract in contracts:
        readers = [model for model in models if model.dataset == contract.value.name]
        yield from _unused(contract, readers)
        report = found.files.get(of_dataset(contract.value.name, "privacy"))
        if isinstance(report, PrivacyReport):
            yield from _wide(contract, readers, report, bounds)
    if not contracts:
        yield NotApplicable("no model reads a dataset")


def _unused(contract: Declared[Contract], models: list[Model]) -> Iterator[Finding]:
    used = {contract.value.event_column}
    for model in models:
        used |= {*model.features.names, model.target.column, *model.protected}
    for index, column in enumerate(contract.value.columns):
        personal = column.classification != "none" and column.technique != "drop"
        role = column.key or column.protected or column.subject
        if personal and not role and column.name not in used:
            problem = f"column {column.name} is {column.classification} and nothing uses it"
            yield Finding(_at(contract, index), problem, "set its `technique` to drop")


def _wide(
    contract: Declared[Contract],
    models: list[Model],
    report: PrivacyReport,
    bounds: set[Minimisation],
) -> Iterator[Finding]:
    numbers = {n for model in models for n in (*model.features.numeric, model.target.column)}
    for index, column in enumerate(contract.value.columns):
        width = report.columns.get(column.name)
        if width is None or not _may_name_rows(column) or column.name in numbers:
            continue
        if any(
            width.rows >= bound.minimum_rows and width.distinct >= bound.unique_share * width.rows
            for bound in bounds
        ):
            problem = (
                f"column {column.name}: {width.distinct:,} different values in {width.rows:,} rows"
                " name nearly every row"
            )
            fix = "set its `technique` to drop or generalise, or declare whom it identifies"
            yield Finding(_at(contract, index), problem, fix)


def _may_name_rows(column: Column) -> bool:
    """A text or whole number that is neither the key nor declared to identify."""
    declared = column.key or column.classification == "direct-identifier"
    return not declared and column.type in {"string", "integer"}


def _at(contract: Declared[Contract], index: int) -> Place:
    return contract.at("schema", 0, "properties", index)
