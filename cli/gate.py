"""The gate of a pull request: judge it, see that nothing moved meanwhile, publish the verdict."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from adapters.forge import Annotation, Conclusion, Forge, NotAllowed
from checks import engine
from checks.collect import Collector
from checks.formats import gate, text
from checks.formats.markdown import cell
from checks.judgement import Judgement
from checks.situation import Situation
from cli.proposed import forge, proposed, tip
from cli.situate import situate
from governance.approvals import Approvals
from governance.catalogue import Law
from governance.finding import CouldNotJudge, Finding, Verdict
from governance.forge_settings import CHECK
from governance.tally import Tally


@dataclass(frozen=True, slots=True)
class Judged:
    """One judgement with what it rests on."""

    situation: Situation
    judgement: Judgement
    tally: Tally | None


def judged(situation: Situation, only: Sequence[str] = ()) -> Judged:
    """Every rule's verdict, and how the approvals stand."""
    collector = Collector(situation)
    judgement = engine.judge(collector, engine.select(only))
    found = collector.attempt(Tally | None)
    return Judged(situation, judgement, None if isinstance(found, CouldNotJudge) else found)


def pull(repo: Path, number: int, *, expected: str | None, now: str | None) -> Judged:
    """The judgement of a pull request.

    Raises:
        CouldNotJudge: its head is not the expected one, or another open pull request has the
            same head: a verdict hangs on a commit, and one would show on both (threat B40).
    """
    found = judged(proposed(repo, base=None, head=expected, number=number, now=now))
    assert found.situation.proposal is not None  # noqa: S101 - `proposed` made one
    request = found.situation.proposal.pull
    assert request is not None  # noqa: S101 - the same
    others = [n for n in forge().pulls_with_head(request.head) if n != number]
    if others:
        named = ", ".join(map(str, others))
        msg = f"pull requests {number} and {named} have one head, so one check would show on both"
        raise CouldNotJudge(msg)
    return found


def queue(repo: Path, head: str, branch: str | None, *, now: str | None) -> list[Judged]:
    """The judgement of every pull request in a merge group, and of the tree they make together."""
    base = tip_of_group(repo, branch, now)
    numbers = forge().queued(branch or base.branch, head)
    found = [pull(repo, number, expected=None, now=now) for number in numbers]
    joint = situate(repo, base=base.commit, head=head, now=now)
    found.append(judged(Situation(joint.root, joint.tree, joint.now, joint.base)))
    return found


@dataclass(frozen=True, slots=True)
class Target:
    """The branch a queue merges into, and where it is."""

    branch: str
    commit: str


def tip_of_group(repo: Path, branch: str | None, now: str | None) -> Target:
    """The governed branch; it has to be named where there are several.

    Raises:
        CouldNotJudge: it is not named though several are governed.
    """
    situation = situate(repo, head="HEAD", now=now)
    policy = Collector(situation).get(Law).declarations.one(Approvals, "approvals").value
    if branch is None and len(policy.branches) != 1:
        msg = "several branches are governed: name the one the queue is for with --branch"
        raise CouldNotJudge(msg)
    name = branch or policy.branches[0]
    return Target(name, tip(situation.root, name))


def publish(found: Sequence[Judged], head: str) -> None:
    """The verdict stands at the forge as one check and one comment; nothing moved meanwhile.

    Raises:
        CouldNotJudge: something did move, or the forge did not take it.
    """
    at, judgements = forge(), [item.judgement for item in found]
    for item in found:
        unmoved(item, at)
    page = gate.page([(item.judgement, item.tally) for item in found])
    green = all(judgement.exit_code == 0 for judgement in judgements)
    told = [_annotation(rule, finding) for rule, finding in gate.remarks(judgements)]
    conclusion: Conclusion = "success" if green else "failure"
    with _allowed():
        at.publish(CHECK, head, conclusion, gate.title(judgements), page, told)
    for item in found:
        if item.situation.proposal and (request := item.situation.proposal.pull):
            with _allowed():
                at.comment(request.number, CHECK, page)


def publish_failure(reason: CouldNotJudge, head: str) -> None:
    """The commit carries no older verdict: that it could not be judged is one as well."""
    page = f"## Charter: could not be judged\n\n{cell(str(reason))}\n"
    with contextlib.suppress(CouldNotJudge):  # the reason itself is told either way
        forge().publish(CHECK, head, "failure", "could not be judged", page)


@contextlib.contextmanager
def _allowed() -> Iterator[None]:
    """A note instead of a refusal: a fork's token only reads, and then the exit code is all."""
    try:
        yield
    except NotAllowed as refusal:
        click.echo(f"note: not published: {refusal}", err=True)


def unmoved(item: Judged, at: Forge) -> None:
    """Nothing; what was judged is still what would be merged, and under the same law.

    Raises:
        CouldNotJudge: the head, the target branch, a review or the base moved.
    """
    proposal, base = item.situation.proposal, item.situation.base
    if proposal is None or proposal.pull is None or base is None:
        return
    again = at.pull(proposal.pull.number)
    if again != proposal.pull:
        msg = f"pull request {again.number} changed while it was judged: judge again"
        raise CouldNotJudge(msg)
    latest = at.tip(again.base_branch)
    if latest != base.commit:
        msg = f"{again.base_branch} moved to {latest[:12]} meanwhile: fetch it and judge again"
        raise CouldNotJudge(msg)


def summarise(found: Sequence[Judged]) -> None:
    """The page stands in the summary of the job, where there is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as summary:
            summary.write(gate.page([(item.judgement, item.tally) for item in found]))


def _annotation(rule: str, finding: Finding) -> Annotation:
    return Annotation(
        path=finding.at.path,
        line=finding.at.line or 1,
        level="warning" if finding.verdict is Verdict.INCONCLUSIVE else "failure",
        title=rule,
        message="\n".join(
            text.clean(line) for line in (finding.problem, *finding.notes, f"fix: {finding.fix}")
        ),
    )
