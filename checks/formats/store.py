"""What the stores hold, and what is wrong there, for a terminal and a machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from checks.formats.text import clean
from checks.store.holdings import Holding
from checks.store.verify import Report, many

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def text(report: Report) -> str:
    """Findings with their fixes, then notes, then what was looked through."""
    return "".join(f"{clean(line)}\n" for line in _text(report))


def _text(report: Report) -> Iterator[str]:
    for found in report.findings:
        yield f"{found.at}: {found.problem}"
        yield from (f"  {note}" for note in found.notes)
        yield f"  fix: {found.fix}"
    yield from (f"note: {note}" for note in report.notes)
    for place in report.searched:
        yield f"{place.name}: {many(place.objects, 'object')}, {size(place.bytes)}, all hashed"
    yield many(len(report.findings), "finding") if report.findings else "in order"


def as_json(report: Report) -> str:
    """The whole report as JSON."""
    value = {
        "findings": [
            {
                "at": str(found.at), "problem": found.problem, "fix": found.fix,
                "notes": list(found.notes),
            }
            for found in report.findings
        ],
        "notes": list(report.notes),
        "places": [
            {"name": place.name, "objects": place.objects, "bytes": place.bytes}
            for place in report.searched
        ],
    }  # fmt: skip
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def table(rows: Sequence[Holding]) -> str:
    """Versions as lines: how many of their files each place holds."""
    if not rows:
        return "no commit names a dataset or a model\n"
    names = list(rows[0].held)
    head = ("", "what", "kind", "version", "commit", "files", "size", *names)
    lines = [head, *(_row(row, names) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "".join(
        clean("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
        .rstrip() + "\n"
        for line in lines
    )  # fmt: skip


def _row(row: Holding, names: Sequence[str]) -> tuple[str, ...]:
    sign = "†" if row.erased else "*" if row.current else " "
    return (
        sign, row.version.name, row.version.kind, row.version.md5[:8],
        (row.version.commit or "-")[:8],
        "?" if row.files is None else str(row.files), size(row.bytes) if row.files else "-",
        *("all" if row.files and row.held[name] == row.files else str(row.held[name] or "-")
          for name in names),
    )  # fmt: skip


def table_json(rows: Sequence[Holding]) -> str:
    """The same as JSON."""
    value = [
        {
            "name": row.version.name, "kind": row.version.kind, "md5": row.version.md5,
            "commit": row.version.commit, "current": row.current, "erased": row.erased,
            "files": row.files, "bytes": row.bytes, "held": row.held,
        }
        for row in rows
    ]  # fmt: skip
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def size(count: int) -> str:
    """Bytes in the unit people would choose."""
    number, unit = float(count), 0
    while number >= 1024 and unit < len(_UNITS) - 1:  # noqa: PLR2004 - binary units
        number, unit = number / 1024, unit + 1
    return f"{number:.1f} {_UNITS[unit]}" if unit else f"{count} B"
