"""Paths: the records that an answer rests on, each with its table, key, source and the source's own number."""

from collections.abc import Sequence

import polars as pl

from .schema import TABLES
from .snapshot import Snapshot

RECORD = pl.Struct(
    {
        "table": pl.String(),
        "from_id": pl.String(),
        "to_id": pl.String(),
        "rest": pl.List(pl.String()),
        "source": pl.String(),
        "source_ref": pl.String(),
    }
)


def records(snapshot: Snapshot, table: str, link_rows: Sequence[int] | None = None) -> pl.DataFrame:
    """link_row, from_row, to_row and `record` (a struct of RECORD) of rows of a link table, all by default."""
    rows = snapshot.table(table).with_row_index("link_row")
    if link_rows is not None:
        rows = rows[list(link_rows)] if len(link_rows) else rows.clear()
    ids = snapshot.parties["party_id"]
    named = rows.with_columns(
        table=pl.lit(table), from_id=ids.gather(rows["source_row"]), to_id=ids.gather(rows["target_row"]),
        rest=pl.concat_list([pl.col(name).cast(pl.String) for name in _rest(table)]) if _rest(table) else pl.lit([]),
    )  # fmt: skip
    record = pl.struct("table", "from_id", "to_id", "rest", "source", "source_ref").cast(RECORD)
    return named.select("link_row", from_row="source_row", to_row="target_row", record=record)


def _rest(table: str) -> list[str]:
    """The key of a link beside its two parties."""
    return [name for name in TABLES[table].snapshot_key if name not in ("source_row", "target_row")]


def between(edges: pl.DataFrame, top: Sequence[int], bottom: int) -> pl.DataFrame:
    """The edges on a chain from one of some parties to another party, from the top down.

    Args:
        edges: owner_row, owned_row and whatever else.
        top: rows where chains begin.
        bottom: the row where they end.
    """
    upward = reached(edges, [bottom], "owned_row", "owner_row")
    lower = edges.filter(pl.col("owned_row").is_in(upward.implode()))
    downward = reached(lower, top, "owner_row", "owned_row")
    order = pl.DataFrame({"owner_row": downward}).with_row_index("place")
    return lower.join(order, on="owner_row", maintain_order="left").sort("place", maintain_order=True).drop("place")


def reached(edges: pl.DataFrame, start: Sequence[int], near: str, far: str) -> pl.Series:
    """Everybody that is reached from some rows along the edges, these rows too, the nearest first."""
    seen = frontier = pl.Series(list(start), dtype=pl.UInt32).unique()
    while frontier.len():
        further = edges.filter(pl.col(near).is_in(frontier.implode()))[far].unique().sort()
        frontier = further.filter(~further.is_in(seen.implode()))
        seen = pl.concat([seen, frontier])
    return seen
