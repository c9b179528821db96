"""What ends by itself: licences, waivers, keys, memberships, approvals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from governance import opinions, period, seats
from governance.approvals import Approvals
from governance.declaration import Declared
from governance.due import Due, Sources
from governance.model import Model
from governance.records import Approval, Landing, Waiver
from governance.release import Release, Rollout
from governance.roles import Roles


def licences(sources: Sources) -> Iterator[Due]:
    """The last day of each licence, for every model that rests on the data."""
    latest: dict[tuple[str, str], tuple[date, Declared[Landing]]] = {}
    for landing in sources.own.all(Landing):
        given = landing.value.source
        key = landing.value.dataset, given.id
        if given.licence_ends is not None and given.licence_ends >= _end(latest.get(key)):
            latest[key] = given.licence_ends, landing
    for (dataset, source), (on, landing) in sorted(latest.items()):
        using = [m.value.name for m in sources.own.all(Model) if m.value.dataset == dataset]
        affected: list[str | None] = [*using] if using else [None]
        for model in affected:
            yield Due(
                f"licence:{dataset}/{source}" + (f":{model}" if model else ""),
                f"The licence {landing.value.source.licence} of {source} ends", on, "data-steward",
                "renew it, or withdraw the data", landing.at("source", "licence_ends"), model,
                blocks=model is not None,
            )  # fmt: skip


def _end(found: tuple[date, Declared[Landing]] | None) -> date:
    return found[0] if found else date.min


def waivers(sources: Sources) -> Iterator[Due]:
    """The last day of each exception."""
    today = sources.now.date()
    for found in sources.own.all(Waiver):
        waiver = found.value
        if waiver.until >= today:
            title = f"The waiver of {waiver.rule} for {waiver.subject} ends"
            fix = "mend what it excuses, or ask for another"
            yield Due(
                f"waiver:{waiver.id}", title, waiver.until, waiver.owner, fix, found.at("until")
            )


def keys(sources: Sources) -> Iterator[Due]:
    """Keys and memberships that end."""
    today, roles = sources.now.date(), sources.own.one(Roles, "roles")
    for name, person in sorted(roles.value.people.items()):
        for number, key in enumerate(person.keys):
            if key.valid_until is not None and key.valid_until >= today:
                place = roles.at("people", name, "keys", number, "valid_until")
                title, fix = f"A key of {name} ends", "declare another key before"
                yield Due(f"key:{name}:{number}", title, key.valid_until, name, fix, place)
    for role, what in sorted(roles.value.roles.items()):
        for number, member in enumerate(what.members):
            if member.valid_until is not None and member.valid_until >= today:
                place = roles.at("roles", role, "members", number, "valid_until")
                title, fix = f"{member.person} leaves {role}", "name who follows"
                identity = f"member:{role}:{member.person}"
                yield Due(identity, title, member.valid_until, what.title, fix, place)


def approvals(sources: Sources) -> Iterator[Due]:
    """When signed approvals of a version end that is still on its way."""
    policy = sources.law.one(Approvals, "approvals").value
    last = sources.law.one(Release, "release").value.steps[-1].id
    going = {
        f"model:{found.value.model}@{found.value.version}": found.value.model
        for found in sources.own.all(Rollout)
        if found.value.step != last
    }
    newest: dict[tuple[str, str, str], tuple[date, Declared[Approval]]] = {}
    for record in sources.own.all(Approval):
        said = opinions.statement_of(record).statement
        if said is not None and said.about in going and said.predicate.said == "approve":
            key = said.about, said.predicate.by, said.predicate.role
            given = said.predicate.at.date()
            if key not in newest or given > newest[key][0]:
                newest[key] = given, record
    for (subject, person, role), (given, record) in sorted(newest.items()):
        asking = {wanted.rule for wanted in seats.of_subject(subject, policy)}
        ends = [
            period.after(given, rule.expires_after)
            for rule in policy.rules
            if rule.id in asking and rule.expires_after is not None
        ]
        if ends and min(ends) >= sources.now.date():
            yield Due(
                f"approval:{subject}:{person}:{role}",
                f"The approval of {subject} by {person} as {role} ends", min(ends), person,
                f'charter approve {subject} --role {role} --because "…"', record.at("statement"),
                going[subject],
            )  # fmt: skip
