"""Small canonical rows for tests, read as a file's rows would be."""

from datetime import date

import polars as pl
from relparty.graph.register import Register
from relparty.loaders.accept import assemble
from relparty.loaders.intake import take_in
from relparty.loaders.reading import Reading


def rows(table: str, text: str, file: str = "") -> Reading:
    """Reads rows written as lines of cells separated by blanks, headings first; '-' is an empty cell."""
    heading, *lines = [line.split() for line in text.strip().splitlines()]
    cells = [[None if cell == "-" else cell for cell in line] for line in lines]
    frame = pl.DataFrame(cells, schema=dict.fromkeys(heading, pl.String), orient="row")
    numbered = frame.with_columns(line=pl.int_range(2, pl.len() + 2, dtype=pl.Int64))
    return assemble(file or f"{table}.csv", numbered.height, {table: numbered})


def register(**tables: str) -> Register:
    """A register made of rows, by table; nothing of them may be rejected."""
    readings = [rows(name, text) for name, text in tables.items()]
    assert all(reading.rejected.is_empty() for reading in readings), [r.rejected for r in readings]
    return take_in(Register.empty(), readings).register


def day(text: str) -> date:
    """A day."""
    return date.fromisoformat(text)
