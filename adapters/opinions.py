"""The key behind each signed opinion, as ssh-keygen verified it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from adapters.keys import Job
from governance.opinions import Signed
from governance.roles import Roles
from governance.statement import NAMESPACE


def made_with(
    signed: Iterable[Signed], roles: Roles, verify: Callable[[Iterable[Job]], Sequence[str | None]]
) -> Mapping[str, str | None]:
    """The public key that made each signature, by the record's path; None for nobody's.

    Args:
        signed: records with their statements.
        roles: whose keys count; only those of the person a statement names are tried.
        verify: answers all questions at once, such as `Verifier.verify_many`.

    Raises:
        CouldNotJudge: ssh-keygen is missing or did not finish.
    """
    found: dict[str, str | None] = {}
    asked: dict[str, Job] = {}
    for item in signed:
        found[item.record.path] = None
        person = roles.people.get(item.statement.predicate.by) if item.statement else None
        if item.statement is None or person is None:
            continue
        asked[item.record.path] = Job(
            text=item.record.value.statement.encode(),
            signature=item.record.value.signature,
            person=item.statement.predicate.by,
            publics=tuple(key.public for key in person.keys),
            namespace=NAMESPACE,
        )
    return found | dict(zip(asked, verify(list(asked.values())), strict=True))
