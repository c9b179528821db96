"""Everything that is due: one calendar, with who owes it and which promotions wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from governance import deployment, ending, incidents, period, reviews
from governance.declaration import Declared
from governance.due import Due, Sources
from governance.evidence import SNAPSHOTS, Snapshot
from governance.finding import Place
from governance.records import Incident, Review
from governance.release import Release, Rollout
from governance.reviews import AUDIT, Reviews
from governance.roles import Roles

RELEASE_REVIEW: Final = "post-release-review"
"""The obligation a review after a release carries out; its subject is `model:NAME@VERSION`."""


def calendar(sources: Sources) -> tuple[Due, ...]:
    """Everything due, the first first."""
    found = [
        *_recurring(sources),
        *_released(sources),
        *_drills(sources),
        *_incidents(sources),
        *ending.licences(sources),
        *ending.waivers(sources),
        *ending.keys(sources),
        *ending.approvals(sources),
    ]
    return tuple(sorted(found, key=lambda due: (due.on, due.id)))


def _recurring(sources: Sources) -> Iterator[Due]:
    """Reviews of the tree's and the base's `policies/reviews.yaml`, whichever asks earlier."""
    found: dict[str, Due] = {}
    roles = sources.own.one(Roles, "roles").value
    records = sources.own.all(Review)
    declared = sources.own.one(Reviews, "reviews")
    names = [obligation.id for obligation in declared.value.obligations]
    for policy in (declared.value, sources.law.one(Reviews, "reviews").value):
        for due in reviews.due(policy, records, sources.own, roles, sources.now):
            owed = due.obligation
            route = ("obligations", names.index(owed.id)) if owed.id in names else ("obligations",)
            fix = f"{owed.owner} carries it out and records it in records/reviews/"
            if owed.id == AUDIT:
                fix = f"{owed.owner} runs `charter retention audit --write --by PERSON`"
            one = Due(
                owed.id, f"{owed.title} ({due.why})", due.on, owed.owner, fix, declared.at(*route),
                blocks=not due.editions,
            )  # fmt: skip
            if owed.id not in found or one.on < found[owed.id].on:
                found[owed.id] = one
    yield from found.values()


def _released(sources: Sources) -> Iterator[Due]:
    """The review that follows each release to everybody."""
    release = sources.law.one(Release, "release").value
    last = release.steps[-1].id
    for model in sorted({one.what.model for one in sources.history}):
        history = [one for one in sources.history if one.what.model == model]
        for version, at in deployment.begun(history, last).items():
            subject = f"model:{model}@{version}"
            if any(
                _reviews(found, subject, model, at, sources) for found in sources.own.all(Review)
            ):
                continue
            fix = (
                f"{release.review_by} looks at the telemetry and the gates since, and records it:"
                f" `charter obligations --review {model}@{version} --by PERSON --because TEXT`"
            )
            yield Due(
                f"{RELEASE_REVIEW}:{model}@{version}",
                f"Review {version} of {model}, in full release since {at:%Y-%m-%d}",
                period.after(at.date(), release.review_within), release.review_by, fix,
                Place(next(one.path for one in history if one.at == at)), model, blocks=True,
            )  # fmt: skip


def _reviews(
    found: Declared[Review], subject: str, model: str, since: datetime, sources: Sources
) -> bool:
    """Whether a record reviews a release: by its role, in order, over telemetry since then."""
    review, release = found.value, sources.law.one(Release, "release").value
    role = sources.law.one(Roles, "roles").value.roles.get(release.review_by)
    holders = {m.person for m in role.members if m.active(review.at.date())} if role else set()
    telemetry = any(
        isinstance(shot := sources.evidence.get(path), Snapshot)
        and path.startswith(f"{SNAPSHOTS}/{model}/")
        and f"model:{shot.model}@{shot.version}" == subject
        and shot.ends > since
        and sources.digests.get(path) == seen
        for path, seen in review.evidence.items()
    )
    return (
        review.obligation == RELEASE_REVIEW
        and review.subject == subject
        and since <= review.at <= sources.now
        and review.outcome == "in-order"
        and bool(holders & set(review.by))
        and telemetry
    )


def _drills(sources: Sources) -> Iterator[Due]:
    """The next exercise of every way back that is named."""
    release = sources.law.one(Release, "release").value
    for found in sources.own.all(Rollout):
        rollout = found.value
        if rollout.rollback_to in {None, rollout.version}:
            continue
        history = [one for one in sources.history if one.what.model == rollout.model]
        at = deployment.exercised(history, rollout.rollback_to)
        every = release.rollback_drill_every
        yield Due(
            f"rollback-drill:{rollout.model}@{rollout.rollback_to}",
            f"Exercise the way back of {rollout.model} to {rollout.rollback_to}",
            period.after(at.date(), every) if at else period.after(release.effective, every),
            release.owner, f"charter rollback {rollout.model} --drill", found.at("rollback_to"),
            rollout.model, blocks=True,
        )  # fmt: skip


def _incidents(sources: Sources) -> Iterator[Due]:
    """Incidents of the gravest kind that are not closed, or that nobody has triaged."""
    for case in incidents.cases(sources.own.all(Incident)):
        if case.severity == "P0" and (case.lacking or case.closed_at is None):
            todo = f"give it {' and '.join(case.lacking)}" if case.lacking else "close it"
            fix = f"{todo}: a record in records/incidents/ with `of: {case.id}`"
            yield Due(
                f"incident:{case.id}", f"P0 of {case.model}: {case.summary}", case.at.date(),
                case.owner or "mlops", fix, Place(case.path), case.model, blocks=False,
            )  # fmt: skip
