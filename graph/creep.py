"""Hastening of an iteration that creeps: what the coming rounds would lose on one linear piece is solved for."""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array, eye_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from .joint import Ints
from .valuations import Floats

WINDOW = 50  # rounds between two looks
CREEPS = 0.5  # a step that has kept this part of itself over a window will take many more
LEAST = 1e-12  # of a promise: a smaller step may be rounding, and nothing to go by
WIDEST = 3_000  # parties in one ring: more of them would fill the memory while they are solved
FADES = (1.0, 0.9999, 0.99, 0.9, 0.5)  # of a loss travels on, where a ring gains too much for the sum of all rounds
PASSES = 12  # along one piece: the first of them spread what goes round a ring evenly over it
LONG = 10.0  # a length from which on nothing is left to be spread
SHORT = 1 - 1e-12  # rounding must not carry a leap beyond the solution

Ahead = Callable[[Floats], Floats]  # what the next round takes -> what all rounds to come take, faded; money


def leap(impact: csr_array, room: Floats, gained: Floats) -> Floats:
    """Further losses that are sure to come, (n,) money; zeros where none can be told.

    With losses x the next round loses x + gained, and on this piece impact of whatever is lost more. The leap goes
    along w = gained + fade * impact w, a sum of the rounds to come, as long as the round that follows a point on the
    way is nowhere below it. On such a way no point lies above the least solution: what rounds from there add up to,
    scaled down, never leaves the piece.

    Args:
        impact: (n, n) what i loses for each money that j loses more; at least 0.
        room: (n,) money that each may lose before something in `impact` grows more slowly; infinite: all there is.
        gained: (n,) money that the next round takes, at least 0.
    """
    moving = np.flatnonzero(np.diff(impact.tocsc().indptr)).astype(np.int64)
    further = np.zeros_like(gained)
    if not len(moving) or _widest(impact[moving][:, moving]) > WIDEST:
        return further
    found = next(filter(None, (_ahead(impact, moving, gained, fade) for fade in FADES)), None)
    if found is None:
        return further
    ahead, fade = found
    for _ in range(PASSES):
        whole = ahead(gained)
        length, last = _length(whole, gained, fade, room - further)
        further += length * whole
        if last:
            break
        gained = np.maximum(gained + length * ((whole - gained) / fade - whole), 0.0)
    return further


def _widest(impact: csr_array) -> int:
    """Parties of the largest ring."""
    return int(np.bincount(connected_components(impact, connection="strong")[1], minlength=1).max())


def _ahead(impact: csr_array, moving: Ints, gained: Floats, fade: float) -> tuple[Ahead, float] | None:
    """All rounds to come; None where what fades so still adds up to no end."""
    inner = impact[moving][:, moving]
    with np.errstate(all="ignore"):
        try:
            solved = splu((eye_array(len(moving)) - fade * inner).tocsc())
        except RuntimeError:  # the gain is exactly 1
            return None
        whole = solved.solve(gained[moving])
    if not (np.isfinite(whole) & (whole >= gained[moving] * SHORT)).all():
        return None
    return lambda taken: np.asarray(taken + fade * (impact[:, moving] @ solved.solve(taken[moving]))), fade


def _length(whole: Floats, gained: Floats, fade: float, room: Floats) -> tuple[float, bool]:
    """How far to go along `whole`, so that every point is met or exceeded by the next round; and whether no further."""
    fits = np.divide(room, whole, out=np.full_like(whole, np.inf), where=whole > 0).min(initial=np.inf)
    if fade == 1:
        return float(min(SHORT, max(fits, 0.0))), True
    turn = (whole - gained) / fade - whole  # what the next round gains with each length of the way
    meets = np.divide(gained, -turn, out=np.full_like(turn, np.inf), where=turn < 0).min(initial=np.inf)
    length = min(fits, meets / 2 if meets > LONG else 1.0)
    return (float(max(length, 0.0)), length == fits) if np.isfinite(length) else (0.0, True)
