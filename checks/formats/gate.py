"""The whole judgement of a pull request on one page: approvals first, then every finding."""

from __future__ import annotations

from collections.abc import Sequence

from checks.formats import approvals, markdown
from checks.judgement import Judgement
from governance.finding import Finding, Verdict
from governance.tally import Tally


def title(judgements: Sequence[Judgement]) -> str:
    """What the list of checks shows beside the name."""
    code = max(judgement.exit_code for judgement in judgements)
    findings = sum(len(judgement.findings) for judgement in judgements)
    told = f"{findings} finding{'s' * (findings != 1)}"
    return {0: "in order", 1: told, 2: f"could not be judged; {told}"}[code]


def page(judgements: Sequence[tuple[Judgement, Tally | None]]) -> str:
    """The comment and the job summary."""
    parts = []
    for judgement, tally in judgements:
        parts.append(markdown.render(judgement))
        if tally is not None:
            parts.append(approvals.markdown(tally))
    return "\n".join(parts)


def remarks(judgements: Sequence[Judgement]) -> list[tuple[str, Finding]]:
    """Findings that stand in a file, and what was not judged, the gravest first."""
    found = [pair for judgement in judgements for pair in judgement.findings]
    return sorted(found, key=lambda pair: (_ORDER.index(pair[1].verdict), pair[1].at.path))


_ORDER = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE)
