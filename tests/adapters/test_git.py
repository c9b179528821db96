"""A revision is read from Git's objects, whatever the clone has been talked into."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from history import begin, commit, put, settle
from history import git as command
from world import NOW, world

from adapters import git
from adapters.git import Revision
from adapters.reading import Reading
from adapters.worktree import Worktree
from checks import engine
from checks.collect import Collector, Situation
from governance.finding import CouldNotJudge

ODD = {
    "a line break": "docs/a\nb.md",
    "a tab": "docs/a\tb.md",
    "an umlaut": "docs/\u00fcber.md",
    "an umlaut in two parts": "docs/u\u0308ber.md",
    "quotes": "docs/\"a\" 'b'.md",
    "a backslash": "docs/a\\b.md",
    "a leading dash": "-n",
    "a leading colon": ":(top)x",
    "spaces": " a  b ",
    "a command": "docs/$(id);echo.md",
    "an emoji": "docs/\U0001f600.md",
    "a star": "docs/*.md",
    "no text": "docs/\udcff.md",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return begin(tmp_path / "repository")


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository nobody changes."""
    return settle(tmp_path_factory.mktemp("settled"), world())


def judged(root: Path, tree: Worktree | Revision, *only: str) -> engine.Judgement:
    collector = Collector(Situation(root=root, tree=tree, now=NOW))
    return engine.judge(collector, engine.select(only))


@pytest.mark.parametrize("path", ODD.values(), ids=ODD)
def test_odd_names_are_read_from_objects_and_from_disk(root: Path, path: str) -> None:
    put(root, path, "x\n")
    put(root, "plain.md", "y\n")
    commit(root)
    for tree in (Revision(root, "HEAD"), Worktree(root)):
        assert set(tree.entries()) == {path, "plain.md"}
        assert tree.read(path) == b"x\n"
        assert dict(tree.read_many([path, "plain.md"])) == {path: b"x\n", "plain.md": b"y\n"}


@pytest.mark.parametrize("name", ["a\nb.yaml", "\u00fc.yaml", "\udcff.yaml", '"q".yaml'], ids=repr)
def test_an_odd_name_among_policies_is_told_in_every_format(root: Path, name: str) -> None:
    from cli.check import write  # noqa: PLC0415 - the shell is not what is tested here

    put(root, f"policies/{name}", "x: 1\n")
    commit(root)
    for tree in (Revision(root, "HEAD"), Worktree(root)):
        judgement = judged(root, tree, "declarations/loadable", "declarations/paths")
        assert judgement.exit_code == 1
        for form in ("text", "json", "sarif", "github", "markdown"):
            write(judgement, form).encode()


def test_files_of_every_size_are_read_in_their_order(root: Path) -> None:
    contents = {"a": b"", "b": b"\n", "c": b"\0" * 70_000, "d": b"x blob 3\nabc\n", "e": b"\n\n\n"}
    for path, data in contents.items():
        put(root, path, data)
    commit(root)
    wanted = ["e", "c", "a", "d", "b", "c"]
    tree = Revision(root, "HEAD")
    assert list(tree.read_many(wanted)) == [(path, contents[path]) for path in wanted]
    assert [tree.entries()[path].size for path in "abcde"] == [0, 1, 70_000, 13, 3]
    assert list(tree.read_many([])) == []


def test_b83_a_lying_work_tree_is_not_read(settled: Path, tmp_path: Path) -> None:
    root = tmp_path / "clone"
    command(tmp_path, "clone", "--quiet", str(settled), str(root))
    command(root, "update-index", "--skip-worktree", "policies/gates.yaml")
    (root / "policies/gates.yaml").write_text("lie\n")
    assert command(root, "status", "--porcelain") == ""
    assert Revision(root, "HEAD").read("policies/gates.yaml").startswith(b"id: gates\n")
    assert judged(root, Revision(root, "HEAD")).exit_code == 0
    assert judged(root, Worktree(root)).exit_code == 1


def test_b79_replaced_objects_are_ignored(root: Path) -> None:
    put(root, "a.txt", "true\n")
    first = commit(root)
    put(root, "a.txt", "lie\n")
    second = commit(root)
    command(root, "replace", first, second)
    command(root, "replace", "-f", f"{first}:a.txt", f"{second}:a.txt")
    assert command(root, "show", f"{first}:a.txt") == "lie"
    assert Revision(root, first).read("a.txt") == b"true\n"


