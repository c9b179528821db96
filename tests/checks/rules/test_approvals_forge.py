"""Do the files for the forge say what the policies say?"""

from __future__ import annotations

from datetime import UTC, datetime

from cases import Change, Green, Red, Table, keeps_quiet, rows, tells
from world import NOW, World

from adapters.reading import Reading
from governance import forge_settings
from governance.approvals import Approvals
from governance.forge_settings import BRANCHES, OWNERS, TAGS
from governance.roles import Roles

ROLES = "policies/roles.yaml"
APPROVALS = "policies/approvals.yaml"
MINA = '{person: mina, valid_from: "2026-01-01"}'


def forged(w: World, day: datetime = NOW) -> World:
    """What `charter forge` does."""
    found = Reading(w).declarations
    policy, roles = found.one(Approvals, "approvals").value, found.one(Roles, "roles").value
    for path, text in forge_settings.expected(policy, roles, day.date()).items():
        w.put(path, text)
    return w


def edited(path: str, old: str, new: str) -> Change:
    return lambda w: forged(w).edit(path, old, new)


def added(path: str) -> Change:
    return lambda w: forged(w).put(path, "* @mallory\n")


RED: Table = {
    "approvals/forge": {
        "no owners": Red(
            lambda w: forged(w).remove(OWNERS), (OWNERS, "", "is missing, or no plain file")
        ),
        "no ruleset for tags": Red(
            lambda w: forged(w).remove(TAGS), (TAGS, "", "is missing, or no plain file")
        ),
        "owners somewhere else": Red(
            lambda w: forged(w).put(OWNERS, "../README.md", "symlink"),
            (OWNERS, "README", "is missing, or no plain file"),
            only=True,
        ),
        "B06 the workflows are nobody's": Red(
            lambda w: forged(w).put(OWNERS, f"{w.text(OWNERS)}/.github/**\n"),
            (OWNERS, "/.github/**", "goes on where it should end"),
        ),
        "somebody else is asked": Red(
            edited(OWNERS, "\n* @milo-example @mina-example\n", "\n* @mallory\n"),
            (OWNERS, "* @mallory", "should be `* @milo-example @mina-example`"),
        ),
        "the last line is gone": Red(
            lambda w: forged(w).put(OWNERS, w.text(OWNERS)[: w.text(OWNERS).rindex("\n/") + 1]),
            (OWNERS, "", "should be `/"),
        ),
        "other ends of lines": Red(
            lambda w: forged(w).put(OWNERS, w.text(OWNERS).replace("\n", "\r\n")),
            (OWNERS, "# Written by", "line 1 should be"),
        ),
        "B57 another name is required": Red(
            edited(BRANCHES, '"charter"', '"Charter"'),
            (BRANCHES, '"Charter"', 'should be `            "context": "charter",`'),
        ),
        "B58 a check from any app": Red(
            edited(BRANCHES, "15368", "15369"), (BRANCHES, "15369", '"integration_id": 15368')
        ),
        "B101 somebody above the rules": Red(
            edited(BRANCHES, '"bypass_actors": []', '"bypass_actors": [{"actor_id": 5}]'),
            (BRANCHES, "actor_id", '"bypass_actors": []'),
        ),
        "B102 rules on trial": Red(
            edited(BRANCHES, '"active"', '"evaluate"'),
            (BRANCHES, '"evaluate"', '"enforcement": "active"'),
        ),
        "B48 tags that move": Red(
            edited(TAGS, '"update"', '"creation"'), (TAGS, '"creation"', '"update"')
        ),
        "a term that ended": Red(
            lambda w: forged(
                w.edit(ROLES, MINA, MINA.replace("}", ', valid_until: "2026-11-21"}')),
                datetime(2026, 11, 21, tzinfo=UTC),
            ),
            (OWNERS, "* @milo-example @mina-example", "should be"),
            only=True,
        ),
        "B05 owners at the top": Red(
            added("CODEOWNERS"), ("CODEOWNERS", "@mallory", "a second CODEOWNERS")
        ),
        "B05 owners in docs": Red(
            added("docs/CODEOWNERS"), ("docs/CODEOWNERS", "@mallory", "a second CODEOWNERS")
        ),
        "B05 owners in another case": Red(
            added(".github/codeowners"),
            (".github/codeowners", "@mallory", "a second CODEOWNERS"),
            only=True,
        ),
        "B05 owners with an ending": Red(
            added("CODEOWNERS.txt"), ("CODEOWNERS.txt", "@mallory", "a second CODEOWNERS")
        ),
    },
}


GREEN = {
    "approvals/forge": {
        "as generated": Green(forged),
        "the last day of a term": Green(
            lambda w: forged(w.edit(ROLES, MINA, MINA.replace("}", ', valid_until: "2026-11-22"}')))
        ),
        "a comment in the policy": Green(
            lambda w: forged(w).edit(APPROVALS, "version: 1.0.0", "version: 1.0.0  # first")
        ),
        "a file about owners": Green(lambda w: forged(w).put("docs/owners.md", "words\n")),
    },
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)
