"""Sums over simple paths: the products of shares along every path that visits nobody twice.

A path enters and leaves a ring once, so paths are listed inside each ring only; from ring to ring the sums run along
an acyclic graph, where each ring member stands twice: as one who owns, and as one who is owned from outside.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy import sparse

from .errors import DataError
from .ownership import ancestors
from .rings import Ints, by_component, rings, within

MOST_STEPS = 2_000_000  # in all rings together, before the answer is refused
SHORTEST = 1e-15  # products below this are dropped
BATCH = 64


def simple_path_shares(shares: sparse.csr_array, targets: Sequence[int]) -> pl.DataFrame:
    """The sum over simple paths of every owner to each target: owner_row, target_row, share; the owner itself left out.

    Args:
        shares: A[owner, owned], shape (n, n).
        targets: rows.

    Raises:
        DataError: a ring has too many paths to list.
    """
    size = shares.shape[0]
    acyclic, twin, component = _unrolled(shares)
    columns = acyclic.tocsc()
    parts = [
        _batch(columns, component, np.asarray(targets[at : at + BATCH], dtype=np.int64), twin)
        for at in range(0, len(targets), BATCH)
    ]
    schema = {"owner_row": pl.UInt32, "target_row": pl.UInt32, "share": pl.Float64}
    found = pl.concat([pl.DataFrame(part, schema=schema) for part in parts]) if parts else pl.DataFrame(schema=schema)
    theirs = (pl.col("owner_row") < size) & (pl.col("owner_row") != pl.col("target_row"))
    return found.filter(theirs).sort("target_row", "owner_row")


def _unrolled(shares: sparse.csr_array) -> tuple[sparse.csr_array, Ints, Ints]:
    """The acyclic graph, the row of each party as one who is owned, and the order of its rows."""
    found = rings(shares)
    size, members = shares.shape[0], np.flatnonzero(found.ring)
    twin = np.arange(size)
    twin[members] = size + np.arange(members.size)
    ends = shares.tocoo()
    outside = found.component[ends.row] != found.component[ends.col]
    owner, owned, share = _inside(within(shares, found.component), by_component(found.component, found.ring))
    rows = np.concatenate([twin[ends.row[outside]], owner])
    columns = np.concatenate([ends.col[outside], twin[owned]])
    total = size + members.size
    acyclic = sparse.csr_array((np.concatenate([ends.data[outside], share]), (rows, columns)), shape=(total, total))
    order = np.concatenate([2 * found.component + found.ring, 2 * found.component[members]])
    return acyclic, twin, order


def _inside(inner: sparse.csr_array, groups: list[Ints]) -> tuple[Ints, Ints, np.ndarray]:
    """owner, owned, share: the sums of paths between members of each ring, of a member to itself 1."""
    sums: dict[tuple[int, int], float] = {}
    steps = 0
    for member in np.concatenate([*groups, np.empty(0, dtype=np.int64)]).astype(np.int64).tolist():
        steps = _follow(inner, member, sums, steps)
    pairs = np.array(list(sums), dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1], np.array(list(sums.values()), dtype=float)


def _follow(inner: sparse.csr_array, start: int, sums: dict[tuple[int, int], float], steps: int) -> int:
    """Adds up the paths from one member; returns how many steps were taken so far."""
    stack: list[tuple[int, float, tuple[int, ...]]] = [(start, 1.0, ())]
    while stack:
        here, product, before = stack.pop()
        sums[start, here] = sums.get((start, here), 0.0) + product
        steps += 1
        if steps > MOST_STEPS:
            raise DataError(
                f"close links: a ring of owners has over {MOST_STEPS:,} paths. Use the reading by control or majority."
            )
        at, end = inner.indptr[here], inner.indptr[here + 1]
        for owned, share in zip(inner.indices[at:end].tolist(), inner.data[at:end].tolist(), strict=True):
            if owned != here and owned not in before and product * share > SHORTEST:
                stack.append((owned, product * share, (*before, here)))
    return steps


def _batch(acyclic: sparse.csc_array, order: Ints, targets: Ints, twin: Ints) -> dict[str, np.ndarray]:
    above = ancestors(acyclic, twin[targets])
    above = above[np.argsort(order[above], kind="stable")]
    place = np.full(acyclic.shape[0], -1)
    place[above] = np.arange(above.size)
    right = np.zeros((above.size, targets.size))
    right[place[twin[targets]], np.arange(targets.size)] = 1.0
    block = sparse.eye_array(above.size, format="csc") - acyclic[:, above][above]
    solution = sparse.linalg.splu(block, permc_spec="NATURAL", diag_pivot_thresh=0.0).solve(right)
    owner, target = np.nonzero(solution > 0)
    return {"owner_row": above[owner], "target_row": targets[target], "share": solution[owner, target]}
