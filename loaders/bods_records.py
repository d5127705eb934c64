"""Several BODS records of one pair: one that says the same repeats the other, stakes held at the same time are lots."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from .endings import day_of, end_of

EVER, NEVER = date.min, date.max


def said_once(frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Rows of which several records say the same from the same day on: the one that ends last speaks for all.

    A line of another record repeats it, so that two records of one tie are never taken for a contradiction.
    """
    statement = [*key, "valid_from"]
    order = frame.sort(
        end_of().fill_null(NEVER), "record", day_of("stated"), descending=[True, False, False], nulls_last=True
    )
    first = order.unique(statement, keep="first", maintain_order=True)
    led = frame.join(first.select(*statement, lead="record"), on=statement, nulls_equal=True, maintain_order="left")
    own = led.filter(pl.col("record") == pl.col("lead"))
    others = led.filter(pl.col("record") != pl.col("lead")).select("line", *statement)
    copies = others.join(first.drop("line"), on=statement, nulls_equal=True, maintain_order="left")
    return pl.concat([own.select(frame.columns), copies.select(frame.columns)])


def with_lots(owns: pl.DataFrame) -> pl.DataFrame:
    """Stakes of one pair that are held at the same time, told apart by `lot`; the first of a pair needs none.

    The key of a lone stake is then the same as in any other source, so that two sources are never added up.
    """
    pair, strand = ["owner_id", "enterprise_id"], ["record", "direct", "strand"]
    strands = owns.group_by(*pair, *strand).agg(
        start=day_of("valid_from").fill_null(EVER).min(),
        end=end_of().sort_by("stated", "valid_from", nulls_last=False).last().fill_null(NEVER),
    )
    strands = strands.sort(*pair, "start", pl.col("direct").not_(), "record", "strand")
    before, same = pl.col("end").cum_max().shift(1).over(pair), pl.col("start").shift(1).over(pair)
    beside = (before > pl.col("start")) | (same == pl.col("start"))
    lots = strands.select(*pair, *strand, lot=pl.when(beside).then(_lot()).otherwise(pl.lit("")))
    return owns.join(lots, on=[*pair, *strand], how="left", maintain_order="left").drop("strand")


def _lot() -> pl.Expr:
    indirect = pl.when(pl.col("direct")).then(pl.lit("")).otherwise(pl.lit("/indirect"))
    number = pl.when(pl.col("strand") > 0).then(pl.format("/{}", "strand")).otherwise(pl.lit(""))
    return pl.concat_str("record", indirect, number)
