"""Nobody without the key can undo a pseudonym.

Demands: the attack on the prepared data found out not one hashed value; the key is the one the
    contract names; and the published sample key hides only data of source kinds that the base's
    and the tree's `policies/privacy.yaml` allow it for.
Why: identifiers are irreversibly hashed; an unkeyed hash of a phone number is undone by trying
    all phone numbers (IE-MGP-2025.01 §2).
Fix: let the values land unhashed and pseudonymise them here under a secret key.
"""

from collections.abc import Iterator

from governance import disclosure
from governance.catalogue import Declarations, Law
from governance.contract import Contract
from governance.declaration import Declared
from governance.evidence import Preparation, PrivacyReport, of_dataset
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place
from governance.privacy import Privacy


def evaluate(
    declarations: Declarations, law: Law, found: Evidence
) -> Iterator[Finding | NotApplicable]:
    policies = [d.one(Privacy, "privacy").value for d in (declarations, law.declarations)]
    judged = 0
    for contract in declarations.all(Contract):
        path = of_dataset(contract.value.name, "privacy")
        report = found.files.get(path)
        if isinstance(report, PrivacyReport):
            judged += 1
            for column, problem in disclosure.undone(report):
                yield Finding(Place(path, ("reversal", column)), problem, disclosure.REKEY)
        if any(column.technique == "pseudonymise" for column in contract.value.columns):
            yield from _key(contract, policies, found)
    if not judged:
        yield NotApplicable("no dataset was attacked")


def _key(
    contract: Declared[Contract], policies: list[Privacy], found: Evidence
) -> Iterator[Finding]:
    wanted, source = contract.value.pseudonym_key, contract.value.source
    kind = source.kind if source else None
    allowed = all(kind in policy.pseudonyms.sample_key_sources for policy in policies)
    if wanted.is_sample and not allowed:
        problem = f"the published sample key does not protect data of kind {kind}"
        fix = "replace `pseudonym_key: sample` by the name and version of a secret key"
        yield Finding(contract.at("customProperties"), problem, fix)
    path = of_dataset(contract.value.name, "preparation")
    report = found.files.get(path)
    if not isinstance(report, Preparation):
        return
    used = report.key
    if used is None or (used.name, used.version) != (wanted.name, wanted.version):
        was = f"under {used.name} v{used.version}" if used else "under no key"
        problem = f"pseudonyms were made {was}, the contract names {wanted}"
        yield Finding(Place(path, ("key",)), problem, "run `charter retrain`")
