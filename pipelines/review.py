"""Reviewing a trained model: security, performance and bias, each a signed statement."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from adapters import modelfile
from adapters.git import Revision
from governance import bias, digest, gates, review
from governance.attestation import TEST_RESULT
from governance.contract import Contract
from governance.evidence import BiasScan, Metadata, Metrics, TrainingRun, of_dataset, of_model
from governance.finding import Blocked, CouldNotJudge, Verdict
from governance.gates import GateResult, Gates
from governance.model import Model
from governance.records import Waiver
from governance.registry import Registry
from governance.review import Check
from governance.reviewed import subject
from governance.version import Review, Version
from governance.waivers import standing
from pipelines import inputs
from pipelines.attest import Machine, attest, machine
from pipelines.confirmed import Base, base
from pipelines.inputs import Refused
from pipelines.review_security import security
from pipelines.sign_model import sign

_STEMS: Final = ("metadata", "metrics", "provenance", "training")
_LAW: Final = ("gates", "registry")
"""Policies of the governed branch a review rests on."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One review: what it found, and its record once it is signed."""

    review: Review
    checks: tuple[Check, ...]
    predicate: Mapping[str, Any]
    record: str | None = None

    @property
    def result(self) -> str:
        """PASSED, WARNED or FAILED."""
        return review.result(self.checks)


@dataclass(frozen=True, slots=True)
class _Subject:
    """The trained model with its evidence as it lies in the work tree."""

    root: Path
    law: Base
    model: Model
    folder: Path
    digest: str
    metrics: Metrics
    seen: dict[str, str] = field(default_factory=dict)


def reviewed(  # noqa: PLR0913 - one argument per choice of the person who reviews
    root: Path, name: str, now: datetime, *, known: Path | None = None, dry: bool = False,
    say: Callable[[str], None] = print,
) -> tuple[Reviewed, ...]:  # fmt: skip
    """The three reviews of the model as it was trained last, signed unless `dry`.

    Args:
        root: top of the repository.
        name: the model.
        now: the moment of signing.
        known: a file of advisories in the OSV format, against which the lock is held.
        dry: sign and write nothing.
        say: told what is being done.

    Raises:
        Refused: the model is not here, or is not the one its evidence speaks of; no machine key
            is configured.
        CouldNotJudge: the law, the bucket or the advisories cannot be read.
    """
    by = None if dry else machine(root, now)
    law = by.law if by else base(root)
    what = _subject(root, law, name)
    try:
        registry = law.declarations.one(Registry, "registry").value
        own: Gates = inputs.declared("policies/gates.yaml", root)
        policies = (own, law.declarations.one(Gates, "gates").value)
    except Blocked as blocked:
        msg = f"{blocked} of {law.name} does not load: see `charter check`"
        raise CouldNotJudge(msg) from None
    found: list[Reviewed] = []
    say("security: looking through the files")
    checks, facts, sums = security(root, what.folder, registry, known)
    found.append(_made(what, "security", checks, facts, sums))
    say("performance: holding the metrics against the gates")
    bounds = gates.demanded(what.model, *policies)
    results = list(bounds.judge(what.metrics, what.model.protected))
    checks, facts = _beside(what, bounds, say)
    held = [_gate("performance", one) for one in results if one.group is None]
    found.append(_made(what, "performance", [*held, *checks], facts, {}))
    say("bias: holding the gaps between groups against the gates")
    checks, facts, sums = _bias(what, policies, now)
    held = [_gate("bias", one) for one in results if one.group is not None]
    found.append(_made(what, "bias", [*held, *checks], facts, sums))
    if by is None:
        return tuple(found)
    for path in sign(root, name, what.folder, now, by):
        say(f"record: {path}")
    return tuple(_signed(what, one, now, by) for one in found)


def _subject(root: Path, law: Base, name: str) -> _Subject:
    """The model, once it is certain that evidence and bytes are of one training.

    Raises:
        Refused: they are not.
    """
    model: Model = inputs.declared(f"models/{name}/model.yaml", root)
    folder = root / "artifacts/ml/models" / name / "model"
    if not folder.is_dir():
        fix = f"fix: charter retrain {name}, or dvc pull"
        raise Refused(f"{folder.relative_to(root)} is missing\n  {fix}")
    seen, _ = modelfile.digest(folder)
    training = inputs.read(of_model(name, "training"), TrainingRun, root)
    metrics = inputs.read(of_model(name, "metrics"), Metrics, root)
    metadata = inputs.read(of_model(name, "metadata"), Metadata, root)
    told = {"training": training.model_digest, "metrics": metrics.model_digest,
            "metadata": metadata.model_digest}  # fmt: skip
    lines = [
        f"{of_model(name, stem)} is about {digest.short(of)}, the model here is"
        f" {digest.short(seen)}\n  fix: charter retrain {name}, or dvc checkout"
        for stem, of in told.items()
        if of != seen
    ]
    if lines:
        raise Refused(*lines)
    there = Revision(root, law.commit)
    policies = [f"policies/{policy}.yaml" for policy in _LAW]
    sums = {path: digest.of_bytes(data) for path, data in there.read_many(policies)}
    for path in (f"models/{name}/model.yaml", *(of_model(name, stem) for stem in _STEMS)):
        if (root / path).is_file():
            sums[path] = digest.of_bytes((root / path).read_bytes())
    return _Subject(root, law, model, folder, seen, metrics, sums)


