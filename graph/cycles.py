"""Circles of directed pairs: connected components, and simple cycles up to a length, listed inside components alone.

Pairs are frames with `source_row` and `target_row`, each pair once, none of a party with itself.
"""

from typing import Literal

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .errors import DataError

ENDS = ("source_row", "target_row")
LONGEST = 5  # parties of a cycle that is listed
MOST = 20_000_000  # paths held at once, about 1 GB

_MEMBERS = dict.fromkeys(("party_row", "component"), pl.UInt32())
_CYCLES = {"party_rows": pl.List(pl.UInt32)}


def components(pairs: pl.DataFrame, connection: Literal["strong", "weak"]) -> pl.DataFrame:
    """`party_row`, `component` of every party that stands in a pair; a component is called by its smallest row.

    Strong: each reaches each along the pairs. Weak: they hang together whichever way the pairs point.
    """
    rows, places = np.unique(pairs.select(ENDS).to_numpy(), return_inverse=True)
    source, target = places.reshape(-1, 2).T
    ties = coo_array((np.ones(len(source)), (source, target)), shape=(len(rows), len(rows)))
    _, label = connected_components(ties, directed=True, connection=connection)
    _, first = np.unique(label, return_index=True)
    return pl.DataFrame({"party_row": rows, "component": rows[first][label]}, schema=_MEMBERS)


def circles(pairs: pl.DataFrame) -> pl.DataFrame:
    """`party_row`, `component` of every party that reaches itself through others, sorted by component and row."""
    members = components(pairs, "strong").filter(pl.len().over("component") > 1)
    return members.sort("component", "party_row")


def inside(pairs: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The pairs with both ends in one component of `members` (`party_row`, `component`), with that component."""
    source, target = (members.rename({"party_row": end}) for end in ENDS)
    return pairs.join(source, on="source_row").join(target, on=["target_row", "component"])


def simple_cycles(pairs: pl.DataFrame, longest: int = LONGEST, most: int = MOST) -> pl.DataFrame:
    """Every simple cycle of at most `longest` parties, once: `party_rows`, from its smallest row on, in pair order.

    A cycle is a way ahead of half its length and a way back of the other half between the same two parties. The first
    of the two is the best linked of the cycle, so that nobody's many partners are gone through from elsewhere.

    Args:
        pairs: each once.
        longest: parties of a cycle, at least 2.
        most: paths to hold at once.

    Raises:
        DataError: more paths than `most`: a dense circle has more cycles than anybody reads.

    Source:
        The order by degree is that of Chiba & Nishizeki (1985), SIAM J. Comput. 14(1). Checked against networkx in
        tests/test_guarantees.py.
    """
    rows, steps = _by_degree(inside(pairs, circles(pairs)))
    ahead = _paths(steps, longest - longest // 2, most)
    back = _paths(steps.select(source_row="target_row", target_row="source_row"), longest // 2, most)
    found = [_closed(ahead[length - length // 2], back[length // 2], most) for length in range(2, longest + 1)]
    listed = [pl.DataFrame({"party_rows": _from_smallest(rows[places])}, schema=_CYCLES) for places in found]
    return pl.concat(listed).sort(pl.col("party_rows").list.len(), "party_rows")


def _by_degree(pairs: pl.DataFrame) -> tuple[np.ndarray, pl.DataFrame]:
    """Row numbers in the order of degree, the best linked first, and the pairs under their places in that order."""
    rows, places, degree = np.unique(pairs.select(ENDS).to_numpy(), return_inverse=True, return_counts=True)
    order = np.argsort(-degree, kind="stable")
    rank = np.empty(len(rows), dtype=np.uint32)
    rank[order] = np.arange(len(rows), dtype=np.uint32)
    return rows[order], pl.DataFrame(rank[places.reshape(-1, 2)], schema=dict.fromkeys(ENDS, pl.UInt32))


def _paths(steps: pl.DataFrame, longest: int, most: int) -> dict[int, pl.DataFrame]:
    """By length, the simple paths through parties after their start in the order: columns `0` (the start) to it."""
    first = steps.filter(pl.col("source_row") < pl.col("target_row")).rename({"source_row": "0", "target_row": "1"})
    paths = {1: first.select("0", "1")}
    for length in range(2, longest + 1):
        before = paths[length - 1].rename({str(length - 1): "source_row"})
        longer = _joined(before, steps, ["source_row"], most)
        new = [pl.col("target_row") != pl.col(str(place)) for place in range(1, length - 1)]
        longer = longer.filter(pl.col("target_row") > pl.col("0"), *new)
        paths[length] = longer.rename({"source_row": str(length - 1), "target_row": str(length)})
    return paths


def _closed(ahead: pl.DataFrame, back: pl.DataFrame, most: int) -> np.ndarray:
    """The cycles made of a way ahead and a way back between the same two parties: places, shape (cycles, length)."""
    steps, returning = ahead.width - 1, back.width - 1
    there = ahead.rename({str(steps): "meet"})
    home = back.rename({str(place): f"b{place}" for place in range(1, returning)} | {str(returning): "meet"})
    inner = [str(place) for place in range(1, steps)]
    outer = [f"b{place}" for place in range(returning - 1, 0, -1)]
    apart = [pl.col(one) != pl.col(other) for one in inner for other in outer]
    return _joined(there, home, ["0", "meet"], most).filter(*apart).select("0", *inner, "meet", *outer).to_numpy()


def _joined(left: pl.DataFrame, right: pl.DataFrame, on: list[str], most: int) -> pl.DataFrame:
    """An inner join whose size is known before it is made."""
    counts = right.group_by(on).agg(matches=pl.len().cast(pl.Int64))
    size = left.select(on).join(counts, on=on)["matches"].sum()
    if size > most:
        raise DataError(
            f"guarantee circles: {size:,} paths to follow, over {most:,}. The circle is dense; list shorter cycles."
        )
    return left.join(right, on=on)


def _from_smallest(cycles: np.ndarray) -> np.ndarray:
    """Each cycle turned so that its smallest row comes first."""
    turn = cycles.argmin(axis=1)[:, None] + np.arange(cycles.shape[1])
    return np.take_along_axis(cycles, turn % cycles.shape[1], axis=1)
