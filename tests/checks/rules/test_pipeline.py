"""Does DVC run what was designed, on what was declared?"""

from __future__ import annotations

from typing import Any

import pytest
from cases import Green, Red, Table, keeps_quiet, rows, shown, tells
from world import World, md5, world

from governance.pipeline import STEPS

DVC = "dvc.yaml"
LOCK = "dvc.lock"
CONFIG = ".dvc/config"
METRICS = "artifacts/ml/models/credit/metrics.json"
LOANS = "policies/datasets/loans.yaml"
MODELS = ("credit", "hardship", "prices")


def step(w: World, name: str, key: str, value: Any) -> World:
    return w.set(DVC, ("stages", name, "do", key), value)


def deps(w: World) -> list[str]:
    found: list[str] = w.value(DVC)["stages"]["train"]["do"]["deps"]
    return found


def foreign(w: World, **stage: Any) -> World:
    return w.set(DVC, ("stages", "notes"), {"cmd": "echo", **stage})


def locked(w: World, *route: str | int, value: Any) -> World:
    """Edits the lock by hand, and tells `last_retrain.json` about it."""
    w.set(LOCK, ("stages", *route), value)
    return w.set("artifacts/ml/last_retrain.json", ("lock_digest",), w.digest(LOCK)).seal()


def unlocked(w: World, *route: str | int) -> World:
    w.drop(LOCK, "stages", *route)
    return w.set("artifacts/ml/last_retrain.json", ("lock_digest",), w.digest(LOCK)).seal()


def configured(w: World, text: str) -> World:
    return w.put(CONFIG, w.text(CONFIG) + text)


def forged(w: World) -> World:
    """Better metrics, with the lock made to fit: a claim that only a replay refutes."""
    w.edit(METRICS, '"value": 0.82', '"value": 0.99')
    stage = w.value(LOCK)["stages"]["evaluate@credit"]
    stage["outs"][0] |= {"md5": md5(w.files[METRICS]), "size": len(w.files[METRICS])}
    return locked(w, "evaluate@credit", value=stage)


