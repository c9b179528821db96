"""`train` fits what is declared, on the rows that are declared, and nothing else."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import signing
import small

from adapters import engine, modelfile
from governance.manifest import manifests
from governance.model import Model
from pipelines import frames, inputs
from pipelines.frames import Rows
from pipelines.inputs import Refused
from pipelines.train import train

REPORT = Path("artifacts/ml/models/returning/training.json")
BIAS = Path("artifacts/ml/datasets/visits/bias.json")
VISITS = Path("policies/datasets/visits.yaml")

pytestmark = pytest.mark.usefixtures("ran")


def change(path: Path | str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def declare(old: str, new: str, name: str = "returning") -> None:
    change(f"models/{name}/model.yaml", old, new)


def refused(name: str = "returning") -> str:
    with pytest.raises(Refused) as caught:
        train(name)
    return str(caught.value)


def split(name: str) -> tuple[Rows, Rows]:
    model: Model = inputs.model(name)
    return frames.split(model, inputs.contract(model.dataset))


def test_facts_name_the_model_and_what_made_it() -> None:
    report = json.loads(REPORT.read_text())
    trained, held = split("returning")
    assert (report["rows_trained"], report["rows_held_out"]) == (154, 66)
    assert (len(trained.target), len(held.target)) == (154, 66)
    assert report["dataset_digest"] == inputs.manifest("visits").digest
    assert report["model_digest"] == modelfile.digest(REPORT.parent / "model")[0]
    assert set(report["environment"]) >= {"python", "numpy", "scikit-learn", "skops"}


def test_a_second_run_gives_the_same_model() -> None:
    before = small.state(REPORT.parent)
    train("returning")
    assert small.state(REPORT.parent) == before


def test_another_parameter_gives_another_model() -> None:
    before = REPORT.read_text()
    declare("C: 1", "C: 0.01")
    train("returning")
    assert REPORT.read_text() != before


def _unsaid(root: Path) -> Path:
    """Takes the stewards' words away."""
    for path in root.glob("records/approvals/confirm-*.yaml"):
        path.unlink()
    return root


def test_data_no_steward_confirmed_are_refused(ran: Path) -> None:
    _unsaid(ran)
    with pytest.raises(Refused, match="is not confirmed: landing: data-steward 0 of 1") as refusal:
        train("returning")
    assert "charter approve dataset:visits --role data-steward" in str(refusal.value)


def test_a_word_about_other_bytes_confirms_nothing(ran: Path) -> None:
    _unsaid(ran)
    small.confirm(ran, "flats")
    text = next(ran.glob("records/approvals/confirm-flats-*.yaml")).read_text()
    assert "dataset:flats" in text
    with pytest.raises(Refused, match=r"visits at .* is not confirmed"):
        train("returning")


def test_a_word_taken_back_confirms_nothing(ran: Path) -> None:
    seen = small.declarations(ran)
    digest = manifests(seen)["visits"].digest
    text = signing.record(
        "back", "priya.raman", "data-steward", "dataset:visits", digest, said="withdraw",
        repository="example/charter", at="2026-11-22T00:01:00Z",
    )  # fmt: skip
    small.put(ran / "records/approvals/back.yaml", text)
    with pytest.raises(Refused, match="is not confirmed"):
        train("returning")


def test_who_landed_the_data_does_not_confirm_them(ran: Path) -> None:
    for path in ran.glob("records/landings/visits/*.yaml"):
        path.write_text(path.read_text() + "by: priya.raman\n")
    with pytest.raises(Refused, match=r"ignored: priya\.raman \(author\)"):
        train("returning")


def test_a_key_added_beside_the_governed_branch_confirms_nothing(ran: Path) -> None:
    _unsaid(ran)
    small.commit(ran, "nobody said anything")
    small.git(ran, "checkout", "--quiet", "-b", "mine")
    roles = ran / "policies/roles.yaml"
    own = roles.read_text().replace(signing.public("priya.raman"), signing.public("mallory"))
    roles.write_text(own)
    text = signing.record(
        "mine", "priya.raman", "data-steward", "dataset:visits",
        manifests(small.declarations(ran))["visits"].digest, key="mallory",
        repository="example/charter", at="2026-11-22T00:00:00Z",
    )  # fmt: skip
    small.put(ran / "records/approvals/mine.yaml", text)
    small.commit(ran, "my own key")
    with pytest.raises(Refused, match="is not confirmed"):
        train("returning")


def test_data_that_were_not_scanned_for_bias_are_refused() -> None:
    BIAS.unlink()
    assert refused().startswith(f"{BIAS} is missing: visits was not scanned for bias")


