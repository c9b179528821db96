"""No row stays longer than its window.

Demands: the oldest landed row of each dataset is inside its window and the days of grace that
    `policies/retention.yaml` gives for removing it; a legal hold suspends this.
Why: stewards confirm retention before training, and it holds at release as well (ML Governance
    and Release Policies, Roles; Privacy, Retention, and Compliance).
Fix: `charter retention plan --write`, let people approve the record, then `charter retention
    apply`.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from governance import evidence
from governance.catalogue import Declarations, Law
from governance.contract import Contract
from governance.evidence import Validation
from governance.facts import Evidence, Now
from governance.finding import Finding, NotApplicable, Place, Verdict
from governance.manifest import Manifest, manifests
from governance.records import Landing
from governance.removal import anonymised
from governance.retention import Retention
from governance.window import Effective, OutOfBounds, Variables, effective, held, today


def evaluate(
    declarations: Declarations, law: Law, found: Evidence, variables: Variables, now: Now
) -> Iterator[Finding | NotApplicable]:
    own = declarations.one(Retention, "retention").value
    base = law.declarations.one(Retention, "retention").value
    contracts = {contract.value.name: contract for contract in declarations.all(Contract)}
    landed = {item.path: item for item in declarations.all(Landing)}
    day, judged, skipped = today(own, now.moment), 0, ["no dataset has landed"]
    for item in landed.values():
        if item.value.at > now.moment:
            problem = f"the clocks disagree: landed at {item.value.at}, now is {now.moment}"
            fix = "correct the clock, or land again"
            yield Finding(item.at("at"), problem, fix, verdict=Verdict.INCONCLUSIVE)
    for name, manifest in manifests(declarations).items():
        if name not in contracts or not manifest.rows:
            continue
        if holds := held(own, name, day):
            skipped.append(f"{name} is under a legal hold: {holds[0].matter}")
            continue
        path = evidence.of_dataset(name, "validation")
        report = found.files.get(path)
        report = report if isinstance(report, Validation) else None
        contract = contracts[name].value
        days = {p: today(own, item.value.at) for p, item in landed.items()}
        judged += 1
        for policy in (own,) if own == base else (own, base):
            try:
                window = effective(policy, name, contract.retention_class, variables)
            except OutOfBounds:
                continue  # retention/bounds speaks of it
            start, place = _oldest(contract, window, manifest, report, days)
            start = max(start, _named_from(declarations, name, manifest) or start)
            # Validation counts instants in UTC, whose day may end before the policy's.
            slack = timedelta(0 if policy.time_zone == "UTC" else 1)
            if day >= window.late_from(start) + slack:
                yield _finding(window, start, day, place)
                break
    if not judged:
        yield NotApplicable(skipped[-1])


def _oldest(
    contract: Contract, window: Effective, manifest: Manifest, report: Validation | None,
    landed: dict[str, date],
) -> tuple[date, Place]:  # fmt: skip
    """The day from which the oldest row stays, and where that is said."""
    record = min((row.landing for row in manifest.rows.values()), key=lambda path: landed[path])
    arrived = landed[record], Place(record, ("at",))
    if report is None or report.events is None or window.counted_from == "landing":
        return arrived
    path = evidence.of_dataset(contract.name, "validation")
    event = report.events.earliest, Place(path, ("events", "earliest"))
    facts = report.columns.get(contract.event_column or "")
    undated = facts is not None and facts.nulls > 0
    return min(event, arrived, key=lambda found: found[0]) if undated else event


def _named_from(declarations: Declarations, name: str, manifest: Manifest) -> date | None:
    """The first day of which rows may name somebody, where older ones were anonymised."""
    done = anonymised(declarations)
    found = [
        done[name, row.file.sha256]
        for row in manifest.rows.values()
        if (name, row.file.sha256) in done
    ]
    if not found:
        return None
    since = min(one.since for one in found)
    later = [
        item.value.source.collected_from or date.min
        for item in declarations.all(Landing)
        if item.value.dataset == name and item.value.at > since
    ]
    return min([min(one.through for one in found) + timedelta(days=1), *later])


def _finding(window: Effective, start: date, day: date, place: Place) -> Finding:
    late = (day - window.due_from(start)).days
    beyond = (
        f", and the maximum of {window.maximum_days} days is passed"
        if window.overdue(start, day)
        else ""
    )
    problem = (
        f"{window.dataset}: rows of {start} are due since {window.due_from(start)}, {late} days ago"
        f" (window {window.days} days from {window.origin}){beyond}"
    )
    fix = f"charter retention plan {window.dataset} --write"
    return Finding(place, problem, fix, (f"basis: {window.basis}",))
