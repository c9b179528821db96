"""Which rules apply to a change. What cannot be known makes a rule apply, never fall away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from governance import glob
from governance.approvals import When
from governance.changeset import CHANGE, Changeset
from governance.effect import Effect
from governance.finding import Place
from governance.tally import Case


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a condition holds, and what speaks for it; None when a fact for it is missing.

    `paths` are those the condition accounts for. `whole` says that something other than a meaning
    of the change speaks for it.
    """

    holds: bool | None
    words: tuple[str, ...] = ()
    paths: frozenset[str] = frozenset()
    effects: tuple[Effect, ...] = ()
    whole: bool = False


def answer(when: When, case: Case) -> Answer:
    """Whether a condition holds for a change."""
    if when.not_ is not None:
        inner = answer(when.not_, case)
        holds = None if inner.holds is None else not inner.holds
        return Answer(holds, tuple(f"not: {words}" for words in inner.words), whole=True)
    if when.any is not None:
        return _any([answer(inner, case) for inner in when.any])
    if when.all is not None:
        return _all([answer(inner, case) for inner in when.all])
    return _leaf(when, case)


def _any(inner: Sequence[Answer]) -> Answer:
    held = [answer for answer in inner if answer.holds is not False]
    if not held:
        return Answer(holds=False, words=tuple(words for answer in inner for words in answer.words))
    sure = any(answer.holds for answer in held)
    return _joined(held, holds=True if sure else None)


def _all(inner: Sequence[Answer]) -> Answer:
    failed = [answer for answer in inner if answer.holds is False]
    if failed:
        return Answer(holds=False, words=failed[0].words)
    return _joined(inner, holds=None if any(a.holds is None for a in inner) else True)


def _joined(parts: Sequence[Answer], *, holds: bool | None) -> Answer:
    return Answer(
        holds,
        tuple(dict.fromkeys(words for part in parts for words in part.words)),
        frozenset(path for part in parts for path in part.paths),
        tuple(effect for part in parts for effect in part.effects),
        any(part.whole for part in parts),
    )


def _leaf(when: When, case: Case) -> Answer:
    change = case.change
    if when.paths is not None:
        found = tuple(filter(glob.any_of(when.paths).fullmatch, change.paths))
        words = found or (f"no touched path matches {', '.join(when.paths)}",)
        return Answer(bool(found), words, frozenset(found), whole=bool(found))
    if when.changes is not None:
        effects = tuple(effect for effect in case.effects if effect.kind in when.changes)
        words = tuple(e.words for e in effects) or (f"nothing {', '.join(when.changes)}",)
        paths = frozenset(path for effect in effects for path in effect.paths)
        return Answer(bool(effects), words, paths, effects)
    if when.author is not None or when.author_role is not None:
        return _written_by(when, case)
    if when.size is not None:
        return _larger(when, change)
    if when.branch is not None:
        holds = glob.any_of(when.branch).fullmatch(change.branch) is not None
        return Answer(holds, (f"the branch is {change.branch}",), whole=True)
    labels = when.labels or ()
    if change.pull is None:
        return Answer(
            holds=None, words=("labels are unknown without the pull request",), whole=True
        )
    found = tuple(label for label in change.pull.labels if label in labels)
    words = tuple(f"label {label}" for label in found) or (f"no label {', '.join(labels)}",)
    return Answer(bool(found), words, whole=True)


def _written_by(when: When, case: Case) -> Answer:
    people = case.authorship.people
    if when.author is not None:
        found = [person for person in people if person in when.author]
    else:
        wanted = set(when.author_role or ())
        found = [p for p in people if wanted & set(case.roles.held_by(p, case.day))]
    if found:
        # Sure is only what holds of everyone, and of nobody by a mere name in a commit: else a
        # rule for all others would fall away when one of these is among them, or named by them.
        sure = case.authorship.verified and not case.authorship.unattributed
        sure = sure and len(found) == len(people) and case.authorship.shown.issuperset(found)
        words = tuple(f"{person} contributed" for person in found)
        return Answer(holds=True if sure else None, words=words, whole=True)
    if case.authorship.unattributed or not case.authorship.verified:
        return Answer(holds=None, words=("who wrote the change is not certain",), whole=True)
    return Answer(holds=False, words=("nobody named contributed",))


def _larger(when: When, change: Changeset) -> Answer:
    size = when.size
    assert size is not None  # noqa: S101 - the caller looked
    files, lines = len(change.touched), [touched.lines for touched in change.touched]
    many = size.files_above is not None and files > size.files_above
    total = sum(count or 0 for count in lines)
    long = size.lines_above is not None and (None in lines or total > size.lines_above)
    told = f"{files} files, {total} lines{', and bytes that are no text' * (None in lines)}"
    return Answer(many or long, (told,), whole=True)


@dataclass(frozen=True, slots=True)
class Part:
    """What a rule that applies demands approval of, why, and where that stands."""

    reasons: tuple[str, ...]
    subjects: tuple[str, ...]
    at: Place


def parts(answer: Answer, case: Case) -> Iterator[Part]:
    """The demands a rule makes: one for each subject people can approve on its own, else one.

    Only a rule that applies because of such subjects alone may be met by approving them; as soon
    as something else speaks for it, the whole change has to be approved.
    """
    subjects = {effect.subject for effect in answer.effects}
    alone = not answer.whole and all(effect.approvable for effect in answer.effects)
    if not alone or not answer.effects or any(s not in case.change.subjects for s in subjects):
        yield Part(answer.words, (CHANGE,), _place(answer, case))
        return
    for subject in sorted(s for s in subjects if s is not None):
        mine = [effect for effect in answer.effects if effect.subject == subject]
        yield Part(tuple(effect.words for effect in mine), (CHANGE, subject), mine[0].at)


def _place(answer: Answer, case: Case) -> Place:
    if answer.effects:
        return answer.effects[0].at
    return Place(min(answer.paths or case.change.paths or (POLICY,)))


POLICY: Final = "policies/approvals.yaml"
