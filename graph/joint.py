"""Joint guarantors: a call is split over those that still stand, and the part of one that fails moves to the others."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from .valuations import Flags, Floats, Kind

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class JointCalls:
    """Contracts with several joint guarantors, shape (m,): one row for each guarantor of each contract.

    A promise with a provision stands here too, as a contract of one: what is booked is not in proportion to the loss.

    Attributes:
        contract: number of the contract; rows are sorted by it, then by cap.
        debtor, guarantor: party numbers.
        cap: money, the most that this guarantor pays; infinite where the contract sets none.
        whole: money, what is called if the debtor pays nothing at all; the same in all rows of a contract.
        booked: money of this guarantor's part that its accounts already hold, by provision; infinite where they
            include the debtor.
        of_debt: whether the promise stands for debt that ranks first, where any does; none: nowhere.
    """

    contract: Ints
    debtor: Ints
    guarantor: Ints
    cap: Floats
    whole: Floats
    booked: Floats
    of_debt: Flags | None = None

    def unpaid(self, rows: Ints, parts: Mapping[Kind, Floats], at: Ints | None = None) -> Floats:
        """Of what each of some rows stands for, the part that its debtor doesn't pay.

        Args:
            rows: (r,).
            parts: by kind of promise, a number of each party, or of each of the places `at`; scenarios beside.
            at: (r,) where the debtor stands in these; none: at its number.
        """
        places = self.debtor[rows] if at is None else at
        claims = parts["claim"][places]
        if self.of_debt is None or "debt" not in parts:
            return claims
        return np.where(self.of_debt[rows].reshape(-1, *[1] * (claims.ndim - 1)), parts["debt"][places], claims)

    @cached_property
    def ends(self) -> tuple[Ints, Ints]:
        """First row of each row's contract, and the row after its last, shape (m,) each."""
        first = np.searchsorted(self.contract, self.contract, side="left")
        return first, np.searchsorted(self.contract, self.contract, side="right")


def parts(joint: JointCalls, rows: Ints, missing: Floats, stands: Flags) -> Floats:
    """What guarantors are called for: equal parts among those that stand, nobody more than its cap.

    One that has failed keeps the part that it would have if it stood, so that nobody gains by failing; the others
    share as if it were not there.

    Args:
        joint: the contracts.
        rows: (r,) rows of `joint`, all rows of each contract that occurs; they need not be distinct, if whole
            contracts follow each other.
        missing: (r, k) part of its debt that the debtor doesn't pay, in each of k scenarios.
        stands: (r, k) whether the row's guarantor stands.

    Returns:
        (r, k) money.

    Source:
        By hand in tests/test_contagion.py: 100 between caps of 20 and 90 is 20 and 80; once the second fails, 20.
    """
    seat, mine, start = _seats(joint, rows)
    most = np.minimum(joint.cap[rows[seat]], joint.whole[rows[seat]])[:, None]
    called = (joint.whole[rows[seat], None]) * missing[seat]
    bears = stands[seat] | (seat == mine)[:, None]
    most = np.where(bears, np.minimum(most, called), 0.0)
    before = _running(most, start) - most
    after = _running(bears[::-1].astype(np.float64), _mirrored(start, len(seat)))[::-1]  # of those that bear, from here
    level = (called - before) / np.maximum(after, 1.0)
    reached = np.where(bears & (level <= most * (1 + 1e-12)), level, -np.inf)
    highest = np.maximum.reduceat(reached, start, axis=0) if len(seat) else reached
    own = most[seat == mine]
    shared: Floats = np.where(highest > -np.inf, np.minimum(own, np.maximum(highest, 0.0)), own)
    return shared


def call_pieces(joint: JointCalls, missing: Floats, stands: Flags) -> tuple[Floats, Floats]:
    """How fast each guarantor's loss grows with what its debtor doesn't pay, and up to where it goes on so.

    Args:
        joint: the contracts.
        missing: (m,) part of its debt that each row's debtor doesn't pay.
        stands: (m,) whether the row's guarantor stands.

    Returns:
        (m,) money for a whole debt missing, 0 where a cap is reached or less is called than is booked; (m,) the
        missing part at which the row's own cap is reached.
    """
    rows = np.arange(len(joint.contract))
    seat, mine, start = _seats(joint, rows)
    own = seat == mine
    bears = stands[seat] | own
    most = np.where(bears, np.minimum(joint.cap, joint.whole)[seat], 0.0)
    before = _running(most, start) - most
    after = _running(bears[::-1].astype(np.float64), _mirrored(start, len(seat)))[::-1]
    full = before + after * most  # what is called of all when this one's cap is reached
    goes_on = bears & (full > (joint.whole * missing)[seat] * (1 + 1e-12))
    among = np.add.reduceat(goes_on, start) if len(seat) else np.zeros(0)
    called = parts(joint, rows, missing[:, None], stands[:, None])[:, 0]
    grows = goes_on[own] & (called >= joint.booked)
    end = np.divide(full[own], joint.whole, out=np.full(len(rows), np.inf), where=joint.whole > 0)
    return np.where(grows, joint.whole / np.maximum(among, 1), 0.0), end


def joint_matrix(joint: JointCalls, parties: int) -> csr_array:
    """What joint guarantors lose if a debtor pays nothing and they all stand, shape (n, n), [suffers, fails]."""
    every = np.arange(len(joint.contract))
    called = parts(joint, every, np.ones((len(every), 1)), np.ones((len(every), 1), bool))[:, 0]
    lost = np.maximum(called - joint.booked, 0.0)
    return csr_array(coo_array((lost, (joint.guarantor, joint.debtor)), shape=(parties, parties)))


def _seats(joint: JointCalls, rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Each row beside all rows of its contract: the place in `rows` of the other, of itself, and where each begins."""
    first, last = joint.ends
    count = (last - first)[rows]
    start = np.cumsum(count) - count
    mine = np.repeat(np.arange(len(rows)), count)
    offset = np.arange(count.sum()) - start[mine]
    own = rows - first[rows]  # place of the row inside its contract
    return mine - own[mine] + offset, mine, start


def _running(values: Floats, start: Ints) -> Floats:
    """Sums so far inside each stretch that begins at `start`."""
    if not len(values):
        return values
    sums: Floats = np.cumsum(values, axis=0)
    offset = np.zeros_like(sums[start])
    offset[1:] = sums[start[1:] - 1]
    return sums - np.repeat(offset, np.diff(np.append(start, len(values))), axis=0)


def _mirrored(start: Ints, count: int) -> Ints:
    """Where the stretches begin once their order is turned round."""
    return (count - np.append(start, count)[1:])[::-1].copy()
