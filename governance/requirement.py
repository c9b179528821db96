"""What a requirement asks for: its seats, and whether people could ever fill them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from governance.approvals import Choice, Seat
from governance.matching import Slot, fill, lacking
from governance.roles import Roles


def slots(require: Iterable[Seat | Choice], edited: Iterable[str | None] = ()) -> Iterator[Slot]:
    """Seats as the matching takes them; a changed role becomes a seat for each edited role."""
    number = 0
    changed = tuple(sorted({name.removeprefix("role:") for name in edited if name}))
    for group, item in enumerate(require):
        choice = item if isinstance(item, Choice) else None
        for seat in choice.of if choice else (item,):
            assert isinstance(seat, Seat)  # noqa: S101 - a choice holds seats only
            for role in (seat.role,) if seat.role else changed:
                label = str(seat) if seat.role else f"{role} (the changed role)"
                if choice:
                    label += f" [any {choice.at_least} of {len(choice.of)}]"
                bound = (group, choice.at_least) if choice else None
                yield Slot(number, label, seat.count, (role,), seat.function, bound)
                number += 1


def gaps(require: Iterable[Seat | Choice], roles: Roles, day: date) -> Iterator[str]:
    """Why a requirement could never be met: too few people, or too few once one wrote the change.

    The holders of a seat include deputies, who count when nobody else can.
    """
    require = tuple(require)
    if any(seat.role is not None and seat.role not in roles.roles for seat in _seats(require)):
        return  # `declarations/references` speaks of it
    edited = (
        [f"role:{name}" for name in roles.roles]
        if any(seat.changed_role for seat in _seats(require))
        else [None]
    )
    for role in edited:
        places = tuple(slots(require, [role]))
        holders = {slot.id: set(_holders(slot, roles, day)) for slot in places}
        everyone = {person for people in holders.values() for person in people}
        for author in [None, *sorted(everyone)]:
            able = {
                person: frozenset(number for number, people in holders.items() if person in people)
                for person in everyone - {author}
            }
            short = list(lacking(places, fill(places, able)))
            if short:
                names = ", ".join(dict.fromkeys(slot.label for slot in short))
                yield names if author is None else f"{names} when {author} wrote the change"
                break


def _seats(require: Iterable[Seat | Choice]) -> Iterator[Seat]:
    for item in require:
        yield from item.of if isinstance(item, Choice) else (item,)


def _holders(slot: Slot, roles: Roles, day: date) -> Iterator[str]:
    for role in slot.roles:
        yield from roles.holders(role, slot.function, day)
