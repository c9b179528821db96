"""One person's rows erased, wherever they are; the identifier itself is never written down."""

from __future__ import annotations

import secrets as chance
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters import environment, secrets
from adapters.secrets import Unusable
from governance import pseudonym, removal, window
from governance.catalogue import Declarations
from governance.contract import Contract
from governance.finding import CouldNotJudge
from governance.manifest import manifests
from governance.records import Barred, Removal
from governance.retention import Retention
from pipelines import eradicate, journal, retention_plan
from pipelines import removal as act
from pipelines import removal_journal as begun
from pipelines.doomed import Holder, Search, Stock, private
from pipelines.inputs import Refused
from pipelines.needles import Person
from pipelines.removal_journal import Plan
from pipelines.retention_apply import approved, held


@dataclass(frozen=True, slots=True)
class Request:
    """Who is to be erased, and why.

    `only` names datasets to search instead of all; `kind` the kind of identifier.
    """

    identifier: str
    ground: str
    kind: str | None = None
    by: str | None = None
    only: tuple[str, ...] = ()
    drop: bool = False

    def __repr__(self) -> str:
        """Nothing of the person."""
        return "Request(…)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an erasure came to.

    `plan` is None where nothing was done: for a dry run, or `before`, when the person had been
    erased and nothing of them came back. `unsearched` names datasets.
    """

    removal: Removal
    objects: int
    plan: Plan | None
    unsearched: tuple[str, ...] = ()
    before: bool = False


def erase(
    root: Path, request: Request, now: datetime, *, dry: bool = False,
    say: Callable[[str], None] = print,
) -> Outcome:  # fmt: skip
    """Finds a person everywhere, records the removal, and carries it out once it is approved.

    Args:
        root: top of the repository.
        request: who, and why.
        now: the moment it is judged by, UTC.
        dry: search and say what would go; write nothing.
        say: told what is being done.

    Raises:
        Refused: approvals are missing, or data are not as they were landed.
        CouldNotJudge: something could not be searched; nothing was changed.
    """
    with journal.alone(root, finishing=True):
        declarations = retention_plan.read(root)
        law = retention_plan.policy(declarations)
        contracts, unsearched = searchable(declarations, request)
        known = keys(root, contracts)
        if (plan := begun.unfinished(root)) is not None:
            return _resumed(root, plan, request, declarations, known, law, say)
        journal.recover(root, say)
        eradicate.clean(root)
        retention_plan.settled(now, declarations)
        needle = Person.of(contracts, request.identifier, known, request.kind)
        day = window.today(law, now)
        untouched = frozenset(name for name in contracts if window.held(law, name, day))
        with private(root, "search") as scratch:
            search = Search(
                root=root, declarations=declarations, needle=needle,
                stock=Stock.of(root, law, contracts), scratch=scratch, law=law,
                untouched=untouched,
            )  # fmt: skip
            say(f"searching {', '.join(sorted(contracts))} in every place")
            search.look()
            holders = act.standing(search.found, declarations)
            barred = _barred(holders, law, declarations, now)
            anonymised = frozenset(bar.dataset for bar in barred) - untouched
            found = search.finish(anonymised)
            holders = [holder for holder in holders if holder.dataset not in untouched]
            found.holders = [h for h in found.holders if h.dataset not in untouched]
            anything = bool(holders or found.md5s or found.locals or found.copies)
            done = _done(declarations, request, known)
            if done is not None and not anything and not barred:
                return Outcome(done, 0, None, unsearched, before=True)
            record = _record(declarations, request, known, holders, barred, now)
            if dry:
                return Outcome(record, len(found.md5s), None, unsearched)
            act.refuse_changed(root, holders, declarations)
            act.refuse_unmerged(holders, drop=request.drop)
            retention_plan.write(root, record)
            people = approved(root, record, now) if anything else ()
            more = [*held(record), *(f"{name} was not searched." for name in unsearched)]
            plan = act.plan(
                act.Matter(
                    root=root, removal=record, declarations=declarations, needle=needle,
                    found=found, stock=search.stock, places=eradicate.places(root, law), now=now,
                    anonymised=anonymised, people=people, more=tuple(more),
                )
            )  # fmt: skip
        begun.begin(root, plan)
        eradicate.carry_out(root, plan, law, say)
        return Outcome(record, len(found.md5s), plan, unsearched)


def _resumed(  # noqa: PLR0913 - where, what, for whom, by which keys and law
    root: Path, plan: Plan, request: Request, declarations: Declarations,
    known: Mapping[str, tuple[bytes, ...]], law: Retention, say: Callable[[str], None],
) -> Outcome:  # fmt: skip
    """The erasure that was killed, finished, when it is that of the same person."""
    record = next((f.value for f in declarations.all(Removal) if f.value.id == plan.removal), None)
    every = {key for group in known.values() for key in group}
    if record is None or not removal.is_about(record, request.identifier, every):
        raise begun.unfinished_error(plan)
    say(f"going on with the removal {record.id}")
    eradicate.carry_out(root, plan, law, say)
    return Outcome(record, sum(target.count for target in plan.targets), plan)


def searchable(
    declarations: Declarations, request: Request
) -> tuple[dict[str, Contract], tuple[str, ...]]:
    """Contracts of the datasets a person can be found in, and names of the others.

    Raises:
        CouldNotJudge: a dataset with people in it says in no column whose row it is.
    """
    landed = manifests(declarations)
    every = {one.value.name: one.value for one in declarations.all(Contract)}
    if unknown := sorted(set(request.only) - every.keys()):
        msg = f"{unknown[0]} is no dataset; known: {', '.join(sorted(every)) or 'none'}"
        raise CouldNotJudge(msg)
    found = {
        name: one
        for name, one in every.items()
        if (not request.only or name in request.only)
        and any(
            column.subject is not None and request.kind in {None, column.subject}
            for column in one.columns
        )
    }
    blind = [
        name
        for name, one in every.items()
        if name in landed and not any(c.subject for c in one.columns) and _has_people(one, every)
    ]
    if blind and not request.only:
        names = ", ".join(sorted(blind))
        msg = (
            f"{names}: no column is marked `subject`, so nobody can be found there\n"
            "  fix: mark it in the contract; or leave them out: --only DATASET"
        )
        raise CouldNotJudge(msg)
    if not found:
        msg = "no dataset has a column marked `subject` of that kind\n  fix: mark one"
        raise CouldNotJudge(msg)
    return found, tuple(sorted(blind))


def _has_people(contract: Contract, every: Mapping[str, Contract]) -> bool:
    """Whether a dataset names people, or was made from one that does."""
    seen: set[str] = set()
    waiting = [contract]
    for one in waiting:
        if any(c.classification == "direct-identifier" or c.subject for c in one.columns):
            return True
        parents = one.source.parents if one.source else ()
        fresh = [name for name in parents if name in every and name not in seen]
        seen.update(fresh)
        waiting += [every[name] for name in fresh]
    return False


def keys(root: Path, contracts: Mapping[str, Contract]) -> dict[str, tuple[bytes, ...]]:
    """Every key that is at hand and may have made a dataset's tokens; the present one must be.

    Raises:
        CouldNotJudge: the present key of a dataset is not at hand.
    """
    found: dict[str, tuple[bytes, ...]] = {}
    for name, contract in contracts.items():
        own = contract.pseudonym_key
        if own.is_sample:
            found[name] = (pseudonym.SAMPLE_KEY,)
            continue
        try:
            group = [secrets.key(own.name, own.version, root)]
        except Unusable as reason:
            msg = f"{name}: {reason}"
            raise CouldNotJudge(msg) from None
        for version in range(1, own.version):
            try:
                group.append(secrets.key(own.name, version, root))
            except Unusable:  # destroyed: what it made names nobody any more
                continue
        found[name] = tuple(group)
    return found


def _barred(
    holders: Sequence[Holder], law: Retention, declarations: Declarations, now: datetime
) -> tuple[Barred, ...]:
    """Duties that bar deleting what was found."""
    windows = retention_plan.windows(law, declarations, environment.variables())
    day = window.today(law, now)
    found: dict[tuple[str, str], Barred] = {}
    for holder in holders:
        by_event = windows[holder.dataset].counted_from == "event"
        newest = holder.rows.newest if by_event and holder.rows.newest else holder.landing
        for bar in window.bars(law, windows[holder.dataset], day, newest, holder.path):
            known = found.get((bar.dataset, bar.duty))
            if known is None or (known.until and bar.until and bar.until > known.until):
                found[bar.dataset, bar.duty] = bar
    return tuple(found[name] for name in sorted(found))


def _done(
    declarations: Declarations, request: Request, known: Mapping[str, tuple[bytes, ...]]
) -> Removal | None:
    """The newest removal of this person that a certificate proves."""
    every = [key for group in known.values() for key in group]
    proved = removal.certified(declarations)
    mine = [
        one.value
        for one in declarations.all(Removal)
        if one.value.id in proved and removal.is_about(one.value, request.identifier, every)
    ]
    return max(mine, key=lambda one: one.at, default=None)


def _record(  # noqa: PLR0913 - what stands in it
    declarations: Declarations, request: Request, known: Mapping[str, tuple[bytes, ...]],
    holders: Sequence[Holder], barred: tuple[Barred, ...], now: datetime,
) -> Removal:  # fmt: skip
    """The removal that was recorded before for this person and just these rows, or a new one."""
    files = act.doomed(holders)
    done = removal.certified(declarations)
    basis = removal.GROUNDS.get(request.ground, request.ground)
    kept = bool({bar.dataset for bar in barred} & {file.dataset for file in files})
    every = [key for name in sorted(known) for key in known[name]]
    for one in declarations.all(Removal):
        same = (one.value.files, one.value.barred, one.value.basis) == (files, barred, basis)
        if (
            same
            and one.value.id not in done
            and removal.is_about(one.value, request.identifier, every)
        ):
            return one.value
    own = [key for key in every if key != pseudonym.SAMPLE_KEY] or every
    told = removal.subject_token(request.identifier, chance.token_hex(16), own[0])
    return Removal(
        id=f"erasure-{now:%Y%m%d}-{told.token[:8]}",
        at=now,
        ground="erasure",
        basis=basis,
        action="anonymise" if kept else "purge",
        subject=told,
        files=files,
        barred=barred,
        by=request.by,
    )


def refuse_unfit(identifier: str) -> None:
    """Nothing; the text can be an identifier.

    Raises:
        Refused: it is empty, or looks like something else.
    """
    if not identifier or len(identifier) > 1000:  # noqa: PLR2004 - characters
        msg = "the identifier is empty, or longer than 1,000 characters"
        raise Refused(msg)
