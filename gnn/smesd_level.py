"""One factor on all hazards of a model, so that as many firms are expected to fail as did: a year's level."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Floats = npt.NDArray[np.float64]
MOST = 1000.0  # times the hazard
FEWEST = 1e-9  # a PD below is told from 0 no more


def factor(pd: Floats, outcome: Floats) -> float:
    """The factor on -log(1 - PD) with which the PDs of some firms, shape (s,), sum to their failures; 1 if none did."""
    failures = outcome.sum()

    def too_many(times: float) -> float:
        return float(at_level(pd, times).sum() - failures)

    if failures <= 0 or too_many(MOST) < 0:
        return 1.0
    return float(brentq(too_many, 0.0, MOST))


def at_level(pd: Floats, times: float) -> Floats:
    """PDs with their hazards that many times as high, shape (s,)."""
    return np.asarray(-np.expm1(times * np.log1p(-np.clip(pd, FEWEST, 1 - FEWEST))))


def loss_at_level(pd: Floats, outcome: Floats) -> float:
    """Mean of -log likelihood once the level is right: what is left is how well firms are told apart."""
    right = np.clip(at_level(pd, factor(pd, outcome)), FEWEST, 1 - FEWEST)
    return float(-(outcome * np.log(right) + (1 - outcome) * np.log1p(-right)).mean())
