"""What a shock does to every party of a book, by any model."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from .assumptions import SINGLE_HIT, Assumptions
from .book import Shocks
from .contagion import NEVER, missing, settle
from .joint import Ints, joint_matrix
from .reach import Reached
from .single_hit import single_hit
from .stress_book import StressBook
from .valuations import Flags, Floats, Kind

VAST = 1e30  # equity of those who absorb whatever they lose


@dataclass(frozen=True)
class Outcome:
    """Of each party, shape (n,): money lost, the round of its failure (-1: none), and by kind the broken part."""

    loss: Floats
    failed_in: Ints
    missing: dict[Kind, Floats]
    rounds: int

    @property
    def stands(self) -> Flags:
        """Who has not failed."""
        return np.asarray(self.failed_in == NEVER)

    @property
    def reached(self) -> Reached:
        """The same in the form of one failure that reaches everybody."""
        rows = np.arange(len(self.loss))
        none, rounds = np.zeros_like(rows), np.array([self.rounds])
        return Reached(none, rows, self.loss, self.missing_of("claim"), self.failed_in, rounds, np.zeros(1))

    def missing_of(self, kind: Kind) -> Floats:
        """The broken part of promises of a kind, (n,)."""
        return self.missing.get(kind, np.zeros(len(self.loss)))


def outcome(book: StressBook, shock: Floats, named: Flags, assumptions: Assumptions) -> Outcome:
    """What a shock of each party, (n,) money, and failures by name, (n,), lead to."""
    if assumptions.model == SINGLE_HIT:
        return _passed_once(book, shock, named)
    shocks, rules = Shocks(shock[:, None], named[:, None]), assumptions.rules
    settled = settle(book.book, shocks, rules)
    broken = {kind: part[:, 0] for kind, part in missing(book.book, shocks, rules, settled.loss).items()}
    loss = settled.loss[:, 0]
    if not rules.model.affine:  # an ex-ante valuation takes something off every claim from the start
        loss = np.maximum(loss - settle(book.book, Shocks(np.zeros((len(loss), 1))), rules).loss[:, 0], 0.0)
    return Outcome(loss, settled.failed_in[:, 0].astype(np.int64), broken, int(settled.rounds[0]))


def _passed_once(stress: StressBook, shock: Floats, named: Flags) -> Outcome:
    """DebtRank of 2012. Those without known equity absorb, unless they are fragile."""
    book = stress.book
    equity = np.where(np.isfinite(book.equity), book.equity, VAST)
    parts = [*book.losses.values(), *([] if book.joint is None else [joint_matrix(book.joint, len(equity))])]
    whole = csr_array(sum(parts, csr_array((len(equity), len(equity)))))
    sends = np.where(np.isfinite(book.equity) | named, 1.0, 0.0)
    impact = csr_array(whole.multiply(1 / equity[:, None]).multiply(sends[None, :]))
    found = single_hit(impact, np.where(named, 1.0, shock / equity)[:, None])
    distress, passed = found.distress[:, 0], found.passed_on[:, 0]
    loss = np.where(named, shock + whole @ passed, distress * equity)
    if book.fragile is not None and (hit := book.fragile & (loss > 0) & ~named).any():
        return _passed_once(stress, shock, named | hit)
    kinds: tuple[Kind, ...] = ("claim", "stake", "event")
    return Outcome(loss, found.lost_in[:, 0], dict.fromkeys(kinds, passed), int(found.rounds[0]))
