"""The network: hazards that add up, neighbours that don't infect themselves, nothing that a loss could improve."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.gnn.features import BESIDE, SHAKES
from relparty.gnn.network import HazardNetwork, Hazards, wire
from relparty.gnn.own import FIRST_CLIMATE, Standing
from relparty.graph.schema import KINDS
from scipy.stats import norm
from torch import Tensor
from torch_geometric.data import HeteroData

Edge = tuple[int, int, str, float]  # fails, suffers, channel, loss over the assets of who suffers
CALL, SALE = "guarantee_call", "receivable_loss"
LATE = 1.1  # the power of a neighbour's PD


def graph(leverage: list[float], edges: list[Edge], failed: tuple[int, ...] = ()) -> HeteroData:
    """Firms of given leverage (liabilities over assets), alike in all else."""
    made = HeteroData()
    size = len(leverage)
    made["enterprise"].x = torch.zeros(size, 3, dtype=torch.float64)
    made["enterprise"].leverage = torch.tensor(leverage, dtype=torch.float64).log()
    made["enterprise"].sheets = torch.tensor(leverage, dtype=torch.float64)[:, None].repeat(1, 1 + len(BESIDE))
    made["enterprise"].earned = torch.zeros(size, dtype=torch.float64)
    made["enterprise"].shakes = torch.full((size, len(SHAKES)), 0.2, dtype=torch.float64).log()
    made["enterprise"].failed = torch.tensor([row in failed for row in range(size)])
    for name in KINDS:
        mine = [edge for edge in edges if edge[2] == name]
        ends = torch.tensor([edge[:2] for edge in mine], dtype=torch.long).reshape(-1, 2).T
        made["enterprise", name, "enterprise"].edge_index = ends.contiguous()
        losses = torch.tensor([edge[3] for edge in mine], dtype=torch.float64)
        made["enterprise", name, "enterprise"].loss = losses
    return made


def network(seed: int = 0, bite: float = 3.0) -> HazardNetwork:
    """An untrained network whose links bite."""
    torch.manual_seed(seed)
    made = HazardNetwork(3, 8)
    made.bite.data.fill_(bite)
    made.own.money.data.fill_(0.0)  # half
    made.own.unseen.data.fill_(-60.0)  # nothing
    made.own.haze.data.fill_(-6.0)  # none
    made.own.nearest.data.fill_(-30.0)
    made.delay.data.fill_(np.log(np.expm1(LATE - 1)))
    return made


def solved(leverage: list[float], edges: list[Edge], failed: tuple[int, ...] = (), seed: int = 0) -> Hazards:
    """The settled hazards of a graph."""
    made = graph(leverage, edges, failed)
    return network(seed).settle(made, wire(made))


def conduction(leverage: list[float], edge: Edge) -> float:
    """q of one link: 1 - exp(-theta (F after the loss - F before))."""
    made = graph(leverage, [edge])
    _, strain = network().own_and_strain(made, wire(made))
    return float(-torch.expm1(-strain.detach())[0])


def early(hazard: Tensor) -> Tensor:
    """Probability behind a hazard, and of that the part that comes early enough to strike."""
    return (-torch.expm1(-hazard)) ** LATE


def test_a_chain_adds_to_each_firm_the_hazard_of_the_link_before_it() -> None:
    """B guarantees A, C guarantees B: H_B = F_B - log(1 - PD_A^l q), H_C = F_C - log(1 - PD_B^l q'), B's whole PD."""
    levels, first, second = [0.8, 0.5, 0.5], (0, 1, CALL, 0.6), (1, 2, CALL, 0.4)
    found = solved(levels, [first, second])
    own_a, own_b, own_c = found.own
    whole_b = own_b - torch.log1p(-early(own_a) * conduction(levels, first))
    whole_c = own_c - torch.log1p(-early(whole_b) * conduction(levels, second))
    assert found.total.tolist() == pytest.approx([float(own_a), float(whole_b), float(whole_c)], abs=1e-12)


def test_two_that_guarantee_each_other_infect_each_other_once_and_never_themselves() -> None:
    """H_A = F_A - log(1 - PD q) with B's own PD alone, though B's whole PD holds what A sends it; over all channels."""
    levels, there, back, sale = [0.8, 0.6], (1, 0, CALL, 0.3), (0, 1, CALL, 0.5), (0, 1, SALE, 0.2)
    found = solved(levels, [there, back, sale])
    own_a, own_b = found.own
    assert float(found.total[0]) == pytest.approx(
        float(own_a - torch.log1p(-early(own_b) * conduction(levels, there))), abs=1e-12
    )
    sent = [torch.log1p(-early(own_a) * conduction(levels, edge)) for edge in (back, sale)]
    assert float(found.total[1]) == pytest.approx(float(own_b - sum(sent)), abs=1e-12)


def test_a_ring_settles_where_one_more_round_moves_nothing() -> None:
    """Three equal firms in a ring: h = -log(1 - q (1 - exp(-F - h))^l) has one least root, found by halving."""
    found = solved([0.6] * 3, [(0, 1, CALL, 0.2), (1, 2, CALL, 0.2), (2, 0, CALL, 0.2)])
    own, q = float(found.own[0]), conduction([0.6] * 3, (0, 1, CALL, 0.2))
    low, high = 0.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if -np.log1p(-q * (-np.expm1(-own - middle)) ** LATE) > middle else (low, middle)
    assert found.link.tolist() == pytest.approx([low] * 3, abs=1e-9)


def test_a_firm_in_default_conducts_as_a_certain_failure() -> None:
    """H_B = F_B + theta (F_B after the loss - F_B): -log(1 - 1 q)."""
    levels, edge = [0.5, 0.5], (0, 1, CALL, 0.4)
    found = solved(levels, [edge], failed=(0,))
    assert float(found.link[0]) == pytest.approx(-np.log1p(-conduction(levels, edge)), abs=1e-12)


def test_own_hazard_and_those_of_all_links_are_the_firms_hazard() -> None:
    rng = np.random.default_rng(3)
    edges = _random_edges(rng, 30, 80)
    found = solved(rng.uniform(0.3, 0.95, 30).tolist(), edges)
    added = torch.zeros(30, dtype=torch.float64).index_add(0, found.wiring.suffers, found.link)
    assert (found.total - found.own - added).abs().max() < 1e-9


def test_a_firm_without_links_keeps_its_own_hazard_bit_for_bit() -> None:
    found = solved([0.8, 0.7, 0.6], [(0, 1, CALL, 0.5)])
    assert found.total[2] == found.own[2]
    assert found.total[0] == found.own[0]


@given(st.integers(0, 1000), st.floats(0.05, 1.5), st.floats(0.0, 1.0), st.floats(0.0, 0.9))
@settings(max_examples=50, deadline=None)
def test_whatever_the_weights_no_leverage_and_no_loss_ever_lowers_a_hazard(
    seed: int, level: float, more: float, loss: float
) -> None:
    """A neighbour's leverage, one's own, and the size of a link: each only raises."""
    before = solved([level, 0.5], [(0, 1, CALL, loss)], seed=seed).total
    for raised in (
        solved([level + more, 0.5], [(0, 1, CALL, loss)], seed=seed),
        solved([level, 0.5 + more], [(0, 1, CALL, loss)], seed=seed),
    ):
        assert (raised.total >= before - 1e-12).sum() >= 1
    assert (solved([level, 0.5], [(0, 1, CALL, loss + more)], seed=seed).total >= before - 1e-12).all()
    assert solved([level + more, 0.5], [(0, 1, CALL, loss)], seed=seed).total[1] >= before[1] - 1e-12


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_another_component_never_moves_a_bit_of_mine_however_long_it_takes_to_settle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mine, theirs = _random_edges(rng, 6, 10), _random_edges(rng, 9, 40)
    levels, others = rng.uniform(0.3, 0.95, 6).tolist(), rng.uniform(0.7, 0.99, 9).tolist()
    alone = solved(levels, mine)
    moved = [(fails + 6, suffers + 6, channel, loss) for fails, suffers, channel, loss in theirs]
    beside = solved(levels + others, mine + moved)
    assert torch.equal(beside.total[:6], alone.total)
    assert torch.equal(beside.own[:6], alone.own)


def test_distance_to_default_falls_with_leverage_and_grows_with_calm() -> None:
    """Half leveraged at a sigma of .2, .3 nearer by all else: half of (1 - .5) / .2, half of log 2 / .2, less .3."""
    made = network().own
    half, none = torch.tensor([0.5, 0.5, 0.6], dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    nearer = torch.full((3,), 0.3, dtype=torch.float64)
    sigma = torch.tensor([0.2, 0.1, 0.2], dtype=torch.float64)
    near, calm, levered = made.distance(Standing(half, sigma, nearer), none)[0].tolist()
    assert near == pytest.approx((0.5 + np.log(2)) / 2 / 0.2 - 0.3)
    assert levered < near < calm


def test_before_it_has_learned_a_firm_fails_as_a_random_walk_does() -> None:
    """A barrier d deviations off is passed with probability 2 Phi(-d), and for certain where nothing is left."""
    made = network()
    made.own.outward.data.fill_(-40.0)  # what the network adds: nothing
    firms = graph([0.5, 1.2], [])
    first, second = (-torch.expm1(-made.own_and_strain(firms, wire(firms))[0])).tolist()
    assert first == pytest.approx(2 * norm.cdf(FIRST_CLIMATE - (0.5 + np.log(2)) / 2 / 0.2), rel=1e-9)
    assert second == pytest.approx(1.0, abs=1e-5)


def test_what_years_do_to_all_firms_is_averaged_over_them() -> None:
    """The PD without a year is the mean of the PDs over years that differ by the spread, for a walk."""
    made, firms = network(), graph([0.5], [])
    made.own.outward.data.fill_(-40.0)
    made.own.spread.data.fill_(0.5)
    draws = torch.linspace(0.0005, 0.9995, 1000, dtype=torch.float64)
    years = torch.from_numpy(norm.ppf(draws.numpy())) * 0.5
    each = [-torch.expm1(-made.own_and_strain(firms, wire(firms), year)[0]).item() for year in years]
    whole = -torch.expm1(-made.own_and_strain(firms, wire(firms))[0]).item()
    assert whole == pytest.approx(np.mean(each), rel=0.01)


def test_an_earlier_sheet_counts_as_far_as_it_is_believed() -> None:
    """Half believed, a sheet of .9 beside one of .5 makes .7; a profit of .1 of which half counts brings it to .65."""
    made, firms = network().own, graph([0.5], [])["enterprise"]
    firms.sheets[0, 1], firms.earned[0] = 0.9, 0.1
    made.belief.data = torch.tensor([0.0, 0.0, *[-60.0] * (len(BESIDE) - 1)], dtype=torch.float64)
    made.gain.data.fill_(0.0)
    assert made.standing(firms).owed.tolist() == pytest.approx([0.65])


def _random_edges(rng: np.random.Generator, firms: int, count: int) -> list[Edge]:
    ends = rng.integers(0, firms, (count, 2))
    kinds = rng.integers(0, len(KINDS), count)
    losses = rng.uniform(0.0, 0.7, count)
    return [
        (int(fails), int(suffers), KINDS[kind], float(loss))
        for (fails, suffers), kind, loss in zip(ends, kinds, losses, strict=True)
        if fails != suffers
    ]
