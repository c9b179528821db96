"""Whether a dataset was scanned for bias the way training demands."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from governance import bias, waivers
from governance.digest import short
from governance.evidence import BiasScan, of_dataset
from pipelines import inputs
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.gates import Gates
    from governance.model import Model
    from governance.records import Waiver
    from governance.tools import ApprovedTools


def demand(model: Model, digest: str, day: date, root: Path = Path()) -> None:
    """Nothing; the dataset of a model has a bias report that counts, about this digest.

    Policies and waivers are read at run time: they change no result, so are no dependencies.

    Raises:
        Refused: the report is missing, about other data, made by a tool nobody approved, or an
            attribute was not scanned or has too small a group without waiver.
    """
    path = of_dataset(model.dataset, "bias")
    fix = f"fix: dvc repro scan_bias@{model.dataset}"
    if not (root / path).is_file():
        msg = f"{path} is missing: {model.dataset} was not scanned for bias\n  {fix}"
        raise Refused(msg)
    scan = inputs.read(path, BiasScan, root)
    tools: ApprovedTools = inputs.declared("policies/approved_tools.yaml", root)
    lines = []
    if (scan.dataset, scan.dataset_digest) != (model.dataset, digest):
        about = f"{scan.dataset} at {short(scan.dataset_digest)}"
        lines.append(f"{path} is about {about}, not {model.dataset} at {short(digest)}\n  {fix}")
    if not tools.approved(scan.tool.name, scan.tool.version, "bias-detection"):
        tool = f"{scan.tool.name} {scan.tool.version}"
        lines.append(
            f"{path} was made by {tool}, which policies/approved_tools.yaml does not approve\n"
            f"  {fix} with an approved version installed"
        )
    lines += _lacks(model, scan, path, day, root)
    if lines:
        raise Refused(*lines)


def _lacks(model: Model, scan: BiasScan, path: str, day: date, root: Path) -> list[str]:
    gates: Gates = inputs.declared("policies/gates.yaml", root)
    contract = f"policies/datasets/{model.dataset}.yaml"
    given: list[Waiver] = [
        inputs.declared(f"records/waivers/{file.name}", root)
        for file in sorted((root / "records/waivers").glob("*.yaml"))
    ]
    waived = waivers.standing(given, bias.RULE, contract, day) is not None
    return [
        f"{path}: {lack.problem}\n  fix: {bias.fix(lack, contract)}"
        for lack in bias.lacks(scan, model.protected, [gates.bias])
        if not (waived and lack.scanned)
    ]
