"""The registry tells what it holds, and finds what was done to it behind its back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import registering
import small
from click.testing import CliRunner
from registering import (
    MODEL,
    NOW,
    VERSION,
    key,
    proposed_repository,
    registered_repository,
    reviewed_repository,
)

from cli.main import charter
from governance.finding import CouldNotJudge

__all__ = ["key", "proposed_repository", "registered_repository", "reviewed_repository"]

BUCKET = Path(".charter/registry")
STORED = BUCKET / "models" / MODEL / "1.0.0"
TAG = f"{MODEL}@v1.0.0"
AT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    error: BaseException | None

    @property
    def value(self) -> Any:
        return json.loads(self.out)


def run(root: Path, *words: str) -> Told:
    done = CliRunner().invoke(charter, [*words, "--repo", str(root)], standalone_mode=False)
    if isinstance(done.exception, CouldNotJudge):
        return Told(2, str(done.exception), done.exception)
    if done.exception:
        raise done.exception
    return Told(done.return_value or 0, done.output, None)


def test_from_a_review_to_a_tag_by_commands_alone(reviewed: Path, key: Path) -> None:
    words = ("register", MODEL, "--by", "tomas.lindqvist", "--key", str(key), "--now", AT)
    dry = run(reviewed, *words, "--dry-run")
    assert (dry.code, dry.out.split("\n")[0]) == (0, f"dry run: {VERSION} would hold")
    first = run(reviewed, *words)
    assert first.code == 1
    assert f"wrote {VERSION}" in first.out
    assert "is not approved: promotion-to-staging: model-owner 0 of 1" in first.out
    assert f"next: git add {VERSION} records; git commit" in first.out
    registering.let_in(reviewed)
    second = run(reviewed, *words)
    assert second.code == 0
    assert "is now stored and now tagged" in second.out
    assert f"next: git push origin refs/tags/{TAG}" in second.out
    third = run(reviewed, *words)
    assert (third.code, "is stored and tagged" in third.out) == (0, True)
    assert run(reviewed, *words, "--dry-run").out.endswith("is registered already\n")


def test_a_script_reads_how_far_it_came(reviewed: Path, key: Path) -> None:
    words = ("register", MODEL, "--by", "tomas.lindqvist", "--key", str(key), "--now", AT)
    first = run(reviewed, *words, "--format", "json").value
    assert (first["version"], first["written"], first["stored"]) == ("1.0.0", True, None)
    assert first["subject_digest"] == registering.seen(reviewed)
    registering.let_in(reviewed)
    second = run(reviewed, *words, "--format", "json").value
    assert (second["written"], second["stored"], second["tagged"]) == (False, True, True)


def test_a_refusal_is_told_with_its_fix(reviewed: Path) -> None:
    for path in (reviewed / "records/attestations").glob("bias-*"):
        path.unlink()
    done = run(reviewed, "register", MODEL, "--now", AT, "--by", "tomas.lindqvist")
    assert done.code == 1
    assert "no bias review of" in done.out
    assert "fix: charter review returning" in done.out


def states(root: Path) -> list[str]:
    told = run(root, "registry", "list", "--now", AT, "--format", "json")
    return [row["state"] for row in told.value]


def test_the_list_says_how_far_each_version_came(reviewed: Path, key: Path) -> None:
    words = ("register", MODEL, "--by", "tomas.lindqvist", "--now", AT)
    assert run(reviewed, "registry", "list", "--now", AT).out == "nothing is registered\n"
    run(reviewed, *words)
    assert states(reviewed) == ["proposed"]
    registering.let_in(reviewed)
    assert states(reviewed) == ["approved"]
    run(reviewed, *words, "--key", str(key.with_name("nobody")))
    run(reviewed, *words, "--key", str(key))
    assert states(reviewed) == ["tagged"]
    small.git(reviewed, "tag", "--delete", TAG)
    assert states(reviewed) == ["stored"]
    table = run(reviewed, "registry", "list", MODEL, "--now", AT).out.split("\n")
    assert table[0].split() == ["model", "version", "state", "digest", "registered", "serving"]
    assert table[1].split()[:3] == [MODEL, "1.0.0", "stored"]


def test_one_version_is_shown_with_all_it_rests_on(registered: Path) -> None:
    told = run(registered, "registry", "show", MODEL, "1.0.0", "--now", AT)
    assert told.code == 0
    for words in (f"model:{MODEL}@1.0.0: tagged", "file: model.skops", "evidence: metrics",
                  "review: security, records/attestations/", "by tomas.lindqvist"):  # fmt: skip
        assert words in told.out
    assert "lacks:" not in told.out
    away = run(registered, "registry", "show", MODEL, "9.0.0", "--now", AT)
    assert (away.code, "has no version 9.0.0; known: 1.0.0" in away.out) == (1, True)


def test_a_version_is_fetched(registered: Path, tmp_path: Path) -> None:
    told = run(registered, "registry", "get", MODEL, "1.0.0", "-o", str(tmp_path / "got"))
    assert told.code == 0
    assert (tmp_path / "got/model.skops").read_bytes() == (
        registered / STORED / "model.skops"
    ).read_bytes()


def test_a_registry_as_it_was_made_is_in_order(registered: Path) -> None:
    told = run(registered, "registry", "verify")
    assert (told.code, told.out.endswith("hashed: in order\n")) == (0, True)
    assert run(registered, "registry", "verify", "--format", "json").value["found"] == []


def test_a_version_nobody_stored_is_a_note(proposed: Path) -> None:
    told = run(proposed, "registry", "verify")
    assert (told.code, f"note: model:{MODEL}@1.0.0 was never stored" in told.out) == (0, True)


def rewrite(root: Path, name: str, data: bytes) -> None:
    path = root / STORED / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def swapped(root: Path) -> None:
    rewrite(root, "model.skops", (root / STORED / "model.skops").read_bytes()[::-1])


def moved(root: Path) -> None:
    small.git(root, "tag", "--force", "--annotate", "-m", "x", TAG, "HEAD~1")


def again_elsewhere(root: Path) -> None:
    key = registering.key_of(root.parent)
    small.git(root, "tag", "--delete", TAG)
    small.git(
        root, "-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "tag", "--sign", "-m", "x",
        TAG, "HEAD~1",
    )  # fmt: skip


def copied_tag(root: Path) -> None:
    oid = small.git(root, "rev-parse", f"refs/tags/{TAG}").strip()
    small.git(root, "update-ref", f"refs/tags/{MODEL}@v1.1.0", oid)


def pointing(root: Path) -> None:
    slices = [{"version": "1.0.0", "digest": f"sha256:{'0' * 64}", "share": 1.0}]
    small.put(
        root / BUCKET / f"serving/{MODEL}.json",
        json.dumps({
            "model": MODEL, "version": "1.0.0", "step": "full", "move": "begin",
            "stages": {"production": slices}, "at": "2026-11-23T09:00:00Z",
        }),
    )  # fmt: skip


ATTACKS: dict[str, tuple[Callable[[Path], Any], tuple[tuple[str, str], ...]]] = {
    "bytes are swapped": (
        swapped, ((f"models/{MODEL}/1.0.0/model.skops", "other bytes than were registered"),),
    ),
    "bytes are cut": (
        lambda root: rewrite(root, "model.skops", b""),
        ((f"models/{MODEL}/1.0.0/model.skops", "other bytes than were registered"),),
    ),
    "bytes are gone": (
        lambda root: (root / STORED / "model.skops").unlink(),
        ((f"models/{MODEL}/1.0.0/model.skops", "missing"),),
    ),
    "everything is gone": (
        lambda root: [(root / STORED / name).unlink() for name in ("model.skops", "manifest.json")],
        ((f"model:{MODEL}@1.0.0", "is tagged, but its bytes are gone"),
         (f"models/{MODEL}/1.0.0/model.skops", "missing")),
    ),
    "a file is added": (
        lambda root: rewrite(root, "extra.bin", b"x"),
        ((f"models/{MODEL}/1.0.0/extra.bin", "no file of 1.0.0"),),
    ),
    "the manifest is another": (
        lambda root: rewrite(root, "manifest.json", b'{"model": "x"}'),
        ((f"models/{MODEL}/1.0.0/manifest.json", "not what was written for"),),
    ),
    "a version nobody named is put there": (
        lambda root: small.put(root / BUCKET / f"models/{MODEL}/3.0.0/model.skops", b"x"),
        ((f"models/{MODEL}/3.0.0", "no entry on any branch names it"),),
    ),
    "something else is put there": (
        lambda root: small.put(root / BUCKET / "models/notes.txt", b"x"),
        (("models/notes.txt", "belongs to no version"),),
    ),
    "the tag is moved": (moved, ((f"refs/tags/{TAG}", "it was moved"),)),
    "the tag is deleted": (
        lambda root: small.git(root, "tag", "--delete", TAG),
        ((f"refs/tags/{TAG}", "it was deleted or never made"),),
    ),
    "the tag is made again elsewhere": (
        again_elsewhere, ((f"refs/tags/{TAG}", "it was moved"),),
    ),
    "the tag is made again without a signature": (
        lambda root: small.git(root, "tag", "--force", TAG),
        ((f"refs/tags/{TAG}", "nobody signed it"),),
    ),
    "the tag is copied to another number": (
        copied_tag, ((f"refs/tags/{MODEL}@v1.1.0", "no version 1.1.0 of returning is registered"),),
    ),
    "other bytes are served": (
        pointing, ((f"serving/{MODEL}.json", "which nobody registered"),),
    ),
    "the pointer is no pointer": (
        lambda root: small.put(root / BUCKET / f"serving/{MODEL}.json", b"{}"),
        ((f"serving/{MODEL}.json", "no serving pointer of this model"),),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_done_behind_its_back_is_found(registered: Path, name: str) -> None:
    change, wanted = ATTACKS[name]
    change(registered)
    told = run(registered, "registry", "verify", "--format", "json")
    assert told.code == 1
    found = [(one["at"], one["problem"]) for one in told.value["found"]]
    assert len(found) == len(wanted), found
    for (at, problem), (where, words) in zip(sorted(found), sorted(wanted), strict=True):
        assert (at, words in problem) == (where, True), found
    assert "fix: " in run(registered, "registry", "verify").out


def test_a_bucket_that_is_away_is_no_empty_one(registered: Path) -> None:
    policy = registered / "policies/registry.yaml"
    policy.write_text(policy.read_text().replace("file://.charter/registry", "file:///nowhere/at"))
    small.commit(registered, "bucket")
    for words in (("registry", "verify"), ("registry", "list", "--now", AT), ("registry", "gc")):
        told = run(registered, *words)
        assert (told.code, "is not there" in told.out) == (2, True)


def aged(path: Path, days: int = 2) -> Path:
    then = (datetime.now(NOW.tzinfo) - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))
    return path


def test_only_what_nobody_needs_is_cleared(registered: Path) -> None:
    root = registered / BUCKET / "models" / MODEL
    begun = aged(small.put(root / "4.0.0/model.skops", b"begun and given up"))
    left = aged(small.put(root / "1.0.0/.part-abc", b"killed"))
    young = small.put(root / "5.0.0/model.skops", b"being written")
    for name in ("model.skops", "manifest.json"):
        aged(small.put(root / "6.0.0" / name, b"registered elsewhere"))
    for path in (root / "1.0.0").iterdir():
        aged(path)
    first = run(registered, "registry", "gc")
    assert first.code == 1
    assert "4.0.0/model.skops: 18 bytes, no entry names it" in first.out
    assert ".part-abc: left by a write that was killed" in first.out
    assert f"note: {MODEL} 6.0.0 is whole, but no entry here names it: git fetch" in first.out
    assert begun.exists()
    assert left.exists()
    second = run(registered, "registry", "gc", "--delete")
    assert second.code == 0
    assert [begun.exists(), left.exists(), young.exists()] == [False, False, True]
    assert (root / "6.0.0/manifest.json").exists()
    assert sorted(path.name for path in (root / "1.0.0").iterdir()) == [
        "manifest.json", "model.skops",
    ]  # fmt: skip


def test_an_entry_of_another_branch_keeps_its_bytes(registered: Path) -> None:
    small.git(registered, "switch", "--quiet", "--create", "other")
    text = (registered / VERSION).read_text()
    small.put(
        registered / f"models/{MODEL}/versions/4.0.0.yaml", text.replace("1.0.0", "4.0.0")
    )  # fmt: skip
    small.commit(registered, "propose")
    small.git(registered, "switch", "--quiet", "main")
    aged(small.put(registered / BUCKET / f"models/{MODEL}/4.0.0/model.skops", b"x"))
    assert run(registered, "registry", "gc").out == "nothing to clear\n"
