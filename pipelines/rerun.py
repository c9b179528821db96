"""The deciding steps of a model, run again in a clean tree and in a sandbox.

What runs is the pipeline as designed, never the commands of a `dvc.yaml` that may have been
written to print a number (threat B95).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters import files, modelfile, secrets
from adapters.sandbox import Sandbox
from governance import digest, document
from governance.contract import Contract
from governance.evidence import (
    Metrics,
    TrainingRun,
    of_dataset,
    of_model,
)
from governance.finding import CouldNotJudge
from governance.replay import Run
from pipelines import inputs

_PASSED_ON: Final = (
    "CHARTER_ENGINE",
    "CHARTER_MEMORY",
    "JAVA_HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "SPARK_HOME",
)
_FUNCTIONS: Final = {"prepare": "prepare", "train": "fit", "evaluate": "evaluate"}
"""`fit` is `train` without the question whether the data may be used today."""
_CODE: Final = "from pipelines import inputs, {step}; inputs.main({step}.{function})"
_SAID: Final = 3
"""Last lines of a step that failed which are told."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where steps run: the tree with data and declarations, the code, and a home of their own.

    `root` is the repository, in which no key may lie.
    """

    root: Path
    tree: Path
    code: Path
    home: Path

    def run(
        self, sandbox: Sandbox, model: str, dataset: str, steps: Sequence[str],
        say: Callable[[str], None],
    ) -> Metrics:  # fmt: skip
        """Runs some steps; the metrics after the last one.

        Raises:
            CouldNotJudge: a step refused or broke off, or its key is not here.
        """
        for step in steps:
            say(f"replay: {step} ({model if step != 'prepare' else dataset})")
            variables = self._variables(dataset if step == "prepare" else None)
            command = [
                sys.executable, "-s", "-P", "-c",
                _CODE.format(step=step, function=_FUNCTIONS[step]),
                dataset if step == "prepare" else model,
            ]  # fmt: skip
            done = sandbox.run(command, self.tree, variables)
            if done.returncode:
                lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
                said = "\n  ".join(document.shown(line, 200) for line in lines[-_SAID:])
                msg = f"step {step} did not run again, so nothing is proved\n  {said}"
                raise CouldNotJudge(msg)
        return inputs.read(of_model(model, "metrics"), Metrics, self.tree)

    def _variables(self, dataset: str | None) -> dict[str, str]:
        """What a step may know of the environment; the pseudonym key goes to `prepare` alone."""
        kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        own = {"HOME": str(self.home), "TMPDIR": str(self.home), "PYTHONPATH": str(self.code)}
        return kept | own | (self._key(dataset) if dataset else {})

    def _key(self, dataset: str) -> dict[str, str]:
        contract: Contract = inputs.contract(dataset, self.tree)
        wanted = contract.pseudonym_key
        hidden = any(column.technique == "pseudonymise" for column in contract.columns)
        if wanted.is_sample or not hidden:
            return {}
        try:
            key = secrets.key(wanted.name, wanted.version, self.root)
        except secrets.Unusable as error:
            msg = f"{dataset}: {error}"
            raise CouldNotJudge(msg) from None
        return {secrets.variable_of(wanted.name, wanted.version): os.fsdecode(key)}

    def result(self, model: str, dataset: str, data: str, metrics: Metrics) -> Run:
        """What the steps came to, by the bytes they left and not by what they say of them.

        Args:
            model: the model.
            dataset: its dataset.
            data: digest of the data that were restored.
            metrics: the metrics of the last run.
        """
        training = inputs.read(of_model(model, "training"), TrainingRun, self.tree)
        prepared = (self.tree / of_dataset(dataset, "preparation")).parent / "prepared"
        folder = (self.tree / of_model(model, "training")).parent / "model"
        return Run(
            dataset_digest=data,
            prepared_digest=digest.of_value(
                [[path, file.sha256] for path, file in files.digests(prepared).items()]
            ),
            model_digest=modelfile.digest(folder)[0],
            metrics=metrics,
            environment=training.environment | {metrics.tool.name: metrics.tool.version},
        )
