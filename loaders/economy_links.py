"""What ties the firms of a made-up economy: stakes, guarantees, trade, loans; drawn anew in part each December."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from .economy_firms import Firms, Flags, Floats, Ints, generator

DEGREE = 4.5  # deliveries a firm
STAYS = {"stakes": 0.97, "guarantees": 0.85, "trade": 0.7, "loans": 0.9}  # of the links of firms that both go on, a
# year; with the firms that go, half of the deliveries are over after 13 months
YEAR = 10_000_000  # contracts are numbered from their year times this
HELD, CIRCLES, MUTUAL, STARS = 0.3, 0.28, 0.16, 0.12  # stakes, and guarantees of each form, a firm


@dataclass(frozen=True)
class Ties:
    """One kind of link, shape (m,): from source to target; a contract keeps its number for life.

    `weight` is drawn once: the share of a stake, else what its money is in proportion to. `amount` is this year's
    money: the receivable, the cap, the balance; of a stake the share.
    """

    source: Ints
    target: Ints
    contract: Ints
    weight: Floats
    amount: Floats

    def keep(self, chosen: Flags | Ints) -> "Ties":
        """Only the chosen links."""
        return Ties(*(getattr(self, column.name)[chosen] for column in fields(self)))

    def times(self, factor: Floats | float) -> "Ties":
        """The same links about more or less money."""
        return replace(self, amount=self.amount * factor)

    @property
    def count(self) -> int:
        """How many links there are."""
        return len(self.source)


@dataclass(frozen=True)
class Links:
    """The links of one year."""

    stakes: Ties
    guarantees: Ties
    trade: Ties
    loans: Ties


def ties(source: Ints, target: Ints, weight: Floats, first: int) -> Ties:
    """New links, numbered from `first`, not yet about any money."""
    return Ties(source, target, first + np.arange(len(source)), weight, weight)


def joined(parts: Sequence[Ties]) -> Ties:
    """Several lots of links as one."""
    return Ties(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Ties)))


def renewed(firms: Firms, alive: Flags, equity: Floats, old: Links | None, when: tuple[int, int]) -> Links:
    """The links among the living firms for another year: most of the old ones, and new ones in place of the others.

    Args:
        firms: of the economy.
        alive: (n,) which of them go on.
        equity: (n,) money.
        old: of the year before; none at the opening.
        when: the economy's seed and the number of the year.
    """
    seed, year = when
    rng = generator(seed, "links", year)
    kept = _kept(old, alive, rng) if old else _none()
    there = np.flatnonzero(alive)
    first = YEAR * year
    stakes = _stakes(firms, there, equity, kept.stakes, rng)
    new = ties(*stakes, first)
    loans = joined([kept.loans, _loans(new, rng)])
    guarantees = joined([kept.guarantees, _guarantees(firms, there, kept.guarantees, first, rng)])
    trade = joined([kept.trade, _trade(firms, there, kept.trade, first, rng)])
    return Links(joined([kept.stakes, new]), guarantees, trade, loans)


def _none() -> Links:
    none = ties(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), 0)
    return Links(none, none, none, none)


def _kept(old: Links, alive: Flags, rng: np.random.Generator) -> Links:
    lots = []
    for name, stays in STAYS.items():
        held: Ties = getattr(old, name)
        goes_on = rng.random(held.count) < stays
        lots.append(held.keep(goes_on & alive[held.source] & alive[held.target]))
    return Links(*lots)


def _free(there: Ints, taken: Ties, rng: np.random.Generator) -> Ints:
    """The living firms that no link of this kind touches yet, shuffled."""
    touched = np.union1d(taken.source, taken.target)
    return rng.permutation(np.setdiff1d(there, touched, assume_unique=True))


def _cut(members: Ints, sizes: Ints) -> tuple[Ints, Ints, Ints]:
    """Members cut into groups of these sizes as far as they last: group's first place, place in it, size."""
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), len(members), side="right")]
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return first, np.arange(len(first)) - first, np.repeat(sizes, sizes)


def _stakes(
    firms: Firms, there: Ints, equity: Floats, kept: Ties, rng: np.random.Generator
) -> tuple[Ints, Ints, Floats]:
    """A forest of owners: groups of heavy-tailed size, the largest firm on top, few cross-holdings. Weight = share."""
    free, missing = _free(there, kept, rng), max(0, int(HELD * len(there)) - kept.count)
    sizes = np.minimum(1 + rng.zipf(2.3, missing), 200)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes - 1), missing)]
    first, place, _ = _cut(free, sizes)
    members = free[: len(first)]
    members = members[np.lexsort((-firms.assets[members], first))]
    above = first + np.floor(place * rng.random(len(members)) ** 2).astype(np.int64)  # near the top: stars, branches
    below = place > 0
    owner, held = members[above[below]], members[below]
    share = 0.33 + 0.67 * rng.beta(1.2, 0.8, len(held))
    share = np.minimum(share, 0.6 * np.maximum(equity[owner], 0) / np.maximum(equity[held], 1))
    crossed = rng.random(len(held)) < 0.04
    back = rng.uniform(0.02, 0.12, int(crossed.sum()))
    return (
        np.concatenate([owner, held[crossed]]),
        np.concatenate([held, owner[crossed]]),
        np.round(np.concatenate([share, back]), 4),
    )


