"""Production: what a closed firm takes with it, by sums that can be done in the head, and by the formulas firm by firm."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.errors import DataError, NotSettled
from relparty.graph.production import cascade, systemic_risk
from relparty.graph.snapshot import Snapshot
from relparty.graph.supply_network import ESSENTIAL, NEGLIGIBLE, NON_ESSENTIAL, Production, production_network
from scipy import sparse

from .snapshots import DAY, frame, parties

EVERY = np.eye


def production(links, sector, essentiality=NON_ESSENTIAL, **totals):
    """Firms by number, links (supplier, customer, amount), one kind a sector."""
    supplier, customer, amount = zip(*links, strict=True)
    n, sectors = len(sector), max(sector) + 1
    supplies = sparse.csr_array((np.array(amount, float), (supplier, customer)), shape=(n, n))
    table = np.broadcast_to(np.array(essentiality), (sectors, sectors))
    revenue, costs = (
        None if totals.get(name) is None else np.array(totals[name], float) for name in ("revenue", "costs")
    )
    return Production(supplies, np.array(sector), np.arange(sectors), table, revenue, costs)


def ring(**totals):
    """0 > 1 > 2 > 0, each of a sector of its own, one unit a year."""
    return production([(0, 1, 1), (1, 2, 1), (2, 0, 1)], [0, 1, 2], **totals)


def closing(network, *firms, **terms):
    """What is left of everybody once these firms have closed: downstream, upstream."""
    closures = np.zeros((network.sector.size, 1))
    closures[list(firms)] = 1
    left = cascade(network, closures, eps=1e-12, **terms)
    return left.downstream[:, 0], left.upstream[:, 0]


def test_a_chain_stands_still_below_the_break_and_sells_nothing_above_it():
    """0 > 1 > 2 > 3: without 1, 2 and 3 have no input and 0 has no customer; 3 sells nothing, so it weighs nothing."""
    chain = production([(0, 1, 1), (1, 2, 1), (2, 3, 1)], [0, 1, 2, 3])

    down, up = closing(chain, 1)
    found = systemic_risk(chain, EVERY(4)[:, [1]])

    assert (down.tolist(), up.tolist()) == ([1, 0, 0, 0], [0, 0, 1, 1])
    assert (found.total[0], found.downstream[0], found.upstream[0]) == pytest.approx((1, 2 / 3, 2 / 3))


def test_on_a_ring_with_half_final_demand_every_step_halves_the_loss():
    """0 closed: down 1 and 2 lose .5 and .25, up 2 and 1 the same; the larger of the two counts: (1 + .5 + .5) / 3."""
    half = ring(revenue=[2, 2, 2], costs=[2, 2, 2])

    down, up = closing(half, 0)
    found = systemic_risk(half, EVERY(3), eps=1e-12)

    assert (down.tolist(), up.tolist()) == ([0, 0.5, 0.75], [0, 0.75, 0.5])
    assert found.total == pytest.approx([2 / 3] * 3)
    assert found.downstream == pytest.approx([1.75 / 3] * 3)
    assert found.upstream == pytest.approx([1.75 / 3] * 3)
    assert found.note == ""


def test_without_final_demand_a_ring_collapses_and_the_figures_say_why():
    found = systemic_risk(ring(), EVERY(3))

    assert found.total.tolist() == [1, 1, 1]
    assert "no final demand" in found.note
    assert "defined by eps" in found.note
    assert found.eps == 1e-2
    assert systemic_risk(ring(revenue=[1, 2, np.nan]), EVERY(3)).note == "2 of 3 suppliers have no final demand."


@pytest.mark.parametrize(
    ("need", "left"), [(ESSENTIAL, 0.75), (NON_ESSENTIAL, 0.9), (NEGLIGIBLE, 1.0)], ids=["must", "may", "need not"]
)
def test_a_customer_loses_the_share_of_the_input_or_of_all_inputs_or_nothing(need, left):
    """4 buys 1 of 4 from firm 0 in sector 0 and 6 in sector 1: an essential input lacks 1/4, all inputs lack 1/10."""
    links = [(0, 4, 1), (1, 4, 3), (2, 4, 6)]
    star = production(links, [0, 0, 1, 2, 3], [[need] * 4, *([[NON_ESSENTIAL] * 4] * 3)])

    assert closing(star, 0, replaced=False)[0][4] == pytest.approx(left)


def test_essential_inputs_wait_for_the_scarcest_non_essential_ones_add_up():
    """Of sector 0 and of sector 1 half is missing: both essential .5 is left; else a half of 2/6 and a half of 4/6."""
    links = [(0, 4, 1), (1, 4, 1), (2, 4, 2), (3, 4, 2)]
    sector = [0, 0, 1, 1, 2]
    both = production(links, sector, ESSENTIAL)
    mixed = production(links, sector, [[ESSENTIAL] * 3, [NON_ESSENTIAL] * 3, [ESSENTIAL] * 3])

    assert closing(both, 0, 2, replaced=False)[0][4] == 0.5
    assert closing(production(links, sector), 0, 2, replaced=False)[0][4] == 0.5
    assert closing(mixed, 0, replaced=False)[0][4] == 0.5
    assert closing(mixed, 2, replaced=False)[0][4] == pytest.approx(1 - 2 / 6)
    assert closing(mixed, 0, 2, 3, replaced=False)[0][4] == pytest.approx(1 - 4 / 6)


def test_a_firm_is_missed_as_far_as_its_sector_cannot_step_in():
    """Of three equal firms one closes: half of its share of what is left is missed. Of two, all of it."""
    three = production([(0, 3, 1), (1, 4, 1), (2, 5, 1)], [0, 0, 0, 1, 2, 3])
    two = production([(0, 2, 1), (1, 3, 1)], [0, 0, 1, 2])

    assert closing(three, 0)[0][3] == 0.5
    assert closing(three, 0, replaced=False)[0][3] == 0
    assert closing(two, 0)[0][2] == 0
    assert closing(three, 0, 1, 2)[0][3:].tolist() == [0, 0, 0]


def test_costs_outside_the_network_soften_what_is_missing():
    """1 buys 1 of 4 from 0, its only input in the network: a quarter is lost, essential or not."""
    for need in (ESSENTIAL, NON_ESSENTIAL):
        pair = production([(0, 1, 1)], [0, 1], need, costs=[0, 4])
        assert closing(pair, 0)[0][1] == 0.75


def test_figures_below_what_the_links_show_count_as_missing():
    low = ring(revenue=[0.5, 2, 2], costs=[0.5, np.nan, 2])

    assert low.all_sold.tolist() == [1, 2, 2]
    assert low.all_bought.tolist() == [1, 1, 2]


def test_a_partial_closure_passes_on_its_part():
    half = ring(revenue=[2, 2, 2], costs=[2, 2, 2])
    left = cascade(half, np.array([[0.4], [0], [0]]), eps=1e-12)

    assert left.downstream[:, 0] == pytest.approx([0.6, 0.8, 0.9])


def test_a_cascade_that_creeps_is_refused_with_what_to_do():
    """1 and 2 sell nearly all to each other and a ten-thousandth to 0, which closes: each round takes 1e-4 of the rest."""
    links = [(1, 2, 0.9999), (2, 1, 0.9999), (1, 0, 1e-4), (2, 0, 1e-4)]
    creeping = production(links, [0, 1, 2])

    with pytest.raises(NotSettled, match=r"1 closures still moved by up to .* Give revenue and costs"):
        cascade(creeping, EVERY(3)[:, [0]], eps=1e-10)
    assert systemic_risk(creeping, EVERY(3)[:, [0]]).total[0] < 1e-3


@pytest.mark.parametrize("closures", [np.full((3, 1), 1.1), np.full((3, 1), -0.1), np.full((3, 1), np.nan), EVERY(4)])
def test_closures_outside_the_firms_or_beyond_the_whole_are_refused(closures):
    with pytest.raises(DataError, match="fractions of capacity"):
        cascade(ring(), closures)


def test_amounts_and_tolerances_that_mean_nothing_are_refused():
    for amount in (-1.0, np.nan):
        with pytest.raises(DataError, match="1 amounts are below 0 or missing"):
            production([(0, 1, amount), (1, 0, 1)], [0, 1])
    with pytest.raises(DataError, match="nobody supplies"):
        production([(0, 1, 0)], [0, 1])
    with pytest.raises(DataError, match="eps is 0"):
        cascade(ring(), EVERY(3), eps=0)


def oracle(network, closure, *, eps, replaced):
    """The published formulas, firm by firm; returns what is left downstream and upstream."""
    supply, n = network.supplies.toarray(), network.sector.size
    need = network.essentiality[np.ix_(network.kind[network.sector], network.kind[network.sector])]
    sector, sold, bought = network.sector, supply.sum(axis=1), supply.sum(axis=0)
    down, up = np.ones(n), np.ones(n)
    while True:
        share = np.ones(n)
        for j in range(n):
            still = sum(sold[k] * down[k] for k in range(n) if sector[k] == sector[j])
            share[j] = min(1, sold[j] / still) if replaced and still > 0 else 1
        below, above = np.ones(n), np.ones(n)
        for i in range(n):
            above[i] = 1 - sum(supply[i, j] / network.all_sold[i] * (1 - up[j]) for j in range(n) if supply[i, j])
            left, minus = [1.0], 0.0
            for k in set(sector.tolist()):
                peers = [j for j in range(n) if sector[j] == k and supply[j, i] > 0]
                for level, whole in ((ESSENTIAL, sum(supply[j, i] for j in peers)), (NON_ESSENTIAL, bought[i])):
                    size = {j: supply[j, i] / whole for j in peers if need[j, i] == level}
                    missed = sum(share[j] * size[j] * bought[i] / network.all_bought[i] * (1 - down[j]) for j in size)
                    left += [1 - missed] if level == ESSENTIAL else []
                    minus += missed if level == NON_ESSENTIAL else 0
            below[i] = max(0, min(1 - closure[i], *left, 1 - minus))
            above[i] = max(0, min(1 - closure[i], above[i]))
        moved = max((down - below).max(), (up - above).max())
        down, up = below, above
        if moved <= eps:
            return down, up


@st.composite
def networks(draw):
    """Up to 7 firms in up to 3 sectors, any essentiality, some with final demand, and closures of some of them."""
    n = draw(st.integers(2, 7))
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    supplies = sparse.csr_array(dice.integers(0, 5, (n, n)) * (dice.random((n, n)) < 0.4) + np.eye(n, k=1))
    sector = dice.integers(0, 3, n)
    table = dice.integers(0, 3, (3, 3))
    totals = [np.asarray(supplies.sum(axis=axis)) * (1 + dice.random(n)) for axis in (1, 0)]
    revenue, costs = (np.where(dice.random(n) < 0.2, np.nan, total) for total in totals)
    closures = dice.random((n, 3)) * (dice.random((n, 3)) < 0.4)
    return Production(supplies, sector, np.arange(3), table, revenue, costs), closures


@given(networks(), st.booleans(), st.sampled_from([1e-2, 1e-9]))
@settings(deadline=None, max_examples=60)
def test_the_products_give_what_the_formulas_give_firm_by_firm(drawn, replaced, eps):
    network, closures = drawn
    left = cascade(network, closures, eps=eps, replaced=replaced)

    for column in range(closures.shape[1]):
        down, up = oracle(network, closures[:, column], eps=eps, replaced=replaced)
        assert left.downstream[:, column] == pytest.approx(down, abs=1e-9)
        assert left.upstream[:, column] == pytest.approx(up, abs=1e-9)


@given(networks(), st.booleans())
@settings(deadline=None, max_examples=40)
def test_closures_side_by_side_are_each_as_if_alone_and_money_has_no_unit(drawn, replaced):
    network, closures = drawn
    together = cascade(network, closures, replaced=replaced)
    scaled = Production(
        network.supplies * 8, network.sector, network.kind, network.essentiality, network.revenue * 8, network.costs * 8
    )

    assert np.allclose(cascade(scaled, closures, replaced=replaced).downstream, together.downstream, atol=1e-12)
    for column in range(closures.shape[1]):
        alone = cascade(network, closures[:, [column]], replaced=replaced)
        assert np.array_equal(alone.downstream[:, 0], together.downstream[:, column])
        assert np.array_equal(alone.upstream[:, 0], together.upstream[:, column])
        assert alone.rounds[0] == together.rounds[column]


def test_many_closures_are_computed_in_blocks_and_come_back_in_order():
    """A ring of 70 firms, each with 70 % final demand, closed one by one and several blocks wide: all alike."""
    n = 70
    long = production([(i, (i + 1) % n, 3) for i in range(n)], range(n), revenue=[10] * n, costs=[10] * n)
    found = systemic_risk(long, sparse.eye_array(n), eps=1e-12)

    assert found.downstream == pytest.approx([1 / 0.7 / n] * n)
    assert found.rounds.tolist() == [found.rounds[0]] * n


def supplied(**sheet):
    """Steel (C31) and a nameless firm supply a car maker (C36), which pays a consultancy (L72); one link has no amount."""
    firms = parties("E-1", "E-2", "E-3", "E-4").with_columns(industry=pl.Series(["C31", None, " c36", "L72"]))
    rows = [(0, 2, 60.0), (1, 2, 30.0), (3, 2, 10.0), (2, 3, None), (2, 2, 5.0), (0, 2, 20.0)]
    supplies: list[dict[str, object]] = [
        {"source_row": a, "target_row": b, "contract_id": str(number), "turnover": turnover, "source": "bank"}
        for number, (a, b, turnover) in enumerate(rows)
    ]
    accounts: list[dict[str, object]] = [{"party_row": 2, "scope": "solo", "source": "bank", **sheet}]
    return Snapshot(DAY, firms, {"supplies": frame("supplies", supplies), "accounts": frame("accounts", accounts)})


def test_a_snapshot_gives_its_turnover_and_makes_physical_inputs_of_producers_essential():
    """80 of steel (two contracts) and 10 of advice reach the car maker, 30 from a firm without industry."""
    network = production_network(supplied())

    down, up = closing(network, 0)
    assert network.supplies.toarray()[:, 2].tolist() == [80, 30, 0, 10]
    assert network.supplies.nnz == 3
    assert (down.tolist(), up.tolist()) == ([0, 1, 0, 1], [0, 1, 1, 1])
    assert closing(network, 1)[0][2] == pytest.approx(1 - 30 / 120)
    assert closing(network, 3)[0][2] == pytest.approx(1 - 10 / 120)
    assert "1 links are known without an amount" in network.note


def test_firms_without_an_industry_are_no_sector_together_and_equal_ones_are():
    firms = supplied()
    alike = Snapshot(DAY, firms.parties.with_columns(industry=pl.Series([None, None, "A01", "A01"])), firms.tables)

    sector = production_network(alike).sector
    assert sector[0] != sector[1]
    assert sector[2] == sector[3]


def test_accounts_count_where_they_are_at_least_what_the_links_show():
    """The car maker buys 120 a year here: costs of 240 halve a loss, costs of 100 can't be and count as missing."""
    for costs, months, left in ((240.0, 12, 0.875), (120.0, 6, 0.875), (100.0, None, 0.75), (None, 12, 0.75)):
        network = production_network(supplied(costs=costs, months=months))
        assert closing(network, 1)[0][2] == pytest.approx(left)


@pytest.mark.parametrize(
    ("code", "essential"),
    [
        ("A01", 1),
        ("C31", 1),
        ("E47", 1),
        ("E36", 1),
        ("F41", 1),
        ("F 43", 1),
        ("F51", 0),
        ("G54", 0),
        ("24", 0),
        ("", 0),
    ],
)
def test_sections_a_to_e_and_construction_are_physical_in_either_classification(code, essential):
    firms = supplied()
    coded = Snapshot(DAY, firms.parties.with_columns(industry=pl.Series([code, None, "C36", "L72"])), firms.tables)

    assert closing(production_network(coded), 0)[0][2] == pytest.approx(0 if essential else 1 - 80 / 120)
