"""A waiver ends in time.

Demands: the last day of each record in `records/waivers` lies within `waiver_limit` of the day it
    was given, and that day has come.
Why: an exception without an end is the rule from then on.
Fix: write an earlier `until`, and renew it by a new record when it is still needed.
"""

from collections.abc import Iterator

from governance import period
from governance.approvals import Approvals
from governance.catalogue import Declarations, Law
from governance.facts import Now
from governance.finding import Finding
from governance.records import Waiver


def evaluate(declarations: Declarations, law: Law, now: Now) -> Iterator[Finding]:
    limit = law.declarations.one(Approvals, "approvals").value.waiver_limit
    for waiver in declarations.all(Waiver):
        if waiver.value.at > now.moment:
            problem = f"was given on {waiver.value.at:%Y-%m-%d}, which is still to come"
            yield Finding(waiver.at("at"), problem, "write the moment at which it was given")
            continue
        last = period.after(waiver.value.at.date(), limit)
        if waiver.value.until > last:
            problem = f"lasts until {waiver.value.until}, longer than {limit} allows"
            yield Finding(waiver.at("until"), problem, f"write {last} or earlier")
