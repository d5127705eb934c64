"""An economy with its links and its history, and when each of its facts held and became known."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from .economy_links import BEFORE, Days, Firms, Ints, Ties, generator
from .economy_path import Path


@dataclass(frozen=True)
class World:
    """All that the tables are written from. Month m begins on the first day of the m-th month after `start`."""

    firms: Firms
    stakes: Ties
    guarantees: Ties
    trade: Ties
    loans: Ties
    path: Path
    months: int
    start: date
    seed: int

    @property
    def persons(self) -> int:
        """How many persons own or run firms: six for ten firms."""
        return max(2, int(0.6 * self.firms.count))

    @cached_property
    def ends(self) -> Ints:
        """Month in which each firm is gone: it left, or was wound up."""
        ends = self.firms.leaves.copy()
        month, firm = self.path.bankruptcies.T
        ends[firm] = np.minimum(ends[firm], month)
        return ends

    def day(self, month: Ints, into: Ints | int = 0) -> Days:
        """The day `into` days after the first of each month."""
        first: Days = (np.datetime64(self.start, "M") + month).astype("datetime64[D]")
        return np.asarray(first + np.asarray(into))

    @property
    def over(self) -> date:
        """The day after the last month: nothing is recorded from then on."""
        return date(self.start.year + self.months // 12, 1, 1)

    def versions(self, rows: pl.DataFrame, starts: Ints, ends: Ints, part: str) -> pl.DataFrame:
        """The rows as they became known, then again with their end once that was known.

        What held before the economy's first month is known on its first day.
        """
        rng = generator(self.seed, part)
        count = rows.height
        past = np.datetime64(self.start, "D") - rng.integers(30, 1500, count)
        since: Days = np.where(starts == BEFORE, past, self.day(np.maximum(starts, 0), rng.integers(0, 27, count)))
        known: Days = np.maximum(since + rng.integers(0, 20, count), np.datetime64(self.start, "D"))
        over = np.flatnonzero(ends < self.months)
        until = np.maximum(self.day(ends[over], rng.integers(0, 27, len(over))), since[over])
        told = np.maximum(until, known[over]) + rng.integers(1, 20, len(over))
        opened = dated(rows, since, known)
        closed = dated(rows[over], since[over], told).with_columns(valid_to=pl.Series(until).cast(pl.Date))
        return pl.concat([opened, closed], how="diagonal").filter(pl.col("recorded_on") < self.over)


def dated(rows: pl.DataFrame, since: Days, known: Days) -> pl.DataFrame:
    """The rows with their first day and the day on which the bank learned of them."""
    return rows.with_columns(
        valid_from=pl.Series(since.astype("datetime64[D]")).cast(pl.Date),
        recorded_on=pl.Series(known.astype("datetime64[D]")).cast(pl.Date),
    )


def ids(prefix: str, number: Ints) -> pl.Series:
    """E-000001 and so on."""
    return prefix + "-" + pl.Series(number + 1).cast(pl.String).str.zfill(6)
