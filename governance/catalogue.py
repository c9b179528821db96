"""Which kind of declaration stands where, and the declarations of a whole repository."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar

from governance import declaration, document
from governance.declaration import Declared
from governance.finding import Blocked, CouldNotJudge, Finding, Place

if TYPE_CHECKING:
    from pydantic import BaseModel

_NAME: Final = r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*"
_RECORD: Final = r"[a-z0-9][a-z0-9._-]*"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of declaration: where it stands, which class reads it, which schema describes it."""

    name: str
    pattern: str
    home: str
    required: bool = False

    @property
    def model(self) -> type[BaseModel]:
        """The pydantic class, imported when first needed."""
        module, name = self.home.split(":")
        found: type[BaseModel] = getattr(import_module(module), name)
        return found

    @property
    def only_path(self) -> str | None:
        """The path of a kind that stands in exactly one file."""
        return self.pattern.replace("\\", "") if "[" not in self.pattern else None

    @property
    def example(self) -> str:
        """A path at which such a declaration could stand."""
        parts = {_NAME: "x", _RECORD: "x", "[0-9][0-9.]*": "1.0.0", "\\": ""}
        path = self.pattern
        for part, instead in parts.items():
            path = path.replace(part, instead)
        return path


_ODCS: Final = "open_data_contract_standard.model:OpenDataContractStandard"


def _policy(name: str, home: str) -> Kind:
    """A policy: one file that must be there."""
    return Kind(name, rf"policies/{name}\.yaml", home, required=True)


KINDS: Final = (
    _policy("roles", "governance.roles:Roles"),
    _policy("approvals", "governance.approvals:Approvals"),
    _policy("gates", "governance.gates:Gates"),
    _policy("privacy", "governance.privacy:Privacy"),
    _policy("retention", "governance.retention:Retention"),
    _policy("monitoring", "governance.monitoring:Monitoring"),
    _policy("release", "governance.release:Release"),
    _policy("reviews", "governance.reviews:Reviews"),
    _policy("registry", "governance.registry:Registry"),
    _policy("approved_tools", "governance.tools:ApprovedTools"),
    Kind("contract", rf"policies/datasets/{_NAME}\.yaml", _ODCS),
    Kind("control", rf"policies/controls/{_NAME}\.yaml", "governance.control:Framework"),
    Kind("policy_case", rf"policies/cases/{_NAME}\.yaml", "governance.policy_case:PolicyCase"),
    Kind("index", r"models/index\.yaml", "governance.index:Index"),
    Kind("model", rf"models/{_NAME}/model\.yaml", "governance.model:Model"),
    Kind("version", rf"models/{_NAME}/versions/[0-9][0-9.]*\.yaml", "governance.version:Version"),
    Kind("rollout", rf"models/{_NAME}/rollout\.yaml", "governance.release:Rollout"),
    Kind("landing", rf"records/landings/{_NAME}/{_RECORD}\.yaml", "governance.records:Landing"),
    Kind("approval", rf"records/approvals/{_RECORD}\.yaml", "governance.records:Approval"),
    Kind("attestation", rf"records/attestations/{_RECORD}\.yaml", "governance.records:Attestation"),
    Kind("decision", rf"records/decisions/{_RECORD}\.yaml", "governance.records:Decision"),
    Kind("incident", rf"records/incidents/{_RECORD}\.yaml", "governance.records:Incident"),
    Kind("review", rf"records/reviews/{_RECORD}\.yaml", "governance.records:Review"),
    Kind("waiver", rf"records/waivers/{_RECORD}\.yaml", "governance.records:Waiver"),
    Kind("removal", rf"records/removals/{_RECORD}\.yaml", "governance.records:Removal"),
    Kind("certificate", rf"records/certificates/{_RECORD}\.yaml", "governance.records:Certificate"),
    Kind("tombstone", rf"records/tombstones/{_RECORD}\.yaml", "governance.records:Tombstone"),
)  # fmt: skip
BY_NAME: Final = {kind.name: kind for kind in KINDS}
FOLDERS: Final = ("policies/", "models/", "records/")
"""Folders that hold declarations and nothing else."""


