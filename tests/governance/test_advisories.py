"""Which locked distributions an advisory speaks of."""

from __future__ import annotations

from typing import Any

import pytest

from governance import advisories

LOCK = "Jinja2==3.1.4 \\\n    --hash=sha256:00\nzope.interface==7.0\n# numpy==1.0\nnumpy==2.4.6\n"


def advisory(*events: dict[str, str], name: str = "jinja2", **more: Any) -> dict[str, Any]:
    part = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": "PYSEC-1", "affected": [part | more.pop("part", {})]} | more


def hits(*given: dict[str, Any]) -> list[str]:
    return [str(hit.name) for hit in advisories.affected(advisories.locked(LOCK), given)]


def test_a_lock_names_distributions_as_indexes_compare_them():
    found = advisories.locked(LOCK)
    assert found == {"jinja2": "3.1.4", "zope-interface": "7.0", "numpy": "2.4.6"}


CASES = {
    "before the fix": (advisory({"introduced": "0"}, {"fixed": "3.1.5"}), True),
    "the fix itself": (advisory({"introduced": "0"}, {"fixed": "3.1.4"}), False),
    "before it came in": (advisory({"introduced": "3.1.5"}), False),
    "the last one affected": (advisory({"introduced": "0"}, {"last_affected": "3.1.4"}), True),
    "after the last one affected": (
        advisory({"introduced": "0"}, {"last_affected": "3.1.3"}), False,
    ),
    "fixed, and broken again": (
        advisory({"introduced": "0"}, {"fixed": "3.0"}, {"introduced": "3.1"}), True,
    ),
    "events in any order": (advisory({"fixed": "3.1.5"}, {"introduced": "0"}), True),
    "listed by its number": (
        advisory(part={"ranges": [], "versions": ["3.1.4"]}), True,
    ),
    "listed in another spelling": (
        advisory(part={"ranges": [], "versions": ["v3.1.4.0"]}), True,
    ),
    "another distribution": (advisory({"introduced": "0"}, name="flask"), False),
    "another spelling of the name": (advisory({"introduced": "0"}, name="Zope_Interface"), True),
    "another ecosystem": (
        advisory({"introduced": "0"}, part={"package": {"ecosystem": "npm", "name": "jinja2"}}),
        False,
    ),
    "ranges of commits": (
        advisory(part={"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}), False,
    ),
    "taken back": (advisory({"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"), False),
}  # fmt: skip


@pytest.mark.parametrize(("given", "hit"), CASES.values(), ids=CASES)
def test_an_advisory_speaks_of_a_version_or_not(given, hit):
    assert bool(hits(given)) is hit


def test_a_version_that_cannot_be_compared_is_told_and_not_passed_over():
    (found,) = advisories.affected({"jinja2": "3.1.4"}, [advisory({"introduced": "soon"})])
    assert not found.sure


@pytest.mark.parametrize("value", ["x", 1, [1], [{"affected": []}], {"vulns": {}}, None])
def test_what_is_no_list_of_advisories_is_refused(value):
    with pytest.raises(advisories.Unreadable):
        advisories.entries(value)


def test_the_three_shapes_of_a_file_are_read():
    one = advisory()
    assert advisories.entries(one) == advisories.entries([one]) == [one]
    assert advisories.entries({"vulns": [one]}) == [one]