def test_a_bias_report_of_other_data_is_refused() -> None:
    report = json.loads(BIAS.read_text())
    change(BIAS, report["dataset_digest"], f"sha256:{'0' * 64}")
    assert refused().startswith(f"{BIAS} is about visits at 000000000000, not visits at ")


def test_a_protected_attribute_nobody_scanned_is_refused() -> None:
    declare("protected: [sex]", "protected: [sex, channel]")
    assert refused().startswith(f"{BIAS}: protected attribute channel was not scanned")


LINEAR = "sklearn.linear_model.LogisticRegression"
ESTIMATORS = {
    "outside the list": (LINEAR, "os.path.Nothing", "estimator os.path.Nothing is not allowed"),
    "a look-alike module": (LINEAR, "sklearn_evil.Model", "estimator sklearn_evil.Model is not"),
    "unknown": (
        LINEAR,
        "sklearn.linear_model.Nothing",
        "there is no Nothing in sklearn.linear_model",
    ),
    "an unknown module": (LINEAR, "sklearn.nothing.Model", "there is no Model in sklearn.nothing"),
    "no estimator": (LINEAR, "sklearn.utils.Bunch", "sklearn.utils.Bunch is no estimator"),
    "for another task": (
        LINEAR,
        "sklearn.linear_model.LinearRegression",
        "LinearRegression does no",
    ),
    "a transformer": (LINEAR, "sklearn.preprocessing.StandardScaler", "StandardScaler does no"),
    "of parts": (LINEAR, "sklearn.ensemble.VotingClassifier", "VotingClassifier"),
    "an unknown parameter": (
        "{C: 1}",
        "{depth: 3}",
        "takes no parameter depth; it takes C, class_weight",
    ),
    "a parameter out of range": (
        "{C: 1}",
        "{C: -1}",
        "The 'C' parameter of LogisticRegression must be",
    ),
}


@pytest.mark.parametrize(("old", "new", "says"), ESTIMATORS.values(), ids=ESTIMATORS)
def test_an_estimator_is_refused_that_is(old: str, new: str, says: str) -> None:
    declare(old, new)
    if old == LINEAR:
        declare("{C: 1}", "{}")
    told = refused()
    assert told.startswith("returning: ")
    assert says in told


TRAINER = """
from sklearn.dummy import DummyClassifier
def fit(features, target, *, seed, depth):
    assert list(features.columns) == ["spend", "channel"] and depth == 3
    return DummyClassifier(random_state=seed).fit(features, target)
def nothing(features, target, *, seed, depth):
    pass
"""


