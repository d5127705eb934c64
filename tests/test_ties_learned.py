"""What training finds among firms whose only links are shared persons: harm where it is, almost none where it is not."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import torch
from relparty.gnn.config import Config, same_bits
from relparty.gnn.learning import learn
from relparty.gnn.network import HazardNetwork, wire
from relparty.gnn.sample import Sample
from relparty.graph.schema import SHARED_PERSON

from .test_gnn_network import Edge, graph

FIRMS, YEARS, PATHS = 5000, 4, 60
MONTHS, SIGMA = 12, 0.2  # of a year; of the logarithm of assets in it
HARM = 0.15  # of its assets: what a firm loses from the month after another of the same person has failed
CONFIG = Config(steps=240, settled=240, look=240)


@dataclass(frozen=True)
class Economy:
    """Firms of some leverage (n,), and who fails and who suffers along each tie (2, e)."""

    leverage: npt.NDArray[np.float64]
    ends: npt.NDArray[np.int64]

    def year(self, rng: np.random.Generator, harm: float) -> npt.NDArray[np.bool_]:
        """Who fails in a year: whoever owes more than it has at the end of a month. Shape (n,)."""
        logs = np.cumsum(rng.normal(0, SIGMA / MONTHS**0.5, (MONTHS, FIRMS)), axis=0)
        failed = np.zeros(FIRMS, bool)
        for month in range(MONTHS):
            lost = harm * np.bincount(self.ends[1], failed[self.ends[0]], FIRMS)
            failed = failed | (np.exp(logs[month]) - lost < self.leverage)
        return failed

    def contagion(self, seed: int) -> float:
        """Mean PD with ties minus that without, over the same shocks."""
        rates = [
            np.mean([self.year(np.random.default_rng([seed, path]), harm).mean() for path in range(PATHS)])
            for harm in (HARM, 0.0)
        ]
        return float(rates[0] - rates[1])

    def samples(self, seed: int, harm: float) -> list[Sample]:
        """Some years of the economy, as the network is shown them."""
        edges: list[Edge] = [(int(fails), int(suffers), SHARED_PERSON, 1.0) for fails, suffers in self.ends.T]
        made, ones = graph(self.leverage.tolist(), edges), torch.ones(FIRMS, dtype=torch.float64)
        years = [torch.from_numpy(self.year(np.random.default_rng([seed, year]), harm)) for year in range(YEARS)]
        return [Sample(made, wire(made), torch.arange(FIRMS), default.double(), ones) for default in years]


def economy(seed: int, *, alike: bool = False) -> Economy:
    """Persons with two, three or four firms each, drawn at random or among firms of like leverage."""
    rng = np.random.default_rng(seed)
    leverage = rng.beta(4, 3, FIRMS).clip(0.05, 0.97)
    order = np.argsort(leverage + rng.normal(0, 0.03, FIRMS)) if alike else rng.permutation(FIRMS)
    person = np.repeat(np.arange(FIRMS), rng.integers(2, 5, FIRMS))[:FIRMS]
    near = [(order[:-step], order[step:]) for step in (1, 2, 3)]
    same = [person[:-step] == person[step:] for step in (1, 2, 3)]
    one = np.concatenate([np.stack(pair)[:, mine] for pair, mine in zip(near, same, strict=True)], axis=1)
    return Economy(leverage, np.concatenate([one, one[::-1]], axis=1))


def found(samples: list[Sample]) -> tuple[HazardNetwork, float]:
    """The network that they teach, and the mean contagion that it sees in them."""
    with same_bits(CONFIG):
        network = learn(samples, None, CONFIG)
        hazards = network.settle(samples[0].graph, samples[0].wiring)
    return network, float((torch.exp(-hazards.own) - torch.exp(-hazards.total)).abs().mean())


def test_what_a_shared_person_carries_is_found_without_any_loss_on_record() -> None:
    """Within a quarter of the truth."""
    bank = economy(2)
    assert found(bank.samples(2, HARM))[1] == pytest.approx(bank.contagion(2), rel=0.25)


@pytest.mark.parametrize("alike", [False, True])
def test_where_a_shared_person_carries_nothing_almost_nothing_is_found(alike):
    """At most a twenty-fifth of what harm would add, also where firms of one person are equally weak."""
    bank = economy(2, alike=alike)
    assert found(bank.samples(2, 0.0))[1] <= 0.04 * bank.contagion(2)
