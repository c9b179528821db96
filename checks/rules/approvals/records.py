"""An approval record says what was signed, once, and stays.

Demands: the statement in each file of `records/approvals` can be read, was signed at the moment
    the record gives, and stands in one record only; no commit of a change takes one out again.
Why: a record that does not count should be seen at once, not looked for in silence.
Fix: sign again with `charter approve`, and put back what was taken out.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.finding import Finding, Place
from governance.opinions import statement_of
from governance.records import Approval
from governance.tally import Tally


def evaluate(declarations: Declarations, tally: Tally | None) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for record in declarations.all(Approval):
        signed = statement_of(record)
        again = "sign again with `charter approve`"
        if signed.statement is None:
            problem = f"its statement cannot be read: {signed.problem}"
            yield Finding(record.at("statement"), problem, again)
            continue
        if signed.statement.predicate.at != record.value.at:
            problem = "the record gives another moment than the one that was signed"
            yield Finding(record.at("at"), problem, again)
        other = first.setdefault(signed.statement.predicate.nonce, record.path)
        if other != record.path:
            problem = f"holds the statement of {other} a second time"
            yield Finding(record.at("statement"), problem, "remove the copy")
    for path in tally.change.edited_records if tally else ():
        problem = "a commit of this change added this approval, and a later one took it out"
        yield Finding(Place(path), problem, "put it back: what was signed was said")
