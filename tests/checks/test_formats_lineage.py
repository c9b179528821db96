"""The lineage as people read it: golden files, and names that try to steer a reader.

`python -m pytest tests/checks/test_formats_lineage.py --golden` writes the golden files anew.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from checks.formats import lineage as forms
from governance import graph, manifest
from governance.catalogue import Declarations, gather
from governance.declaration import Declared
from governance.finding import CouldNotJudge
from governance.graph import Graph, Node
from governance.lineage import Run, Trained, erased, tainted
from governance.model import Model
from governance.records import ErasedFile, LandedFile, Landing, Source, Tombstone
from governance.release import Release, ReleaseStep, Rollout
from governance.version import Version

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 2, 8, tzinfo=UTC)


def landing(day: int, dataset: str, source: Source, *paths: str, **parents: str) -> Landing:
    files = tuple(LandedFile(path=p, bytes=9, rows=3, sha256=f"{day}" * 64) for p in paths)
    return Landing(
        id=f"l{day}", at=AT.replace(day=day), dataset=dataset, files=files, source=source,
        parents=parents,
    )  # fmt: skip


CLIENT = Source(
    kind="client", id="bank-of-ilse", uri="sftp://bank.example", licence="DPA",
    agreement="DPA-2026-17", licence_ends=date(2027, 6, 30),
)  # fmt: skip
OPEN = Source(kind="licensed-public", id="census", uri="https://c.example", licence="CC-BY-4.0")
MADE = Source(kind="derived", id="joined", uri="make join", licence="DPA", parents=("accounts",))
ACCOUNTS = landing(2, "accounts", CLIENT, "2026-09.csv", "2026-10.csv")
REGIONS = landing(3, "accounts", OPEN, "regions.csv")
STONE = Tombstone(
    id="t-1", at=AT.replace(day=9), dataset="accounts", removal="erasure-4",
    files=(ErasedFile(path="2026-09.csv", sha256="2" * 64, rows=1),), ground="GDPR 17",
)  # fmt: skip


def digest(*landings: Landing) -> str:
    return manifest.fold([Declared(one.id, one) for one in landings]).digest


BEFORE = digest(ACCOUNTS, REGIONS)
JOINED = landing(4, "joined", MADE, "all.csv", accounts=BEFORE)


def world() -> tuple[Declarations, Trained]:
    first, second = f"sha256:{'1a' * 32}", f"sha256:{'2b' * 32}"
    version = Version(
        model="credit", version="1.2.0", digest=f"sha256:{'c0' * 32}",
        dataset_digest=digest(JOINED), training_hash=first, registered_at=AT,
        registered_by="rita", evidence={},
    )  # fmt: skip
    release = Release.model_construct(
        steps=(ReleaseStep(id="canary", stage="production", exposure=0.05, soak="P1D"),)
    )
    values = {
        "records/landings/accounts/a.yaml": ACCOUNTS,
        "records/landings/accounts/b.yaml": REGIONS,
        "records/landings/joined/a.yaml": JOINED,
        "records/tombstones/t-1.yaml": STONE,
        "models/credit/model.yaml": Model.model_construct(
            name="credit", champion="1.2.0", dataset="joined"
        ),
        "models/credit/versions/1.2.0.yaml": version,
        "models/credit/rollout.yaml": Rollout(model="credit", version="1.2.0", step="canary"),
        "policies/release.yaml": release,
    }
    runs = (
        Run("credit", "joined", digest(JOINED), first, version.digest, "5c98521c" * 5),
        Run("credit", "joined", digest(JOINED), second, f"sha256:{'d1' * 32}", None, current=True),
    )
    return gather(values.items()), Trained(runs)


def picture(asked: str) -> tuple[Graph, list[str]]:
    declarations, trained = world()
    whole = graph.build(declarations, trained)
    roots = graph.asked(whole, declarations, asked)
    return whole.around(roots), roots


def taints() -> str:
    declarations, trained = world()
    return forms.tainted(tainted(declarations, trained, erased(declarations)))


def shown(asked: str) -> str:
    return forms.text(*picture(asked))


TEXTS = {
    "lineage_model.txt": lambda: shown("credit@1.2.0"),
    "lineage_dataset.txt": lambda: shown(f"accounts@{BEFORE}"),
    "lineage_tainted.txt": taints,
    "lineage.mermaid": lambda: forms.mermaid(picture("credit@1.2.0")[0]),
    "lineage.dot": lambda: forms.dot(picture("credit@1.2.0")[0]),
    "lineage.json": lambda: forms.as_json(*picture("credit@1.2.0")),
}


@pytest.mark.parametrize("name", TEXTS)
def test_it_reads_as_it_did(request: pytest.FixtureRequest, name: str) -> None:
    text = TEXTS[name]()
    if request.config.getoption("--golden"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text()


ASKED = {
    "a model": ("credit", ["model:credit@sha256:" + "d1" * 32, "model:credit@1.2.0"]),
    "a version": ("credit@1.2.0", ["model:credit@1.2.0"]),
    "a model by the digest of an unregistered run": (
        "credit@d1d1d1d1",
        ["model:credit@sha256:" + "d1" * 32],
    ),
    "a dataset": ("joined", [f"dataset:joined@{digest(JOINED)}"]),
    "a former version of a dataset": (f"accounts@{BEFORE[7:19]}", [f"dataset:accounts@{BEFORE}"]),
    "with its kind": ("dataset:joined", [f"dataset:joined@{digest(JOINED)}"]),
}


@pytest.mark.parametrize(("text", "roots"), ASKED.values(), ids=ASKED)
def test_names_find_what_they_mean(text: str, roots: list[str]) -> None:
    assert sorted(picture(text)[1]) == sorted(roots)


@pytest.mark.parametrize("text", ["nobody", "credit@9.9.9", "model:joined", "joined@0000", "a b"])
def test_names_of_nothing_are_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(CouldNotJudge, match="known: credit, dataset:accounts, dataset:joined"):
        picture(text)


def test_a_picture_holds_what_lies_behind_and_ahead_and_nothing_else() -> None:
    found, _ = picture("credit@1.2.0")
    assert {node.kind for node in found.nodes.values()} == {
        "source", "dataset", "run", "model", "serving",
    }  # fmt: skip
    assert not any("2b2b2b" in node for node in found.nodes), "another run is no part of it"


EVIL = Node("source", "s", '"] --> x["<img src=x onerror=alert(1)>\n\x1b[31m`#quot;')


def test_a_name_cannot_leave_its_box() -> None:
    found = Graph({"s": EVIL}, {})
    (line,) = forms.mermaid(found).splitlines()[1:]
    assert line.count('"') == 2
    assert not {"<", "`", "\x1b"} & set(line)
    label = forms.dot(found).splitlines()[3]
    assert "\x1b" not in label
    assert json.loads(label.partition("=")[2].removesuffix("];"))
    assert "\x1b" not in forms.text(found, ["s"])
