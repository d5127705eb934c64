"""Reading: what a loader makes of one file. Every row of the file is in it, accepted or rejected."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Reading:
    """One file, read.

    Attributes:
        file: its path, as the user gave it.
        rows: rows in; for JSON lines and the like, statements in.
        tables: accepted records by table of the dictionary, columns of `Table.schema`; `line` says which row of the
            file a record came from, and one row may give several records.
        rejected: the rows that wait in quarantine: `line`, `reason`, then the row as written; a column of its own that
            is called reason is carried as `reason_as_written`.
        notes: what was counted and is worth a line: trimmed blanks, days filled in, columns not kept.
        table: of the canonical folder, where the file is one of it.
    """

    file: str
    rows: int
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    rejected: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String}))
    notes: tuple[str, ...] = ()
    table: str = ""
