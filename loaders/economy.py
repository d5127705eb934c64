"""A seeded, made-up economy, written as the canonical folder.

Firms of heavy-tailed size own, guarantee, supply and lend to each other. Month by month their balance sheets move; a
firm without equity defaults, and its partners bear the loss three months later. The same seed gives the same files.
"""

from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from ..graph.errors import UsageError
from .economy_links import draw_firms, draw_guarantees, draw_loans, draw_stakes, draw_trade
from .economy_path import harm, simulate
from .economy_tables import tables
from .economy_world import World

LAST = date(2023, 12, 31)  # the last day of which anything is known


def draw_economy(firms: int, years: int, seed: int, *, contagion: bool = True) -> World:
    """An economy of so many firms over so many full years, up to LAST; without contagion its links carry nothing.

    Raises:
        UsageError: fewer than 50 firms, or no year.
    """
    if firms < 50 or years < 1:
        raise UsageError(f"an economy of {firms} firms over {years} years: at least 50 firms and one year.")
    months = 12 * years
    drawn = draw_firms(firms, months, seed)
    stakes, trade = draw_stakes(drawn, seed), draw_trade(drawn, months, seed)
    guarantees, loans = draw_guarantees(drawn, months, seed), draw_loans(drawn, stakes, seed)
    losses = harm(drawn, stakes, guarantees, trade, loans)
    path = simulate(drawn, losses if contagion else losses.without(), months, seed)
    over = path.settled(drawn.count)
    guarantees, loans = guarantees.until(over[guarantees.target]), loans.until(over[loans.target])
    trade = trade.until(np.minimum(over[trade.source], over[trade.target]))
    return World(drawn, stakes, guarantees, trade, loans, path, months, date(LAST.year + 1 - years, 1, 1), seed)


def write_economy(
    folder: Path, firms: int = 2000, years: int = 4, seed: int = 7, form: Literal["parquet", "csv"] = "parquet"
) -> dict[str, int]:
    """Writes the canonical folder of a made-up economy and returns how many rows each table has.

    Args:
        folder: made where it is missing; files of the same names are replaced.
        firms: how many enterprises, from 50 up.
        years: of history, ending on 2023-12-31.
        seed: the same seed gives the same bytes.
        form: Parquet, or CSV to read it.

    Source: the process follows the structural channels of graph/channels.py; losses given default .55, supply .25.
    """
    made = tables(draw_economy(firms, years, seed))
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in made.items():
        _write(frame, folder / f"{name}.{form}")
    return {name: frame.height for name, frame in made.items()}


def _write(frame: pl.DataFrame, file: Path) -> None:
    if file.suffix == ".csv":
        frame.write_csv(file)
    else:
        frame.write_parquet(file)
