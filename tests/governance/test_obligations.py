"""The calendar holds everything that is due, and says whose promotion waits for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from released import ROLLOUT, deployed, rollout, serving, soaked
from signing import record
from world import NOW, World, dump, world

from governance.due import Due, Sources
from governance.obligations import calendar

ROLES = "policies/roles.yaml"
LANDING = "records/landings/loans/first.yaml"


def due(w: World, now: datetime = NOW) -> dict[str, Due]:
    return {one.id: one for one in calendar(w.collect(now=now).get(Sources))}


def of(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def test_what_the_valid_world_owes() -> None:
    found = due(world())
    assert {name: str(one.on) for name, one in found.items()} == {
        "policy-review": "2027-02-20",
        "waiver:w-1": "2026-12-31",
        "licence:homes/homes-register:prices": "2027-12-31",
        "licence:loans/loans-register:credit": "2027-12-31",
        "licence:loans/loans-register:hardship": "2027-12-31",
    }
    assert [one.on for one in calendar(world().collect().get(Sources))] == sorted(
        one.on for one in found.values()
    )


@pytest.mark.parametrize(("name", "day", "late"), [
    ("policy-review", "2027-02-20", 0), ("policy-review", "2027-02-21", 1),
    ("licence:loans/loans-register:credit", "2028-01-02", 2),
])  # fmt: skip
def test_a_day_has_passed_once_it_is_over(name: str, day: str, late: int) -> None:
    assert due(world(), of(day))[name].late(of(day).date()) == late


def test_a_licence_holds_up_the_models_on_its_data_only() -> None:
    day = of("2028-01-02").date()
    found = due(world(), of("2028-01-02"))["licence:loans/loans-register:credit"]
    assert found.hinders("credit", day)
    assert not found.hinders("prices", day)
    assert found.reach == "the next promotion of credit"


def test_a_waiver_that_ends_holds_up_nothing_and_is_gone_afterwards() -> None:
    assert not due(world())["waiver:w-1"].blocks
    assert "waiver:w-1" not in due(world(), of("2027-01-01"))


def test_a_renewed_licence_counts() -> None:
    w = world()
    value = w.value(LANDING) | {"id": "second", "at": "2026-11-20T08:00:00Z"}
    value["source"]["licence_ends"] = "2029-12-31"
    value["files"][0]["path"] = "more.csv"
    w.put("records/landings/loans/second.yaml", dump(value))
    assert str(due(w)["licence:loans/loans-register:credit"].on) == "2029-12-31"


def test_keys_and_memberships_that_end() -> None:
    w = world().set(ROLES, ("people", "mina", "keys", 0, "valid_until"), "2026-12-24")
    w.set(ROLES, ("roles", "legal", "members", 0, "valid_until"), "2026-12-01")
    found = due(w)
    assert (str(found["key:mina:0"].on), found["key:mina:0"].owner) == ("2026-12-24", "mina")
    assert "lea leaves legal" in found["member:legal:lea"].title


def test_a_way_back_is_exercised_every_quarter() -> None:
    found = due(serving(world()))
    assert str(found["rollback-drill:credit@0.9.0"].on) == "2027-01-20"
    drilled = deployed(serving(world()), "0.9.0", "full", "2026-11-20T08:00:00Z", drill=True)
    assert str(due(drilled)["rollback-drill:credit@0.9.0"].on) == "2027-02-20"


def test_a_release_is_looked_at_within_a_week() -> None:
    w = deployed(soaked(world()), "1.0.0", "full", "2026-11-22T08:00:00Z", move="advance")
    found = due(w)["post-release-review:credit@1.0.0"]
    assert (str(found.on), found.owner, found.model) == ("2026-11-29", "mlops", "credit")
    assert "post-release-review:credit@0.9.0" not in due(w)


def test_approvals_of_a_version_on_its_way_end() -> None:
    w = soaked(world())
    w.edit(
        "policies/approvals.yaml", "  - id: landing\n",
        "  - id: promotion\n    because: the world says so\n"
        "    when: {changes: [promotes-to-production]}\n"
        "    require: [{role: board, count: 1}]\n    expires_after: P30D\n  - id: landing\n",
    )  # fmt: skip
    found = due(w)["approval:model:credit@1.0.0:boris:board"]
    assert (str(found.on), found.owner) == ("2026-12-20", "boris")
    again = record("a-2", "boris", "board", "model:credit@1.0.0", f"sha256:{'a' * 64}",
                   at="2026-11-21T08:00:00Z")  # fmt: skip
    w.put("records/approvals/a-2.yaml", again)
    assert str(due(w)["approval:model:credit@1.0.0:boris:board"].on) == "2026-12-21"
    w.put(ROLLOUT, rollout("1.0.0", "full", "0.9.0"))
    assert not [name for name in due(w) if name.startswith("approval:")]


def test_an_open_p0_stays_in_sight_until_it_is_closed() -> None:
    text = (
        'id: i-9\nat: "2026-11-21T08:00:00Z"\nmodel: credit\nseverity: P0\nsummary: bad\n'
        "owner: mina\ntriage: retrain\n"
    )
    w = world().put("records/incidents/i-9.yaml", text)
    assert due(w)["incident:i-9"].fix.startswith("close it")
    w.put(
        "records/incidents/i-10.yaml",
        'id: i-10\nat: "2026-11-21T09:00:00Z"\nof: i-9\nmodel: credit\nseverity: P0\n'
        'summary: over\nclosed_at: "2026-11-21T09:00:00Z"\n',
    )
    assert "incident:i-9" not in due(w)
