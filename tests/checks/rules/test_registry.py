"""Is everything in the registry one version, reviewed, with its evidence?"""

from __future__ import annotations

from typing import Any

import attesting
import yaml
from cases import Green, Red, Table, keeps_quiet, rows, tells
from world import FILE, World, entry, model_digest, reviews, world

from governance import digest
from governance.evidence import of_model
from governance.finding import Verdict
from governance.version import REVIEWS

VERSION = "models/credit/versions/1.0.0.yaml"
NEXT = "models/credit/versions/1.1.0.yaml"
METADATA = of_model("credit", "metadata")
METRICS = of_model("credit", "metrics")
OTHER = "d" * 64
MODEL_DIGEST = model_digest()
RECORD = "records/attestations/credit-bias.yaml"
DECISION = "records/decisions/d-2.yaml"
SUBJECT = "model:credit@1.0.0"


def _record(review: str) -> str:
    return f"records/attestations/credit-{review}.yaml"


def copied(w: World) -> World:
    """An entry copied under another number, and its digest changed."""
    text = w.text(VERSION).replace("version: 1.0.0", "version: 1.1.0")
    text = text.replace(MODEL_DIGEST, model_digest(OTHER)).replace(FILE, OTHER)
    return w.put(NEXT, text)


def twice(w: World) -> World:
    return w.put(NEXT, w.text(VERSION).replace("version: 1.0.0", "version: 1.1.0"))


def second(w: World) -> World:
    """A second version with reviews of its own."""
    for path, text in reviews("credit", OTHER, "next").items():
        w.put(path, text)
    return w.put(NEXT, entry("credit", "1.1.0", OTHER, "next"))


def said(
    w: World, predicate: dict[str, Any], subjects: dict[str, str] | None = None, **more: Any
) -> World:  # fmt: skip
    """Another statement about bias, named by the entry."""
    about = subjects or {"model:credit": MODEL_DIGEST}
    w.put(RECORD, attesting.record("credit-bias", about, predicate, **more))
    return named(w)


def named(w: World) -> World:
    """The entry names the statement that is there."""
    envelope = yaml.load(w.files[RECORD], yaml.CSafeLoader)["envelope"]
    return w.set(VERSION, ("reviews", "bias", "digest"), digest.of_bytes(envelope.encode()))


def warned(w: World) -> World:
    return said(w, attesting.review("bias", "WARNED"))


def decided(w: World, said: str = "approve", seen: str | None = None) -> World:
    """The board decides on the version as it stands."""
    from adapters.reading import Reading  # noqa: PLC0415
    from governance import subject  # noqa: PLC0415
    from governance.version import Version  # noqa: PLC0415

    (found,) = Reading(w).declarations.all(Version)
    own = seen or subject.of_version(found.value, w.digest(VERSION), None, {})
    return w.put(
        DECISION,
        f'id: d-2\nat: "2026-11-21T08:00:00Z"\nsubject: {SUBJECT}\ndigest: {own}\n'
        f"decision: {said}\nrationale: rows are few\nvotes: {{boris: 'yes'}}\n",
    )


def current(w: World) -> World:
    """The entry is of the evidence that lies in the repository."""
    metadata = w.value(METADATA)
    evidence = {"metadata": w.digest(METADATA), "metrics": w.digest(METRICS)}
    file = metadata["model_digest"]
    w.set(VERSION, ("training_hash",), metadata["training_hash"])
    w.set(VERSION, ("dataset_digest",), metadata["inputs"]["dataset"])
    w.set(VERSION, ("evidence",), evidence)
    return w.set(VERSION, ("digest",), file)


def base(w: World) -> World:
    return w


