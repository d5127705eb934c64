"""Month by month: balance sheets move, firms whose equity is gone default, and their partners bear the loss later."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .economy_links import NEVER, Firms, Flags, Floats, Ints, Ties, generator

MARKET, INDUSTRY = 0.25, 0.35  # loadings of a firm's monthly shock on the common and on its industry's shock
RETURN = 0.01  # a month: how fast liabilities return to the firm's own leverage
LGD = 0.55  # of a claim on a firm that defaulted, or of a guarantee called
SUPPLY = 0.25  # of the yearly margin on what a failed supplier delivered
SETTLING = 3  # months from a default to the day on which its partners bear the loss and the claims end
ALIVE, IN_DEFAULT, GONE, NOT_YET = 0, 1, 2, 3
REFINANCED = 0.75  # liabilities over assets after a cure
CURED, WOUND_UP = 0.35, 0.75  # shares of defaults that end in a cure, or a bankruptcy (the rest stay)


@dataclass(frozen=True)
class Harm:
    """What a failure costs a partner, shape (e,), sorted by who fails; held in the months [starts, ends)."""

    fails: Ints
    suffers: Ints
    loss: Floats
    starts: Ints
    ends: Ints

    def without(self) -> "Harm":
        """No harm at all."""
        none = np.empty(0, np.int64)
        return Harm(none, none, np.empty(0), none, none)

    def of(self, failed: Ints, month: int) -> tuple[Ints, Floats]:
        """Who suffers from these failures if they were in this month, and how much."""
        first = np.searchsorted(self.fails, failed)
        count = np.searchsorted(self.fails, failed, side="right") - first
        rows = np.repeat(first - np.cumsum(count) + count, count) + np.arange(count.sum())
        rows = rows[(self.starts[rows] <= month) & (month < self.ends[rows])]
        return self.suffers[rows], self.loss[rows]


@dataclass(frozen=True)
class Path:
    """One history of an economy. Panels have shape (months + 1, n): row t is the end of month t - 1."""

    assets: Floats
    liabilities: Floats
    status: Ints
    defaults: Ints  # shape (d, 2): month, firm
    cures: Ints
    bankruptcies: Ints

    def settled(self, firms: int) -> Ints:
        """Month by which partners have settled each firm's first default: called, written off, no longer supplied."""
        month = np.full(firms, NEVER)
        np.minimum.at(month, self.defaults[:, 1], self.defaults[:, 0] + SETTLING)
        return month


def harm(firms: Firms, stakes: Ties, guarantees: Ties, trade: Ties, loans: Ties) -> Harm:
    """The losses that the links of an economy stand for, through every channel of its true process."""
    guarantors = np.bincount(guarantees.contract)[guarantees.contract]
    equity = (1 - firms.leverage) * firms.assets
    margin = SUPPLY * turnover(trade) * firms.margin[trade.target]
    parts = [
        (stakes.target, stakes.source, stakes.amount * equity[stakes.target], stakes),
        (guarantees.target, guarantees.source, LGD * guarantees.amount / guarantors, guarantees),
        (trade.target, trade.source, LGD * trade.amount, trade),
        (trade.source, trade.target, margin, trade),
        (loans.target, loans.source, LGD * loans.amount, loans),
    ]
    fails, suffers, loss = (np.concatenate([part[place] for part in parts]) for place in range(3))
    starts = np.concatenate([part[3].starts for part in parts])
    ends = np.concatenate([part[3].ends for part in parts])
    order = np.argsort(fails, kind="stable")
    return Harm(fails[order], suffers[order], loss[order], starts[order], ends[order])


def turnover(trade: Ties) -> Floats:
    """Money a year behind a receivable of about two months."""
    return 6.0 * trade.amount


def simulate(firms: Firms, losses: Harm, months: int, seed: int) -> Path:
    """Runs the economy. All shocks are drawn every month whatever the state (common random numbers).

    A default strikes the partners once it is settled: what they lose then comes off their assets.
    """
    rng = generator(seed, "path")
    now = _opening(firms)
    history = [now]
    for month in range(months):
        settled = max(0, month + 1 - SETTLING)  # the month after the failures that are settled now
        suffers, loss = losses.of(history[settled].failed, settled - 1)
        hit = np.zeros(firms.count)
        np.add.at(hit, suffers, loss)
        now = _next_month(firms, now, month, hit, rng)
        history.append(now)
    cases = [[getattr(state, kind) for state in history[1:]] for kind in ("failed", "cured", "wound_up")]
    return Path(
        np.stack([state.assets for state in history]),
        np.stack([state.owed for state in history]),
        np.stack([state.status for state in history]),
        *(_dated(lots) for lots in cases),
    )


@dataclass(frozen=True)
class _Month:
    """The end of one month: panels' rows, who waits for what until when, and whom the month struck."""

    assets: Floats
    owed: Floats
    status: Ints
    until: Ints
    fate: Floats
    failed: Ints
    cured: Ints
    wound_up: Ints


def _opening(firms: Firms) -> _Month:
    none = np.empty(0, np.int64)
    status = np.where(firms.enters > 0, NOT_YET, ALIVE)
    owed = firms.leverage * firms.assets
    until: Ints = np.full(firms.count, NEVER)
    return _Month(firms.assets, owed, status, until, np.zeros(firms.count), none, none, none)


def _next_month(firms: Firms, now: _Month, month: int, hit: Floats, rng: np.random.Generator) -> _Month:
    shock, fate, wait = _shocks(firms, rng), rng.random(firms.count), rng.integers(5, 13, firms.count)
    state = np.where((now.status == NOT_YET) & (firms.enters <= month), ALIVE, now.status)
    state = np.where((state == ALIVE) & (firms.leaves <= month), GONE, state)
    alive, over = state == ALIVE, now.until == month
    cured, wound_up = over & (now.fate < CURED), over & (now.fate >= CURED)
    assets, owed = _moved(firms, now, shock, hit, alive)
    owed = np.where(cured, REFINANCED * assets, owed)
    failed = alive & (assets <= owed)
    state = np.where(failed, IN_DEFAULT, np.where(cured, ALIVE, np.where(wound_up, GONE, state)))
    until = np.where(failed, np.where(fate < WOUND_UP, month + wait, NEVER), now.until)
    struck = (np.flatnonzero(which) for which in (failed, cured, wound_up))
    return _Month(assets, owed, state, until, np.where(failed, fate, now.fate), *struck)


def _dated(lots: Sequence[Ints]) -> Ints:
    """Firms by month as rows of month and firm."""
    month = np.repeat(np.arange(len(lots)), [len(lot) for lot in lots])
    return np.stack([month, np.concatenate(lots)], axis=1)


def _shocks(firms: Firms, rng: np.random.Generator) -> Floats:
    """A month's return on assets: a common, an industry's and a firm's own part."""
    common, by_industry, own = rng.standard_normal(), rng.standard_normal(64), rng.standard_normal(firms.count)
    rest = np.sqrt(1 - MARKET**2 - INDUSTRY**2)
    shock: Floats = MARKET * common + INDUSTRY * by_industry[firms.industry] + rest * own
    return np.asarray(firms.volatility / np.sqrt(12) * shock)


def _moved(firms: Firms, now: _Month, shock: Floats, hit: Floats, alive: Flags) -> tuple[Floats, Floats]:
    """Assets after a month's shock and losses; liabilities on their way to the firm's own leverage."""
    assets = now.assets * np.exp(shock) - hit
    owed = now.owed + RETURN * (firms.leverage * np.maximum(assets, 0) - now.owed)
    return np.where(alive, assets, now.assets), np.where(alive & (assets > now.owed), owed, now.owed)
