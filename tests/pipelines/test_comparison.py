"""Two stored models answer the same held-out rows."""

from __future__ import annotations

import contextlib
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import small
from sklearn.dummy import DummyClassifier

from adapters import modelfile
from governance.bounds import ChampionBound
from governance.gates import beside_champion
from governance.model import Features, Model
from pipelines import comparison, frames, inputs
from pipelines.comparison import compare
from pipelines.inputs import Refused

TRAINED = Path("artifacts/ml/models/returning/model")


def fitted(target: Path, model: Model, *, constant: bool = False) -> Path:
    """A folder with a model trained as declared, or one that always says the same."""
    from pipelines import estimators  # noqa: PLC0415

    trained, _ = frames.split(model, inputs.contract(model.dataset))
    if constant:
        found = DummyClassifier(strategy="prior").fit(trained.features, trained.target)
    else:
        registry = inputs.declared("policies/registry.yaml")
        found = estimators.fit(model, registry, trained.features, trained.target)
    target.mkdir()
    (target / modelfile.NAME).write_bytes(modelfile.dump(found))
    return target


def other(model: Model, **training: object) -> Model:
    return model.model_copy(update={"training": model.training.model_copy(update=training)})


def refused(candidate: Path, champion: Path) -> str:
    with pytest.raises(Refused) as caught:
        compare(Path(), "returning", candidate, champion)
    return str(caught.value)


@pytest.mark.usefixtures("ran")
def test_both_are_measured_on_the_rows_held_out(tmp_path: Path) -> None:
    model: Model = inputs.model("returning")
    champion = fitted(tmp_path / "champion", other(model, params={"C": 0.001}))
    before = small.state(Path())
    found = compare(Path(), "returning", TRAINED, champion, version="1.2.3")
    assert small.state(Path()) == before
    _, held = frames.split(model, inputs.contract("visits"))
    loaded = modelfile.load(TRAINED / modelfile.NAME, ["numpy.dtype"])
    right = np.mean((loaded.predict_proba(held.features)[:, 1] >= 0.5) == held.target)
    assert found.metrics["accuracy"].candidate == pytest.approx(right, abs=1e-6)
    assert found.rows == len(held.target)
    assert (found.candidate, found.champion, found.champion_version) == (
        modelfile.digest(TRAINED)[0], modelfile.digest(champion)[0], "1.2.3",
    )  # fmt: skip
    again = compare(Path(), "returning", TRAINED, champion, version="1.2.3")
    assert again == found


@pytest.mark.usefixtures("ran")
def test_a_model_that_ranks_nothing_fails(tmp_path: Path) -> None:
    model: Model = inputs.model("returning")
    blind = fitted(tmp_path / "blind", model, constant=True)
    bound = ChampionBound(metric="roc_auc", relative_drop_at_most=0.03, minimum_rows=60)
    found = compare(Path(), "returning", blind, TRAINED)
    (result,) = beside_champion([bound], found)
    assert result.verdict == "fail"
    turned = compare(Path(), "returning", TRAINED, blind)
    (result,) = beside_champion([bound], turned)
    assert result.verdict == "pass"
    assert turned.rows_digest == found.rows_digest


@pytest.mark.usefixtures("ran")
def test_answers_in_parts_are_the_same_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Model = inputs.model("returning")
    champion = fitted(tmp_path / "champion", other(model, params={"C": 0.001}))
    whole = compare(Path(), "returning", TRAINED, champion)
    monkeypatch.setattr(comparison, "AT_ONCE", 7)
    assert compare(Path(), "returning", TRAINED, champion) == whole


@pytest.mark.usefixtures("ran")
def test_a_champion_of_other_features_answers_by_its_own(tmp_path: Path) -> None:
    model: Model = inputs.model("returning")
    before = model.model_copy(update={"features": Features(numeric=("spend",))})
    wider = model.model_copy(
        update={"features": Features(numeric=("spend",), categorical=("channel", "sex"))}
    )
    narrow = fitted(tmp_path / "narrow", before)
    assert compare(Path(), "returning", TRAINED, narrow, declared=before).rows
    wide = fitted(tmp_path / "wide", wider)
    assert compare(Path(), "returning", TRAINED, wide, declared=wider).rows
    assert refused(TRAINED, wide) == (
        f"{wide}: reads sex, which models/returning/model.yaml does not\n"
        "  fix: compare with the declaration that model was trained by"
    )


@pytest.mark.usefixtures("ran")
def test_b98_a_candidate_is_not_compared_with_itself(tmp_path: Path) -> None:
    copy = shutil.copytree(TRAINED, tmp_path / "copy")
    told = refused(TRAINED, copy)
    assert told.startswith("returning: candidate and champion are the same bytes, ")
    assert "fix: compare with the version in production on the governed branch" in told


@pytest.mark.usefixtures("ran")
def test_a_champion_that_does_not_load_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / modelfile.NAME).write_bytes(b"\x80\x04N.")
    assert "is no whole skops file" in refused(TRAINED, broken)


@pytest.mark.usefixtures("ran")
def test_a_champion_of_types_nobody_allowed_is_refused(tmp_path: Path) -> None:
    twisted = tmp_path / "twisted"
    twisted.mkdir()
    with zipfile.ZipFile(TRAINED / modelfile.NAME) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = members["schema.json"].replace(b"LogisticRegression", b"LogisticRegressionZ")
    with zipfile.ZipFile(twisted / modelfile.NAME, "w") as archive:
        for name, content in (members | {"schema.json": schema}).items():
            archive.writestr(name, content)
    assert str(twisted) in refused(TRAINED, twisted)


@pytest.mark.usefixtures("ran")
def test_numbers_are_compared_as_well(tmp_path: Path) -> None:
    model: Model = inputs.model("rent")
    champion = fitted(tmp_path / "champion", other(model, params={"alpha": 100}))
    found = compare(Path(), "rent", Path("artifacts/ml/models/rent/model"), champion)
    assert set(found.metrics) == {"mean_absolute_error", "r2", "root_mean_squared_error"}


def test_it_works_from_another_folder(ran: Path, tmp_path: Path) -> None:
    model: Model = inputs.model("returning")
    champion = fitted(tmp_path / "champion", other(model, params={"C": 0.001}))
    with contextlib.chdir(tmp_path):
        found = compare(ran, "returning", ran / TRAINED, Path("champion"))
        assert Path.cwd() == tmp_path
    assert found.champion == modelfile.digest(champion)[0]
