"""Hastening of an iteration that creeps towards its end in steps that never shrink."""

from collections.abc import Mapping

import numpy as np

from .valuations import Flags, Floats, Kind

WINDOW = 50  # rounds between two looks


LEAST = 1e-9  # of a promise: less gained in a window is rounding, and nothing to go by


class Creep:
    """Hastens an iteration that creeps: promises that lose as much in each window of rounds as in the one before.

    While nobody begins to break promises, has none left to break or fails, a round is one linear step. If then every
    promise lost at least as much in a window as in the one before, so it will in the next, up to the first promise of
    which nothing is left; as many windows can be taken at once without going beyond the solution.
    """

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.seen: list[tuple[Mapping[Kind, Floats], Flags]] = []  # the ends of the last windows

    def hastened(self, missing: Mapping[Kind, Floats], stood: Flags) -> Mapping[Kind, Floats]:
        """Missing parts, by kind (n, k), some windows later where that is safe.

        Args:
            missing: at the end of a window.
            stood: (n, k) who has not failed then.
        """
        self.seen = [*self.seen[-2:], (missing, stood)]
        if len(self.seen) < 3:
            return missing
        (first, stood_first), (second, _), _ = self.seen
        steady = (stood_first == stood).all(axis=0)
        windows = np.full(len(steady), np.inf)
        for kind, part in missing.items():
            before, gained = second[kind] - first[kind], part - second[kind]
            steady &= ((first[kind] > 0) == (part > 0)).all(axis=0) & ((first[kind] < 1) == (part < 1)).all(axis=0)
            steady &= (gained >= before * (1 - 1e-9)).all(axis=0)
            left = np.divide(1 - part, gained, out=np.full_like(part, np.inf), where=gained > LEAST)
            windows = np.minimum(windows, left.min(axis=0, initial=np.inf))
        many = np.where(steady & np.isfinite(windows), np.floor(windows), 0.0)
        if not many.any():
            return missing
        self.seen = []
        return {kind: np.minimum(part + many * (part - second[kind]), 1.0) for kind, part in missing.items()}
