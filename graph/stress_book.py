"""A snapshot as the contagion kernel reads it: who loses how much if whom fails, and what the bank has lent."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .assumptions import Assumptions
from .book import Book
from .calls import guarantee_calls, held
from .channels import balance_sheets, channel_edges, consolidated_pairs
from .promises import ASSETS, contracts, joint_calls, matrices, priced
from .snapshot import Snapshot
from .valuations import Flags, Floats

CALLS = ("fails", "suffers", "call", "link_row", "pot", "left")
NOTHING_LEFT = 1e-9  # of equity: what a firm owes where its accounts don't say, so that nothing of it is recovered


@dataclass(frozen=True)
class Lent:
    """What the bank has lent to each party, shape (n,), money: in all, covered by collateral, and provided for."""

    exposure: Floats
    collateral: Floats
    provision: Floats


@dataclass(frozen=True)
class StressBook:
    """A day ready for stress.

    Attributes:
        book: for the kernel.
        edges: every loss that a failure costs, columns of channels.EDGES with `kind` and `money`, severity applied;
            without those that are in `contracts`.
        contracts: rows of `book.joint`: columns of promises.CONTRACTS.
        calls: what guarantors pay the bank, `fails`, `suffers`, `call`, money; `pot` the debt that it is paid for, of
            which no more than `left`, money, is ever paid, where that is a facility; `shared` by joint guarantors.
        lent: by the bank.
        enterprises: how many there are; they come first.
        unable: (n,) enterprises whose equity is not known to be above 0.
        silent: (n,) parties with equity that don't state what they owe.
        equity: (n,) as stated, missing where it isn't.
        notes: what the record leaves open.
    """

    book: Book
    edges: pl.DataFrame
    contracts: pl.DataFrame
    calls: pl.DataFrame
    lent: Lent
    enterprises: int
    unable: Flags
    silent: Flags
    equity: Floats
    notes: tuple[str, ...]


def stress_book(snapshot: Snapshot, assumptions: Assumptions) -> StressBook:
    """The book of a day. Parties that are no enterprises bear losses and pass nothing on, unless accounts say more."""
    sheets = balance_sheets(snapshot)
    calls = _calls(snapshot, sheets)
    shared = (pl.col("liability") != "several") & (pl.col("among") > 1)
    unpriced = channel_edges(snapshot)
    edges = priced(unpriced, calls.filter(shared), assumptions)
    simple, provided = edges.filter(pl.col("booked") == 0), edges.filter(pl.col("booked") > 0)
    rows = contracts(calls.filter(shared), consolidated_pairs(snapshot, sheets), provided)
    stated, owed = _stated(snapshot, sheets)
    able, firms = stated > 0, np.arange(len(stated)) < snapshot.enterprises
    return StressBook(
        book=Book(
            equity=np.where(able, stated, np.inf),
            owed=owed,
            losses=matrices(simple, len(stated)),
            outside=_outside(np.where(able, stated, 0.0) + owed, edges),
            joint=joint_calls(rows),
            junior=_junior(edges, owed) if assumptions.terms.seniority == "external_senior" else None,
            fragile=firms & ~able if assumptions.without_equity == "fail" else None,
        ),
        edges=simple,
        contracts=rows,
        calls=calls.filter(pl.col("call") > 0).select(*CALLS, shared=shared),
        lent=_lent(snapshot),
        enterprises=snapshot.enterprises,
        unable=firms & ~able,
        silent=able & (owed == NOTHING_LEFT * stated),
        equity=stated,
        notes=(*_notes(snapshot, unpriced, assumptions), *_called_twice(calls)),
    )


def _calls(snapshot: Snapshot, sheets: pl.DataFrame) -> pl.DataFrame:
    """The guarantees with `fails`, `suffers`, and `pot`: the debt that each covers; of a facility `left` to be paid."""
    lent = held(snapshot).select("facility_id", target_row="party_row", left=pl.col("lent") - pl.col("covered"))
    calls = guarantee_calls(snapshot, sheets).with_columns(fails="target_row", suffers="source_row")
    told = calls.join(lent.drop_nulls(), on=["facility_id", "target_row"], how="left", maintain_order="left")
    facility = pl.when(pl.col("left").is_not_null()).then("facility_id")
    return told.with_columns(pot=pl.struct("target_row", facility).rank("dense").cast(pl.Int64) - 1)


def _stated(snapshot: Snapshot, sheets: pl.DataFrame) -> tuple[Floats, Floats]:
    """Equity, missing where it isn't stated, and all that is owed, (n,) each."""
    equity = _column(snapshot, sheets.select("party_row", "equity"))
    told = pl.coalesce("liabilities", "debt", pl.col("total_assets") - pl.col("equity"))
    owed = _column(snapshot, sheets.select("party_row", told))
    return equity, np.where(np.isnan(owed), np.where(equity > 0, NOTHING_LEFT * equity, 0.0), np.maximum(owed, 0.0))


