"""A seeded, made-up economy, written as the canonical folder.

Firms of heavy-tailed size own, guarantee, supply and lend to each other. Month by month their balance sheets move; a
firm without equity defaults, and its partners bear the loss a month later. The same seed gives the same files.
"""

from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from ..graph.errors import UsageError
from .economy_firms import draw_firms
from .economy_forms import FORMS, Form
from .economy_path import simulate
from .economy_tables import tables
from .economy_world import World

LAST = date(2023, 12, 31)  # the last day of which anything is known


def draw_economy(firms: int, years: int, seed: int, form: Form = FORMS["demo"]) -> World:
    """An economy of so many firms at any time over so many full years, up to LAST.

    Raises:
        UsageError: fewer than 50 firms, or no year.
    """
    if firms < 50 or years < 1:
        raise UsageError(f"an economy of {firms} firms over {years} years: at least 50 firms and one year.")
    drawn = draw_firms(firms, years, seed, (form.customers, form.filers))
    return World(drawn, form, simulate(drawn, form, years, seed), date(LAST.year + 1 - years, 1, 1), seed)


def write_economy(
    folder: Path, firms: int = 2000, years: int = 4, seed: int = 7, ending: Literal["parquet", "csv"] = "parquet"
) -> dict[str, int]:
    """Writes the canonical folder of a made-up economy and returns how many rows each table has.

    Args:
        folder: made where it is missing; files of the same names are replaced.
        firms: how many enterprises at any time, from 50 up.
        years: of history, ending on 2023-12-31.
        seed: the same seed gives the same bytes.
        ending: Parquet, or CSV to read it.

    Source: the process follows the structural channels of graph/channels.py; losses given default .55, supply .25.
    """
    return write_world(folder, draw_economy(firms, years, seed), ending)


def write_world(folder: Path, world: World, ending: str = "parquet") -> dict[str, int]:
    """Writes an economy's canonical folder and returns how many rows each table has."""
    made = tables(world)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in made.items():
        _write(frame, folder / f"{name}.{ending}")
    return {name: frame.height for name, frame in made.items()}


def _write(frame: pl.DataFrame, file: Path) -> None:
    if file.suffix == ".csv":
        frame.write_csv(file)
    else:
        frame.write_parquet(file)
