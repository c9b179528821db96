"""Every version Git remembers is found, whatever the text that names it looks like."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from keeping import Kept, md5
from small import git

from adapters import versions
from adapters.store import places

ONE, TWO = f"{'1' * 32}.dir", "2" * 32
PAIRS = [("data/ml/training/visits", ONE), ("artifacts/x.json", TWO)]
LOCK = f"""\
schema: '2.0'
stages:
  a@visits:
    cmd: python -m pipelines.a visits
    deps:
    - path: data/ml/training/visits
      hash: md5
      md5: {ONE}
      size: 1
      nfiles: 2
    params:
      policies/x.yaml:
        servers:
        - server: training
          path: data/ml/training/visits/*.parquet
    outs:
    - path: artifacts/x.json
      hash: md5
      md5: {TWO}
"""
TEXTS = {
    "a lock as DVC writes it": LOCK,
    "the MD5 before the path": f"outs:\n- md5: {ONE}\n  path: data/ml/training/visits\n"
    f"- md5: {TWO}\n  path: artifacts/x.json\n",
    "in quotes": LOCK.replace(ONE, f"'{ONE}'").replace("artifacts/x.json", '"artifacts/x.json"'),
    "in one line": f"outs: [{{path: data/ml/training/visits, md5: {ONE}}}, "
    f"{{md5: {TWO}, path: artifacts/x.json}}]\n",
    "as JSON": f'{{"outs": [{{"path": "data/ml/training/visits", "md5": "{ONE}"}}, '
    f'{{"path": "artifacts/x.json", "md5": "{TWO}"}}]}}',
    "with Windows' line ends": LOCK.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_paths_and_md5_sums_are_found_in_any_form(text: str) -> None:
    assert sorted(versions.entries(text.encode())) == sorted(PAIRS)


def test_a_text_that_does_not_parse_still_names_its_sums() -> None:
    broken = f"<<<<<<< HEAD\n- {{path: a, md5: {ONE}}}\n=======\n- {{md5: {TWO}}}\n>>>>>>> other\n"
    assert sorted(versions.entries(broken.encode())) == [("?", ONE), ("?", TWO)]


NAMES = st.text("abcxyz/_.", min_size=1).filter(lambda name: name.strip("./") == name)


@given(st.dictionaries(NAMES, st.text("0123456789abcdef", min_size=32, max_size=32)))
def test_no_sum_of_a_lock_is_missed(outs: dict[str, str]) -> None:
    entries = [{"path": path, "hash": "md5", "md5": name} for path, name in outs.items()]
    text = yaml.safe_dump({"schema": "2.0", "stages": {"a": {"cmd": "x", "outs": entries}}})
    assert {name for _, name in versions.entries(text.encode())} == set(outs.values())


HOMES = {
    "data/ml/training/visits": ("visits", "landed"),
    "artifacts/ml/datasets/visits/prepared": ("visits", "prepared"),
    "artifacts/ml/models/returning/model": ("returning", "model"),
    "data/ml/training/visits/deeper": ("data/ml/training/visits/deeper", "other"),
}


@pytest.mark.parametrize(("path", "expected"), HOMES.items(), ids=HOMES)
def test_a_path_tells_whose_bytes_lie_there(path: str, expected: tuple[str, str]) -> None:
    assert versions.home(path) == expected


def test_each_version_has_the_oldest_commit_that_names_it(shared: Path, tmp_path: Path) -> None:
    del shared
    kept = Kept(tmp_path / "repository")
    second = git(kept.root, "rev-parse", "HEAD").strip()
    first = git(kept.root, "rev-parse", "HEAD~1").strip()
    git(kept.root, "revert", "--no-edit", "HEAD")  # names the first version again
    found = versions.history(kept.root)
    assert {one.commit for one in found} == {first, second}
    assert {(one.name, one.kind) for one in found} == {("visits", "landed")}
    (now,) = versions.current(kept.root)
    assert [one.commit for one in found if one.md5 == now.md5] == [first]


def test_a_list_that_was_tampered_with_is_passed_over(shared: Path, tmp_path: Path) -> None:
    del shared
    kept = Kept(tmp_path / "repository")
    name = kept.pointer()
    kept.flip("cache", name)
    listed = versions.files(name, places(kept.root))
    assert listed is not None, "the remote has it whole"
    assert sorted(listed) == ["a.csv", "b.csv", "c.csv"]
    assert listed["a.csv"] == md5(b"key\n1\n2\n")
    kept.flip("store", name)
    assert versions.files(name, places(kept.root)) is None


def test_who_names_an_object_is_told_for_every_version(shared: Path, tmp_path: Path) -> None:
    del shared
    kept = Kept(tmp_path / "repository")
    found = versions.inventory(versions.history(kept.root), places(kept.root))
    assert found.uses[md5(b"key\n3\n")] == {("landed", "visits", "b.csv")}
    assert found.uses[kept.pointer()] == {("landed", "visits", "")}
    assert found.unlisted == []
    for place in ("cache", "store"):
        kept.object(place, kept.pointer()).unlink()
    found = versions.inventory(versions.history(kept.root), places(kept.root))
    assert [one.md5 for one in found.unlisted] == [kept.pointer()]


def test_a_repository_without_commits_has_what_its_work_tree_names(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "datasets.dvc").write_text(f"outs:\n- md5: {ONE}\n  path: data/ml/training/a\n")
    (found,) = versions.history(tmp_path)
    assert (found.name, found.md5, found.commit) == ("a", ONE, None)
    assert [one.md5 for one in versions.current(tmp_path)] == [ONE]
