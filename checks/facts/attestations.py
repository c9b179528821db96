"""Facts about what machines signed."""

from __future__ import annotations

from adapters import attest
from governance.attestation import Attestations
from governance.catalogue import Declarations, Law
from governance.facts import Now


def attestations(law: Law, own: Declarations, now: Now) -> Attestations:
    """Statements of machines in the judged tree, by the law of the base."""
    return attest.verified(own, law, now.moment)
