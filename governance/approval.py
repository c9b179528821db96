"""Whether a change has the approvals it needs: pure, and able to say why not.

Nothing vanishes here. Each opinion ends as counted or as ignored with a reason, each rule as
demanded or as skipped with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from governance import condition, digest, period, voice
from governance.approvals import ApprovalRule, When
from governance.changeset import CHANGE, Opinion
from governance.condition import Part
from governance.finding import Place
from governance.matching import Slot, fill, lacking
from governance.requirement import slots
from governance.tally import GRAVITY, Case, Demand, Glass, Ignored, SeatState, Standing, Tally


def tally(case: Case) -> Tally:
    """How the demands of every rule stand, what each opinion was worth, and what was skipped."""
    demands: list[Demand] = []
    skipped: list[tuple[str, str]] = []
    spoken_for: set[str] = set()
    for rule in case.policy.rules:
        answer = condition.answer(rule.when, case)
        if answer.holds is False:
            skipped.append((rule.id, answer.words[0] if answer.words else "does not apply"))
            continue
        spoken_for |= answer.paths
        demands += [_demand(rule, part, case) for part in condition.parts(answer, case)]
    left = [p for p in case.change.paths if p not in spoken_for and not case.policy.is_free(p)]
    if left:
        rule = ApprovalRule(
            id="otherwise",
            because="a path no rule speaks of",
            when=When(paths=("**",)),
            require=case.policy.otherwise,
        )
        demands.append(_demand(rule, Part(tuple(left), (CHANGE,), Place(left[0])), case))
    glass = _glass(case)
    if glass is not None and glass.due is not None:
        demands = [_opened(demand) for demand in demands]
    return Tally(
        case.change, tuple(demands), tuple(skipped), case.authorship, case.effects, case.law,
        case.policy.repository, case.now, glass,
    )  # fmt: skip


def _demand(rule: ApprovalRule, part: Part, case: Case) -> Demand:
    subjects = part.subjects
    slots = _slots(rule, case)
    spoken = [o for o in case.opinions if o.said != "break-glass" and _concerns(o, subjects, case)]
    latest = list(voice.latest(spoken, case, {role for slot in slots for role in slot.roles}))
    objections = [
        o for o in latest if o.said == "reject" and voice.may_object(o, rule, slots, case)
    ]
    counted: list[Opinion] = []
    ignored = [*voice.void(spoken), *voice.superseded(spoken, latest)]
    for opinion in latest:
        if opinion.said == "approve":
            refusal = _refusal(opinion, rule, case)
            if refusal is None and any(_fits(opinion, slot, case) for slot in slots):
                counted.append(opinion)
            else:
                ignored.append(refusal or Ignored(opinion, Standing.MISSING, "holds no seat here"))
        elif opinion not in objections:
            ignored.append(Ignored(opinion, Standing.MISSING, voice.silent(opinion)))
    voters = {o.person or "": [c for c in counted if c.person == o.person] for o in counted}
    chosen = fill(slots, {p: _open_to(mine, slots, case) for p, mine in voters.items()})
    short = set(lacking(slots, chosen))
    seats = tuple(
        _seat(slot, chosen.get(slot.id, ()), voters, case, short=slot in short) for slot in slots
    )
    problems = tuple(_problems(rule, subjects, slots, case))
    satisfied = not short and not problems
    standing = _standing(objections, ignored, short, case, satisfied=satisfied)
    used = {person for people in chosen.values() for person in people}
    ignored += [
        Ignored(o, Standing.APPROVED, "the seats are filled by others")
        for o in counted if o.person not in used
    ]  # fmt: skip
    return Demand(
        rule.id, rule.because, part.reasons, subjects, standing, seats,
        tuple(o for o in counted if o.person in used), tuple(ignored), tuple(objections), part.at,
        problems,
    )  # fmt: skip


def _concerns(opinion: Opinion, subjects: tuple[str, ...], case: Case) -> bool:
    """Whether an opinion is about what is demanded; a no to part of a change is a no to the whole.

    An approval of the part alone is not one of the whole.
    """
    if opinion.subject in subjects:
        return True
    return opinion.said in {"reject", "withdraw"} and opinion.subject in case.change.subjects


def _slots(rule: ApprovalRule, case: Case) -> tuple[Slot, ...]:
    """The seats of a rule, with one more where authorship is not shown."""
    edited = [e.subject for e in case.effects if e.kind == "changes-role"]
    # A role that is new has nobody yet who could speak for it.
    there = [s for s in edited if s and s.removeprefix("role:") in case.roles.roles]
    # Seats of edited roles alone are none where no role is edited: then it is as without a rule.
    found = list(slots(rule.require, there)) or list(slots(case.policy.otherwise, there))
    if not case.authorship.verified and case.policy.unverified_authorship == "one-more":
        roles = tuple(sorted({role for slot in found for role in slot.roles}))
        found.append(Slot(len(found), f"one more of {', '.join(roles)}", 1, roles, None))
    return tuple(found)


def _refusal(opinion: Opinion, rule: ApprovalRule, case: Case) -> Ignored | None:
    """Why an approval does not count towards a rule; None when it does."""
    person, written = opinion.person or "", case.authorship.people
    if opinion.bot or case.roles.people[person].kind == "bot":
        return Ignored(opinion, Standing.INVALID, "a bot")
    may = rule.contributors_may_approve and person not in case.authorship.authors
    if person in written and not may:
        return Ignored(opinion, Standing.SOD_VIOLATION, written[person])
    if opinion.digest != case.digests.get(opinion.subject):
        saw = digest.short(opinion.digest) if opinion.digest else "other bytes"
        judged = digest.short(case.digests.get(opinion.subject, "nothing"))
        of = "" if opinion.subject == CHANGE else f" of {opinion.subject}"
        return Ignored(opinion, Standing.STALE, f"saw {saw}{of}, judged is {judged}")
    if opinion.visible_from is not None and opinion.at < opinion.visible_from:
        return Ignored(opinion, Standing.STALE, "given before this content was there to see")
    if rule.expires_after is not None:
        end = period.after(opinion.at.date(), rule.expires_after)
        if end < case.day:
            return Ignored(opinion, Standing.EXPIRED, f"expired on {end}")
    if rule.rationale_required and not opinion.rationale.strip():
        return Ignored(opinion, Standing.INVALID, "gives no reason, which this rule asks for")
    return _hurried(opinion, rule)


def _hurried(opinion: Opinion, rule: ApprovalRule) -> Ignored | None:
    if rule.reading_minutes is None:
        return None
    if opinion.visible_from is None:
        reason = "this rule asks for time to read, and no forge saw when it could first be read"
        return Ignored(opinion, Standing.INVALID, reason)
    minutes = (opinion.at - opinion.visible_from) / timedelta(minutes=1)
    if minutes < rule.reading_minutes:
        reason = f"given {minutes:.0f} minutes after the push, {rule.reading_minutes} are asked for"
        return Ignored(opinion, Standing.INVALID, reason)
    return None


def _fits(opinion: Opinion, slot: Slot, case: Case) -> bool:
    """Whether the person may fill a seat, in the role they speak in, then and now."""
    for role in slot.roles:
        if opinion.role in {None, role} and _entitled(opinion, role, slot, case):
            return True
    return False


def _entitled(opinion: Opinion, role: str, slot: Slot, case: Case) -> bool:
    person = opinion.person or ""
    today = case.roles.holders(role, slot.function, case.day)
    then = case.roles.holders(role, slot.function, opinion.at.date())
    if person not in today or person not in then:
        return False
    if today[person] != "deputy":
        return True
    members = [p for p, capacity in today.items() if capacity != "deputy"]
    able = [p for p in members if p not in case.authorship.people]
    return len(able) < slot.count


def _open_to(mine: list[Opinion], slots: tuple[Slot, ...], case: Case) -> frozenset[int]:
    return frozenset(slot.id for slot in slots if any(_fits(o, slot, case) for o in mine))


def _seat(
    slot: Slot, people: tuple[str, ...], voters: Mapping[str, list[Opinion]], case: Case, *,
    short: bool,
) -> SeatState:  # fmt: skip
    filled = tuple(next(o for o in voters[person] if _fits(o, slot, case)) for person in people)
    needed = slot.count if short else len(people)
    return SeatState(slot.label, needed, filled, candidates(slot, case, set(voters)))


def candidates(slot: Slot, case: Case, taken: set[str]) -> tuple[str, ...]:
    """People who could fill a seat: holders of its role who neither wrote nor approved yet."""
    found: dict[str, str] = {}
    for role in slot.roles:
        found |= case.roles.holders(role, slot.function, case.day)
    free = [p for p in found if p not in taken and p not in case.authorship.people]
    members = [p for p in free if found[p] != "deputy"]
    return tuple(sorted(members or free))


def _problems(
    rule: ApprovalRule, subjects: tuple[str, ...], slots: tuple[Slot, ...], case: Case
) -> Iterator[str]:
    if not any(slot.roles for slot in slots):
        yield "it asks for the changed role, and no role that the base knows is changed"
    if case.authorship.unattributed:
        some = ", ".join(case.authorship.unattributed[:3])
        yield f"nobody in the roles wrote {some}: a commit without a person cannot be judged"
    if not case.authorship.verified and case.policy.unverified_authorship == "refuse":
        yield "neither signatures nor a forge show who wrote the change"
    if rule.decision_required:
        yield from _undecided(subjects, case)


def _undecided(subjects: tuple[str, ...], case: Case) -> Iterator[str]:
    fitting = [
        found.value
        for found in case.decisions
        if found.value.subject in subjects
        and found.value.digest == case.digests.get(found.value.subject)
    ]
    newest = max(fitting, key=lambda decision: decision.at, default=None)
    if newest is None:
        yield "the board's decision on it is not recorded"
    elif newest.decision != "approve":
        yield f"the board decided to {newest.decision}: {newest.rationale}"


def _standing(
    objections: list[Opinion], ignored: list[Ignored], open_: Iterable[Slot], case: Case, *,
    satisfied: bool,
) -> Standing:  # fmt: skip
    if objections:
        return Standing.REJECTED
    if case.authorship.unattributed:
        return Standing.UNATTRIBUTED
    if satisfied:
        return Standing.APPROVED
    held = [found.standing for found in ignored if _wanted(found.opinion, open_, case)]
    return max([*held, Standing.MISSING], key=GRAVITY.index)


def _wanted(opinion: Opinion, open_: Iterable[Slot], case: Case) -> bool:
    """Whether an opinion would fill an open seat, if only it counted."""
    person, day = opinion.person or "", opinion.at.date()
    held = {role for role in case.roles.held_by(person, day) if opinion.role in {None, role}}
    return any(
        opinion.bot or person in case.roles.holders(role, slot.function, day)
        for slot in open_
        for role in held.intersection(slot.roles)
    )


# The way out of an emergency.


def _glass(case: Case) -> Glass | None:
    """Whether somebody broke the glass for these bytes, who did, and what does not count."""
    spoken = [o for o in case.opinions if o.said == "break-glass" and o.subject == CHANGE]
    if not spoken:
        return None
    way_out = case.policy.break_glass
    places = tuple(slots(way_out.require)) if way_out else ()
    ignored = [refused for o in spoken if (refused := _unbroken(o, places, case))]
    votes: dict[str, list[Opinion]] = {}
    for opinion in spoken:
        if opinion not in {refused.opinion for refused in ignored}:
            votes.setdefault(opinion.person or "", []).append(opinion)
    chosen = fill(places, {p: _open_to(mine, places, case) for p, mine in votes.items()})
    short = set(lacking(places, chosen))
    seats = tuple(_seat(s, chosen.get(s.id, ()), votes, case, short=s in short) for s in places)
    counted = tuple(opinion for mine in votes.values() for opinion in mine)
    due = None
    if way_out and votes and not short and not case.authorship.unattributed:
        due = period.after(min(o.at for o in counted).date(), way_out.due_within)
    return Glass(seats, counted, tuple(ignored), due)


def _unbroken(opinion: Opinion, places: tuple[Slot, ...], case: Case) -> Ignored | None:
    """Why breaking the glass counts for nothing; None when it counts."""
    person = opinion.person
    if opinion.invalid is not None or person is None:
        reason = opinion.invalid or "nobody in the roles of the base"
        return Ignored(opinion, Standing.INVALID, reason)
    if not places:
        return Ignored(opinion, Standing.INVALID, "the policy has no way out of an emergency")
    if opinion.bot:
        return Ignored(opinion, Standing.INVALID, "a bot")
    if person in case.authorship.people:
        return Ignored(opinion, Standing.SOD_VIOLATION, case.authorship.people[person])
    if opinion.digest != case.change.digest:
        return Ignored(opinion, Standing.STALE, "signed for other bytes")
    if not opinion.rationale.strip():
        return Ignored(opinion, Standing.INVALID, "gives no reason")
    if _taken_back(opinion, case):
        return Ignored(opinion, Standing.MISSING, "taken back")
    if not any(_fits(opinion, slot, case) for slot in places):
        reason = "fills no seat of break_glass; a deputy does only when too few members can"
        return Ignored(opinion, Standing.MISSING, reason)
    return None


def _taken_back(broken: Opinion, case: Case) -> bool:
    """Whether who broke the glass withdrew it, or objects since."""
    return any(
        o.person == broken.person and o.said in {"withdraw", "reject"} and o.invalid is None
        and o.of is None and o.subject == CHANGE and o.at >= broken.at
        for o in case.opinions
    )  # fmt: skip


def _opened(demand: Demand) -> Demand:
    if demand.standing.green or demand.standing is Standing.REJECTED:
        return demand
    return replace(demand, standing=Standing.OVERRIDDEN)


def fix(demand: Demand, seen: str) -> str:
    """What has to happen for a demand to be met.

    Args:
        demand: one that is not met.
        seen: the digest the approvals have to name, shortened.
    """
    if demand.objections:
        who = ", ".join(opinion.who for opinion in demand.objections)
        return f"talk to {who}: only they, or a role that lifts objections, can lift it"
    if demand.standing is Standing.UNATTRIBUTED:
        return "commit it under an address of policies/roles.yaml, or add the person there first"
    if demand.problems and not any(seat.open for seat in demand.seats):
        return "no approval mends this: see what is missing"
    asked = [
        f"{' or '.join(seat.candidates)} for {seat.label}"
        if seat.candidates
        else f"nobody can fill {seat.label}: everyone in it wrote the change, or nobody is in it"
        for seat in demand.seats
        if seat.open
    ]
    return f"ask {', '.join(asked)} to approve {seen}"
