"""A complete, valid little repository in memory: two datasets, three models, every record.

Tests copy it, break one thing and expect one finding. `retrain` settles what a change of
declarations leaves behind, the way `charter retrain` would, without training anything.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import attesting
import signing
import yaml
from proposed import Proposed

from adapters.proposal import Proposal
from adapters.reading import Reading
from adapters.tree import Entry, Tree
from checks import engine
from checks.collect import Collector
from checks.judgement import Judgement
from checks.situation import Situation
from governance import digest, evidence, forge_settings, index, jsontext, pipeline, schema
from governance.approvals import Approvals
from governance.facts import FileMode
from governance.manifest import Manifest, manifests
from governance.model import Model
from governance.roles import Roles
from governance.tally import Tally
from governance.version import REVIEWS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COMMIT = "c0ffee" * 6 + "c0ff"
BASE = "ba5e" * 10
ENVIRONMENT = {"numpy": "2.4.6", "python": "3.11", "scikit-learn": "1.9.1", "skops": "0.16.0"}


class World(Tree):
    """Files by path, as a tree that stands nowhere."""

    def __init__(self, files: Mapping[str, bytes], *, name: str = "world") -> None:
        self.name = name
        self.commit = None
        self.files = dict(files)
        self.modes: dict[str, FileMode] = {}

    def entries(self) -> Mapping[str, Entry]:
        modes = self.modes
        return {p: Entry(modes.get(p, "file"), len(d)) for p, d in sorted(self.files.items())}

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            yield path, self.files[path]

    def copy(self) -> World:
        twin = copy.copy(self)
        twin.files, twin.modes = dict(self.files), dict(self.modes)
        return twin

    def text(self, path: str) -> str:
        return self.files[path].decode()

    def value(self, path: str) -> Any:
        return yaml.load(self.files[path], yaml.CSafeLoader)

    def line(self, path: str, number: int) -> str:
        """The text of a line, counted from 1."""
        return self.files[path].decode(errors="replace").split("\n")[number - 1]

    # What follows changes the world and returns it.

    def put(self, path: str, text: str | bytes, mode: FileMode = "file") -> World:
        self.files[path] = text.encode() if isinstance(text, str) else text
        self.modes[path] = mode
        return self

    def edit(self, path: str, old: str, new: str) -> World:
        assert self.text(path).count(old) == 1, f"{path} holds {old!r} not exactly once"
        return self.put(path, self.text(path).replace(old, new), self.modes.get(path, "file"))

    def remove(self, *paths: str) -> World:
        for path in paths:
            del self.files[path]
        return self

    def move(self, path: str, to: str) -> World:
        return self.put(to, self.files[path]).remove(path)

    def set(self, path: str, route: tuple[str | int, ...], value: Any) -> World:
        """Writes one value of a YAML or JSON file; further keys on the way must exist."""
        return self._change(path, route, lambda parent, key: parent.__setitem__(key, value))

    def drop(self, path: str, *route: str | int) -> World:
        """Removes one key or item of a YAML or JSON file."""
        return self._change(path, route, lambda parent, key: parent.__delitem__(key))

    def _change(
        self, path: str, route: tuple[str | int, ...], act: Callable[[Any, str | int], None]
    ) -> World:
        top = self.value(path)
        parent = top
        for key in route[:-1]:
            parent = parent[key]
        act(parent, route[-1])
        return self.put(path, jsontext.dump(top) if path.endswith(".json") else dump(top))

    def reindex(self) -> World:
        """What `charter index` does."""
        return self.put(index.PATH, index.render(index.expected(Reading(self).declarations)))

    def reforge(self) -> World:
        """What `charter forge` does."""
        found = Reading(self).declarations
        policy, roles = found.one(Approvals, "approvals"), found.one(Roles, "roles")
        for path, text in forge_settings.expected(policy.value, roles.value, NOW.date()).items():
            self.put(path, text)
        return self

    def relock(self) -> World:
        """What `dvc commit --force` does: the lock claims whatever stands here."""
        listed = self.value(index.PATH)
        stages: dict[str, Any] = {}
        for stage in pipeline.stages(listed["datasets"], listed["models"]):
            stages[stage.name] = self._locked(stage, stages)
        self.put("dvc.lock", dump({"schema": "2.0", "stages": stages}))
        if evidence.LAST_RETRAIN in self.files:
            self.set(evidence.LAST_RETRAIN, ("lock_digest",), self.digest("dvc.lock")).seal()
        return self

    def retrain(self) -> World:
        """What `charter retrain` does, with the metrics and bias reports that are here."""
        found = Reading(self).declarations
        kept = manifests(found)
        listed = self.value(index.PATH)
        for name in listed["datasets"]:
            _run_dataset(self, name, kept[name])
            self.confirm(name, kept[name].digest)
        for declared in found.all(Model):
            if declared.value.name in listed["models"]:
                _run_model(self, declared.value, kept[declared.value.dataset])
        return self.relock().rerecord()

    def confirm(self, dataset: str, digest: str) -> World:
        """What a steward signs before a dataset is trained on."""
        name = f"confirm-{dataset}"
        text = signing.record(name, "milo", "data-steward", f"dataset:{dataset}", digest)
        return self.put(f"records/approvals/{name}.yaml", text)

    def write_to(self, folder: Path) -> Path:
        """The same files on disk."""
        for path, data in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if self.modes.get(path) == "symlink":
                (folder / path).symlink_to(data.decode())
            else:
                (folder / path).write_bytes(data)
                (folder / path).chmod(0o755 if self.modes.get(path) == "executable" else 0o644)
        return folder

    def judge(
        self,
        only: Iterable[str] = (),
        *,
        now: datetime = NOW,
        base: World | None = None,
        root: Path = Path("/nowhere"),
        proposal: Proposal | None = None,
    ) -> Judgement:
        """The judgement of this world, by the law of `base` when one is given."""
        collector = self.collect(now=now, base=base, root=root, proposal=proposal)
        return engine.judge(collector, engine.select(only))

    def collect(
        self,
        *,
        now: datetime = NOW,
        base: World | None = None,
        root: Path = Path("/nowhere"),
        proposal: Proposal | None = None,
    ) -> Collector:
        if base is not None:
            base = base.copy()
            base.name, base.commit = "main", BASE
        return Collector(Situation(root=root, tree=self, now=now, base=base, proposal=proposal))

    def tally(
        self, base: World | None = None, proposal: Proposal | None = None, now: datetime = NOW
    ) -> Tally:
        """How the change from `base` (the valid world) to this world stands."""
        collector = self.collect(now=now, base=base or world(), proposal=proposal or Proposed())
        found = collector.get(Tally | None)
        assert found is not None
        return found

    def approve(self, by: str, role: str, subject: str = "change", **more: Any) -> World:
        """Adds a signed approval of what this world holds now.

        `of` is the digest that is signed when it is another; `base` the world it is compared with.
        """
        base, proposal = more.pop("base", None), more.pop("proposal", None)
        digest = more.pop("of", None)
        if digest is None:
            change = self.tally(base, proposal).change
            digest = change.digest if subject == "change" else change.subjects[subject]
        name = more.pop("name", f"2026-11-20-{by}-{role}-{len(self.files)}")
        text = signing.record(name, by, role, subject, digest, **more)
        return self.put(f"records/approvals/{name}.yaml", text)

    def digest(self, path: str) -> str:
        return digest.of_bytes(self.files[path])

    def _locked(self, stage: pipeline.Stage, before: Mapping[str, Any]) -> dict[str, Any]:
        done = {out["path"]: out for entry in before.values() for out in entry["outs"]}
        done |= {out["path"]: out for out in self.value("datasets.dvc")["outs"]}
        deps = stage.paths((*stage.step.deps, *stage.step.code))
        outs = stage.paths(stage.step.cached)
        kept = stage.paths((*stage.step.evidence, *stage.step.metrics))
        entry: dict[str, Any] = {
            "cmd": stage.fill(stage.step.command),
            "deps": [done.get(path) or self._hashed(path) for path in sorted(deps)],
        }
        if stage.params:
            entry["params"] = {
                file: {
                    key: pipeline.section(self.value(file), key)
                    for key in keys
                    if key.split(".")[0] in self.value(file)
                }
                for file, keys in stage.params
            }
        entry["outs"] = [_folder(path, {"only.bin": path.encode()}) for path in sorted(outs)]
        entry["outs"] += [self._hashed(path) for path in sorted(kept)]
        return entry

    def _hashed(self, path: str) -> dict[str, Any]:
        if path in self.files:
            return _file(path, self.files[path])
        below = {
            p.removeprefix(f"{path}/"): d for p, d in self.files.items() if p.startswith(f"{path}/")
        }
        return _folder(path, below)

    def rerecord(self) -> World:
        """What `charter retrain` writes last: what it ran on, and what came out."""
        kept = manifests(Reading(self).declarations)
        listed = self.value(index.PATH)
        models, inputs = {}, {}
        for name in sorted(listed["models"]):
            metadata = self.value(evidence.of_model(name, "metadata"))
            inputs[name] = metadata["inputs"]
            models[name] = {
                "outcome": "retrained",
                "training_hash": metadata["training_hash"],
                "model_digest": metadata["model_digest"],
            }
        return self.put(
            evidence.LAST_RETRAIN,
            sealed(
                {
                    "commit": COMMIT,
                    "uncommitted": [],
                    "command": ["charter", "retrain"],
                    "exit_code": 0,
                    "started_at": "2026-11-22T09:00:00Z",
                    "finished_at": "2026-11-22T09:01:00Z",
                    "host": {"system": "Linux"},
                    "lock_digest": self.digest("dvc.lock"),
                    "datasets": {name: kept[name].digest for name in listed["datasets"]},
                    "code_digest": digest.of_value(
                        {
                            path: hashlib.sha256(self.files[path]).hexdigest()
                            for path in pipeline.code_files()
                        }
                    ),
                    "params_digest": digest.of_value({n: i["params"] for n, i in inputs.items()}),
                    "environment_digest": digest.of_value(
                        {n: i["environment"] for n, i in inputs.items()}
                    ),
                    "models": models,
                }
            ),
        )

    def seal(self) -> World:
        """Seals `last_retrain.json` again, as somebody would who edits it on purpose."""
        value = self.value(evidence.LAST_RETRAIN)
        del value["seal"]
        return self.put(evidence.LAST_RETRAIN, sealed(value))

    def _evidence(self, path: str, value: Mapping[str, Any]) -> World:
        kind = evidence.kind_of(path)
        assert kind is not None, path
        kind.model_validate_json(json.dumps(value), strict=True)
        return self.put(path, jsontext.dump(value))


def sealed(value: Mapping[str, Any]) -> bytes:
    """The text of `last_retrain.json` with its seal."""
    text = json.dumps({**value, "seal": f"sha256:{'0' * 64}"})
    record = evidence.LastRetrain.model_validate_json(text, strict=True)
    return jsontext.dump({**value, "seal": record.sealed()})


def world() -> World:
    """A copy of the valid world."""
    return _valid().copy()


@cache
def _valid() -> World:
    new = World({path: text.encode() for path, text in DECLARED.items()})
    for name, names in {"loans": ("2026-09.csv", "2026-10.csv"), "homes": ("homes.csv",)}.items():
        new.put(f"records/landings/{name}/first.yaml", _landing(name, names))
    for path in pipeline.code_files():
        new.put(path, f"# {path}\n")
    new.put("dvc.yaml", dump(pipeline.designed()))
    outs = [_folder(f"{pipeline.DATA}/{d}", DATA[d]) for d in sorted(DATA)]
    new.put("datasets.dvc", dump({"outs": outs}))
    for path, data in schema.published().items():
        new.put(path, data)
    new.reindex().reforge()
    for name in ("credit", "hardship"):
        new.put(evidence.of_model(name, "metrics"), jsontext.dump(_metrics(name, CLASSIFIED)))
    new.put(evidence.of_model("prices", "metrics"), jsontext.dump(_metrics("prices", REGRESSED)))
    for name in DATA:
        new.put(evidence.of_dataset(name, "bias"), jsontext.dump(_bias(name)))
    return new.retrain()


def dump(value: Any) -> str:
    """YAML as a person would write it: no anchors, keys in their order."""
    return yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)


class _Plain(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: _Plain, text: str) -> Any:
    """Quotes what PyYAML leaves bare though YAML programs disagree on it."""
    bare = not re.fullmatch(r"[yYnN]|[0-9.]+[eE][0-9]+", text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if bare else "'")


_Plain.add_representer(str, _text)


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _file(path: str, data: bytes) -> dict[str, Any]:
    return {"path": path, "hash": "md5", "md5": md5(data), "size": len(data)}


def _folder(path: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "path": path,
        "hash": "md5",
        "md5": pipeline.folder_md5({name: md5(data) for name, data in files.items()}),
        "size": sum(map(len, files.values())),
        "nfiles": len(files),
    }


def _run_dataset(new: World, name: str, manifest: Manifest) -> None:
    shared = {"dataset": name, "dataset_digest": manifest.digest}
    rows = manifest.total_rows
    files = [
        {"path": p, "bytes": r.file.bytes, "rows": r.file.rows, "sha256": r.file.sha256}
        for p, r in sorted(manifest.rows.items())
    ]
    contract = new.value(f"policies/datasets/{name}.yaml")
    columns = contract["schema"][0]["properties"]
    techniques = {c["name"]: _custom(c).get("technique", "keep") for c in columns}
    named = _custom(contract).get("pseudonym_key", "environment")
    key = (named if isinstance(named, dict) else {"name": named, "version": 1}) | {
        "fingerprint": "f" * 32
    }
    validation = {
        **shared,
        "files": files,
        "rows": rows,
        "columns": {c["name"]: {"type": c["logicalType"], "nulls": 0} for c in columns},
        "events": {"earliest": "2026-09-01", "latest": "2026-10-31"} if name == "loans" else None,
        "violations": [],
    }
    preparation = {
        **shared,
        "rows": rows,
        "techniques": techniques,
        "key": key if "pseudonymise" in techniques.values() else None,
        "files": [{k: v for k, v in file.items() if k != "rows"} for file in files],
    }
    attributes = [c["name"] for c in columns if _custom(c).get("protected")]
    privacy = {
        **shared,
        "identifiers": [],
        "columns": {
            c["name"]: {"type": c["logicalType"], "rows": rows, "distinct": 40}
            for c in columns if techniques[c["name"]] != "drop"
        },
        "anonymity": {
            "attributes": attributes, "rows": rows, "classes": 2, "smallest": rows // 2,
            "below": {"2": 0, "5": 0, "10": 0},
        },
        "reversal": {
            name: {"values": rows, "tried": 90_000, "reversed": 0, "by": []}
            for name, technique in techniques.items() if technique == "pseudonymise"
        },
    }  # fmt: skip
    new._evidence(evidence.of_dataset(name, "validation"), validation)
    new._evidence(evidence.of_dataset(name, "preparation"), preparation)
    new._evidence(evidence.of_dataset(name, "privacy"), privacy)
    bias = evidence.of_dataset(name, "bias")
    new._evidence(bias, new.value(bias) | shared)


def _custom(part: Mapping[str, Any]) -> dict[str, Any]:
    """Custom properties of a contract or column by name."""
    return {p["property"]: p["value"] for p in part.get("customProperties") or []}


def _run_model(new: World, model: Model, manifest: Manifest) -> None:
    name, dataset = model.name, model.dataset
    summary = {
        "name": dataset,
        "digest": manifest.digest,
        "files": len(manifest.rows),
        "rows": manifest.total_rows,
        "columns": len(new.value(f"policies/datasets/{dataset}.yaml")["schema"][0]["properties"]),
        "events": None,
    }
    paths = {path for stage in pipeline.deciding(name, dataset) for path in stage.step.code}
    wanted = {file for stage in pipeline.deciding(name, dataset) for file, _ in stage.params}
    inputs = {
        "dataset": manifest.digest,
        "code": pipeline.code_digest(
            name, dataset, {p: hashlib.sha256(new.files[p]).hexdigest() for p in paths}
        ),
        "params": pipeline.params_digest(name, dataset, {p: new.value(p) for p in wanted}),
        "environment": digest.of_value(ENVIRONMENT),
    }
    training_hash = pipeline.training_hash(**inputs)
    model_file = {
        "path": "model.skops",
        "bytes": 9,
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
    }
    model_digest = digest.of_value([name, training_hash])
    of = {"model": name, "model_digest": model_digest}
    metrics = new.value(evidence.of_model(name, "metrics")) | of
    performance = {key: measure["value"] for key, measure in metrics["performance"].items()}
    fairness = {
        f"{gap} by {attribute}": value
        for attribute, report in metrics["fairness"].items()
        for gap, value in report["disparities"].items()
    }
    new._evidence(evidence.of_model(name, "metrics"), metrics)
    new._evidence(
        evidence.of_model(name, "training"),
        {
            **of,
            "dataset": dataset,
            "dataset_digest": manifest.digest,
            "prepared_digest": digest.of_value("prepared"),
            "rows_trained": 3 * manifest.total_rows // 4,
            "rows_held_out": manifest.total_rows // 4,
            "params_digest": digest.of_value("params"),
            "environment": ENVIRONMENT,
            "files": [model_file],
        },
    )
    new._evidence(
        evidence.of_model(name, "metadata"),
        {
            **of,
            "task": model.task,
            "dataset": summary,
            "training_hash": training_hash,
            "inputs": inputs,
            "environment": ENVIRONMENT,
            "metrics": performance,
            "fairness": fairness,
        },
    )
    new._evidence(
        evidence.of_model(name, "telemetry"),
        {
            **of,
            "window": None,
            "rows": metrics["rows"],
            "performance": performance,
            "drift": {},
            "fairness": fairness,
            "health": {
                "rows_landed": manifest.total_rows,
                "rows_in_violation": 0,
                "missing_share": 0.0,
            },
        },
    )
    new._evidence(
        evidence.of_model(name, "provenance"),
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "model/model.skops", "digest": {"sha256": model_file["sha256"]}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": "urn:charter:retrain:v1",
                    "externalParameters": {"model": name, "dataset": dataset},
                    "internalParameters": {"trainingHash": training_hash},
                },
            },
        },
    )
    new.put(f"artifacts/ml/models/{name}/telemetry.prom", f"# {name}\n")


def _landing(name: str, files: Iterable[str]) -> str:
    listed = [
        {
            "path": path,
            "bytes": len(DATA[name][path]),
            "rows": 4000,
            "sha256": hashlib.sha256(DATA[name][path]).hexdigest(),
        }
        for path in files
    ]
    return dump(
        {
            "id": "first",
            "at": "2026-11-02T08:00:00Z",
            "dataset": name,
            "source": {
                "kind": "licensed-public",
                "id": f"{name}-register",
                "uri": f"https://{name}.example/register",
                "licence": "CC-BY-4.0",
                "licence_ends": "2027-12-31",
            },
            "files": listed,
            "by": "stella",
        }
    )


def _metrics(name: str, measured: Mapping[str, Any]) -> dict[str, Any]:
    groups = {group: {"rows": 900, "metrics": {"selection_rate": 0.5}} for group in ("f", "m")}
    return {
        "model": name,
        "model_digest": digest.of_value(name),
        "task": measured["task"],
        "rows": 2000,
        "tool": {"name": "fairlearn", "version": "0.15.0"},
        "performance": {
            metric: {"value": value, "low": value - 0.01, "high": value + 0.01, "rows": 2000}
            for metric, value in measured["performance"].items()
        },
        "fairness": {"sex": {"groups": groups, "disparities": measured["fairness"]}},
        "drift": {},
    }


def _bias(name: str) -> dict[str, Any]:
    facts = {"rows": 2000, "label_mean": 0.5, "label_low": 0.4, "label_high": 0.6}
    label = {"groups": {"f": facts, "m": facts}, "difference": 0, "ratio": 1}
    groups = {"groups": {"f": 2000, "m": 2000}, "small_groups": 0, "small_rows": 0}
    return {
        "dataset": name,
        "dataset_digest": digest.of_value(name),
        "tool": {"name": "fairlearn", "version": "0.15.0"},
        "minimum_cell": 10,
        "attributes": {
            "sex": {
                **groups,
                "labels": {"label": label},
                "missing": {"income": {"f": 3, "m": 2}},
                "proxies": {"income": 0.1, "area": 0.1},
            }
        },
        "intersections": {},
    }


CLASSIFIED = {
    "task": "classification",
    "performance": {"roc_auc": 0.82},
    "fairness": {"demographic_parity_difference": 0.04},
}
REGRESSED = {
    "task": "regression",
    "performance": {"r2": 0.6, "mean_absolute_error": 12.5},
    "fairness": {"mean_absolute_error_ratio": 1.1},
}
DATA = {
    "homes": {"homes.csv": b"area,sex,price\n81,f,9\n"},
    "loans": {
        "2026-09.csv": b"key,income,sex,billed_at,defaulted\n1,9,f,2026-09-01,0\n",
        "2026-10.csv": b"key,income,sex,billed_at,defaulted\n2,8,m,2026-10-01,1\n",
    },
}


def _policy(name: str, body: str, owner: str = "board") -> str:
    head = (
        f'id: {name}\nversion: 1.0.0\neffective: "2026-11-01"\nowner: {owner}\nreview_every: P3M\n'
    )
    return head + body


def _column(name: str, kind: str, *properties: str) -> str:
    extra = "".join(f", {{property: {p}, value: true}}" for p in properties)
    return f"""\
      - name: {name}
        logicalType: {kind}
        classification: none
        customProperties: [{{property: technique, value: keep}}{extra}]
