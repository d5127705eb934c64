"""What the files of SMEsD share: ids, the end of observation, rows that can't be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

OBSERVED = date(2021, 12, 31)  # for survivors the observation ends in December 2021


@dataclass(frozen=True)
class Rows:
    """What a file gives: rows by table, those rejected (line, reason, the row as written), what was counted."""

    tables: Mapping[str, pl.DataFrame]
    rejected: pl.DataFrame
    notes: tuple[str, ...] = ()


def party(column: str) -> pl.Expr:
    """The party's id, from the number that the file gives it."""
    return pl.concat_str(pl.lit("smesd:"), column)


def faults(frame: pl.DataFrame, *reasons: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows without a reason against them, and the others with the first one."""
    told = frame.with_columns(reason=pl.coalesce(*reasons))
    bad = told.filter(pl.col("reason").is_not_null())
    return told.filter(pl.col("reason").is_null()).drop("reason"), bad.select(
        "line", "reason", pl.exclude("line", "reason")
    )


def none_of(column: str, known: Mapping[str, str] | tuple[str, ...]) -> pl.Expr:
    """A reason where a column holds none of the known values; an empty cell counts as one that is not known."""
    value = pl.col(column).fill_null("")
    return pl.when(~value.is_in(list(known))).then(
        pl.format(f"{column} '{{}}' is none of {', '.join(filter(None, known))}", value)
    )


def no_company(column: str) -> pl.Expr:
    """A reason where a column names no company."""
    value = pl.col(column).fill_null("")
    return pl.when(~value.str.contains("^C[0-9]+$")).then(pl.format(f"{column} '{{}}' is no company", value))
