"""Is every byte of training data accounted for?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cases import Green, Red, Table, keeps_quiet, rows, shown, tells
from world import DATA, World, dump, world

from adapters.reading import Reading
from governance.manifest import manifests

INDEX = "models/index.yaml"
LANDING = "records/landings/loans/first.yaml"
VALIDATION = "artifacts/ml/datasets/loans/validation.json"
LOANS = "policies/datasets/loans.yaml"
POINTER = "datasets.dvc"
LATER = datetime(2028, 6, 1, tzinfo=UTC)
KEEP = "customProperties: [{property: technique, value: keep}"
KEY = f"- name: key\n        logicalType: integer\n        classification: none\n        {KEEP}"
KEY_OF_A_PERSON = KEY.replace(": none", ": quasi-identifier") + ", {property: purpose, value: x}"
SOURCE = {
    "kind": "licensed-public",
    "id": "loans-register",
    "uri": "https://loans.example/register",
    "licence": "CC-BY-4.0",
    "licence_ends": "2029-01-01",
}


def second_landing(w: World, path: str) -> World:
    value = w.value(LANDING)
    value |= {"id": "second", "at": "2026-11-03T08:00:00Z"}
    value["files"] = [value["files"][0] | {"path": path, "sha256": "f" * 64}]
    return w.put("records/landings/loans/second.yaml", dump(value))


def copied(w: World, path: str) -> World:
    second_landing(w, path)
    sha256 = w.value(LANDING)["files"][0]["sha256"]
    return w.set("records/landings/loans/second.yaml", ("files", 0, "sha256"), sha256)


def pointed(w: World, **changes: object) -> World:
    entry = {k: v for k, v in (w.value(POINTER)["outs"][1] | changes).items() if v is not None}
    return w.set(POINTER, ("outs", 1), entry)


def sourced(w: World, **changes: object) -> World:
    w.set(LOANS, ("customProperties",), [{"property": "source", "value": SOURCE | changes}])
    return w.retrain()


def landed(w: World, **changes: object) -> World:
    return w.set(LANDING, ("source",), w.value(LANDING)["source"] | changes).retrain()


def column(w: World, name: str, **changes: object) -> World:
    table = w.value(LOANS)["schema"]
    found = next(c for c in table[0]["properties"] if c["name"] == name)
    found |= changes
    return w.set(LOANS, ("schema",), table).retrain()


HOMES = "records/landings/homes/first.yaml"
STONE = "records/tombstones/t-1.yaml"
NOBODY = f"sha256:{'0' * 64}"


def derived(w: World, digest: str | None = None, **changes: object) -> World:
    """Homes as they would be, had they been made from loans a day after those landed."""
    source = w.value(HOMES)["source"] | {"kind": "derived", "parents": ["loans"]} | changes
    w.set(HOMES, ("source",), {k: v for k, v in source.items() if v is not None})
    w.set(HOMES, ("at",), "2026-11-03T08:00:00Z")
    before = manifests(Reading(w).declarations)["loans"].digest
    if digest != "":
        w.set(HOMES, ("parents",), {"loans": digest or before})
    return w.retrain()


def stone(w: World, index: int = 0, *, left: bool = True, **changes: object) -> World:
    """A tombstone for a landed file of loans, with what is left of it in its place."""
    file = w.value(LANDING)["files"][index]
    becomes = file | {"rows": 3999, "sha256": "e" * 64}
    gone = {"path": file["path"], "sha256": file["sha256"], "rows": 1} | changes
    w.set("records/removals/rm-1.yaml", ("files",), [{"dataset": "loans"} | gone])
    value = {
        "id": "t-1",
        "at": "2026-11-10T08:00:00Z",
        "dataset": "loans",
        "removal": "rm-1",
        "files": [gone | ({"becomes": becomes} if left else {})],
        "ground": "erasure request",
        "approved_by": ["priya"],
    }
    return w.put(STONE, dump(value))


def erased(w: World, **changes: object) -> World:
    """The same world after the erasure was carried out and everything ran again."""
    return pointed(stone(w, **changes)).retrain()


def client(w: World, **changes: object) -> World:
    source = {"kind": "client", "agreement": "AG-17", "licence_ends": "2029-01-01"} | changes
    return sourced(w, **{k: v for k, v in source.items() if v is not None})


def unsaid(w: World, key: str) -> World:
    """The same without one key of the contract's source."""
    w.drop(LOANS, "customProperties", 0, "value", key)
    return w.retrain()


