"""Rings: the strongly connected components of ownership, and those that own themselves wholly."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from .errors import DataError

MOST_MEMBERS = 20_000
WHOLE = 1 - 1e-9  # spectral radius from which a component owns itself

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Rings:
    """The strongly connected components of a matrix A[owner, owned], shape (n, n).

    Attributes:
        component: shape (n,), the component of each party; parties in another component never share a number.
        ring: shape (n,), whether the party can reach itself.
        radius: shape (components,), spectral radius of A within the component; of 1 or more only a bound is sure.
    """

    component: Ints
    ring: Flags
    radius: Floats

    @property
    def self_owned(self) -> Flags:
        """Shape (n,), whether the party belongs to a component that owns itself wholly."""
        return self.ring & (self.radius[self.component] >= WHOLE)


def rings(shares: sparse.csr_array) -> Rings:
    """The components of a matrix of shares and how much of themselves they own.

    Raises:
        DataError: a ring of more than MOST_MEMBERS, which no exact solve would finish.
    """
    count, component = connected_components(shares, connection="strong")
    component = component.astype(np.int64)
    inner = within(shares, component)
    ring = np.zeros(shares.shape[0], dtype=bool)
    ring[np.isin(component, component[inner.tocoo().row])] = inner.nnz > 0
    largest = int(np.bincount(component[ring]).max(initial=0))
    if largest > MOST_MEMBERS:
        raise DataError(
            f"owns: {largest:,} parties own each other in one ring, over {MOST_MEMBERS:,}; integrated shares can't be "
            "solved. Look for stakes written in the wrong direction, or for a fund booked as an owner of everybody."
        )
    return Rings(component, ring, _radius(inner, component, ring, count))


def within(shares: sparse.csr_array, component: Ints) -> sparse.csr_array:
    """The shares that stay inside a component."""
    ends = shares.tocoo()
    same = component[ends.row] == component[ends.col]
    return sparse.csr_array((ends.data[same], (ends.row[same], ends.col[same])), shape=shares.shape)


def by_component(component: Ints, wanted: Flags) -> list[Ints]:
    """The wanted parties, one array for each of their components."""
    members = np.flatnonzero(wanted)
    members = members[np.argsort(component[members], kind="stable")]
    return np.split(members, np.flatnonzero(np.diff(component[members])) + 1) if members.size else []


def _radius(inner: sparse.csr_array, component: Ints, ring: Flags, count: int) -> Floats:
    """Column sums bound the spectral radius from both sides; where they don't decide, it is computed."""
    held = inner.sum(axis=0)
    least, most = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(least, component[ring], held[ring])
    np.maximum.at(most, component[ring], held[ring])
    radius = np.where(np.isfinite(least) & (least >= WHOLE), least, most)
    open_question = ring & ((most >= WHOLE) & (least < WHOLE))[component]
    for members in by_component(component, open_question):
        radius[component[members[0]]] = spectral_radius(inner[members][:, members])
    return radius


def spectral_radius(block: sparse.csr_array) -> float:
    """The largest eigenvalue of an irreducible block without negative entries."""
    if block.shape[0] <= 300:
        return float(np.abs(np.linalg.eigvals(block.toarray())).max())
    shifted = block + sparse.eye_array(block.shape[0], format="csr")  # a shift, so that a plain ring settles too
    found = sparse.linalg.eigs(shifted, k=1, which="LR", return_eigenvectors=False, v0=np.ones(block.shape[0]))
    return float(found.real.max()) - 1
