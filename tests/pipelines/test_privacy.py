"""What prepared data tell about people is counted, and told too much they are refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small

from bench import people
from governance import pseudonym
from governance.contract import Column
from pipelines import identify, inputs, reversal
from pipelines.inputs import Refused
from pipelines.prepare import prepare

VISITS = Path("data/ml/training/visits")
PREPARED = Path("artifacts/ml/datasets/visits/prepared")
REPORT = Path("artifacts/ml/datasets/visits/privacy.json")
CONTRACT = Path("policies/datasets/visits.yaml")
COLUMN = """\
      - name: {name}
        logicalType: {kind}
        classification: {group}
        customProperties:
          - {{property: technique, value: {technique}}}
          - {{property: purpose, value: a test}}
{more}"""


def add(
    name: str,
    values: Callable[[int], list[Any]],
    kind: str = "string",
    group: str = "none",
    technique: str = "keep",
    more: str = "",
) -> list[Any]:
    """A further column in every file of the visits; its values."""
    every = []
    for path in sorted(VISITS.glob("*.parquet")):
        table = pq.read_table(path)
        every += (new := values(table.num_rows))
        pq.write_table(table.append_column(name, pa.array(new)), path)
    column = COLUMN.format(name=name, kind=kind, group=group, technique=technique, more=more)
    CONTRACT.write_text(CONTRACT.read_text() + column)
    return every


def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(REPORT.read_text())
    return found


def refused() -> str:
    with pytest.raises(Refused) as caught:
        prepare("visits")
    assert not PREPARED.exists(), "nothing may train on what was refused"
    return str(caught.value)


def notes(count: int) -> list[Any]:
    return ["asked for a refund", *[None] * (count - 2), "wrote from jo.bloggs@example.com"]


DICE = Random(3)
HELD = {
    "one address in a column of notes": (notes, "string", "email"),
    "cards stored as numbers": (lambda n: [int(people.card(DICE)) for _ in range(n)], "integer",
                                "payment-card"),
    "phones stored as numbers": (lambda n: [61_400_000_000 + DICE.randrange(10**8)
                                            for _ in range(n)], "integer", "phone"),
    "phones stored as fractions": (lambda n: [61_400_000_000.0 + DICE.randrange(10**8)
                                              for _ in range(n)], "number", "phone"),
    "tax file numbers": (lambda n: [people.tfn(DICE) for _ in range(n)], "string", "tfn"),
}  # fmt: skip


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(("values", "kind", "held"), HELD.values(), ids=HELD)
def test_an_identifier_that_would_survive_is_refused(values, kind: str, held: str) -> None:
    raw = add("x7", values, kind)
    told = refused()
    (facts,) = report()["identifiers"]
    assert (facts["column"], facts["kind"], facts["confidence"]) == ("x7", held, "high")
    assert facts["survives"] is True
    assert f"column x7 holds {held} in " in told
    for value in filter(None, raw):
        assert str(value) not in told + REPORT.read_text()


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("technique", ["drop", "pseudonymise"])
def test_what_does_not_survive_is_counted_only(technique: str) -> None:
    policy = Path("policies/privacy.yaml")
    old, new = "[keep, generalise, truncate-date, drop]", "[keep, generalise, drop, pseudonymise]"
    policy.write_text(policy.read_text().replace(old, new))
    add("x7", notes, technique=technique)
    prepare("visits")
    (facts,) = report()["identifiers"]
    assert facts["survives"] is False
    assert facts["cells"] == 2
    assert facts["files"] == {"a.parquet": 1, "b.parquet": 1}


@pytest.mark.usefixtures("ran")
def test_what_a_column_is_declared_to_resemble_passes() -> None:
    add("x7", HELD["tax file numbers"][0],
        more="          - {property: looks_like, value: [tfn, ssn]}\n")  # fmt: skip
    prepare("visits")
    assert [facts["resembles"] for facts in report()["identifiers"]] == [True]


@pytest.mark.usefixtures("ran")
def test_a_declared_identifier_is_not_searched() -> None:
    prepare("visits")
    assert report()["identifiers"] == []


@pytest.mark.usefixtures("ran")
def test_a_column_that_no_contract_describes_is_searched_too() -> None:
    before = CONTRACT.read_text()
    add("x7", notes)
    CONTRACT.write_text(before)
    prepare("visits")
    assert [(f["column"], f["survives"]) for f in report()["identifiers"]] == [("x7", False)]


def test_numbers_are_sampled_and_marked_cells_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identify, "_SAMPLED", 500)
    rows = 20_000
    cells = ["nothing at all"] * rows
    cells[rows - 7] = "jo.bloggs@example.com"
    cards = [int(people.card(DICE)) for _ in range(rows)]
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"notes": cells, "n": cards}), path)
    found = {facts.kind: facts.cells for facts in identify.loose_file(path)}
    assert found["email"] == 1
    assert 300 < found["payment-card"] < 700


def sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def phones(count: int) -> list[str]:
    return [f"+614{DICE.randrange(10**8):08d}" for _ in range(count)]


@pytest.mark.usefixtures("ran")
def test_an_unkeyed_hash_of_a_column_that_landed_is_undone() -> None:
    raw = add("phone", phones, group="direct-identifier", technique="drop")
    supply = iter(raw)
    add("caller", lambda n: [sha256(next(supply)) for _ in range(n)])
    told = refused()
    count = len(raw)
    assert f"column caller: {count} of {count} hashed values found out" in told
    assert "values of phone, hashed, sha256" in told
    assert report()["reversal"]["caller"]["reversed"] == count
    assert not any(value in told + REPORT.read_text() for value in raw)


@pytest.mark.usefixtures("ran")
def test_an_unkeyed_hash_of_days_that_never_landed_is_undone() -> None:
    add("born", lambda n: [sha256(f"19{50 + i % 40}-05-{1 + i % 28:02d}") for i in range(n)])
    told = refused()
    days = len({(i % 40, i % 28) for i in range(120)})
    assert f"column born: {days} of {days} hashed values found out (a list of all" in told


@pytest.mark.usefixtures("ran")
def test_an_unkeyed_hash_of_phones_that_never_landed_is_undone() -> None:
    contract = dataclasses.replace(
        inputs.contract("visits"), columns=(Column("mobile", "mobile", "string"),)
    )
    plain = reversal.Sample(prepared={"mobile": dict.fromkeys(map(sha256, phones(20_000)))})
    facts = reversal.attack(contract, plain, 2_000_000)["mobile"]
    assert facts.by == ("a list of all that exist, sha256",)
    assert 5 < facts.reversed < 100
    make = pseudonym.tokens(bytes(range(32)))
    keyed = reversal.Sample(prepared={"mobile": dict.fromkeys(map(make, phones(20_000)))})
    assert reversal.attack(contract, keyed, 2_000_000)["mobile"].reversed == 0


@pytest.mark.usefixtures("ran")
def test_a_column_hashed_under_a_key_elsewhere_stands() -> None:
    raw = add("phone", phones, group="direct-identifier", technique="drop")
    supply = iter(raw)
    add("caller", lambda n: [sha256(f"{bytes(range(32)).hex()}{next(supply)}") for _ in range(n)])
    policy = Path("policies/privacy.yaml")
    text = policy.read_text()
    policy.write_text(text.replace("attack_budget: 2000000", "attack_budget: 200000"))
    prepare("visits")
    facts = report()["reversal"]["caller"]
    assert facts["reversed"] == 0
    assert 150_000 < facts["tried"] < 260_000


@pytest.mark.usefixtures("ran")
def test_pseudonyms_made_here_stand() -> None:
    prepare("visits")
    facts = report()["reversal"]["visit_id"]
    assert (facts["reversed"], facts["by"]) == (0, [])
    assert facts["values"] > 100
    assert facts["tried"] > 1000


@pytest.mark.usefixtures("ran")
def test_a_guessable_key_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing but a broken hash lets a weak key through: the door refuses it before.
    weak = lambda value: pseudonym.token(b"secret", value)  # noqa: E731
    monkeypatch.setattr(pseudonym, "tokens", lambda _: weak)
    assert "(a key that is guessed)" in refused()
    monkeypatch.setattr(pseudonym, "tokens", lambda _: lambda value: sha256(value)[:32])
    assert "(its own values, hashed, sha256)" in refused()


@pytest.mark.usefixtures("ran")
def test_rows_that_look_alike_are_counted() -> None:
    prepare("visits")
    found = report()["anonymity"]
    table = pq.read_table(PREPARED).select(["seen_at", "sex"]).to_pylist()
    sizes: dict[tuple[Any, Any], int] = {}
    for row in table:
        sizes[row["seen_at"], row["sex"]] = sizes.get((row["seen_at"], row["sex"]), 0) + 1
    assert found["attributes"] == ["seen_at", "sex"]
    assert (found["rows"], found["classes"]) == (len(table), len(sizes))
    assert found["smallest"] == min(sizes.values())
    for size in (2, 5, 10):
        assert found["below"][str(size)] == sum(n for n in sizes.values() if n < size)


@pytest.mark.usefixtures("ran")
def test_different_values_are_counted() -> None:
    prepare("visits")
    columns = report()["columns"]
    table = pq.read_table(PREPARED)
    assert set(columns) == set(table.column_names)
    for name, facts in columns.items():
        known = [value for value in table[name].to_pylist() if value is not None]
        assert (facts["rows"], facts["distinct"]) == (len(known), len(set(known)))


@pytest.mark.usefixtures("ran")
def test_without_anything_to_recognise_by_all_rows_are_one_class() -> None:
    text = CONTRACT.read_text()
    CONTRACT.write_text(text.replace("value: truncate-date", "value: drop")
                        .replace(", {property: protected, value: true}", ""))  # fmt: skip
    prepare("visits")
    found = report()["anonymity"]
    assert (found["attributes"], found["classes"]) == ([], 1)
    assert found["smallest"] == found["rows"]


@pytest.mark.usefixtures("ran")
def test_the_report_is_the_same_on_every_run() -> None:
    add("x7", HELD["phones stored as numbers"][0], "integer", technique="drop")
    prepare("visits")
    before = REPORT.read_bytes()
    prepare("visits")
    assert REPORT.read_bytes() == before
    assert inputs.read(str(REPORT), inputs.kind_of(str(REPORT))) is not None  # type: ignore[arg-type]
    assert small.state(PREPARED)


@pytest.mark.usefixtures("ran")
def test_an_empty_text_is_hashed_and_a_missing_one_stays_missing() -> None:
    add("nick", lambda n: ["", None, *["x"] * (n - 2)], group="direct-identifier",
        technique="pseudonymise")  # fmt: skip
    prepare("visits")
    made = [pseudonym.token(pseudonym.SAMPLE_KEY, text) for text in ("", "x")]
    assert pq.read_table(PREPARED)["nick"].to_pylist()[:3] == [made[0], None, made[1]]
