"""Facts about promotions: what a change puts in front of more people, and on which ground."""

from __future__ import annotations

from adapters import attest
from governance import deployment, rollout
from governance.attestation import Attestations
from governance.catalogue import Declarations, Law
from governance.due import Sources
from governance.facts import Change, Evidence, Now
from governance.model import Model
from governance.promotion import Ground, Promotions


def sources(
    own: Declarations, law: Law, evidence: Evidence, attestations: Attestations, now: Now
) -> Sources:
    """What the calendar of everything due is made from."""
    history = deployment.deployments(attestations)
    return Sources(own, law.declarations, history, evidence.files, evidence.digests, now.moment)


def promotions(
    change: Change | None, own: Declarations, law: Law, evidence: Evidence, now: Now
) -> Promotions | None:
    """What the proposed change promotes; None when none was named.

    It looks at the statements itself, so that without a change nothing waits for them.
    """
    if change is None:
        return None
    statements = attest.verified(own, law, now.moment)
    ground = Ground.of(sources(own, law, evidence, statements, now))
    champions = {m.value.name: m.value.champion for m in change.base.all(Model)}
    return Promotions(
        ground,
        rollout.changes(ground.release, change.base, own),
        tuple(
            model
            for model in own.all(Model)
            if model.value.champion not in {None, champions.get(model.value.name)}
        ),
        tuple(deployment.unreadable(statements)),
    )
