"""Twelve months of a made-up economy, on many paths at once: shocks, first defaults, and what they pass on.

All money is relative to the assets of who suffers. m firms are alive at the start, numbered 0 to m-1.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array

from .economy_firms import INDUSTRIES, Flags, Floats, Ints

MONTHS = 12
SURVIVES = MONTHS  # the month of a first default that doesn't come
MARKET, INDUSTRY = 0.25, 0.35  # loadings of a firm's monthly shock on the common and on its industry's shock
DRIFT = 0.05  # standard deviations a month by which a firm loses ground

Singles = npt.NDArray[np.float32]
Months = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Conduits:
    """Who loses what part of its assets when a firm fails, shape (e,), sorted by who fails."""

    fails: Ints
    suffers: Ints
    share: Floats
    channel: Ints
    link: Ints
    first: Ints  # (m + 1,) place of each firm's first

    def only(self, channels: Collection[int]) -> "Conduits":
        """The losses through some channels."""
        chosen = np.isin(self.channel, list(channels))
        fails, suffers, channel, link = (each[chosen] for each in (self.fails, self.suffers, self.channel, self.link))
        return conduits(len(self.first) - 1, (fails, suffers), self.share[chosen], (channel, link))

    def of(self, failed: Ints) -> tuple[Ints, Ints]:
        """Of so many failures (k,) the place of each loss, and which failure it belongs to."""
        count = self.first[failed + 1] - self.first[failed]
        cause = np.repeat(np.arange(len(failed)), count)
        begin = np.cumsum(count) - count
        return self.first[failed][cause] + np.arange(len(cause)) - begin[cause], cause


def conduits(size: int, ends: tuple[Ints, Ints], share: Floats, origin: tuple[Ints, Ints]) -> Conduits:
    """Losses among `size` firms, put in order.

    Args:
        size: m.
        ends: who fails, who suffers.
        share: of the assets of who suffers.
        origin: number of the channel, row of the link.
    """
    order = np.argsort(ends[0], kind="stable")
    fails, suffers, channel, link = (each[order] for each in (*ends, *origin))
    return Conduits(fails, suffers, share[order], channel, link, np.searchsorted(fails, np.arange(size + 1)))


@dataclass(frozen=True)
class Horizon:
    """The day that twelve months start from, shape (m,), and how they go."""

    room: Floats  # what a firm can lose before it fails, over its assets; at 0 it fails in the first month
    shake: Floats  # standard deviation of a month
    drift: Floats  # a month
    industry: Ints
    harm: Conduits
    spread: int  # months over which a loss is taken
    local: csr_array | None  # (m, m) a firm's own shock from those of its partners; none: all its own

    @property
    def count(self) -> int:
        """How many firms are alive at the start."""
        return len(self.room)

    def cut(self, channels: Collection[int] = ()) -> "Horizon":
        """The same day with all links cut but those of some channels."""
        return replace(self, harm=self.harm.only(channels))


def local_shocks(share: float, harm: Conduits) -> csr_array:
    """Rows of unit length that mix a firm's own draw with its partners', whose part of the variance is `share`."""
    size = len(harm.first) - 1
    both = csr_array((np.ones(len(harm.fails)), (harm.suffers, harm.fails)), shape=(size, size))
    near = ((both + both.T) > 0).astype(np.float64) + diags_array(np.ones(size))
    near = near.tocsr()
    degree = np.asarray(near.sum(axis=1))
    common = diags_array(np.sqrt(share / degree)) @ near
    return csr_array(common + diags_array(np.sqrt((1 + share / degree) - share) - np.sqrt(share / degree)))


def rooms(horizon: Horizon, rng: np.random.Generator, paths: int) -> Singles:
    """What each firm could still lose at the end of each month, had nobody passed anything on. (12, paths, m).

    Every shock is drawn whatever becomes of a firm, so that worlds with and without a link differ by that link alone.
    """
    shape = (MONTHS, paths, horizon.count)
    own: Singles = rng.standard_normal(shape, dtype=np.float32)
    if horizon.local is not None:
        own = _mixed(horizon.local, own)
    common = np.float32(MARKET) * _mirrored(rng, paths, 1) + np.float32(INDUSTRY) * _mirrored(rng, paths, INDUSTRIES)
    own *= np.float32(np.sqrt(1 - MARKET**2 - INDUSTRY**2))
    own += np.take(common, horizon.industry, axis=2)
    own *= horizon.shake.astype(np.float32)
    own += horizon.drift.astype(np.float32)
    own[0] += horizon.room.astype(np.float32)
    for month in range(1, MONTHS):
        own[month] += own[month - 1]
    return own


def _mirrored(rng: np.random.Generator, paths: int, kinds: int) -> Singles:
    """Common shocks, (12, paths, kinds); half of the paths see the others' with the sign changed, to settle sooner."""
    half: Singles = rng.standard_normal((MONTHS, (paths + 1) // 2, kinds), dtype=np.float32)
    return np.concatenate([half, -half], axis=1)[:, :paths]


def _mixed(local: csr_array, own: Singles) -> Singles:
    months, paths, size = own.shape
    mixed = local.astype(np.float32) @ own.reshape(-1, size).T
    return np.ascontiguousarray(mixed.T, dtype=np.float32).reshape(months, paths, size)


def first_defaults(room: Singles, harm: Conduits, spread: int = 1) -> Months:
    """The month in which each firm first fails, SURVIVES if in none. Shape (paths, m).

    A failure strikes its partners from the next month on, in equal parts over `spread` months.
    """
    _, paths, size = room.shape
    lost, month = np.zeros(paths * size, np.float32), np.full(paths * size, SURVIVES, np.int8)
    share = (harm.share / spread).astype(np.float32)
    due: list[tuple[Ints, Singles]] = []
    for now in range(MONTHS):
        for suffers, part in due[-spread:]:
            np.add.at(lost, suffers, part)
        failed = np.flatnonzero(room[now].reshape(-1) <= lost)
        month[failed] = now
        lost[failed] = -np.inf  # nobody fails twice
        path, firm = np.divmod(failed, size)
        place, cause = harm.of(firm)
        due.append((path[cause] * size + harm.suffers[place], share[place]))
    return month.reshape(paths, size)


def losses_taken(month: Months, harm: Conduits, spread: int = 1) -> Floats:
    """What each firm has lost by the end of each month, (13, paths, m); the last row holds what is still to come.

    Args:
        month: (paths, m) of first defaults.
        harm: what failures cost.
        spread: months over which a loss is taken.
    """
    path, firm = np.nonzero(month < SURVIVES)
    place, cause = harm.of(firm)
    suffers = path[cause] * month.shape[1] + harm.suffers[place]
    lost = np.zeros((MONTHS + 1) * month.size)
    for later in range(1, spread + 1):
        when = np.minimum(month[path, firm][cause].astype(np.int64) + later, MONTHS)
        lost += np.bincount(when * month.size + suffers, harm.share[place] / spread, len(lost))
    return np.cumsum(lost.reshape(MONTHS + 1, *month.shape), axis=0)


def alive_only(chosen: Flags) -> Ints:
    """Numbers of the chosen among themselves, -1 for the others."""
    return np.where(chosen, np.cumsum(chosen) - 1, -1)