def moved(w: World, **changes: object) -> World:
    becomes = w.value(STONE)["files"][0]["becomes"] | changes
    return w.set(STONE, ("files", 0, "becomes"), becomes)


def twice(w: World) -> World:
    return w.put("records/tombstones/t-2.yaml", dump(w.value(STONE) | {"id": "t-2"}))


RED: Table = {
    "datasets/agreement": {
        "a client without an agreement": Red(
            lambda w: unsaid(client(w), "agreement"),
            (LOANS, "customProperties", "client source loans-register names no `agreement`"),
        ),
        "a client whose agreement has no end": Red(
            lambda w: unsaid(client(w, kind="anonymised-client"), "licence_ends"),
            (LOANS, "customProperties", "anonymised-client source loans-register names no `lic"),
        ),
        "a landing of another client's data": Red(
            lambda w: landed(w, kind="client", id="other"),
            (LANDING, "source:", "client source other names no `agreement`"),
        ),
    },
    "datasets/parents": {
        "a derived contract without parents": Red(
            lambda w: sourced(w, kind="derived"),
            (LOANS, "customProperties", "loans is derived, and nothing says from what"),
        ),
        "derived files without parents": Red(
            lambda w: derived(w, "", parents=None),
            (HOMES, "source:", "derived files landed, and nothing says from what"),
        ),
        "a parent that never landed": Red(
            lambda w: derived(w, "", parents=["ghosts"]),
            (HOMES, "source:", "parent ghosts has never landed"),
        ),
        "a dataset made from itself": Red(
            lambda w: derived(w, "", parents=["homes"]),
            (HOMES, "source:", "homes names itself as its parent"),
        ),
        "a parent without the digest it had": Red(
            lambda w: derived(w, ""),
            (HOMES, "source:", "the digest loans had when this was made from it is not recorded"),
        ),
        "a digest the parent never had": Red(
            lambda w: derived(w, NOBODY),
            (HOMES, "loans:", "loans never was 000000000000"),
        ),
        "a parent that is newer than what was made from it": Red(
            lambda w: derived(w).set(HOMES, ("at",), "2026-11-01T08:00:00Z").retrain(),
            (HOMES, "loans:", "of loans is newer than what was made from it"),
        ),
        "a parent some rows of which were erased since": Red(
            lambda w: erased(derived(w)),
            (HOMES, "loans:", "it was made from bytes of loans that were erased since"),
        ),
    },
    "datasets/in_git": {
        "a data file is committed": Red(
            lambda w: w.put("data/ml/training/loans/2026-09.csv", DATA["loans"]["2026-09.csv"]),
            ("data/ml/training/loans/2026-09.csv", "key", "the file is in Git"),
        ),
        "a prepared file is committed": Red(
            lambda w: w.put("artifacts/ml/datasets/loans/prepared/a.parquet", "x\n"),
            ("artifacts/ml/datasets/loans/prepared/a.parquet", "x", "the file is in Git"),
        ),
        "a model file is committed": Red(
            lambda w: w.put("artifacts/ml/models/credit/model/model.skops", "x\n"),
            ("artifacts/ml/models/credit/model/model.skops", "x", "the file is in Git"),
        ),
    },
    "datasets/index": {
        "the index is gone": Red(
            lambda w: w.remove(INDEX), (INDEX, "", "models/index.yaml is missing")
        ),
        "a model is left out": Red(
            lambda w: w.drop(INDEX, "models", "prices").relock(),
            (INDEX, "models:", "prices is missing"),
            only=True,
        ),
        "a dataset is left out": Red(
            lambda w: w.drop(INDEX, "datasets", "homes"),
            (INDEX, "datasets:", "homes is missing"),
            only=True,
        ),
        "a model nobody declared": Red(
            lambda w: w.set(INDEX, ("models", "ghost"), {"dataset": "loans"}),
            (INDEX, "ghost:", "ghost is listed, but has no landing or no declaration"),
            only=True,
        ),
        "a model on another dataset": Red(
            lambda w: w.set(INDEX, ("models", "credit", "dataset"), "homes"),
            (INDEX, "credit:", "credit is out of date"),
            only=True,
        ),
    },
    "datasets/manifest": {
        "a file was validated with other bytes": Red(
            lambda w: w.set(VALIDATION, ("files", 0, "sha256"), "0" * 64).relock(),
            (LANDING, "files:", "2026-09.csv has other bytes in artifacts/ml/datasets/loans"),
        ),
        "a file was validated with another size": Red(
            lambda w: w.set(VALIDATION, ("files", 1, "bytes"), 1).relock(),
            (LANDING, "files:", "2026-10.csv has other bytes"),
        ),
        "a landed file was not validated": Red(
            lambda w: w.drop(VALIDATION, "files", 0).relock(),
            (LANDING, "files:", "2026-09.csv is missing in artifacts/ml/datasets/loans"),
        ),
    },
    "datasets/pointer": {
        "a pointer that imports": Red(
            lambda w: w.set(POINTER, ("deps",), [{"path": "x", "repo": {"url": "ext::sh"}}]),
            (POINTER, "deps", "`deps` does not belong here"),
        ),
        "an entry that says more than it may": Red(
            lambda w: pointed(w, checkout=True),
            (POINTER, "path: data/ml/training/loans", "`checkout` does not belong into an entry"),
        ),
        "a second pointer": Red(
            lambda w: w.put("data/extra.dvc", "outs: []\n"),
            ("data/extra.dvc", "outs", "a pointer beside datasets.dvc"),
        ),
        "B94 an entry without hash": Red(
            lambda w: pointed(w, hash=None),
            (POINTER, "data/ml/training/loans", "the entry lacks `hash: md5`"),
        ),
        "a file in place of a folder": Red(
            lambda w: pointed(w, md5="0" * 32).relock(),
            (POINTER, "loans", "the entry names no folder of files"),
        ),
        "fewer files than were landed": Red(
            lambda w: pointed(w, nfiles=1),
            (POINTER, "loans", "the entry has 1 files and 108 bytes; 2 files and 108 bytes"),
        ),
        "data that no cache keeps": Red(
            lambda w: pointed(w, cache=False),
            (POINTER, "loans", "`cache: false` leaves the data unstored"),
        ),
        "data that are never pushed": Red(
            lambda w: pointed(w, push=False), (POINTER, "loans", "`push: false`")
        ),
        "a dataset that never landed": Red(
            lambda w: w.set(
                POINTER, ("outs",), [*w.value(POINTER)["outs"], {"path": "data/ml/training/x"}]
            ),
            (POINTER, "data/ml/training/x", "data/ml/training/x was never landed"),
        ),
        "a dataset outside the folder": Red(
            lambda w: w.set(POINTER, ("outs",), [*w.value(POINTER)["outs"], {"path": "loans"}]),
            (POINTER, "path: loans", "loans was never landed"),
        ),
        "an entry twice": Red(
            lambda w: w.set(POINTER, ("outs",), [*w.value(POINTER)["outs"]] * 2),
            (POINTER, "homes", "data/ml/training/homes has two entries"),
            (POINTER, "loans", "data/ml/training/loans has two entries"),
        ),
        "no entry": Red(
            lambda w: w.drop(POINTER, "outs", 0),
            (POINTER, "outs:", "data/ml/training/homes has no entry"),
            only=True,
        ),
        "entries that are none": Red(
            lambda w: w.set(POINTER, ("outs",), {"path": "data/ml/training/loans"}),
            (POINTER, "outs:", "data/ml/training/homes has no entry"),
            (POINTER, "outs:", "data/ml/training/loans has no entry"),
            only=True,
        ),
    },
    "datasets/privacy": {
        "an identifier is kept": Red(
            lambda w: column(w, "key", classification="direct-identifier"),
            (LOANS, "name: key", "and nothing uses it", "datasets/minimised"),
            (LOANS, "name: key", "column key is"),
        ),
        "the base allows less than the tree": Red(
            lambda w: (
                w.edit("policies/privacy.yaml", "{techniques: [drop]}", "{techniques: [keep]}")
                .edit("policies/privacy.yaml", "1.0.0", "1.1.0")
                .edit("policies/privacy.yaml", "2026-11-01", "2026-11-22")
                .edit(LOANS, KEY, KEY_OF_A_PERSON)
                .retrain()
            ),
            (LOANS, "name: key", "and nothing uses it", "datasets/minimised"),
            (LOANS, "name: key", "column key is"),
            base=lambda w: w,
        ),
    },
    "datasets/source": {
        "a licence has ended": Red(
            lambda w: landed(w, licence_ends="2026-11-21"),
            (LANDING, "licence_ends", "licence CC-BY-4.0 of loans-register ended on 2026-11-21"),
        ),
        "another source's end does not extend it": Red(
            lambda w: sourced(landed(w, licence_ends="2026-11-21"), id="other-register"),
            (LANDING, "licence_ends", "ended on 2026-11-21"),
        ),
        "the licence is unknown": Red(
            lambda w: landed(w, licence="Unknown"),
            (LANDING, "licence: Unknown", "the licence is unknown"),
        ),
    },
    "datasets/uncatalogued": {
        "a file was used that nobody landed": Red(
            lambda w: w.set(
                VALIDATION,
                ("files",),
                [
                    *w.value(VALIDATION)["files"],
                    {"path": "stray.csv", "bytes": 1, "rows": 1, "sha256": "0" * 64},
                ],
            ).relock(),
            (VALIDATION, "{", "stray.csv was used, but no landing brought it"),
        ),
    },
    "datasets/write_once": {
        "two landings of one path": Red(
            lambda w: second_landing(w, "2026-09.csv").retrain(),
            (
                "records/landings/loans/second.yaml",
                "path: 2026-09.csv",
                f"2026-09.csv was landed before, by {LANDING}",
            ),
        ),
        "a copy under another name": Red(
            lambda w: copied(w, "2026-11.csv"),
            (
                "records/landings/loans/second.yaml",
                "sha256",
                "2026-11.csv is a copy of 2026-09.csv",
            ),
            only=True,
        ),
        "two paths that differ in case": Red(
            lambda w: second_landing(w, "2026-09.CSV"),
            ("records/landings/loans/second.yaml", "path: 2026-09.CSV", "was landed before"),
            only=True,
        ),
        "one landing that names a path twice": Red(
            lambda w: w.set(LANDING, ("files",), w.value(LANDING)["files"] * 2).retrain(),
            (LANDING, "path: 2026-09.csv", "2026-09.csv was landed before"),
            (LANDING, "path: 2026-10.csv", "2026-10.csv was landed before"),
        ),
        "a tombstone for bytes that never landed": Red(
            lambda w: stone(w, sha256="d" * 64),
            (STONE, "path: 2026-09.csv", "2026-09.csv did not hold these bytes"),
        ),
        "a tombstone that puts the file elsewhere": Red(
            lambda w: moved(stone(w), path="2026-11.csv"),
            (STONE, "path: 2026-09.csv", "2026-09.csv becomes no other bytes under its own path"),
            only=True,
        ),
        "a tombstone that changes nothing": Red(
            lambda w: moved(stone(w), sha256=w.value(LANDING)["files"][0]["sha256"]),
            (STONE, "path: 2026-09.csv", "2026-09.csv becomes no other bytes under its own path"),
            only=True,
        ),
        "bytes that are erased twice": Red(
            lambda w: twice(erased(w)),
            (
                "records/tombstones/t-2.yaml",
                "path: 2026-09.csv",
                "2026-09.csv did not hold these bytes",
            ),
            only=True,
        ),
    },
}
GREEN = {
    "datasets/agreement": {
        "a client with an agreement and its end": Green(client),
        "the contract knows what the landing left out": Green(
            lambda w: client(landed(w, kind="client"))
        ),
    },
    "datasets/parents": {
        "a parent as it was": Green(derived),
        "a parent that grew since": Green(
            lambda w: pointed(
                second_landing(derived(w), "2026-11.csv").set(
                    "records/landings/loans/second.yaml", ("at",), "2026-11-04T08:00:00Z"
                ),
                nfiles=3,
                size=108 + 54,
            ).retrain()
        ),
        "made from what an erasure left": Green(
            lambda w: derived(erased(w)).set(HOMES, ("at",), "2026-11-11T08:00:00Z").retrain()
        ),
    },
    "datasets/in_git": {
        "Git's own note": Green(lambda w: w.put("data/ml/training/.gitignore", "/loans\n")),
    },
    "datasets/source": {
        "the last day of a licence": Green(lambda w: landed(w, licence_ends="2026-11-22")),
        "a licence without end": Green(
            lambda w: landed(w, licence_ends=None).drop(LANDING, "source", "licence_ends").retrain()
        ),
        "the contract renews the licence": Green(
            lambda w: sourced(landed(w, licence_ends="2026-11-21"))
        ),
    },
    "datasets/privacy": {
        "an identifier is dropped": Green(
            lambda w: column(
                w,
                "income",
                classification="direct-identifier",
                customProperties=[{"property": "technique", "value": "pseudonymise"},
                                  {"property": "purpose", "value": "Names a row."}],
            )
        ),
    },
    "datasets/write_once": {
        "a file an erasure replaced": Green(erased),
        "a file an erasure left nothing of": Green(
            lambda w: pointed(stone(w, left=False), nfiles=1, size=54).retrain()
        ),
        "a second landing under a new name": Green(
            lambda w: pointed(
                second_landing(w, "2026-11.csv"), nfiles=3, size=108 + 54
            ).retrain()
        ),
    },
}  # fmt: skip


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