def test_b74_links_give_their_target_and_are_never_followed(root: Path, tmp_path: Path) -> None:
    secret = put(tmp_path, "secret.yaml", "secret\n")
    (root / "policies").mkdir()
    (root / "policies/gates.yaml").symlink_to(secret)
    (root / "loop").symlink_to("loop")
    (root / "nowhere").symlink_to("gone/away")
    commit(root)
    for tree in (Revision(root, "HEAD"), Worktree(root)):
        assert {p: e.mode for p, e in tree.entries().items()} == dict.fromkeys(
            ("loop", "nowhere", "policies/gates.yaml"), "symlink"
        )
        assert tree.read("policies/gates.yaml") == os.fsencode(secret)
        reading = Reading(tree)
        assert [f.problem for f in reading.refused] == ["a symbolic link stands among declarations"]
        assert "policies/gates.yaml" in reading.declarations.broken


def submodule(root: Path, path: str) -> None:
    """Enters a submodule into the index, as a hostile commit could."""
    oid = "1" * 40
    command(root, "update-index", "--add", "--cacheinfo", f"160000,{oid},{path}")
    command(root, "commit", "--quiet", "--message", "submodule")


def test_b75_a_submodule_among_policies_is_told(settled: Path, tmp_path: Path) -> None:
    root = tmp_path / "clone"
    command(tmp_path, "clone", "--quiet", str(settled), str(root))
    command(root, "rm", "--quiet", "policies/gates.yaml")
    submodule(root, "policies/gates.yaml")
    put(root, ".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = x\n\tignore = all\n')
    tree = Revision(root, "HEAD")
    assert tree.entries()["policies/gates.yaml"].mode == "submodule"
    judgement = judged(root, tree)
    assert judgement.exit_code == 1
    assert {(rule, f.at.path) for rule, f in judgement.findings} == {
        ("declarations/loadable", "policies/gates.yaml"),
        ("declarations/paths", "policies/gates.yaml"),
    }


def test_b75_a_repository_inside_the_work_tree_is_told(root: Path) -> None:
    put(begin(root / "policies/more"), "gates.yaml", "x: 1\n")
    commit(root / "policies/more")
    judgement = judged(root, Worktree(root), "declarations/paths")
    assert [found.problem for _, found in judgement.findings] == [
        "a submodule stands in a governed place"
    ]


def test_the_executable_bit_is_seen(root: Path) -> None:
    put(root, "run", "#!/bin/sh\n").chmod(0o755)
    put(root, "read", "x\n")
    commit(root)
    for tree in (Revision(root, "HEAD"), Worktree(root)):
        modes = {path: entry.mode for path, entry in tree.entries().items()}
        assert modes == {"run": "executable", "read": "file"}


def test_b80_a_shallow_clone_is_judged_by_what_it_holds(settled: Path, tmp_path: Path) -> None:
    root = tmp_path / "shallow"
    command(tmp_path, "clone", "--quiet", "--depth", "1", settled.as_uri(), str(root))
    for tree in (Revision(root, "HEAD"), Worktree(root)):
        assert judged(root, tree).exit_code == 0


REVISIONS = {
    "nothing": "",
    "no such name": "nowhere",
    "no such commit": "0" * 40,
    "no such parent": "HEAD~99",
    "an option": "--output=x",
    "another option": "-n",
    "all of them": "--all",
    "a range": "HEAD~1..HEAD",
    "a file": "HEAD:README.md",
    "a folder": "HEAD:policies",
    "two names": "HEAD HEAD",
    "a line break": "HEAD\nHEAD",
    "a pattern": "refs/heads/*",
}


@pytest.mark.parametrize("revision", REVISIONS.values(), ids=REVISIONS)
def test_what_names_no_commit_is_refused(settled: Path, revision: str) -> None:
    with pytest.raises(CouldNotJudge):
        Revision(settled, revision)
    assert not (settled / "x").exists()


def test_b55_a_branch_that_looks_like_an_option_is_only_a_name(root: Path) -> None:
    tip = commit(root)
    command(root, "update-ref", "refs/heads/-n", tip)
    assert Revision(root, "refs/heads/-n").commit == tip
    command(root, "update-ref", "refs/heads/a;echo${IFS}x", tip)
    assert Revision(root, "a;echo${IFS}x").commit == tip


def test_b48_a_name_of_a_branch_and_a_tag_is_refused(root: Path) -> None:
    first = commit(root, "first")
    second = commit(root, "second")
    command(root, "tag", "main", first)
    with pytest.raises(CouldNotJudge, match="main is refs/heads/main and refs/tags/main"):
        Revision(root, "main")
    assert Revision(root, "heads/main").commit == second
    assert Revision(root, "tags/main").commit == first
    assert Revision(root, second).commit == second


def test_an_annotated_tag_is_its_commit(root: Path) -> None:
    tip = commit(root)
    command(root, "tag", "--annotate", "--message", "x", "v1")
    assert Revision(root, "v1").commit == tip


def test_a_revision_stays_where_it_was_resolved(root: Path) -> None:
    put(root, "a", "1\n")
    commit(root)
    tree = Revision(root, "main")
    put(root, "a", "2\n")
    commit(root)
    assert tree.read("a") == b"1\n"


def test_the_work_tree_is_what_a_person_would_commit(root: Path) -> None:
    put(root, ".gitignore", "*.tmp\nbuild/\n")
    put(root, "gone.md", "x\n")
    put(root, "kept.md", "x\n")
    put(root, "folder/gone.md", "x\n")
    commit(root)
    (root / "gone.md").unlink()
    (root / "folder/gone.md").unlink()
    (root / "folder").rmdir()
    put(root, "folder", "a file now\n")
    put(root, "kept.md", "changed\n")
    put(root, "new.md", "x\n")
    put(root, "a.tmp", "x\n")
    put(root, "build/b.md", "x\n")
    os.mkfifo(root / "pipe")
    tree = Worktree(root)
    assert set(tree.entries()) == {".gitignore", "folder", "kept.md", "new.md"}
    assert tree.read("kept.md") == b"changed\n"
    assert tree.commit is None


def test_an_ignored_file_that_is_tracked_is_judged(root: Path) -> None:
    put(root, "a.tmp", "x\n")
    commit(root)
    put(root, ".gitignore", "*.tmp\n")
    assert "a.tmp" in Worktree(root).entries()


def test_the_environment_cannot_redirect_git(
    settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = begin(tmp_path / "other")
    commit(other)
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path),
        "GIT_CONFIG_COUNT": "x",
    }.items():
        monkeypatch.setenv(name, value)
    assert git.top(settled) == settled.resolve()
    assert "policies/gates.yaml" in Revision(settled, "HEAD").entries()
    assert "policies/gates.yaml" in Worktree(settled).entries()


