"""Which rows are due, file by file: the dry run of every removal, and the record people approve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

from adapters import engine, environment
from adapters.engine import Unreadable
from adapters.reading import Reading
from adapters.worktree import Worktree
from governance import digest, window
from governance.catalogue import Declarations
from governance.contract import Contract
from governance.finding import Blocked, CouldNotJudge
from governance.manifest import Manifest, manifests
from governance.records import Barred, Certificate, DoomedFile, Landing, Removal, Tombstone
from governance.removal import anonymised
from governance.retention import Hold, Retention
from governance.window import Effective, Outcome, OutOfBounds, Variables
from pipelines import inputs
from pipelines.ages import Question, ages
from pipelines.append import append, loads
from pipelines.inputs import Refused
from pipelines.rendered import render

FOLDER: Final = "records/removals"


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """What is to happen to one dataset; files without anything due are in it as well."""

    window: Effective
    through: date
    outcomes: tuple[Outcome, ...]
    elsewhere: tuple[DoomedFile, ...] = ()
    """Files of older or unmerged versions with rows that go, where those were searched."""

    @property
    def due(self) -> tuple[Outcome, ...]:
        """Files with rows that go now."""
        return tuple(found for found in self.outcomes if found.rows and not found.held)

    @property
    def stopped(self) -> tuple[Outcome, ...]:
        """Files with rows past their window that a legal hold keeps."""
        return tuple(found for found in self.outcomes if found.rows and found.held)

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The holds that keep them."""
        return tuple(dict.fromkeys(hold for found in self.stopped for hold in found.held))

    @property
    def next_due(self) -> date | None:
        """The next day on which rows fall due."""
        return min((found.next_due for found in self.outcomes if found.next_due), default=None)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to happen on a day, by dataset; `ignored` are variables that move no window."""

    day: date
    time_zone: str
    datasets: tuple[DatasetPlan, ...]
    ignored: tuple[str, ...]


def read(root: Path) -> Declarations:
    """The declarations of the work tree."""
    return Reading(Worktree(root)).declarations


def policy(declarations: Declarations) -> Retention:
    """The retention policy of the work tree.

    Raises:
        CouldNotJudge: it is missing or does not load.
    """
    try:
        return declarations.one(Retention, "retention").value
    except Blocked as blocked:
        msg = f"{blocked}: it does not load, see `charter check`"
        raise CouldNotJudge(msg) from None


def settled(now: datetime, declarations: Declarations) -> None:
    """Nothing; nothing landed or went after now.

    Raises:
        CouldNotJudge: something did, so one of two clocks is wrong and nobody can say what is due.
    """
    moments = [
        found.value.at
        for kind in (Landing, Tombstone, Certificate)
        for found in declarations.all(kind)
    ]
    if late := window.ahead(now, moments):
        msg = (
            f"clock: now is {now:%Y-%m-%dT%H:%M:%S%z}, but a record was written at"
            f" {late:%Y-%m-%dT%H:%M:%S%z}; nothing is due by a clock that disagrees\n"
            "  fix: correct the clock, or the record"
        )
        raise CouldNotJudge(msg)


def windows(
    law: Retention, declarations: Declarations, variables: Variables
) -> dict[str, Effective]:
    """The window of every dataset with a contract.

    Raises:
        Refused: a variable or a declared window is out of bounds; every problem is told.
    """
    contracts = {found.value.name: found.value for found in declarations.all(Contract)}
    problems = [str(found) for found in variables.mistakes(contracts)]
    found: dict[str, Effective] = {}
    for name, contract in contracts.items():
        try:
            found[name] = window.effective(law, name, contract.retention_class, variables)
        except OutOfBounds as outside:
            problems.append(str(outside))
    if problems:
        raise Refused(*dict.fromkeys(problems))
    return found


def plan(root: Path, names: Iterable[str], now: datetime, *, everywhere: bool = False) -> Plan:
    """What is due in each dataset, or in those named.

    Args:
        root: top of the repository.
        names: the datasets; all that landed when there are none.
        now: the moment the days are counted by, UTC.
        everywhere: search the versions that only a cache, a remote or a replica still keeps.

    Raises:
        Refused: a window is out of bounds, or landed bytes are missing or changed.
        CouldNotJudge: a dataset is unknown, the clock disagrees with the records, or a place
            that is searched does not answer.
    """
    declarations = read(root)
    law, variables = policy(declarations), environment.variables()
    settled(now, declarations)
    found, kept = windows(law, declarations, variables), manifests(declarations)
    chosen = tuple(dict.fromkeys(names)) or tuple(kept)
    if missing := [name for name in chosen if name not in kept or name not in found]:
        known = ", ".join(kept) or "none yet"
        msg = f"{missing[0]} is no dataset with a contract and landed files; known: {known}"
        raise CouldNotJudge(msg)
    if lines := [line for name in chosen for line in inputs.differences(name, kept[name], root)]:
        raise Refused(*lines)
    day = window.today(law, now)
    contracts = {found.value.name: found.value for found in declarations.all(Contract)}
    questions = {name: Question(contracts[name], law, found[name], day) for name in chosen}
    planned = [_of(root, q, kept[name], declarations) for name, q in questions.items()]
    if everywhere:
        from pipelines.retention_elsewhere import elsewhere  # noqa: PLC0415 - loads DVC

        there = elsewhere(root, law, declarations, questions)
        planned = [replace(one, elsewhere=there.get(one.window.dataset, ())) for one in planned]
    return Plan(
        day=day,
        time_zone=law.time_zone,
        datasets=tuple(planned),
        ignored=tuple(_unused(variables, questions.values())),
    )


def _of(
    root: Path, question: Question, manifest: Manifest, declarations: Declarations
) -> DatasetPlan:
    name, landings = question.contract.name, landing_days(question.policy, declarations)
    connection = engine.connect(question.contract.engine, threads=None)
    folder = root / inputs.data_folder(name)
    outcomes, done = [], anonymised(declarations)
    for path, row in sorted(manifest.rows.items()):
        settled = done.get((name, row.file.sha256))
        if settled is not None and settled.through >= question.through:
            continue  # what is due in it names nobody any more
        try:
            found = ages(connection, folder, row.file, question, landings[row.landing])
        except Unreadable as reason:
            msg = f"{inputs.data_folder(name)}/{path}: {reason}"
            raise Refused(msg) from None
        outcomes.append(window.outcome(question.policy, question.window, found, question.day))
    return DatasetPlan(question.window, question.through, tuple(outcomes))


def landing_days(law: Retention, declarations: Declarations) -> dict[str, date]:
    """The day each landing was recorded, by the path of its record."""
    return {found.path: window.today(law, found.value.at) for found in declarations.all(Landing)}


def _unused(variables: Variables, questions: Iterable[Question]) -> Iterator[str]:
    """What to tell of a default that is set where nothing asks for one."""
    given = variables.values.get(window.VARIABLE)
    for question in questions if given else ():
        if question.window.origin != window.VARIABLE:
            own = question.window
            yield (
                f"{window.VARIABLE}={given} does not move {own.dataset}:"
                f" {own.origin} sets {own.days} days"
            )


def removal(found: DatasetPlan, now: datetime, by: str | None) -> Removal | None:
    """The record of what is due in a dataset; None when nothing is.

    Its id follows from its content and its last day, so that the same plan is the same record.
    """
    files = tuple(
        DoomedFile(
            dataset=found.window.dataset,
            path=outcome.ages.path,
            sha256=outcome.ages.sha256,
            rows=outcome.rows,
        )
        for outcome in found.due
    )
    files += found.elsewhere
    if not files:
        return None
    own = found.window
    barred = tuple(
        Barred(dataset=own.dataset, duty=hold.matter, until=hold.until) for hold in found.holds
    )
    basis = f"{own.days} days from {own.origin}, counted from the {own.counted_from}: {own.basis}"
    content = [own.dataset, basis, own.at_end, found.through.isoformat()]
    mark = digest.of_value(
        [content, *([file.path, file.sha256, file.rows] for file in files)],
    )
    return Removal(
        id=f"retention-{own.dataset}-{found.through:%Y%m%d}-{digest.short(mark)[:8]}",
        at=now,
        ground="retention",
        basis=basis,
        action=own.at_end,
        through=found.through,
        files=files,
        barred=barred,
        by=by,
    )


def write(root: Path, record: Removal) -> str:
    """Path of the record; one that stands there already stays, with everybody's approval."""
    path = f"{FOLDER}/{record.id}.yaml"
    text = render("removal", record)
    loads(path, text)
    if not (root / path).exists():
        append(root, path, text)
    return path
