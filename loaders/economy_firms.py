"""The firms of a made-up economy, drawn from a seed; those that enter later are drawn with them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Days = npt.NDArray[Any]  # of numpy days
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

INDUSTRIES = 24
REGIONS = 12
RENEWED = 0.13  # of the firms are new each year


@dataclass(frozen=True)
class Firms:
    """What each firm is, shape (n,), whatever becomes of it. Money in the economy's currency, volatility a year.

    `quality` (standard normal) moves leverage, volatility and the choice of guarantee partners alike: firms that are
    linked are alike, whether or not links carry anything.
    """

    quality: Floats
    assets: Floats  # when it enters
    leverage: Floats  # liabilities over assets to which the firm returns
    volatility: Floats
    margin: Floats  # gross, a fraction of revenue
    turns: Floats  # revenue over assets
    borrowed: Floats  # part of the liabilities that bears interest
    credit: Floats  # open receivables over assets, where it delivers
    sells: Floats  # pull as a supplier
    buys: Floats  # pull as a buyer
    industry: Ints
    region: Ints
    enters: Ints  # number of the year before whose first day it enters: 0 at the opening
    customer: Flags  # holds a facility of the bank
    files: Flags  # files accounts

    @property
    def count(self) -> int:
        """How many firms there ever are."""
        return len(self.assets)


def generator(seed: int, *part: str | int) -> np.random.Generator:
    """A stream of its own for each part, so that a change in one never moves another."""
    return np.random.default_rng(np.random.SeedSequence([seed, *" ".join(map(str, part)).encode()]))


def draw_firms(count: int, years: int, seed: int, seen: tuple[float, float] = (1.0, 1.0)) -> Firms:
    """Heavy-tailed sizes (lognormal body, Pareto tail), leverage and volatility that get worse with poor quality.

    Args:
        count: firms at any time; RENEWED of them enter each later year.
        years: of history.
        seed: of the economy.
        seen: shares of the firms that hold a facility, and that file accounts.
    """
    rng = generator(seed, "firms")
    enters = np.concatenate([np.zeros(count, np.int64), np.repeat(np.arange(1, years + 1), int(RENEWED * count))])
    n = len(enters)
    quality = rng.standard_normal(n)
    size = np.minimum(np.exp(16.6 + 1.1 * rng.standard_normal(n)) * (1 + 0.25 * rng.pareto(1.3, n)), 3e11)
    lean = 0.8 - 0.35 * quality + 0.4 * rng.standard_normal(n)
    pull = (size / np.median(size)) ** 0.25 * (rng.random(n) < 0.88)  # the others trade with hardly anyone
    return Firms(
        quality=quality,
        assets=size,
        leverage=0.92 / (1 + np.exp(-lean)),
        volatility=np.clip(0.12 * np.exp(-0.15 * quality + 0.25 * rng.standard_normal(n)), 0.07, 0.5),
        margin=rng.uniform(0.1, 0.4, n),
        turns=rng.uniform(0.6, 1.8, n),
        borrowed=rng.uniform(0.35, 0.75, n),
        credit=rng.uniform(0.4, 0.9, n),
        sells=pull * (1 + rng.pareto(1.35, n)),
        buys=pull * (1 + rng.pareto(1.26, n)),
        industry=_common_first(INDUSTRIES, n, rng),
        region=_common_first(REGIONS, n, rng),
        enters=enters,
        customer=rng.random(n) < seen[0],
        files=rng.random(n) < seen[1],
    )


def _common_first(kinds: int, count: int, rng: np.random.Generator) -> Ints:
    """Numbers below `kinds`, low ones more often."""
    weight = 1 / np.arange(1, kinds + 1) ** 0.7
    return rng.choice(kinds, count, p=weight / weight.sum())
