"""The three reviews a new entry names: the newest statements about just these bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from adapters.git import Revision
from governance import digest, reviewed
from governance.attestation import Attested
from governance.digest import short
from governance.model import Model
from governance.version import REVIEWS, Review, Reviewed
from pipelines.attest import said
from pipelines.confirmed import Base
from pipelines.registry_standing import envelopes


def reviews(  # noqa: PLR0913 - the model, its bytes, its evidence, by whose law, when
    root: Path, law: Base, model: str, seen: str, evidence: Mapping[str, str], now: datetime
) -> tuple[dict[Review, Reviewed], list[str]]:
    """The newest statement of each review about the model's bytes, and what is wrong with it."""
    claims = said(root, now, law)
    newest, known = reviewed.newest(claims, model, seen), envelopes(root)
    chosen: dict[Review, Reviewed] = {}
    lines = []
    for review in REVIEWS:
        one = newest.get(review)
        if one is None:
            lines.append(f"no {review} review of {short(seen)}\n  fix: charter review {model}")
            continue
        chosen[review] = Reviewed(record=one.path, digest=known[one.path])
        lines += [
            f"{doubt.problem}\n  fix: {doubt.fix}"
            for doubt in reviewed.told(model, seen, evidence, review, one, settled=False)
            if not doubt.undecided  # the board decides on the version, which has to be there first
        ]
        lines += _outdated(root, law, model, review, one)
    if len(chosen) < len(REVIEWS):  # one that counts for nothing may be what is missed
        lines += [f"{found.at}: {found.problem}\n  fix: {found.fix}" for found in claims.problems]
    return chosen, lines


def _outdated(root: Path, law: Base, model: str, review: Review, one: Attested) -> Iterator[str]:
    """What the governed branch has by now that a review did not see."""
    fix = f"fix: charter review {model}"
    used = {
        path: seen
        for path, seen in reviewed.configured(one.predicate).items()
        if path.startswith("policies/") and path in law.declarations.paths
    }
    for path, data in Revision(root, law.commit).read_many(sorted(used)):
        if digest.of_bytes(data) != used[path]:
            yield f"{review} review: {path} of {law.name} is another one by now\n  {fix}"
    if review == "performance" and "champion" in one.own:
        seen = one.own["champion"]
        was = seen.get("version") if isinstance(seen, dict) else None
        found = [m.value for m in law.declarations.all(Model) if m.value.name == model]
        now = found[0].champion if found else None
        if was != now:
            yield f"{review} review: held against {was or 'no champion'}, now it is {now}\n  {fix}"
