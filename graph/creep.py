"""Hastening of an iteration that creeps towards its end in steps that never shrink."""

from collections.abc import Mapping

import numpy as np

from .valuations import Floats, Kind

WINDOW = 50  # rounds between two looks


class Creep:
    """Hastens an iteration that creeps: promises that lose as much in each window of rounds as in the one before.

    Where the gain round a ring is 1 or more, each window takes at least as much as the last, up to the first promise
    of which nothing is left; so as many windows can be taken at once without going beyond the solution.
    """

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.missing: Mapping[Kind, Floats] = {}
        self.gained: Mapping[Kind, Floats] = {}

    def hastened(self, missing: Mapping[Kind, Floats]) -> Mapping[Kind, Floats]:
        """Missing parts, by kind (n, k), some windows later where that is safe; seen once a window."""
        last, before = self.missing, self.gained
        gained = {kind: part - last[kind] for kind, part in missing.items()} if last else {}
        self.missing, self.gained = missing, gained
        if not before:
            return missing
        scenarios = next(iter(missing.values())).shape[1]
        steady, windows = np.ones(scenarios, bool), np.full(scenarios, np.inf)
        for kind, part in missing.items():
            steady &= (gained[kind] >= before[kind] * (1 - 1e-9)).all(axis=0)
            left = np.divide(1 - part, gained[kind], out=np.full_like(part, np.inf), where=gained[kind] > 0)
            windows = np.minimum(windows, left.min(axis=0, initial=np.inf))
        many = np.where(steady & np.isfinite(windows), np.floor(windows), 0.0)
        return {kind: np.minimum(part + many * gained[kind], 1.0) for kind, part in missing.items()}
