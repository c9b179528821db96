"""A model's signature as OpenSSF Model Signing reads it: one more statement of the machine.

Its statement lists every file of the model's folder; its bundle puts the envelope that the machine
signed into the form sigstore gives such files. That tool verifies ECDSA keys; one made with
Ed25519 holds here all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from governance import jsontext

if TYPE_CHECKING:
    from governance.version import ModelFile

TYPE: Final = "https://model_signing/signature/v1.0"
BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
IGNORED: Final = (".git", ".gitattributes", ".github", ".gitignore", "model.sig")
"""What the tool leaves out of a folder."""


def predicate(files: Iterable[ModelFile]) -> dict[str, Any]:
    """The predicate over a model's files, in order of path, each by the SHA-256 of its bytes."""
    return {
        "serialization": {
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": False,
            "ignore_paths": list(IGNORED),
        },
        "resources": [
            {"name": file.path, "algorithm": "sha256", "digest": file.sha256}
            for file in sorted(files, key=lambda file: file.path)
        ],
    }


def bundle(envelope: str, pem: str) -> bytes:
    """The sigstore bundle (version 0.3) around an envelope; `pem` is the machine's public key."""
    hint = hashlib.sha256(pem.encode()).hexdigest()
    return jsontext.dump(
        {
            "mediaType": BUNDLE,
            "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
            "dsseEnvelope": json.loads(envelope),
        }
    )
