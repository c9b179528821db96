"""Identifiers that can be listed: how many there are of a form, and each of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import prod
from typing import Final

from governance.identifiers import Kind
from governance.identifiers.sightings import is_named
from governance.reversal import scattered, share_out

_FIRST_DAY: Final = date(1920, 1, 1)
_DAYS: Final = 42_370
"""To the end of 2035."""
_HINTED: Final = 3
"""Of four hashes, those spent on what a column's name says it holds."""


@dataclass(frozen=True, slots=True)
class Domain:
    """All identifiers of one form; `at` gives each by its number below `size`."""

    name: str
    size: int
    at: Callable[[int], str]
    kind: Kind | None = None
    in_order: bool = False

    def first(self, count: int) -> Iterator[str]:
        """Some of them: from the lowest where people count up, else spread over all."""
        places = range(self.size) if self.in_order else scattered(self.size)
        return (self.at(place) for place in itertools.islice(places, count))


def _grouped(template: str, name: str, kind: Kind) -> Domain:
    """Numbers in a form such as `04## ### ###`."""
    width = template.count("#")
    pattern = template.replace("#", "{}")

    def at(place: int) -> str:
        return pattern.format(*f"{place:0{width}d}")

    return Domain(name, 10**width, at, kind)


def _dates(form: str) -> Domain:
    return Domain(
        "dates", _DAYS, lambda place: (_FIRST_DAY + timedelta(days=place)).strftime(form),
        in_order=True,
    )  # fmt: skip


def _counted(width: int) -> Domain:
    return Domain(f"numbers of {width} digits", 10**width, f"{{:0{width}d}}".format, in_order=True)


def _ssn(place: int) -> str:
    return f"{place // 1_000_000:03d}-{place // 10_000 % 100:02d}-{place % 10_000:04d}"


DOMAINS: Final = (
    *map(_counted, (4, 5, 6, 8, 10)),
    Domain("counted numbers", 10**9, str, in_order=True),
    *map(_dates, ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d")),
    *(
        _grouped(template, "phone numbers", "phone")
        for template in (
            "+614########", "04########", "614########", "+61 4## ### ###", "04## ### ###",
            "+1##########", "##########", "###-###-####", "(###) ###-####",
        )
    ),
    _grouped("#########", "numbers of 9 digits", "tfn"),
    _grouped("### ### ###", "tax file numbers", "tfn"),
    Domain("social security numbers", 10**9, _ssn, "ssn"),
)  # fmt: skip
"""Forms known everywhere."""

_PIECE: Final = re.compile(
    r"(?P<set>\[0-9\]|\\d|\[A-Z\]|\[a-z\])(?:\{(?P<times>[0-9]{1,2})\})?"
    r"|\[(?P<one>[^\]\\^-])\]|\\(?P<escaped>\W)|(?P<plain>[^\\\[\](){}.*+?|^$])"
)
_SETS: Final = {
    "[0-9]": "0123456789",
    "\\d": "0123456789",
    "[A-Z]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[a-z]": "abcdefghijklmnopqrstuvwxyz",
}


def of_pattern(pattern: str) -> Domain | None:
    """What fits a contract's pattern, counted up; None when it is more than a row of signs."""
    rest = pattern.removeprefix("^").removesuffix("$")
    signs: list[str] = []
    while rest:
        piece = _PIECE.match(rest)
        if piece is None:
            return None
        if piece["set"]:
            signs += [_SETS[piece["set"]]] * int(piece["times"] or 1)
        else:
            signs.append(piece["one"] or piece["escaped"] or piece["plain"])
        rest = rest[piece.end() :]
    sizes = [len(one) for one in signs]

    def at(place: int) -> str:
        text = []
        for one in reversed(signs):
            place, index = divmod(place, len(one))
            text.append(one[index])
        return "".join(reversed(text))

    return Domain("the contract's pattern", prod(sizes), at, in_order=True)


def candidates(column: str, pattern: str | None, budget: int, functions: int) -> Iterable[str]:
    """Guesses for a column, as many as a budget of hashes allows.

    Args:
        column: its name, which may tell what it holds.
        pattern: what its values matched before they were hashed, where that is known.
        budget: hashes that may be computed.
        functions: hash functions each guess goes through.
    """
    own = of_pattern(pattern) if pattern else None
    domains = [*DOMAINS, *([own] if own else [])]
    hinted = [d for d in domains if d is own or (d.kind and is_named(d.kind, column))]
    others = [domain for domain in domains if domain not in hinted]
    guesses = budget // functions
    first = guesses * _HINTED // 4 if hinted else 0
    for group, share in ((hinted, first), (others, guesses - first)):
        counts = share_out([domain.size for domain in group], share)
        for domain, count in zip(group, counts, strict=True):
            yield from domain.first(count)
