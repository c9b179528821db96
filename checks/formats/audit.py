"""An audit for a terminal, a job summary, a forge and a machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.formats import github as workflow
from checks.formats import markdown as tables
from checks.formats.markdown import cell
from checks.formats.text import clean
from checks.judgement import Judgement, RuleResult, worst
from governance import audit as rules
from governance import jsontext
from governance.audit import Audit, Cover, Covering, Remark
from governance.finding import Verdict

FORMAT = 1


def text(found: Audit, *, verbose: bool = False) -> str:
    """Findings, then what has to be seen though it is in order, then the sum."""
    return "".join(f"{line}\n" for line in _text(found, verbose=verbose))


def _text(found: Audit, *, verbose: bool) -> Iterator[str]:
    for remark in found.findings:
        yield from _remark(remark)
    for remark in found.notes:
        yield from _remark(remark)
    if verbose:
        yield from (_commit(covering) for covering in found.commits)
    yield summary(found)


def where(remark: Remark) -> str:
    """The commit a remark is about: short id, day, title; else the place."""
    commit = remark.commit
    if commit is None:
        return clean(str(remark.finding.at))
    return clean(f"{commit.id[:12]} {commit.at:%Y-%m-%d} {commit.title[:72]!r} by {commit.author}")


def _remark(remark: Remark) -> Iterator[str]:
    found = remark.finding
    mark = {Verdict.PASS: "note: ", Verdict.ERROR: "not judged: "}.get(found.verdict, "")
    yield f"{where(remark)}: {mark}{clean(found.problem)}  [{remark.rule}]"
    yield from (f"  {clean(note)}" for note in found.notes)
    first, *rest = found.fix.split("\n")
    if first:
        yield f"  fix: {clean(first)}"
        yield from (f"    {clean(line)}" for line in rest)


def _commit(covering: Covering) -> str:
    commit, tally = covering.commit, covering.tally
    rules_met = ", ".join(d.rule for d in tally.demands) if tally else ""
    shown = f" ({rules_met})" if rules_met else ""
    return clean(
        f"{commit.id[:12]} {commit.at:%Y-%m-%d} {covering.cover}{shown}: {commit.title[:72]}"
    )


def summary(found: Audit) -> str:
    """One line: how many commits, how they are covered, where the audit begins."""
    findings = len(found.findings)
    if found.since and not found.commits:
        told = f"0 commits since {found.since[:12]}: nothing of {clean(found.branch)} was judged"
        words = f"; {findings} finding{'' if findings == 1 else 's'}" if findings else ""
        return f"{told} (HEAD {found.head[:12]}){words}"
    told = f"{findings} finding{'' if findings == 1 else 's'}; {len(found.commits)} commits of"
    parts = [
        f"{told} {clean(found.branch)}: {found.count(Cover.COVERED)} covered",
        f"{found.count(Cover.FREE)} need no approval",
    ]
    named = {
        "covered afterwards": found.count(Cover.AFTERWARDS, Cover.PAID),
        "open debts": found.count(Cover.DEBT),
        "overdue": found.count(Cover.OVERDUE),
        "not covered": found.count(Cover.UNCOVERED),
        "not judged": found.count(Cover.UNJUDGED),
    }
    parts += [f"{count} {words}" for words, count in named.items() if count]
    begin = f"after {found.start[:12]}" if found.start else "from the first commit"
    older = f"; {found.older} older taken on trust" if found.older else ""
    return f"{', '.join(parts)} (HEAD {found.head[:12]}, {begin}{older})"


def markdown(found: Audit) -> str:
    """A heading with the outcome, tables of findings and notes."""
    return "\n".join(_markdown(found)) + "\n"


def _markdown(found: Audit) -> Iterator[str]:
    outcome = {0: "in order", 1: "not in order", 2: "could not be judged"}[found.exit_code]
    yield f"## Audit: {outcome}"
    yield ""
    yield cell(summary(found))
    for title, remarks in (("Findings", found.findings), ("Notes", found.notes)):
        if not remarks:
            continue
        yield ""
        yield f"### {title}"
        yield ""
        yield "| where | what | fix | rule |"
        yield "|---|---|---|---|"
        for remark in remarks[: tables.MOST]:
            told = remark.finding
            what = " ".join([told.problem, *(f"({note})" for note in told.notes)])
            fix = "<br>".join(cell(line) for line in told.fix.split("\n"))
            yield f"| {cell(where(remark))} | {cell(what)} | {fix} | {remark.rule} |"
        if len(remarks) > tables.MOST:
            yield ""
            yield f"{len(remarks) - tables.MOST} more: see the log."


def github(found: Audit) -> str:
    """Annotations for findings, then the sum."""
    results = []
    for rule in rules.RULES:
        mine = tuple(r.finding for r in found.findings if r.rule == rule)
        results.append(RuleResult(rule, worst(mine), mine))
    judgement = Judgement(tuple(results), found.branch, found.head, found.since, found.at)
    lines = workflow.render(judgement).splitlines()[:-1]
    return "\n".join([*lines, summary(found)]) + "\n"


def as_json(found: Audit) -> str:
    """The whole audit for scripts; keys are stable."""
    return jsontext.dump(value(found)).decode()


def value(found: Audit) -> dict[str, Any]:
    """The audit as plain values."""
    return {
        "format": FORMAT,
        "branch": found.branch,
        "head": found.head,
        "start": found.start,
        "older": found.older,
        "at": found.at.isoformat(),
        "exit_code": found.exit_code,
        "counts": {cover.value: found.count(cover) for cover in Cover},
        "findings": [_value(remark) for remark in found.findings],
        "notes": [_value(remark) for remark in found.notes],
        "commits": [_covering(covering) for covering in found.commits],
        "seconds": {name: round(taken, 3) for name, taken in found.seconds.items()},
    }


def _value(remark: Remark) -> dict[str, Any]:
    told, commit = remark.finding, remark.commit
    return {
        "rule": remark.rule,
        "verdict": told.verdict.value,
        "commit": commit.id if commit else None,
        "date": commit.at.isoformat() if commit else None,
        "author": commit.author if commit else None,
        "title": commit.title if commit else None,
        "path": told.at.path.encode(errors="surrogateescape").decode(errors="backslashreplace"),
        "problem": told.problem,
        "notes": list(told.notes),
        "fix": told.fix,
    }


def _covering(covering: Covering) -> dict[str, Any]:
    tally = covering.tally
    return {
        "commit": covering.commit.id,
        "cover": covering.cover.value,
        "since": covering.since,
        "until": covering.until,
        "digest": tally.change.digest if tally else None,
        "due": covering.due.isoformat() if covering.due else None,
        "rules": {d.rule: d.standing.value for d in tally.demands} if tally else {},
    }