"""


def _contract(name: str, columns: str, freshness: str) -> str:
    return f"""\
apiVersion: v3.2.0
kind: DataContract
id: {name}-contract
name: {name}
version: 1.0.0
status: active
team:
  members: [{{username: stella, role: data-steward}}]
servers:
  - {{server: training, type: local, path: data/ml/training/{name}, format: csv}}
slaProperties: {freshness}
customProperties:
  - property: pseudonym_key
    value: environment
schema:
  - name: {name}
    properties:
{columns}"""


def _model(name: str, task: str, dataset: str, target: str, numeric: str, gate: str) -> str:
    return f"""\
name: {name}
title: Model {name}
owner: omar
risk_tier: limited
purpose:
  intended: Show that {name} is governed.
  out_of_scope: [Anything else]
  users: [Testers]
task: {task}
dataset: {dataset}
target: {target}
protected: [sex]
features:
  numeric: [{numeric}]
training:
  estimator: sklearn.linear_model.Ridge
  holdout: {{share: 0.25, by: key}}
  seed: 1
gates:
  performance:
    - {gate}
"""


def _person(name: str, number: int) -> str:
    key = signing.public(name)
    return (
        f"  {name}:\n    name: {name.title()}\n    email: {name}@example.org\n"
        f"    github: [{{login: {name}-example, id: {number}}}]\n"
        f'    keys: [{{public: {key}, valid_from: "2026-01-01"}}]\n'
    )


def _machine(name: str) -> str:
    key = signing.public(name)
    return (
        f"  {name}:\n    name: {name}\n    kind: bot\n"
        f'    keys: [{{public: {key}, valid_from: "2026-01-01"}}]\n'
    )


FILE = "f" * 64
"""SHA-256 of the one file of the registered version of credit."""


def model_digest(file: str = FILE) -> str:
    """Digest of a model that is one file."""
    return f"sha256:{hashlib.sha256(bytes.fromhex(file)).hexdigest()}"


def reviews(model: str, file: str = FILE, name: str = "") -> dict[str, str]:
    """The record of each review of a model that is one file, by path."""
    subjects = {f"model:{model}": model_digest(file)}
    return {
        f"records/attestations/{name or model}-{kind}.yaml": attesting.record(
            f"{name or model}-{kind}", subjects, attesting.review(kind)
        )
        for kind in REVIEWS
    }


def entry(model: str, version: str = "1.0.0", file: str = FILE, name: str = "") -> str:
    """The entry of a version that is one file, by its reviews."""
    lines = [
        f"model: {model}\nversion: {version}\ndigest: {model_digest(file)}",
        f"files: [{{path: model.skops, bytes: 12, sha256: {file}}}]",
        f"dataset_digest: {_SHA}\ntraining_hash: {_SHA}",
        'registered_at: "2026-11-21T09:00:00Z"\nregistered_by: mina',
        f"evidence: {{metadata: {_SHA}, metrics: {_SHA}}}\nreviews:",
    ]
    for kind, (path, text) in zip(REVIEWS, reviews(model, file, name).items(), strict=True):
        envelope = yaml.load(text, yaml.CSafeLoader)["envelope"]
        seen = digest.of_bytes(envelope.encode())
        lines.append(f"  {kind}: {{record: {path}, digest: {seen}}}")
    return "\n".join(lines) + "\n"


def _record(name: str, body: str) -> str:
    return f'id: {name}\nat: "2026-11-20T08:00:00Z"\n{body}'


_MEMBER = '{{person: {}, valid_from: "2026-01-01"}}'
_SHA = f"sha256:{'a' * 64}"
_PEOPLE = ("omar", "stella", "mina", "lea", "priya", "boris", "rita", "milo", "lars", "ann")

DECLARED = {
    "policies/README.md": "Policies of a world that exists in tests only.\n",
    "policies/roles.yaml": _policy(
        "roles",
        "people:\n"
        + "".join(_person(name, number) for number, name in enumerate(_PEOPLE, start=1))
        + _machine("ci")
        + "roles:\n"
        + "".join(
            f"  {role}:\n    title: {role}\n    members:\n"
            + "".join(f"      - {_MEMBER.format(person)}\n" for person in people)
            for role, people in (
                ("model-owner", ("omar", "ann")),
                ("data-steward", ("stella", "milo")),
                ("mlops", ("mina", "milo")),
                ("legal", ("lea", "lars")),
                ("privacy-office", ("priya",)),
            )
        )
        + """\
  board:
    title: Board
    functions: [risk, legal]
    members:
      - {person: boris, function: risk, valid_from: "2026-01-01"}
      - {person: rita, function: legal, valid_from: "2026-01-01"}
