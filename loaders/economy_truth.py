"""The true probabilities of a day: twelve months from its true state on, gone through many times."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from math import factorial

import numpy as np
import polars as pl

from ..graph.schema import CHANNELS as EVERY
from .economy_firms import Floats, Ints, generator
from .economy_horizon import SURVIVES, Conduits, Horizon, Singles, first_defaults, rooms
from .economy_losses import CHANNELS
from .economy_path import horizon_of
from .economy_world import World, as_days, ids

AT_ONCE = 1_000_000  # firms times paths of a block
THREADS = 2
COALITIONS = tuple(part for size in range(len(CHANNELS) + 1) for part in combinations(range(len(CHANNELS)), size))


def horizon_on(world: World, year: int) -> Horizon:
    """The twelve months from the end of the December before that year (0 is the first) on."""
    return horizon_of(world.firms, world.form, world.path.standings[year])


def in_blocks(
    world: World, year: int, paths: int, count: Callable[[Horizon, Singles], Floats]
) -> tuple[Floats, Floats]:
    """Two means, each over half of the paths of a day, of what is counted on a block of them.

    Args:
        world: the economy.
        year: whose twelve months they are.
        paths: how many; made even.
        count: of the day and the rooms (12, paths of the block, m), a mean over the block's paths.
    """
    horizon = horizon_on(world, year)
    blocks = 2 * max(1, round(paths * horizon.count / AT_ONCE / 2))
    each = max(1, round(paths / blocks))

    def one(block: int) -> Floats:
        return count(horizon, rooms(horizon, generator(world.seed, "paths", year, block), each))

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(one, range(blocks)))
    return np.mean(found[::2], axis=0), np.mean(found[1::2], axis=0)


def truth(world: World, year: int, paths: int) -> pl.DataFrame:
    """PD with links and with all links cut of each firm alive at the end of the December before a year.

    Contagion is the difference; the parts of the channels are Shapley values over all coalitions of the channels that
    are not cut, and add up to it. Of each half of the paths the two figures again: how far they can be relied on.

    Args:
        world: the economy.
        year: 0 is the first.
        paths: how many futures.
    """
    horizon = horizon_on(world, year)
    nothing = not len(horizon.harm.fails)
    harms = [horizon.harm] if nothing else [horizon.harm.only(part) for part in COALITIONS]
    halves = in_blocks(world, year, paths, lambda day, room: _chances(day, room, harms))
    pd, alone = (np.stack([half[place] for half in halves]) for place in (-1, 0))
    parts = np.zeros((len(CHANNELS), horizon.count)) if nothing else shapley((halves[0] + halves[1]) / 2)
    day, firm = world.end(year * 12), np.flatnonzero(world.path.standings[year].alive)
    channels = {f"contagion_{name}": parts[CHANNELS.index(name)] if name in CHANNELS else 0.0
                for name in (channel.name for channel in EVERY)}  # fmt: skip
    figures = {"pd": pd.mean(axis=0), "pd_standalone": alone.mean(axis=0), "contagion": (pd - alone).mean(axis=0)}
    split = {f"pd_half{half + 1}": pd[half] for half in (0, 1)}
    split |= {f"contagion_half{half + 1}": pd[half] - alone[half] for half in (0, 1)}
    rows = pl.DataFrame({"party_id": ids("E", firm), "as_of": as_days(np.repeat(day, len(firm)))})
    return rows.with_columns(**{name: pl.lit(each) for name, each in (figures | channels | split).items()})


def _chances(horizon: Horizon, room: Singles, harms: Sequence[Conduits]) -> Floats:
    """How often each firm fails under each set of losses, (len(harms), m)."""
    return np.stack([(first_defaults(room, harm, horizon.spread) < SURVIVES).mean(axis=0) for harm in harms])


def shapley(worth: Floats) -> Floats:
    """What each channel adds, on average over all orders in which the channels may come. (channels, m).

    Args:
        worth: (coalitions, m) the PD under each of COALITIONS.

    Source: Shapley (1953), with the weights |S|! (k - |S| - 1)! / k!.
    """
    number = {part: place for place, part in enumerate(COALITIONS)}
    size = len(CHANNELS)
    added = np.zeros((size, worth.shape[1]))
    for part, place in number.items():
        weight = factorial(len(part)) * factorial(size - len(part) - 1) / factorial(size) if len(part) < size else 0
        for channel in set(range(size)) - set(part):
            joined = tuple(sorted((*part, channel)))
            added[channel] += weight * (worth[number[joined]] - worth[place])
    return added


def firms_on(world: World, year: int) -> Ints:
    """The numbers, in the economy, of the firms that a horizon of that year numbers from 0 on."""
    return np.flatnonzero(world.path.standings[year].alive)
