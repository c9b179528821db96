"""Statements of invented machines, signed with keys made from their names."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import signing

from governance import attestation
from governance.attestation import OWN, TEST_RESULT
from governance.roles import Key

AT = "2026-11-21T08:00:00Z"


def fingerprint(name: str) -> str:
    return Key(public=signing.public(name), valid_from="2026-01-01").fingerprint


def stated(
    subjects: Mapping[str, str], predicate: Mapping[str, Any] | None = None,
    predicate_type: str = TEST_RESULT, *, by: str = "ci", at: str = AT,
    repository: str = signing.REPOSITORY,
) -> bytes:  # fmt: skip
    """The payload of a statement."""
    said = dict(predicate or {})
    own = {**said.get(OWN, {}), "by": by, "at": at, "repository": repository}
    return attestation.stated(subjects, predicate_type, {**said, OWN: own})


def envelope(payload: bytes, by: str = "ci", *, keyid: str | None = None) -> str:
    """The envelope of a payload, signed with the key of `by`."""
    signature = signing.private(by).sign(attestation.pae(payload))
    return attestation.enveloped(payload, keyid or fingerprint(by), signature)


def record(  # the whole file of an attestation
    name: str, subjects: Mapping[str, str], predicate: Mapping[str, Any] | None = None,
    predicate_type: str = TEST_RESULT, *, by: str = "ci", key: str | None = None, at: str = AT,
    **more: Any,
) -> str:  # fmt: skip
    """The file of an attestation; `key` is whose key signs when it is not the machine's own."""
    payload = stated(subjects, predicate, predicate_type, by=by, at=at, **more)
    return file(name, envelope(payload, key or by), at)


def file(name: str, text: str, at: str = AT) -> str:
    """The file that holds an envelope."""
    return f'id: {name}\nat: "{at}"\nenvelope: |-\n  {text}\n'


def review(review: str, outcome: str = "PASSED", **facts: Any) -> dict[str, Any]:
    """The predicate of a review of a model."""
    listed = {"PASSED": "passedTests", "WARNED": "warnedTests", "FAILED": "failedTests"}
    tests: dict[str, list[str]] = {name: [] for name in listed.values()}
    tests[listed[outcome]] = [f"{review}/everything"]
    return {"result": outcome, "configuration": [], **tests, OWN: {"review": review, **facts}}


def payload_of(text: str) -> Any:
    """The statement in an envelope, unchecked."""
    return json.loads(base64.b64decode(json.loads(text)["payload"]))


def key_file(folder: Path, name: str = "ci", mode: int = 0o600) -> Path:
    """The private key of a machine in a file."""
    path = folder / f"{name}.key"
    path.write_bytes(signing.private_file(name))
    path.chmod(mode)
    return path