RED: Table = {
    "pipeline/frozen": {
        "B92 a frozen stage": Red(
            lambda w: step(w, "train", "frozen", value=True),
            (DVC, "frozen", "stage train has `frozen`"),
        ),
        "B92 a frozen stage of somebody's own": Red(
            lambda w: foreign(w, frozen=True), (DVC, "frozen", "stage notes has `frozen`")
        ),
        "B92 frozen data": Red(
            lambda w: w.set("datasets.dvc", ("frozen",), value=True),
            ("datasets.dvc", "frozen", "the pointer has `frozen`"),
        ),
        "a stage in another folder": Red(
            lambda w: step(w, "train", "wdir", "elsewhere"),
            (DVC, "wdir", "stage train has `wdir`"),
            (DVC, "wdir", "`wdir` is not designed", "pipeline/steps"),
        ),
        "data in another folder": Red(
            lambda w: w.set("datasets.dvc", ("wdir",), "elsewhere"),
            ("datasets.dvc", "wdir", "the pointer has `wdir`"),
        ),
        "a stage that never counts as done": Red(
            lambda w: foreign(w, always_changed=True),
            (DVC, "always_changed", "stage notes has `always_changed`"),
        ),
    },
    "pipeline/ignored": {
        "B93 data are ignored": Red(
            lambda w: w.put(".dvcignore", "# tidy\n/.venv/\n*.csv\n"),
            (".dvcignore", "*.csv", "`*.csv` may hide data"),
        ),
        "B93 all but one file is ignored": Red(
            lambda w: w.put(".dvcignore", "*\n!data\n"),
            (".dvcignore", "*", "`*` may hide data"),
            (".dvcignore", "!data", "`!data` may hide data"),
        ),
        "B93 a list beside the data": Red(
            lambda w: w.put("data/ml/training/loans/.dvcignore", "2026-09.csv\n"),
            ("data/ml/training/loans/.dvcignore", "2026-09.csv", "a .dvcignore below the top"),
            ("data/ml/training/loans/.dvcignore", "2026-09", "in Git", "datasets/in_git"),
        ),
    },
    "pipeline/lock": {
        "B90 hand-edited metrics": Red(
            lambda w: w.edit(METRICS, '"rows": 2000,\n  "task"', '"rows": 2001,\n  "task"'),
            (METRICS, "{", "not what evaluate@credit wrote: edited by hand"),
            (LOCK, "record@credit", f"{METRICS} changed since record@credit ran"),
        ),
        "code changed since it ran": Red(
            lambda w: w.put("pipelines/scan_bias.py", "# other\n"),
            (LOCK, "scan_bias@homes", "pipelines/scan_bias.py changed since scan_bias@homes ran"),
            (LOCK, "scan_bias@loans", "pipelines/scan_bias.py changed since scan_bias@loans ran"),
        ),
        "code is gone": Red(
            lambda w: w.remove("pipelines/validate.py"),
            (LOCK, "validate@homes", "depends on pipelines/validate.py, which is not there"),
            (LOCK, "validate@loans", "depends on pipelines/validate.py, which is not there"),
        ),
        "a landing changed since it was validated": Red(
            lambda w: w.edit("records/landings/homes/first.yaml", "by: stella", "by: omar"),
            (LOCK, "validate@homes", "records/landings/homes changed since validate@homes ran"),
        ),
        "data changed since they were prepared": Red(
            lambda w: w.set("datasets.dvc", ("outs", 0, "md5"), "0" * 32 + ".dir"),
            (LOCK, "validate@homes", "data/ml/training/homes changed since validate@homes ran"),
            (LOCK, "prepare@homes", "data/ml/training/homes changed since prepare@homes ran"),
        ),
        "a dataset that another refers to changed": Red(
            lambda w: w.put(
                "models/index.yaml",
                w.text("models/index.yaml").replace(
                    "landings/loans\n    references: {}",
                    f"landings/loans\n    references:\n      homes: sha256:{'a' * 64}",
                ),
            ),
            ("models/index.yaml", "references", "references` changed since validate@loans ran"),
            ("models/index.yaml", "loans", "loans is out of date", "datasets/index"),
        ),
        "a parameter changed since it ran": Red(
            lambda w: w.edit(LOANS, "value: 62", "value: 90"),
            (LOANS, "slaProperties", "`slaProperties` changed since validate@loans ran"),
        ),
        "B95 another command ran": Red(
            lambda w: locked(w, "evaluate@credit", "cmd", value="echo 99"),
            (LOCK, "evaluate@credit", "evaluate@credit ran 'echo 99', not 'python -m"),
        ),
        "a stage never ran": Red(
            lambda w: unlocked(w, "record@prices"),
            (LOCK, "stages", "record@prices never ran"),
        ),
        "a stage ran without its code": Red(
            lambda w: unlocked(w, "record@prices", "deps", 3),
            (LOCK, "record@prices", "record@prices ran without "),
        ),
        "a stage left no model": Red(
            lambda w: unlocked(w, "train@prices", "outs", 0),
            (LOCK, "evaluate@prices", "depends on artifacts/ml/models/prices/model, which is not"),
            (LOCK, "train@prices", "train@prices left no artifacts/ml/models/prices/model"),
        ),
        "a result was not committed": Red(
            lambda w: w.remove("artifacts/ml/models/credit/telemetry.prom"),
            (LOCK, "record@credit", "telemetry.prom, a result of record@credit, is not in Git"),
        ),
        "the model of another run": Red(
            lambda w: locked(w, "train@prices", "outs", 0, "md5", value="0" * 32 + ".dir"),
            (LOCK, "evaluate@prices", "artifacts/ml/models/prices/model changed since"),
        ),
        "a stage of a model that is gone": Red(
            lambda w: locked(w, "train@ghost", value=w.value(LOCK)["stages"]["train@credit"]),
            (LOCK, "train@ghost", "train@ghost is no stage any more"),
        ),
        "the lock is gone": Red(
            lambda w: (
                w.remove(LOCK)
                .set("artifacts/ml/last_retrain.json", ("lock_digest",), "sha256:" + "0" * 64)
                .seal()
            ),
            *(
                (LOCK, "", f"{s.name}@{d} never ran")
                for s in STEPS
                if s.each == "datasets"
                for d in ("homes", "loans")
            ),
            *(
                (LOCK, "", f"{s.name}@{m} never ran")
                for s in STEPS
                if s.each == "models"
                for m in MODELS
            ),
            (
                "artifacts/ml/last_retrain.json",
                "lock_digest",
                "here it is absent",
                "runs/last_retrain",
            ),
        ),
    },
    "pipeline/remote": {
        "B99 a remote that verifies nothing": Red(
            lambda w: w.edit(CONFIG, "    verify = true\n", ""),
            (CONFIG, "[core]", 'remote "store" does not verify'),
        ),
        "B99 a second remote that verifies nothing": Red(
            lambda w: configured(w, "['remote \"evil\"']\n    url = /tmp/evil\n"),
            (CONFIG, "[core]", 'remote "evil" does not verify'),
        ),
        "B99 verification switched off": Red(
            lambda w: w.edit(CONFIG, "verify = true", "verify = false"),
            (CONFIG, "[core]", 'remote "store" does not verify'),
        ),
        "no default remote": Red(
            lambda w: w.edit(CONFIG, "    remote = store\n", ""),
            (CONFIG, "[core]", "no default remote"),
        ),
        "a default remote nobody declared": Red(
            lambda w: w.edit(CONFIG, "remote = store", "remote = other"),
            (CONFIG, "[core]", "no default remote"),
        ),
        "no settings at all": Red(lambda w: w.remove(CONFIG), (CONFIG, "", "no default remote")),
        "B99 a cache elsewhere": Red(
            lambda w: configured(w, "[cache]\n    dir = /tmp/evil\n"),
            (CONFIG, "[core]", "[cache] sets `dir`, which could move or redirect data"),
        ),
        "B99 a section that only DVC's parser sees": Red(
            lambda w: configured(w, "        [cache]\n        dir = /tmp/evil\n"),
            (CONFIG, "[core]", "sets `dir`, which could move or redirect data"),
            (CONFIG, "[cache]", "a line that programs may read differently", "pipeline/steps"),
        ),
        "B99 a section in capitals": Red(
            lambda w: configured(w, "[CACHE]\n    dir = /tmp/evil\n"),
            (CONFIG, "[core]", "sets `dir`, which could move or redirect data"),
            (CONFIG, "[CACHE]", "a line that programs may read differently", "pipeline/steps"),
        ),
        "a run cache that was committed": Red(
            lambda w: w.put(".dvc/cache/runs/ab/cd", "x\n"),
            (".dvc/cache/runs/ab/cd", "x", "a file DVC would obey"),
        ),
        "a second project below the top": Red(
            lambda w: w.put("pipelines/.dvc/config", "[core]\n"),
            ("pipelines/.dvc/config", "[core]", "a file DVC would obey"),
        ),
        "B99 settings that replace the settings": Red(
            lambda w: w.put(".dvc/config.local", "[core]\n    remote = evil\n"),
            (".dvc/config.local", "[core]", "these settings replace those of .dvc/config"),
        ),
        "settings that nobody can read": Red(
            lambda w: w.put(CONFIG, "remote = store\n"),
            (CONFIG, "remote", "a line that programs may read differently", "pipeline/steps"),
            (CONFIG, "remote", "no default remote"),
        ),
    },
    "pipeline/shell": {
        "a title is pasted into a command": Red(
            lambda w: foreign(w, cmd="echo ${title}"),
            (DVC, "cmd", "stage notes pastes ${title} into a shell command"),
        ),
        "B95 a designed command pastes something": Red(
            lambda w: step(w, "train", "cmd", "python -m pipelines.train ${key} ${models}"),
            (DVC, "cmd", "stage train pastes ${models} into a shell command"),
            (DVC, "cmd", "reads 'python -m pipelines.train ${key} ${models}'", "pipeline/steps"),
        ),
        "one of several commands pastes": Red(
            lambda w: foreign(w, cmd=["echo ${key}", "echo ${item.dataset} ${ env.HOME }"]),
            (DVC, "cmd", "stage notes pastes ${ env.HOME } into a shell command"),
        ),
        "a name that is a command": Red(
            lambda w: w.set("models/index.yaml", ("models", "x; rm -rf ."), {"dataset": "loans"}),
            ("models/index.yaml", "datasets:", "the index does not load"),
            ("models/index.yaml", "x; rm", "should match pattern", "declarations/loadable"),
            waits=("pipeline/lock", "runs/complete", "runs/last_retrain", "runs/metadata"),
        ),
    },
    "pipeline/steps": {
        "a second pipeline below the top": Red(
            lambda w: w.put("notes/dvc.yaml", "stages: {}\n"),
            ("notes/dvc.yaml", "stages", "a second dvc.yaml"),
        ),
        "B95 a command that prints the number": Red(
            lambda w: step(w, "evaluate", "cmd", "echo 99 > metrics.json"),
            (DVC, "cmd", "reads 'echo 99 > metrics.json'"),
        ),
        "a stage is missing": Red(
            lambda w: w.drop(DVC, "stages", "scan_bias"),
            (DVC, "stages", "stage scan_bias is missing"),
        ),
        "code is no dependency any more": Red(
            lambda w: step(w, "train", "deps", [d for d in deps(w) if d != "governance/model.py"]),
            (DVC, "deps", "governance/model.py is missing"),
        ),
        "a dependency of one's own": Red(
            lambda w: step(w, "train", "deps", [*deps(w), "x"]),
            (DVC, "- x", "x is not designed"),
        ),
        "metrics that are cached": Red(
            lambda w: w.edit(
                DVC,
                "metrics.json:\n          cache: false\n  record",
                "metrics.json:\n          cache: true\n  record",
            ),
            (DVC, "metrics.json", "is not designed"),
            (DVC, "metrics:", "is missing"),
        ),
        "no parameters any more": Red(
            lambda w: w.drop(DVC, "stages", "validate", "do", "params"),
            (DVC, "do:", "`params` is missing in stages.validate.do"),
        ),
        "another list": Red(
            lambda w: w.set(DVC, ("vars",), ["other.yaml"]),
            (DVC, "vars", "vars is not [models/index.yaml]"),
        ),
        "no stages at all": Red(
            lambda w: w.put(DVC, "vars: []\n"), (DVC, "vars", "dvc.yaml has no stages")
        ),
        "no file at all": Red(lambda w: w.remove(DVC), (DVC, "", "dvc.yaml has no stages")),
        "a file that says two things": Red(
            lambda w: w.put(DVC, w.text(DVC) + "vars: []\n"),
            (DVC, "vars: []", "`vars` is given twice"),
            (DVC, "vars:", "dvc.yaml has no stages"),
        ),
        "a file that is a list": Red(
            lambda w: w.put(DVC, "- stages\n"),
            (DVC, "- stages", "not a mapping of keys"),
            (DVC, "- stages", "dvc.yaml has no stages"),
        ),
        **{
            f"a stage of one's own that writes {path}": Red(
                lambda w, path=path, key=key: foreign(w, **{key: [path]}),
                (DVC, "notes", f"stage notes writes {path}, where governed results may stand"),
            )
            for key, path in (
                ("outs", "artifacts/ml/models/credit/metrics.json"),
                ("metrics", "./artifacts//ml/x.json"),
                ("plots", "data/ml/training/loans"),
                ("outs", "docs/../artifacts/ml"),
                ("outs", "${item.dataset}"),
                ("outs", "/srv/clone/artifacts/ml/x.json"),
            )
        },
        "a stage of one's own with options": Red(
            lambda w: foreign(w, outs=[{"data/x": {"cache": False}}]),
            (DVC, "notes", "stage notes writes data/x"),
        ),
        "a repeated stage of one's own": Red(
            lambda w: w.set(
                DVC, ("stages", "all"), {"foreach": ["a"], "do": {"cmd": "x", "outs": "data"}}
            ),
            (DVC, "all", "stage all loops over values nobody checked"),
            (DVC, "all", "stage all writes data"),
        ),
        "a stage that is none": Red(
            lambda w: w.set(DVC, ("stages", "evil"), 3), (DVC, "evil", "stage evil is no stage")
        ),
        "an output under a second key": Red(
            lambda w: foreign(w, outs=[{"own/x": {}, "policies/gates.yaml": {"cache": False}}]),
            (DVC, "notes", "stage notes writes policies/gates.yaml"),
        ),
        "a policy as the output DVC deletes first": Red(
            lambda w: foreign(w, outs=["policies/gates.yaml"]),
            (DVC, "notes", "stage notes writes policies/gates.yaml"),
        ),
        "parameters of the whole file": Red(
            lambda w: w.set(DVC, ("params",), ["evil.py"]),
            (DVC, "params", "`params` is not designed"),
        ),
    },
}
GREEN = {
    "pipeline/frozen": {
        "a stage that is not frozen": Green(lambda w: foreign(w, frozen=False)),
    },
    "pipeline/ignored": {
        "harmless lines": Green(
            lambda w: w.put(".dvcignore", "# tidy\n\n/.venv/\n__pycache__/\n*.pyc\n")
        ),
    },
    "pipeline/lock": {
        "B91 lock and results forged together are a claim": Green(
            lambda w: forged(w).set(
                "artifacts/ml/models/credit/metadata.json", ("metrics", "roc_auc"), 0.99
            ).relock()
        ),
        "a stage of one's own in the lock": Green(
            lambda w: locked(foreign(w), "notes", value={"cmd": "echo"})
        ),
    },
    "pipeline/remote": {
        "a second remote that verifies": Green(
            lambda w: configured(w, "['remote \"s3\"']\n    url = s3://b\n    verify = True\n")
        ),
    },
    "pipeline/shell": {
        "names in a command of one's own": Green(
            lambda w: foreign(w, cmd="echo ${key} ${item} ${item.dataset}")
        ),
    },
    "pipeline/steps": {
        "a command that opens a hundred thousand marks and closes none": Green(
            lambda w: foreign(w, cmd="${" * 120_000)
        ),
        "a stage of one's own": Green(lambda w: foreign(w, outs=["own/figures"])),
        "dependencies in another order": Green(
            lambda w: step(w, "train", "deps", deps(w)[::-1])
        ),
    },
}  # fmt: skip


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


