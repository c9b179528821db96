"""What a pack holds beside the files of the repository: pages and a signature made from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters import attest as machines
from governance import attestation, bom, catalogue, jsontext, model_card, model_signature
from governance.attestation import Attestations, Attested
from governance.evidence import Metadata, Metrics, of_model
from governance.pack import BOM, CARD, PUBLIC, SIGNATURE
from governance.registry import Registry
from governance.roles import Roles
from governance.version import Version
from pipelines import inputs
from pipelines.inputs import Refused


def publics(roles: Roles, registry: Registry) -> dict[str, str]:
    """Public key of each machine, by fingerprint."""
    known = attestation.signatories(roles, registry.machines)
    return {keyid: holders[0].key.public for keyid, holders in known.items()}


def made(
    files: dict[str, bytes], version: Version, statements: Attestations, publics: dict[str, str]
) -> Iterator[tuple[str, bytes]]:
    """What is derived from the other files: card, bill of materials, the model's signature.

    Raises:
        Refused: evidence they are made from is missing or does not load.
    """
    model = declared_of(files, f"models/{version.model}/model.yaml")
    metadata = evidence_of(files, of_model(version.model, "metadata"), Metadata)
    metrics = evidence_of(files, of_model(version.model, "metrics"), Metrics)
    results = {one.path: str(one.predicate.get("result")) for one in statements.valid}
    reviews = {str(name): results.get(r.record, "?") for name, r in version.reviews.items()}
    yield CARD, model_card.render(model, version, metadata, metrics, reviews)
    yield BOM, bom.render(model, version, metadata, metrics)
    for one in statements.about(version.digest, model_signature.TYPE)[:1]:
        yield from _signature(files, one, publics)


def _signature(
    files: dict[str, bytes], one: Attested, publics: dict[str, str]
) -> Iterator[tuple[str, bytes]]:
    record = declared_of(files, one.path)
    opened = attestation.opened(record.envelope)
    pem = machines.pem(publics[opened.keyid]) if opened.keyid in publics else None
    if pem is not None:
        yield SIGNATURE, model_signature.bundle(record.envelope, pem)
        yield PUBLIC, pem.encode()


def declared_of(files: dict[str, bytes], path: str) -> Any:
    if path not in files:
        raise Refused(f"{path} is not in the pack")
    value, _, findings = catalogue.read(path, files[path])
    if value is None:
        raise Refused(*(f"{found.at}: {found.problem}\n  fix: {found.fix}" for found in findings))
    return value


def evidence_of(files: dict[str, bytes], path: str, kind: type[inputs.P]) -> inputs.P:
    """An evidence file among those packed.

    Raises:
        Refused: it is missing or of another shape.
    """
    try:
        jsontext.load(files[path])
        return kind.model_validate_json(files[path], strict=True)
    except KeyError:
        raise Refused(f"{path} is not in the pack") from None
    except ValueError as error:
        raise Refused(f"{path}: {str(error).splitlines()[0]}") from None
