"""The landed data and the kept model of a commit, brought into a tree and held to their digests.

Where bytes come from does not matter, for all of them are hashed again. Settings of remotes are
those of the governed branch: a change must not choose where its data come from or where the
credentials go (threat B99).
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from adapters import git, modelfile, versions
from adapters.store import places
from governance.evidence import of_model
from governance.finding import CouldNotJudge
from governance.pipeline import DATA
from pipelines import inputs, pinned
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from adapters.store import Place
    from governance.manifest import ManifestRow

_CONFIG: Final = ".dvc/config"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Sources:
    """Where bytes may come from: the work tree, then the cache and the governed remotes."""

    root: Path
    law: str
    """The commit of the governed branch."""

    def kept(self) -> list[Place]:
        """The cache, and the remotes as the governed branch declares them."""
        tree = git.Revision(self.root, self.law)
        settings = tree.read(_CONFIG) if _CONFIG in tree.entries() else b""
        return places(self.root, settings=settings)


def data(sources: Sources, tree: Path, dataset: str) -> str:
    """Brings the landed files of a dataset into a tree; the digest of their manifest.

    Raises:
        Refused: a place holds other bytes under the name of a landed file.
        CouldNotJudge: a file is nowhere, erased for ever, or a place does not answer.
    """
    manifest = inputs.manifest(dataset, tree)
    folder = f"{DATA}/{dataset}"
    target = tree / folder
    shutil.rmtree(target, ignore_errors=True)
    missing = {
        path: row
        for path, row in sorted(manifest.rows.items())
        if not _copied(sources.root / folder / path, target / path, row)
    }
    if missing:
        _refuse_erased(sources.root, dataset, missing)
        _fetch(sources, tree, folder, missing)
    return manifest.digest


def _copied(source: Path, target: Path, row: ManifestRow) -> bool:
    """Whether the work tree had the file with exactly the landed bytes."""
    if not source.is_file() or source.stat().st_size != row.file.bytes:
        return False
    with source.open("rb") as stream:
        return _written(target, iter(lambda: stream.read(_BLOCK), b""), row.file.sha256)


def _written(target: Path, blocks: Iterable[bytes], sha256: str) -> bool:
    """Whether bytes were those wanted; others are gone again."""
    target.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with target.open("wb") as out:
        for block in blocks:
            found.update(block)
            out.write(block)
    if found.hexdigest() == sha256:
        return True
    target.unlink()
    return False


def _refuse_erased(root: Path, dataset: str, missing: Mapping[str, ManifestRow]) -> None:
    erased = inputs.erased(root)
    gone = [f"{path} ({erased[r.file.sha256]})" for path, r in missing.items()
            if r.file.sha256 in erased]  # fmt: skip
    if gone:
        msg = (
            f"{dataset}: its rows were erased for ever, so this run can never be repeated: "
            f"{', '.join(gone[:3])}\n  fix: train a model on the data that are left"
        )
        raise CouldNotJudge(msg)


def _fetch(sources: Sources, tree: Path, folder: str, missing: Mapping[str, ManifestRow]) -> None:
    """Brings files from the cache or a remote, under the names the pointer of the commit gives."""
    kept = sources.kept()
    names = _listed(kept, tree, "datasets.dvc", folder)
    wrong, absent = [], []
    for path, row in missing.items():
        tried = []
        for place, blocks in _tried(kept, names.get(path)):
            tried.append(place)
            if _written(tree / folder / path, blocks, row.file.sha256):
                break
        else:
            if tried:
                wrong.append(
                    f"{folder}/{path}: other bytes than were landed, in {', '.join(tried)}\n"
                    "  fix: put the landed file there again"
                )
            else:
                absent.append(f"{folder}/{path}")
    if wrong:
        raise Refused(*wrong)
    if absent:
        places_ = ", ".join(place.name for place in kept)
        msg = (
            f"{absent[0]}{f' and {len(absent) - 1} more' if absent[1:] else ''}: in none of"
            f" {places_}\n  fix: let its owner run `dvc push`; remotes are those of the governed"
            " branch"
        )
        raise CouldNotJudge(msg)


def _listed(kept: Sequence[Place], tree: Path, name: str, folder: str) -> dict[str, str]:
    """MD5 of the files of a folder, by path inside, as a pointer or a lock names it."""
    for path, md5 in pinned.entries(tree, name):
        if path == folder:
            return versions.files(md5, kept) or {}
    return {}


def _tried(kept: Sequence[Place], md5: str | None) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Bytes of an object from every place that has it."""
    for place in kept if md5 else ():
        with contextlib.suppress(FileNotFoundError):
            blocks = place.blocks(str(md5))
            first = next(blocks, b"")
            yield place.name, _again(first, blocks)


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def model(sources: Sources, tree: Path, name: str, digest: str) -> Path | None:
    """The folder of the model with that digest, in the tree; None when its bytes are nowhere."""
    folder = str(Path(of_model(name, "training")).parent / "model")
    target = tree / folder
    here = sources.root / folder
    shutil.rmtree(target, ignore_errors=True)
    if here.is_dir() and modelfile.digest(here)[0] == digest:
        shutil.copytree(here, target)
        return target
    kept = sources.kept()
    for path, md5 in _listed(kept, tree, "dvc.lock", folder).items():
        if ".." in PurePosixPath(path).parts or path.startswith("/"):
            continue
        for _, blocks in _tried(kept, md5):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(b"".join(blocks))
            break
    return target if target.is_dir() and modelfile.digest(target)[0] == digest else None


def swap(source: Path, target: Path) -> None:
    """Puts a folder where another one may stand, which is gone then."""
    shutil.rmtree(target, ignore_errors=True)
    source.rename(target)
