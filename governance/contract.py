"""What rows must satisfy: the part of an ODCS data contract that Charter acts on.

The file is a whole Open Data Contract Standard 3.x document, read with the standard's own
classes. Charter's additions stand in `customProperties`, where the standard puts additions:
`technique`, `generalise_to`, `truncate_to`, `purpose`, `protected`, `groups`, `label`, `subject`
and `looks_like` on a column; `source`, `pseudonym_key`, `regulations` and `retention_class` on the
contract; `engine` on the first server.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeGuard, get_args

from pydantic import TypeAdapter, ValidationError

from governance import demands
from governance.demands import is_number, pattern_problem
from governance.finding import Finding, Place, Route
from governance.identifiers import KINDS
from governance.keyname import KeyName
from governance.quality import Reference, Rule
from governance.records import Source

if TYPE_CHECKING:
    from open_data_contract_standard.model import (
        OpenDataContractStandard,
        SchemaObject,
        SchemaProperty,
    )

ColumnClass = Literal["direct-identifier", "quasi-identifier", "sensitive", "none"]
Technique = Literal["pseudonymise", "drop", "generalise", "truncate-date", "keep"]
LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]
Engine = Literal["duckdb", "spark"]
Precision = Literal["day", "month", "year"]
_PRECISIONS: Final = get_args(Precision)
_TYPES: Final = get_args(LogicalType)
_ENGINES: Final = get_args(Engine)
_CLASSES: Final = get_args(ColumnClass)
_TECHNIQUES: Final = get_args(Technique)
_OPTIONS: Final = {
    "string": ("pattern",),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}
_FITTING: Final = {
    "truncate-date": ("date", "timestamp"),
    "generalise": ("string", "integer", "number"),
}
_ADDITIONS: Final = frozenset(
    {
        "generalise_to",
        "groups",
        "label",
        "looks_like",
        "protected",
        "purpose",
        "subject",
        "technique",
        "truncate_to",
    }
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
_COLUMN_NAME: Final = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Column:
    """One column and what its values must be; `physical` is its name in the landed files.

    The values of a partitioned column stand in no file but in folder names, `physical=value/`.
    """

    name: str
    physical: str
    type: LogicalType
    required: bool = False
    unique: bool = False
    key: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    values: tuple[str | int | float, ...] = ()
    classification: ColumnClass = "none"
    technique: Technique = "keep"
    generalise_to: float | None = None
    truncate_to: Precision = "day"
    purpose: str | None = None
    protected: bool = False
    groups: tuple[float, ...] = ()
    label: bool = False
    subject: str | None = None
    partitioned: bool = False
    looks_like: tuple[str, ...] = ()
    """Kinds of identifier its values resemble without being any."""

    @property
    def group_names(self) -> tuple[str, ...]:
        """What the groups between the bounds of a protected number are called, lowest first."""
        bounds = [f"{bound:g}" for bound in self.groups]
        if not bounds:
            return ()
        between = [f"{low} to {high}" for low, high in itertools.pairwise(bounds)]
        return (f"below {bounds[0]}", *between, f"{bounds[-1]} and above")


@dataclass(frozen=True, slots=True)
class Contract:
    """A dataset's contract."""

    name: str
    version: str
    columns: tuple[Column, ...]
    format: Literal["parquet", "csv"]
    delimiter: str
    event_column: str | None
    fresh_days: int | None
    source: Source | None
    pseudonym_key: KeyName
    regulations: tuple[str, ...]
    retention_class: str | None
    steward: str | None
    purpose: str | None
    engine: Engine = "duckdb"
    rules: tuple[Rule, ...] = ()
    references: tuple[Reference, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the primary key's columns."""
        return tuple(column.name for column in self.columns if column.key)

    @property
    def protected(self) -> tuple[str, ...]:
        """Names of the protected attributes."""
        return tuple(column.name for column in self.columns if column.protected)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the columns models may predict."""
        return tuple(column.name for column in self.columns if column.label)


class _Interpreter:
    """Reads one ODCS document and keeps every problem it meets."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []

    def refuse(self, route: tuple[str | int, ...], problem: str, fix: str) -> None:
        self.findings.append(Finding(Place(self.path, route), problem, fix))

    def contract(self, odcs: OpenDataContractStandard) -> Contract | None:
        for key in ("apiVersion", "kind", "id", "name", "version", "status"):
            if getattr(odcs, key) in {None, ""}:
                self.refuse((), f"`{key}` is missing", f"add `{key}: …`, which ODCS demands")
        for key, value in (
            ("servers", odcs.servers),
            ("slaProperties", odcs.slaProperties),
            ("customProperties", odcs.customProperties),
        ):
            if value is None:
                self.refuse((), f"`{key}` is missing", f"add `{key}: []`: the pipeline tracks it")
        if odcs.kind not in {None, "DataContract"}:
            self.refuse(("kind",), f"kind {odcs.kind} is no data contract", "write DataContract")
        if odcs.apiVersion and not re.fullmatch(r"v3\.\d+\.\d+", odcs.apiVersion):
            self.refuse(("apiVersion",), f"{odcs.apiVersion} is not ODCS 3", "write v3.2.0")
        tables = odcs.schema_ or []
        if len(tables) != 1 or not tables[0].properties:
            problem = f"{len(tables)} tables are described; a dataset is one table with columns"
            self.refuse(("schema",), problem, "describe one table and its columns")
            return None
        table = tables[0]
        columns = tuple(
            column
            for index, prop in enumerate(table.properties or [])
            if (column := self.column(index, prop)) is not None
        )
        names = [column.name for column in columns]
        for index, name in enumerate(names):
            if name in names[:index]:
                route = ("schema", 0, "properties", index, "name")
                self.refuse(route, f"column {name} is described twice", "keep one")
        self.partitions(table.properties or [])
        rules, references = self.quality(table, columns)
        additions = _additions(odcs.customProperties)
        contract = Contract(
            name=odcs.name or "",
            version=odcs.version or "",
            columns=columns,
            rules=rules,
            references=references,
            source=self.source(odcs, additions.get("source")),
            pseudonym_key=self.pseudonym_key(additions.get("pseudonym_key")),
            regulations=self.names("regulations", additions.get("regulations") or []),
            retention_class=self.retention_class(additions.get("retention_class")),
            steward=_steward(odcs),
            purpose=odcs.description.purpose if odcs.description else None,
            **self.server(odcs),
            **self.freshness(odcs, names),
        )
        return None if self.findings else contract

    def column(self, index: int, prop: SchemaProperty) -> Column | None:
        route = ("schema", 0, "properties", index)
        before = len(self.findings)
        if not prop.name or not _COLUMN_NAME.fullmatch(prop.name):
            self.refuse(route, f"column name {prop.name!r} is not a word", "use letters, digits, _")
        if prop.logicalType not in _TYPES:
            problem = f"column {prop.name}: logicalType {prop.logicalType} is not supported"
            self.refuse((*route, "logicalType"), problem, f"use one of {', '.join(_TYPES)}")
        added = _additions(prop.customProperties)
        options = prop.logicalTypeOptions or {}
        classification = prop.classification
        if classification not in _CLASSES:
            problem = f"column {prop.name}: whether it identifies a person is not declared"
            fix = f"add `classification:` with one of {', '.join(_CLASSES)}"
            self.refuse((*route, "classification"), problem, fix)
        technique = added.get("technique", "keep")
        if technique not in _TECHNIQUES:
            problem = f"column {prop.name}: technique {technique!r} is not known"
            self.refuse(
                (*route, "customProperties"), problem, f"use one of {', '.join(_TECHNIQUES)}"
            )
        self.groups(route, prop.name or "", prop.logicalType or "", added)
        pattern = options.get("pattern")
        self.options((*route, "logicalTypeOptions"), prop, options)
        self.additions((*route, "customProperties"), prop, added)
        for name in sorted(added.keys() - _ADDITIONS):
            problem = f"column {prop.name}: unknown custom property {name}"
            fix = f"known: {', '.join(sorted(_ADDITIONS))}"
            self.refuse((*route, "customProperties"), problem, fix)
        if len(self.findings) > before:
            return None
        return Column(
            name=prop.name or "",
            physical=prop.physicalName or prop.name or "",
            type=prop.logicalType,  # type: ignore[arg-type]
            required=bool(prop.required) or bool(prop.primaryKey),
            unique=bool(prop.unique),
            key=bool(prop.primaryKey),
            minimum=options.get("minimum"),
            maximum=options.get("maximum"),
            pattern=pattern,
            values=tuple(entry.value for entry in prop.enum or ()),  # type: ignore[misc]
            classification=classification,  # type: ignore[arg-type]
            technique=technique,
            generalise_to=added.get("generalise_to"),
            truncate_to=added.get("truncate_to", "day"),
            looks_like=tuple(added.get("looks_like") or ()),
            purpose=added.get("purpose"),
            protected=added.get("protected", False) is True,
            groups=tuple(added.get("groups") or ()),
            label=added.get("label", False) is True,
            subject=added.get("subject"),
            partitioned=bool(prop.partitioned),
        )

    def partitions(self, properties: list[SchemaProperty]) -> None:
        """Refuses folders in another order than the columns, or named after people."""
        before = 0
        for index, prop in enumerate(properties):
            route = ("schema", 0, "properties", index)
            position = prop.partitionKeyPosition
            if position is not None and (not prop.partitioned or position <= before):
                problem = f"column {prop.name}: partition key {position} is out of order"
                fix = "describe partitioned columns in the order of their folders"
                self.refuse((*route, "partitionKeyPosition"), problem, fix)
            before = position or before
            whose = "subject" in _additions(prop.customProperties)
            if prop.partitioned and (whose or prop.classification == "direct-identifier"):
                problem = f"column {prop.name}: a folder named after a person would stand in Git"
                self.refuse((*route, "partitioned"), problem, "keep the column in the files")

    def options(self, route: Route, prop: SchemaProperty, options: dict[str, Any]) -> None:
        """Refuses what no check would hold the rows to."""
        known = _OPTIONS.get(prop.logicalType or "", ())
        for name, value in options.items():
            if name not in known:
                problem = f"column {prop.name}: {name} is not checked on a {prop.logicalType}"
                fix = f"use {', '.join(known)}" if known else "remove it"
                self.refuse((*route, name), problem, fix)
            elif name != "pattern" and not is_number(value):
                self.refuse((*route, name), f"column {prop.name}: {name} is no number", "write one")
            elif name == "pattern" and (wrong := pattern_problem(value)):
                self.refuse((*route, name), f"column {prop.name}: pattern {wrong}", "correct it")
        for index, entry in enumerate(prop.enum or ()):
            if prop.logicalType in {"integer", "number"} and not is_number(entry.value):
                problem = f"column {prop.name}: {entry.value!r} is no {prop.logicalType}"
                self.refuse((*route[:-1], "enum", index, "value"), problem, "write a number")

    def additions(self, route: Route, prop: SchemaProperty, added: dict[str, Any]) -> None:
        """Refuses a treatment or role that the column's type has no meaning for."""
        kind, technique = prop.logicalType, added.get("technique")
        fitting = _FITTING.get(technique) if isinstance(technique, str) else None
        if fitting and kind not in fitting:
            problem = f"column {prop.name}: technique {technique} does not fit a {kind}"
            self.refuse(route, problem, f"it fits {', '.join(fitting)}")
        width = added.get("generalise_to")
        if width is not None and not (is_number(width) and width > 0):
            self.refuse(
                route, f"column {prop.name}: generalise_to is no width", "write a number > 0"
            )
        if added.get("truncate_to", "day") not in _PRECISIONS:
            problem = f"column {prop.name}: truncate_to is no precision of a date"
            self.refuse(route, problem, f"use one of {', '.join(_PRECISIONS)}")
        resembled = added.get("looks_like", [])
        if not (isinstance(resembled, list) and set(map(str, resembled)) <= set(KINDS)):
            problem = f"column {prop.name}: looks_like is no list of kinds of identifier"
            self.refuse(route, problem, f"choose from {', '.join(KINDS)}")
        whose = added.get("subject")
        if whose is not None and not (isinstance(whose, str) and _NAME.fullmatch(whose)):
            problem = f"column {prop.name}: subject is no name"
            self.refuse(route, problem, "name whom the value identifies, such as customer")
        for name in ("protected", "label"):
            if not isinstance(added.get(name, False), bool):
                self.refuse(route, f"column {prop.name}: {name} is not true or false", "write true")
        if added.get("label") is True and kind in {"date", "timestamp"}:
            self.refuse(route, f"column {prop.name}: a {kind} is no label", "use another column")
        if added.get("label") is True and kind == "string" and not prop.enum:
            problem = f"column {prop.name}: a label in words needs its words"
            self.refuse(route, problem, "add `enum:`, the positive word last")

    def groups(
        self, route: tuple[str | int, ...], name: str, kind: str, added: dict[str, Any]
    ) -> None:
        """A protected number needs bounds: every age by itself is no group."""
        given = added.get("groups")
        numbers = isinstance(given, list) and all(
            isinstance(bound, int | float) and not isinstance(bound, bool) for bound in given
        )
        if given is not None and (not numbers or sorted(set(given)) != given or not given):
            problem = f"column {name}: groups is no list of rising numbers"
            self.refuse((*route, "customProperties"), problem, "write value: [30, 45, 60]")
        elif added.get("protected") and kind in {"integer", "number"} and given is None:
            problem = f"column {name}: a protected number has to say its groups"
            fix = "add custom property `groups` with the bounds, such as [30, 45, 60]"
            self.refuse((*route, "customProperties"), problem, fix)

    def quality(
        self, table: SchemaObject, columns: tuple[Column, ...]
    ) -> tuple[tuple[Rule, ...], tuple[Reference, ...]]:
        """Rules and references of the table and of its columns."""
        kinds = {column.name: column.type for column in columns}
        hidden = frozenset(c.name for c in columns if c.classification == "direct-identifier")
        rules: list[Rule] = []
        references: list[Reference] = []
        top: Route = ("schema", 0)
        places: list[tuple[Route, str | None, Any, Any]] = [
            (top, None, table.quality, table.relationships)
        ]
        places += [
            ((*top, "properties", index), prop.name, prop.quality, prop.relationships)
            for index, prop in enumerate(table.properties or [])
        ]
        for route, name, clauses, related in places:
            known = demands.Known(table.name or "", kinds, hidden, name)
            rules += demands.rules((*route, "quality"), clauses, known, self.refuse)
            references += demands.references((*route, "relationships"), related, known, self.refuse)
        return tuple(rules), tuple(references)

    def server(self, odcs: OpenDataContractStandard) -> dict[str, Any]:
        """Format, delimiter and engine of the first server."""
        if not odcs.servers:
            return {"format": "parquet", "delimiter": ",", "engine": "duckdb"}
        server = odcs.servers[0]
        kind = (server.format or "parquet").lower()
        if kind not in {"parquet", "csv"}:
            route = ("servers", 0, "format")
            self.refuse(route, f"format {kind} is not supported", "use parquet or csv")
        added = _additions(server.customProperties)
        engine = added.get("engine", "duckdb")
        route = ("servers", 0, "customProperties")
        if engine not in _ENGINES:
            problem = f"engine {engine!r} is not known"
            self.refuse(route, problem, f"use one of {', '.join(_ENGINES)}")
        # The standard has a `delimiter` on some types of server, and none on a local one.
        delimiter = added.get("delimiter", server.delimiter or ",")
        if not isinstance(delimiter, str) or len(delimiter) != 1:
            self.refuse(route, "delimiter is not one character", 'write value: ";"')
        for name in sorted(added.keys() - {"delimiter", "engine"}):
            fix = "known: delimiter, engine"
            self.refuse(route, f"unknown custom property {name} of a server", fix)
        return {"format": kind, "delimiter": delimiter, "engine": engine}

    def freshness(self, odcs: OpenDataContractStandard, names: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {"event_column": None, "fresh_days": None}
        for index, sla in enumerate(odcs.slaProperties or []):
            route = ("slaProperties", index)
            if sla.property != "freshness" or found["fresh_days"] is not None:
                again = "a second time" if sla.property == "freshness" else "here"
                problem = f"{sla.property} is not checked {again}"
                self.refuse((*route, "property"), problem, "describe it below `description: usage`")
                continue
            column = (sla.element or "").rsplit(".", 1)[-1]
            if sla.element and column not in names:
                problem = f"freshness is measured on {sla.element}, which is no column"
                self.refuse((*route, "element"), problem, "name the column with the event time")
            if (
                not isinstance(sla.value, int)
                or sla.value < 1
                or sla.unit not in {"d", "day", "days"}
            ):
                self.refuse(
                    route, "freshness is not a whole number of days", "write value: 45, unit: d"
                )
                continue
            found = {"event_column": column or None, "fresh_days": sla.value}
        return found

    def source(self, odcs: OpenDataContractStandard, given: Any) -> Source | None:
        if given is None:
            return None
        route = ("customProperties", _index(odcs, "source"), "value")
        if not isinstance(given, dict):
            self.refuse(route, "the source is not a mapping", "give kind, id, uri and licence")
            return None
        try:
            return Source.model_validate_json(json.dumps(given), strict=True, extra="forbid")
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                step = ".".join(str(key) for key in problem["loc"])
                text = f"source: `{step}`: {problem['msg'].lower()}"
                self.refuse((*route, *problem["loc"]), text, "give kind, id, uri and licence")
        return None

    def names(self, key: str, given: Any) -> tuple[str, ...]:
        """A list of names below a custom property of the contract."""
        fit = isinstance(given, list) and all(
            isinstance(n, str) and _NAME.fullmatch(n) for n in given
        )
        if not fit:
            self.refuse((), f"`{key}` is no list of names", f"write `{key}` as a list of names")
            return ()
        return tuple(given)

    def retention_class(self, given: Any) -> str | None:
        """The class of `policies/retention.yaml` that sets the window."""
        return next(iter(self.names("retention_class", [given])), None) if given else None

    def pseudonym_key(self, given: Any) -> KeyName:
        """The key that replaces identifiers: `sample`, `environment`, or a name and a version."""
        if given is None or given in ("sample", "environment"):
            return KeyName(given or "environment")
        parts = given if isinstance(given, dict) else {}
        name, version = parts.get("name"), parts.get("version")
        if parts.keys() == {"name", "version"} and _is_key(name) and _is_version(version):
            return KeyName(name, version)
        problem = f"pseudonym_key {given!r} is not known"
        self.refuse((), problem, "use sample, environment, or {name: credit, version: 1}")
        return KeyName("environment")


def _is_key(name: Any) -> TypeGuard[str]:
    """Whether a key may be called so; the sample key has no versions."""
    return isinstance(name, str) and bool(_NAME.fullmatch(name)) and name != "sample"


def _is_version(number: Any) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1


def interpret(
    path: str, odcs: OpenDataContractStandard
) -> tuple[Contract | None, tuple[Finding, ...]]:
    """The contract in an ODCS document, or everything that Charter cannot act on."""
    interpreter = _Interpreter(path)
    contract = interpreter.contract(odcs)
    return contract, tuple(interpreter.findings)


def _additions(properties: Any) -> dict[str, Any]:
    return {entry.property: entry.value for entry in properties or [] if entry.property}


def _index(odcs: OpenDataContractStandard, name: str) -> int:
    entries = odcs.customProperties or []
    return next((i for i, entry in enumerate(entries) if entry.property == name), 0)


def _steward(odcs: OpenDataContractStandard) -> str | None:
    members = odcs.team if isinstance(odcs.team, list) else (odcs.team.members if odcs.team else [])
    return next((m.username for m in members or [] if m.role == "data-steward"), None)


@cache
def _form() -> TypeAdapter[Contract]:
    return TypeAdapter(Contract)


def dump(contract: Contract) -> str:
    """A contract as JSON text, from which `restore` makes it again."""
    return _form().dump_json(contract).decode()


def restore(text: str) -> Contract | None:
    """The contract in JSON text of `dump`; None when the text is of another shape."""
    try:
        return _form().validate_json(text, strict=True)
    except ValidationError:
        return None
