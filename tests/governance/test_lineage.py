"""Which models saw which bytes: exactly those, through whatever was made in between."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import NOW

from governance import manifest
from governance.catalogue import Declarations, gather
from governance.declaration import Declared
from governance.lineage import (
    Datasets,
    Erased,
    Run,
    Trained,
    erased,
    erased_by,
    registered,
    tainted,
)
from governance.records import (
    DoomedFile,
    ErasedFile,
    LandedFile,
    Landing,
    Removal,
    Source,
    Tombstone,
)
from governance.sources import fed_by
from governance.version import Version

TODAY = date(2026, 11, 22)
NOBODY = f"sha256:{'0' * 64}"


def sha(text: str) -> str:
    return (text.encode().hex() * 64)[:64]


def file(path: str, bytes_: str = "") -> LandedFile:
    return LandedFile(path=path, bytes=5, rows=2, sha256=sha(bytes_ or path))


def landing(
    day: int, dataset: str, *paths: str, parents: dict[str, str] | None = None, **source: object
) -> Landing:
    given_ = {"kind": "derived" if parents else "synthetic", "id": "made", "uri": "here",
              "licence": "CC0-1.0", "parents": tuple(parents or ())}  # fmt: skip
    return Landing(
        id=f"l{day}",
        at=NOW + timedelta(days=day),
        dataset=dataset,
        files=tuple(file(path) for path in paths),
        source=Source.model_validate(given_ | source),
        parents={name: digest for name, digest in (parents or {}).items() if digest},
    )


def stone(day: int, dataset: str, *paths: str, left: bool = True) -> Tombstone:
    return Tombstone(
        id=f"t{day}",
        at=NOW + timedelta(days=day),
        dataset=dataset,
        removal=f"rm-{day}",
        files=tuple(
            ErasedFile(path=path, sha256=sha(path), rows=1,
                       becomes=file(path, f"{path} less") if left else None)
            for path in paths
        ),
        ground="a request",
    )  # fmt: skip


def declared(*values: Landing | Tombstone | Version) -> Declarations:
    def path(value: Landing | Tombstone | Version) -> str:
        if isinstance(value, Landing):
            return f"records/landings/{value.dataset}/{value.id}.yaml"
        if isinstance(value, Version):
            return f"models/{value.model}/versions/{value.version}.yaml"
        return f"records/tombstones/{value.id}.yaml"

    return gather((path(value), value) for value in values)


def digest(dataset: str, *values: Landing | Tombstone) -> str:
    """The digest of a dataset after some of its records."""
    found = [Declared(f"{value.id}", value) for value in values]
    return manifest.fold(
        [one for one in found if isinstance(one.value, Landing) and one.value.dataset == dataset],
        [one for one in found if isinstance(one.value, Tombstone) and one.value.dataset == dataset],
    ).digest


def run(model: str, dataset: str, on: str | None) -> Run:
    return Run(model, dataset, on, f"sha256:{sha(model)}", NOBODY)


def reasons(
    declarations: Declarations, *runs: Run, gone: Iterable[Erased] | None = None,
    today: date | None = None, held: dict[str, frozenset[tuple[str, str]]] | None = None,
) -> dict[str, tuple[str, ...]]:  # fmt: skip
    found = tainted(
        declarations, Trained(runs, held or {}), erased(declarations) if gone is None else gone,
        today,
    )  # fmt: skip
    return {taint.run.model: taint.why for taint in found}


A, B = landing(1, "visits", "a.csv"), landing(2, "visits", "b.csv")
GONE = stone(3, "visits", "a.csv")
FIRST, BOTH = digest("visits", A), digest("visits", A, B)
AFTER = digest("visits", A, B, GONE)
BASKETS = landing(4, "baskets", "x.csv", parents={"visits": BOTH})
WHY = "rows of a.csv were erased (rm-3)"


def test_a_run_before_the_erasure_saw_the_rows_and_one_after_did_not() -> None:
    declarations = declared(A, B, GONE)
    runs = [run("early", "visits", FIRST), run("late", "visits", BOTH), run("new", "visits", AFTER)]
    assert reasons(declarations, *runs) == {"early": (WHY,), "late": (WHY,)}


def test_a_run_that_never_read_the_file_is_left_alone() -> None:
    other = stone(3, "visits", "b.csv", left=False)
    declarations = declared(A, B, other)
    runs = [run("early", "visits", FIRST), run("late", "visits", BOTH)]
    assert reasons(declarations, *runs) == {"late": ("rows of b.csv were erased (rm-3)",)}


def test_a_file_of_the_same_name_in_another_dataset_is_another_file() -> None:
    declarations = declared(A, landing(1, "flats", "a.csv"), GONE)
    assert reasons(declarations, run("rent", "flats", FIRST)) == {}


def test_a_removal_taints_the_same_runs_as_its_tombstones() -> None:
    removal = Removal(
        id="rm-3",
        at=NOW,
        ground="erasure",
        basis="GDPR 17",
        action="purge",
        files=(DoomedFile(dataset="visits", path="a.csv", sha256=sha("a.csv"), rows=1),),
    )
    runs = [run("early", "visits", FIRST), run("late", "visits", BOTH)]
    before = reasons(declared(A, B), *runs, gone=erased_by(removal))
    assert before == {"early": (WHY,), "late": (WHY,)}
    assert reasons(declared(A, B, GONE), *runs) == before


def test_what_was_made_from_the_rows_carries_them_on() -> None:
    twice = landing(5, "sums", "y.csv", parents={"baskets": digest("baskets", BASKETS)})
    declarations = declared(A, B, GONE, BASKETS, twice)
    runs = [run("direct", "baskets", digest("baskets", BASKETS)),
            run("indirect", "sums", digest("sums", twice))]  # fmt: skip
    assert reasons(declarations, *runs) == {
        "direct": (f"{WHY}, through baskets",),
        "indirect": (f"{WHY}, through baskets, through sums",),
    }


def test_what_was_made_after_the_erasure_is_clean() -> None:
    later = landing(4, "baskets", "x.csv", parents={"visits": AFTER})
    declarations = declared(A, B, GONE, later)
    assert reasons(declarations, run("clean", "baskets", digest("baskets", later))) == {}


def test_a_derived_file_erased_as_well_cleans_the_next_run() -> None:
    redone = stone(5, "baskets", "x.csv", left=False)
    more = landing(6, "baskets", "z.csv", parents={"visits": AFTER})
    after = digest("baskets", BASKETS, more, redone)
    declarations = declared(A, B, GONE, BASKETS, redone, more)
    assert reasons(declarations, run("clean", "baskets", after)) == {}


def test_datasets_that_name_each_other_end() -> None:
    one = landing(1, "one", "a.csv", parents={"two": ""})
    two = landing(1, "two", "b.csv", parents={"one": ""})
    declarations = declared(one, two, stone(2, "one", "a.csv"))
    assert "model" in reasons(declarations, run("model", "two", digest("two", two)))
    assert fed_by(declarations, "one") == {"one", "two"}


UNKNOWN = {
    "a version no record gives": run("model", "visits", NOBODY),
    "evidence that cannot be read": run("model", "?", None),
}


@pytest.mark.parametrize("found", UNKNOWN.values(), ids=UNKNOWN)
def test_what_nobody_knows_is_never_exonerated(found: Run) -> None:
    declarations = declared(A, B, GONE)
    ((why,),) = reasons(declarations, found).values()
    assert "nobody knows" in why
    assert reasons(declared(A, B), found) == {}


def test_evidence_tells_what_a_version_no_record_gives_has_held() -> None:
    seen = {NOBODY: frozenset({("b.csv", sha("b.csv"))})}
    assert reasons(declared(A, B, GONE), run("model", "visits", NOBODY), held=seen) == {}


def test_a_parent_nobody_recorded_is_never_exonerated() -> None:
    child = landing(4, "baskets", "x.csv", parents={"visits": ""})
    why = reasons(declared(A, B, GONE, child), run("m", "baskets", digest("baskets", child)))
    (told,) = why["m"]
    assert told == (
        "rows of visits were erased, and nobody knows which files it was made from, through baskets"
    )


def test_an_ended_licence_taints_until_the_day_it_ends() -> None:
    licensed = landing(2, "visits", "b.csv", licence_ends=TODAY - timedelta(days=1))
    declarations = declared(A, licensed)
    runs = [run("early", "visits", FIRST), run("late", "visits", digest("visits", A, licensed))]
    assert reasons(declarations, *runs, today=TODAY) == {
        "late": ("licence CC0-1.0 of made ended on 2026-11-21",)
    }
    assert reasons(declarations, *runs, today=TODAY - timedelta(days=1)) == {}
    assert reasons(declarations, *runs) == {}


def version(model: str, number: str, on: str) -> Version:
    return Version(
        model=model,
        version=number,
        digest=NOBODY,
        dataset_digest=on,
        training_hash=f"sha256:{sha(model)}",
        registered_at=NOW,
        registered_by="rita",
        evidence={},
    )


def test_a_registered_version_is_named_with_its_run() -> None:
    declarations = declared(A, B, GONE, version("early", "1.0.0", FIRST))
    (found,) = tainted(
        declarations, Trained((run("early", "visits", FIRST),)), erased(declarations)
    )
    assert (found.run.model, found.version) == ("early", "1.0.0")


def test_a_registered_version_whose_run_left_no_evidence_counts() -> None:
    declarations = declared(A, B, version("early", "1.0.0", FIRST))
    ((found, versions),) = registered(declarations, Trained())
    assert (found.dataset_digest, versions) == (FIRST, ("1.0.0",))


PATHS = st.sampled_from([f"{letter}.csv" for letter in "abcdef"])


@given(st.lists(PATHS, unique=True, min_size=1), st.sets(PATHS), st.data())
def test_exactly_the_runs_on_versions_that_held_an_erased_file_are_tainted(
    paths: list[str], gone: set[str], data: st.DataObject
) -> None:
    landings = [landing(day, "visits", path) for day, path in enumerate(paths)]
    left = data.draw(st.booleans())
    stones = [
        stone(100 + day, "visits", path, left=left)
        for day, path in enumerate(sorted(gone & set(paths)))
    ]
    records = [*landings, *stones]
    moments = range(1, len(records) + 1)
    runs = [run(f"m{moment}", "visits", digest("visits", *records[:moment])) for moment in moments]
    expected = set()
    for moment in moments:
        held = {(one.path, one.sha256) for record in records[:moment]
                if isinstance(record, Landing) for one in record.files}  # fmt: skip
        held -= {(f.path, f.sha256) for record in records[:moment]
                 if isinstance(record, Tombstone) for f in record.files}  # fmt: skip
        if any((f.path, f.sha256) in held for one in stones for f in one.files):
            expected.add(f"m{moment}")
    assert reasons(declared(*records), *runs).keys() == expected


def test_a_version_is_as_old_as_the_record_that_gave_it() -> None:
    known = Datasets(declared(A, B, GONE), {})
    assert [known.since("visits", one) for one in (FIRST, BOTH, AFTER, NOBODY)] == [
        A.at, B.at, GONE.at, None,
    ]  # fmt: skip
