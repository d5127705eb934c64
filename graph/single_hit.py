"""DebtRank of 2012: distress that every party passes on once, in the round after it was first hit.

Kept beside the fixed points of contagion.py as a yardstick: the order of the rounds decides what is passed on, and on
a ring that comes back to its start the later losses stay behind.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .contagion import NEVER
from .errors import DataError
from .rings import Flags, Floats, Ints


@dataclass(frozen=True)
class SingleHit:
    """Where shocks have come to rest once everybody hit has passed on its distress.

    Attributes:
        shock: shape (n, k), share of equity lost at the start.
        distress: shape (n, k), share of equity lost at the end; above 1 only where it was not capped.
        passed_on: shape (n, k), share of its promises that each party broke when it passed on its distress.
        lost_in: shape (n, k), round in which a party had lost all of its equity, 0 by the shock; -1: it never had.
        rounds: shape (k,), rounds in which somebody passed something on.
    """

    shock: Floats
    distress: Floats
    passed_on: Floats
    lost_in: Ints
    rounds: Ints

    def debtrank(self, weight: Floats) -> Floats:
        """Shape (k,), the value lost beyond the shock itself; weight: shape (n,), each party's share of all value."""
        return weight @ (self.distress - self.shock)


def single_hit(
    impact: sparse.csr_array, shock: Floats, *, capped: bool = True, fragile: Flags | None = None
) -> SingleHit:
    """Distress after shocks, where a party passes on what it had lost when it was first hit, and no more.

    Nobody passes on more than all of its equity. All parties move at once.

    Args:
        impact: shape (n, n), fraction of equity, at least 0; [i, j] is what i loses when j fails. Rows suffer.
        shock: shape (n, k), fraction of equity lost at the start, at least 0; every column a scenario of its own.
        capped: nobody loses more than all of its equity, to one failure or to all of them; else losses add up without
            end.
        fragile: shape (n,), who loses everything at the first hit; none: nobody.

    Raises:
        DataError: an impact or a shock that is negative or missing.

    Source:
        Battiston, Puliga, Kaushik, Tasca & Caldarelli (2012), Scientific Reports 2:541, there with W[j, i] for
        impact[i, j]; uncapped as in the R package NetworkRiskMeasures.
    """
    _check(impact, shock)
    most = 1.0 if capped else np.inf
    effect, start = impact.copy(), np.minimum(shock, most)
    effect.data = np.minimum(effect.data, most)
    gone = np.zeros((len(shock), 1), bool) if fragile is None else fragile[:, None]
    distress = start = np.where(gone & (start > 0), 1.0, start)
    new = start > 0
    hit, passed_on, rounds = new.copy(), np.zeros(shock.shape), np.zeros(shock.shape[1], dtype=np.int64)
    lost_in = np.where(start >= 1, 0, NEVER)
    while new.any():
        rounds += new.any(axis=0)
        passed_on += np.minimum(distress, 1.0) * new
        distress = np.minimum(distress + effect @ (np.minimum(distress, 1.0) * new), most)
        distress = np.where(gone & (distress > 0), 1.0, distress)
        lost_in = np.where((distress >= 1) & (lost_in == NEVER), rounds, lost_in)
        new = (distress > 0) & ~hit
        hit |= new
    return SingleHit(start, distress, passed_on, lost_in, rounds)


def _check(impact: sparse.csr_array, shock: Floats) -> None:
    for name, numbers in (("impact", impact.data), ("shock", shock)):
        wrong = ~(numbers >= 0)
        if wrong.any():
            first = numbers[wrong][0]
            raise DataError(
                f"single hit: {wrong.sum():,} numbers of {name} are below 0 or missing, first {first}. "
                "Give shares of equity lost; a party without positive equity is listed as failed instead."
            )
