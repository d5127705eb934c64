"""A file of overrides, overrides.csv: PDs that two people decided. One bad row stops it all."""

from pathlib import Path

import polars as pl

from ..graph.errors import DataError
from ..graph.overrides import OVERRIDE, OVERRIDES, REQUIRED
from ..graph.schema import Table
from .accept import FOLDED
from .cells import cell, is_open_end, trimmed
from .csv_text import read_csv_text

_TABLE = Table("overrides", (), (), required=REQUIRED)


def read_overrides(path: Path) -> pl.DataFrame:
    """The rows of a CSV file with the columns of overrides.OVERRIDE: party_id, or scheme and value; days may be absent.

    Returns:
        columns of overrides.OVERRIDES.

    Raises:
        UsageError: no such file.
        DataError: it lacks a column; or a row names nobody, no reason, not two different people or no end, or holds a
            PD that is none above 0.
    """
    text = read_csv_text(path)
    missing = [name for name in REQUIRED if name not in text.frame.columns]
    if missing:
        found = ", ".join(text.heading)
        raise DataError(f"{path.name}: no column {missing[0]}; found {found}. Nothing was scored.")
    cells = {spec.name: cell(_TABLE, spec, text.frame) for spec in OVERRIDE}
    read = text.frame.select("line", *(value.alias(name) for name, (value, _) in cells.items()))
    read = read.with_columns(
        valid_from=pl.coalesce("valid_from", "recorded_on"),
        recorded_on=pl.coalesce("recorded_on", "valid_from"),
        value=pl.when(pl.col("scheme").is_in(FOLDED)).then(pl.col("value").str.to_uppercase()).otherwise("value"),
    )
    faulty = text.frame.select("line", cell_fault=pl.coalesce(fault for _, fault in cells.values()))
    faults = read.join(faulty, on="line").select("line", reason=pl.coalesce("cell_fault", *_row_faults()))
    _hold(path, pl.concat([faults.drop_nulls("reason"), text.broken.select("line", "reason")]).sort("line"))
    at = pl.concat_str(pl.lit(f"{path.name} line "), "line")
    return read.select(at.alias("at"), pl.exclude("line")).select(*OVERRIDES)


def _hold(path: Path, faults: pl.DataFrame) -> None:
    if faults.height:
        line, reason = faults.row(0)
        more = f" (and {faults.height - 1:,} more rows at fault)" if faults.height > 1 else ""
        raise DataError(f"{path.name} line {line}: {reason}{more}. Nothing was scored.")


def _row_faults() -> list[pl.Expr]:
    """Rules that join several fields of one row."""
    by_id, halves = pl.col("party_id").is_not_null(), [pl.col(name).is_not_null() for name in ("scheme", "value")]
    unnamed = pl.when(by_id).then(halves[0] | halves[1]).otherwise(~(halves[0] & halves[1]))
    proposed, approved = (trimmed(name).str.to_lowercase() for name in ("proposed_by", "approved_by"))
    return [
        *(pl.when(trimmed(name).is_null()).then(pl.lit(f"{name} is empty")) for name in REQUIRED[1:4]),
        pl.when(unnamed).then(pl.lit("it names a firm by party_id, or by scheme and value")),
        pl.when(pl.col("pd") <= 0).then(pl.lit("pd is 0; nobody is sure to survive")),
        pl.when(proposed == approved).then(
            pl.format("proposed_by and approved_by are both '{}': it takes two people", "approved_by")
        ),
        pl.when(is_open_end(pl.col("until"))).then(pl.lit("until names no end, and every override ends")),
        pl.when(pl.col("valid_from").is_null()).then(
            pl.lit("recorded_on and valid_from are both empty: nobody knows since when")
        ),
        pl.when(pl.col("until") <= pl.col("valid_from")).then(
            pl.format("until {} is not after valid_from {}", "until", "valid_from")
        ),
    ]
