"""A naive reading of the rules, from their text: loops over names, no matrix, no frame. Only tests import it.

Everything is recomputed from scratch until nothing changes, so it is slow and hard to get wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

Pair = tuple[str, str]
EPS = 1e-12


@dataclass(frozen=True)
class World:
    """A small world: who owns how much of whom, who says that it controls, who depends on whom, and so on."""

    parties: tuple[str, ...]
    owns: Mapping[Pair, float] = field(default_factory=dict)
    controls: frozenset[Pair] = frozenset()
    depends: frozenset[Pair] = frozenset()
    rebutted: frozenset[Pair] = frozenset()
    concert: frozenset[Pair] = frozenset()
    government: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()


def control(world: World, regime: str) -> set[Pair]:
    """Dir. 2013/34 art. 22, Company Law art. 141 and 265, LEX10: majority of votes or a record, to the fixpoint."""
    found: set[Pair] = set()
    while True:
        new = {
            (x, y)
            for x in world.parties
            for y in world.parties
            if x != y and _controls(world, regime, found, frozenset([x]), y)
        }
        if new == found:
            return found
        found = new


def set_control(world: World, regime: str, members: frozenset[str]) -> set[str]:
    """What parties that act together control as one."""
    pairs, found = control(world, regime), set[str]()
    while True:
        new = {
            y for y in world.parties
            if y not in members and _controls(world, regime, pairs, members, y, frozenset(found))
        }  # fmt: skip
        if new == found:
            return found
        found = new


def _controls(
    world: World, regime: str, pairs: set[Pair], who: frozenset[str], y: str, under: frozenset[str] | None = None
) -> bool:
    """Whether `who`, with what is already under it, controls y."""
    if under is None:
        under = frozenset(z for x, z in pairs if x in who)
    us = who | under
    if any((z, y) in world.controls for z in us):
        return True
    ours = sum(world.owns.get((z, y), 0.0) for z in us if z != y)
    total = 1.0
    if regime.startswith("eba"):
        total -= world.owns.get((y, y), 0.0)
    if regime.startswith("eba") or (regime == "cn" and y in world.listed):
        silent = {z for x, z in pairs if x == y} - us
        total -= sum(world.owns.get((z, y), 0.0) for z in silent)
    return ours / max(total, EPS) > 0.5 + EPS


def integrated(world: World) -> tuple[dict[Pair, float], dict[Pair, float]]:
    """Raw and corrected integrated shares, by the dense formula; only for worlds where nobody owns itself wholly."""
    n = len(world.parties)
    shares = np.array([[world.owns.get((x, y), 0.0) for y in world.parties] for x in world.parties])
    inverse = np.linalg.inv(np.eye(n) - shares)
    raw, again = inverse @ shares, np.diag(inverse)
    names = [(x, y) for x in range(n) for y in range(n)]
    return (
        {(world.parties[x], world.parties[y]): raw[x, y] for x, y in names},
        {(world.parties[x], world.parties[y]): raw[x, y] / again[x] for x, y in names},
    )


def simple_paths(world: World, x: str, y: str, seen: frozenset[str] = frozenset()) -> float:
    """The sum over paths that visit nobody twice."""
    onward = [z for z in world.parties if (x, z) in world.owns and z not in seen and z != x]
    return sum(
        world.owns[x, z] * (1.0 if z == y else simple_paths(world, z, y, seen | {x})) for z in onward
    )  # fmt: skip


def links(world: World, regime: str) -> set[Pair]:
    """Control that connects: each pair that isn't merely the sum of two others, and not rebutted."""
    pairs = control(world, regime)
    held = {
        (x, y) for x, y in pairs
        if _controls(world, regime, set(), frozenset([x]), y) or not _between(pairs, x, y)
    }  # fmt: skip
    for members in concert_sets(world):
        under = set_control(world, regime, members)
        held |= {
            (m, y) for y in under for m in members
            if not any((z, y) in pairs and (y, z) not in pairs for z in under)
        }  # fmt: skip
    return held - world.rebutted


def _between(pairs: set[Pair], x: str, y: str) -> bool:
    """Whether somebody stands strictly between x and y: in no ring with either."""
    return any(
        (z, y) in pairs and (z, x) not in pairs and (y, z) not in pairs for p, z in pairs if p == x
    )  # fmt: skip


def concert_sets(world: World) -> list[frozenset[str]]:
    """Whoever agreed, directly or through others."""
    return [group for group in components(world.parties, world.concert) if len(group) > 1]


def components(parties: Iterable[str], pairs: Iterable[Pair]) -> list[frozenset[str]]:
    """Connected components, by merging."""
    groups = [{party} for party in parties]
    for x, y in pairs:
        first, second = next(g for g in groups if x in g), next(g for g in groups if y in g)
        if first is not second:
            groups.remove(second)
            first |= second
    return [frozenset(group) for group in groups]


def groups(world: World, regime: str) -> set[frozenset[str]]:
    """The interplay of control and dependence, step by step."""
    held, depends = links(world, regime), set(world.depends)
    state = set() if regime == "eba" else world.government
    private = {pair for pair in held if not set(pair) & state}
    hangs = {pair for pair in depends if not set(pair) & state}
    cores = list(components(world.parties, private))
    if regime == "eba_alternative":
        arms = {(g, a) for g, a in held if g in state} | {(g, a) for a, g in depends if g in state}
        cores += [frozenset({g, a} | downstream(private, a)) for g, a in arms]
    grown = {_grow(core, private, hangs) for core in cores}
    return {group for group in grown if len(group) > 1 and not any(group < other for other in grown)}


def _grow(core: frozenset[str], held: set[Pair], depends: set[Pair]) -> frozenset[str]:
    group = set(core)
    while True:
        more = {z for d, p in depends if p in group for z in {d} | downstream(held, d)} - group
        if not more:
            return frozenset(group)
        group |= more


def downstream(held: set[Pair], party: str) -> set[str]:
    """All that a party controls, through whatever chain."""
    found: set[str] = set()
    while True:
        new = {y for x, y in held if x == party or x in found} - found
        if not new:
            return found
        found |= new
