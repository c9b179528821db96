"""The judgement for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from checks.judgement import Judgement
from governance.finding import Finding, Verdict

_MARK = {
    Verdict.FAIL: "",
    Verdict.PASS: "settled: ",
    Verdict.INCONCLUSIVE: "inconclusive: ",
    Verdict.ERROR: "error: ",
}


def render(judgement: Judgement, *, verbose: bool = False) -> str:
    """Each finding with its place, notes and fix, then what was not judged, then the sum."""
    return "\n".join(_lines(judgement, verbose=verbose)) + "\n"


def finding(rule: str, found: Finding) -> Iterator[str]:
    """The lines of one finding."""
    mark = _MARK.get(found.verdict, "")
    yield f"{place(found)}: {mark}{clean(found.problem)}  [{rule}]"
    for note in found.notes:
        yield f"  {clean(note)}"
    yield f"  fix: {clean(found.fix)}"


def place(found: Finding) -> str:
    """Where it is; a path that a log would take for a command begins with `./`."""
    shown = clean(str(found.at))
    return f"./{shown}" if shown.startswith((":", "#")) else shown


def _lines(judgement: Judgement, *, verbose: bool) -> Iterator[str]:
    for rule, found in judgement.findings:
        yield from finding(rule, found)
    for result in judgement.results:
        if result.verdict is Verdict.ERROR and not result.findings:
            yield f"not judged: {clean(result.reason or '')}  [{result.rule}]"
        elif verbose and result.verdict is Verdict.NOT_APPLICABLE:
            yield f"not applicable: {clean(result.reason or '')}  [{result.rule}]"
        elif verbose and result.verdict is Verdict.PASS:
            yield f"pass  [{result.rule}]"
    yield summary(judgement)


def summary(judgement: Judgement) -> str:
    """One line: how many rules, with which verdicts, on what."""
    counts = judgement.counts
    words = [f"{counts[verdict]} {verdict.value}" for verdict in Verdict if counts[verdict]]
    where = clean(judgement.tree)
    if judgement.commit == judgement.tree:
        where = where[:12]
    elif judgement.commit is not None:
        where += f" {judgement.commit[:12]}"
    against = f" against {judgement.base[:12]}" if judgement.base else ""
    total = sum(not found.verdict.green for _, found in judgement.findings)
    settled = len(judgement.findings) - total
    plural = "finding" if total == 1 else "findings"
    beside = f", {settled} settled" if settled else ""
    told = f"{total} {plural}{beside}; {len(judgement.results)} rules"
    return f"{told}: {', '.join(words)} ({where}{against})"


def clean(text: str) -> str:
    """`text` with control and invisible characters spelled out: reports must not be steered.

    GitHub's runner also takes `##[` for the beginning of a command, wherever it stands.
    """
    shown = "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)
    return shown.replace("##[", "#\\u{23}[")