def test_an_ended_licence_names_the_models_it_touches() -> None:
    judgement = world().judge(["datasets/source"], now=LATER)
    notes = {f.at.path.split("/")[2]: f.notes for _, f in judgement.findings}
    assert notes == {
        "homes": ("affected models: prices",),
        "loans": ("affected models: credit, hardship",),
    }


def test_an_ended_licence_names_what_was_made_from_the_data() -> None:
    judgement = derived(world()).judge(["datasets/source"], now=LATER)
    notes = {f.at.path.split("/")[2]: f.notes for _, f in judgement.findings}
    assert notes["loans"] == (
        "made from it: homes",
        "affected models: credit, hardship, prices",
    )


def test_rows_erased_from_a_parent_are_explained() -> None:
    judgement = erased(derived(world())).judge(["datasets/parents"])
    ((_, found),) = judgement.findings
    assert found.notes == ("rows of 2026-09.csv were erased (rm-1)",)
    assert found.fix == "derive again from loans as it is, and erase homes.csv"


DISK = {
    "as landed": ("2026-09.csv", DATA["loans"]["2026-09.csv"], None),
    "a byte more": ("2026-09.csv", b"1,9,f,2026-09-01,0\n", "has other bytes in the work tree"),
    "a stray file": ("stray.csv", b"x\n", "stray.csv is uncatalogued"),
    "a stray file in a folder": ("more/stray.csv", b"x\n", "more/stray.csv is uncatalogued"),
    "a note of Git's": (".gitignore", b"/x\n", None),
}


