"""An economy with its history, and on which days each of its facts held and became known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from .economy_firms import Days, Firms, Flags, Floats, Ints, generator
from .economy_forms import Form
from .economy_horizon import MONTHS
from .economy_links import Ties
from .economy_path import GONE, Path


@dataclass(frozen=True)
class World:
    """All that the tables are written from. Row t of a panel is the end of the t-th month, 0 the day it opens."""

    firms: Firms
    form: Form
    path: Path
    start: date  # first day of its first month
    seed: int

    @property
    def months(self) -> int:
        """Length of its history."""
        return len(self.path.assets) - 1

    @property
    def persons(self) -> int:
        """How many persons own or run firms: six for ten firms."""
        return max(2, int(0.6 * self.firms.count))

    @property
    def over(self) -> date:
        """The day after the last month: nothing is recorded from then on."""
        return date(self.start.year + self.months // MONTHS, 1, 1)

    @cached_property
    def entry(self) -> Ints:
        """Row in which each firm is first there."""
        return self.firms.enters * MONTHS

    @cached_property
    def exit(self) -> Ints:
        """Row from which on each firm is gone; beyond the last where it isn't."""
        gone = self.path.status == GONE
        return np.where(gone.any(axis=0), gone.argmax(axis=0), self.months + 1)

    @cached_property
    def failed(self) -> tuple[Ints, Ints]:
        """The defaults, as keys of firm and year in order, and the month of each."""
        month, firm = self.path.defaults.T
        key = firm * (self.months // MONTHS) + month // MONTHS
        order = np.argsort(key)
        return key[order], month[order]

    def there(self, row: int | slice) -> Flags:
        """Which firms are alive or in default in rows of the panels."""
        return np.asarray(self.path.status[row] < GONE)

    def end(self, row: Ints | int) -> Days:
        """The last day of the month that each row of a panel shows."""
        following: Days = (np.datetime64(self.start, "M") + np.asarray(row)).astype("datetime64[D]")
        return np.asarray(following - 1)

    def told(self, days: Days, part: str, late: tuple[int, int] = (1, 20)) -> Days:
        """When the bank learns of what happened on these days: at once, or late by so many days."""
        if not self.form.late:
            return days
        return np.asarray(days + generator(self.seed, part, "told").integers(*late, len(days)))

    def lives(self, rows: pl.DataFrame, since: Ints, until: Ints, part: str) -> pl.DataFrame:
        """The rows as they became known, and again with their end once that was known.

        Args:
            rows: one for each fact.
            since: row of the panels at whose end it began; what began with the economy is known from the start.
            until: row at whose end it was over; beyond the last where it wasn't.
            part: names the stream of delays.
        """
        begun, last = self.end(since), np.flatnonzero(until <= self.months)
        known = np.where(since > 0, self.told(begun, part), begun)
        ended = self.end(until[last])
        closed = dated(rows[last], begun[last], np.maximum(self.told(ended, f"{part} over"), known[last]))
        closed = closed.with_columns(valid_to=as_days(ended))
        return self.kept(pl.concat([dated(rows, begun, known), closed], how="diagonal"))

    def kept(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that the bank knew before it was over."""
        return rows.filter(pl.col("recorded_on") < self.over)


@dataclass(frozen=True)
class Deeds:
    """The contracts of one kind as they were put on record, shape (k,): anew whenever the money changed."""

    ties: Ties
    since: Ints
    until: Ints  # row of the panels; a new version doesn't end the one before

    def keep(self, chosen: Flags) -> "Deeds":
        """Only the chosen contracts."""
        return Deeds(self.ties.keep(chosen), self.since[chosen], self.until[chosen])


def deeds(world: World, lots: Sequence[Ties]) -> Deeds:
    """Contracts of one kind through all years; a failure ends them once its loss is taken.

    Args:
        world: whose they are.
        lots: the contracts of each year, the opening's first.
    """
    year = np.repeat(np.arange(len(lots)), [lot.count for lot in lots])
    every = Ties(*(np.concatenate([getattr(lot, name) for lot in lots]) for name in Ties.__dataclass_fields__))
    order = np.lexsort((year, every.source, every.target, every.contract))
    every, year = every.keep(order), year[order]
    same = _same(every)
    last = ~np.concatenate([same[1:], [False]])
    until = np.where(last & (year < world.months // MONTHS), _over(world, every, year), world.months + 1)
    first = np.flatnonzero(~(same & _unchanged(every.amount)))
    ends = np.minimum.reduceat(until, first) if len(first) else until
    versions = Deeds(every.keep(first), year[first] * MONTHS, ends)
    return versions.keep(on_record(versions.ties.contract, world.form.unseen))


def _same(ties: Ties) -> Flags:
    """Which links are the one before them, a year on."""
    again = [column[1:] == column[:-1] for column in (ties.contract, ties.source, ties.target)]
    return np.concatenate([[False], np.logical_and.reduce(again)])[: ties.count]


def _unchanged(amount: Floats) -> Flags:
    return np.concatenate([[False], np.round(amount[1:], 4) == np.round(amount[:-1], 4)])[: len(amount)]


def _over(world: World, ties: Ties, year: Ints) -> Ints:
    """Row at whose end a contract of that year is over: its year's last, or that of the last loss after a failure."""
    closing = (year + 1) * MONTHS
    failed = np.minimum(_failing(world, ties.source, year), _failing(world, ties.target, year))
    return np.asarray(np.minimum(closing, failed + world.form.spread + 1))


def _failing(world: World, firm: Ints, year: Ints) -> Ints:
    """The month in which a firm failed in that year, one beyond all where it didn't."""
    keys, month = world.failed
    asked = firm * (world.months // MONTHS) + year
    place = np.searchsorted(keys, asked)
    found = np.append(keys, -1)[place] == asked
    return np.asarray(np.where(found, np.append(month, 0)[place], world.months))


def on_record(contract: Ints, unseen: float) -> Flags:
    """Which contracts are on record at all; all links of a contract alike, in every year."""
    return np.asarray(contract * 2_654_435_761 % 2**32 >= unseen * 2**32)


def dated(rows: pl.DataFrame, since: Days, known: Days) -> pl.DataFrame:
    """The rows with their first day and the day on which the bank learned of them."""
    return rows.with_columns(valid_from=as_days(since), recorded_on=as_days(known))


def as_days(days: Days) -> pl.Series:
    """Numpy days as a column."""
    return pl.Series(days.astype("datetime64[D]")).cast(pl.Date)


def ids(prefix: str, number: Ints) -> pl.Series:
    """E-000001 and so on."""
    return prefix + "-" + pl.Series(number + 1).cast(pl.String).str.zfill(6)
