"""Integrated ownership: what each party holds in an enterprise through all chains and cross-holdings, exactly.

Bands stay bands: the lower ends give the least that is sure, the upper ends the most that is possible (sound, not
tight: all owners' upper ends can't hold at once).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy import sparse

from .rings import Floats, Ints, Rings, by_component, rings, within
from .snapshot import Snapshot
from .stakes import matrix, stakes

INTEGRATED = {
    "owner_row": pl.UInt32(),
    "target_row": pl.UInt32(),
    "low": pl.Float64(),
    "low_included": pl.Boolean(),
    "share": pl.Float64(),
    "high": pl.Float64(),
    "high_included": pl.Boolean(),
    "raw": pl.Float64(),
}
BATCH = 64  # targets solved at once
SMALL_RING = 200  # members of a ring that may fill up wholly
NUDGE, MOVED = 1e-6, 1e-13  # open ends are found by moving them this far and seeing whether the result moves
ROUNDING = 1e-12
BEYOND = 1e9  # stands for "as much as there is" in components whose upper ends don't bound anything


@dataclass(frozen=True)
class Ownership:
    """The stakes of a snapshot, ready to be asked for integrated shares; build it once, ask for many targets.

    Attributes:
        pairs: frame of `stakes`.
        size: number of parties.
        side: capital or votes.
    """

    pairs: pl.DataFrame
    size: int
    side: str = "capital"

    @classmethod
    def of(cls, snapshot: Snapshot, side: str = "capital") -> "Ownership":
        """The stakes of a snapshot."""
        return cls(stakes(snapshot), snapshot.parties.height, side)

    @cached_property
    def self_owned(self) -> Ints:
        """The members of all components that own themselves wholly: they have no number and pass nothing on."""
        return np.flatnonzero(rings(matrix(self.pairs, f"{self.side}_low", self.size)).self_owned)

    @cached_property
    def bands(self) -> pl.DataFrame:
        """owner_row, owned_row, low, low_included, high, high_included of all stakes that pass on."""
        lost = pl.Series(self.self_owned, dtype=pl.UInt32).implode()
        kept = self.pairs.filter(~pl.col("owner_row").is_in(lost) & ~pl.col("owned_row").is_in(lost))
        names = {name: f"{self.side}_{name}" for name in ("low", "low_included", "high", "high_included")}
        return kept.select("owner_row", "owned_row", **names).with_columns(_most())

    @cached_property
    def roots(self) -> Ints:
        """The owners that nobody owns."""
        owners, owned = (self.pairs[end].unique().to_numpy() for end in ("owner_row", "owned_row"))
        return np.setdiff1d(owners, owned).astype(np.int64)

    def wanted(self, targets: Sequence[int]) -> Ints:
        """The targets that have a number, each once, in ascending order."""
        return np.setdiff1d(np.asarray(targets, dtype=np.int64), self.self_owned)

    def of_ends(self, value: str | pl.Expr) -> sparse.csr_array:
        """A[owner, owned] of a column of `bands`."""
        return matrix(self.bands, value, self.size)


def integrated(snapshot: Snapshot, targets: Sequence[int]) -> pl.DataFrame:
    """What every party holds in each target through all chains: rows of INTEGRATED, sorted by target and owner.

    Args:
        snapshot: the day's stakes.
        targets: rows of enterprises. A member of a self-owned component has no number and gives no row; see
            `self_owned`.

    Returns:
        Fractions of capital. `raw` is the entry of (I−A)⁻¹A, `share` the same without re-entry into the owner,
        `low` and `high` its ends where stakes are bands; `raw` and `share` are missing where they are not one number.
        What a component that owns itself holds is nobody's and so left out.

    Source:
        Brioschi, Buzzacchi & Colombo (1989); corrected: Baldone, Brioschi & Paleari (1998).
    """
    return integrated_of(Ownership.of(snapshot), targets)


def integrated_of(graph: Ownership, targets: Sequence[int]) -> pl.DataFrame:
    """As `integrated`, from stakes that are ready."""
    wanted = graph.wanted(targets)
    least = _solved(graph.of_ends("low"), wanted)
    if (graph.bands["low"] == graph.bands["high"]).all():
        found = least.with_columns(high="low", low_included=True, high_included=True)
    else:
        found = _with_upper_ends(graph, least, wanted)
    single = pl.col("high") - pl.col("low") <= ROUNDING
    told = found.with_columns(share=pl.when(single).then("low"), raw=pl.when(single).then("raw"))
    return told.select(*INTEGRATED).cast(INTEGRATED)  # type: ignore[arg-type]


def unattributed(graph: Ownership, targets: Sequence[int]) -> pl.DataFrame:
    """How much of each target no root holds for sure: columns target_row, unattributed.

    One minus the integrated shares of all parties that nobody owns; a little below 0 where shares were rounded up.
    Missing for a member of a self-owned component.
    """
    shares = _solved(graph.of_ends("low"), graph.wanted(targets)).filter(pl.col("owner_row").is_in(graph.roots))
    sums = shares.group_by("target_row").agg(pl.col("raw").sum())
    rows = pl.DataFrame({"target_row": np.unique(np.asarray(targets, dtype=np.int64))})
    lost = pl.col("target_row").is_in(graph.self_owned)
    summed = rows.join(sums, on="target_row", how="left", maintain_order="left")
    return summed.select("target_row", unattributed=pl.when(~lost).then(1 - pl.col("raw").fill_null(0.0)))


def _with_upper_ends(graph: Ownership, least: pl.DataFrame, wanted: Ints) -> pl.DataFrame:
    """The lower ends with the upper ones beside them, and which of them belong to their bands."""
    opened = _solved(graph.of_ends(pl.col("low") + NUDGE * ~pl.col("low_included")), wanted)
    most = _bounded(graph.of_ends("high"), wanted)
    below = _bounded(graph.of_ends(pl.col("high") - NUDGE * ~pl.col("high_included")), wanted)
    ends = ["owner_row", "target_row"]
    found = most.select(*ends, high="low")
    for name, other in (("low", least), ("moved", opened), ("below", below)):
        found = found.join(other.select(*ends, pl.col("low").alias(name)), on=ends, how="left")
    found = found.join(least.select(*ends, "raw"), on=ends, how="left").with_columns(pl.col(pl.Float64).fill_null(0.0))
    return found.with_columns(
        high=pl.max_horizontal("high", "low"),
        low_included=pl.col("moved") - pl.col("low") <= MOVED,
        high_included=pl.col("high") - pl.col("below") <= MOVED,
    ).sort("target_row", "owner_row")


def _most() -> pl.Expr:
    """The upper end of each stake: no more than what the other owners' lower ends leave, if these make sense."""
    sure = pl.col("low").sum().over("owned_row")
    left = pl.when(sure <= 1).then(1 - (sure - pl.col("low"))).otherwise(1.0)
    return pl.max_horizontal("low", pl.min_horizontal("high", left)).alias("high")


