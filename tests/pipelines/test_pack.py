"""A pack of evidence holds together, offline, or says what does not."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime

import evidencing
import pytest
import signing
import small
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from evidencing import MODEL, SUBJECT
from registering import NOW, VERSION

from adapters import attest, container
from governance import attestation, bom, jsontext, model_card
from governance.pack import BOM, CARD, INDEX, PUBLIC, SIGNATURE, Index
from pipelines import pack, review, verify
from pipelines.inputs import Refused

LATER = datetime(2026, 12, 1, tzinfo=UTC)
METRICS = f"artifacts/ml/models/{MODEL}/metrics.json"


@pytest.fixture(scope="module")
def repo(shared, tmp_path_factory):
    """A repository with a registered version; tests that change it work on a copy."""
    made = small.template(shared, evidencing.registered)
    return small.copied(made, tmp_path_factory.mktemp("pack") / "repo")


@pytest.fixture(scope="module")
def packed(repo):
    return pack.pack(repo, MODEL, "1.0.0", LATER)[1]


def judged(data, **more):
    return verify.verify(data, LATER, **more)


def problems(data, **more):
    return {(f.at.path, f.problem) for f in judged(data, **more).findings}


def resealed(data, **changes):
    """The pack with other files, its index and seal made to fit, as a forger would."""
    files = container.read(data)
    for path, change in changes.items():
        files[path] = change(files[path])
    value = jsontext.load(files.pop(INDEX))
    value["files"] = {
        name: {"bytes": len(text), "sha256": attestation.digest.of_bytes(text)[7:]}
        for name, text in files.items()
    }
    return indexed(files, value)


def indexed(files, value):
    index = Index.model_validate_json(json.dumps(value), strict=True)
    value["seal"] = index.sealed()
    return container.write({INDEX: jsontext.dump(value), **files})


def swapped(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change


def test_a_pack_holds_together_with_nothing_but_the_keys(packed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = judged(packed)
    assert report.findings == []
    told = "\n".join(report.lines)
    assert "approvals: nadia.okafor, mei.tanaka" in told
    assert "performance WARNED, bias WARNED; the board decided" in told
    assert "statements: 5, signed by ci" in told
    assert "keys are those of the pack itself" in report.notes[0]


def test_the_same_version_gives_the_same_bytes(repo, packed):
    assert pack.pack(repo, MODEL, "1.0.0", datetime(2027, 1, 1, tzinfo=UTC))[1] == packed


def test_a_pack_holds_no_model_and_no_row(packed):
    names = container.read(packed)
    assert not [name for name in names if name.endswith((".skops", ".parquet", ".csv"))]
    assert not [name for name in names if name.startswith("data/")]


def test_evidence_of_an_older_training_is_found_in_history(repo, packed, tmp_path):
    root = small.copied(repo, tmp_path / "repo")
    value = json.loads((root / METRICS).read_bytes())
    value["rows"] += 1
    (root / METRICS).write_text(json.dumps(value))
    small.commit(root, "Train again")
    assert pack.pack(root, MODEL, "1.0.0", LATER)[1] == packed


def test_evidence_that_is_nowhere_is_said(repo, tmp_path):
    root = small.copied(repo, tmp_path / "repo")
    path = root / VERSION
    text = path.read_text()
    seen = text[text.index("metrics: sha256:") + 16 :][:64]
    path.write_text(text.replace(seen, "0" * 64))
    with pytest.raises(Refused, match="not what"):
        pack.pack(root, MODEL, "1.0.0", LATER)
    small.commit(root, "Forge")
    with pytest.raises(Refused, match="are in no commit of this clone"):
        pack.pack(root, MODEL, "1.0.0", LATER)
    with pytest.raises(Refused, match=r"no version 9\.9\.9"):
        pack.pack(root, MODEL, "9.9.9", LATER)


def test_any_flipped_bit_is_found(packed):
    for place in range(0, len(packed), max(1, len(packed) // 150)):
        changed = bytearray(packed)
        changed[place] ^= 1 << (place % 8)
        assert judged(bytes(changed)).findings, place


def test_a_flipped_byte_is_named_by_its_file(packed):
    (found,) = problems(packed.replace(b'"roc_auc"', b'"roc_auk"', 1))
    assert found[1] == "its bytes are damaged"
    assert "artifacts/ml" in found[0]


def without(data, name):
    files = container.read(data)
    del files[name]
    return container.write(files)


def added(data):
    return container.write({**container.read(data), "records/extra.yaml": b"x"})


APPROVAL = "records/approvals/nadia.okafor"
FORGED = {
    "a file taken out": (lambda d: without(d, METRICS), METRICS, "is listed, and missing"),
    "a file put in": (added, "records/extra.yaml", "is not listed in the index"),
    "no index": (lambda d: without(d, INDEX), INDEX, "this is no pack"),
    "a metric edited and sealed again": (
        lambda d: resealed(d, **{METRICS: swapped(b'"rows": 66', b'"rows": 99')}),
        METRICS, "is not the evidence of",
    ),
    "another digest in the entry": (
        lambda d: resealed(d, **{VERSION: swapped(b"digest: sha256:a", b"digest: sha256:b")}),
        VERSION, "its files do not make its digest",
    ),
    "an entry that was edited after approval": (
        lambda d: resealed(d, **{VERSION: swapped(b"samuel.osei", b"tomas.lindqvist")}),
        VERSION, "is not approved",
    ),
    "a card with other words": (
        lambda d: resealed(d, **{CARD: swapped(b"WARNED", b"PASSED")}),
        CARD, "is not what the evidence beside it makes",
    ),
    "a bill of materials with other parts": (
        lambda d: resealed(d, **{BOM: swapped(b"scikit-learn", b"scikit-other")}),
        BOM, "is not what the evidence beside it makes",
    ),
    "a laxer policy": (
        lambda d: resealed(d, **{"policies/roles.yaml": swapped(
            signing.public("ci").encode(), signing.public("mallory").encode())}),
        VERSION, "counts for nothing",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "path", "words"), FORGED.values(), ids=FORGED)
def test_what_was_forged_is_named(packed, change, path, words):
    found = problems(change(packed))
    assert any(where == path and words in problem for where, problem in found), found


def test_an_index_that_was_edited_is_told_by_its_seal(packed):
    files = container.read(packed)
    files[INDEX] = files[INDEX].replace(b'"version": "1.0.0"', b'"version": "1.0.1"')
    assert (INDEX, "its seal does not hold: it was changed after packing") in problems(
        container.write(files)
    )


def dropped(data, *starts):
    files = {k: v for k, v in container.read(data).items() if not k.startswith(starts)}
    return resealed(container.write(files))


def test_without_an_approval_the_quorum_is_open(packed):
    (found,) = problems(dropped(packed, APPROVAL))
    assert found[0] == VERSION
    assert "model-owner 0 of 1" in found[1]


def test_without_the_boards_decision_what_is_inconclusive_is_red(packed):
    found = {problem for _, problem in problems(dropped(packed, "records/decisions/"))}
    assert any("performance review is inconclusive" in problem for problem in found)
    assert any("bias review is inconclusive" in problem for problem in found)


def test_a_decision_without_the_votes_behind_it_settles_nothing(packed):
    found = problems(dropped(packed, "records/approvals/laura", "records/approvals/marcus"))
    assert any("inconclusive" in problem for _, problem in found)


def test_a_signed_statement_that_was_edited_is_named(packed):
    path = next(name for name in container.read(packed) if "/2026-11-23-security-" in name)

    def edit(text):
        head, _, envelope = text.partition(b"envelope: |-\n  ")
        value = json.loads(envelope)
        payload = base64.b64decode(value["payload"]).replace(b"PASSED", b"FAILED")
        value["payload"] = base64.b64encode(payload).decode()
        return head + b"envelope: |-\n  " + json.dumps(value).encode() + b"\n"

    found = problems(resealed(packed, **{path: edit}))
    assert any(w == path and "signature does not hold" in problem for w, problem in found)


def test_keys_that_are_trusted_judge_and_not_those_inside(repo, packed, tmp_path):
    assert judged(packed, law=repo / "policies").notes == []
    assert judged(packed, law=repo / "policies/roles.yaml").findings == []
    other = tmp_path / "roles.yaml"
    text = (repo / "policies/roles.yaml").read_text()
    other.write_text(text.replace(signing.public("mei.tanaka"), signing.public("mallory")))
    report = judged(packed, law=other)
    assert "differs from yours" in report.notes[0]
    assert any("mlops 0 of 1" in finding.problem for finding in report.findings)


def test_a_pack_wholly_made_by_a_stranger_fails_with_keys_that_are_trusted(repo, packed, tmp_path):
    """Somebody puts their own keys in, and signs everything themselves."""
    del tmp_path
    roles = swapped(signing.public("nadia.okafor").encode(), signing.public("mallory").encode())
    data = resealed(packed, **{"policies/roles.yaml": roles})
    assert any("model-owner 0 of 1" in p for _, p in problems(data))
    report = judged(data, law=repo / "policies")
    assert report.findings == []
    assert "policies/roles.yaml of the pack differs" in report.notes[0]


def test_the_models_folder_is_held_against_the_entry(repo, packed, tmp_path):
    folder = repo / f"artifacts/ml/models/{MODEL}/model"
    assert "model: 1 files, the registered bytes" in judged(packed, model=folder).lines
    copy = shutil.copytree(folder, tmp_path / "model")
    (copy / "model.skops").write_bytes(b"other")
    (copy / "more.txt").write_bytes(b"more")
    found = problems(packed, model=copy)
    assert ("model.skops", "holds other bytes than were registered") in found
    assert ("more.txt", "was never registered") in found


def test_the_bill_of_materials_validates_strictly(packed):
    text = container.read(packed)[BOM].decode()
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(text) is None
    value = json.loads(text)
    assert value["metadata"]["component"]["type"] == "machine-learning-model"
    names = {part["name"] for part in value["components"]}
    assert {"visits", "scikit-learn"} <= names


def test_words_of_people_are_no_markup():
    assert model_card._text("a | b\n# <script>[x](y)") == r"a \| b \# \<script\>\[x\](y)"
    assert bom._hex("sha256:ab") == "ab"


@pytest.fixture(scope="module")
def signed(shared, tmp_path_factory):
    """A repository whose machine has an ECDSA key, reviewed and proposed; the key's folder."""
    from pipelines import register  # noqa: PLC0415 - loads Git and keys

    folder = tmp_path_factory.mktemp("signed")
    root = small.copied(small.template(shared, evidencing.keyed), folder / "repo")
    private = ec.derive_private_key(11, ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    roles = root / "policies/roles.yaml"
    roles.write_text(roles.read_text().replace(signing.public("ci"), public))
    small.commit(root, "Another key")
    key = folder / "key.pem"
    key.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )  # fmt: skip
    key.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(attest.FILE, str(key))
        review.reviewed(root, MODEL, NOW, say=lambda _: None)
    small.commit(root, "review")
    made = register.propose(root, MODEL, NOW, by="samuel.osei", say=lambda _: None)
    assert made.written
    small.commit(root, "propose")
    return root


