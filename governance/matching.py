"""Different people for different seats: a maximum flow from people through seats.

Greedy assignment refuses quorums that exist: with seats {a, b}, {a, c}, {c} and the votes of a, b
and c, whoever takes a for the first seat is stuck. Augmenting paths find b, a, c.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Slot:
    """A seat for `count` different people who hold one of `roles`.

    `choice` names the group it belongs to and how many seats of that group have to be filled.
    """

    id: int
    label: str
    count: int
    roles: tuple[str, ...]
    function: str | None
    choice: tuple[int, int] | None = None


Node = tuple[str, str | int]
"""A node of the network: its layer, and which one of that layer."""

_START: Node = ("start", 0)
_END: Node = ("end", 0)


def fill(
    slots: tuple[Slot, ...], eligible: Mapping[str, frozenset[int]]
) -> dict[int, tuple[str, ...]]:
    """People by seat, as many as can be seated: each person once, no seat or choice overfull.

    The answer depends on who may sit where, not on the order in which they voted.
    """
    room = _network(slots, eligible)
    while path := _path(room):
        for here, there in pairwise(path):
            room[here][there] -= 1
            room[there][here] = room[there].get(here, 0) + 1
    return {
        slot.id: tuple(p for p in sorted(eligible) if room["seat", slot.id].get(("person", p), 0))
        for slot in slots
    }


def _network(
    slots: tuple[Slot, ...], eligible: Mapping[str, frozenset[int]]
) -> dict[Node, dict[Node, int]]:
    """How many people can still go from node to node: start, person, seat, choice, end."""
    room: dict[Node, dict[Node, int]] = {_START: {}, _END: {}}
    for slot in slots:
        group: Node = ("choice", slot.choice[0]) if slot.choice else _END
        room["seat", slot.id] = {group: slot.count}
        if slot.choice:
            room[group] = {_END: slot.choice[1]}
    for person in sorted(eligible):
        room[_START]["person", person] = 1
        room["person", person] = {("seat", number): 1 for number in sorted(eligible[person])}
    return room


def _path(room: Mapping[Node, Mapping[Node, int]]) -> list[Node]:
    """A shortest way from start to end on which there is still room; empty when there is none."""
    came: dict[Node, Node] = {_START: _START}
    queue = [_START]
    for node in queue:
        for there, left in room[node].items():
            if left and there not in came:
                came[there] = node
                queue.append(there)
    if _END not in came:
        return []
    path = [_END]
    while path[-1] != _START:
        path.append(came[path[-1]])
    return path[::-1]


def lacking(slots: Iterable[Slot], chosen: Mapping[int, tuple[str, ...]]) -> Iterator[Slot]:
    """Seats that are still open; those of a choice that has enough are not."""
    slots = tuple(slots)
    reached: dict[int, int] = {}
    for slot in slots:
        if slot.choice:
            reached[slot.choice[0]] = reached.get(slot.choice[0], 0) + len(chosen.get(slot.id, ()))
    for slot in slots:
        if slot.choice:
            if reached[slot.choice[0]] < slot.choice[1]:
                yield slot
        elif len(chosen.get(slot.id, ())) < slot.count:
            yield slot
