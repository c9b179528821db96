"""What the layout promises: code is listed where it decides, files say which schema is theirs."""

import ast
from pathlib import Path

import pytest

from governance import catalogue
from governance.pipeline import BY_NAME, STEPS

ROOT = Path(__file__).resolve().parent.parent

PLUMBING = {
    "adapters/__init__.py": "says what the package is",
    "adapters/engine/faults.py": "words for what went wrong",
    "adapters/engine/room.py": "memory and cores, on which no result depends",
    "adapters/files.py": "reads and writes bytes",
    "adapters/git.py": "not reached by a step at run time",
    "governance/__init__.py": "says what the package is",
    "governance/bias.py": "says what a report must show, never what a model becomes",
    "governance/bounds.py": "says what gates demand, which judge outside the steps",
    "governance/catalogue.py": "finds the kind of a file",
    "governance/declaration.py": "reads a declaration or refuses it",
    "governance/demands.py": "reads quality rules; `validate` lists it",
    "governance/digest.py": "names bytes",
    "governance/document.py": "reads YAML or refuses it",
    "governance/evidence.py": "shapes of results; another shape is another schema",
    "governance/facts.py": "shapes",
    "governance/finding.py": "shapes",
    "governance/gates.py": "judges outside the steps",
    "governance/identifiers/__init__.py": "names of kinds",
    "governance/jsontext.py": "reads and writes JSON",
    "governance/keyname.py": "shapes",
    "governance/manifest.py": "sums up landing records, which are dependencies",
    "governance/period.py": "shapes",
    "governance/pipeline.py": "paths and digests; `record` lists it",
    "governance/privacy.py": "a policy, tracked as parameters",
    "governance/quality.py": "judges measured numbers; `validate` lists it",
    "governance/records.py": "shapes",
    "governance/registry.py": "a policy, tracked as parameters",
    "governance/strictness.py": "directions in which declarations are stricter; no step asks",
    "governance/schema.py": "holds results against their schema",
    "governance/tools.py": "a policy, tracked as parameters",
    "governance/waivers.py": "says which exception stands, never what a model becomes",
    "pipelines/scanned.py": "lets `train` go on or not",
    "adapters/clock.py": "tells when a step asks whether it may run",
    "pipelines/confirmed.py": "asks whether stewards said yes; decides nothing about the bytes",
    "pipelines/inputs.py": "reads declarations and evidence, writes evidence",
    "pipelines/__init__.py": "sets one thread before anything loads",
}
"""Modules that carry what steps read and write, but decide nothing about it."""


def imports(path: Path) -> set[str]:
    """Project files a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            place = name.replace(".", "/")
            found |= {f for f in (f"{place}.py", f"{place}/__init__.py") if (ROOT / f).is_file()}
    return found


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_step_lists_the_code_that_decides_its_result(step):
    seen, queue = set(), {f"pipelines/{step.name}.py"}
    while queue:
        file = queue.pop()
        seen.add(file)
        if file not in PLUMBING:
            queue |= imports(ROOT / file) - seen
    assert sorted(seen - PLUMBING.keys() - set(step.code)) == []


def test_a_listed_file_exists():
    listed = {path for step in BY_NAME.values() for path in step.code}
    assert [path for path in sorted(listed) if not (ROOT / path).is_file()] == []


def declarations() -> list[str]:
    found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/**/*.yaml")]
    return sorted(path for path in found if catalogue.is_declaration(path))


@pytest.mark.parametrize("path", declarations())
def test_a_declaration_names_its_schema_for_editors(path):
    kind = catalogue.kind_of(path)
    lines = (ROOT / path).read_text().splitlines()
    (line,) = [line for line in lines[:3] if line.startswith("# yaml-language-server: $schema=")]
    target = (ROOT / path).parent / line.partition("=")[2]
    assert target.resolve() == ROOT / "schemas" / f"{kind.name}.json"