def _loans(stakes: Ties, rng: np.random.Generator) -> Ties:
    """Loans inside groups: most run from the owner down, some up. Weight = part of the smaller one's assets."""
    lent = stakes.keep((rng.random(stakes.count) < 0.35) & (stakes.weight > 0.3))
    up = rng.random(lent.count) < 0.3
    lender, borrower = np.where(up, lent.target, lent.source), np.where(up, lent.source, lent.target)
    return replace(lent, source=lender, target=borrower, weight=rng.uniform(0.02, 0.12, lent.count))


def _guarantees(firms: Firms, there: Ints, kept: Ties, first: int, rng: np.random.Generator) -> Ties:
    """Circles of firms of like quality, reciprocal pairs, hubs; some contracts have two joint guarantors."""
    lacks = max(0.0, 1 - kept.count / ((CIRCLES * 1.3 + MUTUAL + STARS) * len(there)))
    free = _free(there, kept, rng)
    circles, rest = np.split(free, [int(CIRCLES * lacks * len(there))])
    mutual = rest[: 2 * int(MUTUAL * lacks * len(there) / 2)].reshape(-1, 2)
    stars = _stars(firms, there, int(STARS * lacks * len(there)), rng)
    pairs = np.concatenate([_circles(firms, circles, rng), mutual, mutual[:, ::-1], stars])
    whole = ties(pairs[:, 0], pairs[:, 1], rng.uniform(0.3, 1.0, len(pairs)), first)
    second = whole.keep(rng.random(whole.count) < 0.1)
    other = replace(second, source=rng.choice(there, second.count))
    both = joined([whole, other.keep(other.source != second.source)])
    return both.keep(both.source != both.target)


def _circles(firms: Firms, joins: Ints, rng: np.random.Generator) -> Ints:
    """Each guarantees the next, sorted by quality with noise, so that poor firms stand beside poor ones."""
    order = joins[np.argsort(firms.quality[joins] + 0.4 * rng.standard_normal(len(joins)))]
    first, place, size = _cut(order, np.minimum(1 + rng.zipf(1.9, len(order)), 60))
    members, following, chord = order[: len(first)], first + (place + 1) % size, first + (place + 2) % size
    extra = (rng.random(len(first)) < 0.3) & (size > 2)
    ring = np.stack([members, order[following]], axis=1)[size > 1]
    return np.concatenate([ring, np.stack([members, order[chord]], axis=1)[extra]])


def _stars(firms: Firms, there: Ints, count: int, rng: np.random.Generator) -> Ints:
    """Large firms that guarantee many."""
    hubs = there[np.argsort(-firms.assets[there], kind="stable")[: max(1, len(there) // 100)]]
    return np.stack([rng.choice(hubs, count), rng.choice(there, count)], axis=1)


def _trade(firms: Firms, there: Ints, kept: Ties, first: int, rng: np.random.Generator) -> Ties:
    """Heavy-tailed on both sides, a quarter within the industry, one in twenty both ways."""
    count = max(0, int(DEGREE * len(there) / 1.05) - kept.count)
    out, into = np.cumsum(firms.sells[there]), np.cumsum(firms.buys[there])
    seller = np.searchsorted(out, rng.random(count) * out[-1])
    buyer = np.searchsorted(into, rng.random(count) * into[-1])
    industry = firms.industry[there]
    by_industry = np.argsort(industry, kind="stable")
    begin = np.searchsorted(industry[by_industry], industry[seller])
    end = np.searchsorted(industry[by_industry], industry[seller], side="right")
    peer = by_industry[begin + np.floor(rng.random(count) * (end - begin)).astype(np.int64)]
    buyer = np.where(rng.random(count) < 0.25, peer, buyer)
    both_ways = rng.random(count) < 0.05
    source = there[np.concatenate([seller, buyer[both_ways]])]
    target = there[np.concatenate([buyer, seller[both_ways]])]
    drawn = ties(source, target, np.exp(2.0 * rng.standard_normal(len(source))), first)
    return drawn.keep(source != target)
