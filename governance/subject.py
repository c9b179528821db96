"""Digests of what people approve on its own: a dataset, a version of a model, a removal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from governance import digest
from governance.evidence import of_model
from governance.version import Version

MODEL: Final = re.compile(r"model:(?P<model>[a-z][a-z0-9_-]*)@(?P<version>[0-9.]+)")
DATASET: Final = re.compile(r"dataset:(?P<dataset>[a-z][a-z0-9_-]*)")
REMOVAL: Final = re.compile(r"removal:(?P<removal>[a-z0-9][a-z0-9._-]{0,99})")


def of_version(version: Version, entry: str, current: str | None, found: Mapping[str, str]) -> str:
    """The digest people approve a version by: its entry, and the evidence behind it as it stands.

    Args:
        version: the registered version.
        entry: digest of the bytes of its file.
        current: training hash of the evidence that lies in the repository now.
        found: digest of each evidence file as it lies there, by repository path.

    While the evidence in the repository is that of this version, its bytes are taken as they are:
    a metric that is edited takes every approval with it. After the next training the digests in
    the entry stand for it, so that an untouched version keeps its digest for ever.
    """
    named = dict(version.evidence)
    if current == version.training_hash:
        named = {
            name: found.get(of_model(version.model, name), "absent") for name in version.evidence
        }
    return digest.of_value({"entry": entry, "evidence": named})


def own_file(subject: str) -> str | None:
    """The one file a subject stands in: a version's entry, a removal; None for other subjects."""
    if match := MODEL.fullmatch(subject):
        return f"models/{match['model']}/versions/{match['version']}.yaml"
    if match := REMOVAL.fullmatch(subject):
        return f"records/removals/{match['removal']}.yaml"
    return None
