"""A tiny repository whose model was reviewed, and people who let it into the registry.

`ci` signs the reviews; nadia.okafor owns the models, mei.tanaka operates and signs tags.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attesting
import pytest
import signing
import small

from governance.evidence import Metadata, of_model
from governance.version import REVIEWS

NOW: Final = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
MODEL: Final = "returning"
VERSION: Final = f"models/{MODEL}/versions/1.0.0.yaml"
PEOPLE: Final = ("nadia.okafor", "mei.tanaka", "laura.benitez", "marcus.oyelaran", "amara.diallo")
_CI: Final = """\
  ci:
    name: Runner
    kind: bot
    keys: [{{public: {key}, valid_from: "2026-01-01"}}]

roles:
"""


def reviewed(root: Path) -> None:
    """A repository with a trained model and its three reviews, all of them passed."""
    small.ran(root)
    roles = root / "policies/roles.yaml"
    text = roles.read_text()
    for person in PEOPLE:
        text = text.replace(
            f"    email: {person}@example.org\n",
            f"    email: {person}@example.org\n"
            f'    keys: [{{public: {signing.public(person)}, valid_from: "2026-01-01"}}]\n',
        )
    roles.write_text(text.replace("\nroles:\n", "\n" + _CI.format(key=signing.public("ci")), 1))
    policy = root / "policies/registry.yaml"
    policy.write_text(f"{policy.read_text()}\nmachines: [ci]\n")
    for review in REVIEWS:
        state(root, review)
    small.commit(root, "review")


def metadata(root: Path, model: str = MODEL) -> Metadata:
    return Metadata.model_validate_json((root / of_model(model, "metadata")).read_bytes())


def state(
    root: Path, review: str, outcome: str = "PASSED", *, model: str = MODEL,
    digest: str | None = None, day: int = 22, by: str = "ci", key: str | None = None,
    predicate: dict[str, Any] | None = None, **more: Any,
) -> str:  # fmt: skip
    """Writes the statement of a review; the path of its record."""
    seen = digest or metadata(root, model).model_digest
    name = f"{review}-{model}-{day}-{outcome.lower()}-{seen[7:13]}"
    path = f"records/attestations/{name}.yaml"
    said = attesting.review(review, outcome, **more) | (predicate or {})
    at = f"2026-11-{day}T08:00:00Z"
    text = attesting.record(
        name, {f"model:{model}": seen}, said, by=by, key=key, at=at,
        repository="example/charter",
    )  # fmt: skip
    small.put(root / path, text)
    return path


def approve(root: Path, subject: str, digest: str, *, day: int = 23) -> None:
    """Signs, as the two people a version needs, what they approve it by."""
    for person, role in (("nadia.okafor", "model-owner"), ("mei.tanaka", "mlops")):
        sign(root, person, role, subject, digest, day=day)


def sign(root: Path, person: str, role: str, subject: str, digest: str, *, day: int = 23) -> None:
    """Signs a yes."""
    name = f"{person}-{digest[7:15]}"
    text = signing.record(
        name, person, role, subject, digest, repository="example/charter",
        at=f"2026-11-{day}T08:30:00Z",
    )  # fmt: skip
    small.put(root / f"records/approvals/{name}.yaml", text)


def decide(root: Path, subject: str, digest: str, said: str = "approve") -> None:
    """The board's decision, with signed votes."""
    for person in ("laura.benitez", "marcus.oyelaran"):
        sign(root, person, "ml-review-board", subject, digest)
    at = f"{NOW - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    text = (
        f'id: d-{digest[7:15]}\nat: "{at}"\nsubject: {json.dumps(subject)}\ndigest: {digest}\n'
        f"decision: {said}\nrationale: rows are few\n"
        "votes: {laura.benitez: 'yes', marcus.oyelaran: 'yes'}\n"
    )
    small.put(root / f"records/decisions/d-{digest[7:15]}.yaml", text)


def key_of(folder: Path, person: str = "mei.tanaka") -> Path:
    """A person's key in a file."""
    path = folder / f"{person}.key"
    path.write_bytes(signing.private_file(person))
    path.chmod(0o600)
    return path


def proposed(root: Path) -> None:
    """The same with version 1.0.0 approved and on main, its bytes nowhere yet."""
    from pipelines.register import propose  # noqa: PLC0415 - loads the models' code

    _after(reviewed, root)
    propose(root, MODEL, NOW, by="tomas.lindqvist", say=_silent)
    let_in(root)


def _after(make: Callable[[Path], None], root: Path) -> None:
    """A copy of the repository before, which is built once beside this one."""
    small.copied(small.template(root.parent.parent, make), root)


def let_in(root: Path, version: str = "1.0.0") -> None:
    """People approve a version, and it comes to main."""
    approve(root, f"model:{MODEL}@{version}", seen(root, version))
    small.commit(root, "register")


def registered(root: Path) -> None:
    """The same with its bytes in the bucket, and its tag."""
    from pipelines.register import register  # noqa: PLC0415

    _after(proposed, root)
    register(root, MODEL, "1.0.0", NOW, key=key_of(root.parent), say=_silent)


def seen(root: Path, version: str = "1.0.0") -> str:
    """The digest people approve a version by."""
    from pipelines.confirmed import base  # noqa: PLC0415
    from pipelines.registry_entry import entry  # noqa: PLC0415
    from pipelines.registry_standing import subject_digest  # noqa: PLC0415

    return subject_digest(root, entry(root, base(root), MODEL, version))


def retrained(root: Path, day: int = 23) -> None:
    """The model with other bytes, as an honest training would leave it, and its reviews."""
    folder = root / of_model(MODEL, "metadata")
    model = folder.parent / "model" / "model.skops"
    model.write_bytes(model.read_bytes() + b"\n")
    from adapters import modelfile  # noqa: PLC0415

    digest, facts = modelfile.digest(model.parent)
    for stem in ("metadata", "metrics", "telemetry", "training"):
        path = root / of_model(MODEL, stem)
        value = json.loads(path.read_text())
        value["model_digest"] = digest
        if stem == "training":
            value["files"] = [fact.model_dump() for fact in facts]
        path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
    for review in REVIEWS:
        state(root, review, day=day)
    small.commit(root, "retrain")


def _silent(_: str) -> None:
    pass


@pytest.fixture(name="reviewed")
def reviewed_repository(shared: Path, tmp_path: Path) -> Path:
    return small.copied(small.template(shared, reviewed), tmp_path / "reviewed")


@pytest.fixture(name="proposed")
def proposed_repository(shared: Path, tmp_path: Path) -> Path:
    return small.copied(small.template(shared, proposed), tmp_path / "proposed")


@pytest.fixture(name="registered")
def registered_repository(shared: Path, tmp_path: Path) -> Path:
    return small.copied(small.template(shared, registered), tmp_path / "registered")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return key_of(tmp_path)
