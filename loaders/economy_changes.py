"""Worlds that differ from a day in one place, on the same shocks: only what differs is followed."""

from dataclasses import dataclass

import numpy as np

from .economy_firms import Floats, Ints
from .economy_horizon import MONTHS, SURVIVES, Conduits, Horizon, Months, Singles, first_defaults, losses_taken


@dataclass(frozen=True)
class Changes:
    """k worlds. In each one firm has less room from the start; and in some a failure costs another more or less.

    A firm whose room is less by infinity is sure to fail in the first month.
    """

    firm: Ints  # (k,)
    less: Floats  # (k,) over its assets
    world: Ints  # (c,) of each cost that differs
    place: Ints  # (c,) of the cost among the conduits
    more: Floats  # (c,) over the assets of who suffers


@dataclass(frozen=True)
class _Base:
    """A block of the unchanged day's paths, flat: (paths * m,) or (12, paths * m)."""

    room: Singles
    lost: Floats
    month: Months
    harm: Conduits
    spread: int


@dataclass(frozen=True)
class _Touched:
    """The firms, on their paths in their worlds, whose losses differ; by key = (world * paths + path) * m + firm."""

    key: Ints  # in order
    extra: Floats  # loss beyond the unchanged day's
    month: Ints  # of the first default so far


def chances_of(horizon: Horizon, room: Singles, changes: Changes, asked: tuple[Ints, Ints]) -> Floats:
    """How often firms fail in worlds of changes, and without the change, (2, a).

    Args:
        horizon: the unchanged day.
        room: (12, paths, m) of its paths.
        changes: the worlds.
        asked: (a,) numbers of worlds and of firms.
    """
    month = first_defaults(room, horizon.harm, horizon.spread)
    lost = losses_taken(month, horizon.harm, horizon.spread)[:MONTHS]
    base = _Base(room.reshape(MONTHS, -1), lost.reshape(MONTHS, -1), month.reshape(-1), horizon.harm, horizon.spread)
    touched = _followed(base, changes, month.shape[0])
    paths, size = month.shape
    world, firm = asked
    key = (world[:, None] * paths + np.arange(paths)) * size + firm[:, None]
    unchanged = month[:, firm].T
    place = np.minimum(np.searchsorted(touched.key, key), len(touched.key) - 1)
    changed = np.where(touched.key[place] == key, touched.month[place], unchanged)
    return np.stack([(found < SURVIVES).mean(axis=1) for found in (changed, unchanged)])


def _followed(base: _Base, changes: Changes, paths: int) -> _Touched:
    """The year in all worlds at once."""
    path, size = np.arange(paths), len(base.harm.first) - 1
    own = ((np.arange(len(changes.firm))[:, None] * paths + path) * size + changes.firm[:, None]).reshape(-1)
    start = (changes.world[:, None] * paths + path) * size
    causes = start + base.harm.fails[changes.place][:, None]
    costs = start + base.harm.suffers[changes.place][:, None]
    more = np.broadcast_to(changes.more[:, None] / base.spread, costs.shape)
    first = (
        np.concatenate([own, causes.reshape(-1)]),
        np.concatenate([np.repeat(changes.less, paths), 0.0 * causes.reshape(-1)]),
    )
    touched = _merged(base, _Touched(own[:0], changes.less[:0], own[:0]), first, 0)
    due: list[tuple[Ints, Floats]] = []
    for now in range(MONTHS):
        for wave in due[-base.spread :]:
            touched = _merged(base, touched, wave, now)
        at = touched.key % len(base.month)
        fails = (touched.month == SURVIVES) & (base.room[now, at] <= base.lost[now, at] + touched.extra)
        touched = _Touched(touched.key, touched.extra, np.where(fails, now, touched.month))
        key, part = _passed_on(base, touched.key, fails.astype(np.int64) - (base.month[at] == now))
        called = fails[np.searchsorted(touched.key, causes)]
        due.append((np.concatenate([key, costs[called]]), np.concatenate([part, more[called]])))
    return touched


def _merged(base: _Base, touched: _Touched, wave: tuple[Ints, Floats], now: int) -> _Touched:
    """With further losses; who is touched for the first time has fared until now as in the unchanged day."""
    key, place = np.unique(np.concatenate([touched.key, wave[0]]), return_inverse=True)
    extra = np.bincount(place, np.concatenate([touched.extra, wave[1]]), len(key)).astype(np.float64)
    month = base.month[key % len(base.month)].astype(np.int64)
    month = np.where(month < now, month, SURVIVES)
    month[place[: len(touched.key)]] = touched.month
    return _Touched(key, extra, month)


def _passed_on(base: _Base, key: Ints, turned: Ints) -> tuple[Ints, Floats]:
    """Losses of the partners of those that fail here and now and not there (1), or there and not here (-1)."""
    moved = np.flatnonzero(turned)
    firm = key[moved] % (len(base.harm.first) - 1)
    place, cause = base.harm.of(firm)
    return (key[moved] - firm)[cause] + base.harm.suffers[place], turned[moved][cause] * base.harm.share[
        place
    ] / base.spread
