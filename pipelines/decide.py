"""The board's decision becomes a record: votes that members signed, reasons, what they saw."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from governance.decision import Ballot, Vote, carried, members
from governance.roles import Roles
from pipelines.append import append, loads
from pipelines.inputs import Refused

FOLDER: Final = "records/decisions"
Outcome = Literal["approve", "reject", "defer"]
_LONGEST: Final = 80
"""Characters of the subject in a record's name, which holds 100 in all."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """What the board decided, on what, and why."""

    subject: str
    digest: str
    outcome: Outcome
    because: str
    options: tuple[str, ...]
    votes: Mapping[str, Vote]
    evidence: Mapping[str, str]
    at: datetime


def votes(
    ballot: Ballot, abstained: tuple[str, ...], outcome: Outcome, roles: Roles, at: datetime
) -> Mapping[str, Vote]:
    """The votes to record: what members signed, and who abstained.

    Raises:
        Refused: nobody signed, the votes do not carry what is said to be decided, or somebody who
            abstains is on no board or signed a vote.
    """
    seated = members(roles, at)
    for person in abstained:
        if person not in seated:
            near = difflib.get_close_matches(person, seated, 1)
            known = f"did you mean {near[0]}?" if near else f"members: {', '.join(seated)}"
            msg = f"{person} is a member of no board on {at.date()}\n  fix: {known}"
            raise Refused(msg)
        if person in ballot.votes:
            msg = f"{person} signed {ballot.votes[person]} and cannot abstain too"
            raise Refused(f"{msg}\n  fix: let them withdraw: charter approve --withdraw")
    lines = [f"  not counted: {person} ({why})" for person, why in ballot.ignored.items()]
    if not ballot.votes:
        msg = "no member of the board signed a vote; votes nobody signed are not counted"
        fix = f"  fix: let {' or '.join(seated) or 'members'} sign with `charter approve`"
        raise Refused(msg, *lines, fix)
    found: dict[str, Vote] = dict(ballot.votes)
    found |= dict.fromkeys(abstained, "abstain")
    if outcome == "approve" and not carried(found):
        said = list(ballot.votes.values())
        msg = f"no majority: {said.count('yes')} yes, {said.count('no')} no"
        raise Refused(msg, *lines, "  fix: record what was decided: --decision reject or defer")
    if outcome == "reject" and carried(found):
        said = list(ballot.votes.values())
        msg = f"the majority is for it: {said.count('yes')} yes, {said.count('no')} no"
        raise Refused(msg, *lines, "  fix: record what was decided: --decision approve or defer")
    return dict(sorted(found.items()))


def draft(root: Path, minutes: Minutes) -> tuple[str, str]:
    """Path and text of the record under the next free number.

    Raises:
        Refused: it would not load.
    """
    slug = re.sub(r"[^a-z0-9._-]+", "-", minutes.subject)[:_LONGEST].strip("-._")
    stem = f"{minutes.at:%Y-%m-%d}-{slug}"
    taken = {path.stem for path in (root / FOLDER).glob(f"{stem}-*.yaml")}
    number = next(n for n in range(1, len(taken) + 2) if f"{stem}-{n}" not in taken)
    path = f"{FOLDER}/{stem}-{number}.yaml"
    text = render(f"{stem}-{number}", minutes)
    loads(path, text)
    return path, text


def record(root: Path, minutes: Minutes) -> str:
    """The path of the record that was written; records that are there stay as they are.

    Raises:
        Refused: it would not load.
    """
    while True:
        path, text = draft(root, minutes)
        try:
            append(root, path, text)
        except FileExistsError:  # somebody took the number meanwhile
            continue
        return path


def render(identity: str, minutes: Minutes) -> str:
    """A decision as the strict loader accepts it."""
    lines = [
        "# yaml-language-server: $schema=../../schemas/decision.json",
        f"id: {_quoted(identity)}",
        f'at: "{minutes.at:%Y-%m-%dT%H:%M:%SZ}"',
        f"subject: {_quoted(minutes.subject)}",
        f"digest: {minutes.digest}",
        f"decision: {minutes.outcome}",
        f"rationale: {_quoted(minutes.because)}",
    ]
    if minutes.options:
        lines.append("options:")
        lines += [f"  - {_quoted(option)}" for option in minutes.options]
    lines.append("votes:")
    lines += [f"  {_quoted(who)}: {_quoted(vote)}" for who, vote in minutes.votes.items()]
    if minutes.evidence:
        lines.append("evidence:")
        lines += [f"  {_quoted(name)}: {seen}" for name, seen in minutes.evidence.items()]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
