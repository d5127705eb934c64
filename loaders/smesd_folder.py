"""SMEsD's folder as frames of numbers, for the benchmark: what the register has no field for is in them too."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..graph.errors import DataError, UsageError
from .csv_text import read_csv_text
from .smesd_rows import faults, no_company, none_of

SPLITS = ("train", "valid", "test")
NUMBERS: Mapping[str, Mapping[str, type[pl.DataType]]] = {
    "companies": {
        "registered_capital": pl.Float64,
        "paid_capital": pl.Float64,
        "age_months": pl.Float64,
        "branch": pl.Int8,
        "bankrupt": pl.Int8,
    },
    "lawsuits": {"cause": pl.Int8, "court": pl.Int8, "result": pl.Int8, "months_before_observation": pl.Int32},
    "links": {"weight": pl.Float64},
    "memberships": {},
}
WORDS: Mapping[str, tuple[str, ...]] = {
    "companies": ("split", "company"),
    "lawsuits": ("split", "company"),
    "links": ("split", "source", "target", "type"),
    "memberships": ("split", "kind", "key", "company"),
}
MAY_LACK = frozenset({("companies", "bankrupt")})  # withheld in the test split


@dataclass(frozen=True)
class Smesd:
    """The four files as published, each with the columns of `WORDS` and `NUMBERS`; `bankrupt` is null where withheld.

    Months count back from the end of observation: December 2021 for survivors, the bankruptcy for the others.
    """

    companies: pl.DataFrame
    lawsuits: pl.DataFrame
    links: pl.DataFrame
    memberships: pl.DataFrame


def read_folder(folder: Path) -> Smesd:
    """Reads the four files of the benchmark.

    Raises:
        UsageError: no such folder, or a file is missing in it.
        DataError: a column is missing, a cell can't be read, or a split holds no company.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder. --data is the folder with SMEsD's four CSV files.")
    smesd = Smesd(**{name: _read(folder / f"{name}.csv") for name in WORDS})
    empty = [split for split in SPLITS if not (smesd.companies["split"] == split).any()]
    if empty:
        raise DataError(f"companies.csv: no company in the split {empty[0]}. The benchmark needs {', '.join(SPLITS)}.")
    return smesd


def _read(path: Path) -> pl.DataFrame:
    text, name = read_csv_text(path), path.stem
    numbers, words = NUMBERS[name], WORDS[name]
    missing = [column for column in (*words, *numbers) if column not in text.frame.columns]
    if missing:
        raise DataError(f"{path.name}: no column {missing[0]}. SMEsD's {name} have {', '.join((*words, *numbers))}.")
    reasons = [none_of("split", SPLITS), *(_no_number(name, column) for column in numbers)]
    reasons += [no_company("company")] if "company" in words else []
    good, bad = faults(text.frame, *reasons)
    rejected = pl.concat([bad.select("line", "reason"), text.broken.select("line", "reason")]).sort("line")
    if rejected.height:
        line, reason = rejected.row(0)
        raise DataError(f"{path.name} line {line}: {reason}. {rejected.height} rows can't be read; mend the file.")
    return good.select(*words, *(pl.col(column).cast(kind) for column, kind in numbers.items()))


def _no_number(name: str, column: str) -> pl.Expr:
    """A reason where a cell holds no number from 0 up, or none at all where one must be."""
    value, number = pl.col(column).fill_null(""), pl.col(column).cast(NUMBERS[name][column], strict=False)
    fine = (number >= 0).fill_null(value=False)
    if (name, column) in MAY_LACK:
        fine |= pl.col(column).is_null()
    return pl.when(~fine).then(pl.format(f"{column} '{{}}' is no number from 0 up", value))
