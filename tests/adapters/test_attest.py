"""Which statements of machines count, and which machine can sign."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime

import attesting
import pytest
import signing
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from world import NOW, world

from adapters import attest
from adapters.reading import Reading
from governance import attestation
from governance.attestation import PROVENANCE, TEST_RESULT, Attestations
from governance.catalogue import Law
from governance.roles import Roles

PATH = "records/attestations/s-1.yaml"
MODEL = {"model:credit": f"sha256:{'d' * 64}"}


def judged(text, *, base=None, now=NOW, change=lambda w: w):
    """What becomes of a record in the valid world, or in one whose base lacks it."""
    own = Reading(change(world()).put(PATH, text)).declarations
    law = Reading(base).declarations if base else own
    found = attest.verified(own, Law(law), now)
    problems = tuple(one for one in found.problems if one.at.path == PATH)
    return Attestations(tuple(one for one in found.valid if one.path == PATH), problems)


def problem(text, **more):
    found = judged(text, **more)
    assert found.valid == ()
    return "; ".join(one.problem for one in found.problems)


def test_a_statement_that_counts_says_who_said_what_about_which_bytes():
    (one,) = judged(attesting.record("s-1", MODEL, attesting.review("security"))).valid
    assert (one.path, one.by, one.predicate_type) == (PATH, "ci", TEST_RESULT)
    assert one.subjects == MODEL
    assert one.at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert one.own["review"] == "security"


def test_statements_are_found_by_digest_and_type_the_newest_first():
    w = world()
    for name, at in {"s-1": "2026-11-20T08:00:00Z", "s-2": "2026-11-21T08:00:00Z"}.items():
        w.put(f"records/attestations/{name}.yaml", attesting.record(name, MODEL, at=at))
    own = Reading(w).declarations
    found = attest.verified(own, Law(own), NOW)
    seen = MODEL["model:credit"]
    assert [one.path[-8:] for one in found.about(seen, TEST_RESULT)] == ["s-2.yaml", "s-1.yaml"]
    assert found.about(seen, PROVENANCE) == []
    assert found.about(f"sha256:{'0' * 64}", TEST_RESULT) == []


def test_a_copy_of_a_statement_counts_once():
    text = attesting.record("s-1", MODEL)
    w = world().put(PATH, text)
    w.put("records/attestations/s-2.yaml", text.replace("id: s-1", "id: s-2"))
    own = Reading(w).declarations
    found = attest.verified(own, Law(own), NOW)
    assert [one.path for one in found.about(MODEL["model:credit"], TEST_RESULT)] == [PATH]
    (copy,) = found.problems
    assert f"holds the statement of {PATH} a second time" in copy.problem


def edited(**more):
    """A record whose statement says something else than what was signed."""
    genuine = json.loads(attesting.envelope(attesting.stated(MODEL)))
    forged = attesting.stated({"model:credit": f"sha256:{'e' * 64}"}, **more)
    genuine["payload"] = base64.b64encode(forged).decode()
    return attesting.file("s-1", json.dumps(genuine))


def changed(**fields):
    """A genuine envelope with some of its fields replaced."""
    value = json.loads(attesting.envelope(attesting.stated(MODEL)))
    return attesting.file("s-1", json.dumps(value | fields))


def twice():
    value = json.loads(attesting.envelope(attesting.stated(MODEL)))
    return changed(signatures=value["signatures"] * 2)


def payload(text: bytes):
    return attesting.file("s-1", attesting.envelope(text))


def repeated():
    text = attesting.stated(MODEL).replace(b'"_type"', b'"_type":"x","_type"', 1)
    return payload(text)


def unsigned_origin():
    return payload(attestation.stated(MODEL, TEST_RESULT, {"result": "PASSED"}))


BAD = {
    "a digest put in after signing": (edited(), "signature does not hold"),
    "signed with another machine's bytes": (
        attesting.file("s-1", attesting.envelope(
            attesting.stated(MODEL), "mina", keyid=attesting.fingerprint("ci"))),
        "signature does not hold",
    ),
    "the key of a person": (
        attesting.record("s-1", MODEL, by="ci", key="mina"), "which is no machine's key",
    ),
    "a person who names themselves": (
        attesting.record("s-1", MODEL, by="mina"), "which is no machine's key",
    ),
    "another machine is named": (
        attesting.record("s-1", MODEL, by="robot", key="ci"), "robot is named, the key is that of",
    ),
    "a key before its days": (
        attesting.record("s-1", MODEL, at="2025-12-31T08:00:00Z"), "does not count on 2025-12-31",
    ),
    "another moment in the record": (
        attesting.record("s-1", MODEL).replace('at: "2026-11-21', 'at: "2026-11-20', 1),
        "another moment",
    ),
    "a moment to come": (
        attesting.record("s-1", MODEL, at="2026-11-29T08:00:00Z"), "signed in the future",
    ),
    "for another repository": (
        attesting.record("s-1", MODEL, repository="example/fork"), "the repository example/fork",
    ),
    "two signatures": (twice(), "signatures"),
    "no signature": (changed(signatures=[]), "signatures"),
    "another type of payload": (changed(payloadType="text/plain"), "payloadType"),
    "a key beside those of an envelope": (changed(note="x"), "note"),
    "a payload that is no base64": (changed(payload="%%%"), "payload: not whole base64"),
    "a payload in another spelling of base64": (
        changed(payload=json.loads(attesting.envelope(b"{}"))["payload"].rstrip("=") + "\n"),
        "payload: not whole base64",
    ),
    "a key given twice in the statement": (repeated(), "'_type' is given twice"),
    "a key given twice in the envelope": (
        attesting.file("s-1", attesting.envelope(attesting.stated(MODEL)).replace(
            '"payloadType"', '"payload":"e30=","payloadType"', 1)),
        "'payload' is given twice",
    ),
    "a payload that is no JSON": (payload(b"<xml/>"), "not JSON"),
    "a statement of another kind": (
        payload(attesting.stated(MODEL).replace(b"Statement/v1", b"Statement/v0")), "_type",
    ),
    "a statement that does not say who made it": (unsigned_origin(), "predicate.charter"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_a_statement_counts_for_nothing(text, words):
    assert words in problem(text)


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"payload": 1}'])
def test_an_envelope_that_cannot_be_read_is_a_problem_and_no_crash(text):
    record = f"id: s-1\nat: '2026-11-21T08:00:00Z'\nenvelope: {json.dumps(text or '{}')}\n"
    assert "envelope" in problem(record)


def test_a_key_that_ended_counts_for_what_stands_on_the_base_only():
    ended = 'valid_from: "2026-01-01", valid_until: "2026-11-21"'

    def lapse(w):
        key = f'{{public: {signing.public("ci")}, valid_from: "2026-01-01"}}'
        return w.edit("policies/roles.yaml", key, key.replace('valid_from: "2026-01-01"', ended))

    text = attesting.record("s-1", MODEL)
    assert len(judged(text, change=lapse).valid) == 1
    assert "2026-11-22" in problem(text, change=lapse, base=lapse(world()))


def test_machines_are_those_of_the_base():
    before = world().edit("policies/registry.yaml", "machines: [ci]\n", "")
    assert "no machine's key" in problem(attesting.record("s-1", MODEL), base=before)


def test_a_key_of_two_machines_is_neithers():
    def share(w):
        roles = w.text("policies/roles.yaml")
        entry = roles[roles.index("  ci:\n") : roles.index("roles:\n", roles.index("  ci:\n"))]
        w.put("policies/roles.yaml", roles.replace(entry, entry + entry.replace("ci:", "cd:", 1)))
        return w.edit("policies/registry.yaml", "machines: [ci]", "machines: [ci, cd]")

    assert "belongs to ci, cd" in problem(attesting.record("s-1", MODEL), change=share)


def test_a_key_of_the_other_kind_signs_too(tmp_path, monkeypatch):
    private = ec.derive_private_key(7, ec.SECP256R1())
    path = tmp_path / "key"
    path.write_bytes(private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))  # fmt: skip
    path.chmod(0o600)
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    monkeypatch.setenv(attest.FILE, str(path))

    def other(w):
        return w.edit("policies/roles.yaml", f"public: {signing.public('ci')}", f"public: {public}")

    roles = Reading(other(world())).declarations.one(Roles, "roles").value
    machine = attest.signer(tmp_path / "repo", roles, ("ci",), NOW.date())
    text = attesting.file("s-1", machine.sign(attesting.stated(MODEL)))
    assert [one.by for one in judged(text, change=other).valid] == ["ci"]


def _key(tmp_path, kind):
    path = attesting.key_file(tmp_path)
    if kind == "missing":
        path.unlink()
    elif kind == "open to others":
        path.chmod(0o644)
    elif kind == "no key":
        path.write_text("hello")
    elif kind == "RSA":
        private = rsa.generate_private_key(65537, 2048)
        path.write_bytes(private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))  # fmt: skip
    elif kind == "with a passphrase":
        path.write_bytes(signing.private("ci").private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")))  # fmt: skip
    elif kind in {"mina", "stranger"}:
        path.write_bytes(signing.private_file(kind))
    return path


UNUSABLE = {
    "missing": "No such file",
    "open to others": "others may open the key file (mode 644)",
    "no key": "names no private key",
    "RSA": "Ed25519 or ECDSA P-256",
    "with a passphrase": "has a passphrase",
    "mina": "belongs to mina",
    "stranger": "is nobody's",
}


@pytest.mark.parametrize(("kind", "words"), UNUSABLE.items())
def test_a_key_that_cannot_sign_is_said_and_never_shown(tmp_path, monkeypatch, kind, words):
    monkeypatch.setenv(attest.FILE, str(_key(tmp_path, kind)))
    roles = Reading(world()).declarations.one(Roles, "roles").value
    with pytest.raises(attest.Unusable, match="fix: ") as refused:
        attest.signer(tmp_path / "repo", roles, ("ci",), NOW.date())
    assert words in str(refused.value)
    assert "PRIVATE" not in str(refused.value)


def test_a_key_in_the_repository_or_before_its_days_or_none_signs_nothing(tmp_path, monkeypatch):
    roles = Reading(world()).declarations.one(Roles, "roles").value
    monkeypatch.delenv(attest.FILE, raising=False)
    with pytest.raises(attest.Unusable, match="no machine key is configured"):
        attest.signer(tmp_path, roles, ("ci",), NOW.date())
    monkeypatch.setenv(attest.FILE, str(attesting.key_file(tmp_path)))
    with pytest.raises(attest.Unusable, match="lies in the repository"):
        attest.signer(tmp_path, roles, ("ci",), NOW.date())
    with pytest.raises(attest.Unusable, match="does not count on 2025-12-31"):
        attest.signer(tmp_path / "repo", roles, ("ci",), date(2025, 12, 31))
    with pytest.raises(attest.Unusable, match=r"does not name|is nobody's"):
        attest.signer(tmp_path / "repo", roles, (), NOW.date())