def _solved(shares: sparse.csr_array, wanted: Ints) -> pl.DataFrame:
    """Integrated shares of every owner in the wanted targets: owner_row, target_row, raw, low (corrected)."""
    found = rings(shares)
    rows = _columns(shares, found, wanted)
    again = _reentry(shares, found, np.unique(rows["owner_row"].to_numpy()))
    return rows.with_columns(low=pl.col("raw") / again[rows["owner_row"].to_numpy()])


def _bounded(shares: sparse.csr_array, wanted: Ints) -> pl.DataFrame:
    """Upper bounds of corrected shares, at most 1; what a component without a bound reaches may be owned wholly."""
    found = rings(shares)
    loose = found.self_owned
    if not loose.any():
        return _solved(shares, wanted).with_columns(pl.col("low").clip(upper_bound=1.0))
    ends = shares.tocoo()
    inner = loose[ends.row] & (found.component[ends.row] == found.component[ends.col])
    scale = np.where(inner, 0.5 / np.maximum(found.radius[found.component[ends.row]], 0.5), 1.0)
    tame = sparse.csr_array((ends.data * scale, (ends.row, ends.col)), shape=shares.shape)
    rows = _columns(tame, found, wanted, boost=loose)
    return rows.with_columns(low=pl.col("raw").clip(upper_bound=1.0))


