"""Did the runs leave the evidence they owe, and does it add up?"""

from __future__ import annotations

from typing import Any

import pytest
from cases import Green, Red, Table, keeps_quiet, rows, shown, tells
from world import ENVIRONMENT, World, world

CREDIT = "artifacts/ml/models/credit"
HARDSHIP = "artifacts/ml/models/hardship"
LOANS = "artifacts/ml/datasets/loans"
LAST = "artifacts/ml/last_retrain.json"
LOCKED = "locks/runtime.txt"
TOOLS = "policies/approved_tools.yaml"
OTHER = "sha256:" + "0" * 64
STALE = "f00d" * 10


def wrote(w: World, path: str, *route: str | int, value: Any) -> World:
    """A step wrote something else, and the lock says so."""
    return w.set(path, route, value).relock()


def copied(w: World) -> World:
    """The evidence of one model stands in the folder of another."""
    for name in ("training", "metrics", "metadata", "telemetry", "provenance"):
        w.put(f"{CREDIT}/{name}.json", w.files[f"{HARDSHIP}/{name}.json"])
    return w.relock().rerecord()


def tooled(w: World, version: str) -> World:
    w.edit(TOOLS, "version: 0.15.0", f"version: {version}")
    return w.edit(TOOLS, "version: 1.0.0", "version: 1.1.0").edit(TOOLS, "2026-11-01", "2026-11-22")


def used(w: World, version: str) -> World:
    for name in ("credit", "hardship", "prices"):
        w.set(f"artifacts/ml/models/{name}/metrics.json", ("tool", "version"), version)
    for name in ("loans", "homes"):
        w.set(f"artifacts/ml/datasets/{name}/bias.json", ("tool", "version"), version)
    return w.retrain()