@pytest.mark.parametrize(("path", "data", "problem"), DISK.values(), ids=DISK)
def test_data_files_on_disk(tmp_path: Path, path: str, data: bytes, problem: str | None) -> None:
    for name, landed_ in DATA["loans"].items():
        place(tmp_path, name, landed_)
    place(tmp_path, path, data)
    judgement = world().judge(root=tmp_path)
    problems = [found.problem for _, found in judgement.findings]
    if problem is None:
        assert not problems, shown(judgement)
    else:
        assert len(problems) == 1, shown(judgement)
        assert problem in problems[0]


def test_a_file_missing_on_disk(tmp_path: Path) -> None:
    place(tmp_path, "2026-09.csv", DATA["loans"]["2026-09.csv"])
    (rule, found), *more = world().judge(root=tmp_path).findings
    assert (rule, found.problem) == (
        "datasets/manifest",
        "2026-10.csv is missing in the work tree",
    )
    assert not more


def test_a_dataset_that_is_not_on_disk_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "data/ml/training/loans").mkdir(parents=True)
    assert world().judge(root=tmp_path).exit_code == 0


def test_a_file_on_disk_of_a_dataset_that_never_landed(tmp_path: Path) -> None:
    other = tmp_path / "data/ml/training/other/x.csv"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"x\n")
    ((rule, found),) = world().judge(root=tmp_path).findings
    assert rule == "datasets/uncatalogued"
    assert str(found.at) == "data/ml/training/other/x.csv:1"


def place(top: Path, name: str, data: bytes) -> None:
    path = top / "data/ml/training/loans" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
