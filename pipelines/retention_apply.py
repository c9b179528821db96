"""A planned removal applied: rows past their window go, once everything allows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from adapters import environment
from adapters.git import Revision
from adapters.reading import Reading
from governance import digest, removal, window
from governance.catalogue import Declarations
from governance.contract import Contract
from governance.finding import Blocked, CouldNotJudge
from governance.records import Removal
from governance.retention import Retention
from pipelines import confirmed, eradicate, inputs, journal, retention_plan
from pipelines import removal as act
from pipelines import removal_journal as begun
from pipelines.ages import Question
from pipelines.doomed import Search, Stock, private
from pipelines.inputs import Refused
from pipelines.needles import Aged
from pipelines.removal_journal import Plan


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a removal came to; `plan` is None where it had been carried out before."""

    removal: str
    plan: Plan | None


def apply(
    root: Path, identity: str, now: datetime, *, say: Callable[[str], None] = print
) -> Outcome:
    """Carries out a removal that `charter retention plan --write` wrote and people approved.

    One that was killed, on whichever ground, is finished from its journal.

    Args:
        root: top of the repository.
        identity: id of the removal.
        now: the moment it is judged by, UTC.
        say: told what is being done.

    Raises:
        Refused: it is too early, held, not approved, or the data are no longer those it names.
        CouldNotJudge: a place does not answer; nothing was changed, or the journal goes on.
    """
    with journal.alone(root, finishing=True):
        declarations = retention_plan.read(root)
        law = retention_plan.policy(declarations)
        if (plan := begun.unfinished(root)) is not None:
            if plan.removal != identity:
                raise begun.unfinished_error(plan)
            say(f"going on with the removal {identity}")
            eradicate.carry_out(root, plan, law, say)
            return Outcome(identity, plan)
        journal.recover(root, say)
        eradicate.clean(root)
        if identity in removal.certified(declarations):
            return Outcome(identity, None)
        found = _record(root, identity)
        retention_plan.settled(now, declarations)
        for one in (law, _law_of_base(root)):
            _refuse_barred(found, one, declarations, now)
        people = approved(root, found, now)
        plan = _prepared(root, found, declarations, law, now, people)
        begun.begin(root, plan)
        eradicate.carry_out(root, plan, law, say)
        return Outcome(identity, plan)


def _record(root: Path, identity: str) -> Removal:
    path = f"{retention_plan.FOLDER}/{identity}.yaml"
    found: Removal = inputs.declared(path, root)
    if found.ground != "retention" or found.through is None:
        msg = (
            f"{path} is an erasure: only the identifier finds the person's rows\n"
            "  fix: charter erase - with the identifier as standard input"
        )
        raise Refused(msg)
    return found


def _law_of_base(root: Path) -> Retention:
    """The policy of the governed branch: a hold lifted in this change does not count yet."""
    base = Reading(Revision(root, confirmed.base(root).commit)).declarations
    try:
        return base.one(Retention, "retention").value
    except Blocked as blocked:
        msg = f"{blocked} of the governed branch does not load: see `charter check`"
        raise CouldNotJudge(msg) from None


def _refuse_barred(
    found: Removal, law: Retention, declarations: Declarations, now: datetime
) -> None:
    """Nothing; every row the removal names is due, and no duty or hold speaks against it."""
    windows = retention_plan.windows(law, declarations, environment.variables())
    day, through = window.today(law, now), found.through or date.max
    lines = []
    for name in sorted({file.dataset for file in found.files}):
        if through > windows[name].through(day):
            due = windows[name].due_from(through)
            lines.append(f"{name}: rows of {through} are due on {due}, and it is {day}")
    for file in found.files:
        newest = through if found.action == "purge" else None
        for bar in window.bars(law, windows[file.dataset], day, newest, file.path):
            until = f"until {bar.until}" if bar.until else "with no end known"
            lines.append(f"{file.dataset}/{file.path} must be kept {until}: {bar.duty}")
    if lines:
        raise Refused(*dict.fromkeys(lines), "nothing was removed")


def approved(root: Path, found: Removal, now: datetime) -> tuple[str, ...]:
    """The people who approved the removal.

    Raises:
        Refused: approvals are missing; says who has to sign and how.
    """
    path = f"{retention_plan.FOLDER}/{found.id}.yaml"
    seen = digest.of_bytes((root / path).read_bytes())
    by = (found.by,) if found.by else ()
    standing = confirmed.standing(root, f"removal:{found.id}", seen, now, by=by)
    if not standing.satisfied:
        lines = [f"removal {found.id} is not approved: {', '.join(standing.lacking)}"]
        lines += [f"  ignored: {word}" for word in standing.ignored]
        raise Refused(*lines, f"  fix: {standing.fix}", "nothing was removed")
    return standing.people


def _prepared(  # noqa: PLR0913 - what, where, by whose law and word, when
    root: Path, found: Removal, declarations: Declarations, law: Retention, now: datetime,
    people: tuple[str, ...],
) -> Plan:  # fmt: skip
    """Searches everything and stages what stays."""
    datasets = {file.dataset for file in found.files}
    contracts = {
        one.value.name: one.value
        for one in declarations.all(Contract)
        if one.value.name in datasets
    }
    windows = retention_plan.windows(law, declarations, environment.variables())
    through = found.through or date.min
    needle = Aged(
        contracts,
        {
            name: Question(contract, law, windows[name], windows[name].due_from(through))
            for name, contract in contracts.items()
        },
    )
    named = {(file.dataset, file.path) for file in found.files}
    anonymised = frozenset(datasets if found.action == "anonymise" else ())
    with private(root, "search") as scratch:
        search = Search(
            root=root, declarations=declarations, needle=needle,
            stock=Stock.of(root, law, contracts), scratch=scratch, law=law,
            spared=lambda name, path: (name, path) not in named,
        )  # fmt: skip
        search.look()
        holders = act.standing(search.found, declarations)
        act.refuse_changed(root, holders, declarations)
        _refuse_other(found, [h for h in act.doomed(holders) if (h.dataset, h.path) in named])
        return act.plan(
            act.Matter(
                root=root, removal=found, declarations=declarations, needle=needle,
                found=search.finish(anonymised), stock=search.stock,
                places=eradicate.places(root, law), now=now, anonymised=anonymised,
                people=people, more=tuple(held(found)),
            )
        )  # fmt: skip


def _refuse_other(found: Removal, present: list[object]) -> None:
    """Nothing; the files and rows are those that were approved."""
    wanted = set(found.files)
    lines = [
        f"{file.dataset}/{file.path}: {file.rows:,} rows of {file.sha256[:12]} were approved, and"
        " they are not there"
        for file in found.files
        if file not in present
    ]
    if lines or not wanted <= set(present):
        fix = "  fix: plan anew: charter retention plan --write"
        raise Refused(*lines, fix, "nothing was removed")


def held(found: Removal) -> Iterator[str]:
    """What a removal leaves because somebody has to keep it."""
    for bar in found.barred:
        until = f"until {bar.until}" if bar.until else "with no end known"
        yield f"Rows of {bar.dataset} are kept {until}: {bar.duty}"
