"""A sheet of an Excel file as columns of text, each row with its line."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import polars as pl
from python_calamine import CalamineError, CalamineWorkbook

from ..graph.errors import DataError, UsageError
from .csv_text import CsvText

ENDINGS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
HEADING_WITHIN = 20  # rows: forms have a title and instructions above their headings
NUMBER_CELL = "\x00"  # before the text of a number: an id must not be one, its zeros may be lost

Row = Sequence[object]


def read_sheet(path: Path, is_heading: Callable[[Sequence[str]], bool]) -> CsvText:
    """Reads the first sheet that has the headings.

    Args:
        path: the file.
        is_heading: whether a row of texts is that of the headings.

    Raises:
        UsageError: no such file.
        DataError: no Excel file, or no sheet with the headings.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file.")
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    except (CalamineError, OSError) as error:
        raise DataError(f"{path.name}: no Excel file that can be read ({error}). Save it as .xlsx or .csv.") from error
    for rows in sheets:
        for place, row in enumerate(rows[:HEADING_WITHIN]):
            if is_heading(heading := [_text(cell).strip() for cell in row]):
                return _table(path, heading, rows[place + 1 :], place + 2)
    raise DataError(f"{path.name}: no sheet has the headings in its first {HEADING_WITHIN} rows.")


def _table(path: Path, heading: list[str], rows: Sequence[Row], first: int) -> CsvText:
    named = [name for name in heading if name]
    twice = [name for name in named if named.count(name) > 1]
    if twice:
        raise DataError(f"{path.name}: heading {twice[0]} stands in two columns. Remove one. Nothing was loaded.")
    kept = [(line, [_text(cell, mark=True) or None for cell in row]) for line, row in enumerate(rows, first)]
    filled = [(line, *row) for line, row in kept if any(row)]
    names = [name or f"column {place}" for place, name in enumerate(heading, 1)]
    schema = {"line": pl.Int64()} | dict.fromkeys(names, pl.String())
    frame = pl.DataFrame(filled, schema=schema, orient="row").select(*named, "line")
    return CsvText(tuple(named), frame, pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String}), frame.height, ())


def _text(cell: object, *, mark: bool = False) -> str:
    """A cell as text: days in ISO form, whole numbers without a point, numbers marked where asked for."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        number = str(int(cell)) if cell == int(cell) else repr(cell)
        return f"{NUMBER_CELL}{number}" if mark else number
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    return str(cell)
