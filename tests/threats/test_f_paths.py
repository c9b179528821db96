"""Incomplete facts, and paths: B66 to B78 of the catalogue of threats."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from attacks import (
    POLICY,
    Clone,
    approved,
    changed,
    demand,
    edited,
    law,
    proposed,
    pull,
    red,
    review,
    rules,
    seats,
)
from click.testing import CliRunner
from forge import TOKEN, FakeGitHub
from threatened import NOW
from world import dump

from adapters.git import Revision
from adapters.worktree import Worktree
from cli.main import charter
from governance import glob
from governance.approvals import SURFACE
from governance.finding import CouldNotJudge
from governance.tally import Standing, Tally

GATES = "policies/gates.yaml"
CREDIT = "models/credit/model.yaml"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone").starts()


def proposes(clone: Clone, path: str, data: str | bytes = "x\n") -> Tally:
    """How a commit of one file stands."""
    clone.put(path, data).commit()
    return clone.tally()


# B66


def test_b66_the_governed_file_comes_last_of_three_thousand(clone: Clone) -> None:
    for number in range(3000):
        clone.put(f"docs/{number:04}.md", "words\n")
    clone.commit("many")
    assert clone.tally().standing is Standing.APPROVED
    clone.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").commit("one more")
    tally = clone.tally()
    assert (len(tally.change.paths), tally.change.paths[-1]) == (3001, GATES)
    assert demand(tally, "policy-change").reasons[0] == GATES
    assert tally.standing is Standing.MISSING


# B67


def test_b67_the_last_of_a_hundred_and_one_reviews_objects() -> None:
    said = [review("lars", hours, "commented") for hours in range(3, 100)]
    said += [review("lea", 100), review("boris", 101), review("mina", 102)]
    everybody = edited().tally(law(), proposed(pull(*said)))
    assert everybody.standing is Standing.APPROVED
    last = review("lars", 103, "changes-requested")
    assert edited().tally(law(), proposed(pull(*said, last))).standing is Standing.REJECTED


@pytest.fixture
def forge(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """A forge at which ann proposes a lower threshold, which two people approved."""
    clone.edit(GATES, "at_least: 0.7,", "at_least: 0.6,")
    head = clone.commit(signed=False)
    with FakeGitHub("example/world") as fake:
        for name, number in {"ann": 10, "lea": 4, "boris": 6, "lars": 9, "stranger": 99}.items():
            fake.account(f"{name}-example", number=number)
        fake.now = fake.now.replace(year=2026, month=11, day=21)
        fake.tips["main"] = clone.git("rev-parse", "main")
        fake.pull(7, user="ann-example", head=head, branch="change")
        for name in ("lea", "boris"):
            fake.review(7, f"{name}-example", "APPROVED", commit=head)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_REPOSITORY", "example/world")
        monkeypatch.setenv("GITHUB_API_URL", fake.url)
        yield fake


def asked(clone: Clone) -> int | str:
    """The exit code of `charter approvals --pr 7`, or why it could not judge."""
    with contextlib.chdir(clone.root):
        result = CliRunner().invoke(charter, ["approvals", "--pr", "7", "--now", NOW])
    if isinstance(result.exception, CouldNotJudge):
        return str(result.exception)
    return result.exit_code


def test_b67_an_objection_on_the_second_page_is_found(clone: Clone, forge: FakeGitHub) -> None:
    for _ in range(99):
        forge.review(7, "stranger-example", "COMMENTED")
    assert asked(clone) == 0
    forge.review(7, "lars-example", "CHANGES_REQUESTED")
    assert asked(clone) == 1


# B68


@pytest.mark.parametrize("part", [r"/pulls/7$", "reviews", "events", "timeline", "activity"])
def test_b68_a_failed_call_is_no_empty_list(clone: Clone, forge: FakeGitHub, part: str) -> None:
    assert asked(clone) == 0
    forge.fail(404, on=part)
    assert isinstance(asked(clone), str)


# B69


def test_b69_a_rename_counts_on_both_sides(clone: Clone) -> None:
    clone.git("mv", GATES, "docs/gates.yaml")
    clone.commit()
    tally = clone.tally()
    assert tally.change.paths == ("docs/gates.yaml", GATES)
    assert demand(tally, "policy-change").standing is Standing.MISSING
    clone.on("main").starts("harmless").git("mv", "docs/guide.md", "docs/words.md")
    clone.commit()
    assert clone.tally().standing is Standing.APPROVED


def test_b69_a_folder_that_moves_away_is_all_of_its_files(clone: Clone) -> None:
    clone.git("mv", "models/credit", "docs/credit")
    clone.commit()
    tally = clone.tally()
    assert {p for p in tally.change.paths if p.startswith("models/credit/")} == {
        "models/credit/model.yaml", "models/credit/rollout.yaml",
        "models/credit/versions/1.0.0.yaml",
    }  # fmt: skip
    kinds = {effect.kind for effect in tally.effects}
    assert {"loosens-threshold", "edits-record"} <= kinds


# B70


def test_b70_a_deletion_is_a_change(clone: Clone) -> None:
    clone.git("rm", "--quiet", GATES)
    clone.commit()
    tally = clone.tally()
    assert (tally.standing, tally.change.paths) == (Standing.MISSING, (GATES,))
    assert "loosens-threshold" in {effect.kind for effect in tally.effects}
    assert "declarations/present" in red(clone.checked("declarations/*", "approvals/required"))
    clone.on("main").starts("harmless").git("rm", "--quiet", "docs/guide.md")
    clone.commit()
    assert clone.tally().standing is Standing.APPROVED
    assert not red(clone.checked("declarations/*", "approvals/required"))


@pytest.mark.parametrize("path", [CREDIT, "records/waivers/w-1.yaml", "README.md", ".dvc/config"])
def test_b70_whatever_is_deleted_needs_somebody(clone: Clone, path: str) -> None:
    (clone.root / path).unlink()
    clone.commit()
    assert clone.tally().standing is Standing.MISSING


# B71

GLOBS = {
    ("models/*", "models/a/b"): False,
    ("models/*", "models/a"): True,
    ("models/*", "models/.a"): True,
    ("models", "models/a"): False,
    ("models/", "models/a/b"): True,
    ("models/**", "models"): False,
    ("models/**", "models/a/.b"): True,
    ("models/**", "xmodels/a"): False,
    ("*.yaml", "models/a.yaml"): False,
    ("**/*.yaml", "a.yaml"): True,
    ("**/*.yaml", "a.yaml\n"): False,
    ("models/a", "models/a\n"): False,
    ("models/?", "models/\n"): True,
    ("models?a", "models/a"): False,
    ("docs/**", "docs/a\nb"): True,
    ("m.dels/a", "models/a"): False,
    ("models/a+b", "models/aab"): False,
    ("a*b*c", "abbc"): True,
    ("a*bc*c", "abcbc"): True,
    ("**/a/**/b", "x/a/y/z/b"): True,
    ("**/a/**/b", "a/b"): True,
    ("**/a/b/**/a", "a/a/b/a"): True,
    ("**", "a/b"): True,
    ("a/**/**/b", "a/b"): True,
}


@pytest.mark.parametrize(("pattern", "path"), GLOBS, ids=map(repr, GLOBS))
def test_b71_a_pattern_has_one_meaning(pattern: str, path: str) -> None:
    assert glob.matches(pattern, path) is GLOBS[pattern, path]


def test_b71_a_folder_below_a_freed_one_is_not_free() -> None:
    free = [{"paths": ["docs/*"], "because": "words"}]
    base = law((("free",), free))
    assert changed(base, "docs/a.md").tally(base).standing is Standing.APPROVED
    assert changed(base, "docs/a/b.md").tally(base).standing is Standing.MISSING
    assert changed(base, "old/docs/a.md").tally(base).standing is Standing.MISSING


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    """Interrupts what takes longer, so that a hang is a failure."""

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/" * 100 + "x", "a/" * 200 + "y"),
        ("a*" * 150 + "b", "a" * 250),
        ("**/a*a*a/" * 30 + "b", "aaaa/" * 300 + "c"),
    ],
)
def test_b71_a_pattern_cannot_hold_the_judge_up(pattern: str, path: str) -> None:
    with within(2):
        assert not glob.matches(pattern, path)


def test_b71_a_pattern_that_matches_nothing_is_told(clone: Clone) -> None:
    clone.edit(POLICY, "{paths: [policies/**]}", "{paths: [Policies/**]}").commit()
    found = clone.checked("approvals/reach")
    assert [finding.problem.partition(" matches")[0] for _, finding in found.findings] == [
        "Policies/**"
    ]
    clone.on("main").starts("harmless")
    clone.edit(POLICY, "{paths: [policies/**]}", "{paths: [policies/*]}").commit()
    assert not clone.checked("approvals/reach").findings


# B72

ALIKE = {
    "another case": "Policies/gates.yaml",
    "another case of the file": "policies/Gates.yaml",
    "a folder of another case": "MODELS/credit/model.yaml",
    "a letter of another alphabet": "policies/g\u0430tes.yaml",
    "an invisible letter": "docs/gui\u200bde.md",
    "a letter that turns the text round": "docs/\u202eguide.md",
    "a backslash": "policies\\gates.yaml",
    "a backslash below": "policies/x\\gates.yaml",
    "a line break": "docs/guide.md\n",
    "a dot at the end": "policies./gates.yaml",
    "a space at the end": "docs/guide.md ",
    "a full-width letter": "docs/\uff47uide.md",
}


@pytest.mark.parametrize("path", ALIKE.values(), ids=ALIKE)
def test_b72_a_path_that_looks_like_another_is_refused(clone: Clone, path: str) -> None:
    clone.put(path, "x\n").commit()
    assert "declarations/paths" in red(clone.checked("declarations/paths"))
    assert [p for p in clone.tally().change.paths if p == path] == [path]


def test_b72_one_name_in_two_spellings_is_refused(clone: Clone) -> None:
    clone.put("docs/mod\u00e8le.md", "x\n").commit()
    assert not red(clone.checked("declarations/paths"))
    clone.put("docs/mode\u0300le.md", "x\n").commit()
    assert red(clone.checked("declarations/paths")) == {"declarations/paths"}


@pytest.mark.parametrize("path", ["Docs/x.md", "docs", "docs\\x.md", "\u200bdocs/x.md"])
def test_b72_what_looks_free_is_not(clone: Clone, path: str) -> None:
    if path == "docs":
        clone.git("rm", "--quiet", "-r", "docs")
    assert proposes(clone, path).standing is Standing.MISSING


def test_b72_a_tree_with_one_name_twice_is_not_judged(clone: Clone) -> None:
    """Git's programs write no such tree; which of the two files counts is up to the reader."""
    entries = [
        (mode, name, oid)
        for mode, _, oid, name in (
            line.split(maxsplit=3) for line in clone.git("ls-tree", "HEAD").split("\n")
        )
    ]
    other = clone.git("hash-object", "-w", "docs/guide.md")
    entries.append(("100644", "dvc.yaml", other))
    entries.sort(key=lambda entry: entry[1] + "/" * (entry[0] == "040000"))
    raw = b"".join(
        f"{mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in entries
    )
    clone.root.with_name("tree").write_bytes(raw)
    tree = clone.git("hash-object", "-t", "tree", "-w", "--literally", "../tree")
    head = clone.git("commit-tree", tree, "-p", "main", "-m", "twice")
    with pytest.raises(CouldNotJudge, match="holds a name twice"):
        clone.tally(head=head)


