"""The firms of a made-up economy and what ties them: stakes, guarantees, trade, loans. Arrays, drawn from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Days = npt.NDArray[Any]  # of numpy days
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BEFORE = -1  # month of a start before the economy's first month
NEVER = 10**6  # month of an end that doesn't come
INDUSTRIES = 24
REGIONS = 12


@dataclass(frozen=True)
class Firms:
    """What each firm is, shape (n,). Money in the economy's currency, volatility a year, months from the start.

    `quality` (standard normal) moves leverage, volatility and the choice of guarantee partners alike: firms that are
    linked are alike, whether or not links carry anything.
    """

    quality: Floats
    assets: Floats
    leverage: Floats  # liabilities over assets to which the firm returns
    volatility: Floats
    margin: Floats  # gross, a fraction of revenue
    turns: Floats  # revenue over assets
    industry: Ints
    region: Ints
    enters: Ints
    leaves: Ints  # of its own will
    customer: Flags  # holds a facility of the bank
    files: Flags  # files accounts

    @property
    def count(self) -> int:
        """How many firms there are."""
        return len(self.assets)


@dataclass(frozen=True)
class Ties:
    """One kind of link, shape (m,): from source to target, the money it is about, the months it held, its contract."""

    source: Ints
    target: Ints
    amount: Floats
    starts: Ints
    ends: Ints
    contract: Ints

    def until(self, last: Ints) -> "Ties":
        """The same links, none beyond its month in `last` (m,); those that never held fall away."""
        ends = np.minimum(self.ends, last)
        return replace(self, ends=ends).keep(self.starts < ends)

    def keep(self, chosen: Flags | Ints) -> "Ties":
        """Only the chosen links."""
        return Ties(*(getattr(self, column.name)[chosen] for column in fields(self)))


def generator(seed: int, part: str) -> np.random.Generator:
    """A stream of its own for each part, so that a change in one never moves another."""
    return np.random.default_rng(np.random.SeedSequence([seed, *part.encode()]))


def draw_firms(count: int, months: int, seed: int) -> Firms:
    """Heavy-tailed sizes (lognormal body, Pareto tail), leverage and volatility that get worse with poor quality."""
    rng = generator(seed, "firms")
    quality = rng.standard_normal(count)
    size = np.exp(16.6 + 1.1 * rng.standard_normal(count)) * (1 + 0.25 * rng.pareto(1.3, count))
    lean = 0.25 - 0.45 * quality + 0.5 * rng.standard_normal(count)
    volatility = 0.19 * np.exp(-0.15 * quality + 0.3 * rng.standard_normal(count))
    late = rng.random(count) < 0.06 * months / 12
    return Firms(
        quality=quality,
        assets=np.minimum(size, 3e11),
        leverage=0.92 / (1 + np.exp(-lean)),
        volatility=np.clip(volatility, 0.05, 0.8),
        margin=rng.uniform(0.06, 0.28, count),
        turns=rng.uniform(0.6, 1.8, count),
        industry=_common_first(INDUSTRIES, count, rng),
        region=_common_first(REGIONS, count, rng),
        enters=np.where(late, rng.integers(0, months, count), BEFORE),
        leaves=np.where(rng.random(count) < 0.03 * months / 12, rng.integers(0, months, count), NEVER),
        customer=rng.random(count) < 0.85,
        files=rng.random(count) < 0.92,
    )


def _common_first(kinds: int, count: int, rng: np.random.Generator) -> Ints:
    """Numbers below `kinds`, low ones more often."""
    weight = 1 / np.arange(1, kinds + 1) ** 0.7
    return rng.choice(kinds, count, p=weight / weight.sum())


def _together(firms: Firms, ties: Ties) -> Ties:
    """The links whose two ends are different firms, from the month on which both exist."""
    starts = np.maximum(ties.starts, np.maximum(firms.enters[ties.source], firms.enters[ties.target]))
    moved = Ties(ties.source, ties.target, ties.amount, starts, ties.ends, ties.contract)
    return moved.keep((ties.source != ties.target) & (starts < ties.ends))


def _lasting(source: Ints, target: Ints, amount: Floats) -> Ties:
    count = len(source)
    return Ties(source, target, amount, np.full(count, BEFORE), np.full(count, NEVER), np.arange(count))


def draw_stakes(firms: Firms, seed: int) -> Ties:
    """A forest of owners: groups of heavy-tailed size, the largest firm on top, few cross-holdings. Amount = share."""
    rng = generator(seed, "stakes")
    sizes = np.minimum(1 + rng.zipf(2.3, firms.count), 200)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), int(0.45 * firms.count))]
    members = _members(firms, rng.permutation(firms.count)[: sizes.sum()], sizes)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.arange(len(members)) - first
    above = np.floor(place * rng.random(len(members)) ** 2).astype(np.int64)  # near the top: a star with branches
    below = np.flatnonzero(place > 0)
    owner, held = members[first[below] + above[below]], members[below]
    equity = (1 - firms.leverage) * firms.assets
    share = 0.33 + 0.67 * rng.beta(1.2, 0.8, len(below))
    stakes = _lasting(owner, held, np.minimum(share, 0.6 * equity[owner] / equity[held]))
    crossed = rng.random(len(below)) < 0.04
    back = _lasting(stakes.target[crossed], stakes.source[crossed], rng.uniform(0.02, 0.12, int(crossed.sum())))
    return _together(firms, joined([stakes, back]))


def _members(firms: Firms, chosen: Ints, sizes: Ints) -> Ints:
    """The chosen firms cut into groups of these sizes, the largest firm of each group first."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    return chosen[np.lexsort((-firms.assets[chosen], group))]


