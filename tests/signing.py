"""SSH keys and signatures of invented people, made from their names: equal on every run."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from governance import statement

REPOSITORY = "example/world"
BASE = "ba5e" * 10


@cache
def private(name: str) -> Ed25519PrivateKey:
    """The key of a person."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def public(name: str) -> str:
    """The public key of a person, as `policies/roles.yaml` declares it."""
    return f"ssh-ed25519 {base64.b64encode(_public_blob(name)).decode()}"


def private_file(name: str) -> bytes:
    """The key of a person as `ssh-keygen` reads it; keep the file's mode at 600."""
    return private(name).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def sign(name: str, text: str, namespace: str = statement.NAMESPACE) -> str:
    """What `ssh-keygen -Y sign` writes."""
    hashed = hashlib.sha512(text.encode()).digest()
    parts = (namespace.encode(), b"", b"sha512", hashed)
    made = private(name).sign(b"SSHSIG" + b"".join(map(_string, parts)))
    signature = _string(b"ssh-ed25519") + _string(made)
    parts = (_public_blob(name), namespace.encode(), b"", b"sha512", signature)
    blob = b"SSHSIG" + struct.pack(">I", 1) + b"".join(map(_string, parts))
    lines = base64.b64encode(blob).decode()
    body = "\n".join(lines[i : i + 70] for i in range(0, len(lines), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----"


def stated(
    by: str, role: str, subject: str, digest: str, *, said: str = "approve",
    at: str = "2026-11-20T08:00:00Z", because: str = "looked at it", base: str = BASE,
    branch: str = "main", repository: str = REPOSITORY, **more: Any,
) -> str:  # fmt: skip
    """The text of a statement."""
    words = f"{by} {role} {subject} {digest} {said} {at}"
    predicate = {
        "repository": repository, "branch": branch, "base": base, "by": by, "role": role,
        "said": said, "because": because, "at": at,
        "nonce": hashlib.sha256(words.encode()).hexdigest()[:32],
    }  # fmt: skip
    return statement.text(subject, digest, predicate | more)


def record(  # the whole file of an approval
    name: str, by: str, role: str, subject: str, digest: str, *, key: str | None = None,
    namespace: str = statement.NAMESPACE, **more: Any,
) -> str:  # fmt: skip
    """The file of an approval record; `key` is whose key signs when it is not the person's own."""
    text = stated(by, role, subject, digest, **more)
    at = json.loads(text)["predicate"]["at"]
    signature = sign(key or by, text, namespace).replace("\n", "\n  ")
    return f'id: {name}\nat: "{at}"\nstatement: |\n  {text}\nsignature: |\n  {signature}\n'


def _public_blob(name: str) -> bytes:
    raw = private(name).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return _string(b"ssh-ed25519") + _string(raw)


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
