"""How far data have moved from a reference, which may be counters that were saved before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from adapters import files
from governance import drift_report, jsontext
from governance.counters import Counted
from pipelines import counting, inputs, sides
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.drift_report import DriftReport
    from governance.monitoring import Monitoring

KEYS = "words that hardly any rows share, as keys are"
NEITHER = "neither numbers nor words"


@dataclass(frozen=True, slots=True)
class Reference:
    """Counters of a reference, and why some of its columns have none."""

    counted: Counted
    left_out: dict[str, str]


def reference(
    root: Path, given: str, columns: Sequence[str] = (), against: str | None = None
) -> Reference:
    """The counters of a dataset, of data files, or of a file that `save` wrote.

    Args:
        root: top of the repository.
        given: what is counted.
        columns: which; all that hold numbers or words when none is named.
        against: what it will be compared with. Files that nobody prepared are compared with the
            rows of a dataset as they landed: what `prepare` coarsened is no drift.

    Raises:
        Refused: there is no such data, or a named column cannot be counted.
    """
    if given.endswith(".json"):
        kept = _saved(Path(given))
        kinds = {name: counts.kind for name, counts in kept.columns.items()}
        chosen = {name: kept.columns[name] for name in sides.countable(given, kinds, columns)}
        return Reference(kept.model_copy(update={"columns": chosen}), {})
    unprepared = against is not None and not sides.is_dataset(root, against)
    rows = sides.rows(root, given, as_landed=unprepared)
    found = counting.reference(rows, sides.countable(given, rows.kinds, columns))
    known = {name: counts for name, counts in found.items() if counts is not None}
    absent = {name: KEYS for name in found if name not in known}
    if columns and absent:
        lines = (f"{given}: column {name}: {reason}" for name, reason in absent.items())
        raise Refused(*lines, "  fix: leave it out of --columns")
    others = {} if columns else {name: NEITHER for name, kind in rows.kinds.items() if not kind}
    return Reference(Counted(of=given, columns=known), others | absent)


def save(found: Reference, path: Path) -> None:
    """Writes counters to a file that can stand in for the reference.

    Raises:
        Refused: its name does not end in `.json`, by which it is known again.
    """
    if path.suffix != ".json":
        msg = f"{path}: counters are JSON\n  fix: name it {path.with_suffix('.json')}"
        raise Refused(msg)
    files.write(path, jsontext.dump(found.counted.model_dump(mode="json")))


def compare(root: Path, found: Reference, given: str) -> DriftReport:
    """How far a dataset or data files moved from a reference, by `policies/monitoring.yaml`.

    Raises:
        Refused: there is no such data, or a column is missing or of another type.
    """
    policy: Monitoring = inputs.declared("policies/monitoring.yaml", root)
    unprepared = not sides.is_dataset(root, found.counted.of)
    rows = sides.rows(root, given, as_landed=unprepared)
    against = found.counted.columns
    sides.countable(given, rows.kinds, against)
    other = [
        f"{given}: column {name} is {rows.kinds[name]}, in {found.counted.of} it is {counts.kind}"
        for name, counts in against.items()
        if counts.kind != rows.kinds[name]
    ]
    if other:
        raise Refused(*other, "  fix: name the columns to compare with --columns")
    return drift_report.report(against, counting.alike(rows, against), policy.drift, found.left_out)


def _saved(path: Path) -> Counted:
    try:
        data = path.read_bytes()
        jsontext.load(data)
        return Counted.model_validate_json(data, strict=True)
    except (jsontext.Ambiguous, ValidationError):
        msg = f"{path}: no counters\n  fix: write them with charter drift REFERENCE --save {path}"
        raise Refused(msg) from None
