"""Contagion: clearing and DebtRank beside a plain scipy loop of the same iteration; many scenarios; every failure.

The rival knows one kind of promise, one scenario, no rounds of failure and no rules; it stops where ours does.
"""

import itertools
import resource
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from relparty.graph.book import Book, Limits, Rules, Shocks
from relparty.graph.contagion import settle
from relparty.graph.reach import Reach
from relparty.graph.valuations import MODELS
from scipy.sparse import coo_array, csr_array

SIZES = (100_000, 1_000_000)
LINKS = 5  # a firm
TOLERANCE = 1e-10
SCENARIOS, BLOCK = 256, 64
REPEATS = 3


def economy(firms: int, seed: int = 1) -> Book:
    """Heavy-tailed firms that lend to each other; equity a tenth of assets."""
    dice = np.random.default_rng(seed)
    size = 1 + dice.pareto(1.3, firms)
    pull = np.cumsum(size) / size.sum()
    ends = np.searchsorted(pull, dice.random((2, LINKS * firms)))
    money = 0.05 * np.minimum(size[ends[0]], size[ends[1]]) * dice.random(ends.shape[1])
    claims = csr_array(coo_array((money * (ends[0] != ends[1]), (ends[0], ends[1])), shape=(firms, firms)))
    owed = 9 * size + claims.sum(axis=0)
    return Book(equity=size * (0.2 + dice.random(firms)), owed=owed, losses={"claim": claims})


def shock(book: Book, scenarios: int, seed: int = 2) -> np.ndarray:
    """One firm in fifty loses up to three times its equity."""
    dice = np.random.default_rng(seed)
    hit = dice.random((book.parties, scenarios)) < 0.02
    return hit * dice.random((book.parties, scenarios)) * 3 * book.equity[:, None]


def plain(book: Book, start: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, int]:
    """The same iteration in five lines: missing part of each claim = short of equity over `whole`."""
    claims, loss, missing = book.losses["claim"], start, np.zeros_like(start)
    floor = 0.0 if whole is book.equity else book.equity
    for rounds in itertools.count(1):
        part = np.clip((loss - floor) / whole, 0, 1)
        moved = np.abs(part - missing).max()
        missing, loss = part, start + claims @ part
        if moved <= TOLERANCE:
            return loss, rounds
    raise AssertionError


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the best of some runs, and what it gave."""
    best, found = np.inf, None
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = run()
        best = min(best, time.perf_counter() - began)
    return best, found


def one_scenario(firms: int) -> None:
    book = economy(firms)
    start = shock(book, 1)
    for name, whole in (("en", book.owed), ("debtrank", book.equity)):
        rules = Rules(MODELS[name], limits=Limits(tolerance=TOLERANCE))
        rival, (loss, rounds) = timed(partial(plain, book, start[:, 0], whole))
        ours, found = timed(partial(settle, book, Shocks(start), rules))
        apart = np.abs(found.loss[:, 0] - loss).max() / loss.max()
        failed = int((found.failed_in >= 0).sum())
        print(f"{firms:>9,}  {name:<9} {ours:8.3f} s  scipy loop {rival:8.3f} s  ratio {ours / rival:5.2f}  rounds "
              f"{int(found.rounds[0])}/{rounds}  failed {failed:,}  apart {apart:.0e}")  # fmt: skip


def many_scenarios(firms: int) -> None:
    book = economy(firms)
    start, rules = shock(book, SCENARIOS), Rules(MODELS["en"], limits=Limits(tolerance=TOLERANCE))
    first = [Shocks(start[:, place : place + 1]) for place in range(8)]
    one = float(np.mean([timed(partial(settle, book, each, rules))[0] for each in first]))
    began = time.perf_counter()
    settle(book, Shocks(start), rules)
    took = time.perf_counter() - began
    print(f"{firms:>9,}  {SCENARIOS} scenarios {took:.2f} s = {took / one:.0f} times one ({one:.3f} s)")


def every_failure(firms: int) -> None:
    book = economy(firms)
    reach = Reach(book, Rules(MODELS["en"]), BLOCK)
    began, reached = time.perf_counter(), 0
    for first in range(0, firms, BLOCK):
        reached += len(reach.follow(np.arange(first, min(first + BLOCK, firms))).row)
    took = time.perf_counter() - began
    print(f"{firms:>9,}  every failure in turn {took:.1f} s, {reached / firms:.1f} firms reached each")


if __name__ == "__main__":
    for size in SIZES:
        one_scenario(size)
    many_scenarios(SIZES[0])
    every_failure(SIZES[0])
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
