"""Rows that are due in versions which only a cache, a remote or a replica still keeps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from governance import window
from governance.catalogue import Declarations
from governance.records import DoomedFile
from governance.retention import Retention
from pipelines.ages import Question
from pipelines.doomed import Search, Stock, private
from pipelines.needles import Aged


def elsewhere(
    root: Path, law: Retention, declarations: Declarations, questions: Mapping[str, Question]
) -> dict[str, tuple[DoomedFile, ...]]:
    """Files with rows that are due in versions other than the one that stands here.

    Nobody knows when an unmerged file landed, so its rows without event time are not due.

    Raises:
        CouldNotJudge: a place does not answer, or something in it cannot be read.
    """
    contracts = {name: question.contract for name, question in questions.items()}
    stock = Stock.of(root, law, contracts)
    with private(root, "plan") as scratch:
        search = Search(
            root=root,
            declarations=declarations,
            needle=Aged(contracts, questions),
            stock=stock,
            scratch=scratch,
            law=law,
        )
        found: dict[str, set[DoomedFile]] = {}
        for holder in search.look():
            day = questions[holder.dataset].day
            if not holder.current and not window.held(law, holder.dataset, day, holder.path):
                found.setdefault(holder.dataset, set()).add(
                    DoomedFile(
                        dataset=holder.dataset,
                        path=holder.path,
                        sha256=holder.sha256,
                        rows=holder.rows.count,
                    )
                )
    return {
        name: tuple(sorted(files, key=lambda file: (file.path, file.sha256)))
        for name, files in found.items()
    }
