"""How BODS records change: when each version was known, what a closing says, what an update leaves out.

Frames hold text columns of the dictionary and `line`, `record`, `closed`, `stated`; `versions` gives them `recorded_on`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from .endings import day_of, end_of, told_apart

EVER, NEVER = date.min, date.max
BOOKKEEPING = ("record", "closed", "stated", "seen")


def updates_after_closing(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`line`, `reason` of the statements on a record that was known to be closed before."""
    columns = ["line", "record", "closed", "stated", "valid_to"]
    rows = pl.concat([frame.select(columns) for frame in tables.values()]).with_columns(known=_known())
    closing = rows.filter("closed").group_by("record").agg(first=pl.col("known").max().over("line").min())
    late = rows.join(closing, on="record").filter(~pl.col("closed") & (day_of("stated") > pl.col("first")))
    said = "record {} was known to be closed on {}; nothing can be updated after that"
    return late.select("line", reason=pl.format(said, "record", "first")).unique("line", maintain_order=True)


def versions(frame: pl.DataFrame, key: Sequence[str], *, never_was: bool) -> pl.DataFrame:
    """The rows with the day on which each was known, and what later statements of a record add to them.

    A row that ends after its statement gives two versions: open, known when stated, and closed, known on its end.
    A row that the next statement of its record leaves out ends then; it never was so where the next statement dates
    the same further back, or where `never_was` says so.
    """
    placed = frame.with_columns(
        _latest("closed", _known()).over("line").alias("seen"),
        pl.lit(None, dtype=pl.String).alias("retracted"),
    )
    rows = pl.concat([placed, _left_out(placed, key, never_was=never_was)])
    return told_apart(rows.with_columns(recorded_on="stated")).drop(BOOKKEEPING)


def said_once(frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Rows of which several records say the same from the same day on: the one that ends last speaks for all.

    A line of another record repeats it, so that two records of one tie are never taken for a contradiction.
    """
    statement = [*key, "valid_from"]
    order = [end_of().fill_null(NEVER), "record", day_of("stated")]
    first = frame.sort(*order, descending=[True, False, False], nulls_last=True).unique(
        statement, keep="first", maintain_order=True
    )
    others = frame.join(first.select(*statement, lead="record"), on=statement, nulls_equal=True, maintain_order="left")
    own = pl.col("record") == pl.col("lead")
    copies = (
        others.filter(~own)
        .select("line", *statement)
        .join(first.drop("line"), on=statement, nulls_equal=True, maintain_order="left")
    )
    return pl.concat([others.filter(own).select(frame.columns), copies.select(frame.columns)])


def with_lots(owns: pl.DataFrame) -> pl.DataFrame:
    """Stakes of one pair that are held at the same time, told apart by `lot`; the first of a pair needs none.

    The key of a lone stake is then the same as in any other source, so that two sources are never added up.
    """
    pair = ["owner_id", "enterprise_id"]
    strands = owns.group_by(*pair, "record", "direct", "strand").agg(
        start=day_of("valid_from").fill_null(EVER).min(),
        end=end_of().sort_by("stated", "valid_from", nulls_last=False).last().fill_null(NEVER),
    )
    order = [*pair, "start", pl.col("direct").not_(), "record", "strand"]
    before = pl.col("end").cum_max().shift(1).over(pair)
    beside = (before > pl.col("start")) | (pl.col("start").shift(1).over(pair) == pl.col("start"))
    name = pl.concat_str(
        "record",
        pl.when(pl.col("direct").not_()).then(pl.lit("/indirect")).otherwise(pl.lit("")),
        pl.when(pl.col("strand") > 0).then(pl.format("/{}", "strand")).otherwise(pl.lit("")),
    )
    lots = strands.sort(order).with_columns(lot=pl.when(beside).then(name).otherwise(pl.lit("")))
    return owns.join(
        lots.drop("start", "end"), on=[*pair, "record", "direct", "strand"], how="left", maintain_order="left"
    ).drop("strand")


def _left_out(placed: pl.DataFrame, key: Sequence[str], *, never_was: bool) -> pl.DataFrame:
    """Closings and retractions of the rows that the next statement of their record no longer has."""
    steps = placed.group_by("record", "seen").agg(pl.col("line").min()).sort("record", "seen")
    following = pl.col("seen", "line").shift(-1).over("record").name.prefix("next_")
    steps = steps.with_columns(following).filter(pl.col("next_seen").is_not_null())
    gone = placed.join(steps.drop("line"), on=["record", "seen"], maintain_order="left")
    statement = ["record", *key, "valid_from"]
    after = placed.rename({"seen": "next_seen"})
    gone = gone.join(after, on=[*statement, "next_seen"], how="anti", nulls_equal=True, maintain_order="left")
    gone = gone.filter(end_of().is_null() | (end_of() > pl.col("next_seen")))
    dated = after.group_by("record", *key, "next_seen").agg(others=pl.col("valid_from").fill_null("").max())
    gone = gone.join(dated, on=["record", *key, "next_seen"], how="left", nulls_equal=True, maintain_order="left")
    start = pl.col("valid_from").fill_null("")
    gone = gone.filter(pl.col("others").is_null() | (pl.col("others") < start))
    wrong = pl.lit(never_was) | pl.col("others").is_not_null() | (day_of("valid_from") > pl.col("next_seen"))
    day = pl.col("next_seen").cast(pl.String)
    return gone.with_columns(
        retracted=pl.when(wrong.fill_null(value=False)).then(pl.lit("true")),
        valid_to=pl.when(wrong.fill_null(value=False)).then("valid_to").otherwise(day),
        stated=day, line="next_line",
    ).select(placed.columns)  # fmt: skip


def _known() -> pl.Expr:
    """The later of the statement and the end that it states."""
    return pl.max_horizontal(day_of("stated"), end_of())


def _latest(closed: str, known: pl.Expr) -> pl.Expr:
    return pl.when(closed).then(known.max()).otherwise(day_of("stated"))