@pytest.fixture
def trainer(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small.put(ran / "own_trainers.py", TRAINER)
    monkeypatch.syspath_prepend(ran)
    monkeypatch.delitem(sys.modules, "own_trainers", raising=False)
    declare(f"estimator: {LINEAR}", "trainer: own_trainers:fit")
    declare("{C: 1}", "{depth: 3}")


@pytest.mark.usefixtures("trainer")
def test_a_trainer_of_ones_own_is_called_when_the_policy_lists_it() -> None:
    change("policies/registry.yaml", "[pipelines.trainers]", "[own_trainers]")
    train("returning")
    fitted = modelfile.load(REPORT.parent / "model" / modelfile.NAME, ["numpy.dtype"])
    assert fitted.random_state == 7


@pytest.mark.usefixtures("ran")
def test_the_trainer_that_comes_along_fits_a_model_that_loads() -> None:
    declare(f"estimator: {LINEAR}", "trainer: pipelines.trainers:ranked_logistic")
    declare("{C: 1}", "{strength: 0.5}")
    train("returning")
    fitted = modelfile.load(REPORT.parent / "model" / modelfile.NAME, ["numpy.dtype"])
    assert fitted[-1].C == 0.5


@pytest.mark.usefixtures("trainer")
def test_a_trainer_the_policy_does_not_list_is_refused_unread() -> None:
    assert refused() == (
        "returning: trainer module own_trainers is not allowed by policies/registry.yaml"
    )
    assert "own_trainers" not in sys.modules


@pytest.mark.usefixtures("trainer")
def test_a_trainer_has_to_return_a_model() -> None:
    change("policies/registry.yaml", "[pipelines.trainers]", "[own_trainers]")
    declare(":fit", ":nothing")
    assert refused() == "returning: own_trainers:nothing returned nothing that predicts"


def test_a_model_of_untrusted_types_is_refused_before_it_is_written() -> None:
    (REPORT.parent / "model" / modelfile.NAME).unlink()
    declare(LINEAR, "sklearn.tree.DecisionTreeClassifier")
    declare("{C: 1}", "{max_depth: 2}")
    change("policies/registry.yaml", "  - sklearn.tree._tree.Tree\n", "")
    assert refused() == (
        "returning: the model holds types not in policies/registry.yaml: sklearn.tree._tree.Tree"
    )
    assert not (REPORT.parent / "model" / modelfile.NAME).exists()


def keys(rows: Rows) -> set[tuple[float, ...]]:
    return {tuple(row) for row in rows.features.fillna(-1).to_numpy().tolist()}


@pytest.mark.parametrize("by", ["key", "content"])
def test_rows_held_out_stay_held_out_when_rows_are_added(by: str, ran: Path) -> None:
    declare("by: key", f"by: {by}", "rent")
    before = [keys(rows) for rows in split("rent")]
    extra = small.flats(500, 80)
    folder = ran / "artifacts/ml/datasets/flats/prepared"
    contract = inputs.contract("flats")
    path = small.put(ran / "extra.csv", extra)
    table = engine.typed(engine.read(engine.connect(), path, contract), contract).to_pyarrow()
    pq.write_table(table, folder / "0-first.parquet")
    after = [keys(rows) for rows in split("rent")]
    assert before[0] < after[0]
    assert before[1] < after[1]
    assert 0.15 < len(after[1]) / 200 < 0.45


def test_another_seed_holds_out_other_rows() -> None:
    before = keys(split("rent")[1])
    declare("seed: 7", "seed: 8", "rent")
    assert keys(split("rent")[1]) != before


def test_the_newest_rows_are_held_out_by_time() -> None:
    table = pq.read_table(BIAS.parent / "prepared").to_pandas()
    ordered = table["seen_at"].sort_values().to_numpy()
    cut = ordered[int(len(ordered) * 0.7)]
    expected = table[table["seen_at"] >= cut]["spend"].to_numpy()
    held = split("returning")[1].features["spend"].to_numpy()
    assert np.array_equal(held, expected, equal_nan=True)


def test_a_holdout_without_what_it_needs_is_refused() -> None:
    declare("by: key", "by: time", "rent")
    assert refused("rent") == "rent: holdout by time needs a contract with an event time"


def test_a_holdout_that_leaves_one_side_empty_is_refused() -> None:
    declare("share: 0.3", "share: 0.0000001", "rent")
    assert refused("rent") == "rent: no rows to evaluate on; change `training.holdout`"


def rewrite(column: str, values: object) -> None:
    """Gives one column of the prepared rows other values."""
    for path in sorted((BIAS.parent / "prepared").iterdir()):
        table = pq.read_table(path)
        array = (
            pa.array([values] * table.num_rows)
            if not isinstance(values, list)
            else pa.array((values * table.num_rows)[: table.num_rows])
        )
        pq.write_table(small.altered(table, **{column: array}), path)


def test_one_class_in_the_rows_held_out_is_refused() -> None:
    for path in sorted((BIAS.parent / "prepared").iterdir()):
        table = pq.read_table(path)
        days = table["seen_at"].to_pylist()
        values = [int(day.day < 17 and bool(old)) for day, old in
                  zip(days, table["returned"].to_pylist(), strict=True)]  # fmt: skip
        pq.write_table(small.altered(table, returned=values), path)
    assert refused() == "returning: returned has a single value in the rows to evaluate on"


def test_every_row_of_one_day_is_refused() -> None:
    rewrite("seen_at", small.NOW.date())
    assert refused() == "returning: no rows to train on; change `training.holdout`"


def test_a_positive_class_that_never_occurs_is_refused() -> None:
    declare("positive: 1", "positive: 7")
    assert refused() == "returning: returned has a single value in the rows to train on"


def test_a_positive_class_that_cannot_occur_is_refused() -> None:
    declare("positive: 1", "positive: often")
    assert refused() == "returning: 'often' is no value of returned, a int64"


@pytest.mark.parametrize(("values", "positive"), [
    (["no", "yes"], '"yes"'), ([False, True], "true"), ([0, 1], "true"), ([0.0, 1.0], "1"),
])  # fmt: skip
def test_a_positive_class_is_found_however_it_is_spelt(values: list[object], positive: str) -> None:
    rewrite("returned", values)
    declare("positive: 1", f"positive: {positive}")
    target = split("returning")[0].target
    assert 0.4 < target.mean() < 0.6


def test_a_column_of_words_is_no_number() -> None:
    declare("numeric: [spend]", "numeric: [spend, visit_id]")
    assert refused() == "models/returning/model.yaml: column visit_id holds string, not numbers"


def test_a_column_that_was_dropped_is_refused() -> None:
    declare("numeric: [spend]", "numeric: [spend, age]")
    assert refused() == "models/returning/model.yaml: column age is not in the prepared data"


def test_a_message_quotes_no_row() -> None:
    declare("numeric: [spend]", "numeric: [visit_id]")
    assert not re.search(r"[0-9a-f]{32}", refused())
