"""The lineage as a graph: source, dataset version, run, model version, serving.

An edge leads from what was used to what came of it, so everything a model stands on lies behind
it and everything a dataset reached lies ahead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from governance import sources
from governance.digest import short
from governance.finding import CouldNotJudge
from governance.lineage import Data, Datasets, Run, Trained, registered
from governance.model import Model
from governance.release import Release, Rollout
from governance.version import Version

if TYPE_CHECKING:
    from governance.catalogue import Declarations
    from governance.records import Source

NodeKind = Literal["source", "dataset", "run", "model", "serving"]
_ASKED: Final = re.compile(
    r"(?:(?P<kind>model|dataset):)?(?P<name>[a-z][a-z0-9_-]*)(?:@(?P<at>.+))?"
)


@dataclass(frozen=True, slots=True)
class Node:
    """One thing data went through: its kind, its name, and what to know about it."""

    kind: NodeKind
    id: str
    name: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by id, and edges from what was used to what came of it, in order."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)

    def behind(self, node: str) -> list[str]:
        """What a node was made from."""
        return [old for old, new in self.edges if new == node]

    def ahead(self, node: str) -> list[str]:
        """What was made from a node."""
        return [new for old, new in self.edges if old == node]

    def around(self, roots: Iterable[str]) -> Graph:
        """Some nodes with everything behind and everything ahead of them."""
        kept = set(roots)
        for step in (self.behind, self.ahead):
            queue = list(roots)
            seen = set(queue)
            for node in queue:
                fresh = [name for name in step(node) if name not in seen]
                seen.update(fresh)
                queue += fresh
            kept |= seen
        return Graph(
            {name: node for name, node in self.nodes.items() if name in kept},
            {edge: None for edge in self.edges if kept.issuperset(edge)},
        )


def build(declarations: Declarations, trained: Trained) -> Graph:
    """The whole lineage that declarations and evidence tell."""
    builder = _Builder(declarations, trained)
    for name, digest in builder.known.current.items():
        builder.data(builder.known.version(name, digest))
    for run, versions in registered(declarations, trained):
        builder.run(run, versions)
    builder.serving(declarations)
    return builder.graph


class _Builder:
    def __init__(self, declarations: Declarations, trained: Trained) -> None:
        self.graph = Graph()
        self.known = Datasets(declarations, trained.held)
        self._champions = {m.value.name: m.value.champion for m in declarations.all(Model)}
        self._versions = {
            (found.value.model, found.value.version): found.value
            for found in declarations.all(Version)
        }

    def add(self, node: Node) -> str:
        self.graph.nodes.setdefault(node.id, node)
        return node.id

    def join(self, old: str, new: str) -> None:
        self.graph.edges[old, new] = None

    def data(self, data: Data) -> str:
        """A dataset version, with its sources and the versions it was made from."""
        node = f"dataset:{data.name}@{data.digest or '?'}"
        if node in self.graph.nodes:
            return node
        digest = short(data.digest) if data.digest else "not recorded"
        files = "files not known" if data.files is None else _count(len(data.files), "file")
        current = self.known.current.get(data.name) == data.digest
        facts = [("digest", digest), ("files", files)]
        self.add(Node("dataset", node, data.name, (*facts, ("state", _state(current=current)))))
        for landing in data.landings:
            source = sources.in_force(landing.value, self.known.contracts)
            self.join(self.add(_source(source)), node)
        for parent in self.known.above(data):
            self.join(self.data(parent), node)
        return node

    def run(self, run: Run, versions: tuple[str | None, ...]) -> None:
        """A training with the dataset version it read and the model it gave."""
        commit = run.commit[:8] if run.commit else "not committed"
        facts = (("commit", commit), ("state", _state(current=run.current)))
        node = self.add(
            Node("run", f"run:{run.model}/{run.training_hash}", short(run.training_hash), facts)
        )
        self.join(self.data(self.known.version(run.dataset, run.dataset_digest)), node)
        for version in versions or (None,):
            self.join(node, self._model(run, version))

    def _model(self, run: Run, version: str | None) -> str:
        if version is None:
            facts = (("digest", short(run.model_digest)), ("state", "not registered"))
            return self.add(
                Node("model", f"model:{run.model}@{run.model_digest}", run.model, facts)
            )
        found = self._versions[run.model, version]
        champion = self._champions.get(run.model) == version
        state = (("state", "champion"),) if champion else ()
        return self.add(
            Node(
                "model", f"model:{run.model}@{version}", f"{run.model} {version}",
                (("digest", short(found.digest)), *state),
            )
        )  # fmt: skip

    def serving(self, declarations: Declarations) -> None:
        """Where versions should be serving."""
        steps = {
            step.id: step for policy in declarations.all(Release) for step in policy.value.steps
        }
        for found in declarations.all(Rollout):
            rollout = found.value
            node = f"model:{rollout.model}@{rollout.version}"
            if node not in self.graph.nodes:
                continue
            step = steps.get(rollout.step)
            stage = f"{step.stage}, {step.exposure:.0%} of requests" if step else "unknown step"
            facts = (("step", rollout.step), ("stage", stage))
            name = f"serving:{rollout.model}@{rollout.version}"
            self.join(node, self.add(Node("serving", name, rollout.model, facts)))


def _source(source: Source) -> Node:
    agreement = (("agreement", source.agreement),) if source.agreement else ()
    ends = f"until {source.licence_ends}" if source.licence_ends else "without end"
    facts = (("kind", source.kind), *agreement, ("licence", f"{source.licence} {ends}"))
    identity = "/".join(value for _, value in facts)
    return Node("source", f"source:{source.id}/{identity}", source.id, facts)


def _state(*, current: bool) -> str:
    return "current" if current else "former"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def asked(graph: Graph, declarations: Declarations, text: str) -> list[str]:
    """The nodes that `MODEL[@VERSION]` or `DATASET[@DIGEST]` names.

    A name alone is a model before it is a dataset: its current run and every registered version,
    or the current version of the dataset. `dataset:NAME` says what is meant.

    Raises:
        CouldNotJudge: nothing is called so.
    """
    match = _ASKED.fullmatch(text)
    kinds = [match["kind"]] if match and match["kind"] else ["model", "dataset"]
    name, at = (match["name"], match["at"]) if match else ("", None)
    for kind in kinds:
        found = [
            node.id
            for node in graph.nodes.values()
            if node.kind == kind and _named(graph, node, name, at)
        ]
        if found:
            return found
    known = sorted({m.value.name for m in declarations.all(Model)})
    data = sorted({f"dataset:{n.name}" for n in graph.nodes.values() if n.kind == "dataset"})
    msg = f"no model or dataset that was trained or landed is called {text}; known: "
    raise CouldNotJudge(msg + ", ".join((*known, *data)))


def _named(graph: Graph, node: Node, name: str, at: str | None) -> bool:
    identity = node.id.removeprefix(f"{node.kind}:{name}@")
    if identity == node.id:
        return False
    if at:
        digest = at.removeprefix("sha256:")
        least = 8 if node.kind == "dataset" or identity.startswith("sha256:") else 99
        return identity == at or (len(digest) >= least and identity.startswith(f"sha256:{digest}"))
    if node.kind == "dataset":
        return ("state", "current") in node.facts
    runs = (graph.nodes[run] for run in graph.behind(node.id))
    return not identity.startswith("sha256:") or any(
        ("state", "current") in run.facts for run in runs
    )
