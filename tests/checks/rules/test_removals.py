"""Does what was erased stay erased, with proof?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cases import Green, Red, Table, keeps_quiet, rows, tells
from world import World

from governance import evidence

STONE = "records/tombstones/t-1.yaml"
CERTIFICATE = "records/certificates/c-1.yaml"
REMOVAL = "records/removals/rm-1.yaml"
LANDING = "records/landings/homes/first.yaml"
METADATA = evidence.of_model("credit", "metadata")
ROLLOUT = "models/credit/rollout.yaml"
PREPARATION = evidence.of_dataset("homes", "preparation")
MD5 = "0123456789abcdef" * 2
RUN = ("tombstoned", "certified", "tainted")


def gone(w: World, **more: Any) -> World:
    """The landed file of homes was erased, with the removal's word for it."""
    file = w.value(LANDING)["files"][0]
    erased = {"path": file["path"], "sha256": file["sha256"], "rows": 1, **more}
    w.set(STONE, ("files",), [erased])
    doomed = {"dataset": "homes", "path": file["path"], "sha256": file["sha256"], "rows": 1}
    return w.set(REMOVAL, ("files",), [doomed])


def again(name: str, path: str | None = None) -> Callable[[World], World]:
    """The erased bytes land once more."""

    def change(w: World) -> World:
        text = gone(w).text(LANDING)
        if path:
            text = text.replace("homes.csv", path)
        text = text.replace("id: first", f"id: {name}")
        return w.put(f"records/landings/homes/{name}.yaml", text)

    return change


def trained_on_it(w: World) -> World:
    """The certificate calls the present training of credit tainted."""
    found = w.value(METADATA)["training_hash"]
    return w.set(CERTIFICATE, ("tainted",), [{"model": "credit", "training_hash": found}])


def serving(w: World) -> World:
    """The certificate calls the served version of credit tainted."""
    found = w.value("models/credit/versions/1.0.0.yaml")["training_hash"]
    return w.set(CERTIFICATE, ("tainted",), [{"model": "credit", "training_hash": found}])


def prepared_from_it(w: World) -> World:
    sha256 = w.value(PREPARATION)["files"][0]["sha256"]
    return w.set(STONE, ("digests",), [f"sha256:{sha256}"])


def pointing(w: World) -> World:
    return w.set(STONE, ("objects",), [w.value("datasets.dvc")["outs"][0]["md5"]])


def locked(w: World) -> World:
    found = w.value("dvc.lock")["stages"]["train@credit"]["outs"][0]["md5"]
    return w.set(STONE, ("objects",), [found])


RED: Table = {
    "retention/tombstoned": {
        "erased bytes land under another name": Red(
            again("again", "other.csv"), ("records/landings/homes/again.yaml", "sha256",
            "other.csv brings back bytes that rm-1 erased"), only=True,
        ),
        "a landing that names them is dated after the erasure": Red(
            lambda w: gone(w).edit(LANDING, "2026-11-0", "2026-11-2"),
            (LANDING, "sha256", "homes.csv brings back bytes that rm-1 erased"), only=True,
        ),
        "the pointer names an erased version": Red(
            pointing,
            ("datasets.dvc", "md5", "points at what rm-1 erased"),
            *[("dvc.lock", "md5", "names what rm-1 erased")] * 2,
            only=True,
        ),
        "the lock names an erased result": Red(
            locked, *[("dvc.lock", "md5", "names what rm-1 erased")] * 2, only=True
        ),
        "prepared files are those that were erased": Red(
            prepared_from_it, (PREPARATION, "", "is what rm-1 erased"), only=True
        ),
    },
    "retention/certified": {
        "a tombstone nobody proved": Red(
            lambda w: w.set(CERTIFICATE, ("tombstones",), []),
            (STONE, "removal: rm-1", "no certificate proves what became of homes"),
        ),
        "a tombstone of no removal": Red(
            lambda w: w.set(STONE, ("removal",), "rm-9"),
            (STONE, "rm-9", "no removal is called rm-9"), only=True,
        ),
        "a certificate of no removal": Red(
            lambda w: w.set(CERTIFICATE, ("removal",), "rm-9"),
            (CERTIFICATE, "rm-9", "no removal is called rm-9"), only=True,
        ),
        "more rows erased than were approved": Red(
            lambda w: gone(w, rows=2), (STONE, "", "2 rows of it are not part of rm-1"), only=True
        ),
        "the tombstone was taken away": Red(
            lambda w: w.remove(STONE), (CERTIFICATE, "t-1", "is missing"), only=True
        ),
        "something was left": Red(
            lambda w: w.set(CERTIFICATE, ("searched", 0, "left"), 2),
            (CERTIFICATE, "left: 2", "2 objects are left in cache"),
        ),
    },
    "retention/tainted": {
        "the present model saw them": Red(
            trained_on_it, (METADATA, "training_hash", "credit was trained on rows that rm-1"),
        ),
        "the served version saw them": Red(
            serving,
            (ROLLOUT, "version: 1.0.0", "1.0.0 was trained on rows that rm-1 erased"),
            (ROLLOUT, "rollback_to", "1.0.0 was trained on rows that rm-1 erased"),
        ),
    },
}  # fmt: skip

GREEN = {
    "retention/tombstoned": {
        "its first landing keeps its record": Green(lambda w: w),
        "objects nobody names": Green(lambda w: w.set(STONE, ("objects",), [MD5, f"{MD5}.dir"])),
    },
    "retention/tainted": {
        "a training nobody uses": Green(
            lambda w: w.set(
                CERTIFICATE,
                ("tainted",),
                [{"model": "credit", "training_hash": f"sha256:{'9' * 64}"}],
            )
        )
    },
}


@rows(RED)
def test_what_came_back_or_is_not_proved_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_what_is_in_order_is_left_alone(rule: str, case: Green) -> None:
    assert rule.rpartition("/")[2] in RUN
    keeps_quiet(case)
