"""How a change stands with its approvals, for a terminal, a comment and a machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from checks.formats.markdown import cell
from checks.formats.text import clean
from governance import digest
from governance.approval import fix
from governance.changeset import CHANGE, Opinion
from governance.tally import Demand, Glass, Ignored, Standing, Tally

_SIGNS = {True: "✓", False: "✗"}
_FIRST = 3
"""Reasons shown of a rule; the JSON holds all."""


def text(tally: Tally, *, verbose: bool = False) -> str:
    """Each rule with its seats, who fills them, who was ignored and why, and who could help."""
    return "".join(f"{clean(line)}\n" for line in _text(tally, verbose=verbose))


def _text(tally: Tally, *, verbose: bool) -> Iterator[str]:
    yield headline(tally)
    yield _written(tally)
    for demand in tally.demands:
        yield ""
        yield f"{_SIGNS[demand.standing.green]} {demand.rule}: {demand.standing}"
        yield from (f"    {line}" for line in _demand(demand, tally))
    if tally.glass is not None:
        yield ""
        yield from _glass(tally.glass)
    if verbose:
        yield ""
        yield from (f"· {rule} does not apply: {reason}" for rule, reason in tally.skipped)
    yield ""
    yield _sum(tally)


def headline(tally: Tally) -> str:
    """One line: which change, for which branch, by which law."""
    change = tally.change
    pull = f"pull request {change.pull.number}, " if change.pull else ""
    return (
        f"change {digest.short(change.digest)} ({pull}{change.head[:12]} into {change.branch} "
        f"{change.base[:12]}), approval rules {tally.law.version}"
    )


def _written(tally: Tally) -> str:
    if not tally.change.commits and tally.change.pull is None:
        return "no commits"
    people = [f"{person} ({how})" for person, how in sorted(tally.authorship.people.items())]
    shown = "" if tally.authorship.verified else "; neither signatures nor a forge show that"
    return f"written by {', '.join(people) or 'nobody in the roles'}{shown}"


def _demand(demand: Demand, tally: Tally) -> Iterator[str]:
    for reason in demand.reasons[:_FIRST]:
        yield f"because: {reason}"
    if len(demand.reasons) > _FIRST:
        yield f"because of {len(demand.reasons) - _FIRST} more"
    for opinion in demand.objections:
        yield f"✗ {opinion.who} objects: {opinion.rationale or 'no reason given'}"
    for problem in demand.problems:
        yield f"✗ {problem}"
    for seat in demand.seats:
        who = ", ".join(f"{o.who} ({o.source})" for o in seat.filled)
        if seat.filled or not seat.open:
            yield f"✓ {seat.label}: {who or 'not needed'}"
        if seat.open:
            yield f"✗ {seat.label}: {len(seat.filled)} of {seat.needed}"
    for ignored in _told(demand, tally):
        yield f"ignored: {ignored}, {ignored.opinion.source}"
    if not demand.standing.green:
        yield f"fix: {fix(demand, digest.short(_seen(demand, tally)))}"


def _glass(glass: Glass) -> Iterator[str]:
    yield "the glass was broken" if glass.due else "the glass is not broken yet"
    for opinion in glass.counted:
        yield f"    ✓ {opinion.who} ({opinion.source}): {opinion.rationale}"
    for seat in glass.seats:
        if seat.open:
            yield f"    ✗ {seat.label}: {len(seat.filled)} of {seat.needed}"
    yield from (f"    ignored: {item}, {item.opinion.source}" for item in glass.ignored)


def _told(demand: Demand, tally: Tally) -> Iterator[Ignored]:
    """Opinions somebody may miss: those that fill a seat of another rule are no riddle."""
    elsewhere = {opinion.source for other in tally.demands for opinion in other.counted}
    for ignored in demand.ignored:
        if ignored.standing is not Standing.MISSING or ignored.opinion.source not in elsewhere:
            yield ignored


def _seen(demand: Demand, tally: Tally) -> str:
    return tally.change.digest if demand.subjects[0] == CHANGE else demand.subjects[0]


def _sum(tally: Tally) -> str:
    if not tally.demands:
        return "APPROVED: the change touches nothing that needs approval"
    met = sum(demand.standing.green for demand in tally.demands)
    owed = tally.standing is Standing.OVERRIDDEN
    due = f"; the missing approvals are due on {tally.due}" if owed else ""
    return f"{tally.standing}: {met} of {len(tally.demands)} rules are met{due}"


def markdown(tally: Tally) -> str:
    """A table of rules for a pull request: what is missing, who can give it, what was ignored."""
    return "\n".join(_markdown(tally)) + "\n"


def _markdown(tally: Tally) -> Iterator[str]:
    yield f"### Approvals: {tally.standing}"
    yield ""
    yield cell(f"{headline(tally)}; {_written(tally)}")
    if not tally.demands:
        yield ""
        yield cell(_sum(tally))
        return
    yield ""
    yield "| rule | state | given | missing | who can give it |"
    yield "|---|---|---|---|---|"
    for demand in sorted(tally.demands, key=lambda d: d.standing.green):
        yield _row(demand)
    ignored = {
        f"- {cell(str(item))}, {cell(_from(item.opinion))}"
        for demand in tally.demands
        for item in _told(demand, tally)
        if item.standing is not Standing.APPROVED
    }
    if ignored:
        yield ""
        yield "Not counted:"
        yield ""
        yield from sorted(ignored)
    if tally.glass is not None:
        first, *more = _glass(tally.glass)
        due = f" The missing approvals are due on {tally.due}." if tally.due else ""
        yield ""
        yield f"**{first[0].upper()}{first[1:]}.**{due}"
        yield ""
        yield from (f"- {cell(line.strip())}" for line in more)


def _row(demand: Demand) -> str:
    given = [f"{opinion.who} ({_from(opinion)})" for opinion in demand.counted]
    objected = [f"{o.who} objects: {o.rationale}" for o in demand.objections]
    missing = [f"{s.label} {len(s.filled)}/{s.needed}" for s in demand.seats if s.open]
    who = [", ".join(s.candidates) or "nobody left" for s in demand.seats if s.open]
    columns = (
        [demand.rule], [f"{_SIGNS[demand.standing.green]} {demand.standing}"], given,
        [*objected, *demand.problems, *missing], who,
    )  # fmt: skip
    return "| " + " | ".join("<br>".join(map(cell, column)) for column in columns) + " |"


def _from(opinion: Opinion) -> str:
    """Where an opinion was given, as short as a table wants it."""
    return "signed record" if opinion.source.startswith("records/") else opinion.source


def as_json(tally: Tally) -> str:
    """The whole tally for scripts: nothing is shortened, keys are stable."""
    written = json.dumps(value(tally), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    return "".join(map(_visible, written)).replace("##[", "#\\u0023[")


def _visible(char: str) -> str:
    """A character, or its JSON escape when nobody would see it."""
    return char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1]


def value(tally: Tally) -> dict[str, Any]:
    """The tally as plain values."""
    change = tally.change
    return {
        "standing": tally.standing.value,
        "green": tally.green,
        "due": tally.due.isoformat() if tally.due else None,
        "glass": None if tally.glass is None else _glass_value(tally.glass),
        "judged_at": tally.at.isoformat(),
        "repository": tally.repository,
        "change": {
            "digest": change.digest,
            "branch": change.branch,
            "base": change.base,
            "head": change.head,
            "tree": change.tree,
            "paths": list(change.paths),
            "subjects": dict(change.subjects),
            "pull_request": change.pull.number if change.pull else None,
        },
        "law": {"version": tally.law.version, "digest": tally.law.digest},
        "authorship": {
            "people": dict(tally.authorship.people),
            "verified": tally.authorship.verified,
            "unattributed": list(tally.authorship.unattributed),
        },
        "effects": [
            {"kind": effect.kind, "words": effect.words, "subject": effect.subject}
            for effect in tally.effects
        ],
        "rules": [_demand_value(demand) for demand in tally.demands],
        "skipped": [{"rule": rule, "reason": reason} for rule, reason in tally.skipped],
    }


def _glass_value(glass: Glass) -> dict[str, Any]:
    return {
        "counted": [_opinion_value(opinion) for opinion in glass.counted],
        "ignored": [_ignored_value(item) for item in glass.ignored],
        "missing": [seat.label for seat in glass.seats if seat.open],
    }


def _ignored_value(item: Ignored) -> dict[str, Any]:
    return _opinion_value(item.opinion) | {"standing": item.standing.value, "reason": item.reason}


def _demand_value(demand: Demand) -> dict[str, Any]:
    return {
        "rule": demand.rule,
        "because": demand.because,
        "standing": demand.standing.value,
        "subjects": list(demand.subjects),
        "reasons": list(demand.reasons),
        "problems": list(demand.problems),
        "seats": [
            {
                "label": seat.label,
                "needed": seat.needed,
                "filled": [_opinion_value(opinion) for opinion in seat.filled],
                "candidates": list(seat.candidates),
            }
            for seat in demand.seats
        ],
        "objections": [_opinion_value(opinion) for opinion in demand.objections],
        "ignored": [_ignored_value(item) for item in demand.ignored],
    }


def _opinion_value(opinion: Opinion) -> dict[str, Any]:
    return {
        "person": opinion.person,
        "who": opinion.who,
        "said": opinion.said,
        "source": opinion.source,
        "at": opinion.at.isoformat(),
        "role": opinion.role,
        "subject": opinion.subject,
        "digest": opinion.digest,
        "rationale": opinion.rationale,
    }