def test_a_missing_object_is_named(root: Path) -> None:
    put(root, "a.txt", "x\n")
    commit(root)
    oid = command(root, "rev-parse", "HEAD:a.txt")
    (root / ".git/objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(CouldNotJudge):
        Revision(root, "HEAD").read("a.txt")


def test_before_the_first_commit_there_is_no_head(root: Path) -> None:
    assert git.head(root) is None
    with pytest.raises(CouldNotJudge):
        Revision(root, "HEAD")


def test_outside_a_repository_the_folder_is_named(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(CouldNotJudge, match="lies in no Git repository"):
        git.top(outside)
    with pytest.raises(CouldNotJudge, match="is no folder"):
        git.top(tmp_path / "nowhere")


def test_the_top_is_found_from_below(settled: Path) -> None:
    assert git.top(settled / "policies/datasets") == settled.resolve()


def test_a_bare_repository_has_no_work_tree(tmp_path: Path) -> None:
    command(tmp_path, "init", "--quiet", "--bare", "bare.git")
    with pytest.raises(CouldNotJudge):
        git.top(tmp_path / "bare.git")


def test_a_machine_without_git_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(CouldNotJudge, match="git is not installed"):
        git.top(root)


def test_changed_paths_are_listed_whatever_they_are_called(root: Path) -> None:
    put(root, "old\u00fc.md", "x\n")
    commit(root)
    (root / "old\u00fc.md").rename(root / "new\n.md")
    put(root, "more/deep.md", "y\n")
    assert git.changed(root) == ("more/deep.md", "new\n.md", "old\u00fc.md")


def test_git_is_asked_with_plumbing_only(root: Path) -> None:
    """A pager, an alias or a hook of the clone is never run."""
    commit(root)
    marker = root / "ran"
    for setting in ("core.pager", "alias.ls-tree", "core.fsmonitor", "diff.external"):
        command(root, "config", setting, f"!touch {marker}")
    Revision(root, "HEAD").entries()
    Worktree(root).entries()
    git.changed(root)
    assert not marker.exists()
    assert subprocess.run(["git", "-C", str(root), "fsck"], check=False, capture_output=True)
