"""In which motifs of guarantees and ownership each enterprise stands: where contagion is judged apart."""

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ..graph.snapshot import Snapshot

STAR = 3  # debtors of a guarantor from which on it is a star's centre
RING = 3  # firms that guarantee each other in a circle
MOTIFS = ("mutual pair", "ring", "star's centre", "star's leaf", "parent", "subsidiary")


def motifs(snapshot: Snapshot) -> pl.DataFrame:
    """One row an enterprise: party_id, `linked` (any link at all with another enterprise) and one flag a motif."""
    size = snapshot.enterprises
    guarantees, stakes = (_ends(snapshot, name) for name in ("guarantees", "owns"))
    every = np.concatenate([_ends(snapshot, name) for name in ("guarantees", "owns", "supplies", "lends_to")], axis=1)
    centre, leaf = _stars(guarantees, size)
    mutual, ring = _circles(guarantees, size)
    flags = {
        "linked": np.isin(np.arange(size), every),
        "mutual pair": mutual,
        "ring": ring,
        "star's centre": centre,
        "star's leaf": leaf,
        "parent": np.isin(np.arange(size), stakes[0]),
        "subsidiary": np.isin(np.arange(size), stakes[1]),
    }
    return pl.DataFrame({"party_id": snapshot.parties["party_id"].head(size)}).with_columns(
        pl.Series(name, flag) for name, flag in flags.items()
    )


def _ends(snapshot: Snapshot, table: str) -> npt.NDArray[np.int64]:
    """Source and target of the links between enterprises, (2, m)."""
    rows = snapshot.table(table).select("source_row", "target_row").cast(pl.Int64)
    both = rows.filter(
        (pl.max_horizontal(pl.all()) < snapshot.enterprises) & (pl.col("source_row") != pl.col("target_row"))
    )
    return np.ascontiguousarray(both.to_numpy().T)


def _circles(ends: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Who stands in a mutual guarantee, and who in a larger circle."""
    links = csr_array((np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), shape=(size, size))
    both = links.multiply(links.T)
    _, label = connected_components(links, directed=True, connection="strong")
    ring = np.bincount(label, minlength=size)[label] >= RING
    return np.asarray(both.sum(axis=1)).ravel() > 0, ring


def _stars(ends: npt.NDArray[np.int64], size: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Who guarantees at least STAR others, and whom they guarantee."""
    pairs = np.unique(ends, axis=1)
    centre = np.bincount(pairs[0], minlength=size) >= STAR
    leaf = np.zeros(size, bool)
    leaf[pairs[1][centre[pairs[0]]]] = True
    return centre, leaf
