"""The service knows the language and the libraries it serves with, and nothing else of here."""

from __future__ import annotations

import ast
from pathlib import Path

TOP = Path(__file__).parents[2]
PACKAGE = TOP / "services" / "ml-inference" / "ml_inference"


def test_the_service_imports_the_language_only() -> None:
    ours = {"adapters", "checks", "cli", "pipelines", "tests", "bench"}
    found = set()
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
    assert found & ours == set()
    assert "governance" in found
