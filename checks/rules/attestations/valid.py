"""Every statement of a machine was signed by that machine.

Demands: the envelope in each file of `records/attestations` can be read in one way only, carries
    one signature, by a key of the machine it names that counted on that day, was signed for this
    repository at the moment the record gives, and stands in one record only; machines are those
    the registry policy of the base names. Until a record has reached the base, the key has to
    count today as well.
Why: reviews, replays and deployments are believed because a machine signed them (ML Governance and
    Release Policies, Release Management; IE-MGP-2025.01 §3).
Fix: let the machine sign again; a key that is no machine's is declared first.
"""

from collections.abc import Iterator

from governance.attestation import Attestations
from governance.finding import Finding, NotApplicable


def evaluate(attestations: Attestations) -> Iterator[Finding | NotApplicable]:
    if not attestations.valid and not attestations.problems:
        yield NotApplicable("no machine signed anything")
    yield from attestations.problems
