"""Whether a version was reviewed: three signed statements about exactly its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from governance.attestation import TEST_RESULT, Attestations, Attested
from governance.decision import carried
from governance.digest import short
from governance.evidence import ROOT, of_model
from governance.version import REVIEWS, Review

if TYPE_CHECKING:
    from governance.records import Decision
    from governance.version import Version

PASSED: Final = "PASSED"
WARNED: Final = "WARNED"
FAILED: Final = "FAILED"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a review does not stand. `undecided`: it is inconclusive, and a person has to decide."""

    review: Review
    problem: str
    fix: str
    undecided: bool = False


def subject(model: str) -> str:
    """What a statement calls a model's bytes."""
    return f"model:{model}"


def settled(name: str, seen: str, decisions: Iterable[Decision]) -> bool:
    """Whether the newest decision about a version and the digest it is approved by says yes."""
    about = [one for one in decisions if (one.subject, one.digest) == (name, seen)]
    last = max(about, key=lambda one: one.at, default=None)
    return last is not None and last.decision == "approve" and carried(last.votes)


def newest(
    said: Attestations, model: str, digest: str
) -> dict[Review, Attested]:  # fmt: skip
    """The newest statement of each review about a model's bytes, whatever it says."""
    found: dict[Review, Attested] = {}
    for one in said.about(digest, TEST_RESULT):
        for review in REVIEWS:
            if one.own.get("review") == review and one.subjects.get(subject(model)) == digest:
                found.setdefault(review, one)
    return found


def doubts(
    version: Version, said: Attestations, envelopes: Mapping[str, str], *, settled: bool
) -> Iterator[Doubt]:
    """Each review of a version that is missing, failed, undecided, or of something else.

    Args:
        version: the entry.
        said: statements that count.
        envelopes: digest of the envelope in each attestation record, by path.
        settled: the board approved this very version, with what was inconclusive about it.
    """
    again = f"charter review {version.model}, then register the model anew"
    by_path = {one.path: one for one in said.valid}
    for review in REVIEWS:
        named = version.reviews.get(review)
        if named is None:
            yield Doubt(review, f"no {review} review", again)
            continue
        one = by_path.get(named.record)
        if envelopes.get(named.record) != named.digest:
            there = "is not the statement it names" if named.record in envelopes else "is missing"
            yield Doubt(review, f"{review} review: {named.record} {there}", "put it back")
        elif one is None:
            fix = f"see what attestations/valid says of it; or {again}"
            yield Doubt(review, f"{review} review: {named.record} counts for nothing", fix)
        else:
            yield from told(version.model, version.digest, version.evidence, review, one,
                            settled=settled)  # fmt: skip


def told(  # noqa: PLR0913 - the model, its bytes, its evidence, and what is said of them
    model: str, digest: str, evidence: Mapping[str, str], review: Review, one: Attested, *,
    settled: bool,
) -> Iterator[Doubt]:  # fmt: skip
    """What is wrong with what one statement says, for a model of these bytes and evidence."""
    again = f"charter review {model}, then register the model anew"
    if one.predicate_type != TEST_RESULT or one.own.get("review") != review:
        yield Doubt(review, f"{review} review: {one.path} is about something else", again)
        return
    seen = one.subjects.get(subject(model))
    if seen != digest:
        what = short(seen) if seen else "another model"
        problem = f"{review} review: {one.path} is about {what}, not {short(digest)}"
        yield Doubt(review, problem, again)
        return
    own = {of_model(model, stem): value for stem, value in evidence.items()}
    for name, value in configured(one.predicate).items():
        if name.startswith(f"{ROOT}/models/{model}/") and own.get(name, value) != value:
            problem = f"{review} review: {one.path} saw another {name}"
            yield Doubt(review, problem, again)
    result = one.predicate.get("result")
    if result == WARNED and not settled:
        some = ", ".join(map(str, one.predicate.get("warnedTests", ()))) or "too little data"
        fix = f"let the board decide on this version: charter decide model:{model}@VERSION"
        yield Doubt(review, f"{review} review is inconclusive: {some}", fix, undecided=True)
    elif result not in {PASSED, WARNED}:
        some = ", ".join(map(str, one.predicate.get("failedTests", ()))) or str(result)
        yield Doubt(review, f"{review} review failed: {some}", "train a better model")


def configured(predicate: Mapping[str, Any]) -> dict[str, str]:
    """Digests (`sha256:…`) of what a test was run on and with, by name."""
    found = {}
    for item in predicate.get("configuration", ()):
        if not isinstance(item, dict):
            continue
        value = item.get("digest")
        sha256 = value.get("sha256") if isinstance(value, dict) else value
        found[str(item.get("name"))] = f"sha256:{str(sha256).removeprefix('sha256:')}"
    return found