def _outside(assets: Floats, edges: pl.DataFrame) -> Floats:
    """(n,) assets that are no claims on others here; what a guarantor may be called for is no asset of its."""
    held = edges.filter(pl.col("channel").is_in(ASSETS))
    return np.maximum(assets - np.bincount(held["suffers"], held["money"], len(assets)), 0.0)


def _junior(edges: pl.DataFrame, owed: Floats) -> Floats:
    """(n,) of what each owes, what it owes to others here beyond collateral."""
    claims = edges.filter(pl.col("channel").is_in(["receivable_loss", "loan_loss"]))
    return np.minimum(np.bincount(claims["fails"], claims["money"] + claims["booked"], len(owed)), owed)


def _called_twice(calls: pl.DataFrame) -> list[str]:
    """Debts that several contracts cover together for more than is owed."""
    debts = calls.group_by("pot").agg(pl.col("call").sum(), pl.col("covered").max())
    over = debts.filter(pl.col("call") > pl.col("covered") * (1 + 1e-9))
    if not over.height:
        return []
    more = (over["call"] - over["covered"]).sum()
    said = f"guarantees: {over.height:,} debts are covered by several contracts for {more:,.2f} more than is owed"
    return [f"{said}; each guarantor is taken to be called in full, the bank to be paid once"]


def _lent(snapshot: Snapshot) -> Lent:
    provision = pl.col("provision").fill_null(0.0)
    sums = held(snapshot).group_by("party_row").agg(pl.col("lent", "covered").sum(), provision=provision.sum())
    return Lent(*(np.nan_to_num(_column(snapshot, sums.select("party_row", part))) for part in sums.columns[1:]))


def _column(snapshot: Snapshot, rows: pl.DataFrame) -> Floats:
    """A number of each party by row, shape (n,), missing where there is none; frame of party_row and the number."""
    column = np.full(snapshot.parties.height, np.nan)
    told = rows.drop_nulls()
    column[told["party_row"].to_numpy()] = told[told.columns[1]].to_numpy()
    return column


def _notes(snapshot: Snapshot, edges: pl.DataFrame, assumptions: Assumptions) -> list[str]:
    unknown = edges.filter(pl.col("loss").is_null() & (assumptions.severity() > 0))
    notes = [
        f"{channel}: {count:,} losses are left out, because the record doesn't tell their amount"
        for channel, count in unknown.group_by("channel", maintain_order=True).len().iter_rows()
    ]
    untold = snapshot.table("exposures").filter(pl.col("drawn").is_null() & pl.col("limit").is_null()).height
    if untold:
        notes.append(f"exposures: {untold:,} facilities state neither drawn nor limit and count as nothing")
    if assumptions.cover == 0 and (edges["channel"] == "cover_loss").any():
        notes.append("cover_loss: guaranteed debt is taken to be renewed when the guarantor fails (cover 0)")
    return notes
