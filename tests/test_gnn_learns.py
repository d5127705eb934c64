"""What training finds where the truth is known: contagion where there is some, almost none where there is none."""

import numpy as np
import pytest
import torch
from relparty.gnn.config import Config, same_bits
from relparty.gnn.learning import learn
from relparty.gnn.network import HazardNetwork, wire
from relparty.gnn.sample import Sample

from .test_gnn_network import Edge, graph

FIRMS, CONFIG = 12_000, Config(steps=240, settled=240, look=240)


def world(seed: int, *, contagion: bool) -> tuple[Sample, float]:
    """Firms in mutual guarantees and chains, with defaults drawn from a known network; and its mean contagion."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, FIRMS, (FIRMS, 2))
    pairs = np.concatenate([ends, ends[: FIRMS // 4, ::-1]])
    losses = rng.uniform(0.1, 0.8, len(pairs))
    edges: list[Edge] = [
        (int(fails), int(suffers), "guarantee_call", float(loss))
        for (fails, suffers), loss in zip(pairs, losses, strict=True) if fails != suffers
    ]  # fmt: skip
    made = graph(rng.uniform(0.2, 0.95, FIRMS).tolist(), edges)
    wiring = wire(made)
    hazards = _truth().settle(made, wiring)
    whole = hazards.total if contagion else hazards.own
    default = torch.from_numpy(rng.random(FIRMS)) < -torch.expm1(-whole)
    rows = torch.arange(FIRMS)
    added = float((torch.exp(-hazards.own) - torch.exp(-hazards.total)).mean())
    return Sample(made, wiring, rows, default.double(), torch.ones(FIRMS, dtype=torch.float64)), added


def _truth() -> HazardNetwork:
    """A random walk with a sigma of a tenth: one in twenty-five fails by itself, all of them highly leveraged."""
    made = HazardNetwork(3, 2)
    made.own.outward.data.fill_(-40.0)
    made.own.swing.data[0] = np.log(0.5)
    return made


def found(years: list[Sample]) -> float:
    """Mean contagion that a network trained on some years sees in the first."""
    with same_bits(CONFIG):
        network = learn(years, None, CONFIG)
        hazards = network.settle(years[0].graph, years[0].wiring)
    return float((torch.exp(-hazards.own) - torch.exp(-hazards.total)).mean())


def test_contagion_is_found_where_it_is_and_not_where_it_is_not() -> None:
    """Within a fifth of the true mean; without contagion, at most a tenth of what there would have been."""
    there, truth = world(1, contagion=True)
    assert found([there]) == pytest.approx(truth, rel=0.2)
    (first, would_be), (second, _) = (world(seed, contagion=False) for seed in (1, 2))
    assert found([first, second]) < 0.1 * would_be