SHAPES = {
    "a number for a stage": "stages:\n  train@credit: 7\n",
    "a list of stages": "stages: []\n",
    "a list": "- x\n",
    "no dependencies": "stages:\n  train@credit:\n    deps:\n",
    "a control character": "\x00",
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_a_lock_of_another_shape_is_never_green(valid: World, text: str) -> None:
    judgement = valid.put(LOCK, text).judge(["pipeline/*"])
    assert judgement.exit_code != 0, shown(judgement)


ROUTES: dict[str, list[tuple[str | int, ...]]] = {
    DVC: [("vars",), ("stages",), ("stages", "train"), ("stages", "train", "do"),
          ("stages", "train", "do", "cmd"), ("stages", "train", "do", "deps", 0)],
    "datasets.dvc": [("outs",), ("outs", 0), ("outs", 0, "path"), ("outs", 0, "md5")],
    LOCK: [("stages",), ("stages", "train@credit"), ("stages", "train@credit", "deps"),
           ("stages", "train@credit", "deps", 0), ("stages", "train@credit", "outs"),
           ("stages", "train@credit", "params"),
           ("stages", "train@credit", "params", "policies/registry.yaml")],
    LOANS: [("schema",), ("servers",), ("slaProperties",), ("customProperties",),
            ("customProperties", 0), ("customProperties", 0, "value"), ("schema", 0),
            ("schema", 0, "properties"), ("schema", 0, "properties", 0)],
}  # fmt: skip
FAMILIES = {
    DVC: ["pipeline"],
    LOCK: ["pipeline"],
    "datasets.dvc": ["pipeline", "datasets"],
    LOANS: ["pipeline", "datasets", "declarations"],
}
JUNK = (None, 7, "junk", ["x"], {"a": 1})


@pytest.mark.parametrize(
    ("path", "route"),
    [(path, route) for path, routes in ROUTES.items() for route in routes],
    ids=lambda part: part if isinstance(part, str) else ".".join(map(str, part)),
)
def test_whatever_stands_in_a_file_is_judged(path: str, route: tuple[str | int, ...]) -> None:
    """No junk turns the judges green, and none of it trips them."""
    for junk in JUNK:
        judgement = world().set(path, route, junk).judge(FAMILIES[path])
        broken = [r.reason for r in judgement.results if r.reason and not r.waits]
        assert [reason for reason in broken if reason != "no base to compare with"] == []
        assert judgement.exit_code == 1, (junk, shown(judgement))


@pytest.mark.parametrize("value", ["no", "yes", "on", "y", "1:30", "2026-11-22", "1e3"])
def test_words_that_dvc_leaves_bare_in_the_lock_are_read_as_text(value: str) -> None:
    """DVC writes YAML 1.2, in which `no` needs no quotes; a contract may well allow it."""
    changed = world()
    table = changed.value(LOANS)["schema"]
    table[0]["properties"][2]["enum"] = [{"value": value}]
    changed.set(LOANS, ("schema",), table).retrain()
    bare = changed.text(LOCK).replace(
        f"'{value}'", value if value in DVC_LEAVES_BARE else f"'{value}'"
    )
    changed.put(LOCK, bare)
    changed.set("artifacts/ml/last_retrain.json", ("lock_digest",), changed.digest(LOCK)).seal()
    judgement = changed.judge()
    assert judgement.exit_code == 0, shown(judgement)


DVC_LEAVES_BARE = {"no", "yes", "on", "y", "1:30"}
