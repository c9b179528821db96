"""What the bytes of a model's files are, and what they must not hold."""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal

Kind = Literal[
    "zip", "gzip", "bzip2", "xz", "zlib", "tar", "npy", "lz4", "zstd", "hdf5", "program",
    "script", "other",
]  # fmt: skip
HEAD: Final = 4096
"""Bytes of a file's beginning that tell what it is."""
FILE_TYPES: Final = (".json", ".md", ".onnx", ".skops", ".txt")
"""Endings a model folder may hold."""
PICKLED: Final = (
    ".ckpt", ".cloudpickle", ".dill", ".joblib", ".p", ".pickle", ".pkl", ".pt", ".pth",
)  # fmt: skip
"""Endings that promise a pickle."""
_MAGIC: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x93NUMPY", "npy"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x89HDF\r\n", "hdf5"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"#!", "script"),
)
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_TAR: Final = slice(257, 262)


def kind(head: bytes) -> Kind:
    """What a file is, from its beginning and never from its name."""
    for magic, found in _MAGIC:
        if head.startswith(magic):
            return found
    if head[_TAR] == b"ustar":
        return "tar"
    return "zlib" if head.startswith(_ZLIB) else "other"


def npy_body(head: bytes) -> tuple[int, bool] | None:
    """Where the data of a NumPy file begin and whether they are a pickle; None for a broken one.

    Source: NumPy's format versions 1 to 3.
    """
    if len(head) < _NPY + 4 or head[6] not in {1, 2, 3}:
        return None
    size = 2 if head[6] == 1 else 4
    start = _NPY + size
    end = start + int.from_bytes(head[_NPY:start], "little")
    try:
        described = ast.literal_eval(head[start:end].decode("latin-1").strip())
        return end, "O" in str(described["descr"])
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        return None


_NPY: Final = 8

_SECRETS: Final[tuple[tuple[str, tuple[bytes, ...], re.Pattern[bytes]], ...]] = (
    ("a private key", (b"PRIVATE KEY",), re.compile(
        rb"-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED|PGP) )?PRIVATE KEY(?: BLOCK)?-----")),
    ("an AWS access key", (b"AKIA", b"ASIA"), re.compile(
        rb"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])")),
    ("a GitHub token", (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_"), re.compile(
        rb"(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60})")),
    ("a GitLab token", (b"glpat-",), re.compile(rb"glpat-[A-Za-z0-9_-]{20}")),
    ("a Slack token", (b"xox",), re.compile(rb"xox[abprs]-[0-9A-Za-z-]{20}")),
    ("a Google API key", (b"AIza",), re.compile(
        rb"(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])")),
    ("a Stripe key", (b"_live_",), re.compile(rb"(?:sk|rk)_live_[A-Za-z0-9]{20}")),
    ("a JSON web token", (b"eyJ",), re.compile(
        rb"eyJ[A-Za-z0-9_-]{16,500}\.eyJ[A-Za-z0-9_-]{16,2000}\.[A-Za-z0-9_-]{16}")),
)  # fmt: skip
"""Name, bytes without which there is none (found far quicker), and the whole form."""
_WORDS: Final = (
    b"passwd", b"password", b"passphrase", b"secret", b"token", b"apikey", b"api_key", b"api-key",
    b"accesskey", b"access_key", b"access-key",
)  # fmt: skip
_ASSIGNED: Final = re.compile(
    rb"(?:passwo?r?d|passphrase|secret|token|api[_-]?key|access[_-]?key)[\"']?\s{0,3}[:=]\s{0,3}"
    rb"[\"']?([A-Za-z0-9+/=_.~-]{16,200})",
    re.IGNORECASE,
)
_RANDOM: Final = 3.5
"""Bits per character from which text looks drawn by lot; words stay below."""
OVERLAP: Final = 512
"""Bytes two blocks share, so that nothing hides across their border."""


def secrets(block: bytes) -> Iterator[tuple[str, int]]:
    """What looks like a secret, and where; never the secret itself."""
    for name, signs, pattern in _SECRETS:
        if any(sign in block for sign in signs) and (match := pattern.search(block)):
            yield name, match.start()
    lower = block.lower()
    if any(word in lower for word in _WORDS):
        for match in _ASSIGNED.finditer(block):
            if entropy(match[1]) >= _RANDOM:
                yield "a password or token", match.start()
                return


def entropy(text: bytes) -> float:
    """Bits per byte, 0 for text of one character."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
