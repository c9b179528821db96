"""How a model's bytes stand with the replays that machines signed: failures are never outrun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from governance.attestation import VERIFICATION
from governance.digest import short
from governance.replay import PROPERTY

if TYPE_CHECKING:
    from governance.attestation import Attestations, Attested


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model's bytes stand with all replays that machines signed, the newest first.

    `unexplained` failed, and no later one that passed names their cause.
    """

    replays: tuple[Attested, ...]
    unexplained: tuple[Attested, ...]

    @property
    def passed(self) -> bool:
        """Whether the newest replay passed and no failure is left open."""
        return bool(self.replays) and _passed(self.replays[0]) and not self.unexplained


def standing(found: Attestations, digest: str) -> Standing:
    """How the model of a digest stands: a failure is never outrun by repeating it."""
    replays = tuple(
        one for one in found.about(digest, VERIFICATION) if one.own.get("review") == "replay"
    )
    explained: set[str] = set()
    unexplained = []
    for one in replays:
        if _passed(one):
            given = one.own.get("explains")
            explained |= {str(name) for name in given} if isinstance(given, dict) else set()
        elif identity(one) not in explained:
            unexplained.append(one)
    return Standing(replays, tuple(unexplained))


def identity(one: Attested) -> str:
    """The id of the record that holds a statement."""
    return one.path.rpartition("/")[2].removesuffix(".yaml")


def lacks(digest: str, found: Attestations, *, demanded: bool) -> Iterator[tuple[str, str | None]]:
    """What keeps a model from counting as repeatable, and the record that says so.

    Args:
        digest: the model's.
        found: statements that count.
        demanded: the registry asks for a replay; a failure stands in the way either way.
    """
    stands = standing(found, digest)
    for one in stands.unexplained:
        yield f"a replay of {short(digest)} failed, and nobody named the cause", one.path
    if demanded and not stands.replays:
        yield f"no machine has replayed {short(digest)}", None


def _passed(one: Attested) -> bool:
    return one.own.get("result") == "PASSED" and PROPERTY in one.predicate.get("properties", ())
