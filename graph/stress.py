"""Stress: a named shock run to its end; who fails, in which round, through which link, and what the bank loses."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from .assumptions import Assumptions
from .bank_loss import BankLosses, taken_to_pay
from .book import Book
from .errors import DataError
from .gain import loop_gain
from .joint import Ints, joint_matrix, parts
from .outcome import Outcome, already_failed, outcome
from .scenarios import Scenario
from .snapshot import Snapshot
from .stress_book import StressBook, stress_book
from .trace import depths, main_causes, traced
from .valuations import Flags, Floats, Kind

PARTIES = {
    "party_row": pl.UInt32(),
    "state": pl.String(),
    "round": pl.Int32(),
    "loss": pl.Float64(),
    "distress": pl.Float64(),
    "equity_after": pl.Float64(),
    "channel": pl.String(),
    "cause_row": pl.UInt32(),
    "bank_loss": pl.Float64(),
}
LINKS = {
    "suffers_row": pl.UInt32(),
    "fails_row": pl.UInt32(),
    "channel": pl.String(),
    "table": pl.String(),
    "link_row": pl.UInt32(),
    "loss": pl.Float64(),
    "round": pl.Int32(),
}
NAMED = 5  # parties named in an error


@dataclass(frozen=True)
class Stress:
    """The end of a scenario.

    Attributes:
        parties: columns of PARTIES; one row for each enterprise and each other party that bears a loss. `state` is
            named (it fails by the scenario), failed, suffers or untouched; `round` of a failure, 0 by the shock
            itself; `loss` money, the shock included; `distress` the share of equity lost, missing where equity isn't
            known; `channel` and `cause_row` through what and whom most was lost; `bank_loss` money.
        links: columns of LINKS: every loss through a link; `round` in which who fails failed, if it did.
        bank_loss: money in all.
        rounds: until nothing moved any more.
        notes: what was assumed or left out.
        causes: the link through which each party lost most; columns of LINKS.
        depth: (n,) links between a party and where the trouble began.
    """

    parties: pl.DataFrame
    links: pl.DataFrame
    bank_loss: float
    rounds: int
    notes: tuple[str, ...]
    causes: pl.DataFrame
    depth: Ints


def stress(snapshot: Snapshot, scenario: Scenario, assumptions: Assumptions) -> Stress:
    """Runs a scenario on a day.

    Raises:
        DataError: enterprises bear losses without equity above 0, and the assumptions refuse that.
        UsageError: no such model.
        NotSettled: see `contagion.settle`.
    """
    book = stress_book(snapshot, assumptions)
    named = np.zeros(book.book.parties, bool)
    named[list(scenario.fails)] = True
    found = outcome(book, scenario.shock, named, assumptions)
    hit = book.unable & (found.loss > 0) & ~named
    if assumptions.without_equity == "refuse" and hit.any():
        raise DataError(_refused(snapshot, book, hit))
    links = _links(book, found)
    depth = depths(links, np.flatnonzero(named | (scenario.shock > 0)), book.book.parties)
    causes = main_causes(links, found.failed_in, depth)
    parties = _parties(snapshot, book, found, named, causes)
    paying = pl.Series(found.stands[links["suffers_row"].to_numpy()], dtype=pl.Boolean)
    unknown = taken_to_pay(book, links.filter(pl.col("channel") == "guarantee_call", paying))
    notes = (
        *book.notes,
        *_gains(book.book),
        *unknown,
        *already_failed(found.before),
        *_absorbed(book, found, hit, assumptions),
    )
    return Stress(parties, links, float(parties["bank_loss"].sum()), found.rounds, notes, causes, depth)


def path(stress: Stress, row: int) -> pl.DataFrame:
    """The links by which trouble reached a party, the first one first: `step`, and columns of LINKS."""
    return traced(stress.causes, stress.links, stress.depth, row)


def _links(book: StressBook, found: Outcome) -> pl.DataFrame:
    """Every loss through a link, columns of LINKS."""
    links = _broken(book, found)
    if found.before is not None:
        links = links.with_columns(pl.col("loss") - _broken(book, found.before)["loss"])
    if found.borne is not None:
        links = links.with_columns(pl.col("loss") * found.borne[links["suffers_row"].to_numpy()])
    rounds = pl.Series(found.failed_in)
    told = links.filter(pl.col("loss") > 0)
    round_ = rounds.gather(told["fails_row"])
    told = told.with_columns(round=pl.select(pl.when(round_ >= 0).then(round_)).to_series())
    return told.select(*LINKS).cast(LINKS).sort("suffers_row", "fails_row", "channel", "link_row")  # type: ignore[arg-type]


def _broken(book: StressBook, found: Outcome) -> pl.DataFrame:
    """What every link costs, in the same order whatever happened."""
    return pl.concat([_in_proportion(book, found), _one_by_one(book, found)], how="diagonal_relaxed")


def _in_proportion(book: StressBook, found: Outcome) -> pl.DataFrame:
    """Losses in proportion to what is missing, in the columns of their links."""
    fails = book.edges["fails"].to_numpy()
    parts = {kind: pl.Series(found.missing_of(kind)[fails]) for kind in get_args(Kind)}
    missing = pl.coalesce(pl.when(pl.col("kind") == kind).then(part) for kind, part in parts.items())
    return book.edges.select(
        "channel", "table", "link_row", fails_row="fails", suffers_row="suffers", loss=pl.col("money") * missing
    )


def _one_by_one(book: StressBook, found: Outcome) -> pl.DataFrame:
    """Losses by contracts, in the columns of their links."""
    joint = book.book.joint
    if joint is None:
        return pl.DataFrame()
    every = np.arange(len(joint.contract))
    unpaid, stands = joint.unpaid(every, found.missing), found.stands[joint.guarantor]
    called = parts(joint, every, unpaid[:, None], stands[:, None])[:, 0]
    loss = np.maximum(called - joint.booked, 0.0)
    return book.contracts.select("channel", "table", "link_row", fails_row="fails", suffers_row="suffers", loss=loss)


def _parties(snapshot: Snapshot, book: StressBook, found: Outcome, named: Flags, causes: pl.DataFrame) -> pl.DataFrame:
    """Columns of PARTIES."""
    equity = np.where(np.isfinite(book.book.equity), book.book.equity, np.nan)
    failed = found.failed_in >= 0
    share = np.where(failed, 1.0, np.where(found.loss > 0, np.minimum(found.loss / equity, 1.0), 0.0))
    state = np.select([named, failed, found.loss > 0], ["named", "failed", "suffers"], "untouched")
    rows = pl.DataFrame(
        {
            "party_row": np.arange(len(named), dtype=np.uint32),
            "state": state,
            "round": np.where(failed, found.failed_in, -1),
            "loss": found.loss,
            "distress": share,
            "equity_after": book.equity - found.loss,
            "bank_loss": _bank(book, found),
        }
    ).with_columns(round=pl.when(pl.col("round") >= 0).then("round"), distress=pl.col("distress").fill_nan(None))
    rows = rows.with_columns(pl.col("equity_after").fill_nan(None))
    through = causes.select(party_row="suffers_row", channel="channel", cause_row="fails_row")
    told = rows.join(through, on="party_row", how="left", maintain_order="left").filter(
        (pl.col("party_row") < snapshot.enterprises) | (pl.col("state") != "untouched")
    )
    return told.select(*PARTIES).cast(PARTIES)  # type: ignore[arg-type]


def _bank(book: StressBook, found: Outcome) -> Floats:
    """What the bank loses on each party that failed, (n,) money."""
    before = None if found.before is None else found.before.reached
    return BankLosses(book, before).lost(found.reached)


def _refused(snapshot: Snapshot, book: StressBook, hit: Flags) -> str:
    rows = np.flatnonzero(hit)
    ids = snapshot.parties["party_id"].gather(rows).to_list()
    said = ["not stated" if np.isnan(book.equity[row]) else f"{book.equity[row]:g}" for row in rows]
    few = ", ".join(f"{name} {equity}" for name, equity in zip(ids[:NAMED], said[:NAMED], strict=True))
    more = ", …" if len(ids) > NAMED else ""
    return (
        f"stress: {len(ids):,} parties bear losses without positive equity, first {ids[0]!r} ({few}{more}). "
        "Estimate their equity, list them as failed (--fails), or choose --without-equity fail or absorb."
    )


def _gains(book: Book) -> list[str]:
    """What is to be said of rings that pass on more than they get."""
    known = np.where(np.isfinite(book.equity), book.equity, np.inf)
    joint = [] if book.joint is None else [joint_matrix(book.joint, book.parties)]
    whole = sum([*book.losses.values(), *joint], csr_array((book.parties, book.parties)))
    gain = loop_gain(csr_array(whole.multiply(1 / known[:, None])))
    said = f"loop gain {gain:.3g}, in shares of equity: round some ring a loss comes back larger, but for what caps it"
    return [said] if gain >= 1 else []


def _absorbed(book: StressBook, found: Outcome, hit: Flags, assumptions: Assumptions) -> list[str]:
    notes = []
    if hit.any() and assumptions.without_equity == "absorb":
        notes.append(f"{hit.sum():,} parties without positive equity bear losses and pass nothing on: too few fail")
    if hit.any() and assumptions.without_equity == "fail":
        notes.append(f"{hit.sum():,} parties without positive equity fail at their first loss")
    silent = (found.failed_in >= 0) & book.silent
    if silent.any() and assumptions.model in ("en", "rv", "merton", "black_cox"):
        notes.append(f"{silent.sum():,} parties that fail don't state what they owe: nothing of it is recovered")
    return notes
