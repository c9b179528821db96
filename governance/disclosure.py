"""What a privacy report says against a dataset, in words for its people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from governance.evidence import IdentifierFacts, PrivacyReport, ReversalFacts

DECLARE: Final = (
    "classify the column as direct-identifier and drop or pseudonymise it; if it holds something"
    " else, say so with custom property `looks_like`"
)
REKEY: Final = (
    "drop the column or have its values land unhashed and pseudonymise them here; for a key that"
    " was guessed, name a new one in `pseudonym_key`"
)


def undeclared(report: PrivacyReport) -> Iterator[IdentifierFacts]:
    """Identifiers that are surely there and nowhere declared."""
    for facts in report.identifiers:
        if facts.confidence == "high" and not facts.resembles:
            yield facts


def seen(facts: IdentifierFacts) -> str:
    """How much of a kind of identifier was seen where, without a single one of them."""
    files = f"{len(facts.files)} files" if len(facts.files) > 1 else next(iter(facts.files), "")
    cells = f"{facts.cells:,} cell{'' if facts.cells == 1 else 's'}"
    return f"column {facts.column} holds {facts.kind} in {cells} of {files} ({facts.sample})"


def undone(report: PrivacyReport) -> Iterator[tuple[str, str]]:
    """Hashed columns that were reversed, and how."""
    for column, facts in sorted(report.reversal.items()):
        if facts.reversed:
            yield column, outcome(column, facts)


def outcome(column: str, facts: ReversalFacts) -> str:
    """What an attack on a column came to."""
    how = f" ({'; '.join(facts.by)})" if facts.by else ""
    return f"column {column}: {facts.reversed:,} of {facts.values:,} hashed values found out{how}"
