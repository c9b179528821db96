"""Laws of the judgement of approvals, on invented cases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from governance import approval, condition, matching
from governance.approvals import Approvals, When
from governance.changeset import (
    CHANGE,
    Account,
    Changeset,
    Commit,
    Identity,
    Opinion,
    PullRequest,
    Touched,
    Version,
)
from governance.matching import Slot, fill
from governance.roles import Roles
from governance.tally import Case, Tally

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PEOPLE = ("ada", "ben", "cleo", "dan", "eve", "finn")
ROLES = ("alpha", "beta", "gamma")
PATHS = ("policies/x.yaml", "models/m.yaml", "docs/d.md", "src/s.py")
LABELS = ("big", "urgent")
MANY = settings(max_examples=50, deadline=None)
CLOSE = settings(MANY, max_examples=40, suppress_health_check=[HealthCheck.filter_too_much])

HEADER = {
    "version": "1.0.0", "effective": "2026-01-01", "owner": "alpha", "review_every": "P1Y",
}  # fmt: skip


def people(held: Mapping[str, Mapping[str, str]]) -> Roles:
    """The roles file of some memberships: for each role its people, with their capacity."""
    known = {name: {"name": name.title(), "email": f"{name}@example.org"} for name in PEOPLE}
    return Roles.model_validate_json(
        json.dumps(
            HEADER
            | {
                "id": "roles",
                "people": known | {"robot": {"name": "Robot", "kind": "bot"}},
                "roles": {
                    role: {
                        "title": role,
                        "members": [
                            {"person": person, "valid_from": "2026-01-01", "capacity": capacity}
                            for person, capacity in sorted(members.items())
                        ],
                    }
                    for role, members in held.items()
                },
            }
        )
    )


seats = st.builds(
    lambda role, count: {"role": role, "count": count}, st.sampled_from(ROLES), st.integers(1, 2)
)
single = st.builds(lambda role: {"role": role, "count": 1}, st.sampled_from(ROLES))
choices = st.lists(single, min_size=2, max_size=3).flatmap(
    lambda of: st.builds(lambda at_least: {"at_least": at_least, "of": of}, st.integers(1, len(of)))
)
requirements = st.lists(seats | choices, min_size=1, max_size=3)

plain = st.one_of(
    st.lists(st.sampled_from(("policies/**", "models/*", "**", "docs/**")), min_size=1, max_size=2)
    .map(lambda paths: {"paths": paths}),
    st.lists(st.sampled_from(LABELS), min_size=1, max_size=2).map(lambda found: {"labels": found}),
    st.sampled_from(
        ({"size": {"files_above": 1}}, {"branch": ["main"]}, {"branch": ["dev"]},
         {"author": ["ada"]}, {"author": ["ben"]}, {"author_role": ["alpha"]})
    ),
)  # fmt: skip
whens = st.recursive(
    plain,
    lambda inner: st.one_of(
        inner.map(lambda when: {"not": when}),
        st.lists(inner, min_size=1, max_size=3).map(lambda found: {"any": found}),
        st.lists(inner, min_size=2, max_size=3).map(lambda found: {"all": found}),
    ),
    max_leaves=5,
)
rules = st.fixed_dictionaries(
    {"when": whens, "require": requirements},
    optional={
        "expires_after": st.just("P30D"),
        "rationale_required": st.booleans(),
        "contributors_may_approve": st.booleans(),
        "veto": st.just(["gamma"]),
    },
)
capacities = st.sampled_from(("member", "member", "lead", "deputy"))


memberships = st.fixed_dictionaries(
    dict.fromkeys(
        ROLES, st.dictionaries(st.sampled_from(PEOPLE), capacities, min_size=1, max_size=5)
    )
)


@st.composite
def policies(draw: st.DrawFn, found: list[dict[str, Any]] | None = None) -> Approvals:
    found = found or draw(st.lists(rules, min_size=1, max_size=3))
    named = [{"id": f"rule-{number}", "because": "b", **rule} for number, rule in enumerate(found)]
    return Approvals.model_validate_json(
        json.dumps(
            HEADER
            | {
                "id": "approvals",
                "repository": "example/world",
                "branches": ["main"],
                "rules": named,
                "otherwise": draw(requirements),
                "lifts": draw(st.sampled_from(([], ["beta"]))),
                "unverified_authorship": draw(st.sampled_from(("one-more", "refuse", "accept"))),
            }
        )
    )


def written(author: str, co_author: str | None = None, *, signed: bool = True) -> Commit:
    who = Identity(author, f"{author}@example.org")
    more = () if co_author is None else (Identity(co_author, f"{co_author}@example.org"),)
    return Commit("c" * 40, who, who, more, author if signed else None)


@st.composite
def changes(draw: st.DrawFn) -> Changeset:
    paths = draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3, unique=True))
    new = Version("file", "1" * 64)
    commit = written(
        draw(st.sampled_from(("ada", "ben"))),
        draw(st.sampled_from((None, "cleo"))),
        signed=draw(st.booleans()),
    )
    return Changeset(
        "main", "b" * 40, "a" * 40, "t" * 40, tuple(Touched(p, None, new, 3) for p in paths),
        (commit,), {},
    )  # fmt: skip


@st.composite
def opinions(draw: st.DrawFn, change: Changeset, number: int) -> Opinion:
    at = NOW - timedelta(days=draw(st.sampled_from((0, 1, 2, 40))), minutes=number)
    person = draw(st.sampled_from(PEOPLE))
    right = draw(st.sampled_from((True, True, True, False)))
    return Opinion(
        source=f"opinion {number}", at=at, person=person, who=person, subject=CHANGE,
        said=draw(st.sampled_from(("approve",) * 6 + ("reject", "withdraw"))),
        digest=change.digest if right else "sha256:" + "0" * 64,
        role=draw(st.sampled_from((None, None, *ROLES))),
        rationale=draw(st.sampled_from(("looked at it", ""))),
        visible_from=draw(st.sampled_from((None, at - timedelta(hours=1)))),
    )  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Case:
    change = draw(changes())
    said = [draw(opinions(change, number)) for number in range(draw(st.integers(0, 7)))]
    roles = people(draw(memberships))
    return Case(draw(policies()), roles, change, (), tuple(said), NOW)


full = st.fixed_dictionaries(
    dict.fromkeys(
        ROLES, st.dictionaries(st.sampled_from(PEOPLE), st.just("member"), min_size=3, max_size=6)
    )
)


@st.composite
def just_green(draw: st.DrawFn) -> Case:
    """A case that is approved, in which no approval could be missed."""
    change = draw(changes())
    demanded = draw(rules) | {"when": {"paths": ["**"]}}
    policy = draw(policies([demanded]))
    yes = tuple(
        Opinion(
            f"opinion {number}", NOW - timedelta(hours=2), person, person, "approve", CHANGE,
            change.digest, None, "looked at it", NOW - timedelta(hours=3),
        )
        for number, person in enumerate(PEOPLE)
    )  # fmt: skip
    case = Case(policy, people(draw(full)), change, (), yes, NOW)
    assume(approval.tally(case).green)
    for opinion in yes:
        fewer = replace(case, opinions=tuple(o for o in case.opinions if o != opinion))
        case = fewer if approval.tally(fewer).green else case
    return case


def ineligible(case: Case) -> Iterator[tuple[str, Opinion]]:
    """Approvals that must not count, one of each kind for everybody."""
    right, at = case.change.digest, NOW - timedelta(minutes=30)
    for person in PEOPLE:
        good = Opinion("added", at, person, person, "approve", CHANGE, right, None, "because")
        yield "stale", replace(good, digest="sha256:" + "9" * 64)
        yield "of nothing", replace(good, digest=None)
        yield "another subject", replace(good, subject="model:m@1.0.0")
        yield "another repository", replace(good, invalid="signed for the repository x")
        yield "another key", replace(good, invalid="the signature is by no key of theirs")
        yield "a bot's account", replace(good, bot=True)
        yield "early", replace(good, visible_from=at + timedelta(minutes=1))
        yield "a role nobody has", replace(good, role="delta")
        yield "before joining", replace(good, at=datetime(2025, 12, 31, tzinfo=UTC))
        for role in ROLES:
            if person not in case.roles.holders(role, None, case.day):
                yield "a role they have not", replace(good, role=role)
        if person in case.authorship.authors:
            yield "author", good
        if all(rule.expires_after for rule in case.policy.rules):
            yield "expired", replace(good, at=NOW - timedelta(days=45))
    yield "stranger", Opinion("added", at, None, "x", "approve", CHANGE, right)
    yield "bot", Opinion("added", at, "robot", "robot", "approve", CHANGE, right)


def otherwise_expires(tally: Tally, kind: str) -> bool:
    """Whether an expired approval may count: `otherwise` never ends one."""
    return kind == "expired" and any(demand.rule == "otherwise" for demand in tally.demands)


ENDS_OBJECTIONS = {"author", "expired", "early", "a role nobody has", "a role they have not",
                   "before joining", "a bot's account"}  # fmt: skip
"""Approvals of the right bytes: they count for no seat, but a person who gives one no longer
objects to these bytes."""


@MANY
@given(cases())
def test_an_ineligible_approval_never_turns_red_to_green(case: Case) -> None:
    before = approval.tally(case)
    assume(not before.green)
    objected = {o.person for o in case.opinions if o.said == "reject"}
    for kind, added in ineligible(case):
        if (kind in ENDS_OBJECTIONS and added.person in objected) or otherwise_expires(
            before, kind
        ):
            continue
        after = approval.tally(replace(case, opinions=(*case.opinions, added)))
        assert not after.green, kind
        assert added not in [o for demand in after.demands for o in demand.counted], kind


@CLOSE
@given(just_green())
def test_no_ineligible_approval_stands_in_for_one_that_is_needed(case: Case) -> None:
    for needed in case.opinions:
        fewer = replace(case, opinions=tuple(o for o in case.opinions if o != needed))
        assert not approval.tally(fewer).green
        for kind, added in ineligible(case):
            if added.person in {needed.person, None, "robot"}:
                after = approval.tally(replace(fewer, opinions=(*fewer.opinions, added)))
                assert not after.green, kind


@MANY
@given(cases())
def test_every_opinion_is_counted_or_ignored_with_a_reason(case: Case) -> None:
    for demand in approval.tally(case).demands:
        told = [*demand.counted, *demand.objections, *(item.opinion for item in demand.ignored)]
        missing = [o for o in case.opinions if o.said in {"approve", "reject"} and o not in told]
        assert not missing
        assert all(item.reason for item in demand.ignored)


@MANY
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_opinions_does_not_matter(case: Case, random: Any) -> None:
    mixed = list(case.opinions)
    random.shuffle(mixed)
    assert shape(approval.tally(replace(case, opinions=tuple(mixed)))) == shape(
        approval.tally(case)
    )


@MANY
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(case: Case, random: Any) -> None:
    mixed = list(case.policy.rules)
    random.shuffle(mixed)
    policy = case.policy.model_copy(update={"rules": tuple(mixed)})
    assert sorted(shape(approval.tally(replace(case, policy=policy)))) == sorted(
        shape(approval.tally(case))
    )


def shape(tally: Tally) -> list[Any]:
    """How each demand stands, by whom, and what was ignored."""
    return [
        (
            demand.rule, demand.standing.value,
            [(s.label, s.needed, sorted(o.source for o in s.filled)) for s in demand.seats],
            sorted(o.source for o in demand.counted),
            sorted(item.opinion.source for item in demand.ignored),
            sorted(o.source for o in demand.objections),
        )
        for demand in tally.demands
    ]  # fmt: skip


@MANY
@given(cases(), st.data())
def test_an_objection_never_turns_red_to_green(case: Case, data: st.DataObject) -> None:
    assume(not approval.tally(case).green)
    person = data.draw(st.sampled_from(PEOPLE))
    no = Opinion("added", NOW, person, person, "reject", CHANGE, case.change.digest)
    assert not approval.tally(replace(case, opinions=(*case.opinions, no))).green


@CLOSE
@given(just_green(), st.sampled_from(PEOPLE))
def test_one_more_approval_never_turns_green_to_red(case: Case, person: str) -> None:
    yes = replace(case.opinions[0], source="added", person=person, who=person)
    assert approval.tally(replace(case, opinions=(*case.opinions, yes))).green


@CLOSE
@given(just_green(), st.data())
def test_who_leaves_a_role_never_turns_red_to_green(case: Case, data: st.DataObject) -> None:
    """Where nobody objects and nobody is a deputy, who stands in for those who left."""
    needed = data.draw(st.sampled_from(case.opinions))
    fewer = replace(case, opinions=tuple(o for o in case.opinions if o != needed))
    for role in ROLES:
        for person in PEOPLE:
            held = {
                name: dict.fromkeys({m.person for m in found.members} - left, "member")
                for name, found in case.roles.roles.items()
                for left in [{person} if name == role else set()]
            }
            assert not approval.tally(replace(fewer, roles=people(held))).green


# Facts that are missing.


def labelled(case: Case, labels: tuple[str, ...]) -> Case:
    """The same change with its pull request, which ada opened and nobody else wrote."""
    ada = Account("ada", None, bot=True)  # an account that says nothing about people
    pull = PullRequest(
        "example/world", 1, "t", "main", "b" * 40, "a" * 40, "change", ada, (ada,), labels,
        draft=False, changed_files=1, reviews=(), pushes=(),
    )  # fmt: skip
    return replace(case, change=replace(case.change, pull=pull))


@MANY
@given(cases())
def test_unknown_labels_never_make_a_rule_fall_away(case: Case) -> None:
    unknown = {demand.rule for demand in approval.tally(case).demands} - {"otherwise"}
    for count in range(len(LABELS) + 1):
        for labels in itertools.combinations(LABELS, count):
            known = {demand.rule for demand in approval.tally(labelled(case, labels)).demands}
            assert known - {"otherwise"} <= unknown


@MANY
@given(whens, changes(), st.sampled_from(PEOPLE))
def test_who_wrote_it_can_only_add_rules_while_it_is_not_certain(
    when: dict[str, Any], change: Changeset, real: str
) -> None:
    """Whoever turns out to have written an unsigned change, no rule had fallen away."""
    roles = people(
        {"alpha": {"ada": "member"}, "beta": {"ben": "member"}, "gamma": {"dan": "member"}}
    )
    policy = Approvals.model_construct(rules=(), otherwise=(), free=(), branches=("main",))
    asked = When.model_validate_json(json.dumps(when))
    claimed = replace(change, commits=(replace(change.commits[0], signed_by=None),))
    shown = replace(change, commits=(written(real),))

    def holds(found: Changeset) -> bool | None:
        return condition.answer(asked, Case(policy, roles, found, (), (), NOW)).holds

    assert not (holds(claimed) is False and holds(shown) is True)


# Matching.


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[Slot, ...], dict[str, frozenset[int]]]:
    """A few seats, some in choices, and who may sit where."""
    slots: list[Slot] = []
    for group in range(draw(st.integers(1, 3))):
        size = draw(st.integers(1, 3))
        if size == 1:
            slots.append(Slot(len(slots), "s", draw(st.integers(1, 2)), (), None))
            continue
        at_least = draw(st.integers(1, size))
        slots += [Slot(len(slots) + i, "s", 1, (), None, (group, at_least)) for i in range(size)]
    numbers = st.frozensets(st.sampled_from([slot.id for slot in slots]))
    people_ = draw(st.dictionaries(st.sampled_from("uvwxyz"), numbers, max_size=5))
    return tuple(slots), people_


def brute(slots: tuple[Slot, ...], eligible: Mapping[str, frozenset[int]]) -> tuple[int, bool]:
    """The most people that can be seated, and whether every seat and choice can have enough."""
    best, enough = 0, False
    options = [[None, *sorted(eligible[person])] for person in sorted(eligible)]
    for placed in itertools.product(*options):
        taken = {slot.id: placed.count(slot.id) for slot in slots}
        groups: dict[tuple[int, int], int] = {}
        for slot in slots:
            if slot.choice:
                groups[slot.choice] = groups.get(slot.choice, 0) + taken[slot.id]
        fits = all(taken[slot.id] <= slot.count for slot in slots)
        if fits and all(count <= choice[1] for choice, count in groups.items()):
            best = max(best, sum(taken.values()))
            full = all(taken[slot.id] == slot.count for slot in slots if not slot.choice)
            enough = enough or (full and all(n == choice[1] for choice, n in groups.items()))
    return best, enough


@settings(max_examples=120, deadline=None)
@given(tables())
def test_matching_seats_as_many_as_can_be_seated(
    table: tuple[tuple[Slot, ...], dict[str, frozenset[int]]],
) -> None:
    slots, eligible = table
    chosen = fill(slots, eligible)
    seated = [person for found in chosen.values() for person in found]
    assert len(seated) == len(set(seated))
    assert all(number in eligible[p] for number, found in chosen.items() for p in found)
    assert all(len(chosen[slot.id]) <= slot.count for slot in slots)
    best, enough = brute(slots, eligible)
    assert len(seated) == best
    assert (not list(matching.lacking(slots, chosen))) is enough


@settings(max_examples=120, deadline=None)
@given(tables(), st.data())
def test_a_vote_for_a_filled_seat_opens_no_other(
    table: tuple[tuple[Slot, ...], dict[str, frozenset[int]]], data: st.DataObject
) -> None:
    slots, eligible = table
    before = fill(slots, eligible)
    lacking = set(matching.lacking(slots, before))
    filled = [slot.id for slot in slots if slot not in lacking]
    assume(filled)
    may = data.draw(st.frozensets(st.sampled_from(filled), min_size=1))
    name = data.draw(st.sampled_from(("a", "zz")))
    after = fill(slots, {**eligible, name: may})
    assert set(matching.lacking(slots, after)) <= lacking


@settings(max_examples=50, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_matching_does_not_depend_on_the_order_of_people(
    table: tuple[tuple[Slot, ...], dict[str, frozenset[int]]], random: Any
) -> None:
    slots, eligible = table
    mixed = list(eligible.items())
    random.shuffle(mixed)
    assert fill(slots, dict(mixed)) == fill(slots, eligible)