def draw_guarantees(firms: Firms, months: int, seed: int) -> Ties:
    """Circles of firms of like quality, reciprocal pairs, hubs; some contracts have two joint guarantors."""
    rng = generator(seed, "guarantees")
    pairs = np.concatenate([_circles(firms, rng), _mutual(firms, rng), _hubs(firms, rng)])
    count = len(pairs)
    cap = rng.uniform(0.4, 1.0, count) * (firms.leverage * firms.assets)[pairs[:, 1]]
    cap = np.minimum(cap, rng.uniform(0.15, 0.7, count) * firms.assets[pairs[:, 0]])
    starts = np.where(rng.random(count) < 0.6, BEFORE, rng.integers(0, months, count))
    ends = np.where(rng.random(count) < 0.5, NEVER, np.maximum(starts, 0) + rng.integers(12, 60, count))
    whole = Ties(pairs[:, 0], pairs[:, 1], cap, starts, ends, np.arange(count))
    second = whole.keep(rng.random(count) < 0.1)
    other = Ties(rng.integers(0, firms.count, len(second.source)), *_rest(second))
    return _together(firms, joined([whole, other.keep(other.source != other.target)]))


def _rest(ties: Ties) -> tuple[Ints, Floats, Ints, Ints, Ints]:
    return ties.target, ties.amount, ties.starts, ties.ends, ties.contract


def _circles(firms: Firms, rng: np.random.Generator) -> Ints:
    """Each guarantees the next, sorted by quality with noise, so that poor firms stand beside poor ones."""
    joins = rng.permutation(firms.count)[: int(0.25 * firms.count)]
    order = joins[np.argsort(firms.quality[joins] + 0.4 * rng.standard_normal(len(joins)))]
    sizes = np.minimum(2 + rng.zipf(1.9, len(order)), 40)
    sizes = sizes[: np.searchsorted(np.cumsum(sizes), len(order))]
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.arange(len(first)) - first
    following = first + (place + 1) % np.repeat(sizes, sizes)
    chord = first + (place + 2) % np.repeat(sizes, sizes)
    extra = rng.random(len(first)) < 0.3
    ring = np.stack([order[: len(first)], order[following]], axis=1)
    return np.concatenate([ring, np.stack([order[: len(first)], order[chord]], axis=1)[extra]])


