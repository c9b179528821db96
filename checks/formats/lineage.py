"""The lineage as a tree to read, as a picture, and for a machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from checks.formats.text import clean
from governance.digest import short
from governance.graph import Graph, Node
from governance.lineage import Taint

_SHAPES: Final = {
    "source": ("[/", "/]"), "dataset": ("[(", ")]"), "run": ("[[", "]]"), "model": ("[", "]"),
    "serving": ("([", "])"),
}  # fmt: skip


def text(graph: Graph, roots: Sequence[str]) -> str:
    """Each root as a tree: what it was made from, then what was made from it."""
    return "".join(f"{clean(line)}\n" for line in _text(graph, roots))


def _text(graph: Graph, roots: Sequence[str]) -> Iterator[str]:
    for number, root in enumerate(roots):
        if number:
            yield ""
        yield _line(graph.nodes[root])
        ahead, behind = graph.ahead(root), graph.behind(root)
        if behind:
            yield ("├─ " if ahead else "└─ ") + "made from"
            yield from _branches(graph, behind, graph.behind, "│  " if ahead else "   ", {root})
        if ahead:
            yield "└─ used by"
            yield from _branches(graph, ahead, graph.ahead, "   ", {root})


def _branches(
    graph: Graph, nodes: Sequence[str], step: Callable[[str], list[str]], indent: str,
    shown: set[str],
) -> Iterator[str]:  # fmt: skip
    """Nodes with what lies beyond them; what was shown before is named, and not unfolded again."""
    for node in nodes:
        last = node == nodes[-1]
        deeper = step(node)
        again = " (see above)" if deeper and node in shown else ""
        yield f"{indent}{'└─' if last else '├─'} {_line(graph.nodes[node])}{again}"
        if not again:
            shown.add(node)
            further = indent + ("   " if last else "│  ")
            yield from _branches(graph, deeper, step, further, shown)


def _line(node: Node) -> str:
    return f"{node.kind} {node.name}  {', '.join(value for _, value in node.facts)}".rstrip()


def as_json(graph: Graph, roots: Sequence[str]) -> str:
    """Nodes and edges as JSON."""
    value = {
        "asked": list(roots),
        "nodes": [
            {"id": node.id, "kind": node.kind, "name": node.name, "facts": dict(node.facts)}
            for node in graph.nodes.values()
        ],
        "edges": [{"from": old, "to": new} for old, new in graph.edges],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def mermaid(graph: Graph) -> str:
    """A flowchart that forges show inside Markdown."""
    names = _numbered(graph)
    lines = ["flowchart LR"]
    for node in graph.nodes.values():
        before, after = _SHAPES[node.kind]
        words = "<br>".join(_plain(word) for word in _words(node))
        lines.append(f'  {names[node.id]}{before}"{words}"{after}')
    lines += [f"  {names[old]} --> {names[new]}" for old, new in graph.edges]
    return "\n".join(lines) + "\n"


def dot(graph: Graph) -> str:
    """A graph for Graphviz."""
    names = _numbered(graph)
    lines = ["digraph lineage {", "  rankdir=LR;", "  node [shape=box];"]
    for node in graph.nodes.values():
        label = json.dumps("\n".join(clean(word) for word in _words(node)), ensure_ascii=False)
        lines.append(f"  {names[node.id]} [label={label}];")
    lines += [f"  {names[old]} -> {names[new]};" for old, new in graph.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _numbered(graph: Graph) -> dict[str, str]:
    return {node: f"n{number}" for number, node in enumerate(graph.nodes)}


def _words(node: Node) -> tuple[str, ...]:
    return (f"{node.kind} {node.name}", *(value for _, value in node.facts))


def _plain(word: str) -> str:
    """Text in which nothing has a meaning to Mermaid or HTML."""
    marks = {"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "#": "#35;"}
    return "".join(marks.get(letter, letter) for letter in clean(word))


def tainted(taints: Sequence[Taint]) -> str:
    """Each tainted run with its reasons; a line that says so when there is none."""
    lines = []
    for taint in taints:
        run = taint.run
        version = taint.version or "not registered"
        state = ", current" if run.current else ""
        lines.append(f"{run.model} {version}, run {short(run.training_hash)}{state}")
        lines += [f"  {why}" for why in taint.why]
    if taints:
        lines.append("fix: retrain without these rows, or withdraw the versions")
    else:
        lines.append("no model saw rows that were erased or whose licence ended")
    return "".join(f"{clean(line)}\n" for line in lines)


def tainted_json(taints: Sequence[Taint]) -> str:
    """The same as JSON."""
    value = [
        {
            "model": taint.run.model, "version": taint.version, "current": taint.run.current,
            "training_hash": taint.run.training_hash, "model_digest": taint.run.model_digest,
            "dataset": taint.run.dataset, "dataset_digest": taint.run.dataset_digest,
            "commit": taint.run.commit, "why": list(taint.why),
        }
        for taint in taints
    ]  # fmt: skip
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
