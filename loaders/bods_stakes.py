"""BODS shareholdings and voting rights of one relationship, joined into stakes over the periods in which both hold."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from .bods_shares import share_of

Interest = dict[str, Any]
Row = dict[str, Any]

OWNING = {"shareholding": "share", "votingRights": "votes"}
NEVER = "9999-12-31"
PERIOD = ("startDate", "endDate")


def stake_rows(interests: list[Interest]) -> list[Row]:
    """One row for each stake and each period in which its capital and votes stay the same.

    Interests of one kind that follow each other are one stake, those that overlap are several (`strand` 0, 1, …).
    `direct` is false only where the source says so.

    Raises:
        DataError: a share that is no share.
    """
    rows: list[Row] = []
    for direct in (True, False):
        strands = _strands([each for each in interests if (each.get("directOrIndirect") != "indirect") == direct])
        rows += [
            row | {"strand": number, "direct": direct} for number, strand in enumerate(strands) for row in _cut(strand)
        ]
    return rows


def _strands(interests: list[Interest]) -> list[list[Interest]]:
    """Interests sorted into stakes: in each, those of one type don't overlap."""
    strands: list[list[Interest]] = []
    for interest in sorted(interests, key=_start):
        free = (
            s for s in strands if all(each["type"] != interest["type"] or _end(each) <= _start(interest) for each in s)
        )
        strand = next(free, None)
        if strand is None:
            strands.append([interest])
        else:
            strand.append(interest)
    return strands


def _cut(strand: list[Interest]) -> Iterator[Row]:
    """The rows of one stake, cut where its capital or its votes begin or end."""
    if len({tuple(each.get(name) for name in PERIOD) for each in strand}) == 1 or not all(map(_forward, strand)):
        for period in {tuple(each.get(name) for name in PERIOD): None for each in strand}:
            yield _row([each for each in strand if tuple(each.get(name) for name in PERIOD) == period], *period)
        return
    cuts = sorted({_start(each) for each in strand} | {_end(each) for each in strand})
    for start, end in pairwise(cuts):
        held = [each for each in strand if _start(each) <= start and end <= _end(each)]
        if held:
            yield _row(held, start or None, None if end == NEVER else end)


def _row(held: list[Interest], start: str | None, end: str | None) -> Row:
    row: Row = {"valid_from": start, "valid_to": end}
    for interest in held:
        row |= share_of(interest, OWNING[interest["type"]])
    return row


def _start(interest: Interest) -> str:
    return (interest.get("startDate") or "")[:10]


def _end(interest: Interest) -> str:
    return (interest.get("endDate") or NEVER)[:10]


def _forward(interest: Interest) -> bool:
    """Whether a period can be cut: full days in their order; any other goes to quarantine as it is."""
    return (
        len(_start(interest)) in (0, len(NEVER))
        and len(_end(interest)) == len(NEVER)
        and _start(interest) <= _end(interest)
    )