# B73

ODD = (
    "docs/a\tb.md", "docs/\u00fcber.md", "docs/a\nb.md", 'docs/"a".md', "docs/'b'.md", "docs/ c ",
    "docs/-n", "docs/$(id).md", "docs/a\\b.md", "docs/*.md", "docs/:(top)x",
)  # fmt: skip


def test_b73_odd_names_are_one_path_each(clone: Clone) -> None:
    for path in ODD:
        clone.put(path, "x\n")
    clone.commit("odd names")
    tally = clone.tally()
    assert tally.change.paths == tuple(sorted(ODD))
    assert tally.standing is Standing.APPROVED
    clone.put("policies/a\nb.yaml", "x\n").put("-n", "x\n").put(":(top)", "x\n").commit()
    tally = clone.tally()
    assert demand(tally, "policy-change").reasons[0] == "policies/a\nb.yaml"
    assert demand(tally, "otherwise").reasons == ("-n", ":(top)")


def test_b73_an_odd_name_among_approvals_is_no_approval(clone: Clone) -> None:
    clone.put("docs/a.md", "x\n").commit()
    clone.put("records/approvals/x\ndocs/y.yaml", "x\n").commit()
    assert clone.tally().change.paths == ("docs/a.md", "records/approvals/x\ndocs/y.yaml")
    assert clone.tally().standing is Standing.MISSING


