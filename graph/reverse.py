"""Reverse stress: few failures that together cost the bank more than an amount, found greedily."""

import numpy as np
import polars as pl

from .assumptions import Assumptions
from .bank_loss import BankLosses
from .each import Progress, follow
from .reach import Everywhere
from .snapshot import Snapshot
from .stress_book import stress_book

FEW = 64  # candidates that are tried at once
STEPS = {"step": pl.Int64(), "party_row": pl.UInt32(), "bank_loss": pl.Float64(), "adds": pl.Float64()}


def reverse(
    snapshot: Snapshot, target: float, assumptions: Assumptions, candidates: int, progress: Progress
) -> pl.DataFrame:
    """Firms whose failure together costs the bank more than `target`, or all candidates where that isn't reached.

    Greedy: each step takes the candidate that adds most to the loss, so a smaller set may exist. Candidates are the
    firms whose failure alone costs the bank most.

    Args:
        snapshot: the day.
        target: money.
        assumptions: of the stress.
        candidates: how many firms to try.
        progress: told after each step.

    Returns:
        columns of STEPS: `bank_loss` money of all failures so far, `adds` money of this step.
    """
    book = stress_book(snapshot, assumptions)
    alone = follow(book, np.arange(book.enterprises), assumptions, progress).impacts
    costly = alone.filter(pl.col("bank_loss") > 0).sort("bank_loss", "party_row", descending=[True, False])
    left = costly["party_row"].head(candidates).to_numpy().astype(np.int64)
    way, bank = Everywhere(book.book, assumptions.rules, FEW), BankLosses(book)
    taken: list[tuple[int, float]] = []
    while len(left) and (not taken or taken[-1][1] <= target):
        losses = np.zeros(len(left))
        for first in range(0, len(left), FEW):
            found = way.follow(left[first : first + FEW], [row for row, _ in taken])
            lost = np.bincount(found.place, bank.lost(found), min(FEW, len(left) - first))
            losses[first : first + FEW] = lost
        best = int(losses.argmax())
        taken.append((int(left[best]), float(losses[best])))
        left = np.delete(left, best)
        progress("reverse stress", len(taken), len(taken) + len(left))
    rows = pl.DataFrame(taken, schema={"party_row": pl.UInt32(), "bank_loss": pl.Float64()}, orient="row")
    adds = pl.col("bank_loss") - pl.col("bank_loss").shift(1).fill_null(0.0)
    return rows.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("step"), pl.all(), adds=adds)