def _mutual(firms: Firms, rng: np.random.Generator) -> Ints:
    chosen = rng.permutation(firms.count)[: 2 * int(0.05 * firms.count)].reshape(-1, 2)
    return np.concatenate([chosen, chosen[:, ::-1]])


def _hubs(firms: Firms, rng: np.random.Generator) -> Ints:
    """Large firms that guarantee many."""
    hubs = np.argsort(-firms.assets, kind="stable")[: max(1, firms.count // 100)]
    count = int(0.06 * firms.count)
    return np.stack([rng.choice(hubs, count), rng.integers(0, firms.count, count)], axis=1)


def draw_trade(firms: Firms, months: int, seed: int, degree: float = 4.5, half_life: float = 13.0) -> Ties:
    """Who delivers to whom, `degree` links a firm at any time, of which half are gone after `half_life` months.

    Heavy-tailed on both sides, a quarter within the industry. Amount = the receivable; a supplier's open receivables
    come to at most 15 to 40 % of its assets.
    """
    rng = generator(seed, "trade")
    life = half_life / np.log(2)
    count = int(degree * firms.count * (1 + months / life))
    seller, buyer = _partners(firms, rng, count)
    standing = rng.random(count) < life / (life + months)
    starts = np.where(standing, BEFORE, rng.integers(0, months, count))
    ends = np.maximum(starts, 0) + 1 + np.floor(rng.exponential(life, count)).astype(np.int64)
    ends = np.where(ends >= months, NEVER, ends)
    weight = np.exp(rng.standard_normal(count)) * np.sqrt(firms.assets[buyer])
    lasts = (np.minimum(ends, months) - np.maximum(starts, 0)) / months
    receivable = weight * _scale(seller, weight, lasts, rng.uniform(0.15, 0.4, firms.count) * firms.assets)
    receivable = receivable * np.minimum(1, _scale(buyer, receivable, lasts, 0.45 * firms.assets))
    return _together(firms, Ties(seller, buyer, receivable, starts, ends, np.arange(count)))


def _scale(firm: Ints, weight: Floats, lasts: Floats, whole: Floats) -> Floats:
    """The factor for each link by which a firm's links, weighed by how long they last, come to its `whole`."""
    open_weight = np.bincount(firm, weight * lasts, len(whole))[firm]
    return whole[firm] / np.maximum(open_weight, weight)


def _partners(firms: Firms, rng: np.random.Generator, count: int) -> tuple[Ints, Ints]:
    pull = np.sqrt(firms.assets / np.median(firms.assets))
    out = np.cumsum(pull * (1 + rng.pareto(1.35, firms.count)))
    into = np.cumsum(pull * (1 + rng.pareto(1.26, firms.count)))
    seller = np.searchsorted(out, rng.random(count) * out[-1])
    buyer = np.searchsorted(into, rng.random(count) * into[-1])
    by_industry = np.argsort(firms.industry, kind="stable")
    first = np.searchsorted(firms.industry[by_industry], firms.industry[seller])
    last = np.searchsorted(firms.industry[by_industry], firms.industry[seller], side="right")
    peer = by_industry[first + np.floor(rng.random(count) * (last - first)).astype(np.int64)]
    return seller, np.where(rng.random(count) < 0.25, peer, buyer)


def draw_loans(firms: Firms, stakes: Ties, seed: int) -> Ties:
    """Loans inside groups: most run from the owner down, some up. Amount = the balance."""
    rng = generator(seed, "loans")
    lent = stakes.keep((rng.random(len(stakes.source)) < 0.35) & (stakes.amount > 0.3))
    up = rng.random(len(lent.source)) < 0.3
    lender, borrower = np.where(up, lent.target, lent.source), np.where(up, lent.source, lent.target)
    smaller = np.minimum(firms.assets[lender], firms.assets[borrower])
    balance = rng.uniform(0.02, 0.12, len(lender)) * smaller
    return _together(firms, Ties(lender, borrower, balance, lent.starts, lent.ends, np.arange(len(lender))))


def joined(parts: Sequence[Ties]) -> Ties:
    """Several lots of links as one."""
    return Ties(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Ties)))
