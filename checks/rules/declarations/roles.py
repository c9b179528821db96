"""Every role can act today.

Demands: each role has an active member, each function of a board is represented, each member
    is a known person, and no login or key belongs to two people.
Why: a seat nobody can fill stops everything; one that two accounts of a person fill stops
    nothing (ML Governance and Release Policies, Roles and Responsibilities).
Fix: add a member with `valid_from`, or end the role where it is demanded.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.declaration import Declared
from governance.facts import Now
from governance.finding import Finding
from governance.roles import Roles


def evaluate(declarations: Declarations, now: Now) -> Iterator[Finding]:
    declared = declarations.one(Roles, "roles")
    roles = declared.value
    for name, role in roles.roles.items():
        active = [member for member in role.members if member.active(now.day)]
        if not active:
            problem = f"role {name} has no active member on {now.day}"
            yield Finding(declared.at("roles", name), problem, "add a member, or extend a term")
            continue
        for function in role.functions:
            if all(member.function != function for member in active):
                problem = f"role {name} has nobody for {function} on {now.day}"
                fix = f"add a member with `function: {function}`"
                yield Finding(declared.at("roles", name, "functions"), problem, fix)
        for index, member in enumerate(role.members):
            if member.person not in roles.people:
                problem = f"role {name} names {member.person}, who is not among `people`"
                place = declared.at("roles", name, "members", index, "person")
                yield Finding(place, problem, "add the person, or correct the id")
    yield from _shared(declared)


def _shared(declared: Declared[Roles]) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for person, human in declared.value.people.items():
        marks = [
            (("github", i, "login"), f"login {a.login.lower()}") for i, a in enumerate(human.github)
        ]
        marks += [(("github", i, "id"), f"account id {a.id}") for i, a in enumerate(human.github)]
        marks += [(("keys", i, "public"), f"key {k.fingerprint}") for i, k in enumerate(human.keys)]
        for route, mark in marks:
            first = owners.setdefault(mark, person)
            if first != person:
                problem = f"{mark} belongs to {first} and to {person}"
                place = declared.at("people", person, *route)
                yield Finding(place, problem, "one person is one entry with all accounts")
