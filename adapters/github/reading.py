"""What GitHub answered, in the words of `adapters.forge` and `governance.changeset`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from adapters.forge import (
    Annotation,
    Bypass,
    Rule,
    Ruleset,
    cut,
)
from adapters.github.client import Unsettled
from adapters.github.shapes import (
    Dismissal,
    Event,
    Pull,
    Review,
    RulesetShape,
    User,
    clean,
)
from governance.changeset import Account, ForgeReview
from governance.finding import CouldNotJudge

_TITLE: Final = 250
_MESSAGE: Final = 16_000
_GHOST: Final = "ghost"


def instigators(opener: Account, events: Sequence[Event]) -> tuple[Account, ...]:
    """Who wants this change: its opener, and where that is a bot, who set it to work (B19, B20)."""
    found = [opener]
    if opener.bot:
        app = opener.login.removesuffix("[bot]")
        for event in events:
            through = event.performed_via_github_app
            if event.event == "assigned":
                found += _people(event.assigner, event.actor)
            elif through and through.slug == app:
                found += _people(event.actor)
    return tuple(dict.fromkeys(found))


def _people(*users: User | None) -> Iterator[Account]:
    for user in users:
        if user and not (known := account_of(user)).bot:
            yield known


def review_of(
    review: Review, dismissal: tuple[Event, Dismissal] | None, number: int
) -> ForgeReview:
    """A review with who dismissed it; what it was before stands in the event."""
    if review.submitted_at is None:
        msg = f"review {review.id} of #{number} says {clean(review.state)} but not when"
        raise CouldNotJudge(msg)
    said = _state(review.state, f"review {review.id} of #{number}")
    found = ForgeReview(
        id=review.id,
        by=account_of(review.user),
        at=review.submitted_at,
        # GitHub forgets the commit when it is gone; such a review names no bytes.
        commit=review.commit_id or "",
        state="dismissed" if said is None else said,
        body=review.body or "",
    )
    if said is not None:
        return found
    if dismissal is None:
        msg = (
            f"review {review.id} of #{number} is dismissed, but GitHub does not tell by whom: "
            "run it again, or dismiss and review anew"
        )
        raise Unsettled(msg)
    event, was = dismissal
    before = _state(was.state, f"the dismissal of review {review.id} of #{number}")
    if before is None:
        msg = f"the dismissal of review {review.id} of #{number} does not tell what it said"
        raise CouldNotJudge(msg)
    return ForgeReview(
        id=found.id,
        by=found.by,
        at=found.at,
        commit=found.commit,
        state="dismissed",
        dismissed_from=before,
        dismissed_by=account_of(event.actor),
        dismissed_at=event.created_at,
        body=found.body,
    )


def _state(word: str, of: str) -> Literal["approved", "changes-requested", "commented"] | None:
    """A state of a review in our words; None for a dismissed one."""
    match word.upper():
        case "APPROVED":
            return "approved"
        case "CHANGES_REQUESTED":
            return "changes-requested"
        case "COMMENTED":
            return "commented"
        case "DISMISSED":
            return None
    msg = f"{of} has the unknown state {clean(word)!r}"
    raise CouldNotJudge(msg)


def account_of(user: User | None) -> Account:
    if user is None:
        return Account(_GHOST, None)
    return Account(user.login, user.id, bot=user.type == "Bot" or user.login.endswith("[bot]"))


def version_of(pull: Pull) -> tuple[str, str, str, datetime]:
    return pull.head.sha, pull.base.ref, pull.state, pull.updated_at


def ruleset_of(found: RulesetShape) -> Ruleset:
    bypass = found.bypass_actors
    return Ruleset(
        id=found.id,
        name=found.name,
        origin=found.source_type,
        owner=found.source,
        target=found.target,
        enforcement=found.enforcement,
        conditions=found.conditions or {},
        rules=tuple(Rule(rule.type, rule.parameters or {}) for rule in found.rules),
        bypass=None
        if bypass is None
        else tuple(Bypass(b.actor_type, b.actor_id, b.bypass_mode) for b in bypass),
    )


def annotation_of(remark: Annotation) -> dict[str, Any]:
    return {
        "path": remark.path.encode(errors="replace").decode(),
        "start_line": remark.line,
        "end_line": remark.line,
        "annotation_level": remark.level,
        "title": one_line(remark.title),
        "message": cut(remark.message, _MESSAGE),
    }


def one_line(text: str) -> str:
    """A title as one line of the length GitHub takes."""
    return " ".join(text.encode(errors="replace").decode().split())[:_TITLE]