RED: Table = {
    "runs/complete": {
        "a model without telemetry": Red(
            lambda w: w.remove(f"{CREDIT}/telemetry.json"),
            ("models/index.yaml", "credit:", "model credit has no telemetry evidence"),
            (
                "dvc.lock",
                "record@credit",
                "telemetry.json, a result of record@credit, is not in",
                "pipeline/lock",
            ),
        ),
        "a dataset without bias report": Red(
            lambda w: w.remove(f"{LOANS}/bias.json"),
            ("models/index.yaml", "loans:", "dataset loans has no bias report"),
            only=True,
        ),
        "B88 a model without metrics": Red(
            lambda w: w.remove(f"{CREDIT}/metrics.json"),
            ("models/index.yaml", "credit:", "model credit has no metrics evidence"),
            only=True,
        ),
    },
    "runs/environment": {
        "another library than the lock's": Red(
            lambda w: w.edit(LOCKED, "numpy==2.4.6", "numpy==2.5.0"),
            *(
                (
                    f"artifacts/ml/models/{name}/metadata.json",
                    "numpy",
                    "trained with numpy 2.4.6; the lock has 2.5.0",
                )
                for name in ("credit", "hardship", "prices")
            ),
        ),
        "no runtime lock": Red(
            lambda w: w.remove(LOCKED), (LOCKED, "", "the runtime lock is missing")
        ),
        "a library without its line": Red(
            lambda w: w.edit(LOCKED, "numpy==2.4.6", "# numpy"),
            *(
                (
                    f"artifacts/ml/models/{name}/metadata.json",
                    "numpy",
                    "trained with numpy 2.4.6, which the lock does not name",
                )
                for name in ("credit", "hardship", "prices")
            ),
        ),
        "none of the versions by platform": Red(
            lambda w: w.put(
                LOCKED,
                w.text(LOCKED).replace("skops==0.16.0", "skops==0.15.0 ; sys_platform == 'darwin'")
                + "skops==0.14.0 ; sys_platform != 'darwin'\n",
            ),
            *(
                (
                    f"artifacts/ml/models/{name}/metadata.json",
                    "skops",
                    "trained with skops 0.16.0; the lock has 0.15.0|0.14.0",
                )
                for name in ("credit", "hardship", "prices")
            ),
        ),
    },
    "runs/last_retrain": {
        "the file is missing": Red(lambda w: w.remove(LAST), (LAST, "", "the file is missing")),
        "the run failed": Red(
            lambda w: w.set(LAST, ("exit_code",), 1).seal(),
            (LAST, "exit_code", "the newest retraining ended with exit code 1"),
        ),
        "it started from a commit of nobody": Red(
            lambda w: w.set(LAST, ("commit",), STALE),
            (LAST, "seal", "the seal is not that of the other fields"),
        ),
        "another lock": Red(
            lambda w: w.set(LAST, ("lock_digest",), OTHER).seal(),
            (LAST, "lock_digest", "names dvc.lock 000000000000, here it is"),
        ),
        "other data": Red(
            lambda w: w.set(LAST, ("datasets", "loans"), OTHER).seal(),
            (LAST, "loans", "the run saw 000000000000"),
        ),
        "no data": Red(
            lambda w: w.drop(LAST, "datasets", "loans").seal(),
            (LAST, "datasets", "the run saw none"),
        ),
        "a model was left out": Red(
            lambda w: w.drop(LAST, "models", "prices").seal(),
            (LAST, "models", "model prices was not part of it"),
        ),
        "other parameters": Red(
            lambda w: w.set(LAST, ("params_digest",), OTHER).seal(),
            (LAST, "params_digest", "names params 000000000000, the metadata have"),
        ),
        "another environment": Red(
            lambda w: w.set(LAST, ("environment_digest",), OTHER).seal(),
            (LAST, "environment_digest", "names environment 000000000000"),
        ),
        "another model came out": Red(
            lambda w: w.set(LAST, ("models", "prices", "model_digest"), OTHER).seal(),
            (LAST, "prices", "model prices is another one in its metadata"),
        ),
    },
    "runs/metadata": {
        "code changed since the training": Red(
            lambda w: w.put("pipelines/train.py", "# other\n").relock(),
            *(
                (f"artifacts/ml/models/{name}/metadata.json", "code", "trained with code ")
                for name in ("credit", "hardship", "prices")
            ),
        ),
        "parameters changed since the training": Red(
            lambda w: w.edit("models/credit/model.yaml", "seed: 1", "seed: 2").relock(),
            (f"{CREDIT}/metadata.json", "params", "trained with params "),
        ),
        "other data were trained on": Red(
            lambda w: wrote(w, f"{CREDIT}/training.json", "dataset_digest", value=OTHER),
            (f"{CREDIT}/training.json", "dataset_digest", "speaks of dataset_digest 000000000000"),
        ),
        "other data were validated": Red(
            lambda w: wrote(w, f"{LOANS}/validation.json", "dataset_digest", value=OTHER),
            (f"{LOANS}/validation.json", "dataset_digest", "speaks of dataset_digest 0000000"),
        ),
        "other data were scanned": Red(
            lambda w: wrote(w, f"{LOANS}/bias.json", "dataset_digest", value=OTHER),
            (f"{LOANS}/bias.json", "dataset_digest", "speaks of dataset_digest 000000000000"),
        ),
        "a report on another dataset": Red(
            lambda w: wrote(w, f"{LOANS}/preparation.json", "dataset", value="homes"),
            (f"{LOANS}/preparation.json", '"dataset"', "speaks of dataset homes, not of loans"),
        ),
        "a summary of other data": Red(
            lambda w: wrote(w, f"{CREDIT}/metadata.json", "dataset", "digest", value=OTHER),
            (f"{CREDIT}/metadata.json", '"digest"', "speaks of dataset 000000000000"),
        ),
        "the training hash was edited": Red(
            lambda w: (
                wrote(w, f"{CREDIT}/metadata.json", "training_hash", value=OTHER)
                .set(LAST, ("models", "credit", "training_hash"), OTHER)
                .seal()
            ),
            (f"{CREDIT}/metadata.json", "training_hash", "is not the digest of its inputs"),
        ),
        "the environment was edited": Red(
            lambda w: wrote(w, f"{CREDIT}/metadata.json", "environment", "python", value="3.12"),
            (f"{CREDIT}/metadata.json", '"environment": "sha', "trained with environment "),
            (f"{CREDIT}/metadata.json", '"environment": {', "not that of training.json"),
        ),
        "metrics of another model": Red(
            lambda w: wrote(w, f"{CREDIT}/metrics.json", "model_digest", value=OTHER),
            (f"{CREDIT}/metrics.json", "model_digest", "speaks of model_digest 000000000000"),
        ),
        "telemetry under another name": Red(
            lambda w: wrote(w, f"{CREDIT}/telemetry.json", "model", value="prices"),
            (f"{CREDIT}/telemetry.json", '"model"', "speaks of model prices, not of credit"),
        ),
        "key metrics that were not measured": Red(
            lambda w: wrote(w, f"{CREDIT}/metadata.json", "metrics", "roc_auc", value=0.99),
            (f"{CREDIT}/metadata.json", '"metrics"', "not the key metrics of metrics.json"),
        ),
        "evidence copied from another model": Red(
            copied,
            *(
                (f"{CREDIT}/{stem}.json", '"model"', "speaks of model hardship, not of credit")
                for stem in ("metadata", "training", "metrics", "telemetry")
            ),
            (f"{CREDIT}/metadata.json", '"params"', "trained with params "),
        ),
        "a policy the training depended on is gone": Red(
            lambda w: w.remove("policies/registry.yaml"),
            *(
                (f"artifacts/ml/models/{name}/metadata.json", "inputs", "cannot be recomputed")
                for name in ("credit", "hardship", "prices")
            ),
            ("policies/registry.yaml", "", "is missing", "declarations/present"),
            waits=("attestations/valid", "registry/reviewed", "reviews/overdue", "runs/replayed"),
        ),
    },
    "runs/readable": {
        "B87 a metric that is no number": Red(
            lambda w: w.edit(f"{CREDIT}/metrics.json", '"value": 0.82', '"value": NaN').relock(),
            (f"{CREDIT}/metrics.json", "{", "NaN is not a JSON number"),
        ),
        "B86 a metric beyond floats": Red(
            lambda w: w.edit(f"{CREDIT}/metrics.json", '"value": 0.82', '"value": 1e400').relock(),
            (f"{CREDIT}/metrics.json", "{", "1e400 is beyond the range of a float"),
        ),
        "B86 a metric given twice": Red(
            lambda w: w.edit(
                f"{CREDIT}/metrics.json", '"value": 0.82', '"value": 0.1, "value": 0.99'
            ).relock(),
            (f"{CREDIT}/metrics.json", "{", "key 'value' is given twice"),
        ),
        "B89 a metric as text": Red(
            lambda w: wrote(
                w, f"{CREDIT}/metrics.json", "performance", "roc_auc", "value", value="0.99"
            ),
            (f"{CREDIT}/metrics.json", '"value": "0.99"', "'0.99' is not of type 'number'"),
        ),
        "B89 true for a metric": Red(
            lambda w: wrote(
                w, f"{CREDIT}/metrics.json", "performance", "roc_auc", "value", value=True
            ),
            (f"{CREDIT}/metrics.json", '"value": true', "True is not of type 'number'"),
        ),
        "a key of nobody's": Red(
            lambda w: w.set(LAST, ("approved",), value=True),
            (LAST, "{", "'approved' was unexpected"),
        ),
        "a key is missing": Red(
            lambda w: w.drop(LAST, "exit_code"), (LAST, "{", "'exit_code' is a required property")
        ),
        "half a file": Red(lambda w: w.put(LAST, w.text(LAST)[:100]), (LAST, "{", "not JSON: ")),
        "an empty file": Red(lambda w: w.put(LAST, ""), (LAST, "", "not JSON: ")),
        "evidence of no kind": Red(
            lambda w: w.put(f"{CREDIT}/score.json", "{}\n"),
            (f"{CREDIT}/score.json", "{}", "no evidence of this name exists"),
        ),
        "a moment that is none": Red(
            lambda w: w.set(LAST, ("started_at",), "yesterday"),
            (LAST, "started_at", "/started_at: "),
        ),
        "a count with a point": Red(
            lambda w: w.set(LAST, ("exit_code",), 0.0), (LAST, "exit_code", "/exit_code: ")
        ),
        "a digest that goes on in the next line": Red(
            lambda w: w.set(LAST, ("lock_digest",), w.digest("dvc.lock") + "\n"),
            (LAST, "lock_digest", "/lock_digest: "),
        ),
    },
    "runs/tools": {
        "a bias report of a version nobody approved": Red(
            lambda w: wrote(w, f"{LOANS}/bias.json", "tool", "version", value="0.16.0"),
            (f"{LOANS}/bias.json", "version", "fairlearn 0.16.0 is not approved for bias"),
        ),
        "metrics of a tool nobody approved": Red(
            lambda w: wrote(w, f"{CREDIT}/metrics.json", "tool", "name", value="homemade"),
            (f"{CREDIT}/metrics.json", "version", "homemade 0.15.0 is not approved"),
        ),
        "a tool approved for something else": Red(
            lambda w: w.edit(TOOLS, "bias-detection", "identifier-detection").retrain(),
            *(
                (f"artifacts/ml/{path}.json", "version", "is not approved for bias detection")
                for path in (
                    "datasets/homes/bias",
                    "datasets/loans/bias",
                    "models/credit/metrics",
                    "models/hardship/metrics",
                    "models/prices/metrics",
                )
            ),
        ),
        "B96 a tool approved by the change that uses it": Red(
            lambda w: used(tooled(w, "0.16.0"), "0.16.0"),
            *(
                (f"artifacts/ml/{path}.json", "version", "fairlearn 0.16.0 is not approved")
                for path in (
                    "datasets/homes/bias",
                    "datasets/loans/bias",
                    "models/credit/metrics",
                    "models/hardship/metrics",
                    "models/prices/metrics",
                )
            ),
            base=lambda w: w,
        ),
    },
}
GREEN = {
    "runs/environment": {
        "one of the versions by platform": Green(
            lambda w: w.put(
                LOCKED,
                w.text(LOCKED).replace("skops==0.16.0", "skops==0.15.0 ; sys_platform == 'darwin'")
                + "skops==0.16.0 ; sys_platform != 'darwin'\n",
            )
        ),
    },
    "runs/last_retrain": {
        "a run with uncommitted files": Green(
            lambda w: w.set(LAST, ("uncommitted",), ["a.py"]).seal()
        ),
        "B80 a squash merge or a shallow clone lost the commit": Green(
            lambda w: w.set(LAST, ("commit",), STALE).seal()
        ),
    },
    "runs/readable": {
        "a page beside the evidence": Green(lambda w: w.put(f"{CREDIT}/card.md", "# Card\n")),
    },
}  # fmt: skip


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


def test_a_base_alone_decides_on_tools_but_the_head_must_load(valid: World) -> None:
    judgement = tooled(valid, "0.16.0").judge(["runs/tools"], base=world())
    assert judgement.exit_code == 0, shown(judgement)


@pytest.mark.parametrize("library", [name for name in ENVIRONMENT if name != "python"])
def test_every_recorded_library_is_compared(valid: World, library: str) -> None:
    valid.edit(LOCKED, f"{library}=={ENVIRONMENT[library]}", f"{library}==0.0.1")
    assert len(valid.judge(["runs/environment"]).findings) == 3
