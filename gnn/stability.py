"""Stability: how far the firms of a day have moved from those that a model learned from.

The population stability index of a measure is the sum over its bins of (now - then) ln(now / then), shares of the firms
that are scored. Bins are the deciles of the reference, which is saved with the model; missing is a bin of its own.
Source: the index is an industry convention, and so are its lines of .10 and .25; what chance alone gives is from
Yurdakul (2018), Statistical Properties of Population Stability Index, Western Michigan University.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..graph.channels import balance_sheets, channel_edges
from ..graph.errors import DataError
from ..graph.results import Scores
from ..graph.schema import KINDS, SHARED_PERSON
from ..graph.snapshot import Snapshot
from ..graph.ties import shared_persons
from .features import CATEGORIES, NUMBERS, own_features
from .metrics import Floats

AMBER, RED = 0.10, 0.25  # an index from .10 to .25 is amber, above it red
FLOOR = 1e-4  # share of an empty bin, so that its logarithm is finite
TENTHS = 10
# The season moves the age of every sheet alike: told apart are sheets older than a yearly rhythm allows.
FIXED = {"sheet_age": (1.75, 2.75)}  # years; accounts are known half a year after their day
PDS = ("risk_pd", "risk_pd_standalone", "risk_contagion")
DRIFT = {
    "measure": pl.String(), "psi": pl.Float64(), "by_chance": pl.Float64(), "state": pl.String(), "most": pl.String(),
    "then": pl.Float64(), "now": pl.Float64(),
}  # fmt: skip


def measures(snapshot: Snapshot, scores: Scores) -> pl.DataFrame:
    """What is watched of each firm that the model scored: PDs, own features, links, exposure. Missing stays missing.

    `links` and `links_<kind>` count the links through which a firm can suffer, money or ties; `component` the firms
    that hang together with it, without bound in the largest one, whose size moves with every firm that joins; `drawn`
    is money, `drawn_to_equity` without bound where there is no equity.
    """
    own = own_features(snapshot).select("leverage", "volatility", *NUMBERS, *CATEGORIES)
    columns = pl.concat([scores.firms.select("risk_status", *PDS), own, _links(snapshot), _drawn(snapshot)],
                        how="horizontal")  # fmt: skip
    return columns.filter(pl.col("risk_status").is_in(["scored", "abstained"])).drop("risk_status")


def reference(snapshot: Snapshot, scores: Scores) -> dict[str, Any]:
    """How each measure is distributed over the firms of a training day, ready to be written as JSON.

    Returns:
        `day`, number of `firms`, and by measure `cuts` and `counts`: of numbers the firms up to each cut and above the
        last, of words those of each word and of all others; last, those where the measure is missing.
    """
    found = measures(snapshot, scores)
    bins = {}
    for column in found:
        cuts = _cuts(column)
        bins[column.name] = {"cuts": cuts, "counts": _counts(column, cuts)}
    return {"day": str(snapshot.day), "firms": found.height, "measures": bins}


def drift(then: Mapping[str, Any], snapshot: Snapshot, scores: Scores) -> pl.DataFrame:
    """The index of each measure against a reference, the farthest moved first; columns of DRIFT.

    `by_chance` is the index that as many firms drawn anew from the reference would show on average. `most` is the bin
    that adds most to the index, `then` and `now` the shares of firms in it.

    Raises:
        DataError: no firm is scored on the day, or the reference lacks a measure.
    """
    found = measures(snapshot, scores)
    if not (found.height and then["firms"]):
        raise DataError(f"monitor: no firm is scored on {snapshot.day if then['firms'] else then['day']}. Load a book.")
    lacking = [name for name in found.columns if name not in then["measures"]]
    if lacking:
        raise DataError(f"monitor: the model's reference has no measure {lacking[0]}. Train again.")
    rows = [_moved(column, then["measures"][column.name]) for column in found]
    return pl.DataFrame(rows, schema=DRIFT, orient="row").sort("psi", descending=True, maintain_order=True)


def _moved(column: pl.Series, before: Mapping[str, Any]) -> tuple[Any, ...]:
    """One measure's row of DRIFT."""
    counts = np.array([before["counts"], _counts(column, before["cuts"])], dtype=np.float64)  # (2, bins)
    shares = counts / counts.sum(axis=1, keepdims=True)
    parts = index_parts(shares[0], shares[1])
    index, most = float(parts.sum()), int(parts.argmax())
    filled = int(counts.any(axis=0).sum())
    by_chance = (filled - 1) * float((1 / counts.sum(axis=1)).sum())
    state = "green" if index < AMBER else "amber" if index <= RED else "red"
    name = _bin_name(before["cuts"], most) if index > 0 else None
    return column.name, index, by_chance, state, name, float(shares[0, most]), float(shares[1, most])


