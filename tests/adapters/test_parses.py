"""The parse cache saves time and decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from history import commit, put, settle
from world import World, world

from adapters.git import git_folder
from adapters.parses import _MAGIC, Parses, language
from adapters.reading import Reading
from checks import engine
from checks.collect import Collector
from cli.situate import situate
from governance.contract import Contract
from governance.document import LOADER_VERSION
from governance.gates import Gates

GATES = "policies/gates.yaml"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "parses"


def bound(reading: Reading) -> float | None:
    gates = reading.declarations.one(Gates, "gates").value
    return gates.classification.performance[0].at_least


def filled(cache: Path, tree: World) -> Path:
    Reading(tree, Parses(cache))
    return cache


def poisoned(cache: Path, tree: World, text: str) -> Path:
    """A cache that says something else about the gates."""
    parses = Parses(filled(cache, tree))
    for path in tree.files:
        key = Parses.key(tree.files[path])
        found = parses.get(key)
        if path == GATES:
            parses.put(key, text.replace("FOUND", found or ""))
    parses.save()
    return cache


def test_the_second_run_reads_what_the_first_one_wrote(cache: Path, valid: World) -> None:
    fresh = Reading(valid, Parses(cache))
    written = cache.read_bytes()
    again = Reading(valid, Parses(cache))
    assert written.startswith(_MAGIC)
    assert cache.read_bytes() == written
    assert again.declarations == fresh.declarations
    assert Parses(cache).get(Parses.key(valid.files[GATES])) is not None


def test_what_is_not_used_any_more_is_forgotten(cache: Path, valid: World) -> None:
    filled(cache, valid)
    old = Parses.key(valid.files[GATES])
    valid.edit(GATES, "at_least: 0.7,", "at_least: 0.71,")
    filled(cache, valid)
    assert Parses(cache).get(old) is None
    assert Parses(cache).get(Parses.key(valid.files[GATES])) is not None


def test_a_refused_file_is_read_again_every_time(cache: Path, valid: World) -> None:
    valid.put(GATES, "id: gates\n")
    first = Reading(valid, Parses(cache)).refused
    assert first
    assert Reading(valid, Parses(cache)).refused == first


LOANS = "policies/datasets/loans.yaml"


def kept(valid: World) -> bytes:
    return Parses.key(language() + Parses.key(valid.files[LOANS]))


def test_an_interpreted_contract_is_kept_as_it_was(cache: Path, valid: World) -> None:
    fresh = Reading(valid, Parses(cache)).declarations.all(Contract)
    assert Parses(cache).get(kept(valid)) is not None
    assert Reading(valid, Parses(cache)).declarations.all(Contract) == fresh


@pytest.mark.parametrize("text", ["{}", "[]", '{"name": 1}', "no JSON"])
def test_a_kept_contract_of_another_shape_is_made_again(
    cache: Path, valid: World, text: str
) -> None:
    fresh = Reading(valid, Parses(cache)).declarations.all(Contract)
    parses = Parses(cache)
    for path in valid.files:
        parses.get(Parses.key(valid.files[path]))
    parses.put(kept(valid), text)
    parses.save()
    assert Reading(valid, Parses(cache)).declarations.all(Contract) == fresh


def test_other_code_makes_a_contract_again(
    cache: Path, valid: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    Reading(valid, Parses(cache))
    old = kept(valid)
    monkeypatch.setattr("adapters.reading.language", lambda: b"another version")
    Reading(valid, Parses(cache))
    assert Parses(cache).get(old) is None


DAMAGE = {
    "nothing": lambda _: b"",
    "another file": lambda _: b"hello\n",
    "another loader": lambda data: data.replace(f" {LOADER_VERSION}\n".encode(), b" 0\n", 1),
    "half the head": lambda data: data[: len(_MAGIC) // 2],
    "half an entry": lambda data: data[: len(data) // 2],
    "a byte less": lambda data: data[:-1],
    "a huge size": lambda data: data[: len(_MAGIC) + 32] + b"\xff" * 4 + data[len(_MAGIC) + 36 :],
    "bytes that are no text": lambda data: data[:-4] + b"\xff\xfe\xff\xfe",
    "zeros": lambda _: _MAGIC + b"\0" * 999,
    "rubbish behind the end": lambda data: data + b"rubbish",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_cache_costs_only_time(cache: Path, valid: World, damage: object) -> None:
    assert callable(damage)
    cache = filled(cache, valid)
    cache.write_bytes(damage(cache.read_bytes()))
    reading = Reading(valid, Parses(cache))
    assert not reading.refused
    assert bound(reading) == 0.7
    assert bound(Reading(valid, Parses(cache))) == 0.7


POISON = {
    "no JSON": "{",
    "null": "null",
    "a list": "[]",
    "a policy of another kind": '{"id": "gates"}',
    "an unknown key": 'FOUND"',
    "empty": "",
}


@pytest.mark.parametrize("text", POISON.values(), ids=POISON)
def test_an_entry_that_does_not_fit_its_kind_is_read_anew(
    cache: Path, valid: World, text: str
) -> None:
    poisoned(cache, valid, text)
    reading = Reading(valid, Parses(cache))
    assert not reading.refused
    assert bound(reading) == 0.7
    assert Parses(cache).get(Parses.key(valid.files[GATES])) != text, "the poison stays"


def test_a_file_moved_to_another_place_is_held_against_the_kind_of_that_place(
    cache: Path, valid: World
) -> None:
    filled(cache, valid)
    valid.put("policies/release.yaml", valid.files[GATES])
    reading = Reading(valid, Parses(cache))
    assert {found.at.path for found in reading.refused} == {"policies/release.yaml"}


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, valid: World) -> None:
    blocked = put(tmp_path, "file", "x\n") / "parses"
    assert not Reading(valid, Parses(blocked)).refused


def test_no_path_means_no_file(valid: World) -> None:
    parses = Parses(None)
    Reading(valid, parses)
    parses.save()
    assert parses.path is None


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return settle(tmp_path / "clone", world())


def lied_to(root: Path) -> None:
    """Fills the clone's cache with bounds that no file states."""
    tree = world()
    text = Parses(filled(git_folder(root) / "charter/parses", tree)).get(
        Parses.key(tree.files[GATES])
    )
    assert text is not None
    poisoned(
        git_folder(root) / "charter/parses",
        tree,
        text.replace('"at_least": 0.7', '"at_least": 0.1'),
    )


