"""Judging 1,000 models, 200 contracts and 50 policies, beside parsing the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench import repository
from bench.repository import FULL, SMALL, Size
from bench.rounds import BIN, CHARTER, PYTHON, ROOT, Bar, Command, measure, report

BARS = (
    Bar("check cold", "C parse", 2.5),
    Bar("check warm", "C parse", 0.3),
    Bar("check of a few files", "C parse"),
    Bar("check warm beyond that", "C parse"),
    Bar("check cold", "check-jsonschema", 1 / 6),
)


def run(folder: Path, rounds: int | None = None, size: Size = FULL) -> bool:
    """Whether the bars were kept."""
    full, few = folder / "full", folder / "few"
    repository.write(full, size)
    repository.write(few, SMALL)
    count, total = repository.measured(full)
    print(f"  {count} declarations, {total / 1e6:.1f} MB", flush=True)
    seconds = measure(commands(full, few), rounds or 5)
    return report(beyond_startup(seconds), BARS)


def commands(full: Path, few: Path) -> list[Command]:
    """What takes turns; the peer comes last."""
    parse = [PYTHON, str(ROOT / "bench" / "parse.py"), str(full)]
    peer = [
        [str(BIN / "check-jsonschema"), "-q", "--schemafile", f"schemas/{kind}.json", *paths]
        for kind, paths in repository.by_kind(full).items()
    ]
    return [
        Command("C parse", [parse], full),
        Command("check cold", [[CHARTER, "check", "--no-cache"]], full),
        Command("check warm", [[CHARTER, "check"]], full),
        Command("check of a few files", [[CHARTER, "check"]], few),
        Command("check-jsonschema", peer, full),
    ]


def beyond_startup(seconds: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """With what the declarations themselves cost, in each round."""
    pairs = zip(seconds["check warm"], seconds["check of a few files"], strict=True)
    return {**seconds, "check warm beyond that": [warm - few for warm, few in pairs]}
