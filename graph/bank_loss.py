"""What failures cost the bank: exposure less collateral, less calls that guarantors really pay, less what is booked."""

import numpy as np
import polars as pl

from .joint import Ints, parts
from .reach import Places, Reached
from .stress_book import Lent, StressBook
from .valuations import Flags, Floats


def bank_loss(lent: Lent, rows: Ints, missing: Floats, paid: Floats) -> Floats:
    """Money that the bank newly loses on parties that failed; shape of `rows`.

    Args:
        lent: by the bank, to every party.
        rows: who failed.
        missing: the part of its debt that each doesn't pay, a fraction.
        paid: money that its guarantors pay.
    """
    unpaid = (lent.exposure - lent.collateral)[rows] * missing
    return np.asarray(np.maximum(unpaid - paid - lent.provision[rows], 0.0))


def taken_to_pay(book: StressBook, calls: pl.DataFrame) -> list[str]:
    """What is to be said of calls on guarantors of whom nobody knows whether they can pay; nothing where all are known.

    Args:
        book: of a day.
        calls: `suffers_row`, who is called, and `loss`, money.
    """
    unknown = calls.filter(pl.Series(np.isinf(book.book.equity[calls["suffers_row"].to_numpy()]), dtype=pl.Boolean))
    if not unknown.height:
        return []
    persons = unknown.filter(pl.col("suffers_row") >= book.enterprises).height
    said = f"{unknown.height:,} calls for {unknown['loss'].sum():,.2f} fall on guarantors whose wealth isn't known"
    return [f"guarantees: {said}, {persons:,} of them on persons; they are taken to pay in full"]


class BankLosses:
    """What the bank loses in each failure, from who fails in it and which guarantors still stand.

    What all contracts on one facility pay together is no more than what is missing of it, so that a guarantee counts
    once; a guarantee of all debt pays for all that its debtor owes the bank.
    """

    def __init__(self, book: StressBook, before: Reached | None = None) -> None:
        """Of a day; what the bank loses `before` anything happens is taken off."""
        self.book, self.parties = book, book.book.parties
        alone = book.calls.filter(~pl.col("shared"))
        self.call, self.pot = alone["call"].to_numpy(), alone["pot"].to_numpy()
        self.guarantor = alone["suffers"].to_numpy().astype(np.int64)
        self.by_debtor = Places(alone["fails"].to_numpy().astype(np.int64), self.parties)
        shared = book.calls.filter("shared").select("link_row", "pot", table=pl.lit("guarantees"))
        joint = book.contracts.join(shared, on=["table", "link_row"], how="left", maintain_order="left")
        self.joint_pot = joint["pot"].fill_null(-1).to_numpy()  # -1: pays the bank nothing, or is counted in `call`
        self.by_joint_debtor = Places(joint["fails"].to_numpy().astype(np.int64), self.parties)
        self.left = np.full(int(book.calls["pot"].to_numpy().max(initial=-1)) + 1, np.inf)
        self.left[book.calls["pot"].to_numpy()] = book.calls["left"].fill_null(np.inf)
        self.before = np.zeros(self.parties)
        if before is not None:
            self.before[before.row] = self.lost(before)

    def lost(self, found: Reached) -> Floats:
        """Money, shape (r,), above 0 for those alone that failed and owe the bank."""
        lost = np.zeros(len(found.row))
        failed = np.flatnonzero((found.down) & (self.book.lent.exposure[found.row] > 0))
        gone = (found.place * self.parties + found.row)[found.down]
        missing, place, debtor = found.missing[failed], found.place[failed], found.row[failed]
        which, calls = self.by_debtor.at(debtor)
        money = self.call[calls] * missing[which] * ~self._gone(place[which], self.guarantor[calls], gone)
        others, pot, more = self._joint(place, debtor, missing, gone)
        which, pot, money = np.append(which, others), np.append(self.pot[calls], pot), np.append(money, more)
        lost[failed] = bank_loss(self.book.lent, debtor, missing, self._paid(which, pot, money, missing))
        return np.maximum(lost - self.before[found.row], 0.0)

    def _gone(self, place: Ints, party: Ints, gone: Ints) -> Flags:
        return np.isin(place * self.parties + party, gone)

    def _joint(self, place: Ints, debtor: Ints, missing: Floats, gone: Ints) -> tuple[Ints, Ints, Floats]:
        """What joint guarantors pay: for which of the debtors, for which debt, how much."""
        joint = self.book.book.joint
        if joint is None:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        which, rows = self.by_joint_debtor.at(debtor)
        stands = ~self._gone(place[which], joint.guarantor[rows], gone)
        pays = stands & (self.joint_pot[rows] >= 0)
        called = parts(joint, rows, missing[which][:, None], stands[:, None])[:, 0]
        return which[pays], self.joint_pot[rows[pays]], called[pays]

    def _paid(self, which: Ints, pot: Ints, money: Floats, missing: Floats) -> Floats:
        """What is paid on behalf of each debtor, no more for a facility than is missing of it."""
        pots, sums = np.unique(np.stack([which, pot]), axis=1, return_inverse=True)
        paid = np.bincount(sums.ravel(), money, pots.shape[1])
        lacks = missing[pots[0]]
        most = np.multiply(self.left[pots[1]], lacks, out=np.zeros_like(lacks), where=lacks > 0)
        return np.asarray(np.bincount(pots[0], np.minimum(paid, most), len(missing)), np.float64)
