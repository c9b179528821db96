"""Reviewing a trained model: three signed statements, whatever comes out."""

from __future__ import annotations

import json
import pickle

import evidencing
import pytest
import small
from click.testing import CliRunner
from evidencing import MODEL
from registering import NOW

from adapters import attest
from governance import model_signature
from governance.attestation import PROVENANCE, TEST_RESULT
from governance.evidence import of_model
from governance.reviewed import configured
from pipelines import review
from pipelines.attest import said
from pipelines.inputs import Refused

FOLDER = f"artifacts/ml/models/{MODEL}/model"


@pytest.fixture
def repo(shared, tmp_path):
    """A repository with a trained model that nobody reviewed."""
    return small.copied(small.template(shared, evidencing.keyed), tmp_path / "repo")


def results(found):
    return {one.review: one.result for one in found}


def failed(found, name):
    (one,) = [one for one in found if one.review == name]
    return [check for check in one.checks if check.result == "FAILED"]


def test_three_reviews_are_signed_about_the_models_bytes(repo):
    found = evidencing.reviewed(repo)
    assert results(found) == {"security": "PASSED", "performance": "WARNED", "bias": "WARNED"}
    statements = said(repo, NOW)
    assert statements.problems == ()
    seen = json.loads((repo / of_model(MODEL, "training")).read_bytes())["model_digest"]
    about = statements.about(seen, TEST_RESULT)
    assert {one.own["review"] for one in about} == {"security", "performance", "bias"}
    assert {one.path for one in about} == {one.record for one in found}
    assert all(one.subjects == {f"model:{MODEL}": seen} for one in about)
    assert len(statements.about(seen, PROVENANCE)) == 1
    assert len(statements.about(seen, model_signature.TYPE)) == 1


def test_a_statement_names_the_evidence_and_the_policies_it_rests_on(repo):
    (one,) = [one for one in evidencing.reviewed(repo) if one.review == "performance"]
    sums = configured(one.predicate)
    assert {of_model(MODEL, "metrics"), "policies/gates.yaml", f"models/{MODEL}/model.yaml"} <= {
        *sums
    }
    assert one.predicate["charter"]["skipped"] == ["champion: none is in production"]
    assert one.predicate["passedTests"] == one.predicate["failedTests"] == []
    assert "roc_auc" in " ".join(one.predicate["warnedTests"])
    measured = {check["name"]: check["measured"] for check in one.predicate["charter"]["checks"]}
    assert any("n=66" in words for words in measured.values())


def test_the_same_review_at_the_same_moment_is_the_same_record(repo):
    first = evidencing.reviewed(repo)
    before = small.state(repo)
    assert evidencing.reviewed(repo) == first
    assert small.state(repo) == before


def test_without_a_key_nothing_is_reviewed_and_nothing_written(repo, monkeypatch):
    monkeypatch.delenv(attest.FILE, raising=False)
    before = small.state(repo)
    with pytest.raises(Refused, match="no machine key is configured"):
        review.reviewed(repo, MODEL, NOW, say=lambda _: None)
    dry = review.reviewed(repo, MODEL, NOW, dry=True, say=lambda _: None)
    assert [one.record for one in dry] == [None, None, None]
    assert small.state(repo) == before


def test_a_person_signs_no_review(repo):
    with evidencing.signing_as(repo, "mei.tanaka"), pytest.raises(Refused, match="a person"):
        review.reviewed(repo, MODEL, NOW, say=lambda _: None)


def test_other_bytes_than_the_evidence_speaks_of_are_refused(repo):
    (repo / FOLDER / "extra.txt").write_text("words")
    with pytest.raises(Refused, match="is about") as refused:
        evidencing.reviewed(repo)
    assert str(refused.value).count("fix: ") == 3


def test_a_model_that_is_not_here_is_refused(repo):
    (repo / FOLDER).rename(repo / "elsewhere")
    with pytest.raises(Refused, match="is missing"):
        evidencing.reviewed(repo)


def told_anew(root):
    """Evidence that speaks of whatever lies in the model's folder, as a forger would leave it."""
    from adapters import modelfile  # noqa: PLC0415

    seen, _ = modelfile.digest(root / FOLDER)
    for stem in ("training", "metrics", "metadata"):
        path = root / of_model(MODEL, stem)
        value = json.loads(path.read_bytes())
        value["model_digest"] = seen
        path.write_text(json.dumps(value))


def test_a_failed_review_is_recorded_all_the_same(repo):
    (repo / FOLDER / "extra.txt").write_bytes(pickle.dumps({"a": 1}))
    told_anew(repo)
    found = evidencing.reviewed(repo)
    assert results(found)["security"] == "FAILED"
    names = {check.name for check in failed(found, "security")}
    assert names == {"security: pickles", "security: types"}
    assert (repo / found[0].record).is_file()


