"""GLEIF golden copy, CSV: Level 1 says who is who, Level 2 who consolidates whom. No share is ever made of either.

A record is known from its first registration, its end from the later of that day and the end. docs/formats.md says
what each row becomes.
"""

from pathlib import Path

import polars as pl

from ..graph.errors import DataError
from . import gleif_links, gleif_parties
from .accept import assemble
from .csv_text import read_csv_text
from .reading import Reading

SOURCE = "gleif"
LEVELS = (gleif_parties, gleif_links)
MILLISECONDS = r"^-?\d{9,14}$"  # how older golden copies write a day: milliseconds since 1970


def read(path: Path) -> Reading:
    """Reads a Level 1 or Level 2 file; its headings say which.

    Raises:
        UsageError: no such file.
        DataError: the file has the headings of neither.
    """
    csv = read_csv_text(path, only={name for level in LEVELS for name in (*level.NEEDED, *level.WANTED)})
    level = gleif_links if gleif_links.NEEDED[0] in csv.frame.columns else gleif_parties
    missing = [name for name in level.NEEDED if name not in csv.frame.columns]
    if missing:
        raise DataError(
            f"{path.name}: no column {missing[0]}. GLEIF's Level 1 or Level 2 CSV is read, with its own headings."
        )
    frame, notes = _plain_days(csv.frame)
    absent = [pl.lit(None, dtype=pl.String).alias(name) for name in level.WANTED if name not in frame.columns]
    tables, faults, said = level.rows_of(frame.with_columns(absent))
    rejected = pl.concat([csv.broken, faults], how="diagonal")
    return assemble(str(path), csv.rows, tables, source=SOURCE, rejected=rejected, notes=(*csv.notes, *notes, *said))


def _plain_days(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Days written as milliseconds become the day (UTC) that they stand for, and are counted."""
    columns = [name for name in frame.columns if name.endswith("Date")]
    written = pl.col(columns).str.contains(MILLISECONDS)
    rows = frame.filter(pl.any_horizontal(written)).height
    if not rows:
        return frame, []
    day = pl.from_epoch(pl.col(columns).cast(pl.Int64, strict=False), time_unit="ms").dt.date().cast(pl.String)
    plain = frame.with_columns(pl.when(written).then(day).otherwise(pl.col(columns)))
    return plain, [f"{rows} rows write days as milliseconds since 1970, read as the day that they fall on"]
