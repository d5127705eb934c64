"""Ownership, control and groups against a naive reading of the rules, on many small random worlds at once.

The worlds are islands of one register: parties of different worlds never meet, so one run answers for all of them.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from relparty.graph import control, groups, ownership
from relparty.graph.close_links import product_sums
from relparty.graph.register import Register
from relparty.graph.rules import GROUP_REGIMES
from relparty.graph.snapshot import Snapshot
from relparty.graph.stakes import stakes

from . import oracle
from .case_files import frame
from .case_groups import REBUTTAL
from .rows import day

DAY = day("2027-07-10")
WORLDS = 250
NICE = (0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.51, 0.6, 0.8, 1.0)


@cache
def worlds() -> tuple[oracle.World, ...]:
    dice = np.random.default_rng(5)
    return tuple(_world(dice, f"w{number:03d}") for number in range(WORLDS))


def _world(dice: np.random.Generator, name: str) -> oracle.World:
    parties = tuple(f"{name}-{letter}" for letter in "abcdefg"[: dice.integers(2, 8)])

    def some(most: int) -> list[tuple[str, str]]:
        pairs = [tuple(map(str, dice.choice(parties, 2, replace=False))) for _ in range(dice.integers(0, most + 1))]
        return [(first, second) for first, second in pairs]

    controls = frozenset(some(2))
    return oracle.World(
        parties,
        _stakes(dice, parties),
        controls,
        frozenset(some(3)),
        frozenset(pair for pair in some(4) if dice.random() < 0.3),
        frozenset(some(1)),
        frozenset(party for party in parties if dice.random() < 0.15),
        frozenset(party for party in parties if dice.random() < 0.5),
    )


def _stakes(dice: np.random.Generator, parties: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Stakes that mostly sum to at most 1 into a firm, now and then to more, some in the firm itself."""
    owns: dict[tuple[str, str], float] = {}
    for firm in parties:
        left = 1.0 if dice.random() < 0.9 else 2.0
        for owner in dice.permutation(parties)[: dice.integers(0, 4)]:
            share = float(dice.choice(NICE))
            if share <= left and (owner != firm or share < 0.5):
                owns[str(owner), firm] = share
                left -= share
    return owns


@cache
def snapshot() -> Snapshot:
    rows: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("parties", "owns", "controls", "depends_on", "related_to", "reviews")
    }
    for world in worlds():
        rows["parties"] += [
            {
                "party_id": p,
                "kind": "public_body" if p in world.government else "enterprise",
                "is_listed": p in world.listed,
            }
            for p in world.parties
        ]
        rows["owns"] += [{"owner_id": x, "enterprise_id": y, "share": share} for (x, y), share in world.owns.items()]
        rows["controls"] += [{"controller_id": x, "enterprise_id": y, "basis": "contract"} for x, y in world.controls]
        rows["depends_on"] += [{"dependent_id": d, "depended_on_id": p, "criterion": "2"} for d, p in world.depends]
        rows["related_to"] += [{"party_id": x, "other_id": y, "relation": "concert"} for x, y in world.concert]
        rows["reviews"] += [{"link": "controls", "from_id": x, "to_id": y, **REBUTTAL} for x, y in world.rebutted]
    return Register({name: frame(name, each) for name, each in rows.items()}).as_of(DAY)


def named(found: pl.DataFrame, first: str, second: str) -> set[tuple[str, str]]:
    ids = snapshot().parties["party_id"]
    return set(zip(ids.gather(found[first]), ids.gather(found[second]), strict=True))


@pytest.mark.parametrize("regime", GROUP_REGIMES)
def test_control_is_the_same_pair_for_pair(regime):
    pairs = control.controlled(snapshot(), regime, DAY)

    assert named(pairs, "controller_row", "controlled_row") == set().union(
        *(oracle.control(world, regime) for world in worlds())
    )


@pytest.mark.parametrize("regime", GROUP_REGIMES)
def test_groups_are_the_same_set_for_set(regime):
    found = groups.connected_clients(snapshot(), regime, DAY).members.filter(pl.col("set") == "confirmed")
    ids = snapshot().parties["party_id"]
    ours = [frozenset(ids.gather(rows)) for rows in found.group_by("group_id").agg("party_row")["party_row"]]

    theirs = set().union(*(oracle.groups(world, regime) for world in worlds()))
    assert len(ours) == len(set(ours))
    assert set(ours) == theirs


@pytest.mark.parametrize("regime", ["eba", "cn"])
def test_the_links_that_connect_connect_as_much_as_all_pairs_of_control(regime):
    """Leaving out what a chain explains separates nobody."""
    for world in worlds():
        plain = replace(world, rebutted=frozenset(), concert=frozenset())
        by_links = oracle.components(plain.parties, oracle.links(plain, regime))

        assert set(by_links) == set(oracle.components(plain.parties, oracle.control(plain, regime)))


def test_integrated_shares_are_those_of_the_dense_formula():
    """Worlds in which somebody owns itself wholly have no such number and are left out."""
    open_worlds = [world for world in worlds() if _radius(world) < 0.99]
    wanted = [snapshot().row_of(party) for world in open_worlds for party in world.parties]
    found = ownership.integrated(snapshot(), wanted)
    ids = snapshot().parties["party_id"]
    ours = {pair: values for pair, *values in zip(
        zip(ids.gather(found["owner_row"]), ids.gather(found["target_row"]), strict=True), found["raw"], found["share"], strict=True,
    )}  # fmt: skip

    for world in open_worlds:
        raw, corrected = oracle.integrated(world)
        for pair in raw:
            assert ours.get(pair, (0.0, 0.0)) == pytest.approx((raw[pair], corrected[pair]), abs=1e-9), pair
    assert len(open_worlds) > WORLDS / 2


def test_who_owns_itself_wholly_is_found():
    owned = ownership.Ownership.of(snapshot()).self_owned
    names = set(snapshot().parties["party_id"].gather(owned))

    theirs = {party for world in worlds() for party in _self_owned(world)}
    assert names == theirs
    assert theirs


def test_simple_path_sums_are_those_of_listing_every_path():
    sums = product_sums(stakes(snapshot()), snapshot().parties.height, None)
    ids = snapshot().parties["party_id"]
    ours = dict(
        zip(zip(ids.gather(sums["owner_row"]), ids.gather(sums["target_row"]), strict=True), sums["share"], strict=True)
    )

    for world in worlds():
        for x in world.parties:
            for y in world.parties:
                if x != y:
                    assert ours.get((x, y), 0.0) == pytest.approx(oracle.simple_paths(world, x, y), abs=1e-9), (x, y)


def _radius(world: oracle.World, members: tuple[str, ...] = ()) -> float:
    of = members or world.parties
    return float(np.abs(np.linalg.eigvals([[world.owns.get((x, y), 0.0) for y in of] for x in of])).max())


def _self_owned(world: oracle.World) -> set[str]:
    """Parties that reach each other, and whose shares of each other have an eigenvalue of 1 or more."""
    reach = {x: oracle.downstream(set(world.owns), x) for x in world.parties}
    rings = {frozenset({x} | {y for y in reach[x] if x in reach[y]}) for x in world.parties if x in reach[x]}
    return {party for ring in rings if _radius(world, tuple(sorted(ring))) >= 1 - 1e-9 for party in ring}
