"""Finds identifiers of people where nobody declared any, in the bytes as they landed.

The engine screens the cells; what may be something is looked at one by one. Cells that prove
something by themselves are all looked at; numbers that only many together can prove are
sampled, so that time and memory do not grow with the rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import ibis

from adapters import engine
from governance.evidence import IdentifierFacts
from governance.identifiers import Kind
from governance.identifiers.shapes import MARKED, UNMARKED
from governance.identifiers.sightings import Tally, find
from pipelines import landed

if TYPE_CHECKING:
    from governance.contract import Column, Contract

ENOUGH: Final = 200_000
"""Cells of a column after which no further file is searched."""
_SAMPLED: Final = 20_000
"""About how many cells of a file are sampled where only many prove something."""
_BATCH: Final = 65_536
_PLACE: Final = "charter: sampled"
"""A column that no file has."""
_SMALLEST: Final = 10_000_000
_LARGEST: Final = 10**18
"""Whole numbers between have the eight to eighteen digits that an identifier may have."""
_SURVIVING: Final = frozenset({"keep", "generalise", "truncate-date"})


class Watched(NamedTuple):
    """A column of a file and what the contract says of it; None when it says nothing."""

    physical: str
    column: Column | None


class Search:
    """Adds up what the cells of some files hold."""

    def __init__(self) -> None:
        self.tallies: dict[str, dict[Kind, Tally]] = defaultdict(lambda: defaultdict(Tally))
        self.looked: dict[str, int] = defaultdict(int)

    def file(self, connection: Any, table: ibis.Table, names: Iterable[str], path: str) -> None:
        """Searches the named columns of one file."""
        rows = int(engine.one(table.aggregate(rows=table.count()))["rows"])
        sampled = ibis.row_number() % (1 + rows // _SAMPLED) == 0
        table = table.mutate(**{_PLACE: sampled}) if rows > _SAMPLED else table
        screens = {name: _screened(table, name) for name in names if self.looked[name] < ENOUGH}
        worth = {name: screen for name, screen in screens.items() if screen is not None}
        if not worth:
            return
        found = table.select(**worth)
        found = found.filter(ibis.or_(*(found[name].notnull() for name in worth)))
        for batch in engine.batches(connection, found, _BATCH):
            for name, cells in zip(worth, batch.columns, strict=True):
                if self.looked[name] < ENOUGH:
                    self._cells(name, cells.drop_null().to_pylist(), path)

    def _cells(self, name: str, cells: list[str], path: str) -> None:
        tallies = self.tallies[name]
        for cell in cells:
            for seen in find(cell):
                tallies[seen.kind].add(seen, path)
        self.looked[name] += len(cells)

    def facts(self, watched: Iterable[Watched]) -> Iterator[IdentifierFacts]:
        """What was found, by column and kind."""
        for physical, column in watched:
            for kind, tally in sorted(self.tallies[physical].items()):
                confidence = tally.confidence(kind, physical)
                if confidence is None:
                    continue
                yield IdentifierFacts(
                    column=column.name if column else physical,
                    kind=kind,
                    confidence=confidence,
                    cells=tally.cells,
                    files=dict(sorted(tally.files.items())),
                    sample=tally.sample,
                    survives=column is not None and column.technique in _SURVIVING,
                    resembles=column is not None and kind in column.looks_like,
                )


def dataset(
    contract: Contract,
    folder: Path,
    paths: Sequence[str],
    seen: Callable[[str, int, int], None] = lambda *_: None,
) -> list[IdentifierFacts]:
    """What lies undeclared in the landed files of a dataset, columns the contract omits included.

    Args:
        contract: what is declared.
        folder: folder of the landed files.
        paths: files below it.
        seen: told each file before it is searched, its place and how many there are.
    """
    search, connection = Search(), engine.connect(contract.engine, threads=None)
    declared = {column.physical: column for column in contract.columns}
    watched: dict[str, Watched] = {}
    for place, path in enumerate(paths):
        seen(path, place, len(paths))
        table = landed.table(connection, folder, path, contract)
        for name in table.columns:
            column = declared.get(name)
            if column is None or column.classification != "direct-identifier":
                watched[name] = Watched(name, column)
        names = [name for name in table.columns if name in watched]
        engine.run(
            lambda table=table, names=names, path=path: search.file(connection, table, names, path),
            contract.format,
        )
    return list(search.facts(watched.values()))


def loose_file(path: Path) -> list[IdentifierFacts]:
    """What lies in a file that no contract describes.

    Raises:
        Unreadable: it is neither Parquet nor CSV.
    """
    form = "parquet" if path.suffix == ".parquet" else "csv"
    search, connection = Search(), engine.connect()
    table, _ = engine.sniff(connection, path, form)
    engine.run(lambda: search.file(connection, table, table.columns, path.name), form)
    return list(search.facts(Watched(name, None) for name in table.columns))


def _screened(table: ibis.Table, name: str) -> ibis.Value | None:
    """The cells of a column that are worth a look, as text; None for a column that has none."""
    value = table[name]
    kind = value.type()
    sampled = table[_PLACE] if _PLACE in table.columns else ibis.literal(value=True)
    if kind.is_string():
        worth = value.re_search(MARKED) | (sampled & value.re_search(UNMARKED))
        return worth.ifelse(value, ibis.null("string"))
    if kind.is_floating() or kind.is_decimal():
        whole = (value == value.floor()) & (value < _LARGEST)
        value = whole.ifelse(value, None).try_cast("int64")
    elif not kind.is_integer():
        return None
    return (sampled & (value >= _SMALLEST)).ifelse(value.cast("string"), ibis.null("string"))
