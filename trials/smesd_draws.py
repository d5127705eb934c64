"""Intervals of SMEsD's figures. Firms hang together, so whole connected components are drawn again, never firms."""

import numpy as np
import numpy.typing as npt

from ..gnn.metrics import Measured

Floats = npt.NDArray[np.float64]
RESAMPLES = 1000


def draws(component: npt.NDArray[np.int64], seed: int = 0) -> Floats:
    """How often each firm counts, shape (1 + resamples, m): once each, then by redrawn components."""
    rng = np.random.default_rng(seed)
    _, number = np.unique(component, return_inverse=True)
    many = int(number.max()) + 1
    drawn = rng.multinomial(many, np.full(many, 1 / many), RESAMPLES)[:, number]
    return np.concatenate([np.ones((1, len(component))), drawn])


def interval(figures: Floats) -> Measured:
    """The first figure, with the 95 % interval of the others; those that a draw left undefined don't count."""
    low, high = np.nanquantile(figures[1:], [0.025, 0.975])
    return Measured(float(figures[0]), float(low), float(high))