def test_a_metric_beyond_its_bound_fails(repo):
    path = repo / of_model(MODEL, "metrics")
    value = json.loads(path.read_bytes())
    value["performance"]["roc_auc"] = {"value": 1.2, "low": 1.1, "high": 1.3, "rows": 5000}
    path.write_text(json.dumps(value))
    (check,) = failed(evidencing.reviewed(repo), "performance")
    assert "no possible value" in check.measured


def test_an_attribute_nobody_scanned_fails_the_bias_review(repo):
    path = repo / "artifacts/ml/datasets/visits/bias.json"
    value = json.loads(path.read_bytes())
    value["attributes"] = {}
    path.write_text(json.dumps(value))
    (check,) = failed(evidencing.reviewed(repo), "bias")
    assert "was not scanned" in check.measured


def advisory(root, version):
    """A lock, and advisories about one version of what it names."""
    small.put(root / "locks/runtime.txt", "jinja2==3.1.4 \\\n    --hash=sha256:00\n")
    affected = {"package": {"ecosystem": "PyPI", "name": "Jinja2"}, "versions": [version]}
    value = [{"id": "PYSEC-2026-1", "affected": [affected]}]
    return small.put(root.parent / "osv.json", json.dumps(value))


def test_a_known_vulnerability_in_the_lock_fails_the_security_review(repo):
    found = evidencing.reviewed(repo, known=advisory(repo, "3.1.4"))
    (check,) = failed(found, "security")
    assert "PYSEC-2026-1" in check.measured
    assert "advisories" in configured(found[0].predicate)


def test_advisories_about_other_versions_pass(repo):
    found = evidencing.reviewed(repo, known=advisory(repo, "0.0.1"))
    assert results(found)["security"] == "PASSED"
    assert "skipped" not in found[0].predicate["charter"]


def test_the_command_tells_all_checks_and_ends_with_their_outcome(repo, monkeypatch):
    from cli.review import review as command  # noqa: PLC0415

    osv = advisory(repo, "3.1.4")
    with evidencing.signing_as(repo):
        given = [MODEL, "--repo", str(repo), "--now", NOW.isoformat()]
        fine = CliRunner().invoke(command, given)
        bad = CliRunner().invoke(command, [*given, "--advisories", str(osv), "--format", "json"])
    assert fine.exit_code == 0
    assert "security: PASSED" in fine.stdout
    assert "what is inconclusive needs the board" in fine.stdout
    assert bad.exit_code == 1
    assert [one["review"] for one in json.loads(bad.stdout)] == ["security", "performance", "bias"]
    monkeypatch.delenv(attest.FILE, raising=False)
    keyless = CliRunner().invoke(command, given)
    assert keyless.exit_code == 1
    assert "fix: set CHARTER_MACHINE_KEY" in keyless.stderr


@pytest.fixture
def released(shared, tmp_path, monkeypatch):
    """A repository whose champion lies in the bucket."""
    from pipelines import registry_entry, registry_store  # noqa: PLC0415 - loads the bucket
    from pipelines.confirmed import base  # noqa: PLC0415

    made = small.template(shared, evidencing.registered)
    root = small.copied(made, tmp_path / "repo")
    entry = registry_entry.entry(root, base(root), MODEL, "1.0.0")
    registry_store.store(root, base(root), entry, NOW, say=lambda _: None)
    path = root / f"models/{MODEL}/model.yaml"
    path.write_text(path.read_text() + "champion: 1.0.0\n")
    small.commit(root, "Promote")
    monkeypatch.chdir(root)
    return root


def test_the_champions_own_bytes_lose_nothing_against_it(released):
    (one,) = [one for one in evidencing.reviewed(released) if one.review == "performance"]
    assert "these are the champion's very bytes" in [check.measured for check in one.checks]


def test_a_candidate_is_held_against_the_champion_on_the_same_rows(released):
    from pipelines import evaluate, record, train  # noqa: PLC0415 - loads scikit-learn

    path = released / f"models/{MODEL}/model.yaml"
    text = path.read_text()
    assert "params: {C: 1}" in text
    path.write_text(text.replace("params: {C: 1}", "params: {C: 0.001}"))
    for step in (train.train, evaluate.evaluate, record.record):
        step(MODEL)
    found = evidencing.reviewed(released)
    (one,) = [one for one in found if one.review == "performance"]
    comparison = one.predicate["charter"]["comparison"]
    assert one.predicate["charter"]["champion"]["version"] == "1.0.0"
    assert comparison["rows"] == 66
    assert comparison["candidate"] != comparison["champion"]
    assert {"roc_auc", "accuracy"} <= {*comparison["metrics"]}


def test_a_champion_that_is_in_no_bucket_cannot_be_held_against(released):
    import shutil  # noqa: PLC0415 - beside its one use

    shutil.rmtree(released / ".charter/registry")
    path = released / of_model(MODEL, "training")
    value = json.loads(path.read_bytes())
    (released / FOLDER / "more.txt").write_text("words")
    told_anew(released)
    assert value["model_digest"] != json.loads(path.read_bytes())["model_digest"]
    with pytest.raises(Refused, match="does not hold returning"):
        evidencing.reviewed(released)