RED: Table = {
    "registry/unique": {
        "the same bytes under two numbers": Red(
            twice, (NEXT, "digest: ", "is 1.0.0 of credit already"),
        ),
        "an entry is edited": Red(
            lambda w: w.edit(VERSION, "registered_by: mina", "registered_by: boris"),
            (VERSION, "model: credit", "1.0.0 of credit is registered, and was edited"),
            base=base, only=True,
        ),
        "an entry is removed": Red(
            lambda w: w.remove(VERSION),
            (VERSION, "", "1.0.0 of credit is registered, and was removed"),
            base=base, only=True,
        ),
        "an entry is pointed at other bytes": Red(
            lambda w: w.put(VERSION, w.text(VERSION).replace(MODEL_DIGEST, model_digest(OTHER))),
            (VERSION, "model: credit", "was edited"), base=base, only=True,
        ),
    },
    "registry/reviewed": {
        "an entry is copied and its digest changed": Red(
            copied,
            *((NEXT, f"{review}:", f"{review} review: {_record(review)} is about")
              for review in REVIEWS),
        ),
        "no review at all": Red(
            lambda w: w.drop(VERSION, "reviews"),
            *((VERSION, "digest: ", f"no {review} review") for review in REVIEWS),
        ),
        "one review is missing": Red(
            lambda w: w.drop(VERSION, "reviews", "security"),
            (VERSION, "digest: ", "no security review"),
        ),
        "a review failed": Red(
            lambda w: said(w, attesting.review("bias", "FAILED")),
            (VERSION, "bias:", "bias review failed: bias/everything"),
        ),
        "a review says no result": Red(
            lambda w: said(w, attesting.review("bias") | {"result": "passed"}),
            (VERSION, "bias:", "bias review failed: passed"),
        ),
        "a review of another model with the same bytes": Red(
            lambda w: said(w, attesting.review("bias"), {"model:hardship": MODEL_DIGEST}),
            (VERSION, "bias:", "is about another model, not"),
        ),
        "a review of other bytes": Red(
            lambda w: said(w, attesting.review("bias"), {"model:credit": model_digest(OTHER)}),
            (VERSION, "bias:", "is about"),
        ),
        "one review stands for another": Red(
            lambda w: said(w, attesting.review("security"), at="2026-11-21T09:00:00Z"),
            (VERSION, "bias:", "is about something else"),
        ),
        "a provenance stands for a review": Red(
            lambda w: said(w, attesting.review("bias"),
                           predicate_type="https://slsa.dev/provenance/v1"),
            (VERSION, "bias:", "is about something else"),
        ),
        "a review saw other metrics": Red(
            lambda w: said(w, attesting.review("bias") | {"configuration": [
                {"name": METRICS, "digest": {"sha256": OTHER}}]}),
            (VERSION, "bias:", f"saw another {METRICS}"),
        ),
        "a review is signed by nobody's key": Red(
            lambda w: said(w, attesting.review("bias"), key="mallory"),
            (VERSION, "bias:", "counts for nothing"), only=True,
        ),
        "the record holds another statement than was named": Red(
            lambda w: w.put(RECORD, attesting.record(
                "credit-bias", {"model:credit": MODEL_DIGEST}, attesting.review("bias"),
                at="2026-11-21T09:00:00Z")),
            (VERSION, "bias:", "is not the statement it names"),
        ),
        "the record is gone": Red(
            lambda w: w.remove(RECORD), (VERSION, "bias:", "credit-bias.yaml is missing"),
        ),
        "inconclusive, and nobody decided": Red(
            warned, (VERSION, "bias:", "bias review is inconclusive: bias/everything"),
            verdict=Verdict.INCONCLUSIVE,
        ),
        "inconclusive, and the board deferred": Red(
            lambda w: decided(warned(w), "defer"),
            (VERSION, "bias:", "bias review is inconclusive"),
            verdict=Verdict.INCONCLUSIVE, only=True,
        ),
        "inconclusive, and the board decided on other bytes": Red(
            lambda w: decided(warned(w), seen=MODEL_DIGEST),
            (VERSION, "bias:", "bias review is inconclusive"),
            verdict=Verdict.INCONCLUSIVE, only=True,
        ),
    },
    "registry/evidence": {
        "no file is listed": Red(
            lambda w: w.drop(VERSION, "files"), (VERSION, "digest: ", "no file is listed"),
        ),
        "the files make another digest": Red(
            lambda w: w.put(VERSION, w.text(VERSION).replace(FILE, OTHER)),
            (VERSION, "files:", "the files make"),
        ),
        "no metrics among the evidence": Red(
            lambda w: w.drop(VERSION, "evidence", "metrics"),
            (VERSION, "evidence:", "metrics.json is not among its evidence"),
        ),
        "another model than the evidence tells of": Red(
            lambda w: current(w).set(VERSION, ("digest",), MODEL_DIGEST),
            (VERSION, "digest: ", "but the evidence is about"), only=True,
        ),
        "another dataset than the evidence tells of": Red(
            lambda w: current(w).set(VERSION, ("dataset_digest",), MODEL_DIGEST)
            .set(VERSION, ("digest",), w.value(METADATA)["model_digest"]),
            (VERSION, "dataset_digest: ", "but the evidence is about"),
            (VERSION, "files:", "the files make"), only=True,
        ),
        "metrics were edited after registering": Red(
            lambda w: current(w).set(METRICS, ("rows",), 1),
            (VERSION, "metrics:", "it was changed since"),
            (VERSION, "files:", "the files make"), only=True,
        ),
    },
}  # fmt: skip
GREEN = {
    "registry/reviewed": {"a second version, with reviews of its own": Green(second)},
    "registry/unique": {
        "a second version beside one that stays as it was": Green(second, base=base)
    },
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


def test_a_decision_on_this_very_version_settles_what_is_inconclusive() -> None:
    judged = decided(warned(world())).judge(["registry/reviewed"])
    assert judged.exit_code == 0


def test_a_later_no_of_the_board_takes_its_yes_back() -> None:
    w = decided(warned(world()))
    later = w.text(DECISION).replace("id: d-2", "id: d-3").replace("T08", "T09")
    w.put("records/decisions/d-3.yaml", later.replace("decision: approve", "decision: reject"))
    assert w.judge(["registry/reviewed"]).exit_code == 1
