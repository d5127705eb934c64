"""How trouble came: through whom each party lost most, and the path from the named failure to a party."""

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from .joint import Ints

FAR = np.iinfo(np.int64).max


def depths(links: pl.DataFrame, sources: Ints, parties: int) -> Ints:
    """Links between each party and the nearest source, along the losses; shape (n,), FAR where none leads.

    Args:
        links: `fails_row`, `suffers_row` of every loss.
        sources: rows where the trouble began.
        parties: n.
    """
    # One more node, from which a link leads to every source, makes one search of many.
    fails = np.concatenate([links["fails_row"].to_numpy(), np.full(len(sources), parties)])
    suffers = np.concatenate([links["suffers_row"].to_numpy(), sources])
    graph = coo_array((np.ones(len(fails)), (fails, suffers)), shape=(parties + 1, parties + 1)).tocsr()
    steps = dijkstra(graph, indices=parties, unweighted=True)[:parties] - 1
    led = np.isfinite(steps)
    return np.where(led, np.where(led, steps, 0).astype(np.int64), FAR)


def main_causes(links: pl.DataFrame, failed_in: Ints, depth: Ints) -> pl.DataFrame:
    """The link through which each party lost most, of those that came before: columns of `links`, one row a party.

    For a party that failed, links to those that had failed before it; where there are none, and for a party that
    stands, links to those nearer to where the trouble began.

    Args:
        links: of losses, with `fails_row`, `suffers_row`, `loss`.
        failed_in: (n,) round of each party's failure, -1: none.
        depth: (n,) as `depths` gives it.
    """
    fails, suffers = links["fails_row"].to_numpy(), links["suffers_row"].to_numpy()
    failed = (failed_in[fails] >= 0) & (failed_in[suffers] > 0)
    earlier = failed & (failed_in[fails] < failed_in[suffers])
    nearer = depth[fails] < depth[suffers]
    marked = links.with_columns(earlier=pl.Series(earlier)).filter(pl.Series(earlier | nearer))
    order = ["suffers_row", "earlier", "loss", "fails_row"]
    best = marked.sort(order, descending=[False, True, True, False])
    return best.unique("suffers_row", keep="first", maintain_order=True).select(links.columns)


def traced(causes: pl.DataFrame, links: pl.DataFrame, depth: Ints, row: int) -> pl.DataFrame:
    """The links by which trouble reached a party, the first one first, with `step` from 1.

    Args:
        causes: as `main_causes` gives them.
        links: of losses.
        depth: (n,) as `depths` gives it.
        row: the party.
    """
    back = _walked(causes, row)
    if back is None:  # two parties that harm each other: go by nearness alone
        ends = (links["fails_row"].to_numpy(), links["suffers_row"].to_numpy())
        nearer = links.filter(pl.Series(depth[ends[0]] < depth[ends[1]])).sort("suffers_row", "loss", descending=True)
        back = _walked(nearer.unique("suffers_row", keep="first", maintain_order=True), row)
    way = pl.concat([links.clear(), *(back or [])]).reverse()
    return way.select(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("step"), pl.all())


def _walked(causes: pl.DataFrame, row: int) -> list[pl.DataFrame] | None:
    """Each link on the way back from a party to where its trouble began; None where that goes round in a circle."""
    way: list[pl.DataFrame] = []
    seen = {row}
    while (link := causes.filter(pl.col("suffers_row") == row)).height:
        way.append(link)
        row = int(link["fails_row"][0])
        if row in seen:
            return None
        seen.add(row)
    return way
