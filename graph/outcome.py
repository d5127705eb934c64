"""What a shock does to every party of a book, by any model."""

from dataclasses import dataclass, replace

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
    """What becomes of each party, shape (n,).

    An ex-ante valuation takes something off every claim from the start, and firms may fail of that alone. Losses and
    rounds are what the scenario adds; `missing` and `stands` hold what was there before, told once more in `before`.

    Attributes:
        loss: money.
        failed_in: round of its failure, -1: none.
        missing: by kind, the broken part of its promises.
        stands: who has not failed.
        rounds: until nothing moved any more.
        before: the same without the scenario; none: nothing is lost then.
        borne: the part of what its links cost it that it loses, where the model takes no more than its equity.
    """

    loss: Floats
    failed_in: Ints
    missing: dict[Kind, Floats]
    stands: Flags
    rounds: int
    before: "Outcome | None" = None
    borne: Floats | None = None

    @property
    def reached(self) -> Reached:
        """The same in the form of one failure that reaches everybody."""
        rows = np.arange(len(self.loss))
        none, rounds = np.zeros_like(rows), np.array([self.rounds])
        debt = self.missing_of("debt" if "debt" in self.missing else "claim")
        return Reached(none, rows, self.loss, debt, self.failed_in, ~self.stands, rounds, np.zeros(1))

    def missing_of(self, kind: Kind) -> Floats:
        """The broken part of promises of a kind, (n,)."""
        return self.missing.get(kind, np.zeros(len(self.loss)))


def outcome(book: StressBook, shock: Floats, named: Flags, assumptions: Assumptions) -> Outcome:
    """What a shock of each party, (n,) money, and failures by name, (n,), lead to."""
    if assumptions.model == SINGLE_HIT:
        return _passed_once(book, shock, named)
    found, before = _settled(book, shock, named, assumptions), baseline(book, assumptions)
    if before is None:
        return found
    added = np.maximum(found.loss - before.loss, 0.0)
    failed_in = np.where(before.stands | named, found.failed_in, NEVER)
    return replace(found, loss=added, failed_in=failed_in, before=before)


def baseline(book: StressBook, assumptions: Assumptions) -> Outcome | None:
    """What becomes of each party without any scenario; none: nothing, but in a model that prices risk ex ante."""
    if assumptions.model == SINGLE_HIT or assumptions.rules.model.affine:
        return None
    nothing = np.zeros(book.book.parties)
    return _settled(book, nothing, nothing > 0, assumptions)


def already_failed(before: Outcome | None) -> list[str]:
    """What is to be said of those who fail without any scenario."""
    count = 0 if before is None else np.count_nonzero(~before.stands)
    said = f"{count:,} parties fail by this model before anything happens; told is only what is added to that"
    return [said] if count else []


def _settled(book: StressBook, shock: Floats, named: Flags, assumptions: Assumptions) -> Outcome:
    shocks, rules = Shocks(shock[:, None], named[:, None]), assumptions.rules
    settled = settle(book.book, shocks, rules)
    broken = {kind: part[:, 0] for kind, part in missing(book.book, shocks, rules, settled.loss).items()}
    failed_in = settled.failed_in[:, 0].astype(np.int64)
    return Outcome(settled.loss[:, 0], failed_in, broken, failed_in == NEVER, int(settled.rounds[0]))


def _passed_once(stress: StressBook, shock: Floats, named: Flags) -> Outcome:
    """DebtRank of 2012. Those without known equity absorb, unless they are fragile."""
    book = stress.book
    known = np.isfinite(book.equity)
    fragile = named if book.fragile is None else named | book.fragile
    equity = np.where(known, book.equity, VAST)
    parts = [*book.losses.values(), *([] if book.joint is None else [joint_matrix(book.joint, len(equity))])]
    whole = csr_array(sum(parts, csr_array((len(equity), len(equity)))))
    impact = csr_array(whole.multiply(1 / equity[:, None]).multiply((known | fragile)[None, :]))
    found = single_hit(impact, np.where(named, 1.0, shock / equity)[:, None], fragile=fragile)
    passed, lost_in = found.passed_on[:, 0], found.lost_in[:, 0]
    through_links = whole @ passed
    loss = np.where(fragile, shock + through_links, np.minimum(found.distress[:, 0] * equity, shock + through_links))
    borne = np.divide(loss - np.minimum(shock, loss), through_links, out=np.ones_like(loss), where=through_links > 0)
    broken: dict[Kind, Floats] = dict.fromkeys(("claim", "stake", "event"), passed)
    return Outcome(loss, lost_in, broken, lost_in == NEVER, int(found.rounds[0]), borne=borne)
