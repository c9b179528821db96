"""A derived dataset lands with the digests its parents have by then."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import small

from governance.records import Landing
from pipelines import inputs
from pipelines.inputs import Refused
from pipelines.land import Landed, land

LATER = small.NOW + timedelta(hours=1)


def derived(root: Path, parents: str) -> Path:
    """The contract of flats as one that was made from other datasets."""
    path = root / "policies/datasets/flats.yaml"
    text = path.read_text()
    assert text.count("kind: synthetic") == 1
    path.write_text(text.replace("kind: synthetic", f"kind: derived{parents}"))
    return root


def landing(root: Path, tmp_path: Path) -> Landed:
    file = small.put(tmp_path / "new.csv", small.flats(900, 20))
    return land(root, "flats", [file], LATER, say=lambda _: None)


def test_the_digest_of_each_parent_is_recorded(landed: Path, tmp_path: Path) -> None:
    done = landing(derived(landed, ", parents: [visits]"), tmp_path)
    record: Landing = inputs.declared(done.record, landed)
    assert record.parents == {"visits": inputs.manifest("visits", landed).digest}
    assert record.source.parents == ("visits",)


REFUSED = {
    "a parent that has not landed": (", parents: [ghosts]", "made from ghosts, which has not"),
    "no parents at all": ("", "derived, and nothing says from what"),
}


@pytest.mark.parametrize(("parents", "said"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_parents_does_not_land(
    landed: Path, tmp_path: Path, parents: str, said: str
) -> None:
    derived(landed, parents)
    with small.unchanged(landed), pytest.raises(Refused, match=said):
        landing(landed, tmp_path)


def test_other_data_say_nothing_of_parents(landed: Path) -> None:
    for record in (landed / "records/landings").rglob("*.yaml"):
        assert "parents" not in record.read_text()
