"""A version gets into the registry reviewed, approved, once, and in one piece."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import registering
import small
from buckets import Buckets, buckets, server
from killed import forked, on_change
from registering import (
    MODEL,
    NOW,
    VERSION,
    key,
    proposed_repository,
    registered_repository,
    reviewed_repository,
)

from adapters import tags
from adapters.registry import Bucket, Taken
from governance.evidence import of_model
from governance.finding import CouldNotJudge
from pipelines import registry_store, registry_tag, registry_verify
from pipelines.confirmed import base
from pipelines.fetch_model import fetch
from pipelines.inputs import Refused, declared
from pipelines.register import Progress, Proposal, propose, register
from pipelines.registry_entry import entry

__all__ = [
    "buckets", "key", "proposed_repository", "registered_repository", "reviewed_repository",
    "server",
]  # fmt: skip

BUCKET = ".charter/registry"
STORED = f"{BUCKET}/models/{MODEL}/1.0.0"
TAG = f"{MODEL}@v1.0.0"
POLICY = "policies/registry.yaml"


def silent(_: str) -> None:
    pass


def proposal(root: Path, **more: Any) -> Proposal:
    return propose(root, MODEL, NOW, **({"by": "tomas.lindqvist", "say": silent} | more))


def act(root: Path, key: Path | None, version: str = "1.0.0") -> Progress:
    return register(root, MODEL, version, NOW, key=key, say=silent)


def reword(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert text.count(old) == 1
    (root / path).write_text(text.replace(old, new))


def test_the_first_version_names_everything_behind_it(reviewed: Path) -> None:
    made = proposal(reviewed).entry
    found = made.value
    training = registering.metadata(reviewed)
    assert made.path == VERSION
    assert (found.digest, found.training_hash) == (training.model_digest, training.training_hash)
    assert sorted(found.evidence) == ["metadata", "metrics", "provenance", "telemetry", "training"]
    assert list(found.reviews) == ["security", "performance", "bias"]
    assert declared(VERSION, reviewed) == found
    assert (found.registered_by, found.registered_at) == ("tomas.lindqvist", NOW)


def test_the_same_command_again_finds_the_same_entry(reviewed: Path) -> None:
    first = proposal(reviewed)
    before = small.state(reviewed)
    again = proposal(reviewed, bump="major")
    assert first.written
    assert not again.written
    assert again.entry == first.entry
    assert small.state(reviewed) == before


def test_a_dry_run_writes_nothing(reviewed: Path) -> None:
    before = small.state(reviewed)
    assert "version: 1.0.0" in proposal(reviewed, dry=True).text
    assert small.state(reviewed) == before


@pytest.mark.parametrize(
    ("bump", "number"),
    [("major", "2.0.0"), (None, "1.1.0"), ("minor", "1.1.0"), ("patch", "1.0.1")],
)
def test_the_next_number_follows(registered: Path, bump: Any, number: str) -> None:
    registering.retrained(registered)
    assert proposal(registered, bump=bump).entry.value.version == number


def test_a_number_is_never_used_again(registered: Path) -> None:
    registering.retrained(registered)
    small.git(registered, "switch", "--quiet", "--create", "other")
    small.put(registered / f"models/{MODEL}/versions/1.4.0.yaml", "version: 1.4.0\n")
    small.commit(registered, "a version that never came to main")
    small.git(registered, "switch", "--quiet", "main")
    small.git(registered, "tag", f"{MODEL}@v1.6.0!")
    assert proposal(registered).entry.value.version == "1.7.0"


def failed(root: Path) -> None:
    registering.state(root, "security", "FAILED", day=23)


def other_reviewed(root: Path) -> None:
    for path in (root / "records/attestations").glob("bias-*"):
        path.unlink()
    registering.state(root, "bias", digest=f"sha256:{'0' * 64}")


def forged(root: Path) -> None:
    for path in (root / "records/attestations").glob("bias-*"):
        path.unlink()
    registering.state(root, "bias", key="mallory")


def edited_metrics(root: Path) -> None:
    path = of_model(MODEL, "metrics")
    value = json.loads((root / path).read_text())
    value["performance"]["roc_auc"]["value"] = 0.99
    (root / path).write_text(json.dumps(value))


def saw_others(root: Path) -> None:
    for path in (root / "records/attestations").glob("performance-*"):
        path.unlink()
    name = of_model(MODEL, "metrics")
    seen = {"configuration": [{"name": name, "digest": {"sha256": "0" * 64}}]}
    registering.state(root, "performance", predicate=seen)


def later_policy(root: Path) -> None:
    reword(root, POLICY, "# 64 MiB", "# 64 mebibytes")
    registering.state(
        root, "security", day=23,
        predicate={"configuration": [{"name": POLICY, "digest": {"sha256": "0" * 64}}]},
    )  # fmt: skip
    small.commit(root, "policy")


def champion_changed(root: Path) -> None:
    registering.state(root, "performance", day=23, champion={"version": "0.9.0", "digest": None})
    small.commit(root, "review")


def small_registry(root: Path) -> None:
    reword(root, POLICY, "maximum_model_bytes: 67108864", "maximum_model_bytes: 1000")
    small.commit(root, "policy")


REFUSALS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "the model is not here": (
        lambda root: (root / of_model(MODEL, "x")).parent.joinpath("model/model.skops").unlink(),
        ("but the evidence is about",),
    ),
    "other bytes lie where the model was": (
        lambda root: (root / of_model(MODEL, "x")).parent.joinpath("model/model.skops")
        .write_bytes(b"other"),
        ("but the evidence is about", "dvc checkout --force"),
    ),
    "a parameter changed since the training": (
        lambda root: reword(root, f"models/{MODEL}/model.yaml", "seed: 7", "seed: 8"),
        ("trained with params", "not committed: models/returning/model.yaml", "charter retrain"),
    ),
    "code changed since the training": (
        lambda root: (root / "pipelines/estimators.py").write_text("\n"),
        ("trained with code",),
    ),
    "data landed since the training": (
        lambda root: (root / "records/landings/visits").joinpath(
            "extra.yaml").write_text(extra(root)),
        ("trained with dataset",),
    ),
    "metrics were edited": (edited_metrics, ("not committed: artifacts/ml",)),
    "no review": (
        lambda root: [p.unlink() for p in (root / "records/attestations").glob("*")] and None,
        ("no security review of", "no performance review of", "no bias review of",
         "charter review returning"),
    ),
    "the newest review failed": (failed, ("security review failed: security/everything",)),
    "a review of other bytes": (other_reviewed, ("no bias review of",)),
    "a forged review": (forged, ("no bias review of", "which is no machine's key")),
    "a review saw other metrics": (saw_others, ("saw another artifacts/ml",)),
    "the policy changed since the review": (later_policy, ("policies/registry.yaml of HEAD",)),
    "the champion changed since the review": (
        champion_changed, ("held against 0.9.0, now it is None",),
    ),
    "the model is too large": (
        small_registry,
        ("bytes, the registry takes 1,000",),
    ),
    "a file called as the manifest is": (
        lambda root: (root / of_model(MODEL, "x")).parent.joinpath("model/manifest.json")
        .write_bytes(b"{}"),
        ("'manifest.json': no name for a file of a model",),
    ),
    "a file nobody could name in an entry": (
        lambda root: (root / of_model(MODEL, "x")).parent.joinpath("model/a b\n.bin")
        .write_bytes(b"{}"),
        ("'a b\\n.bin': no name for a file of a model",),
    ),
}  # fmt: skip


def extra(root: Path) -> str:
    first = next((root / "records/landings/visits").glob("*.yaml"))
    text = first.read_text().replace(first.stem, "extra")
    return text.replace("a.parquet", "c.parquet").replace("b.parquet", "d.parquet")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_model_that_is_not_ready_is_refused(reviewed: Path, name: str) -> None:
    change, words = REFUSALS[name]
    change(reviewed)
    before = small.state(reviewed)
    with pytest.raises(Refused) as told:
        proposal(reviewed)
    assert [word for word in words if word not in str(told.value)] == []
    assert "fix: " in str(told.value)
    assert small.state(reviewed) == before


def test_a_stranger_registers_nothing(reviewed: Path) -> None:
    with pytest.raises(Refused, match=r"did you mean tomas\.lindqvist"):
        proposal(reviewed, by="thomas.lindqvist")
    small.git(reviewed, "config", "user.email", "nobody@example.org")
    with pytest.raises(Refused, match=r"nobody@example\.org is nobody's"):
        proposal(reviewed, by=None)
    small.git(reviewed, "config", "user.email", "samuel.osei@example.org")
    assert proposal(reviewed, by=None).entry.value.registered_by == "samuel.osei"


def test_the_same_bytes_are_no_second_version(registered: Path) -> None:
    path = registered / of_model(MODEL, "metadata")
    text = path.read_text()
    own = registering.metadata(registered).training_hash
    path.write_text(text.replace(own, f"sha256:{'0' * 64}"))
    with pytest.raises(Refused, match=r"is 1\.0\.0 of returning already"):
        proposal(registered)


def test_what_nobody_approved_is_not_stored(reviewed: Path, key: Path) -> None:
    proposal(reviewed)
    small.commit(reviewed, "register")
    found = act(reviewed, key)
    assert (found.stored, found.tagged) == (None, None)
    assert "model-owner 0 of 1" in found.standing.lacking[0]
    assert not (reviewed / ".charter").exists()


def test_who_registers_does_not_approve(reviewed: Path, key: Path) -> None:
    proposal(reviewed, by="nadia.okafor")
    registering.let_in(reviewed)
    found = act(reviewed, key)
    assert found.stored is None
    assert "model-owner 0 of 1" in found.standing.lacking[0]


def test_an_approval_of_other_bytes_counts_for_nothing(reviewed: Path, key: Path) -> None:
    proposal(reviewed)
    registering.approve(reviewed, f"model:{MODEL}@1.0.0", f"sha256:{'0' * 64}")
    small.commit(reviewed, "register")
    assert act(reviewed, key).stored is None


def test_what_is_not_on_the_governed_branch_is_not_stored(reviewed: Path, key: Path) -> None:
    small.git(reviewed, "switch", "--quiet", "--create", "change")
    proposal(reviewed)
    registering.let_in(reviewed)
    found = act(reviewed, key)
    assert found.standing.approved
    assert found.stored is None
    assert not (reviewed / ".charter").exists()


def test_what_is_approved_is_stored_and_tagged(proposed: Path, key: Path) -> None:
    found = act(proposed, key)
    assert (found.stored, found.tagged, found.untagged) == (True, True, None)
    assert sorted(path.name for path in (proposed / STORED).iterdir()) == [
        "manifest.json", "model.skops",
    ]  # fmt: skip
    tag = tags.one(proposed, TAG)
    assert tag is not None
    assert registry_tag.signer(proposed, tag) == "mei.tanaka"
    assert small.git(proposed, "cat-file", "-t", f"refs/tags/{TAG}").strip() == "tag"
    assert registry_verify.verify(proposed).found == []


def test_the_same_command_again_changes_nothing(registered: Path, key: Path) -> None:
    before = small.state(registered), small.git(registered, "for-each-ref")
    found = act(registered, key)
    assert (found.stored, found.tagged) == (False, False)
    assert (small.state(registered), small.git(registered, "for-each-ref")) == before


def test_an_approval_that_ended_later_takes_nothing_back(registered: Path, key: Path) -> None:
    later = NOW.replace(year=2027)
    found = register(registered, MODEL, "1.0.0", later, key=key, say=silent)
    assert (found.stored, found.tagged) == (False, False)


def test_without_a_key_the_bytes_are_stored_and_the_tag_is_asked_for(
    proposed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    found = act(proposed, None)
    assert (found.stored, found.tagged) == (True, None)
    assert "name yours with --key" in str(found.untagged)
    assert act(proposed, key).tagged


def test_an_inconclusive_review_waits_for_the_board(reviewed: Path, key: Path) -> None:
    registering.state(reviewed, "performance", "WARNED", day=23)
    small.commit(reviewed, "review")
    proposal(reviewed)
    registering.let_in(reviewed)
    waiting = act(reviewed, key)
    assert waiting.stored is None
    assert waiting.standing.undecided == (
        "performance review is inconclusive: performance/everything",
    )
    registering.decide(reviewed, f"model:{MODEL}@1.0.0", registering.seen(reviewed))
    assert act(reviewed, key).stored


@pytest.mark.parametrize("break_it", ["defer", "unsigned", "other bytes"])
def test_a_decision_that_does_not_settle_it_settles_nothing(
    reviewed: Path, key: Path, break_it: str
) -> None:
    registering.state(reviewed, "performance", "WARNED", day=23)
    small.commit(reviewed, "review")
    proposal(reviewed)
    registering.let_in(reviewed)
    seen = f"sha256:{'0' * 64}" if break_it == "other bytes" else registering.seen(reviewed)
    said = "defer" if break_it == "defer" else "approve"
    registering.decide(reviewed, f"model:{MODEL}@1.0.0", seen, said)
    if break_it == "unsigned":
        next((reviewed / "records/approvals").glob("laura.benitez-*")).unlink()
    assert act(reviewed, key).stored is None


def test_bytes_that_are_not_here_are_asked_for(proposed: Path, key: Path) -> None:
    model = registry_store.model_folder(proposed, MODEL) / "model.skops"
    model.write_bytes(model.read_bytes() + b"more")
    with pytest.raises(Refused, match="are not in the work tree\n  fix: check out the commit"):
        act(proposed, key)


def test_bytes_that_changed_are_never_stored(proposed: Path, key: Path) -> None:
    model = registry_store.model_folder(proposed, MODEL) / "model.skops"
    data = bytearray(model.read_bytes())
    data[0] ^= 1
    model.write_bytes(bytes(data))
    with pytest.raises(CouldNotJudge, match="is not what is registered"):
        act(proposed, key)
    assert not (proposed / STORED / "model.skops").exists()


def test_bytes_that_lie_there_already_are_never_replaced(proposed: Path, key: Path) -> None:
    small.put(proposed / STORED / "model.skops", b"other")
    with pytest.raises(Taken, match="with other bytes"):
        act(proposed, key)
    assert (proposed / STORED / "model.skops").read_bytes() == b"other"


def test_a_bucket_that_gives_back_other_bytes_gets_no_manifest(
    proposed: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Bucket.blocks
    monkeypatch.setattr(Bucket, "blocks", lambda self, name: (b"!" + b for b in real(self, name)))
    with pytest.raises(Refused, match="came back with other bytes"):
        act(proposed, key)
    assert not (proposed / STORED / "manifest.json").exists()


def test_an_edited_entry_is_refused(registered: Path, key: Path) -> None:
    reword(registered, VERSION, "tomas.lindqvist", "samuel.osei")
    for what in (lambda: act(registered, key), lambda: proposal(registered)):
        with pytest.raises(Refused, match="a registered version is never edited"):
            what()


@pytest.mark.parametrize("kind", ["lightweight", "moved", "unsigned", "a stranger's"])
def test_a_tag_that_is_something_else_is_never_touched(
    proposed: Path, key: Path, tmp_path: Path, kind: str
) -> None:
    if kind == "lightweight":
        small.git(proposed, "tag", TAG)
    elif kind == "moved":
        small.git(proposed, "tag", "--annotate", "-m", "x", TAG, "HEAD~1")
    elif kind == "unsigned":
        small.git(proposed, "tag", "--annotate", "-m", "x", TAG)
    else:
        other = registering.key_of(tmp_path, "mallory")
        small.git(
            proposed, "-c", "gpg.format=ssh", "-c", f"user.signingkey={other}", "tag", "--sign",
            "-m", "x", TAG,
        )  # fmt: skip
    before = small.git(proposed, "for-each-ref", "refs/tags")
    found = act(proposed, key)
    assert found.stored
    assert found.tagged is None
    assert TAG in str(found.untagged)
    assert small.git(proposed, "for-each-ref", "refs/tags") == before


def test_the_tag_git_makes_itself_is_as_good(proposed: Path, key: Path) -> None:
    small.git(
        proposed, "-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "tag", "--sign", "-m",
        "x", TAG,
    )  # fmt: skip
    assert act(proposed, key).tagged is False


def test_a_branch_of_the_same_name_confuses_nobody(proposed: Path, key: Path) -> None:
    small.git(proposed, "branch", TAG, "HEAD~1")
    assert act(proposed, key).tagged


def test_a_bucket_that_only_the_change_names_is_not_used(proposed: Path, key: Path) -> None:
    reword(proposed, POLICY, "file://.charter/registry", "file://elsewhere")
    assert act(proposed, key).stored
    assert not (proposed / "elsewhere").exists()
    assert (proposed / STORED / "manifest.json").is_file()


def test_killed_before_any_write_the_same_command_finishes(proposed: Path, key: Path) -> None:
    ends = []
    for at in range(60):
        left = [at]

        def die(left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def child(die: Callable[[], None] = die) -> None:
            on_change(proposed, die)
            act(proposed, key)

        status, _ = forked(child)
        report = registry_verify.verify(proposed)
        assert not [t for t in report.found if "other bytes" in t.problem]
        ends.append(status)
        if status == 0:
            break
    assert ends[-1] == 0
    assert ends.count(-signal.SIGKILL) > 5
    act(proposed, key)
    assert registry_verify.verify(proposed).found == []


def test_two_at_once_leave_one_version(proposed: Path, key: Path, tmp_path: Path) -> None:
    far = tmp_path / "far"
    far.mkdir()
    reword(proposed, POLICY, "file://.charter/registry", f"file://{far}")
    small.commit(proposed, "bucket")
    twins = [small.copied(proposed, tmp_path / name) for name in ("one", "two")]
    start, found = threading.Barrier(2), []

    def run(root: Path) -> None:
        start.wait()
        found.append(act(root, key))

    threads = [threading.Thread(target=run, args=(root,)) for root in twins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(bool(one.stored) for one in found) >= 1
    assert all(one.tagged for one in found)
    assert sorted(p.name for p in far.rglob("*") if p.is_file()) == ["manifest.json", "model.skops"]
    assert [registry_verify.verify(root).found for root in twins] == [[], []]


def test_an_s3_bucket_holds_a_version_as_a_folder_does(
    proposed: Path, key: Path, buckets: Buckets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", buckets.url)
    name = buckets.make(versioned=True)
    reword(proposed, POLICY, "file://.charter/registry", f"s3://{name}/registry")
    small.commit(proposed, "bucket")
    assert act(proposed, key).stored
    assert not act(proposed, key).stored
    assert len(buckets.versions(name)) == 2
    assert registry_verify.verify(proposed).found == []
    target = fetch(proposed, MODEL, "1.0.0", tmp_path / "got")
    assert (target / "model.skops").is_file()


def test_a_bucket_that_is_offline_changes_nothing(
    proposed: Path, key: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    reword(proposed, POLICY, "file://.charter/registry", "s3://far")
    small.commit(proposed, "bucket")
    before = small.state(proposed), small.git(proposed, "for-each-ref")
    with pytest.raises(CouldNotJudge, match=r"s3://far .* does not answer"):
        act(proposed, key)
    assert (small.state(proposed), small.git(proposed, "for-each-ref")) == before


def test_a_registered_model_can_be_fetched_anywhere(registered: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    target = fetch(registered, MODEL, "1.0.0", tmp_path / "a" / "got", seen=seen.append)
    file = entry(registered, base(registered), MODEL, "1.0.0").value.files[0]
    assert sum(seen) == file.bytes == (target / file.path).stat().st_size
    assert fetch(registered, MODEL, "1.0.0", target) == target
    (target / "more").touch()
    with pytest.raises(Refused, match="holds something else"):
        fetch(registered, MODEL, "1.0.0", target)


def swap(root: Path) -> None:
    path = root / STORED / "model.skops"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[::-1])


FETCHES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "swapped bytes": (swap, "holds other bytes than were registered"),
    "missing bytes": (lambda root: (root / STORED / "model.skops").unlink(), "is missing"),
    "never stored": (lambda root: (root / STORED / "manifest.json").unlink(), "does not hold"),
    "a foreign manifest": (
        lambda root: [(root / STORED / "manifest.json").unlink(),
                      (root / STORED / "manifest.json").write_text('{"model": "x"}')],
        "is not the manifest of",
    ),
    "a manifest that is no JSON": (
        lambda root: [(root / STORED / "manifest.json").unlink(),
                      (root / STORED / "manifest.json").write_text("{")],
        "not JSON",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FETCHES)
def test_bytes_that_are_not_the_version_are_not_handed_out(
    registered: Path, tmp_path: Path, name: str
) -> None:
    change, words = FETCHES[name]
    change(registered)
    with pytest.raises(Refused, match=words):
        fetch(registered, MODEL, "1.0.0", tmp_path / "got")
    assert not (tmp_path / "got").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".got")] == []


def test_an_unknown_version_is_told_with_those_that_are_known(
    registered: Path, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=r"has no version 3\.0\.0; known: 1\.0\.0"):
        fetch(registered, MODEL, "3.0.0", tmp_path / "got")
