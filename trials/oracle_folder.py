"""A canonical folder with, apart from it, what is true: truth.parquet, given.parquet, interventions.parquet."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Self

import polars as pl

from ..gnn.task import Task, earlier, last_known
from ..graph.errors import DataError
from ..graph.register import Register
from ..loaders.economy_oracle import hashes
from ..loaders.folder import read_folder
from ..loaders.intake import take_in
from .oracle_asked import ASKED, CLEAN

SLACK = 7  # days by which a window may reach beyond the last record
FEBRUARY, LEAP_DAY = 2, 28
TRUTH = ("pd", "pd_standalone", "contagion")
SCORED = ("party_id", "as_of", *TRUTH)


@dataclass(frozen=True)
class Folder:
    """A canonical folder, read."""

    path: Path
    register: Register

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads its tables.

        Raises:
            UsageError, DataError: it isn't there, or is no canonical folder.
        """
        return cls(path, take_in(Register.empty(), read_folder(path)).register)

    def told(self, name: str, *columns: str) -> pl.DataFrame | None:
        """The rows of name.parquet; none where there is no such file.

        Raises:
            DataError: a column is missing.
        """
        file = self.path / f"{name}.parquet"
        if not file.is_file():
            return None
        rows = pl.read_parquet(file)
        lacks = [column for column in columns if column not in rows.columns]
        if lacks:
            raise DataError(f"{file}: no column {', '.join(lacks)}. It has {', '.join(rows.columns)}.")
        return rows

    @property
    def truth(self) -> pl.DataFrame:
        """What is true of each firm on each day, columns of SCORED and perhaps more.

        Raises:
            DataError: it isn't there, or a column is missing.
        """
        rows = self.told("truth", *SCORED)
        if rows is None:
            raise DataError(f"{self.path / 'truth.parquet'}: no such file. A test is judged by its truth.")
        return rows.with_columns(pl.col("as_of").cast(pl.Date))

    @property
    def sha256(self) -> str:
        """Of all its files, by name."""
        each = hashes(self.path, [file.name for file in self.path.iterdir() if file.is_file()])
        return hashlib.sha256("".join(f"{each[name]}  {name}\n" for name in sorted(each)).encode()).hexdigest()

    @property
    def form(self) -> str:
        """The form of which economy.json is told to be; clean where it tells of none of which anything else is asked.

        Raises:
            DataError: the file is no JSON.
        """
        file = self.path / "economy.json"
        try:
            said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        except ValueError as error:
            raise DataError(f"{file}: no JSON ({error}). Mend it, or say --form.") from error
        told = said.get("form") if isinstance(said, dict) else None
        return told if isinstance(told, str) and told in ASKED else CLEAN

    @property
    def days(self) -> list[date]:
        """The days of its truth."""
        return sorted(self.truth["as_of"].unique())


def training_days(register: Register, like: Sequence[date], task: Task) -> dict[date, date]:
    """The anniversaries of some days on which the bank had exposures, and the day by which their outcomes are known.

    A firm's accounts are as old on an anniversary as on the day itself.

    Raises:
        DataError: there is none.
    """
    until = last_known(register)
    known = [day for day in anniversaries(register, like) if over(day, task) <= until + timedelta(days=SLACK)]
    if not known:
        raise DataError(
            f"exposures: known until {until}; no {like[-1]:%d %B} before has {task.horizon} months after it."
        )
    return dict.fromkeys(known, until)


def anniversaries(register: Register, like: Sequence[date]) -> list[date]:
    """The days of other years, from the first on which the bank had exposures, to the last of `like`."""
    first = register.table("exposures")["recorded_on"].min()
    years = range(first.year, last_known(register).year + 1) if isinstance(first, date) else range(0)
    found = {_in_year(day, year) for day in like for year in years}
    return sorted(day for day in found if isinstance(first, date) and day >= first)


def over(day: date, task: Task) -> date:
    """The last day of the months after a day within which a default counts."""
    return earlier(day, -task.horizon)


def _in_year(day: date, year: int) -> date:
    return day.replace(year=year, day=min(day.day, LEAP_DAY) if day.month == FEBRUARY else day.day)
