"""What a model may see of SMEsD's survivors on a day, and what befell those linked to them before or after."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array

from ..gnn.smesd_network import IN_TROUBLE, LONG_AGO, WELL, World
from .smesd_survivors import YEAR, Floats, Ints, Panel

When = Literal["before", "after"]  # neighbours' events before the day; or, the placebo, after the year in question
ALWAYS = 10_000  # months: more than anybody looks back or ahead


def own(panel: Panel, day: int) -> Floats:
    """What was known of each firm alone at the end of a month, shape (m, w).

    Its age, its suits of all kinds but the one asked for, the share of its area that lost a loan suit in the last
    twelve months, and what is undated.
    """
    age = np.log1p(np.maximum(day - panel.founded, 0))
    counted = [
        _count(panel, kind, after, until)
        for kind in (pl.col("lost") & ~pl.col("loan"), pl.col("defends") & ~pl.col("lost"), ~pl.col("defends"))
        for after, until in ((day - YEAR, day), (day - ALWAYS, day - YEAR))
    ]
    return np.column_stack([age, *counted, _area_rate(panel, day), panel.plain])


def around(panel: Panel, day: int, when: When) -> Floats:
    """How many linked firms lost a loan suit within twelve months of the day (or window), and farther off, by link."""
    near, far = _states(panel, day, when)
    lost = np.column_stack([near, far]).astype(np.float64)
    return np.column_stack([matrix @ lost for matrix in linked(panel)])


def world(panel: Panel, day: int, when: When, rows: Ints) -> World:
    """The day as the network sees it; `rows` count."""
    near, far = _states(panel, day, when)
    state = np.full(panel.ties.nodes, WELL)
    state[: len(near)] = np.where(near, IN_TROUBLE, np.where(far, LONG_AGO, WELL))
    numbers = own(panel, day)
    return World(numbers, panel.ties.nodes, panel.ties.both_ways(), state, rows, panel.outcome(day, rows))


def linked(panel: Panel) -> list[csr_array]:
    """Who is linked to whom, (m, m), 0 or 1: by a person of record, by one of the memberships, to owners, to owned."""
    firms, found = len(panel.companies), []
    for name, (source, target) in panel.ties.ends.items():
        ones = csr_array((np.ones(len(source)), (source, target)), shape=(panel.ties.nodes,) * 2)
        if name == "owner":
            found += [ones.T.tocsr()[:firms, :firms], ones[:firms, :firms]]
        else:
            shared = (ones @ ones.T).tocsr()[:firms, :firms]
            shared.setdiag(0)
            found.append((shared > 0).astype(np.float64))
    return found


def _states(panel: Panel, day: int, when: When) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Who lost a loan suit in the year next to the day (or after the window), and who farther off, shape (m,)."""
    if when == "before":
        return panel.lost_between(day - YEAR, day), panel.lost_between(day - ALWAYS, day - YEAR)
    over = day + YEAR
    return panel.lost_between(over, over + YEAR), panel.lost_between(over + YEAR, ALWAYS)


def _count(panel: Panel, kind: pl.Expr, after: int, until: int) -> Floats:
    """Logarithm of the number of a firm's suits of one kind in some months, shape (m,)."""
    mine = panel.suits.filter(kind, pl.col("month") > after, pl.col("month") <= until)
    return np.log1p(np.bincount(mine["row"].to_numpy(), minlength=len(panel.companies)))


def _area_rate(panel: Panel, day: int) -> Floats:
    """Share of the other firms of the area that lost a loan suit in the last twelve months, shape (m,)."""
    lost = panel.lost_between(day - YEAR, day).astype(np.float64)
    firms = np.bincount(panel.area)[panel.area]
    return np.asarray((np.bincount(panel.area, lost)[panel.area] - lost) / np.maximum(firms - 1, 1))