def index_parts(then: Floats, now: Floats) -> Floats:
    """What each bin adds to the population stability index, from shares of shape (bins,); never below 0."""
    before, after = np.maximum(then, FLOOR), np.maximum(now, FLOOR)
    return np.asarray((after - before) * np.log(after / before))


def _cuts(column: pl.Series) -> list[Any]:
    """Words in their order; of numbers the deciles. A number that fills a tenth by itself is a bin of its own."""
    known = _known(column)
    if column.name in FIXED:
        return list(FIXED[column.name])
    if column.dtype == pl.String:
        return known.unique().sort().to_list()
    ordered = np.sort(known.to_numpy())
    ordered = ordered[np.isfinite(ordered)]
    if not len(ordered):
        return []
    deciles = ordered[(np.arange(1, TENTHS) * len(ordered) - 1) // TENTHS]
    alone = deciles[1:][deciles[1:] == deciles[:-1]]
    return [float(cut) for cut in np.union1d(deciles, np.nextafter(alone, -np.inf))]


def _counts(column: pl.Series, cuts: Sequence[Any]) -> list[int]:
    """Firms by bin, those where it is missing last."""
    known = _known(column)
    if column.dtype == pl.String:
        places = known.replace_strict(pl.Series(cuts, dtype=pl.String), pl.Series(range(len(cuts)), dtype=pl.Int64),
                                      default=len(cuts)).to_numpy()  # fmt: skip
    else:
        places = np.searchsorted(np.array(cuts, dtype=np.float64), known.to_numpy())
    counts = np.bincount(places, minlength=len(cuts) + 1)
    return [*(int(count) for count in counts), column.len() - known.len()]


def _known(column: pl.Series) -> pl.Series:
    known = column.drop_nulls()
    return known if column.dtype == pl.String else known.cast(pl.Float64).drop_nans()


def _bin_name(cuts: Sequence[Any], place: int) -> str:
    """A bin in words."""
    if place > len(cuts):
        return "missing"
    if cuts and isinstance(cuts[0], str):
        return str(cuts[place]) if place < len(cuts) else "others"
    if not cuts:
        return "any"
    if place == len(cuts):
        return f"above {cuts[-1]:.4g}"
    if place and cuts[place - 1] == np.nextafter(cuts[place], -np.inf):
        return f"{cuts[place]:.4g}"
    return f"up to {cuts[place]:.4g}" if not place else f"{cuts[place - 1]:.4g} to {cuts[place]:.4g}"


def _links(snapshot: Snapshot) -> pl.DataFrame:
    """Of each enterprise the links through which it can suffer, by kind and in all, and its component's size."""
    firms, columns = snapshot.enterprises, ["fails", "suffers", "channel"]
    money = channel_edges(snapshot).filter((pl.col("fails") < firms) & (pl.col("suffers") < firms))
    ties = shared_persons(snapshot).with_columns(channel=pl.lit(SHARED_PERSON))
    edges = pl.concat([money.select(columns), ties.select(columns)])
    counts = {"links": _times(edges["suffers"], firms)}
    for name in KINDS:
        mine = edges.filter(pl.col("channel") == name)
        counts[f"links_{name}"] = _times(mine["suffers"], firms)
    return pl.DataFrame(counts).with_columns(component=_component_sizes(edges, firms))


def _component_sizes(edges: pl.DataFrame, firms: int) -> pl.Series:
    ends = (edges["fails"].to_numpy(), edges["suffers"].to_numpy())
    joined = coo_array((np.ones(edges.height, np.int8), ends), shape=(firms, firms))
    _, label = connected_components(joined, directed=False)
    sizes = np.bincount(label, minlength=1).astype(np.float64)
    sizes[sizes.argmax()] = np.inf
    return pl.Series(sizes[label])


def _times(rows: pl.Series, firms: int) -> npt.NDArray[np.int64]:
    return np.bincount(rows.to_numpy(), minlength=firms)


def _drawn(snapshot: Snapshot) -> pl.DataFrame:
    """What the bank has lent to each enterprise, and that over its equity."""
    said = pl.when(pl.col("drawn").is_not_null().any()).then(pl.col("drawn").sum())
    drawn = snapshot.table("exposures").group_by("party_row").agg(drawn=said)
    equity = balance_sheets(snapshot).select("party_row", "equity")
    firms = pl.DataFrame({"party_row": pl.arange(snapshot.enterprises, dtype=pl.UInt32, eager=True)})
    both = firms.join(drawn, on="party_row", how="left").join(equity, on="party_row", how="left").sort("party_row")
    return both.select("drawn", drawn_to_equity=pl.col("drawn") / pl.col("equity").clip(lower_bound=0.0))
