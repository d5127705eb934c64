"""When an end was known: a row that ends after it was recorded is two versions."""

import polars as pl

from .cells import is_open_end


def day_of(name: str) -> pl.Expr:
    """The day that a text column holds; null where it holds none."""
    return pl.col(name).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def end_of() -> pl.Expr:
    """The end that `valid_to` holds; null where it holds none, or only says that there is no end."""
    end = day_of("valid_to")
    return pl.when(~is_open_end(end)).then(end)


def told_apart(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as they were known: one that ends after `recorded_on` is open first, and closed as known on its end.

    Args:
        rows: text columns `valid_to` and `recorded_on` (the day on which the row was first stated), and more.
    """
    later = end_of() > day_of("recorded_on")
    open_first = rows.filter(later).with_columns(valid_to=pl.lit(None, dtype=pl.String))
    end = end_of().cast(pl.String)
    return pl.concat([open_first, rows.with_columns(recorded_on=pl.when(later).then(end).otherwise("recorded_on"))])
