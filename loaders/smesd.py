"""SMEsD, the public benchmark of Chinese small firms: companies, lawsuits, links and memberships, one file each.

Links are undated: they are known from the end of observation and nobody knows since when they held. Lawsuits count
months back from that end only for firms that survived it; for the others from a bankruptcy whose day is not published,
so those rows wait in quarantine: a date made up for them would give the label away. docs/formats.md says the rest.

Source: Wei et al. (2024), Information Sciences, doi 10.1016/j.ins.2023.120081; public at github.com/shaopengw/ComRisk
(this layout, one CSV file for each kind, is made from its pickles).
"""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from ..graph.errors import DataError
from .accept import assemble
from .csv_text import read_csv_text
from .reading import Reading
from .smesd_companies import companies, lawsuits, memberships
from .smesd_links import links
from .smesd_rows import OBSERVED, Rows

SOURCE = "smesd"
READERS: Mapping[str, tuple[Callable[[pl.DataFrame, Path, date], Rows], tuple[str, ...]]] = {
    "companies": (companies, ("split", "company", "branch", "bankrupt")),
    "lawsuits": (lawsuits, ("split", "company", "cause", "court", "result", "months_before_observation")),
    "links": (links, ("split", "source", "target", "type", "weight")),
    "memberships": (memberships, ("split", "kind", "key", "company")),
}


def read(path: Path, recorded_on: date = OBSERVED) -> Reading:
    """Reads one of the four files; its name says which. It looks up the others in its folder where it needs them.

    Args:
        path: the file.
        recorded_on: the day from which undated rows are known; before the end of observation that is hindsight.

    Raises:
        UsageError: no such file.
        DataError: a name or a column that SMEsD doesn't have, or a file that is missing beside it.
    """
    if path.stem not in READERS:
        raise DataError(f"{path.name}: no file of SMEsD; its files are {', '.join(f'{name}.csv' for name in READERS)}.")
    reader, columns = READERS[path.stem]
    csv = read_csv_text(path)
    missing = [name for name in columns if name not in csv.frame.columns]
    if missing:
        raise DataError(f"{path.name}: no column {missing[0]}. SMEsD's {path.stem} have {', '.join(columns)}.")
    rows = reader(csv.frame, path.parent, recorded_on)
    rejected = pl.concat([csv.broken, rows.rejected], how="diagonal")
    tables = {name: frame for name, frame in rows.tables.items() if frame.height}
    notes = (*csv.notes, *rows.notes)
    return assemble(str(path), csv.rows, tables, source=SOURCE, rejected=rejected, notes=notes)
