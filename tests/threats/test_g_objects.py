"""Tricks with Git objects: B79 to B83 of the catalogue of threats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attacks import Clone, approved, demand, red, rules
from history import begin, commit, git, put

from adapters.git import merged, tree_of
from governance.finding import CouldNotJudge
from governance.tally import Standing

GATES = "policies/gates.yaml"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone").starts()


def lowered(clone: Clone) -> Clone:
    clone.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").commit("lower")
    return clone


def words(clone: Clone, name: str = "a", by: str = "ann") -> Clone:
    clone.put(f"docs/{name}.md", f"{name}\n").commit(name, by=by)
    return clone


def merge(clone: Clone, *others: str, how: tuple[str, ...] = (), by: str = "ann") -> Clone:
    """A merge commit, signed by a person of the world."""
    sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={clone.key(by)}")
    people = {
        f"GIT_{part}_{key}": value
        for part in ("AUTHOR", "COMMITTER")
        for key, value in {"NAME": by.title(), "EMAIL": f"{by}@example.org"}.items()
    }
    clone.git(*sign, "merge", "--quiet", "--no-ff", "-S", "-m", "merge", *how, *others, **people)
    return clone


# B79


def test_b79_a_replaced_commit_is_seen_as_it_is(clone: Clone) -> None:
    head = lowered(clone).git("rev-parse", "HEAD")
    before = clone.tally().change
    clone.git("replace", head, "main")
    assert clone.git("diff", "--name-only", "main", "HEAD") == ""
    judged = clone.judged()
    assert judged.standing == "error"
    assert "refs/replace holds objects that stand in for others" in judged.err
    clone.git("replace", "--delete", head)
    assert clone.tally().change == before
    assert before.paths == (GATES,)


@pytest.mark.parametrize("what", ["tree", "blob"])
def test_b79_nothing_that_is_replaced_is_judged(clone: Clone, what: str) -> None:
    lowered(clone)
    of = {"tree": ("HEAD^{tree}", "main^{tree}"), "blob": (f"HEAD:{GATES}", f"main:{GATES}")}
    clone.git("replace", *of[what])
    with pytest.raises(CouldNotJudge, match="refs/replace"):
        clone.tally()


def test_b79_a_grafted_history_is_not_judged(clone: Clone) -> None:
    words(lowered(clone))
    head = clone.git("rev-parse", "HEAD")
    clone.put(".git/info/grafts", f"{head} {clone.git('rev-parse', 'main')}\n")
    assert len(clone.git("log", "--format=%h", "main..HEAD").split()) == 1
    with pytest.raises(CouldNotJudge, match="info/grafts rewrites history"):
        clone.tally()
    (clone.root / ".git/info/grafts").unlink()
    assert len(clone.tally().change.commits) == 2


# B80


def cloned(source: Clone, to: Path, *how: str) -> Clone:
    """A clone of another kind, with main and the change as local branches."""
    source.git("config", "uploadpack.allowFilter", "true")
    source.git("clone", "--quiet", "--no-single-branch", *how, source.root.as_uri(), str(to))
    found = Clone.__new__(Clone)
    found.root, found.keys = to, source.keys
    found.git("branch", "--force", "main", "origin/main")
    return found


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (("--depth", "1"), "the clone is shallow"),
        (("--depth", "2"), "the clone is shallow"),
        (("--filter=blob:none",), "the clone is partial"),
        (("--filter=tree:0", "--no-checkout"), "the clone is partial"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_b80_a_clone_that_lacks_objects_is_not_judged(
    clone: Clone, tmp_path: Path, how: tuple[str, ...], why: str
) -> None:
    lowered(clone)
    if "2" in how:
        words(words(clone))
    with pytest.raises(CouldNotJudge, match=why):
        cloned(clone, tmp_path / "other", *how).tally()


@pytest.mark.parametrize("how", [(), ("--no-local",), ("--bare",)], ids=" ".join)
def test_b80_a_whole_clone_is_judged_alike(
    clone: Clone, tmp_path: Path, how: tuple[str, ...]
) -> None:
    before = lowered(clone).tally()
    if how == ("--bare",):
        clone.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"), "change")
        other = Clone.__new__(Clone)
        other.root = tmp_path / "other"
    else:
        other = cloned(clone, tmp_path / "other", *how)
    assert other.tally().change == before.change


def test_b80_borrowed_objects_are_objects(clone: Clone, tmp_path: Path) -> None:
    """Also where main moved on, so that a merge has to be made."""
    lowered(clone)
    words(clone.on("main"), "b")
    before = clone.on("change").tally().change
    clone.git("clone", "--quiet", "--shared", str(clone.root), str(tmp_path / "other"))
    other = Clone.__new__(Clone)
    other.root = tmp_path / "other"
    other.git("branch", "main", "origin/main")
    assert (other.root / ".git/objects/info/alternates").exists()
    assert other.tally().change == before


@pytest.mark.parametrize(
    ("line", "partial"),
    [("promisor", True), ("promisor = true", True), ("promisor = 2", True),
     ("promisor = false", False), ("promisor = no", False)],
)  # fmt: skip
def test_b80_a_promise_however_it_is_spelt(clone: Clone, line: str, partial: bool) -> None:  # noqa: FBT001
    words(clone)
    config = clone.root / ".git/config"
    config.write_text(f'{config.read_text()}[remote "x"]\n\turl = ../x\n\t{line}\n')
    if partial:
        with pytest.raises(CouldNotJudge, match="the clone is partial"):
            clone.tally()
    else:
        assert clone.tally().standing is Standing.APPROVED


def test_b80_a_missing_object_is_not_judged(clone: Clone) -> None:
    oid = lowered(clone).git("rev-parse", f"HEAD:{GATES}")
    (clone.root / ".git/objects" / oid[:2] / oid[2:]).unlink()
    judged = clone.judged()
    assert judged.standing == "error"
    assert "is missing: the clone is partial or damaged" in judged.err


# B81


def crossed(clone: Clone) -> Clone:
    """Main and the change have taken over one commit of each other."""
    words(clone, "a")
    words(clone.on("main"), "b")
    ours = clone.git("rev-parse", "main")
    merge(clone, "change")
    merge(clone.on("change"), ours)
    assert len(clone.git("merge-base", "--all", "main", "change").split()) == 2
    return clone


def test_b81_the_result_of_the_merge_is_judged_whatever_the_bases(clone: Clone) -> None:
    crossed(clone)
    assert clone.tally().change.paths == ()
    lowered(clone)
    tally = clone.tally()
    assert tally.change.paths == (GATES,)
    assert rules(tally) == {"policy-change"}


def test_b81_what_a_merge_of_many_bases_hides_is_seen(clone: Clone) -> None:
    """The merge itself carries the edit: `main...change` may compare with a base that has it."""
    words(clone, "a")
    words(clone.on("main"), "b")
    ours = clone.git("rev-parse", "main")
    merge(clone, "change")
    clone.on("change").git("merge", "--quiet", "--no-commit", "--no-ff", ours)
    lowered(clone)
    tally = clone.tally()
    assert (tally.change.paths, rules(tally)) == ((GATES,), {"policy-change"})
    assert not next(c for c in tally.change.commits if c.id == tally.change.head).clean_merge


def test_b81_histories_that_share_nothing_are_not_judged(clone: Clone) -> None:
    lowered(clone)
    clone.git("checkout", "--quiet", "--orphan", "alone")
    clone.commit("everything anew")
    judged = clone.judged()
    assert judged.standing == "error"
    assert "cannot be merged" in judged.err


def test_b81_a_history_that_was_joined_brings_its_authors(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "--orphan", "alone")
    lowered(clone)
    clone.git("commit", "--quiet", "--amend", "--no-edit", "--author", "Lea <lea@example.org>")
    clone.on("change")
    merge(clone, "alone", how=("--allow-unrelated-histories", "-X", "theirs"))
    approved(clone, ("lea", "legal"), ("boris", "board"))
    tally = clone.tally()
    assert tally.authorship.people["lea"] == "author"
    assert demand(tally, "policy-change").standing is not Standing.APPROVED


def test_b81_an_octopus_brings_every_arm(clone: Clone) -> None:
    for name, by in {"one": "lea", "two": "boris", "three": "mina"}.items():
        words(clone.on("main").starts(name), name, by=by)
    lowered(clone)
    merge(clone.on("change"), "one", "two", "three")
    assert len(clone.git("show", "--no-patch", "--format=%P", "HEAD").split()) == 4
    tally = clone.tally()
    assert tally.change.paths == ("docs/one.md", "docs/three.md", "docs/two.md", GATES)
    assert set(tally.authorship.people) == {"ann", "lea", "boris", "mina"}
    approved(clone, ("lea", "legal"), ("rita", "board"))
    assert demand(clone.tally(), "policy-change").standing is Standing.SOD_VIOLATION
    of = clone.digest()
    clone.approve("lars", "legal", of=of)
    assert clone.tally().standing is Standing.APPROVED


def test_b81_no_change_at_all_is_judged(clone: Clone) -> None:
    clone.commit("nothing", by="nobody", signed=False)
    tally = clone.tally()
    assert (tally.change.touched, tally.standing) == ((), Standing.APPROVED)
    assert clone.tally(head="main").change.commits == ()
    lowered(clone)
    assert not clone.tally().green


def test_b81_ids_of_both_lengths_merge(tmp_path: Path) -> None:
    root = tmp_path / "long"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch", "main", "--object-format", "sha256")
    for folder in (root, begin(tmp_path / "short")):
        put(folder, "a.txt", "1\n")
        commit(folder, "first")
        git(folder, "checkout", "--quiet", "-b", "change")
        put(folder, "b.txt", "2\n")
        head = commit(folder, "head")
        git(folder, "checkout", "--quiet", "main")
        put(folder, "c.txt", "3\n")
        base = commit(folder, "base")
        found = merged(folder, base, head)
        assert git(folder, "ls-tree", "--name-only", found).split() == ["a.txt", "b.txt", "c.txt"]
        assert merged(folder, git(folder, "rev-parse", "main~1"), head) == tree_of(folder, head)


# B82


def test_b82_a_merge_that_keeps_one_side_undoes_in_sight(clone: Clone) -> None:
    words(clone)
    clone.on("main").edit(GATES, "at_least: 0.7,", "at_least: 0.8,").commit("fix")
    clone.on("change")
    assert clone.tally().change.paths == ("docs/a.md",)
    merge(clone, "main", how=("-s", "ours"))
    tally = clone.tally()
    assert tally.change.paths == ("docs/a.md", GATES)
    assert "loosens-threshold" in {effect.kind for effect in tally.effects}
    assert not next(c for c in tally.change.commits if c.id == tally.change.head).clean_merge
    assert demand(tally, "policy-change").standing is Standing.MISSING


def test_b82_an_honest_update_writes_nothing(clone: Clone) -> None:
    words(clone)
    clone.on("main").edit(GATES, "at_least: 0.7,", "at_least: 0.8,").commit("fix")
    merge(clone.on("change"), "main", by="lea")
    tally = clone.tally()
    assert tally.change.paths == ("docs/a.md",)
    assert next(c for c in tally.change.commits if c.id == tally.change.head).clean_merge
    assert set(tally.authorship.people) == {"ann"}


def test_b82_an_objection_on_an_arm_that_was_merged_away_stands(clone: Clone) -> None:
    lowered(clone)
    of = clone.digest()
    approved(clone, ("lea", "legal"), ("boris", "board"))
    clone.starts("side", "change").approve("lars", "legal", of=of, said="reject", name="n-1")
    merge(clone.on("change"), "side", how=("-s", "ours"))
    assert not (clone.root / "records/approvals/n-1.yaml").exists()
    assert clone.tally().standing is Standing.REJECTED
    assert "approvals/records" in red(clone.checked("approvals/records"))


# B83


def lie(clone: Clone) -> None:
    clone.git("update-index", "--skip-worktree", GATES)
    clone.put(GATES, "lie\n")


def filtered(clone: Clone) -> None:
    clone.put(".git/info/attributes", "* filter=lie\n")
    clone.git("config", "filter.lie.smudge", "echo lie")
    clone.git("config", "filter.lie.clean", "echo lie")


def strewn(clone: Clone) -> None:
    clone.put("policies/more.yaml", "lie\n").put(".git/info/exclude", "policies/more.yaml\n")


def emptied(clone: Clone) -> None:
    for path in clone.root.iterdir():
        if path.is_file():
            path.unlink()


def unmerged(clone: Clone) -> None:
    clone.git("read-tree", "--empty")


@pytest.mark.parametrize("act", [lie, filtered, strewn, emptied, unmerged])
def test_b83_what_lies_in_the_work_tree_is_not_judged(
    clone: Clone, act: Callable[[Clone], None]
) -> None:
    approved(lowered(clone), ("lea", "legal"), ("boris", "board"))
    before = clone.tally()
    assert before.standing is Standing.APPROVED
    findings = clone.checked("declarations/*", "gates/*").findings
    act(clone)
    after = clone.tally()
    assert (after.standing, after.change) == (before.standing, before.change)
    assert clone.checked("declarations/*", "gates/*").findings == findings


def test_b83_a_lie_does_not_hide_the_commit(clone: Clone) -> None:
    text = (clone.root / GATES).read_bytes()
    lowered(clone)
    clone.git("update-index", "--skip-worktree", GATES)
    clone.put(GATES, text)
    assert clone.git("status", "--porcelain") == ""
    assert clone.judged().standing == "MISSING"
