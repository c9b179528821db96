"""The manifest is what all landings brought, whatever their order."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import NOW

from governance.catalogue import Declarations
from governance.declaration import Declared
from governance.manifest import fold, manifests
from governance.records import LandedFile, Landing, Source

SOURCE = Source(kind="synthetic", id="made", uri="here", licence="Apache-2.0")


def landing(
    number: int, *paths: str, dataset: str = "visits", sha256: str = "a"
) -> Declared[Landing]:
    files = tuple(LandedFile(path=path, bytes=5, rows=2, sha256=sha256 * 64) for path in paths)
    value = Landing(
        id=f"l{number}",
        at=NOW + timedelta(days=number),
        dataset=dataset,
        files=files,
        source=SOURCE,
    )
    return Declared(f"records/landings/{dataset}/l{number}.yaml", value)


def test_files_of_all_landings_are_in_it() -> None:
    found = fold([landing(1, "a.csv", "b.csv"), landing(2, "c.csv")])
    assert sorted(found.rows) == ["a.csv", "b.csv", "c.csv"]
    assert found.total_rows == 6
    assert found.rows["c.csv"].landing == "records/landings/visits/l2.yaml"


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1), min_size=1), st.randoms())
def test_the_order_of_landings_on_disk_is_no_part(paths: list[list[str]], dice: Random) -> None:
    landings = [landing(n, *names, sha256=f"{n % 10}") for n, names in enumerate(paths)]
    shuffled = dice.sample(landings, len(landings))
    assert fold(shuffled).digest == fold(landings).digest


def test_files_that_came_in_one_landing_or_in_two_are_the_same_dataset() -> None:
    together, apart = [landing(1, "a", "b")], [landing(1, "a"), landing(2, "b")]
    assert fold(together).digest == fold(apart).digest


@pytest.mark.parametrize(
    "other", [landing(1, "b"), landing(1, "a", sha256="b"), landing(1, "a", "b")]
)
def test_another_file_is_another_dataset(other: Declared[Landing]) -> None:
    assert fold([landing(1, "a")]).digest != fold([other]).digest


def test_of_two_landings_of_one_path_the_first_counts() -> None:
    first, second = landing(1, "a", sha256="1"), landing(2, "a", sha256="2")
    assert fold([second, first]).rows["a"].file.sha256 == "1" * 64


def test_each_dataset_has_a_manifest_of_its_own() -> None:
    landed = [landing(1, "a"), landing(2, "b", dataset="flats")]
    found = manifests(Declarations({Landing: tuple(landed)}, frozenset(), frozenset()))
    assert {name: sorted(manifest.rows) for name, manifest in found.items()} == {
        "flats": ["b"], "visits": ["a"],
    }  # fmt: skip


def test_nothing_landed_is_no_manifest() -> None:
    assert manifests(Declarations({}, frozenset(), frozenset())) == {}
    assert fold([]).total_rows == 0
