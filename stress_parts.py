"""Failures in turn, lot by lot, each kept until the run is finished: a run that was cut off goes on where it was."""

import shutil
from functools import partial
from pathlib import Path

import polars as pl

from .graph.assumptions import Assumptions
from .graph.each import HARMED, IMPACTS, Followed, follow
from .graph.joint import Ints
from .graph.stress_book import StressBook
from .jobs import Step

LOT = 2_000  # failures; at 100,000 firms some ten seconds' work


def followed(folder: Path, book: StressBook, rows: Ints, assumptions: Assumptions, step: Step) -> list[Followed]:
    """The failures of `rows` one by one, in lots; lots that lie in `folder` already are read from it.

    Args:
        folder: of this book, these rows and assumptions alone.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lots = []
    for first in range(0, len(rows), LOT):
        lot, told = rows[first : first + LOT], partial(_tell, step, first, len(rows))
        kept = _read(folder, first)
        lots.append(kept or _keep(folder, first, follow(book, lot, assumptions, told)))
        told("failures", len(lot), len(lot))
    return lots


def done(folder: Path) -> int:
    """How many failures a run that was cut off has left in its folder."""
    return sum(pl.scan_parquet(part).select(pl.len()).collect().item() for part in folder.glob("*.impacts"))


def forget(folder: Path) -> None:
    """Deletes what a finished run no longer needs."""
    shutil.rmtree(folder, ignore_errors=True)


def _tell(step: Step, first: int, whole: int, what: str, count: int, _: int) -> None:
    step(what, first + count, whole)


def _read(folder: Path, first: int) -> Followed | None:
    impacts, harmed = (folder / f"{first}.{name}" for name in ("impacts", "harmed"))
    if not impacts.exists():
        return None
    lot = Followed(pl.read_parquet(impacts), pl.read_parquet(harmed))
    same = lot.impacts.columns == list(IMPACTS) and lot.harmed.columns == list(HARMED)
    return lot if same else None  # an older version's


def _keep(folder: Path, first: int, lot: Followed) -> Followed:
    """Writes a lot; its impacts come last and appear whole or not at all, so that they vouch for it."""
    lot.harmed.write_parquet(folder / f"{first}.harmed")
    lot.impacts.write_parquet(begun := folder / f"{first}.begun")
    begun.rename(folder / f"{first}.impacts")
    return lot
