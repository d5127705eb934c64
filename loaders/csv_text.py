"""A CSV file as columns of text, each row with its line."""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ..graph.errors import DataError, UsageError
from .csv_lines import read_lines


@dataclass(frozen=True)
class CsvText:
    """What a CSV file holds.

    Attributes:
        heading: the headings as written, also those that stand twice.
        frame: its columns as text, and `line`; an empty cell is missing.
        broken: the rows with another number of fields than the heading: line, reason, as_written.
        rows: how many rows there are, broken ones too.
        notes: the encoding, where it is not UTF-8.
    """

    heading: tuple[str, ...]
    frame: pl.DataFrame
    broken: pl.DataFrame
    rows: int
    notes: tuple[str, ...]


def read_csv_text(path: Path, only: Collection[str] = (), separator: str = ",") -> CsvText:
    """Reads a CSV file.

    Args:
        path: the file.
        only: the columns wanted, of those that it has; all where none is named.
        separator: between fields.

    Raises:
        UsageError: no such file.
        DataError: it can't be taken apart.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file.")
    lines = read_lines(path, separator)
    heading = next(csv.reader(io.TextIOWrapper(io.BytesIO(lines.text), "utf-8", newline=""), delimiter=separator))
    wanted = [name for name in heading if name in only] or None
    frame = pl.read_csv(io.BytesIO(lines.text), separator=separator, infer_schema=False, columns=wanted)
    if frame.height != len(lines.numbers):
        raise DataError(
            f"{path.name}: {len(lines.numbers)} rows, but only {frame.height} could be read apart. Check its quotes."
        )
    reason = f"{len(heading)} fields in the heading, another number here"
    broken = pl.DataFrame(
        [(line, reason, text) for line, text in lines.broken],
        schema={"line": pl.Int64, "reason": pl.String, "as_written": pl.String},
        orient="row",
    )
    notes = () if lines.encoding == "utf-8" else (f"encoding {lines.encoding}",)
    placed = frame.with_columns(line=pl.Series(lines.numbers.astype(np.int64)))
    return CsvText(tuple(heading), placed, broken, frame.height + broken.height, notes)