""",
    ),
    "policies/approvals.yaml": _policy(
        "approvals",
        """\
repository: example/world
branches: [main]
otherwise:
  - {role: mlops, count: 1}
free:
  - {paths: [docs/**], because: words for people}
rules:
  - id: policy-change
    because: the world says so
    when: {any: [{paths: [policies/**]}, {changes: [changes-policy]}]}
    require:
      - {role: legal, count: 1}
      - {role: board, count: 1}
  - id: landing
    because: stewards confirm data
    when: {changes: [lands-data]}
    require:
      - {role: data-steward, count: 1}
""",
    ),
    "policies/gates.yaml": _policy(
        "gates",
        """\
classification:
  performance:
    - {metric: roc_auc, at_least: 0.7, minimum_rows: 1000}
  fairness:
    - {metric: demographic_parity_difference, at_most: 0.1, minimum_rows: 300}
regression:
  performance:
    - {metric: r2, at_least: 0.3, minimum_rows: 80}
  fairness:
    - {metric: mean_absolute_error_ratio, at_most: 1.5, minimum_rows: 30}
bias:
  minimum_group_rows: 50
  minimum_cell_rows: 10
  proxy_at_most: 0.5
  rate_difference_at_most: 0.2
""",
    ),
    "policies/privacy.yaml": _policy(
        "privacy",
        """\
classes:
  direct-identifier: {techniques: [drop, pseudonymise]}
  quasi-identifier: {techniques: [drop]}
  sensitive: {techniques: [keep]}
  none: {techniques: [keep, drop], purpose_required: false}
pseudonyms:
  minimum_key_bytes: 32
anonymity:
  otherwise: {k: 5, share: 0.01}
regulations:
  - {id: gdpr, version: Regulation (EU) 2016/679}
""",
        "privacy-office",
    ),
    "policies/retention.yaml": _policy(
        "retention",
        """\
default_days: 365
windows:
  loans: {days: 365, minimum_days: 30, maximum_days: 3650, basis: a duty, at_end: purge}
holds:
  - {dataset: loans, since: "2026-11-01", matter: a case}
""",
        "privacy-office",
    ),
    "policies/monitoring.yaml": _policy(
        "monitoring",
        """\
drift: {metric: population_stability_index, at_most: 0.2, minimum_rows: 500}
performance: {relative: 0.03, confidence: 0.95, minimum_rows: 1000}
fairness_drop: 0.05
freshness: {snapshot_minutes: 60, data: P62D}
page: [board, mlops]
""",
        "mlops",
    ),
    "policies/release.yaml": _policy(
        "release",
        """\
steps:
  - {id: canary, stage: staging, exposure: 0.1, soak: P1D}
  - {id: full, stage: production, exposure: 1, soak: P7D}
rollback_drill_every: P3M
review_within: P7D
""",
        "mlops",
    ),
    "policies/reviews.yaml": _policy(
        "reviews",
        """\
obligations:
  - {id: policy-review, title: Read them, every: P3M, owner: board, covers: [policies/*.yaml]}
""",
    ),
    "policies/registry.yaml": _policy(
        "registry",
        """\
bucket: file://registry
estimators: [sklearn.]
trainers: [pipelines.trainers]
trusted_types: [numpy.dtype]
maximum_model_bytes: 1000000
machines: [ci]
""",
        "mlops",
    ),
    "policies/approved_tools.yaml": _policy(
        "approved-tools",
        """\
tools:
  - {name: fairlearn, version: 0.15.0, use: bias-detection}
""",
    ),
    "policies/controls/gdpr.yaml": _policy(
        "gdpr",
        """\
title: General Data Protection Regulation
edition: Regulation (EU) 2016/679
clauses:
  - {id: Art. 5, title: Little is kept, applies_from: "2018-05-25", rules: [datasets/*]}
""",
        "legal",
    ),
    "policies/datasets/loans.yaml": _contract(
        "loans",
        _column("key", "integer")
        + _column("income", "number")
        + _column("sex", "string", "protected")
        + _column("billed_at", "date")
        + _column("defaulted", "integer", "label"),
        "[{property: freshness, value: 62, unit: d, element: loans.billed_at}]",
    ),
    "policies/datasets/homes.yaml": _contract(
        "homes",
        _column("area", "number")
        + _column("sex", "string", "protected")
        + _column("price", "number", "label"),
        "[]",
    ),
    "models/credit/model.yaml": _model(
        "credit",
        "classification",
        "loans",
        "{column: defaulted, positive: 1}",
        "income",
        "{metric: roc_auc, at_least: 0.75, minimum_rows: 1500}",
    ),
    "models/hardship/model.yaml": _model(
        "hardship",
        "classification",
        "loans",
        "{column: defaulted, positive: 1}",
        "income",
        "{metric: roc_auc, at_least: 0.8, minimum_rows: 1000}",
    ),
    "models/prices/model.yaml": _model(
        "prices",
        "regression",
        "homes",
        "{column: price}",
        "area",
        "{metric: mean_absolute_error, at_most: 20, minimum_rows: 80}",
    ),
    "models/credit/versions/1.0.0.yaml": entry("credit"),
    **reviews("credit"),
    "models/credit/rollout.yaml": (
        "model: credit\nversion: 1.0.0\nstep: canary\nrollback_to: 1.0.0\n"
    ),
    "records/README.md": "What happened.\n",
    "records/approvals/a-1.yaml": signing.record(
        "a-1", "boris", "board", "model:credit@1.0.0", _SHA
    ),
    "records/decisions/d-1.yaml": _record(
        "d-1",
        f"subject: model:credit@1.0.0\ndigest: {_SHA}\ndecision: approve\nrationale: it helps\n"
        "votes: {boris: 'yes'}\n",
    ),
    "docs/guide.md": "Words for people.\n",
    "policies/cases/two-yes.yaml": """\
about: A policy needs legal and the board.
now: "2026-11-22T12:00:00Z"
change: {by: [ann], edited: [policies/gates.yaml]}
opinions:
  - {by: lea, role: legal}
  - {by: boris, role: board}
expect: {standing: APPROVED, rules: {policy-change: APPROVED}}
""",
    "policies/cases/landing.yaml": """\
about: New data need a steward.
now: "2026-11-22T12:00:00Z"
change:
  by: [ann]
  added: [records/landings/loans/b.yaml]
opinions:
  - {by: stella, role: data-steward}
expect: {standing: APPROVED, rules: {landing: APPROVED}}
""",
    "records/incidents/i-1.yaml": _record(
        "i-1", "model: credit\nseverity: P2\nsummary: late snapshot\n"
    ),
    "records/reviews/r-1.yaml": _record(
        "r-1",
        "obligation: policy-review\nsubject: policies\nby: [boris]\noutcome: in-order\n"
        "notes: read\n",
    ),
    "records/waivers/w-1.yaml": _record(
        "w-1",
        "rule: gates/thresholds\nsubject: models/credit/model.yaml\nowner: omar\nreason: a trial\n"
        'until: "2026-12-31"\n',
    ),
    "records/tombstones/t-1.yaml": _record(
        "t-1",
        f"dataset: homes\nremoval: rm-1\ndigests: [{_SHA}]\nground: erasure request\n"
        "approved_by: [priya]\n",
    ),
    "records/removals/rm-1.yaml": _record(
        "rm-1", "ground: erasure\nbasis: gdpr-17\naction: purge\n"
    ),
    "records/certificates/c-1.yaml": _record(
        "c-1",
        "removal: rm-1\ntombstones: [records/tombstones/t-1.yaml]\n"
        "searched: [{place: cache, objects: 2}]\nlimits: [what a model has learned]\n",
    ),
    "locks/runtime.txt": "".join(
        f"{name}=={version} \\\n    --hash=sha256:{'0' * 64}\n"
        for name, version in ENVIRONMENT.items()
        if name != "python"
    ),
    ".dvc/config": """\
[core]
    remote = store
['remote "store"']
    url = store
    verify = true
""",
    "README.md": "A repository that exists in tests only.\n",
}
