"""Answers about approval rules, for a terminal and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from checks.formats import approvals
from checks.formats.text import clean, finding
from governance import jsontext
from governance.finding import Finding
from governance.impact import Outcome
from governance.matrix import Need, Row, Step, grouped
from governance.trial import Trial, why

RULE = "approvals/cases"
_SIGNS = {True: "✓", False: "✗"}
_FEW = 6
"""Paths shown of a group; --verbose and the JSON show all."""


# Cases.


def trials(
    tried: Sequence[Trial], unshown: Sequence[str], refused: Sequence[Finding], *, verbose: bool
) -> str:
    """A line for each case, what was not met, and the sum."""
    lines = _table([(t.name, t.case.value.expect.standing, t.tally.standing) for t in tried], tried)
    parts = [*lines]
    for trial in tried:
        if verbose:
            parts += ["", f"{trial.name}: {clean(trial.case.value.about)}"]
            parts += [f"  {line}".rstrip() for line in _whole(trial)]
        for found in trial.unmet:
            parts += ["", *finding(RULE, found)]
    for found in refused:
        parts += ["", *finding("declarations/loadable", found)]
    parts += ["", _sum(tried, unshown, refused)]
    return "".join(f"{line}\n" for line in parts)


def _table(cells: Sequence[tuple[str, str, str]], tried: Sequence[Trial]) -> Iterator[str]:
    heads = ("case", "expected", "answer")
    wide = [max(len(row[column]) for row in [heads, *cells]) for column in range(2)]
    yield f"  {heads[0]:<{wide[0]}}  {heads[1]:<{wide[1]}}  {heads[2]}"
    for (name, expected, answer), trial in zip(cells, tried, strict=True):
        sign = _SIGNS[not trial.unmet]
        yield f"{sign} {name:<{wide[0]}}  {expected:<{wide[1]}}  {answer}"


def _whole(trial: Trial) -> list[str]:
    return approvals.text(trial.tally, verbose=True).splitlines()[1:]


def _sum(tried: Sequence[Trial], unshown: Sequence[str], refused: Sequence[Finding]) -> str:
    met = sum(not trial.unmet for trial in tried)
    words = [f"{met} of {len(tried)} cases are met"]
    if refused:
        words.append(f"{len({found.at.path for found in refused})} could not be read")
    if unshown:
        words.append(f"no case shows {', '.join(unshown)}")
    return "; ".join(words)


def trials_json(tried: Sequence[Trial], unshown: Sequence[str], refused: Sequence[Finding]) -> str:
    """All of it."""
    value = {
        "format": 1,
        "cases": [
            {
                "name": trial.name,
                "path": trial.case.path,
                "about": trial.case.value.about,
                "expected": trial.case.value.expect.standing.value,
                "answer": trial.tally.standing.value,
                "met": not trial.unmet,
                "unmet": [_finding(found) for found in trial.unmet],
                "rules": [
                    {"rule": demand.rule, "standing": demand.standing.value}
                    for demand in trial.tally.demands
                ],
            }
            for trial in tried
        ],
        "unshown": list(unshown),
        "refused": [_finding(found) for found in refused],
    }
    return jsontext.dump(value).decode()


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "path": found.at.path, "line": found.at.line, "pointer": found.at.pointer,
        "problem": found.problem, "notes": list(found.notes), "fix": found.fix,
    }  # fmt: skip


# Impact.


@dataclass(frozen=True, slots=True)
class Judged:
    """Something that was judged again: its name, and what came of it, or why nothing could."""

    name: str
    title: str
    outcome: Outcome | None
    reason: str = ""
    early: bool = False
    """Whether there was no law yet that this version could read: nothing to compare with."""


def impact(headline: str, merges: Sequence[Judged], live: Sequence[Judged]) -> str:
    """What flips, with the rules responsible; then the sum."""
    lines = [headline, ""]
    for kind, found in (("merge", merges), ("live version", live)):
        for item in found:
            lines += _judged(item)
        lines += [_counted(kind, found)]
        if kind == "merge":
            lines += [""]
    return "".join(f"{clean(line)}\n" for line in lines)


def _judged(item: Judged) -> Iterator[str]:
    if item.outcome is None:
        if not item.early:
            yield f"? {item.name} {item.title}: not judged: {item.reason}"
        return
    if not item.outcome.flips:
        return
    sign = _SIGNS[not item.outcome.lost]
    yield f"{sign} {item.name} {item.title}: {item.outcome.before} → {item.outcome.after}"
    for demand in item.outcome.responsible:
        if item.outcome.lost:
            yield f"    {demand.rule}: {demand.because}"
            lines = why(demand, filled=False)
            yield from (f"      {line.partition(': ')[2]}" for line in lines)
        else:
            yield f"    {demand.rule} no longer stops it"


def _counted(kind: str, found: Sequence[Judged]) -> str:
    outcomes = [item.outcome for item in found if item.outcome is not None]
    early = sum(item.early for item in found)
    open_ = len(found) - len(outcomes) - early
    words = []
    if same := sum(not o.flips for o in outcomes):
        words.append(f"{same} as before")
    if lost := sum(o.lost for o in outcomes):
        words.append(f"{lost} would not have got through")
    if won := sum(o.flips and not o.lost for o in outcomes):
        words.append(f"{won} would have got through")
    if early:
        words.append(f"{early} came before rules that can be read")
    if open_:
        words.append(f"{open_} could not be judged")
    plural = "" if len(found) == 1 else "s"
    return f"{len(found)} {kind}{plural}: {', '.join(words)}" if found else f"no {kind}"


def impact_json(headline: str, merges: Sequence[Judged], live: Sequence[Judged]) -> str:
    """All of it, those that stand as before too."""
    value = {
        "format": 1,
        "about": headline,
        "merges": [_judged_value(item) for item in merges],
        "live": [_judged_value(item) for item in live],
    }
    return jsontext.dump(value).decode()


def _judged_value(item: Judged) -> dict[str, Any]:
    found = item.outcome
    return {
        "name": item.name,
        "title": item.title,
        "before": found.before.value if found else None,
        "after": found.after.value if found else None,
        "flips": found.flips if found else None,
        "rules": [demand.rule for demand in found.responsible] if found else [],
        "reason": item.reason,
    }


# Paths.


def matrix(rows: Sequence[Row], *, each: bool, verbose: bool) -> str:
    """What paths need: each on its own, or those with equal needs together."""
    lines: list[str] = []
    for needs, paths in [(row.needs, [row.path]) for row in rows] if each else grouped(rows):
        lines += [_listed(paths, verbose=verbose), *_needs(needs, people=each or verbose), ""]
    return "".join(f"{clean(line)}\n" for line in lines[:-1])


def _needs(needs: Iterable[Need], *, people: bool) -> Iterator[str]:
    found = list(needs)
    if not found:
        yield "    free: nobody has to approve"
    for need in found:
        perhaps = "" if need.sure else "perhaps "
        yield f"    {perhaps}{need.rule}: {need}"
        if people:
            for label, _ in need.seats:
                if who := need.people.get(label):
                    yield f"        {label}: {', '.join(who)}"


def _listed(paths: Sequence[str], *, verbose: bool) -> str:
    shown = list(paths if verbose else paths[:_FEW])
    left = len(paths) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def matrix_json(rows: Sequence[Row]) -> str:
    """All of it."""
    value = {
        "format": 1,
        "paths": {
            row.path: [
                {
                    "rule": need.rule,
                    "sure": need.sure,
                    "seats": [
                        {"seat": label, "count": count, "people": list(need.people.get(label, ()))}
                        for label, count in need.seats
                    ],
                }
                for need in row.needs
            ]
            for row in rows
        },
    }
    return jsontext.dump(value).decode()


Joined = tuple[str, tuple[str, ...], tuple[str, ...]]


def steps(
    found: Sequence[Step], loosened: Sequence[str], joined: Sequence[Joined], base: str, *,
    verbose: bool,
) -> str:  # fmt: skip
    """Which rules ask for less than at the base, where, where more, and who may give it now."""
    lines: list[str] = []
    if loosened:
        lines += [f"rules that ask for less than at {base}:", *(f"  {rule}" for rule in loosened)]
    for title, pick in (("fewer", True), ("more", False)):
        groups: dict[tuple[str, ...], list[str]] = {}
        for step in found:
            if seats := step.lost if pick else step.gained:
                place = f"{step.path} (once added)" if step.example else step.path
                groups.setdefault(seats, []).append(place)
        if groups:
            lines.append(f"{title} than at {base}:")
        for seats, paths in groups.items():
            lines += [f"  {'; '.join(seats)}", f"      {_listed(paths, verbose=verbose)}"]
    if joined:
        lines.append(f"other people than at {base}:")
    for label, new, gone in joined:
        words = [*(f"+{person}" for person in new), *(f"-{person}" for person in gone)]
        lines.append(f"  {label}: {', '.join(words)}")
    lost, gained = (sum(bool(seats) for seats in side) for side in _sides(found))
    plural = "path needs" if lost == 1 else "paths need"
    number = "1 rule asks" if len(loosened) == 1 else f"{len(loosened)} rules ask"
    rules = f"; {number} for less" if loosened else ""
    lines.append(f"{lost} {plural} fewer approvals than at {base}, {gained} more{rules}")
    return "".join(f"{clean(line)}\n" for line in lines)


def _sides(found: Sequence[Step]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    return [step.lost for step in found], [step.gained for step in found]


def steps_json(
    found: Sequence[Step], loosened: Sequence[str], joined: Sequence[Joined]
) -> str:  # fmt: skip
    """All of it."""
    value = {
        "format": 1,
        "rules": list(loosened),
        "paths": {
            s.path: {"lost": list(s.lost), "gained": list(s.gained), "example": s.example}
            for s in found
        },
        "people": {label: {"in": list(new), "out": list(gone)} for label, new, gone in joined},
    }
    return jsontext.dump(value).decode()
