"""What each guarantor has promised: against its equity, without a cap, and within its own group."""

import polars as pl

from .channels import balance_sheets
from .snapshot import Snapshot

BURDEN = {
    "party_row": pl.UInt32(),
    "contracts": pl.UInt32(),
    "uncapped": pl.UInt32(),
    "promised": pl.Float64(),
    "equity": pl.Float64(),
    "against_equity": pl.Float64(),
    "correlated": pl.Float64(),
}


def burden(snapshot: Snapshot, members: pl.DataFrame) -> pl.DataFrame:
    """One row for each guarantor, columns of BURDEN, the heaviest against its equity first.

    A joint contract binds each of its guarantors for the whole amount, so the promises of several guarantors may sum
    to more than will ever be called. `promised` is money, the caps of the guarantor's contracts; missing where it has
    none but `uncapped` ones, and beside any uncapped one what it owes at least. `against_equity` is promised / equity;
    missing without positive equity, for which any promise is too much. `correlated` is the part of `promised` in
    [0, 1] for debtors of the guarantor's own group: those that are likely to fail when it does.

    Args:
        snapshot: the day.
        members: `group_id`, `party_row` of every membership; a party may stand in several groups.
    """
    promises = snapshot.table("guarantees").filter(pl.col("source_row") != pl.col("target_row"))
    marked = promises.join(_within_groups(promises, members), on=["source_row", "target_row"], how="left")
    within = pl.when(pl.col("within")).then("amount").otherwise(0.0).sum()
    contracts = marked.group_by("source_row", "contract_id").agg(
        pl.col("amount").sum(), within=within, capped=pl.col("amount").count(), rows=pl.len()
    )
    grouped = contracts.group_by(party_row="source_row").agg(
        pl.col("amount", "within", "capped").sum(),
        contracts=pl.len(),
        uncapped=(pl.col("capped") < pl.col("rows")).sum(),
    )
    grouped = grouped.with_columns(promised=pl.when(pl.col("capped") > 0).then("amount"))
    equity = balance_sheets(snapshot).select("party_row", "equity")
    told = grouped.join(equity, on="party_row", how="left").with_columns(
        against_equity=pl.when(pl.col("equity") > 0).then(pl.col("promised") / pl.col("equity")),
        correlated=pl.when(pl.col("promised") > 0).then(pl.col("within") / pl.col("promised")),
    )
    order = ["against_equity", "promised", "party_row"]
    return told.select(*BURDEN).cast(BURDEN).sort(order, descending=[True, True, False], nulls_last=True)  # type: ignore[arg-type]


def _within_groups(promises: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Guarantor and debtor of promises inside one group."""
    one = members.select("group_id", source_row=pl.col("party_row").cast(pl.UInt32)).unique()
    ties = promises.select("source_row", "target_row").unique().join(one, on="source_row")
    both = ties.join(one.rename({"source_row": "target_row"}), on=["group_id", "target_row"], how="semi")
    return both.select("source_row", "target_row", within=True).unique()
