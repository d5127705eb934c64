"""What the links of a made-up economy are about in money, and what a failure costs whom."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from .economy_firms import Firms, Flags, Floats, Ints
from .economy_links import Links, Ties

CHANNELS = ("guarantee_call", "receivable_loss", "supply_break", "loan_loss", "equity_loss")  # of the true process
TABLES = ("guarantees", "supplies", "supplies", "lends_to", "owns")
LGD = 0.55  # of a claim on a firm that failed, or of a guarantee called
SUPPLY = 0.25  # of the yearly margin on what a failed supplier delivered
TURNS = 6.0  # a year's deliveries over the receivable: it is two months old
LIMIT = 1.6  # of its equity: the most that a firm lets one partner's failure cost it
RADIUS = 0.72  # spectral radius of loss over equity, by power iteration: below .8, a chain of failures dies out
CORE, TIGHTER = 0.01, 0.7  # part in that radius, of the largest, from which on partners trust each other less


@dataclass(frozen=True)
class Balance:
    """The balance sheets of a day, shape (n,), money."""

    assets: Floats
    owed: Floats

    @property
    def equity(self) -> Floats:
        """Assets less liabilities; may be negative."""
        return self.assets - self.owed

    @property
    def bearing(self) -> Floats:
        """Equity, at least a fiftieth of assets: what limits are set against."""
        return np.maximum(self.equity, 0.02 * self.assets)


@dataclass(frozen=True)
class Losses:
    """What each failure costs each partner, shape (e,): firm numbers, money, number of the channel, row of its link."""

    fails: Ints
    suffers: Ints
    money: Floats
    channel: Ints
    link: Ints


@dataclass(frozen=True)
class Severity:
    """The part of a claim that is lost, by who fails: (n,) of claims and calls, and of deliveries. Stakes lose all."""

    claims: Floats
    supply: Floats


def same_severity(firms: Firms) -> Severity:
    """One severity a channel."""
    return Severity(np.full(firms.count, LGD), np.full(firms.count, SUPPLY))


def losses(firms: Firms, balance: Balance, links: Links, severity: Severity) -> Losses:
    """The losses that the links of a year stand for, through every channel of the true process."""
    calls, trade, loans, stakes = links.guarantees, links.trade, links.loans, links.stakes
    margin = TURNS * trade.amount * firms.margin[trade.target]
    held = stakes.amount * np.maximum(balance.equity, 0)[stakes.target]
    parts = [
        (calls.target, calls.source, severity.claims[calls.target] * called(calls)),
        (trade.target, trade.source, severity.claims[trade.target] * trade.amount),
        (trade.source, trade.target, severity.supply[trade.source] * margin),
        (loans.target, loans.source, severity.claims[loans.target] * loans.amount),
        (stakes.target, stakes.source, held),
    ]
    sizes = [len(part[0]) for part in parts]
    fails, suffers, money = (np.concatenate([part[place] for part in parts]) for place in range(3))
    link = np.concatenate([np.arange(size) for size in sizes])
    return Losses(fails, suffers, money, np.repeat(np.arange(len(parts)), sizes), link)


def called(guarantees: Ties) -> Floats:
    """What each guarantor pays, before severity: joint ones of one contract share it equally."""
    _, contract, among = np.unique(guarantees.contract, return_inverse=True, return_counts=True)
    return guarantees.amount / among[contract]


def priced(firms: Firms, balance: Balance, links: Links) -> Links:
    """The links with this year's money: in proportion to balance sheets, within limits, scaled to RADIUS."""
    raw = Links(
        replace(links.stakes, amount=links.stakes.weight),
        _guaranteed(firms, balance, links.guarantees),
        _receivables(firms, balance, links.trade),
        _lent(balance, links.loans),
    )
    while True:
        gain, weight = radius(losses(firms, balance, raw, same_severity(firms)), balance)
        if gain <= RADIUS:
            return raw
        core = weight > CORE * weight.max()
        calls, trade, loans = (_tightened(lot, core) for lot in (raw.guarantees, raw.trade, raw.loans))
        raw = Links(raw.stakes, _alike(calls), trade, loans)


def _tightened(lot: Ties, core: Flags) -> Ties:
    """Less money where both ends belong to the core that amplifies itself most."""
    return lot.times(np.where(core[lot.source] & core[lot.target], TIGHTER, 1.0))


def _guaranteed(firms: Firms, balance: Balance, calls: Ties) -> Ties:
    """A part of the debtor's debt, as far as each guarantor of the contract could bear its call."""
    debt = (firms.borrowed * balance.owed)[calls.target]
    most = np.minimum(calls.weight * debt, LIMIT / LGD * balance.bearing[calls.source])
    return _alike(replace(calls, amount=most))


def _alike(calls: Ties) -> Ties:
    """Joint guarantors of one contract promise the same: what the weakest of them can."""
    _, contract = np.unique(calls.contract, return_inverse=True)
    least = np.full(contract.max(initial=-1) + 1, np.inf)
    np.minimum.at(least, contract, calls.amount)
    return replace(calls, amount=least[contract])


def _receivables(firms: Firms, balance: Balance, trade: Ties) -> Ties:
    """A supplier's receivables add up to its credit, a buyer's payables to less than half of its assets."""
    weight = trade.weight * np.sqrt(balance.assets[trade.target])
    money = weight * ((firms.credit * balance.assets) / _summed(weight, trade.source, firms))[trade.source]
    money *= np.minimum(1, 0.45 * balance.assets / _summed(money, trade.target, firms))[trade.target]
    bearing = LIMIT * balance.bearing
    most = np.minimum(
        bearing[trade.source] / LGD, bearing[trade.target] / (SUPPLY * TURNS * firms.margin[trade.target])
    )
    return replace(trade, amount=np.minimum(money, most))


def _summed(money: Floats, by: Ints, firms: Firms) -> Floats:
    return np.maximum(np.bincount(by, money, firms.count), 1e-9)


def _lent(balance: Balance, loans: Ties) -> Ties:
    money = loans.weight * np.minimum(balance.assets[loans.source], balance.assets[loans.target])
    return replace(loans, amount=np.minimum(money, LIMIT / LGD * balance.bearing[loans.source]))


def radius(harm: Losses, balance: Balance) -> tuple[float, Floats]:
    """Spectral radius of the matrix of losses over the equity of who suffers, and each firm's part in it."""
    size = len(balance.assets)
    share = harm.money / balance.bearing[harm.suffers]
    matrix = csr_array((share, (harm.suffers, harm.fails)), shape=(size, size))
    gain, suffers = _grown(matrix)
    _, fails = _grown(matrix.T.tocsr())
    return gain, suffers * fails


def _grown(matrix: csr_array, rounds: int = 40, shift: float = 0.25) -> tuple[float, Floats]:
    """Largest eigenvalue and its vector by power iteration; with something on the diagonal, so that rings settle."""
    vector, grown = np.ones(matrix.shape[0]), 1.0
    for _ in range(rounds):
        following = shift * vector + matrix @ vector
        grown = float(following.max())
        vector = following / grown
    return grown - shift, vector
