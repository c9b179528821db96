"""What steps read: declarations by name, evidence by path; and how they refuse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from adapters import files
from governance import catalogue, jsontext, schema
from governance.contract import Contract
from governance.declaration import Declared
from governance.evidence import kind_of
from governance.finding import Blocked, CouldNotJudge
from governance.manifest import Manifest, fold
from governance.model import Model
from governance.pipeline import DATA
from governance.records import Landing, Tombstone

if TYPE_CHECKING:
    from governance.declaration import Part

P = TypeVar("P", bound="Part")


class Refused(Exception):
    """The step will not go on; each line says what is wrong and how to mend it."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))


def main(step: Callable[[str], None]) -> None:
    """Runs a step for the name on the command line; a refusal is exit code 1, no traceback."""
    try:
        (name,) = sys.argv[1:]
    except ValueError:
        sys.exit(f"usage: python -m {step.__module__} NAME")
    try:
        step(name)
    except (Refused, CouldNotJudge) as refusal:
        sys.exit(str(refusal))


def declared(path: str, root: Path = Path()) -> Any:
    """The declaration at a path.

    Raises:
        Refused: it is missing or does not load.
    """
    try:
        value, _, findings = catalogue.read(path, (root / path).read_bytes())
    except FileNotFoundError:
        msg = f"{path} is missing"
        raise Refused(msg) from None
    except Blocked as blocked:
        raise Refused(str(blocked)) from None
    if value is None:
        raise Refused(*(f"{found.at}: {found.problem}\n  fix: {found.fix}" for found in findings))
    return value


def contract(name: str, root: Path = Path()) -> Contract:
    """The contract of a dataset."""
    found: Contract = declared(f"policies/datasets/{name}.yaml", root)
    return found


def model(name: str) -> Model:
    """The declaration of a model."""
    found: Model = declared(f"models/{name}/model.yaml")
    return found


def manifest(name: str, root: Path = Path()) -> Manifest:
    """The manifest of a dataset, from the records of landings and erasures."""
    landings: list[Declared[Landing]] = _records(f"records/landings/{name}", root)
    stones: list[Declared[Tombstone]] = _records("records/tombstones", root)
    return fold(landings, [stone for stone in stones if stone.value.dataset == name])


def landed_by(name: str, root: Path = Path()) -> tuple[str, ...]:
    """Who landed files of a dataset, as far as the records say."""
    landings: list[Declared[Landing]] = _records(f"records/landings/{name}", root)
    return tuple(dict.fromkeys(found.value.by for found in landings if found.value.by))


def erased(root: Path = Path()) -> dict[str, str]:
    """The removal behind the SHA-256 of every landed file that is gone for ever."""
    stones: list[Declared[Tombstone]] = _records("records/tombstones", root)
    return {file.sha256: stone.value.removal for stone in stones for file in stone.value.files}


def _records(folder: str, root: Path) -> list[Declared[Any]]:
    names = sorted(path.name for path in (root / folder).glob("*.yaml"))
    return [Declared(f"{folder}/{name}", declared(f"{folder}/{name}", root)) for name in names]


def differences(
    name: str, found: Manifest, root: Path = Path(), joining: Container[str] = ()
) -> list[str]:
    """A line for each data file that is not as it was landed.

    Args:
        name: the dataset.
        found: its manifest.
        root: top of the repository.
        joining: files that are about to land and may lie there already.
    """
    lines = []
    here = files.digests(root / data_folder(name))
    for path in sorted(found.rows.keys() | here.keys()):
        where = f"{data_folder(name)}/{path}"
        if path not in here:
            lines.append(f"{where}: missing\n  fix: dvc pull {data_folder(name)}")
        elif path not in found.rows:
            if path not in joining:
                fix = f"charter land {name} {where}, or remove it"
                lines.append(f"{where}: uncatalogued\n  fix: {fix}")
        elif here[path].sha256 != found.rows[path].file.sha256:
            fix = f"dvc checkout --force {data_folder(name)}"
            lines.append(f"{where}: other bytes than were landed\n  fix: {fix}")
    return lines


def data_folder(name: str) -> Path:
    """The folder of a dataset's landed files."""
    return Path(DATA) / name


def read(path: str, kind: type[P], root: Path = Path()) -> P:
    """An evidence file, held against its schema.

    Raises:
        Refused: it is missing, ambiguous or of another shape.
    """
    try:
        data = (root / path).read_bytes()
        value = jsontext.load(data)
    except FileNotFoundError:
        msg = f"{path} is missing: run `dvc repro`"
        raise Refused(msg) from None
    except jsontext.Ambiguous as error:
        msg = f"{path}: {error}"
        raise Refused(msg) from None
    _fit(path, kind, value)
    return kind.model_validate_json(data, strict=True)


def write(path: str, value: Part, root: Path = Path()) -> None:
    """Writes an evidence file after holding it against its schema.

    Raises:
        Refused: it does not fit, which is a fault of the step.
    """
    plain = value.model_dump(mode="json", by_alias=True)
    _fit(path, type(value), plain)
    if kind_of(path) is not type(value):
        msg = f"{path} is no place for {type(value).__name__}"
        raise Refused(msg)
    files.write(root / path, jsontext.dump(plain))


def _fit(path: str, kind: type[Part], value: Any) -> None:
    wrong = [f"{path}: {found.problem}" for found in schema.mismatches(path, kind, value)]
    if wrong:
        raise Refused(*wrong)
