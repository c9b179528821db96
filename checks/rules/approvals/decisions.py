"""A decision of the board rests on votes its members signed.

Demands: each yes and no in `records/decisions/` was signed by that person, as a member of the
    board, about the same subject and digest; a decision to approve has more yes than no; the
    rationale says something.
Why: the Board's decisions and their reasons are recorded; a vote nobody signed is not counted
    (ML Governance and Release Policies, Approval Gates).
Fix: let the members sign with `charter approve`, then record it anew with `charter decide`.
"""

from collections.abc import Iterator

from governance import digest
from governance.catalogue import Declarations
from governance.decision import SignedOpinions, carried, unbacked
from governance.declaration import Declared
from governance.finding import Finding, NotApplicable
from governance.records import Decision


def evaluate(
    declarations: Declarations, signed: SignedOpinions
) -> Iterator[Finding | NotApplicable]:
    decisions = declarations.all(Decision)
    if not decisions:
        yield NotApplicable("no decision is recorded")
    for decision in decisions:
        yield from _judge(decision, signed)


def _judge(found: Declared[Decision], signed: SignedOpinions) -> Iterator[Finding]:
    decision = found.value
    about = f"{decision.subject} at {digest.short(decision.digest)}"
    for person, instead in unbacked(decision, signed):
        vote = decision.votes[person]
        problem = f"nobody can prove the {vote} of {person} on {about}: {instead}"
        word = "charter approve --reject" if vote == "no" else "charter approve"
        fix = f"let {person} sign it with `{word}`, or record the decision without this vote"
        yield Finding(found.at("votes", person), problem, fix)
    if decision.decision == "approve" and not carried(decision.votes):
        votes = list(decision.votes.values())
        problem = f"decides to approve with {votes.count('yes')} yes and {votes.count('no')} no"
        fix = "record what was decided: `charter decide --decision reject` or `defer`"
        yield Finding(found.at("decision"), problem, fix)
    if not any(character.isalnum() for character in decision.rationale):
        fix = "say why, for those who read it in a year"
        yield Finding(found.at("rationale"), "the rationale says nothing", fix)
