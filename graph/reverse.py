"""Reverse stress: few failures that together cost the bank more than an amount, found greedily."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .assumptions import Assumptions
from .bank_loss import BankLosses
from .each import Progress, follow
from .joint import Ints
from .reach import Everywhere
from .stress_book import StressBook

FEW = 64  # sets that are tried at once
STEPS = {
    "step": pl.Int64(),
    "party_row": pl.UInt32(),
    "bank_loss": pl.Float64(),
    "adds": pl.Float64(),
    "unknown": pl.Int64(),
}


def reverse(
    book: StressBook, target: float, assumptions: Assumptions, candidates: int, progress: Progress
) -> pl.DataFrame:
    """Parties whose failure together costs the bank more than `target`, or all that adds to its loss.

    Greedy: each step takes the failure that costs the bank most on top, or a debtor together with all its guarantors
    where these cost more for each failure or reach the target with fewer; so a smaller set may exist. Candidates are
    the parties whose failure alone costs the bank most, or that owe it most beyond collateral or stand for most of
    what others owe it.

    Args:
        book: of a day.
        target: money.
        assumptions: of the stress.
        candidates: how many parties to try.
        progress: told after each step.

    Returns:
        columns of STEPS: `bank_loss` money of all failures so far, `adds` money of this step, `unknown` how many
        parties without known equity bear losses, which makes the loss at least what it says.
    """
    way = Everywhere(book.book, assumptions.rules, FEW)
    trial = _Trial(book, way, BankLosses(book, way.before))
    tried = _candidates(book, follow(book, np.arange(book.enterprises), assumptions, progress).impacts, candidates)
    taken: list[int] = []
    steps: list[tuple[int, float, int]] = []
    lost = 0.0
    while lost <= target and (best := _best(trial, tried, taken, lost, target - lost)):
        for row in best:
            taken.append(row)
            (lost,), (unknown,) = trial.costs([taken])
            steps.append((row, lost, unknown))
            if lost > target:
                break
        progress("reverse stress", len(taken), max(len(tried), len(taken)))
    told = pl.DataFrame(steps, schema=["party_row", "bank_loss", "unknown"], orient="row")
    adds = pl.col("bank_loss") - pl.col("bank_loss").shift(1).fill_null(0.0)
    rows = told.with_columns(step=pl.int_range(1, pl.len() + 1), adds=adds) if steps else pl.DataFrame(schema=STEPS)
    return rows.select(*STEPS).cast(STEPS)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Trial:
    """What sets of failures cost the bank."""

    book: StressBook
    way: Everywhere
    bank: BankLosses

    def costs(self, sets: list[list[int]]) -> tuple[list[float], list[int]]:
        """Money of each set, and how many parties without known equity bear losses in it."""
        lost: list[float] = []
        unknown: list[int] = []
        for first in range(0, len(sets), FEW):
            some = sets[first : first + FEW]
            fails = np.zeros((self.book.book.parties, len(some)), bool)
            for place, rows in enumerate(some):
                fails[rows, place] = True
            found = self.way.follow_sets(fails)
            blind = self.book.unable[found.row] & (found.loss > 0) & ~fails[found.row, found.place]
            lost += np.bincount(found.place, self.bank.lost(found), len(some)).tolist()
            unknown += np.bincount(found.place, blind, len(some)).astype(int).tolist()
        return lost, unknown


def _candidates(book: StressBook, alone: pl.DataFrame, count: int) -> Ints:
    """The parties to try, the weightiest first."""
    weight = book.lent.exposure - book.lent.collateral
    owing = weight > 0
    stood_for = book.calls.filter(pl.Series(owing[book.calls["fails"].to_numpy()]))
    weight = weight + np.bincount(stood_for["suffers"].to_numpy(), stood_for["call"].to_numpy(), len(weight))
    rows = alone["party_row"].to_numpy()
    weight[rows] = np.maximum(weight[rows], alone["bank_loss"].to_numpy())
    order = np.argsort(-weight, kind="stable")[:count]
    return order[weight[order] > 0]


def _best(trial: _Trial, tried: Ints, taken: list[int], lost: float, missing: float) -> list[int]:
    """The failures to add next, empty where nothing adds: those of which the fewest would cost what is missing."""
    alone = [[int(row)] for row in tried if row not in taken]
    sets = [*alone, *(rows for debtor in tried if len(rows := _with_guarantors(trial.book, int(debtor), taken)) > 1)]
    if not sets:
        return []
    costs, _ = trial.costs([[*taken, *rows] for rows in sets])
    gains = np.array(costs) - lost
    with np.errstate(divide="ignore"):
        needed = np.array([len(rows) for rows in sets]) * np.maximum(1.0, missing / np.maximum(gains, 0.0))
    best = int(np.lexsort((-gains, needed))[0])
    return sets[best] if gains[best] > 0 else []


def _with_guarantors(book: StressBook, debtor: int, taken: list[int]) -> list[int]:
    """A debtor and all who stand for it, those left out that are taken already."""
    guarantors = book.calls.filter(pl.col("fails") == debtor)["suffers"].unique(maintain_order=True).to_list()
    return [row for row in [debtor, *guarantors] if row not in taken]
