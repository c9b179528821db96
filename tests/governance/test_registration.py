"""Numbers follow one another, and a stored version is named the same by everybody."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import modelfile
from governance import catalogue, jsontext, registration
from governance.registration import Bump
from governance.version import REVIEWS, ModelFile, Reviewed, Version

SHA = f"sha256:{'a' * 64}"
NUMBERS = st.tuples(*[st.integers(0, 30)] * 3).map(lambda n: ".".join(map(str, n)))


def version(**more: object) -> Version:
    files = (ModelFile(path="model.skops", bytes=5, sha256="b" * 64),)
    given = {
        "model": "credit", "version": "1.2.0", "digest": registration.root(files),
        "files": files, "dataset_digest": SHA, "training_hash": SHA,
        "registered_at": datetime(2026, 11, 23, 9, tzinfo=UTC), "registered_by": "mei.sato",
        "evidence": {"metadata": SHA, "metrics": SHA},
        "reviews": {
            name: Reviewed(record=f"records/attestations/{name}.yaml", digest=SHA)
            for name in REVIEWS
        },
    }  # fmt: skip
    return Version.model_validate(given | more)


@pytest.mark.parametrize(
    ("taken", "bump", "found"),
    [
        ((), "major", "1.0.0"),
        (("1.2.3",), "major", "2.0.0"),
        (("1.2.3",), "minor", "1.3.0"),
        (("1.2.3",), "patch", "1.2.4"),
        (("1.9.0", "1.10.0"), "minor", "1.11.0"),
    ],
)
def test_the_next_number(taken: tuple[str, ...], bump: Bump, found: str) -> None:
    assert registration.following(taken, bump) == found


@given(st.sets(NUMBERS), st.sampled_from(["major", "minor", "patch"]))
def test_a_number_is_above_all_that_were_ever_used(taken: set[str], bump: Bump) -> None:
    found = registration.numbers(registration.following(taken, bump))
    assert all(found > registration.numbers(old) for old in taken)


def test_an_entry_reads_as_it_was_written() -> None:
    made = version()
    path = registration.entry_path("credit", "1.2.0")
    value, _, findings = catalogue.read(path, registration.render(made).encode())
    assert (value, findings) == (made, ())


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}(/[a-z][a-z.]{0,5}[a-z])?", fullmatch=True),
                       st.binary(max_size=9), min_size=1, max_size=4))  # fmt: skip
def test_the_root_digest_is_that_of_the_folder(
    tmp_path_factory: pytest.TempPathFactory, texts: dict[str, bytes]
) -> None:
    folder = Path(tmp_path_factory.mktemp("model"))
    listed = []
    for path, data in texts.items():
        if any(path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in texts):
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        listed.append(ModelFile(path=path, bytes=len(data), sha256=sha256))
    assert registration.root(listed) == modelfile.digest(folder)[0]


@pytest.mark.parametrize(
    "more",
    [{"model": "prices"}, {"version": "1.2.1"}, {"digest": SHA}, {"files": ()}],
    ids=lambda more: next(iter(more)),
)
def test_a_manifest_speaks_of_one_version_only(more: dict[str, object]) -> None:
    found = jsontext.load(registration.manifest(version(), SHA))
    assert registration.identity(version(), found)
    assert not registration.identity(version(**more), found)


def test_the_same_version_has_one_manifest() -> None:
    assert registration.manifest(version(), SHA) == registration.manifest(version(), SHA)
    assert registration.manifest(version(), SHA) != registration.manifest(
        version(), registration.root(())
    )
