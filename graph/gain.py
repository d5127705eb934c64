"""Gain: how much of a loss comes back to who suffered it, once it has travelled round its rings."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from .rings import by_component, spectral_radius, within


def loop_gain(impact: sparse.csr_array) -> float:
    """The largest eigenvalue of the impacts: from 1 up, losses that nothing caps grow without end.

    Args:
        impact: shape (n, n), fraction of equity, at least 0; [i, j] is what i loses when j fails. Of a matrix without
            rings the gain is 0.

    Source:
        Bardoscia, Battiston, Caccioli & Caldarelli (2015), PLoS ONE 10(6): e0130406, for Λ[i, j] = claim of i on j
        over the equity of i.
    """
    component = connected_components(impact, connection="strong")[1].astype(np.int64)
    inner = within(impact, component)
    linked = np.zeros(impact.shape[0], dtype=bool)
    linked[inner.tocoo().row] = True
    blocks = (inner[members][:, members] for members in by_component(component, linked))
    return max((spectral_radius(block) for block in blocks), default=0.0)