def test_a_models_signature_is_a_sigstore_bundle_over_each_file(signed):
    files = container.read(pack.pack(signed, MODEL, "1.0.0", LATER)[1])
    value = json.loads(files[SIGNATURE])
    assert value["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    envelope = value["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    public = load_pem_public_key(files[PUBLIC])
    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    public.verify(signature, attestation.pae(payload), ec.ECDSA(SHA256()))
    statement = json.loads(payload)
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"
    (resource,) = statement["predicate"]["resources"]
    assert resource["name"] == "model.skops"


@pytest.mark.skipif(
    "CHARTER_MODEL_SIGNING" not in os.environ,
    reason="CHARTER_MODEL_SIGNING names no model_signing program (an environment of its own)",
)
def test_that_tool_verifies_the_signature(signed, tmp_path):
    files = container.read(pack.pack(signed, MODEL, "1.0.0", LATER)[1])
    for name in (SIGNATURE, PUBLIC):
        (tmp_path / name).write_bytes(files[name])
    folder = signed / f"artifacts/ml/models/{MODEL}/model"
    keys = ["--signature", str(tmp_path / SIGNATURE), "--public_key", str(tmp_path / PUBLIC)]
    command = [os.environ["CHARTER_MODEL_SIGNING"], "verify", "key", str(folder), *keys]
    assert subprocess.run(command, check=False).returncode == 0
    other = shutil.copytree(folder, tmp_path / "model")
    (other / "model.skops").write_bytes(b"other")
    command[3] = str(other)
    assert subprocess.run(command, check=False).returncode != 0


def test_the_commands_pack_and_verify(repo, tmp_path):
    from cli.evidence import evidence  # noqa: PLC0415
    from cli.verify import verify as command  # noqa: PLC0415

    path = tmp_path / "pack.zip"
    now = ["--now", LATER.isoformat()]
    made = CliRunner().invoke(
        evidence, [f"{MODEL}@1.0.0", "-o", str(path), "--repo", str(repo), *now]
    )
    assert made.exit_code == 0, made.output
    fine = CliRunner().invoke(command, [str(path), *now])
    assert fine.exit_code == 0
    assert fine.stdout.endswith("in order\n")
    assert SUBJECT in fine.stdout
    path.write_bytes(path.read_bytes().replace(b"WARNED", b"PASSED", 1))
    bad = CliRunner().invoke(command, [str(path), *now, "--format", "json"])
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["findings"]
    none = CliRunner().invoke(evidence, ["nonsense", "--repo", str(repo)])
    assert none.exit_code == 1
    assert "fix: such as credit@1.2.0" in none.stderr


@pytest.mark.parametrize(
    "data", [b"", b"words", container.write({}), container.write({INDEX: b"{}"})]
)
def test_what_is_no_pack_is_a_finding_and_no_crash(data):
    assert judged(data).findings
