"""A whole repository of two tiny datasets and two models, made once and copied per test.

`visits` is Parquet with an event time and personal columns, `flats` is CSV without either;
`returning` classifies visits by time, `rent` predicts flats by key.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import signing

TOP: Final = Path(__file__).parents[1]
NOW: Final = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
COPIED: Final = ("adapters", "governance", "pipelines", "policies", "dvc.yaml", ".gitignore")
POINTER: Final = Path("datasets.dvc")
VISITS: Final = Path("data/ml/training/visits")
LATEST_FIELDS: Final = ("started_at", "finished_at", "host")
"""The clock fields of `last_retrain.json`."""

_CONTRACT: Final = """\
apiVersion: v3.2.0
kind: DataContract
id: {name}
name: {name}
version: 1.0.0
status: active
servers:
  - {{server: training, type: local, path: data, format: {format}, delimiter: "{delimiter}"}}
slaProperties: {sla}
customProperties:
  - property: source
    value: {{kind: {kind}, id: made, uri: tests/small.py, licence: Apache-2.0}}
  - {{property: pseudonym_key, value: sample}}
schema:
  - name: {name}
    logicalType: object
    quality: [{{type: library, metric: rowCount, mustBeGreaterOrEqualTo: 50}}]
    properties:
"""
_COLUMN: Final = """\
      - name: {name}
        logicalType: {type}
        classification: {classification}
        customProperties: [{custom}]
"""


def _column(
    name: str, kind: str, *more: str, classification: str = "none", technique: str = "keep",
    role: str | None = None,
) -> str:  # fmt: skip
    custom = [f"{{property: technique, value: {technique}}}", "{property: purpose, value: a test}"]
    if role:
        custom.append(f"{{property: {role}, value: true}}")
    text = _COLUMN.format(
        name=name, type=kind, classification=classification, custom=", ".join(custom)
    )
    return text + "".join(f"        {line}\n" for line in more)


def visits_contract(kind: str = "synthetic") -> str:
    """The contract of `visits`: Parquet, keyed, dated, with personal columns."""
    person = {"classification": "direct-identifier"}
    return _CONTRACT.format(
        name="visits", format="parquet", delimiter=",", kind=kind,
        sla="[{property: freshness, value: 60, unit: d, element: visits.seen_at}]",
    ) + "".join((
        _column("visit_id", "string", "primaryKey: true",
                'logicalTypeOptions: {pattern: "^V-[0-9]{6}$"}',
                **person, technique="pseudonymise"),
        _column("email", "string", "required: true",
                'logicalTypeOptions: {pattern: "^[^@ ]+@[^@ ]+$"}', **person, technique="drop"),
        _column("seen_at", "timestamp", "required: true",
                classification="quasi-identifier", technique="truncate-date"),
        _column("age", "integer", "logicalTypeOptions: {minimum: 18, maximum: 90}",
                classification="quasi-identifier", technique="drop"),
        _column("sex", "string", "required: true", "enum: [{value: F}, {value: M}]",
                classification="sensitive", role="protected"),
        _column("spend", "number", "logicalTypeOptions: {minimum: 0}"),
        _column("channel", "string", "enum: [{value: web}, {value: shop}]"),
        _column("returned", "integer", "required: true", "enum: [{value: 0}, {value: 1}]",
                role="label"),
    ))  # fmt: skip


def flats_contract() -> str:
    """The contract of `flats`: CSV with semicolons, no event time."""
    return _CONTRACT.format(
        name="flats", format="csv", delimiter=";", kind="synthetic", sla="[]",
    ) + "".join((
        _column("flat_id", "integer", "primaryKey: true"),
        _column("district", "string", "required: true", "enum: [{value: north}, {value: süd}]",
                classification="sensitive", role="protected"),
        _column("area", "number", "required: true", "logicalTypeOptions: {minimum: 10}"),
        _column("rooms", "integer"),
        _column("rent", "number", "required: true", role="label"),
    ))  # fmt: skip


_MODEL: Final = """\
name: {name}
title: A test
owner: nadia.okafor
risk_tier: minimal
purpose:
  intended: Test the pipeline
  out_of_scope: [Anything else]
  users: [Tests]
task: {task}
dataset: {dataset}
target: {target}
protected: [{protected}]
features:
  numeric: [{numeric}]
  categorical: [{categorical}]
training:
  estimator: {estimator}
  params: {{{params}}}
  preprocessing: {{numeric: [impute-median, standardise], categorical: [one-hot]}}
  holdout: {{share: 0.3, by: {by}}}
  seed: 7
