"""What prepared data tell about people: the privacy report of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import engine
from governance import disclosure
from governance.evidence import IdentifierFacts, PrivacyReport, ReversalFacts, of_dataset
from governance.privacy import Privacy
from pipelines import anonymity, identify, inputs, reversal
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.contract import Contract
    from governance.manifest import Manifest


def report(contract: Contract, manifest: Manifest, out: Path, budget: int) -> PrivacyReport:
    """The report of a dataset whose files were just prepared.

    Args:
        contract: its contract.
        manifest: its landed files.
        out: the folder of its prepared files, row for row those that landed.
        budget: hashes to compute in the attempt to reverse a column.
    """
    folder, paths = inputs.data_folder(contract.name), sorted(manifest.rows)
    connection = engine.connect(contract.engine, threads=None)
    table = engine.parquet(connection, sorted(out.rglob("*.parquet")))
    found = sampled(contract, manifest, folder, out)
    return PrivacyReport(
        dataset=contract.name,
        dataset_digest=manifest.digest,
        identifiers=tuple(identify.dataset(contract, folder, paths)),
        columns=anonymity.widths(table, contract),
        anonymity=anonymity.classes(table, anonymity.attributes(contract)),
        reversal=reversal.attack(contract, found, budget),
    )


def sampled(contract: Contract, manifest: Manifest, folder: Path, out: Path) -> reversal.Sample:
    """The values an attack works on: some of those that landed, and what became of them."""
    connection = engine.connect(contract.engine, threads=None)
    rows = {path: row.file.rows for path, row in manifest.rows.items()}
    return reversal.sample(connection, contract, folder, out, rows)


def search(root: Path, target: str, seen: Callable[[str, int, int], None]) -> list[IdentifierFacts]:
    """Identifiers in a dataset or a file, where no contract declares them.

    Args:
        root: top of the repository.
        target: name of a dataset, or path of a Parquet or CSV file.
        seen: told how far the search has come.

    Raises:
        Refused: it is neither, or a file is damaged.
    """
    try:
        if (root / f"policies/datasets/{target}.yaml").is_file():
            contract = inputs.contract(target, root)
            paths = sorted(inputs.manifest(target, root).rows)
            return identify.dataset(contract, root / inputs.data_folder(target), paths, seen)
        if not Path(target).is_file():
            msg = f"{target}: neither a dataset nor a file\n  fix: name one of either"
            raise Refused(msg)
        seen(target, 0, 1)
        return identify.loose_file(Path(target))
    except engine.Unreadable as error:
        msg = f"{target}: {error}\n  fix: give it as Parquet or CSV"
        raise Refused(msg) from None
    except FileNotFoundError:
        msg = f"{target}: its data are not here\n  fix: dvc pull {inputs.data_folder(target)}"
        raise Refused(msg) from None


def attack(
    root: Path, name: str, budget: int | None, seen: Callable[[str, int, int], None]
) -> dict[str, ReversalFacts]:
    """What an attack on the hashed columns of prepared data finds out, lists included.

    Args:
        root: top of the repository.
        name: the dataset.
        budget: hashes to compute per column; None for the policy's.
        seen: told how far it has come.

    Raises:
        Refused: the dataset is unknown, or was not prepared from the files that are here.
    """
    contract, manifest = inputs.contract(name, root), inputs.manifest(name, root)
    out = (root / of_dataset(name, "preparation")).parent / "prepared"
    missing = [p for p in manifest.rows if not (out / p).with_suffix(".parquet").is_file()]
    if missing or not manifest.rows:
        msg = f"{name}: it is not prepared here\n  fix: run `charter retrain`, or dvc pull"
        raise Refused(msg)
    policy: Privacy = inputs.declared("policies/privacy.yaml", root)
    found = sampled(contract, manifest, root / inputs.data_folder(name), out)
    limit = budget or policy.pseudonyms.attack_budget
    return reversal.attack(contract, found, limit, outsider=True, seen=seen)


def refusals(found: PrivacyReport) -> Iterator[str]:
    """Why these data may not be trained on, each with its remedy."""
    contract = f"policies/datasets/{found.dataset}.yaml"
    for facts in disclosure.undeclared(found):
        if facts.survives:
            yield (
                f"{contract}: {disclosure.seen(facts)}, and training would see it\n"
                f"  fix: {disclosure.DECLARE}"
            )
    for _, problem in disclosure.undone(found):
        yield f"{contract}: {problem}\n  fix: {disclosure.REKEY}"