@cache
def _matcher() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind.name}>{kind.pattern})" for kind in KINDS))


def kind_of(path: str) -> Kind | None:
    """The kind of the declaration at `path`, or None when none belongs there."""
    match = _matcher().fullmatch(path)
    return BY_NAME[match.lastgroup] if match and match.lastgroup else None


def is_declaration(path: str) -> bool:
    """Whether `path` lies in a folder of declarations and is not a note for people."""
    return path.startswith(FOLDERS) and not path.endswith(("/README.md", "/.gitkeep"))


T = TypeVar("T")


@dataclass(frozen=True)
class Declarations:
    """All declarations of one tree. What did not load is known by its path.

    `of_base` marks those of the base: what is wrong with them is no finding about the change.
    """

    by_class: Mapping[type, tuple[Declared[Any], ...]]
    paths: frozenset[str]
    broken: frozenset[str]
    of_base: bool = False

    def all(self, kind: type[T]) -> tuple[Declared[T], ...]:
        """Every loaded declaration of a class, sorted by path."""
        return self.by_class.get(kind, ())

    def one(self, kind: type[T], name: str) -> Declared[T]:
        """The declaration of a kind that stands in one file.

        Raises:
            Blocked: the file is there but did not load, which is a finding of this run.
            CouldNotJudge: the file is missing, or it is the base that lacks it.
        """
        found = self.by_class.get(kind, ())
        if found:
            return found[0]
        path = BY_NAME[name].only_path or name
        if self.of_base:
            how = "does not load" if path in self.broken else "is missing"
            msg = f"{path} of the base {how}: there is no law to judge by"
            raise CouldNotJudge(msg)
        if path in self.broken:
            raise Blocked(path)
        msg = f"{path} is missing"
        raise Blocked(msg) if BY_NAME[name].required else CouldNotJudge(msg)


@dataclass(frozen=True, slots=True)
class Law:
    """The policies that judge: those of the base branch when there is one, else the tree's own."""

    declarations: Declarations
    revision: str | None = None


def read(path: str, data: bytes) -> tuple[Any | None, str | None, tuple[Finding, ...]]:
    """The declaration in a file, its canonical JSON text, and why it was refused if it was."""
    kind = kind_of(path)
    if kind is None:
        return None, None, (misplaced(path),)
    loaded, findings = document.load(path, data)
    if loaded is None:
        return None, None, findings
    value, findings = declaration.parse(kind.model, loaded)
    if value is None:
        return None, None, findings
    value, findings = finish(kind, path, value)
    if value is None:
        return None, None, tuple(_located(loaded, finding) for finding in findings)
    return value, declaration.text(loaded), ()


def finish(kind: Kind, path: str, value: Any) -> tuple[Any | None, tuple[Finding, ...]]:
    """What the core works with, from what the door let in."""
    if kind.name != "contract":
        return value, ()
    from governance.contract import interpret  # noqa: PLC0415 - trees without contracts skip it

    return interpret(path, value)


def _located(loaded: document.Document, finding: Finding) -> Finding:
    at = loaded.place(finding.at.route)
    return Finding(at, finding.problem, finding.fix, finding.notes, finding.verdict)


def misplaced(path: str) -> Finding:
    """A file among the declarations that no kind claims."""
    near = [kind.only_path for kind in KINDS if kind.only_path]
    guess = difflib.get_close_matches(path, near, 1, 0.8)
    fix = f"did you mean {guess[0]}?" if guess else "see the layout in the README, or move the file"
    return Finding(Place(path, line=1), "no kind of declaration belongs here", fix)


def gather(entries: Iterable[tuple[str, Any | None]]) -> Declarations:
    """Declarations by class, from paths and what was read there (None where refused)."""
    by_class: dict[type, list[Declared[Any]]] = {}
    paths, broken = set(), set()
    for path, value in sorted(entries, key=lambda entry: entry[0]):
        paths.add(path)
        if value is None:
            broken.add(path)
        else:
            by_class.setdefault(type(value), []).append(Declared(path, value))
    return Declarations(
        {kind: tuple(found) for kind, found in by_class.items()},
        frozenset(paths),
        frozenset(broken),
    )
