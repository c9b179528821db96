"""Governed paths are plain files with plain names.

Demands: no symbolic link or submodule in a governed place or above one, no name outside
    printable ASCII there, no Python module at the top; anywhere, no invisible character and no
    backslash in a name, none that ends in a space or a dot, and no two paths or folders that
    differ only in case or in how a letter is spelled.
Why: a link moves what is judged out of sight; names that look alike or collide make reviewers
    and file systems see different files.
Fix: put the file itself in place, and rename it to lower-case ASCII.
"""

import unicodedata
from collections.abc import Iterator

from governance.facts import Files
from governance.finding import Finding, Place

GOVERNED = (
    "policies/", "models/", "records/", "governance/", "adapters/", "checks/", "pipelines/",
    "cli/", "services/", "data/", "quarantine/", "own/", "schemas/", "artifacts/ml/", "locks/",
    ".github/", ".dvc/", ".ci/",
    "dvc.yaml", "dvc.lock", "datasets.dvc", ".dvcignore", ".gitattributes", "pyproject.toml",
    "Makefile",
)  # fmt: skip


PACKAGES = frozenset(
    {"adapters", "bench", "checks", "cli", "governance", "pipelines", "services", "tests"}
)


def evaluate(files: Files) -> Iterator[Finding]:
    yield from _twins(files)
    yield from _shadows(files)
    for path, mode in sorted(files.modes.items()):
        governed = path.startswith(GOVERNED)
        above = any(place.startswith(f"{path}/") for place in GOVERNED)
        if mode in {"symlink", "submodule"} and (governed or above):
            problem = f"a {mode} stands in a governed place"
            yield Finding(Place(path, line=1), problem, "put the file itself here")
        if not path.isprintable():
            problem = f"the name {path!a} holds an invisible character"
            yield Finding(Place(path, line=1), problem, "rename it with letters, digits, - and _")
        elif governed and (not path.isascii() or "\\" in path):
            problem = f"the name {path!a} is not plain ASCII"
            yield Finding(Place(path, line=1), problem, "rename it with letters, digits, - and _")
        elif "\\" in path or any(part.endswith((" ", ".")) for part in path.split("/")):
            problem = f"some file systems read the name {path!a} as another one"
            yield Finding(Place(path, line=1), problem, "rename it with letters, digits, - and _")


def _shadows(files: Files) -> Iterator[Finding]:
    """Modules at the top: `python -m pipelines.train` would import them for a library."""
    for path in sorted(files.modes):
        folder, _, rest = path.partition("/")
        package = rest.startswith("__init__.") and folder not in PACKAGES
        if package or (not rest and path.endswith((".py", ".pyc", ".so", ".pyd"))):
            problem = "a module at the top may stand in for a library of that name"
            yield Finding(Place(path, line=1), problem, "move it into one of our packages")


def _twins(files: Files) -> Iterator[Finding]:
    """Files and folders that some file systems take for one another, each pair once."""
    known: dict[str, str] = {}
    told: set[str] = set()
    for path in sorted(files.modes, key=str.swapcase):  # what is lower case was there first
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            prefix = "/".join(parts[:end])
            folded = unicodedata.normalize("NFKC", prefix).casefold()
            first = known.setdefault(folded, prefix)
            if first == prefix:
                continue
            if prefix not in told:
                told.add(prefix)
                problem = f"{prefix!a} and {first!a} differ only in case or spelling"
                yield Finding(Place(path, line=1), problem, "rename one of the two")
            break