"""
MODELS: Final = {
    "returning": _MODEL.format(
        name="returning", task="classification", dataset="visits",
        target="{column: returned, positive: 1}", protected="sex", numeric="spend",
        categorical="channel", estimator="sklearn.linear_model.LogisticRegression", params="C: 1",
        by="time",
    ),
    "rent": _MODEL.format(
        name="rent", task="regression", dataset="flats", target="{column: rent}",
        protected="district", numeric="area, rooms", categorical="",
        estimator="sklearn.linear_model.Ridge", params="alpha: 1", by="key",
    ),
}  # fmt: skip


def visits(first: int = 1, rows: int = 120, until: datetime = NOW) -> pa.Table:
    """Visits numbered from `first`, one an hour, the newest a day before `until`."""
    dice = Random(first)
    start = until.replace(tzinfo=None) - timedelta(days=1, hours=rows)
    spend = [round(dice.uniform(1, 100), 2) for _ in range(rows)]
    known = [value if i % 10 else None for i, value in enumerate(spend)]
    again = [int(value + dice.uniform(-30, 30) > 50) for value in spend]
    return pa.table({
        "visit_id": [f"V-{first + i:06d}" for i in range(rows)],
        "email": [f"person{first + i}@example.org" for i in range(rows)],
        "seen_at": pa.array([start + timedelta(hours=i) for i in range(rows)], pa.timestamp("us")),
        "age": pa.array([dice.randrange(18, 90) for _ in range(rows)], pa.int64()),
        "sex": [dice.choice("FM") for _ in range(rows)],
        "spend": pa.array(known, pa.float64()),
        "channel": [dice.choice(["web", "shop"]) for _ in range(rows)],
        "returned": pa.array(again, pa.int64()),
    })  # fmt: skip


def flats(first: int = 1, rows: int = 120) -> str:
    """Flats numbered from `first`, as CSV text."""
    dice = Random(first)
    lines = ["flat_id;district;area;rooms;rent"]
    for number in range(first, first + rows):
        area = round(dice.uniform(20, 120), 1)
        rooms = "" if number % 9 == 0 else str(1 + int(area // 30))
        rent = round(area * 11 + dice.uniform(-80, 80), 2)
        lines.append(f"{number};{dice.choice(['north', 'süd'])};{area};{rooms};{rent}")
    return "\n".join(lines) + "\n"


def put(path: Path, content: pa.Table | str | bytes) -> Path:
    """Writes a data file; a table goes into the format its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pa.Table) and path.suffix == ".csv":
        pc.write_csv(content, path, pc.WriteOptions(delimiter=";"))
    elif isinstance(content, pa.Table):
        pq.write_table(content, path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def altered(table: pa.Table, **columns: Any) -> pa.Table:
    """The table with columns replaced by other values, or taken out where None is given."""
    for name, values in columns.items():
        index = table.schema.get_field_index(name)
        if values is None:
            table = table.drop_columns([name])
        elif index < 0:
            table = table.append_column(name, pa.array(values))
        else:
            array = values if isinstance(values, pa.Array) else pa.array(values)
            table = table.set_column(index, name, array)
    return table


def with_cell(table: pa.Table, column: str, row: int, value: Any) -> pa.Table:
    """The table with another value in one cell; rows count from 0."""
    values = table[column].to_pylist()
    values[row] = value
    return altered(table, **{column: pa.array(values, table.schema.field(column).type)})


def git(root: Path, *arguments: str) -> str:
    """Output of a Git command in a repository, as a fixed person."""
    who = (
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.org",
        "-c",
        "commit.gpgsign=false",
    )
    done = subprocess.run(
        ["git", *who, "-C", str(root), *arguments], check=True, capture_output=True, text=True,
        env=environment(),
    )  # fmt: skip
    return done.stdout


def environment() -> dict[str, str]:
    """The environment of the tests without what could redirect Git, and with byte code."""
    away = {"PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"}
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_") and k not in away}


def commit(root: Path, message: str = "change") -> None:
    """Commits everything that is not ignored."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)


def bare(root: Path) -> None:
    """A repository with contracts and models, and nothing landed yet."""
    root.mkdir(parents=True)
    for name in COPIED:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, root / name)
        else:
            shutil.copy2(TOP / name, root / name)
    shutil.rmtree(root / "policies" / "datasets")
    put(root / "policies/datasets/visits.yaml", visits_contract())
    put(root / "policies/datasets/flats.yaml", flats_contract())
    for name, text in MODELS.items():
        put(root / "models" / name / "model.yaml", text)
    retention = root / "policies/retention.yaml"
    retention.write_text(_without_datasets(retention.read_text()))
    roles = root / "policies/roles.yaml"
    roles.write_text(_with_test_keys(roles.read_text()))
    put(root / ".dvc/config", (TOP / ".dvc/config").read_text())
    put(root / ".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "begin")


def _without_datasets(text: str) -> str:
    """`retention.yaml` with windows for the tiny datasets instead of the project's."""
    return text.replace("payment_default", "visits").replace("diabetes_progression", "flats")


def _with_test_keys(text: str) -> str:
    """`roles.yaml` with keys of the stewards that the tests hold."""
    for person in ("priya.raman", "jonas.weber"):
        head, tail = text.split(f"  {person}:\n", 1)
        before, _, after = tail.partition("public: ")
        rest = after.partition("\n")[2]
        text = f"{head}  {person}:\n{before}public: {signing.public(person)}\n{rest}"
    return text


def confirm(root: Path, *names: str) -> None:
    """Signs, as a steward, every dataset as it stands, or those that are named."""
    from governance.manifest import manifests  # noqa: PLC0415

    for name, manifest in manifests(declarations(root)).items():
        if names and name not in names:
            continue
        identity = f"confirm-{name}-{manifest.digest[7:15]}"
        # A later word has to be later: of two at one moment none is the newest.
        second = sum(1 for _ in root.glob(f"records/approvals/confirm-{name}-*.yaml"))
        text = signing.record(
            identity, "priya.raman", "data-steward", f"dataset:{name}", manifest.digest,
            repository="example/charter", at=f"2026-11-22T00:00:{second:02d}Z",
        )  # fmt: skip
        put(root / f"records/approvals/{identity}.yaml", text)


def landed(root: Path) -> None:
    """The same with two files of visits and one of flats."""
    from pipelines.land import land  # noqa: PLC0415 - loads the data engine

    bare(root)
    inbox = root.parent / "inbox"
    files = [put(inbox / "a.parquet", visits()), put(inbox / "b.parquet", visits(200, 100))]
    land(root, "visits", files, NOW - timedelta(days=1), say=_silent)
    land(root, "flats", [put(inbox / "a.csv", flats())], NOW - timedelta(days=1), say=_silent)
    confirm(root)
    commit(root, "land")


def trained(root: Path) -> None:
    """The same after `charter retrain`, committed."""
    landed(root)
    retrain(root)
    commit(root, "retrain")


def ran(root: Path) -> None:
    """The same after every step, run in this process and without DVC."""
    from pipelines import evaluate, prepare, record, scan_bias, train, validate  # noqa: PLC0415

    landed(root)
    with contextlib.chdir(root):
        for name in ("visits", "flats"):
            validate.validate(name)
            prepare.prepare(name)
            scan_bias.scan_bias(name)
        for name in MODELS:
            train.train(name)
            evaluate.evaluate(name)
            record.record(name)
    commit(root, "run")


def retrain(root: Path, *names: str, **options: Any) -> tuple[str, ...]:
    """Retrains in this process; the steps that ran."""
    from pipelines import retrain as act  # noqa: PLC0415

    found = declarations(root)
    return act.retrain(
        root, found, names, command=["charter", "retrain"], say=_silent, **options
    ).ran


def declarations(root: Path) -> Any:
    """The declarations of the work tree."""
    from adapters.reading import Reading  # noqa: PLC0415
    from adapters.worktree import Worktree  # noqa: PLC0415

    return Reading(Worktree(root)).declarations


def _silent(_: str) -> None:
    pass


def template(shared: Path, make: Callable[[Path], None]) -> Path:
    """The repository `make` builds, built once for all processes of a test run.

    Args:
        shared: a folder all of them see.
        make: builds it, such as `landed`; modules may give theirs the same name.
    """
    folder = shared / f"{make.__module__}.{make.__name__}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder / "repository", ignore_errors=True)
            make(folder / "repository")
            (folder / "done").touch()
    return folder / "repository"


def copied(source: Path, target: Path) -> Path:
    """A copy of a repository that shares nothing with it."""
    shutil.copytree(source, target, symlinks=True)
    return target


def state(root: Path) -> dict[str, str]:
    """SHA-256 of every file of the work tree, ignored ones and empty folders included.

    Left out is what is nobody's state: Git's and DVC's own folders, byte code, quarantine.
    """
    found = {}
    for parent, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in {".git", ".dvc", "__pycache__", "quarantine"}]
        here = Path(parent)
        if not folders and not names:
            found[f"{here.relative_to(root)}/"] = "empty"
        for name in names:
            data = (here / name).read_bytes()
            found[str((here / name).relative_to(root))] = hashlib.sha256(data).hexdigest()
    return found


@contextmanager
def unchanged(root: Path) -> Iterator[None]:
    """Asserts that nothing in the work tree or the index of Git is different afterwards."""
    before, staged = state(root), git(root, "ls-files", "--stage")
    yield
    assert state(root) == before
    assert git(root, "ls-files", "--stage") == staged
    assert not (root / ".git/charter/landing/staged").exists()
    assert not (root / ".git/charter/landing/journal.json").exists()
