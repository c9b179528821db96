"""What a declaration names exists.

Demands: datasets have contracts, columns stand in the contract, a target is a label, roles
    and regulations are declared.
Why: a rule that points at nothing never applies, and nobody notices.
Fix: correct the name; the finding lists what exists.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from governance.approvals import Approvals, Choice, Seat, When
from governance.catalogue import Declarations
from governance.contract import Column, Contract
from governance.control import Framework
from governance.declaration import Declared
from governance.finding import Finding, Route
from governance.model import Model
from governance.monitoring import Monitoring
from governance.pipeline import BY_NAME
from governance.privacy import Privacy
from governance.release import Release, Rollout
from governance.retention import Retention
from governance.reviews import Reviews
from governance.roles import Roles


def evaluate(declarations: Declarations) -> Iterator[Finding]:
    contracts = {found.value.name: found.value for found in declarations.all(Contract)}
    datasets = set(contracts) | _stems(declarations.broken, "policies/datasets/")
    columns = {name: {c.name: c for c in found.columns} for name, found in contracts.items()}
    for model in declarations.all(Model):
        yield from _trainer(model)
        yield from _known(model, ("dataset",), model.value.dataset, datasets, "contract")
        if model.value.dataset in columns:
            yield from _columns(model, columns[model.value.dataset])
    yield from _roles(declarations)
    for retention in declarations.all(Retention):
        for name in retention.value.windows:
            yield from _known(retention, ("windows", name), name, datasets, "contract")
        for index, hold in enumerate(retention.value.holds):
            yield from _known(
                retention, ("holds", index, "dataset"), hold.dataset, datasets, "contract"
            )
    frameworks = {
        found.path.rsplit("/", 1)[-1].removesuffix(".yaml") for found in declarations.all(Framework)
    }
    frameworks |= _stems(declarations.broken, "policies/controls/")
    for privacy in declarations.all(Privacy):
        for index, regulation in enumerate(privacy.value.regulations):
            route = ("regulations", index, "id")
            yield from _known(privacy, route, regulation.id, frameworks, "control framework")
    yield from _rollouts(declarations)


def _roles(declarations: Declarations) -> Iterator[Finding]:
    declared = declarations.one(Roles, "roles").value
    roles = set(declared.roles)
    for approvals in declarations.all(Approvals):
        for index, rule in enumerate(approvals.value.rules):
            yield from _seats(approvals, ("rules", index, "require"), rule.require, declared)
            yield from _when(approvals, ("rules", index, "when"), rule.when, declared)
            for number, name in enumerate(rule.veto):
                yield from _known(approvals, ("rules", index, "veto", number), name, roles, "role")
        yield from _seats(approvals, ("otherwise",), approvals.value.otherwise, declared)
        for number, name in enumerate(approvals.value.lifts):
            yield from _known(approvals, ("lifts", number), name, roles, "role")
        if way_out := approvals.value.break_glass:
            yield from _seats(approvals, ("break_glass", "require"), way_out.require, declared)
    for monitoring in declarations.all(Monitoring):
        for index, role in enumerate(monitoring.value.page):
            yield from _known(monitoring, ("page", index), role, roles, "role")
    for reviews in declarations.all(Reviews):
        for index, due in enumerate(reviews.value.obligations):
            route = ("obligations", index, "owner")
            yield from _known(reviews, route, due.owner, roles, "role")


def _seats(
    approvals: Declared[Approvals], route: Route, seats: Iterable[Seat | Choice], roles: Roles
) -> Iterator[Finding]:
    for index, seat in enumerate(seats):
        here = (*route, index)
        if isinstance(seat, Choice):
            yield from _seats(approvals, (*here, "of"), seat.of, roles)
        elif seat.role is not None:
            yield from _known(approvals, (*here, "role"), seat.role, roles.roles.keys(), "role")
            role = roles.roles.get(seat.role)
            if role is not None and seat.function is not None:
                known = {*role.functions, *(m.function for m in role.members if m.function)}
                what = f"function of {seat.role}"
                yield from _known(approvals, (*here, "function"), seat.function, known, what)


def _when(
    approvals: Declared[Approvals], route: Route, when: When, roles: Roles
) -> Iterator[Finding]:
    for index, person in enumerate(when.author or ()):
        here = (*route, "author", index)
        yield from _known(approvals, here, person, roles.people.keys(), "person")
    for index, role in enumerate(when.author_role or ()):
        here = (*route, "author_role", index)
        yield from _known(approvals, here, role, roles.roles.keys(), "role")
    for key in ("any", "all"):
        for index, inner in enumerate(getattr(when, key) or ()):
            yield from _when(approvals, (*route, key, index), inner, roles)
    if when.not_ is not None:
        yield from _when(approvals, (*route, "not"), when.not_, roles)


def _rollouts(declarations: Declarations) -> Iterator[Finding]:
    steps = {step.id for release in declarations.all(Release) for step in release.value.steps}
    for rollout in declarations.all(Rollout):
        if steps:
            yield from _known(rollout, ("step",), rollout.value.step, steps, "release step")
        for key in ("version", "rollback_to"):
            version = getattr(rollout.value, key)
            path = f"models/{rollout.value.model}/versions/{version}.yaml"
            if version and path not in declarations.paths:
                yield Finding(
                    rollout.at(key), f"{path} does not exist", "register the version first"
                )


def _trainer(model: Declared[Model]) -> Iterator[Finding]:
    module = (model.value.training.trainer or "").partition(":")[0]
    path = module.replace(".", "/") + ".py"
    if module and path not in BY_NAME["train"].code:
        problem = (
            f"trainer {module} is no dependency of the step train: edits would retrain nothing"
        )
        fix = "move the function into pipelines/trainers.py"
        yield Finding(model.at("training", "trainer"), problem, fix)


def _columns(model: Declared[Model], known: Mapping[str, Column]) -> Iterator[Finding]:
    what = f"column of {model.value.dataset}"
    wanted: list[tuple[Route, str]] = [(("target", "column"), model.value.target.column)]
    wanted += [(("protected", i), name) for i, name in enumerate(model.value.protected)]
    for role in ("numeric", "categorical"):
        columns = getattr(model.value.features, role)
        wanted += [(("features", role, i), name) for i, name in enumerate(columns)]
    for route, name in wanted:
        column = known.get(name)
        if column is None:
            yield from _known(model, route, name, known.keys(), what)
        elif column.technique == "drop":
            problem = f"column {name} is dropped before training"
            yield Finding(model.at(*route), problem, "use another column, or change the contract")
    for index, name in enumerate(model.value.protected):
        if (column := known.get(name)) and not column.protected:
            problem = f"column {name} is not declared as protected in the contract"
            yield Finding(
                model.at("protected", index), problem, "add custom property `protected: true`"
            )
    for name in sorted(c.name for c in known.values() if c.protected):
        if name not in model.value.protected:
            problem = f"protected attribute {name} of the contract is not measured"
            yield Finding(model.at("protected"), problem, f"add {name}")
    target = known.get(model.value.target.column)
    positive = model.value.target.positive
    if target and target.values and positive is not None and positive not in target.values:
        values = ", ".join(str(value) for value in target.values)
        problem = f"positive class {positive} is no value of {target.name}"
        yield Finding(model.at("target", "positive"), problem, f"use one of {values}")
    if target and not target.label:
        problem = f"column {target.name} is not declared as a label in the contract"
        yield Finding(model.at("target", "column"), problem, "add custom property `label: true`")


def _stems(paths: frozenset[str], folder: str) -> set[str]:
    return {
        path.removeprefix(folder).removesuffix(".yaml") for path in paths if path.startswith(folder)
    }


def _known(
    declared: Declared[object], route: Route, name: str, known: AbstractSet[str], what: str
) -> Iterator[Finding]:
    if name not in known:
        some = ", ".join(sorted(known)[:12]) or "none yet"
        yield Finding(declared.at(*route), f"{name} is no {what}", f"known: {some}")
