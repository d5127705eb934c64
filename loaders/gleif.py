"""GLEIF golden copy, CSV: Level 1 says who is who, Level 2 who consolidates whom. No share is ever made of either.

A record is known from its first registration, its end from the later of that day and the end. docs/formats.md says
what each row becomes.
"""

from pathlib import Path

import polars as pl

from ..graph.errors import DataError
from .accept import assemble
from .csv_text import read_csv_text
from .gleif_links import NEEDED as LEVEL_2
from .gleif_links import link_rows
from .gleif_parties import NEEDED as LEVEL_1
from .gleif_parties import party_rows
from .reading import Reading

SOURCE = "gleif"
MILLISECONDS = r"^-?\d{9,14}$"  # how older golden copies write a day: milliseconds since 1970


def read(path: Path) -> Reading:
    """Reads a Level 1 or Level 2 file; its headings say which.

    Raises:
        UsageError: no such file.
        DataError: the file has the headings of neither.
    """
    csv = read_csv_text(path, only={*LEVEL_1, *LEVEL_2})
    first = LEVEL_2[0] in csv.frame.columns
    missing = [name for name in (LEVEL_2 if first else LEVEL_1) if name not in csv.frame.columns]
    if missing:
        raise DataError(
            f"{path.name}: no column {missing[0]}. GLEIF's Level 1 or Level 2 CSV is read, with its own headings."
        )
    frame, notes = _plain_days(csv.frame)
    tables, faults, said = link_rows(frame) if first else party_rows(frame)
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
