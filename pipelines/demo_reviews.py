"""What a machine says of the models of the demonstration: three reviews each, all passed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from adapters import attest as machines
from adapters import files
from governance import attestation, digest, jsontext
from governance.attestation import OWN, TEST_RESULT
from governance.reviewed import PASSED, subject
from governance.version import REVIEWS
from pipelines import attest
from pipelines.demo_company import KEYS, machine_key
from pipelines.demo_files import MACHINE, METADATA

if TYPE_CHECKING:
    from pathlib import Path

    from governance.roles import Roles


def signed(
    root: Path, runs: Mapping[str, Mapping[str, str]], roles: Roles, repository: str, at: datetime
) -> dict[str, dict[str, str]]:
    """The line of each review in an entry, by version; the records they name are written.

    Args:
        root: the demonstration.
        runs: evidence by version.
        roles: people and machines.
        repository: what the repository calls itself.
        at: when the machine signed.
    """
    with machine_key(root / KEYS / MACHINE):
        signer = machines.signer(root, roles, (MACHINE,), at.date())
    found: dict[str, dict[str, str]] = {}
    for number, run in runs.items():
        seen = jsontext.load(run[METADATA].encode())["model_digest"]
        for review in REVIEWS:
            own = {"review": review, "by": MACHINE, "repository": repository,
                   "at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip
            predicate = {
                "result": PASSED, "configuration": [], "passedTests": [f"{review}: as told"],
                "warnedTests": [], "failedTests": [], OWN: own,
            }  # fmt: skip
            payload = attestation.stated({subject("credit"): seen}, TEST_RESULT, predicate)
            envelope = signer.sign(payload)
            name = f"{at:%Y-%m-%d}-{review}-credit-{number}"
            path = f"{attest.FOLDER}/{name}.yaml"
            files.write(root / path, attest.render(name, own["at"], envelope).encode())
            line = f"{{record: {path}, digest: {digest.of_bytes(envelope.encode())}}}"
            found.setdefault(number, {})[review] = line
    return found