def test_b73_a_name_that_is_no_text_is_not_judged(clone: Clone) -> None:
    assert proposes(clone, "docs/a.md").standing is Standing.APPROVED
    clone.put("docs/\udcff.md", "x\n").commit()
    judged = clone.judged()
    assert judged.standing == "error"
    assert "the name 'docs/\\udcff.md' is no UTF-8 text" in judged.err


# B74


def linked(clone: Clone, path: str, to: str) -> Clone:
    place = clone.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir():
        clone.git("rm", "--quiet", "-r", path)
    place.unlink(missing_ok=True)
    place.symlink_to(to)
    clone.commit("link")
    return clone


def test_b74_a_policy_that_becomes_a_link_is_a_change_and_refused(clone: Clone) -> None:
    clone.put("docs/gates.yaml", (clone.root / GATES).read_bytes()).commit()
    assert clone.tally().standing is Standing.APPROVED
    linked(clone, GATES, "../docs/gates.yaml")
    assert rules(clone.tally()) == {"policy-change"}
    assert {"declarations/loadable", "declarations/paths"} <= red(clone.checked("declarations/*"))


def test_b74_a_folder_that_becomes_a_link_is_every_file_in_it(clone: Clone) -> None:
    clone.git("mv", "models", "docs/models")
    linked(clone, "models", "docs/models")
    tally = clone.tally()
    assert {"models", CREDIT, "docs/models/credit/model.yaml"} <= set(tally.change.paths)
    assert tally.standing is Standing.MISSING
    assert "declarations/paths" in red(clone.checked("declarations/paths"))


