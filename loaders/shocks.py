"""A file of shocks: who loses how much at the start of a scenario. One bad row stops it all."""

from pathlib import Path

import polars as pl

from ..graph.errors import DataError, UsageError
from ..graph.scenarios import SHOCKS
from .cells import NUMBER, trimmed
from .csv_text import read_csv_text

AMOUNTS = ("loss", "loss_share")


def read_shocks(path: Path) -> pl.DataFrame:
    """The rows of a CSV file with the columns party_id and loss (money), loss_share (of total assets), or both.

    Returns:
        columns of scenarios.SHOCKS.

    Raises:
        UsageError: no such file, or a folder.
        DataError: it lacks these columns, or a row names nobody, no loss, two losses, or one out of its range; or
            nobody loses anything.
    """
    if path.is_dir():
        raise UsageError(f"{path.name or path}: it is a folder. Name the CSV file of shocks.")
    text = read_csv_text(path)
    told = [name for name in AMOUNTS if name in text.frame.columns]
    if "party_id" not in text.frame.columns or not told:
        found = ", ".join(text.heading)
        raise DataError(f"{path.name}: it has {found}; wanted are party_id, and loss or loss_share. Nothing was run.")
    raw = text.frame.select("line", trimmed("party_id").alias("party_id"), *(trimmed(n).alias(n) for n in told))
    raw = raw.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in AMOUNTS if name not in told)
    faults = raw.select("line", reason=_fault()).drop_nulls("reason")
    faults = pl.concat([faults, text.broken.select("line", "reason")]).sort("line")
    if faults.height:
        line, reason = faults.row(0)
        more = f" (and {faults.height - 1:,} more rows at fault)" if faults.height > 1 else ""
        raise DataError(f"{path.name} line {line}: {reason}{more}. Nothing was run.")
    if not raw.select(pl.any_horizontal(pl.col(AMOUNTS).cast(pl.Float64) > 0).any()).item():
        raise DataError(f"{path.name}: nobody loses anything. State a loss above 0 in some row. Nothing was run.")
    at = pl.concat_str(pl.lit(f"{path.name} line "), "line")
    return raw.select(at.alias("at"), "party_id", *(pl.col(name).cast(pl.Float64) for name in AMOUNTS)).cast(SHOCKS)  # type: ignore[arg-type]


def _fault() -> pl.Expr:
    """Why a row can't be taken, or null."""
    said = [pl.col(name).is_not_null() for name in AMOUNTS]
    faults = [
        pl.when(pl.col("party_id").is_null()).then(pl.lit("party_id is empty")),
        pl.when(~said[0] & ~said[1]).then(pl.lit("no loss is stated")),
        pl.when(said[0] & said[1]).then(pl.lit("loss and loss_share are both stated")),
        *(_out_of_range(name, most) for name, most in zip(AMOUNTS, (float("inf"), 1.0), strict=True)),
    ]
    return pl.coalesce(faults)


def _out_of_range(name: str, most: float) -> pl.Expr:
    """A loss is a plain number from 0 up; a share is at most the whole."""
    number = pl.when(pl.col(name).str.contains(NUMBER)).then(pl.col(name)).cast(pl.Float64, strict=False)
    fits = (number >= 0) & (number <= most) & number.is_finite()
    wanted = "is no number from 0 up" if most > 1 else "is no fraction from 0 to 1"
    shown = pl.format(f"{name} '{{}}' {wanted}", pl.col(name).str.slice(0, 60))
    return pl.when(pl.col(name).is_not_null() & ~fits.fill_null(value=False)).then(shown)
