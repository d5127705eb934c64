"""Every firm's failure in turn: how much harm it does, and by how many failures of others it would be taken down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from .assumptions import SINGLE_HIT, Assumptions
from .bank_loss import BankLosses
from .errors import UsageError
from .joint import Ints
from .reach import Everywhere, Reach, Reached
from .snapshot import Snapshot
from .stress_book import StressBook, stress_book
from .valuations import Floats

Progress = Callable[[str, int, int], None]  # what, done, of how many
ROOM = 8_000_000  # parties times failures that are followed at once: about 350 MB
IMPACTS = {
    "party_row": pl.UInt32(),
    "impact": pl.Float64(),
    "failures": pl.Int64(),
    "bank_loss": pl.Float64(),
    "rounds": pl.Int64(),
    "unknown": pl.Int64(),
    "settled": pl.Boolean(),
}
HARMED = {
    "party_row": pl.UInt32(),
    "failed_by": pl.Int64(),
    "distress": pl.Float64(),
    "worst_row": pl.UInt32(),
    "worst_loss": pl.Float64(),
}
VULNERABILITY = {name: kind for name, kind in HARMED.items() if name != "distress"} | {"mean_distress": pl.Float64()}


@dataclass(frozen=True)
class Followed:
    """Some failures followed to their end.

    Attributes:
        impacts: columns of IMPACTS, one row a failure: `impact` money that all others lose, `failures` how many others
            fail, `bank_loss` money, the firm's own debt included, `unknown` how many parties without positive equity
            bear losses, `settled` whether nothing moved any more in the end (else, as with unknown, the impact is at
            least what it says).
        harmed: columns of HARMED, one row for each party that is harmed: `failed_by` how many of these failures take
            it down, `distress` the sum of the shares of equity it loses, the worst of them and the money it costs.
    """

    impacts: pl.DataFrame
    harmed: pl.DataFrame


@dataclass(frozen=True)
class Each:
    """Every failure in turn.

    Attributes:
        impacts: columns of IMPACTS.
        vulnerability: columns of VULNERABILITY, one row an enterprise; `mean_distress` the share of its equity that it
            loses in the mean over the failures of others, missing where its equity isn't known to be above 0.
    """

    impacts: pl.DataFrame
    vulnerability: pl.DataFrame


def stress_each(snapshot: Snapshot, rows: Ints, assumptions: Assumptions, progress: Progress) -> Each:
    """Lets each of some parties fail alone.

    Raises:
        UsageError: a model that has no fixed point.
    """
    book = stress_book(snapshot, assumptions)
    return together(book, [follow(book, rows, assumptions, progress)])


def follow(book: StressBook, rows: Ints, assumptions: Assumptions, progress: Progress) -> Followed:
    """The failures of some parties, one by one; see `stress_each`."""
    if assumptions.model == SINGLE_HIT:
        raise UsageError(f"{SINGLE_HIT}: failures one by one go with the fixed points alone, debtrank among them.")
    width = max(1, min(len(rows), ROOM // max(book.book.parties, 1)))
    way: type[Everywhere | Reach] = Everywhere if assumptions.rules.model.everywhere else Reach
    reach = way(book.book, assumptions.rules, width)
    bank = BankLosses(book, reach.before)
    impacts, harmed = [], []
    for first in range(0, len(rows), width):
        progress("failures", first, len(rows))
        block = rows[first : first + width]
        found = reach.follow(block)
        impacts.append(_impacts(book, block, found, bank.lost(found)))
        harmed.append(_harmed(book, block, found))
    progress("failures", len(rows), len(rows))
    empty = pl.DataFrame(schema=IMPACTS), pl.DataFrame(schema=HARMED)
    return Followed(pl.concat([empty[0], *impacts]), _merged(pl.concat([empty[1], *harmed])))


def together(book: StressBook, found: Sequence[Followed]) -> Each:
    """Several lots of failures as one."""
    impacts = pl.concat([pl.DataFrame(schema=IMPACTS), *(each.impacts for each in found)]).sort("party_row")
    harmed = _merged(pl.concat([pl.DataFrame(schema=HARMED), *(each.harmed for each in found)]))
    firms = pl.DataFrame({"party_row": np.arange(book.enterprises, dtype=np.uint32)})
    others = impacts.height - pl.col("party_row").is_in(impacts["party_row"].implode()).cast(pl.Int64)
    mean = pl.when(others > 0).then(pl.col("distress").fill_null(0.0) / others)
    known = pl.Series(~book.unable[: book.enterprises])
    told = firms.join(harmed, on="party_row", how="left", maintain_order="left").with_columns(
        pl.col("failed_by").fill_null(0), pl.col("worst_loss").fill_null(0.0), mean_distress=pl.when(known).then(mean)
    )
    return Each(impacts, told.select(*VULNERABILITY))


def _impacts(book: StressBook, rows: Ints, found: Reached, lost: Floats) -> pl.DataFrame:
    """Columns of IMPACTS."""
    count = len(rows)
    other = found.row != rows[found.place]
    failed = other & (found.failed_in >= 0)
    sums = {
        "impact": np.bincount(found.place, found.loss * other, count),
        "failures": np.bincount(found.place, failed, count),
        "bank_loss": np.bincount(found.place, lost, count),
        "rounds": found.rounds,
        "unknown": np.bincount(found.place, other & book.unable[found.row] & (found.loss > 0), count),
        "settled": found.moving == 0,
    }
    return pl.DataFrame({"party_row": rows, **sums}).cast(IMPACTS)  # type: ignore[arg-type]


def _harmed(book: StressBook, rows: Ints, found: Reached) -> pl.DataFrame:
    """Columns of HARMED."""
    cause = rows[found.place]
    equity = book.book.equity[found.row]
    share = np.where(found.failed_in >= 0, 1.0, np.minimum(found.loss / equity, 1.0))
    hits = pl.DataFrame(
        {
            "party_row": found.row,
            "failed_by": (found.failed_in >= 0).astype(np.int64),
            "distress": share,
            "worst_row": cause,
            "worst_loss": found.loss,
        }
    )
    return _merged(hits.filter(pl.Series(found.row != cause)).cast(HARMED))  # type: ignore[arg-type]


def _merged(harmed: pl.DataFrame) -> pl.DataFrame:
    """One row a party; of equally bad failures the first party's."""
    ranked = harmed.sort("party_row", "worst_loss", "worst_row", descending=[False, True, False])
    sums = pl.col("failed_by", "distress").sum()
    worst = pl.col("worst_row", "worst_loss").first()
    return ranked.group_by("party_row", maintain_order=True).agg(sums, worst).select(*HARMED)
