"""A party and those around it, small enough to look at."""

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import polars as pl

from .schema import LINKS
from .snapshot import Snapshot

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLOURS = {"enterprise": "#3b6ea5", "person": "#c97b2d", "unknown": "#999999"}


def ego_graph(snapshot: Snapshot, party_id: str, radius: int = 1) -> nx.MultiDiGraph:
    """The parties within `radius` links of one, with every link between them.

    Args:
        party_id: the party in the middle, by its id or an alias.
        radius: how many links away, whichever way they point.

    Returns:
        nodes by party_id with `name`, `kind` and `steps` from the middle; edges with `type`.

    Raises:
        UsageError: no such party.
    """
    ends = pl.concat([frame.select("source_row", "target_row", pl.lit(LINKS[name].link.type).alias("type"))  # type: ignore[union-attr]
                      for name, frame in snapshot.links.items()])  # fmt: skip
    steps = _steps(ends, snapshot.row_of(party_id), radius)
    near = snapshot.parties.with_row_index("row").join(steps, on="row")
    among = ends.filter(
        pl.col("source_row").is_in(near["row"].implode()) & pl.col("target_row").is_in(near["row"].implode())
    )
    ids = dict(near.select("row", "party_id").iter_rows())
    graph = nx.MultiDiGraph()
    for row in near.select("party_id", "name", "kind", "steps").iter_rows(named=True):
        graph.add_node(row.pop("party_id"), **row)
    for source, target, kind in among.unique(maintain_order=True).iter_rows():
        graph.add_edge(ids[source], ids[target], type=kind)
    return graph


def _steps(ends: pl.DataFrame, middle: int, radius: int) -> pl.DataFrame:
    """`row`, `steps`: each party reached, and in how many links."""
    both = pl.concat(
        [ends.select(a="source_row", b="target_row"), ends.select(a="target_row", b="source_row")]
    ).unique()
    reached = pl.DataFrame({"row": [middle], "steps": [0]}, schema={"row": pl.UInt32, "steps": pl.Int64})
    for step in range(1, radius + 1):
        outer = both.join(reached, left_on="a", right_on="row", how="semi").select(row="b").unique()
        fresh = outer.join(reached, on="row", how="anti").with_columns(steps=pl.lit(step, dtype=pl.Int64))
        reached = pl.concat([reached, fresh])
    return reached


def figure(graph: nx.MultiDiGraph, seed: int = 0) -> "Figure":
    """A drawing of an ego graph with plotly; hover shows names. Needs the extra `notebooks`."""
    from plotly import graph_objects as go

    places = nx.spring_layout(graph, seed=seed)
    lines: list[list[float | None]] = [[], []]
    for source, target in graph.edges():
        for axis in (0, 1):
            lines[axis] += [float(places[source][axis]), float(places[target][axis]), None]
    at = np.array([places[party] for party in graph.nodes()])
    colours = [COLOURS.get(kind, COLOURS["unknown"]) for _, kind in graph.nodes(data="kind")]
    names = [f"{party} {name or ''}" for party, name in graph.nodes(data="name")]
    sizes = [22 if not steps else 12 for _, steps in graph.nodes(data="steps")]
    drawing = go.Figure(
        [
            go.Scatter(x=lines[0], y=lines[1], mode="lines", line={"color": "#cccccc", "width": 1}, hoverinfo="skip"),
            go.Scatter(
                x=at[:, 0], y=at[:, 1], mode="markers", marker={"color": colours, "size": sizes}, hovertext=names
            ),
        ]
    )
    return drawing.update_layout(showlegend=False, xaxis_visible=False, yaxis_visible=False, plot_bgcolor="white")