def _columns(shares: sparse.csr_array, found: Rings, wanted: Ints, boost: np.ndarray | None = None) -> pl.DataFrame:
    """Columns of (I−A)⁻¹A, batch by batch over the ancestors of the batch alone; rows above 0, by target and owner."""
    columns = shares.tocsc()
    parts = [_batch(columns, found, wanted[at : at + BATCH], boost) for at in range(0, len(wanted), BATCH)]
    schema = {"owner_row": pl.UInt32, "target_row": pl.UInt32, "raw": pl.Float64}
    return pl.concat([pl.DataFrame(part, schema=schema) for part in parts]) if parts else pl.DataFrame(schema=schema)


def _batch(shares: sparse.csc_array, found: Rings, batch: Ints, boost: np.ndarray | None) -> dict[str, np.ndarray]:
    above = ancestors(shares, batch)
    above = above[np.argsort(found.component[above], kind="stable")]
    place = np.full(shares.shape[0], -1)
    place[above] = np.arange(above.size)
    block = shares[:, above][above]
    factors = _factors(block, found.component[above])
    right = block[:, place[batch]].toarray()
    solution = factors.solve(right)
    if boost is not None:
        reached = (solution > 0) & boost[above][:, None]
        solution = factors.solve(np.where(reached, BEYOND, right))
    order = np.argsort(above)
    by_target = np.ascontiguousarray(solution[order].T)
    target, owner = np.nonzero(by_target > 0)
    ends = above[order].astype(np.uint32)[owner], batch.astype(np.uint32)[target]
    return {"owner_row": ends[0], "target_row": ends[1], "raw": by_target[target, owner]}


def _factors(block: sparse.csc_array, component: Ints) -> sparse.linalg.SuperLU:
    """I−A factorised; in the order of the components only rings fill up, and a large ring is ordered anew."""
    largest = np.bincount(np.unique(component, return_inverse=True)[1]).max(initial=0)
    order = "NATURAL" if largest <= SMALL_RING else "COLAMD"
    left = sparse.eye_array(component.size, format="csc") - block
    return sparse.linalg.splu(left, permc_spec=order, diag_pivot_thresh=0.0)


def ancestors(shares: sparse.csc_array, targets: Ints) -> Ints:
    """The targets and all parties that reach one of them, in ascending order."""
    seen = np.zeros(shares.shape[0], dtype=bool)
    seen[targets] = True
    frontier = targets
    while frontier.size:
        owners = shares[:, frontier].indices
        frontier = np.unique(owners[~seen[owners]])
        seen[frontier] = True
    return np.flatnonzero(seen)


def _reentry(shares: sparse.csr_array, found: Rings, owners: Ints) -> Floats:
    """Entry (x, x) of (I−A)⁻¹ of some owners, 1 of all others, shape (n,).

    A way back to oneself stays in one component, so one right-hand side serves a member of each.
    """
    again = np.ones(shares.shape[0])
    touched = found.ring & np.isin(found.component, found.component[owners])
    groups = by_component(found.component, touched)
    if not groups:
        return again
    members = np.concatenate(groups)
    turn = np.concatenate([np.arange(group.size) for group in groups])
    inner = within(shares, found.component)
    block = sparse.eye_array(members.size, format="csc") - inner[members][:, members].tocsc()
    factors = sparse.linalg.splu(block)
    for number in range(turn.max() + 1):
        mine = np.flatnonzero(turn == number)
        right = np.zeros(members.size)
        right[mine] = 1.0
        again[members[mine]] = factors.solve(right)[mine]
    return again
