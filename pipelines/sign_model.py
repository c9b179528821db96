"""What a machine signs of every model it reviews: how it came to be, and each of its files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from adapters import modelfile
from governance import digest, model_signature
from governance.attestation import OWN, PROVENANCE
from governance.evidence import Statement, of_model
from governance.reviewed import subject
from governance.version import ModelFile
from pipelines import inputs
from pipelines.attest import Machine, attest


def sign(root: Path, name: str, folder: Path, now: datetime, by: Machine) -> tuple[str, ...]:
    """Paths of two records: SLSA provenance of the training, and the signature of the files.

    Raises:
        Refused: the provenance is missing or of another shape.
    """
    path = of_model(name, "provenance")
    made = inputs.read(path, Statement, root)
    seen, facts = modelfile.digest(folder)
    files = [ModelFile.model_validate(fact.model_dump()) for fact in facts]
    inside = {f"model/{file.path}": f"sha256:{file.sha256}" for file in files}
    own = {OWN: {"evidence": digest.of_bytes((root / path).read_bytes())}}
    provenance: dict[str, Any] = {**made.predicate, **own}
    whole = {subject(name): seen}
    return (
        attest(root, f"provenance-{name}", whole | inside, PROVENANCE, provenance, now, by),
        attest(
            root, f"signature-{name}", whole, model_signature.TYPE,
            model_signature.predicate(files), now, by,
        ),
    )  # fmt: skip
