"""A registered model on one page: what it is for, on what it stands, how well and how fair it is.

Built from declarations and evidence only, so that it never says more than they prove.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from governance import digest

if TYPE_CHECKING:
    from governance.evidence import Metadata, Metrics
    from governance.model import Model
    from governance.version import Version


def render(
    model: Model, version: Version, metadata: Metadata, metrics: Metrics,
    reviews: Mapping[str, str],
) -> bytes:  # fmt: skip
    """Markdown with YAML front matter; equal declarations and evidence give equal bytes.

    Args:
        model: the declaration the model was reviewed under.
        version: its registry entry.
        metadata: of the training.
        metrics: on the held-out rows.
        reviews: result of each signed review by its name.
    """
    lines = [*_front(model, version, metadata), *_purpose(model), *_data(model, metadata)]
    lines += [*_performance(metrics), *_fairness(metrics), *_reviews(reviews)]
    return ("\n".join(lines) + "\n").encode()


def _front(model: Model, version: Version, metadata: Metadata) -> Iterator[str]:
    """Front matter: JSON values, which YAML reads alike."""
    values: dict[str, Any] = {
        "model": model.name,
        "version": version.version,
        "digest": version.digest,
        "task": model.task,
        "owner": model.owner,
        "risk_tier": model.risk_tier,
        "dataset": metadata.dataset.name,
        "dataset_digest": metadata.dataset.digest,
        "training_hash": version.training_hash,
        "registered_at": f"{version.registered_at:%Y-%m-%dT%H:%M:%SZ}",
        "registered_by": version.registered_by,
    }
    yield "---"
    for key, value in values.items():
        yield f"{key}: {digest.canonical(value).decode()}"
    yield "---"
    yield f"# {_text(model.title)}"
    yield ""


def _purpose(model: Model) -> Iterator[str]:
    yield f"{_text(model.purpose.intended)}"
    yield from ("", "**Users**", "")
    yield from (f"- {_text(user)}" for user in model.purpose.users)
    yield from ("", "**Out of scope**", "")
    yield from (f"- {_text(use)}" for use in model.purpose.out_of_scope)
    yield ""


def _data(model: Model, metadata: Metadata) -> Iterator[str]:
    data = metadata.dataset
    span = f", events from {data.events.earliest} to {data.events.latest}" if data.events else ""
    how = model.training.estimator or model.training.trainer
    yield from ("## Data and training", "")
    yield (
        f"Trained on `{data.name}`: {data.files} files, {data.rows:,} rows, {data.columns} columns"
        f"{span}. `{how}` with {len(model.features.names)} features predicts"
        f" `{model.target.column}`; {model.training.holdout.share:.0%} of the rows are held out"
        f" by {model.training.holdout.by}."
    )
    yield ""


def _performance(metrics: Metrics) -> Iterator[str]:
    yield from (f"## Performance on {metrics.rows:,} held-out rows", "")
    yield from _table(
        ("metric", "value", "95 % interval"),
        (
            (name, f"{one.value:g}", f"{one.low:g} to {one.high:g}")
            for name, one in sorted(metrics.performance.items())
        ),
    )


def _fairness(metrics: Metrics) -> Iterator[str]:
    yield from ("## Gaps between groups", "")
    yield from _table(
        ("attribute", "gap", "value", "smallest group"),
        (
            (attribute, gap, f"{value:g}", f"{min(g.rows for g in report.groups.values()):,} rows")
            for attribute, report in sorted(metrics.fairness.items())
            for gap, value in sorted(report.disparities.items())
        ),
    )


def _reviews(reviews: Mapping[str, str]) -> Iterator[str]:
    yield from ("## Reviews", "")
    yield from _table(("review", "result"), sorted(reviews.items()))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"
    yield ""


def _text(words: str) -> str:
    """Words of people as words: nothing in them is markup, a link or a new line."""
    plain = " ".join(words.split())
    return re.sub(r"([\\`*\[\]<>|#])", r"\\\1", plain)
