"""Model files: equal models are equal bytes, and nothing untrusted is ever brought to life."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import skops.io as sio
import small
from sklearn.linear_model import Ridge

from adapters import modelfile
from adapters.modelfile import Untrusted

TOP = Path(__file__).parents[2]
FIT = """
import hashlib, sys
import pipelines  # one thread
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from adapters import modelfile
junk = [object() for _ in range(int(sys.argv[1]))]  # moves every address
x = np.random.default_rng(0).normal(size=(80, 3)).round(1)
columns = ColumnTransformer(
    [("n", StandardScaler(), [0, 1]), ("c", OneHotEncoder(handle_unknown="ignore"), [2])]
)
for model in (
    make_pipeline(columns, LogisticRegression()),
    RandomForestClassifier(5, random_state=0),
    HistGradientBoostingRegressor(max_iter=5, random_state=0),
):
    data = modelfile.dump(model.fit(x, x[:, 0] > 0))
    print(hashlib.sha256(data).hexdigest())
"""
EVENTS: list[str] = []


class Hostile:
    """Tells when it is made or filled by somebody else."""

    def __init__(self) -> None:
        self.value = 1

    def __setstate__(self, state: dict[str, Any]) -> None:
        EVENTS.append("state")
        self.__dict__.update(state)

    def __new__(cls) -> Self:
        EVENTS.append("new")
        return super().__new__(cls)


@pytest.fixture(scope="module")
def ridge() -> bytes:
    x = np.arange(12.0).reshape(6, 2)
    return modelfile.dump(Ridge().fit(x, x[:, 0]))


def test_bytes_are_equal_in_every_process(tmp_path: Path) -> None:
    script = small.put(tmp_path / "fit.py", FIT)
    found = []
    for seed, junk in (("0", "1"), ("4242", "100000")):
        done = subprocess.run(
            [sys.executable, script, junk], check=True, capture_output=True, text=True,
            env=small.environment() | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(TOP)},
        )  # fmt: skip
        found.append(done.stdout.split())
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_canonical_bytes_are_a_fixed_point(ridge: bytes) -> None:
    assert modelfile.canonical(ridge) == ridge


def test_a_model_predicts_the_same_after_a_journey(ridge: bytes, tmp_path: Path) -> None:
    loaded = modelfile.load(small.put(tmp_path / "model.skops", ridge), ["numpy.dtype"])
    x = np.arange(12.0).reshape(6, 2)
    assert (loaded.predict(x) == Ridge().fit(x, x[:, 0]).predict(x)).all()


def renamed(data: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """A skops file with a changed description of its content."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    members["schema.json"] = json.dumps(change(schema)).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def calls_the_shell(schema: dict[str, Any]) -> dict[str, Any]:
    """A function of another module in place of the model."""
    return {
        "protocol": schema["protocol"],
        "_skops_version": schema["_skops_version"],
        "__class__": "partial",
        "__module__": "functools",
        "__loader__": "PartialNode",
        "__id__": 1,
        "content": {
            "func": {
                "__class__": "system", "__module__": "os", "__loader__": "FunctionNode",
                "__id__": 2, "content": {"module_path": "os", "function": "system"},
            },
            "args": {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode",
                     "__id__": 3, "content": []},
            "kwds": {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode",
                     "__id__": 4, "content": {}, "key_types": {
                         "__class__": "list", "__module__": "builtins", "__loader__": "ListNode",
                         "__id__": 6, "content": []}},
            "namespace": {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode",
                          "__id__": 5, "content": {}, "key_types": {
                              "__class__": "list", "__module__": "builtins",
                              "__loader__": "ListNode", "__id__": 7, "content": []}},
        },
    }  # fmt: skip


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(b ^ 0xFF for b in data[middle : middle + 64]) + data[middle + 64 :]


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "no bytes": lambda _: b"",
    "a pickle": lambda _: pickle.dumps({"a": 1}),
    "cut short": lambda data: data[: len(data) // 2],
    "flipped in the middle": flipped,
    "a zip of something else": lambda data: renamed(data, lambda _: {}),
    "no description": lambda data: renamed(data, lambda _: []),
    "a description of nothing": lambda data: renamed(data, lambda _: None),
    "an unknown loader": lambda data: renamed(data, lambda s: s | {"__loader__": "EvilNode"}),
    "a member that is not there": lambda data: data.replace(b"000000.npy", b"999999.npy"),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_refused(
    damage: Callable[[bytes], bytes], ridge: bytes, tmp_path: Path
) -> None:
    path = small.put(tmp_path / "model.skops", damage(ridge))
    with pytest.raises(Untrusted, match=r"model\.skops is no whole skops file \(\w+\)$"):
        modelfile.load(path, ["numpy.dtype"])


def test_an_object_of_another_type_is_never_brought_to_life(tmp_path: Path) -> None:
    data = sio.dumps(Hostile())
    EVENTS.clear()
    name = f"{Hostile.__module__}.Hostile"
    assert modelfile.untrusted(data, ["numpy.dtype"]) == [name]
    path = small.put(tmp_path / "model.skops", data)
    with pytest.raises(Untrusted, match=f"types not in policies/registry.yaml: {name}"):
        modelfile.load(path, ["numpy.dtype"])
    assert EVENTS == []


def test_a_call_hidden_in_the_description_is_refused(ridge: bytes, tmp_path: Path) -> None:
    path = small.put(tmp_path / "model.skops", renamed(ridge, calls_the_shell))
    with pytest.raises(Untrusted, match=r"types not in policies/registry\.yaml: .*system"):
        modelfile.load(path, ["numpy.dtype"])


def test_a_trusted_list_of_nothing_refuses_what_skops_itself_does_not_trust() -> None:
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - one test needs it

    data = modelfile.dump(DecisionTreeClassifier().fit([[0], [1]], [0, 1]))
    assert modelfile.untrusted(data, []) == ["sklearn.tree._tree.Tree"]


def test_the_digest_of_a_folder_is_over_its_files_in_order(tmp_path: Path) -> None:
    small.put(tmp_path / "b", b"2")
    small.put(tmp_path / "a", b"1")
    one, facts = modelfile.digest(tmp_path)
    assert [fact.path for fact in facts] == ["a", "b"]
    small.put(tmp_path / "b", b"3")
    assert modelfile.digest(tmp_path)[0] != one
