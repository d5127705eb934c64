"""A snapshot as the contagion kernel reads it: who loses how much if whom fails, and what the bank has lent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.sparse import coo_array, csr_array

from .assumptions import Assumptions
from .book import Book
from .calls import guarantee_calls, held
from .channels import balance_sheets, channel_edges, consolidated_pairs
from .joint import Ints, JointCalls
from .snapshot import Snapshot
from .valuations import Flags, Floats, Kind

KINDS: dict[str, Kind] = {
    "guarantee_call": "claim",
    "receivable_loss": "claim",
    "loan_loss": "claim",
    "equity_loss": "stake",
    "supply_break": "event",
    "support_loss": "event",
    "cover_loss": "event",
}
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
            calls on joint guarantors are in `book.joint` alone.
        calls: what guarantors pay the bank, `fails`, `suffers`, `call`, money; joint ones apart.
        lent: by the bank.
        enterprises: how many there are; they come first.
        unable: (n,) enterprises whose equity is not known to be above 0.
        silent: (n,) parties with equity that don't state what they owe.
        equity: (n,) as stated, missing where it isn't.
        notes: what the record leaves open.
    """

    book: Book
    edges: pl.DataFrame
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
    calls = guarantee_calls(snapshot, sheets).with_columns(fails="target_row", suffers="source_row")
    shared = (pl.col("liability") != "several") & (pl.col("among") > 1)
    unpriced = channel_edges(snapshot)
    edges = _priced(unpriced, calls.filter(shared), assumptions)
    stated = _column(snapshot, sheets.select("party_row", "equity"))
    able = stated > 0
    equity = np.where(able, stated, np.inf)
    told = pl.coalesce("liabilities", "debt", pl.col("total_assets") - pl.col("equity"))
    owed = _column(snapshot, sheets.select("party_row", told))
    firms = np.arange(len(equity)) < snapshot.enterprises
    book = Book(
        equity=equity,
        owed=np.where(np.isnan(owed), np.where(able, NOTHING_LEFT * stated, 0.0), np.maximum(owed, 0.0)),
        losses=matrices(edges, len(equity)),
        joint=_joint(calls.filter(shared), consolidated_pairs(snapshot, sheets)),
        fragile=firms & ~able if assumptions.without_equity == "fail" else None,
    )
    return StressBook(
        book=book,
        edges=edges,
        calls=calls.filter(~shared, pl.col("call") > 0).select("fails", "suffers", "call"),
        lent=_lent(snapshot),
        enterprises=snapshot.enterprises,
        unable=firms & ~able,
        silent=able & np.isnan(owed),
        equity=stated,
        notes=tuple(_notes(snapshot, unpriced, assumptions)),
    )


def _priced(edges: pl.DataFrame, joint: pl.DataFrame, assumptions: Assumptions) -> pl.DataFrame:
    """The edges with a known loss, with `kind` and `money`; without calls that co-guarantors share."""
    shared = (pl.col("channel") == "guarantee_call") & pl.col("link_row").is_in(joint["link_row"].implode())
    kind = pl.col("channel").replace_strict(KINDS, return_dtype=pl.String)
    priced = edges.filter(~shared).with_columns(kind=kind, money=pl.col("loss") * assumptions.severity())
    return priced.filter(pl.col("money") > 0)


def matrices(edges: pl.DataFrame, parties: int) -> dict[Kind, csr_array]:
    """The losses of each kind, [suffers, fails], money; losses of one pair add up."""
    kinds: Sequence[Kind] = ("claim", "stake", "event")
    found = {}
    for kind in kinds:
        mine = edges.filter(pl.col("kind") == kind)
        if mine.height:
            ends = (mine["suffers"].to_numpy().astype(np.int64), mine["fails"].to_numpy().astype(np.int64))
            found[kind] = csr_array(coo_array((mine["money"].to_numpy(), ends), shape=(parties, parties)))
    return found


def _joint(calls: pl.DataFrame, inside: pl.DataFrame) -> JointCalls | None:
    """Contracts of several joint guarantors; what consolidated accounts hold already is booked without end."""
    known = calls.filter(pl.col("whole").is_not_null())
    if not known.height:
        return None
    marked = known.join(inside.with_columns(within=True), on=["suffers", "fails"], how="left")
    booked = pl.when(pl.col("within")).then(pl.lit(float("inf"))).otherwise(pl.col("provision").fill_null(0.0))
    cap = pl.min_horizontal(pl.col("amount").fill_null(float("inf")), "whole")
    rows = marked.with_columns(booked=booked, cap=cap).sort("contract", "cap", "link_row")
    number = rows["contract"].rank("dense").to_numpy().astype(np.int64) - 1
    return JointCalls(
        contract=number,
        debtor=_rows(rows["fails"]),
        guarantor=_rows(rows["suffers"]),
        cap=rows["cap"].to_numpy(),
        whole=rows["whole"].to_numpy(),
        booked=rows["booked"].to_numpy(),
        link_row=_rows(rows["link_row"]),
    )


def _rows(column: pl.Series) -> Ints:
    return column.to_numpy().astype(np.int64)


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