def test_b74_a_link_at_the_base_is_no_law(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    clone.put("docs/roles.yaml", (clone.root / "policies/roles.yaml").read_bytes())
    linked(clone, "policies/roles.yaml", "../docs/roles.yaml")
    clone.starts().put("docs/a.md", "x\n").commit()
    with pytest.raises(CouldNotJudge, match=r"roles\.yaml of the base does not load"):
        clone.tally()


def test_b74_a_link_is_no_approval(clone: Clone) -> None:
    clone.edit("docs/guide.md", "people", "everybody").commit()
    linked(clone, "records/approvals/2026-11-20-lea.yaml", "../../docs/guide.md")
    assert clone.tally().standing is Standing.MISSING


def test_b74_a_link_out_of_the_repository_is_not_followed(clone: Clone, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    linked(clone, "docs/secret.md", str(secret))
    for tree in (Revision(clone.root, "HEAD"), Worktree(clone.root)):
        assert tree.read("docs/secret.md") == os.fsencode(secret)


# B75


def gitlink(clone: Clone, path: str, oid: str) -> Clone:
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{oid},{path}")
    clone.git("commit", "--quiet", "--allow-empty", "-m", "submodule")
    return clone


@pytest.mark.parametrize("setting", ["none", "all", "dirty"])
def test_b75_a_submodule_moves_in_sight(tmp_path: Path, setting: str) -> None:
    clone = Clone(tmp_path / "clone")
    text = f'[submodule "m"]\n\tpath = vendor/m\n\turl = ../m\n\tignore = {setting}\n'
    clone.put(".gitmodules", text).commit()
    gitlink(clone, "vendor/m", "1" * 40)
    clone.git("config", "diff.ignoreSubmodules", setting)
    gitlink(clone.starts(), "vendor/m", "2" * 40)
    if setting == "all":
        assert clone.git("diff", "--name-only", "main", "HEAD") == ""
    tally = clone.tally()
    assert tally.change.paths == ("vendor/m",)
    assert tally.change.touched[0].lines is None
    assert tally.standing is Standing.UNATTRIBUTED or rules(tally) == {"otherwise"}
    assert not tally.green


def test_b75_a_submodule_in_a_governed_place_is_refused(clone: Clone) -> None:
    gitlink(clone, "models/credit/vendor", "1" * 40)
    assert "declarations/paths" in red(clone.checked("declarations/paths"))


# B76


def test_b76_a_pointer_is_what_it_names(clone: Clone) -> None:
    only = ("datasets/*", "pipeline/*")
    assert not red(clone.checked(*only))
    pointer = (clone.root / "datasets.dvc").read_text()
    size = next(line for line in pointer.split("\n") if "size:" in line)
    clone.edit("datasets.dvc", f"{size}\n", f"{size}0\n").commit()
    assert "datasets/pointer" in red(clone.checked(*only))
    assert "lands-data" in {effect.kind for effect in clone.tally().effects}


def test_b76_another_hash_behind_the_pointer_is_told(clone: Clone) -> None:
    old = next(
        line.split()[-1] for line in (clone.root / "datasets.dvc").read_text().split("\n")
        if "md5:" in line
    )  # fmt: skip
    clone.edit("datasets.dvc", old, f"{'0' * 32}.dir").commit()
    assert "pipeline/lock" in red(clone.checked("pipeline/*"))


def test_b76_a_pointer_that_becomes_a_file_is_told(clone: Clone) -> None:
    clone.put("data/ml/training/loans/2026-09.csv", "key\n1\n").commit()
    assert red(clone.checked("datasets/in_git")) == {"datasets/in_git"}
    assert not clone.tally().green


# B77


@pytest.mark.parametrize(
    "attribute", ["-diff", "binary", "linguist-generated", "export-ignore", "ident", "-text"]
)
def test_b77_attributes_do_not_blind_the_difference(tmp_path: Path, attribute: str) -> None:
    limit = {
        "id": "large", "because": "much to read", "when": {"size": {"lines_above": 50}},
        "require": seats(("legal", 1)),
    }  # fmt: skip
    base = law()
    base.set(POLICY, ("rules",), [*base.value(POLICY)["rules"], limit])
    clone = Clone(tmp_path / "clone", base).starts()
    clone.put(".gitattributes", f"* {attribute}\n").commit()
    assert rules(clone.tally()) == {"otherwise"}
    clone.put("docs/long.md", "line\n" * 101).commit()
    tally = clone.tally()
    lines = {touched.path: touched.lines for touched in tally.change.touched}
    assert lines == {".gitattributes": 1, "docs/long.md": 101}
    assert rules(tally) == {"otherwise", "large"}
    if attribute in {"-diff", "binary"}:
        assert clone.git("diff", "--numstat", "main", "HEAD", "--", "docs").startswith("-\t-")


def test_b77_attributes_anywhere_need_approval(clone: Clone) -> None:
    assert glob.any_of(SURFACE).fullmatch("docs/deep/.gitattributes")
    assert proposes(clone, "docs/deep/.gitattributes", "* -diff\n").standing is Standing.MISSING


def test_b77_a_file_that_is_no_text_is_longer_than_any_limit(clone: Clone) -> None:
    clone.put("docs/a.bin", b"\0" + b"x\n" * 10).put("docs/b.md", "x\n" * 600_000).commit()
    assert [touched.lines for touched in clone.tally().change.touched] == [None, None]


def test_b77_a_changed_mode_is_a_change(clone: Clone) -> None:
    (clone.root / GATES).chmod(0o755)
    clone.commit()
    tally = clone.tally()
    assert [(t.path, t.lines) for t in tally.change.touched] == [(GATES, 0)]
    assert rules(tally) == {"policy-change"}
    (clone.root / GATES).chmod(0o644)
    clone.commit()
    assert clone.tally().standing is Standing.APPROVED


def _quarrel(clone: Clone) -> Clone:
    """A branch that clashes with main in one line of a policy."""
    clone.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").commit("head")
    clone.on("main").edit(GATES, "at_least: 0.7,", "at_least: 0.75,").commit("base")
    return clone.on("change")


@pytest.mark.parametrize("driver", ["union", "evil"])
@pytest.mark.parametrize("place", ["checkout", "clone", "user", "default", "defaults"])
def test_b77_neither_attribute_nor_setting_merges_what_clashes(
    clone: Clone, place: str, driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".config/git").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    _quarrel(clone)
    ran = tmp_path / "ran"
    lines = [f'[merge "{name}"]\n\tdriver = touch {ran}; true\n' for name in ("ours", "evil")]
    (home / ".gitconfig").write_text("".join(lines))
    rule = f"* merge={driver}\n"
    match place:
        case "checkout":
            clone.put(".gitattributes", rule)
        case "clone":
            clone.put(".git/info/attributes", rule)
        case "user":
            (home / ".config/git/attributes").write_text(rule)
        case "default":
            clone.git("config", "merge.default", driver)
        case _:
            (home / ".gitconfig").write_text(f"{''.join(lines)}[merge]\n\tdefault = {driver}\n")
    with pytest.raises(CouldNotJudge, match="does not merge into"):
        clone.tally()
    assert not ran.exists()


def test_b77_what_does_not_clash_is_merged(clone: Clone) -> None:
    """The twin of the one above: elsewhere in the same file both sides are taken over."""
    clone.edit(GATES, "at_most: 1.5,", "at_most: 1.6,").commit("head")
    clone.on("main").edit(GATES, "version: 1.0.0", "version: 1.0.1").commit("base")
    clone.put(".git/info/attributes", "* merge=ours\n")
    clone.on("change")
    tally = clone.tally()
    shown = clone.git("show", f"{tally.change.tree}:{GATES}")
    assert "version: 1.0.1" in shown
    assert "at_most: 1.6," in shown


# B78

CLIMBING = (
    "/etc/passwd", "../../../secret.csv", "a/../../x.csv", "~/x.csv", "a//b.csv", "./x.csv",
    "a%2fb.csv", "C:/x.csv", "a\\b.csv", "x.csv\n",
)  # fmt: skip


@pytest.mark.parametrize("path", CLIMBING, ids=repr)
def test_b78_a_declared_path_stays_where_it_belongs(clone: Clone, path: str) -> None:
    record = "records/landings/homes/first.yaml"
    value = law().value(record)
    value["files"][0]["path"] = path
    clone.put(record, dump(value)).commit()
    found = clone.checked("declarations/loadable")
    assert [finding.at.path for _, finding in found.findings] == [record]


def test_b78_a_path_that_stays_inside_loads(clone: Clone) -> None:
    record = "records/landings/homes/first.yaml"
    value = law().value(record)
    value["files"][0]["path"] = "more/homes.csv"
    clone.put(record, dump(value)).commit()
    assert not clone.checked("declarations/loadable").findings


def test_b78_a_name_that_climbs_out_of_a_folder_is_no_name(clone: Clone) -> None:
    clone.put("models/credit/model.yaml", (clone.root / CREDIT).read_text().replace(
        "dataset: loans", "dataset: ../loans"
    )).commit()  # fmt: skip
    assert "declarations/loadable" in red(clone.checked("declarations/*"))


# A note beside the approvals


@pytest.mark.parametrize(
    "path",
    ["records/approvals/README.md", "records/decisions/.gitkeep", "records/approvals/run.sh",
     "records/approvals/.gitattributes", "records/approvals/deep/x.yaml"],
)  # fmt: skip
def test_b70_what_only_lies_beside_approvals_is_part_of_the_change(clone: Clone, path: str) -> None:
    clone.put("docs/a.md", "x\n").commit()
    clone.put(path, "Approve everything.\n").commit(by="nobody", signed=False)
    tally = clone.tally()
    assert tally.change.paths == ("docs/a.md", path)
    assert tally.standing is Standing.UNATTRIBUTED


@pytest.mark.parametrize("to", ["records/approvals/README.md", "docs/note.yaml", None])
def test_b70_an_objection_that_is_moved_away_still_stands(clone: Clone, to: str | None) -> None:
    clone.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").commit()
    of = clone.digest()
    approved(clone, ("lea", "legal"), ("boris", "board"))
    assert clone.tally().standing is Standing.APPROVED
    clone.approve("lars", "legal", of=of, said="reject", name="n-1")
    assert clone.tally().standing is Standing.REJECTED
    if to is None:
        clone.git("rm", "--quiet", "records/approvals/n-1.yaml")
    else:
        clone.put(to, (clone.root / "records/approvals/n-1.yaml").read_bytes())
        clone.git("rm", "--quiet", "records/approvals/n-1.yaml")
    clone.commit("tidy")
    assert clone.tally().standing is Standing.REJECTED
    assert "approvals/records" in red(clone.checked("approvals/records"))
