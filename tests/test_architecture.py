"""What the layout promises: code is listed where it decides, files say which schema is theirs."""

import ast
from pathlib import Path

import pytest

from governance import catalogue
from governance.pipeline import BY_NAME, STEPS

ROOT = Path(__file__).resolve().parent.parent

PLUMBING = {
    "adapters/files.py": "reads and writes bytes",
    "adapters/git.py": "not reached by a step at run time",
    "governance/catalogue.py": "finds the kind of a file",
    "governance/declaration.py": "reads a declaration or refuses it",
    "governance/digest.py": "names bytes",
    "governance/document.py": "reads YAML or refuses it",
    "governance/evidence.py": "shapes of results; another shape is another schema",
    "governance/facts.py": "shapes",
    "governance/finding.py": "shapes",
    "governance/gates.py": "judges outside the steps",
    "governance/jsontext.py": "reads and writes JSON",
    "governance/manifest.py": "sums up landing records, which are dependencies",
    "governance/period.py": "shapes",
    "governance/pipeline.py": "paths and digests; `record` lists it",
    "governance/privacy.py": "a policy, tracked as parameters",
    "governance/records.py": "shapes",
    "governance/registry.py": "a policy, tracked as parameters",
    "governance/strictness.py": "directions in which declarations are stricter; no step asks",
    "governance/schema.py": "holds results against their schema",
    "governance/tools.py": "a policy, tracked as parameters",
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
            file = name.replace(".", "/") + ".py"
            if (ROOT / file).is_file():
                found.add(file)
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
