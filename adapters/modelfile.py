"""Model files: skops with canonical bytes, loaded only against an allow-list.

skops writes zip times and memory addresses into its files, so two equal models differ. Here
members are renamed in order of their first mention, numbers of objects likewise, and times
are fixed: equal models are equal bytes. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from adapters import files
from governance.evidence import FileFacts

NAME: Final = "model.skops"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class Untrusted(Exception):
    """A model file holds types the policy does not allow."""


def dump(model: Any) -> bytes:
    """The canonical bytes of a fitted model."""
    import skops.io as sio  # noqa: PLC0415 - pulls in scikit-learn

    return canonical(sio.dumps(model))


def canonical(data: bytes) -> bytes:
    """The same skops file without times and memory addresses."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members.pop("schema.json"))
    names: dict[str, str] = {}
    numbers: dict[int, int] = {}
    schema = _renumbered(schema, names, numbers)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        text = json.dumps(schema, sort_keys=True, separators=(",", ":"))
        _add(archive, "schema.json", text.encode())
        for old, new in sorted(names.items(), key=lambda pair: pair[1]):
            _add(archive, new, members[old])
    return out.getvalue()


def _renumbered(node: Any, names: dict[str, str], numbers: dict[int, int]) -> Any:
    if isinstance(node, dict):
        found: dict[str, Any] = {}
        for key, value in sorted(node.items()):
            if key == "__id__":
                found[key] = numbers.setdefault(value, len(numbers))
            elif key == "file" and isinstance(value, str):
                suffix = Path(value).suffix
                found[key] = names.setdefault(value, f"{len(names):06d}{suffix}")
            else:
                found[key] = _renumbered(value, names, numbers)
        return found
    if isinstance(node, list):
        return [_renumbered(value, names, numbers) for value in node]
    return node


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def load(path: Path, trusted: Iterable[str]) -> Any:
    """The model in a file.

    Raises:
        Untrusted: it holds a type beyond skops' own list and `trusted`, or is no skops file.
    """
    import skops.io as sio  # noqa: PLC0415

    try:
        unknown = set(sio.get_untrusted_types(file=path)) - set(trusted)
        if not unknown:
            return sio.load(path, trusted=sorted(trusted))
    except Exception as error:  # noqa: BLE001 - damage surfaces anywhere in zip, JSON or NumPy
        msg = f"{path} is no whole skops file ({type(error).__name__})"
        raise Untrusted(msg) from None
    msg = f"{path}: types not in policies/registry.yaml: {', '.join(sorted(unknown))}"
    raise Untrusted(msg)


def untrusted(data: bytes, trusted: Iterable[str]) -> list[str]:
    """Types in a model file's bytes that are on neither list, sorted."""
    import skops.io as sio  # noqa: PLC0415

    return sorted(set(sio.get_untrusted_types(data=data)) - set(trusted))


def digest(folder: Path) -> tuple[str, tuple[FileFacts, ...]]:
    """Root digest of a model folder and its files.

    The root is SHA-256 over the raw SHA-256 of each file, in order of path, which is how
    OpenSSF Model Signing names a model.
    """
    facts = tuple(
        FileFacts(path=path, bytes=file.bytes, sha256=file.sha256)
        for path, file in files.digests(folder).items()
    )
    root = hashlib.sha256(b"".join(bytes.fromhex(fact.sha256) for fact in facts))
    return f"sha256:{root.hexdigest()}", facts
