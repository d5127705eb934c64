"""Stakes: what each party holds in each enterprise, of capital and of votes, as bands whose ends may be open.

All records of one pair add up, whatever their class and lot. A nominee's stake is its principal's where exactly one is
named (RELATED_TO nominee), else nobody's. A declared indirect stake stands only where no chain of direct ones exists.
"""

import numpy as np
import polars as pl
from scipy import sparse

from .snapshot import Snapshot

PAIR = ["owner_row", "owned_row"]
SIDES = ("capital", "votes")


def held(snapshot: Snapshot) -> pl.DataFrame:
    """One row for each record of OWNS that holds something.

    Columns: link_row (row of `snapshot.table("owns")`), owner_row, owned_row, declared, owner_status, and of both sides
    `<side>_low`, `<side>_high` with `<side>_low_included`, `<side>_high_included`; an unknown share is [0, 1].
    """
    rows = snapshot.table("owns").with_row_index("link_row")
    bands = rows.select(
        "link_row", "nominee", "owner_status", "direct",
        owner_row="source_row", owned_row="target_row",
        **_capital(), **_votes(),
    )  # fmt: skip
    ours = _principals(bands, snapshot.table("related_to"))
    stated = pl.col("owner_status").fill_null("known") != "none"
    ours = ours.filter(stated & ((pl.col("capital_high") > 0) | (pl.col("votes_high") > 0)))
    return _without_chained(ours)


def stakes(snapshot: Snapshot) -> pl.DataFrame:
    """One row for each pair of owner and owned: the records of `held` added up, upper ends at most 1.

    Sorted by owned_row and owner_row. `declared` where nothing but a declared indirect stake stands.
    """
    sums = [expression for side in SIDES for expression in _summed(side)]
    pairs = held(snapshot).group_by("owned_row", "owner_row").agg(pl.col("declared").all(), *sums)
    return pairs.sort("owned_row", "owner_row")


def _summed(side: str) -> list[pl.Expr]:
    """The band of several stakes together; an open end stays open, but the whole is reached."""
    low, high = pl.col(f"{side}_low").sum(), pl.col(f"{side}_high").sum()
    return [
        low,
        pl.col(f"{side}_low_included").all(),
        pl.max_horizontal(low, high.clip(upper_bound=1.0)).alias(f"{side}_high"),
        pl.col(f"{side}_high_included").all() | (high > 1),
    ]


def matrix(pairs: pl.DataFrame, value: str | pl.Expr, size: int) -> sparse.csr_array:
    """A[owner, owned] of a column of `stakes`, shape (size, size), zeros left out."""
    found = pairs.select("owner_row", "owned_row", value=value).filter(pl.col("value") != 0)
    ends = found["owner_row"].to_numpy().astype(np.int32), found["owned_row"].to_numpy().astype(np.int32)
    return sparse.csr_array((found["value"].to_numpy(), ends), shape=(size, size))


def _capital() -> dict[str, pl.Expr]:
    """The band of capital; where only votes are stated the capital is unknown."""
    low, high = pl.coalesce("share", "share_low", 0.0), pl.coalesce("share", "share_high", 1.0)
    return _band("capital", low, high, exact=pl.col("share").is_not_null(), ends=("low_included", "high_included"))


def _votes() -> dict[str, pl.Expr]:
    """The band of votes; where none are stated they are as the capital."""
    stated = pl.any_horizontal(pl.col("votes", "votes_low", "votes_high").is_not_null())
    own = _band("votes", pl.coalesce("votes", "votes_low", 0.0), pl.coalesce("votes", "votes_high", 1.0),
                exact=pl.col("votes").is_not_null(), ends=("votes_low_included", "votes_high_included"))  # fmt: skip
    capital = _capital()
    return {
        name: pl.when(stated).then(value).otherwise(capital[name.replace("votes", "capital")])
        for name, value in own.items()
    }


def _band(side: str, low: pl.Expr, high: pl.Expr, exact: pl.Expr, ends: tuple[str, str]) -> dict[str, pl.Expr]:
    return {
        f"{side}_low": low,
        f"{side}_low_included": exact | pl.col(ends[0]).fill_null(value=True),
        f"{side}_high": high,
        f"{side}_high_included": exact | pl.col(ends[1]).fill_null(value=True),
    }


def _principals(rows: pl.DataFrame, ties: pl.DataFrame) -> pl.DataFrame:
    """The rows with the nominees' stakes put to their principals, or left out where those are not known."""
    nominees = ties.filter(pl.col("relation") == "nominee").group_by(owner_row="target_row")
    named = nominees.agg(principal=pl.col("source_row").first(), several=pl.len() > 1).filter(~pl.col("several"))
    nominee = pl.col("nominee").fill_null(value=False)
    acting = rows.filter(nominee).join(named.select("owner_row", "principal"), on="owner_row")
    acting = acting.with_columns(owner_row="principal").drop("principal")
    return pl.concat([rows.filter(~nominee), acting]).drop("nominee")


def _without_chained(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without those declared indirect stakes that a chain of direct ones explains."""
    direct = pl.col("direct").fill_null(value=True)
    firm, indirect = rows.filter(direct), rows.filter(~direct)
    standing = indirect if indirect.is_empty() else indirect.join(_chained(firm, indirect), on=PAIR, how="anti")
    parts = [firm.with_columns(declared=False), standing.with_columns(declared=True)]
    return pl.concat(parts).drop("direct").sort("link_row")


def _chained(firm: pl.DataFrame, indirect: pl.DataFrame) -> pl.DataFrame:
    """The pairs of `indirect` between which a chain of direct stakes runs: who reaches whom, found from below."""
    above = firm.select(PAIR).unique()
    found = last = indirect.select("owned_row", reached="owned_row").unique()
    while last.height:
        up = last.join(above.rename({"owned_row": "reached"}), on="reached").select("owned_row", reached="owner_row")
        last = up.unique().join(found, on=["owned_row", "reached"], how="anti")
        found = pl.concat([found, last])
    higher = found.filter(pl.col("owned_row") != pl.col("reached"))
    return higher.select(pl.col("reached").alias("owner_row"), "owned_row")
