"""What Charter asks of a forge and tells it: one interface, so that a second forge can follow."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from governance.changeset import PullRequest
from governance.finding import CouldNotJudge

Conclusion = Literal["success", "failure"]
"""What a published judgement says. Whatever is not green is a failure."""

BODY: Final = 65_000
"""Most characters of a comment or summary; GitHub refuses 65,536 and more."""

_ROOM: Final = 400
"""Characters kept free for what closes a text that was cut."""
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_LONGEST: Final = 20
"""Longest fence and most folded parts that are closed; more were made to break the page."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark beside a line of a file; lines count from 1."""

    path: str
    line: int
    level: Literal["failure", "warning", "notice"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a ruleset, in the words of the forge."""

    type: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bypass:
    """Somebody whom a ruleset does not bind. `actor` is None where the kind says it all."""

    kind: str
    actor: int | None
    mode: str


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Settings in force at the forge.

    `bypass` is None where the token may not see it: unknown, which is not nobody. `origin` is the
    kind of owner (`Repository`, `Organization`, `Enterprise`), `owner` its name.
    """

    id: int
    name: str
    origin: str
    owner: str
    target: str
    enforcement: str
    conditions: Mapping[str, Any]
    rules: tuple[Rule, ...]
    bypass: tuple[Bypass, ...] | None


class NotAllowed(CouldNotJudge):
    """The token may not do this, as with pull requests from a fork."""


class Forge(ABC):
    """A forge as Charter sees it. Every method tells all or raises `CouldNotJudge`."""

    @abstractmethod
    def pull(self, number: int, *, closed: bool = False) -> PullRequest:
        """The pull request at one moment, with everything said and pushed.

        Args:
            number: its number.
            closed: whether one that is closed or merged is accepted as well.

        Raises:
            CouldNotJudge: an answer failed, was cut, or has an unknown shape; it is not open; or
                it changed during every reading.
        """

    @abstractmethod
    def tip(self, branch: str) -> str:
        """The commit a branch is at now.

        Raises:
            CouldNotJudge: there is no such branch.
        """

    @abstractmethod
    def pulls_with_head(self, sha: str) -> tuple[int, ...]:
        """Numbers of all open pull requests whose head is this commit, in order.

        Raises:
            CouldNotJudge: the list could not be read to its end.
        """

    @abstractmethod
    def pulls_of(self, sha: str) -> tuple[int, ...]:
        """Numbers of the merged pull requests that brought a commit, in order.

        Raises:
            CouldNotJudge: the list could not be read to its end.
        """

    @abstractmethod
    def queued(self, branch: str, head: str) -> tuple[int, ...]:
        """Numbers of the pull requests a merge group holds, the first to be merged first.

        Args:
            branch: the branch the queue merges into.
            head: the commit the group ends at.

        Raises:
            CouldNotJudge: the branch has no queue, or no entry of it ends at `head`.
        """

    @abstractmethod
    def publish(  # noqa: PLR0913 - a report has these parts
        self,
        name: str,
        head: str,
        conclusion: Conclusion,
        title: str,
        summary: str,
        annotations: Sequence[Annotation] = (),
    ) -> None:
        """The commit carries a judgement with all annotations; it is not green before the last.

        Raises:
            CouldNotJudge: the forge did not take it.
        """

    @abstractmethod
    def comment(self, number: int, marker: str, body: str) -> None:
        """The pull request carries one comment of ours with this marker, and this body.

        A comment with the marker by anybody else is left alone.

        Args:
            number: the pull request.
            marker: a word that tells our comments apart; readers do not see it.
            body: Markdown of any length; what is too long is cut.

        Raises:
            CouldNotJudge: the forge did not take it.
        """

    @abstractmethod
    def rules(self) -> tuple[Ruleset, ...]:
        """All rulesets that bind the repository, those of its owners included, by id.

        Raises:
            CouldNotJudge: one of them could not be read.
        """


def cut(text: str, most: int = BODY) -> str:
    """Markdown of at most `most` characters: ends with a whole line, says that it was cut.

    Code blocks and folded parts open at the cut are closed, or they would swallow the notice.
    """
    text = text.encode(errors="replace").decode()  # a path may hold bytes that are no text
    if len(text) <= most:
        return text
    kept = text[: max(most - _ROOM, 0)]
    kept = kept[: kept.rfind("\n") + 1] or kept
    fence, start = _open_fence(kept)
    if len(fence) > _LONGEST:
        fence, kept = "", kept[:start]
    left = text.count("\n", len(kept)) + 1
    folded = min(max(kept.count("<details") - kept.count("</details>"), 0), _LONGEST)
    closing = f"\n{fence}\n" if fence else "\n"
    closing += "</details>" * folded
    return f"{kept}{closing}\nCut here: {left} more lines are in the log of the run.\n"[:most]


def _open_fence(text: str) -> tuple[str, int]:
    """The fence of the code block still open at the end, and where it began; empty if none."""
    fence, start, position = "", 0, 0
    for line in text.splitlines(keepends=True):
        if found := _FENCE.match(line.rstrip("\r\n")):
            mark, rest = found.groups()
            if not fence:
                fence, start = mark, position
            elif mark.startswith(fence) and not rest.strip():
                fence = ""
        position += len(line)
    return fence, start
