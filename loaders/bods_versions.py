"""How BODS records change: when each version was known, what a closing says, what an update leaves out.

Frames hold text columns of the dictionary, and `line`, `record`, `closed` and `stated`.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from .endings import day_of, end_of, told_apart

BOOKKEEPING = ("record", "closed", "stated", "seen")


def lines_seen(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`line`, `record`, `closed`, `stated`, `seen`: a closing is seen on the later of its statement and its end."""
    columns = ["line", "record", "closed", "stated"]
    known = pl.max_horizontal(day_of("stated"), end_of())
    rows = pl.concat([frame.select(*columns, known=known) for frame in tables.values()])
    seen = pl.when(pl.col("closed")).then("known").otherwise(day_of("stated"))
    return rows.with_columns(seen=seen).group_by(columns).agg(pl.col("seen").max())


def updates_after_closing(lines: pl.DataFrame) -> pl.DataFrame:
    """`line`, `reason` of the statements on a record that was known to be closed before."""
    closing = lines.filter("closed").group_by("record").agg(first=pl.col("seen").min())
    late = lines.join(closing, on="record").filter(~pl.col("closed") & (pl.col("seen") > pl.col("first")))
    said = "record {} was known to be closed on {}; nothing can be updated after that"
    return late.select("line", reason=pl.format(said, "record", "first"))


def versions(frame: pl.DataFrame, key: Sequence[str], lines: pl.DataFrame, *, never_was: bool) -> pl.DataFrame:
    """The rows with the day on which each was known, and what later statements of a record add to them.

    A row that ends after its statement gives two versions: open, known when stated, and closed, known on its end.
    A row that the next statement of its record leaves out ends then; it never was so where the next statement dates
    the same further back, or where `never_was` says so.
    """
    placed = frame.join(lines.select("line", "seen"), on="line", maintain_order="left")
    placed = placed.with_columns(retracted=pl.lit(None, dtype=pl.String))
    rows = pl.concat([placed, _left_out(placed, key, lines, never_was=never_was)])
    return told_apart(rows.with_columns(recorded_on="stated")).drop(BOOKKEEPING)


def _left_out(placed: pl.DataFrame, key: Sequence[str], lines: pl.DataFrame, *, never_was: bool) -> pl.DataFrame:
    """Closings and retractions of the rows that the next statement of their record no longer has."""
    next_seen, start = pl.col("next_seen"), pl.col("valid_from").fill_null("")
    after = placed.rename({"seen": "next_seen"})
    held = placed.join(_following(lines), on=["record", "seen"], maintain_order="left")
    again = ["record", *key, "next_seen"]
    gone = held.join(after, on=[*again, "valid_from"], how="anti", nulls_equal=True, maintain_order="left")
    gone = gone.filter(end_of().is_null() | (end_of() > next_seen))
    dated = after.group_by(again).agg(others=start.max())
    gone = gone.join(dated, on=again, how="left", nulls_equal=True, maintain_order="left")
    gone = gone.filter(pl.col("others").is_null() | (pl.col("others") < start))
    wrong = (
        pl.lit(never_was) | pl.col("others").is_not_null() | (day_of("valid_from") > next_seen).fill_null(value=False)
    )
    day = next_seen.cast(pl.String)
    return gone.with_columns(
        retracted=pl.when(wrong).then(pl.lit("true")),
        valid_to=pl.when(wrong).then("valid_to").otherwise(day),
        stated=day,
        line="next_line",
    ).select(placed.columns)


def _following(lines: pl.DataFrame) -> pl.DataFrame:
    """`record`, `seen`, `next_seen`, `next_line`: which statement of a record comes after which."""
    steps = lines.group_by("record", "seen").agg(pl.col("line").min()).sort("record", "seen")
    following = steps.with_columns(pl.col("seen", "line").shift(-1).over("record").name.prefix("next_"))
    return following.filter(pl.col("next_seen").is_not_null()).drop("line")
