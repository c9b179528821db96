"""Facts about the files that tell the forge what the policies say."""

from __future__ import annotations

from checks.situation import Situation
from governance import forge_settings
from governance.approvals import Approvals
from governance.catalogue import Declarations
from governance.facts import Now
from governance.forge_settings import ForgeFiles
from governance.roles import Roles


def forge_files(situation: Situation, own: Declarations, now: Now) -> ForgeFiles:
    """The generated files as they stand, beside what the tree's own policies give."""
    tree = situation.tree
    policy = own.one(Approvals, "approvals").value
    roles = own.one(Roles, "roles").value
    expected = forge_settings.expected(policy, roles, now.day)
    entries = tree.entries()
    there = [p for p in expected if p in entries and entries[p].mode in {"file", "executable"}]
    return ForgeFiles(
        found={path: data.decode(errors="replace") for path, data in tree.read_many(there)},
        expected=expected,
        others=tuple(sorted(path for path in entries if forge_settings.second(path))),
    )