def seen(root: Path, **how: str | bool) -> float | None:
    situation = situate(root, now="2026-11-22", **how)  # type: ignore[arg-type]
    return bound(Collector(situation).get(Reading))


def test_the_cache_lies_where_no_commit_can_write(clone: Path) -> None:
    situation = situate(clone)
    assert situation.parses is not None
    assert situation.parses.path == clone.resolve() / ".git/charter/parses"
    engine.judge(Collector(situation), engine.rules())
    assert (clone / ".git/charter/parses").is_file()


def test_only_the_work_tree_is_read_through_the_cache(clone: Path) -> None:
    lied_to(clone)
    assert seen(clone) == 0.1, "the cache is used at all"
    assert seen(clone, cache=False) == 0.7
    assert seen(clone, head="HEAD") == 0.7
    assert seen(clone, base="HEAD~1") == 0.7
    assert seen(clone, base="HEAD~1", head="HEAD") == 0.7


def test_the_base_is_never_read_through_the_cache(clone: Path) -> None:
    from governance.catalogue import Law  # noqa: PLC0415

    lied_to(clone)
    law = Collector(situate(clone, base="HEAD~1")).get(Law)
    gates = law.declarations.one(Gates, "gates").value
    assert gates.classification.performance[0].at_least == 0.7


def test_judging_a_revision_writes_no_cache(clone: Path) -> None:
    collector = Collector(situate(clone, base="HEAD~1", head="HEAD"))
    engine.judge(collector, engine.rules())
    assert not (clone / ".git/charter").exists()


def test_a_commit_that_brings_a_cache_brings_nothing(clone: Path) -> None:
    put(clone, ".git-charter/parses", _MAGIC)
    put(clone, "charter/parses", _MAGIC)
    commit(clone)
    assert seen(clone) == 0.7
