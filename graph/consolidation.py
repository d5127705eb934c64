"""Reported ultimate parents against the chains of reported direct ones."""

import polars as pl

from .control import ULTIMATE
from .snapshot import Snapshot

COMPARED = {
    "child_row": pl.UInt32(),
    "reported_row": pl.UInt32(),
    "end_row": pl.UInt32(),
    "steps": pl.UInt32(),
    "verdict": pl.String(),
}
MOST_STEPS = 100  # a chain this long is a ring


def ultimate_parents_compared(snapshot: Snapshot) -> pl.DataFrame:
    """Where the chain of direct parents of each child with a reported ultimate parent ends, columns of COMPARED.

    `verdict`: agrees; beyond (the chain passes the reported one and goes on); cut (its end reports nothing of its own,
    so the chain may go on outside the data); elsewhere (its end reports another ultimate parent, or the chain is a
    ring); none (no direct parent is in force).
    """
    direct = snapshot.table("controls").filter(pl.col("basis") == "consolidated_accounts")
    parents = direct.select(end_row="target_row", parent="source_row").unique(
        "end_row", keep="first", maintain_order=True
    )
    said = snapshot.table("related_to").filter(pl.col("relation") == ULTIMATE)
    rows = said.select(child_row="source_row", reported_row="target_row")
    rows = rows.with_columns(end_row="child_row", steps=pl.lit(0, dtype=pl.UInt32), passed=pl.lit(value=False))
    for _ in range(MOST_STEPS):
        up = rows.join(parents, on="end_row", how="left", maintain_order="left")
        if up["parent"].is_null().all():
            break
        moved = pl.col("parent").is_not_null()
        rows = up.with_columns(
            end_row=pl.coalesce("parent", "end_row"), steps=pl.col("steps") + moved,
            passed=pl.col("passed") | (moved & (pl.col("end_row") == pl.col("reported_row"))),
        ).drop("parent")  # fmt: skip
    silent = ~pl.col("end_row").is_in(said["source_row"].implode())
    verdict = (
        pl.when(pl.col("steps") == 0).then(pl.lit("none"))
        .when(pl.col("end_row") == pl.col("reported_row")).then(pl.lit("agrees"))
        .when(pl.col("passed")).then(pl.lit("beyond"))
        .when(silent & (pl.col("steps") < MOST_STEPS)).then(pl.lit("cut"))
        .otherwise(pl.lit("elsewhere"))
    )  # fmt: skip
    return rows.with_columns(verdict=verdict).select(*COMPARED).cast(COMPARED)  # type: ignore[arg-type]