def _beside(
    what: _Subject, bounds: gates.Demanded, say: Callable[[str], None]
) -> tuple[list[Check], dict[str, Any]]:
    """What the model loses against the version in production on the governed branch."""
    name = what.model.name
    prior = next((m.value for m in what.law.declarations.all(Model) if m.value.name == name), None)
    if prior is None or prior.champion is None:
        return [], {"champion": None, "skipped": ["champion: none is in production"]}
    entry = next(
        (v.value for v in what.law.declarations.all(Version)
         if (v.value.model, v.value.version) == (name, prior.champion)), None,
    )  # fmt: skip
    told = {"version": prior.champion, "digest": entry.digest if entry else None}
    if entry is not None and entry.digest == what.digest:
        same = Check("performance: champion", Verdict.PASS, "these are the champion's very bytes")
        return [same], {"champion": told}
    from pipelines.comparison import compare  # noqa: PLC0415 - needs numpy, scipy and pandas
    from pipelines.fetch_model import fetch  # noqa: PLC0415

    say(f"performance: comparing with {prior.champion} on the same rows")
    with tempfile.TemporaryDirectory(prefix="charter-") as folder:
        champion = fetch(what.root, name, prior.champion, Path(folder, "champion"))
        found = compare(
            what.root, name, what.folder, champion, declared=prior, version=prior.champion
        )
    results = gates.beside_champion(bounds.champion, found)
    checks = [_gate("performance", one) for one in results]
    return checks, {"champion": told, "comparison": found.model_dump(mode="json")}


def _bias(
    what: _Subject, policies: tuple[Gates, ...], now: datetime
) -> tuple[list[Check], dict[str, Any], dict[str, str]]:
    """What the scan of the data before training showed, for the attributes the model names."""
    path = of_dataset(what.model.dataset, "bias")
    scanned = inputs.read(path, BiasScan, what.root)
    contract: Contract = inputs.contract(what.model.dataset, what.root)
    given = [waiver.value for waiver in what.law.declarations.all(Waiver)]
    place = f"policies/datasets/{what.model.dataset}.yaml"
    waived = standing(given, bias.RULE, place, now.date())
    asked = dict.fromkeys((*contract.protected, *what.model.protected))
    lacks = list(bias.lacks(scanned, asked, [policy.bias for policy in policies]))
    checks = [
        Check(f"bias: data by {lack.attribute}",
              Verdict.PASS if waived and lack.scanned else Verdict.FAIL,
              f"{lack.problem}{', waived' if waived and lack.scanned else ''}")
        for lack in lacks
    ]  # fmt: skip
    told = {lack.attribute for lack in lacks}
    checks += [
        Check(f"bias: data by {attribute}", Verdict.PASS, _groups(scanned, attribute))
        for attribute in asked
        if attribute not in told
    ]
    tool = f"{scanned.tool.name} {scanned.tool.version}"
    return checks, {"tool": tool}, {path: digest.of_bytes((what.root / path).read_bytes())}


def _groups(scanned: BiasScan, attribute: str) -> str:
    found = scanned.attributes[attribute].groups
    return f"{len(found)} groups, the smallest of {min(found.values())} rows"


def _gate(part: str, one: GateResult) -> Check:
    about = f" by {one.group}" if one.group else ""
    words = f"{one.measured}; {one.why}" if one.why else one.measured
    return Check(f"{part}: {one.threshold}{about}", one.verdict, words)


def _made(
    what: _Subject, name: Review, checks: list[Check], facts: dict[str, Any], sums: dict[str, str]
) -> Reviewed:
    own = {"model": what.model.name, "law": what.law.commit, **facts}
    return Reviewed(name, tuple(checks), review.predicate(name, checks, {**what.seen, **sums}, own))


def _signed(what: _Subject, one: Reviewed, now: datetime, by: Machine) -> Reviewed:
    path = attest(
        what.root, f"{one.review}-{what.model.name}", {subject(what.model.name): what.digest},
        TEST_RESULT, one.predicate, now, by,
    )  # fmt: skip
    return Reviewed(one.review, one.checks, one.predicate, path)
