"""A network for SMEsD, which has no balance sheets: competing hazards with one learned constant a relation.

    H_i = F(x_i) + sum over links e (j fails, i suffers, relation r) of -log(1 - P_{j without i} q_r)

P is the chance of whoever fails; a firm already in trouble conducts with 1, one that was long ago with a learned part.
Persons have one hazard in common; they carry trouble from firm to firm. Nobody infects himself through his neighbour.
All in float64: n nodes (firms first), e links, p ordered pairs of linked nodes, w numbers a firm, u units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, softplus
from torch_geometric.data import Batch, Data
from torch_geometric.utils import scatter

from .config import Config, same_bits
from .smesd_level import FEWEST, loss_at_level

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
WELL, LONG_AGO, IN_TROUBLE = 0, 1, 2  # states of a node
UNITS, ROUNDS = 12, 3  # hidden units; rounds of spreading: firm to person, person to firm, and one on
STEPS, LOOK = 150, 10  # of Adam over the full batch; steps between looks at the validation firms
PATIENCE = 50  # steps without a better look
RATE, RATE_OF_LINKS = 0.03, 0.1  # step sizes; links settle before F learns its firms by heart
RIDGE = 20.0  # pull of F's weights to nought
FARTHEST = 4.0  # standard deviations of a number that are told apart


@dataclass(frozen=True)
class World:
    """Firms, persons and their links on one day.

    Attributes:
        x: (m, w) numbers of each firm, no gaps.
        nodes: n, of which the first m are firms.
        links: (3, e) who fails, who suffers, and the number of the relation.
        state: (n,) WELL, LONG_AGO or IN_TROUBLE.
        rows: (s,) the firms that count, ascending.
        outcome: (s,) 1 where one failed; NaN where nobody says.
    """

    x: Floats
    nodes: int
    links: Ints
    state: Ints
    rows: Ints
    outcome: Floats

    def cut(self) -> "World":
        """The same without any link."""
        return replace(self, links=self.links[:, :0])


class LinkHazards(nn.Module):
    """Own hazards of firms and persons, and one constant a relation."""

    def __init__(self, width: int, relations: int, level: float) -> None:
        """Weights of the starting point, drawn from torch's generator; `level` is the hazard of a usual firm."""
        super().__init__()
        self.centre = nn.Buffer(torch.zeros(width, dtype=torch.float64))
        self.spread = nn.Buffer(torch.ones(width, dtype=torch.float64))
        self.straight = nn.Parameter(torch.zeros(width, dtype=torch.float64))
        self.inward = nn.Parameter(0.1 * torch.randn(width, UNITS, dtype=torch.float64))
        self.outward = nn.Parameter(0.1 * torch.randn(UNITS, dtype=torch.float64))
        self.level = nn.Parameter(torch.tensor(np.log(np.expm1(level)), dtype=torch.float64))
        self.person = nn.Parameter(torch.tensor(-3.0, dtype=torch.float64))
        self.relation = nn.Parameter(torch.full((relations,), -1.5, dtype=torch.float64))
        self.memory = nn.Parameter(torch.tensor(-1.0, dtype=torch.float64))

    def forward(self, graph: Data) -> Tensor:
        """PD of each node (n,)."""
        own = torch.where(graph.is_firm, self.own(graph.x), softplus(self.person))  # (n,)
        weight = torch.sigmoid(self.relation)[graph.edge_type]  # (e,)
        sure = torch.stack([self.memory.new_zeros(()), torch.sigmoid(self.memory), self.memory.new_ones(())])
        link = torch.zeros_like(weight)
        for _ in range(ROUNDS):
            total = own + scatter(link, graph.edge_index[1], dim_size=len(own), reduce="sum")  # (n,)
            sent = scatter(link, graph.pair, dim_size=graph.pairs, reduce="sum")  # (p,)
            returned = torch.cat([sent, sent.new_zeros(1)])[graph.back]  # (e,)
            chance = -torch.expm1(-(total[graph.edge_index[0]] - returned).clamp(min=0.0))  # (e,)
            chance = torch.maximum(chance, sure[graph.state[graph.edge_index[0]]])
            link = -torch.log1p(-(chance * weight).clamp(max=1 - FEWEST))  # (e,)
        total = own + scatter(link, graph.edge_index[1], dim_size=len(own), reduce="sum")
        return (-torch.expm1(-total)).clamp(FEWEST, 1 - FEWEST)

    def own(self, x: Tensor) -> Tensor:
        """F, the hazard with all links cut (n,), from scaled numbers (n, w)."""
        return softplus(self.level + x @ self.straight + torch.tanh(x @ self.inward) @ self.outward)

    def pull(self) -> Tensor:
        """What keeps weights without evidence small."""
        return (self.straight**2).sum() + (self.inward**2).sum() + (self.outward**2).sum()


def fit(training: Sequence[World], validation: World, relations: int, seed: int) -> LinkHazards:
    """Own hazards and relations trained together on the likelihood of the whole hazard, stopped on the validation."""
    with same_bits(Config(seed=seed)):
        numbers = np.concatenate([world.x[world.rows] for world in training])
        rate = np.concatenate([world.outcome for world in training]).mean()
        network = LinkHazards(numbers.shape[1], relations, -np.log1p(-rate))
        network.centre.copy_(torch.from_numpy(numbers.mean(axis=0)))
        network.spread.copy_(torch.from_numpy(np.maximum(numbers.std(axis=0), 1e-6)))
        _learn(network, _batch(network, training), _batch(network, [validation]))
    return network


def _learn(network: LinkHazards, training: Data, validation: Data) -> None:
    """Adam over the full batch; the weights kept are those that the validation firms like best."""
    steps, ridge = _optimiser(network), RIDGE / len(training.outcome)
    best, at, kept = np.inf, 0, network.state_dict()
    for step in range(1, STEPS + 1):
        steps.zero_grad()
        cost = _cost(network, training) + ridge * network.pull()
        cost.backward()  # type: ignore[no-untyped-call]
        steps.step()
        if step % LOOK == 0:
            loss = loss_at_level(_pds(network, validation), validation.outcome.numpy())
            if loss < best:
                best, at, kept = loss, step, {name: each.clone() for name, each in network.state_dict().items()}
            elif step - at >= PATIENCE:
                break
    network.load_state_dict(kept)


def _optimiser(network: LinkHazards) -> torch.optim.Optimizer:
    links = [network.relation, network.person, network.memory]
    firms = [weight for weight in network.parameters() if not any(weight is link for link in links)]
    return torch.optim.Adam([{"params": firms, "lr": RATE}, {"params": links, "lr": RATE_OF_LINKS}])


def _cost(network: LinkHazards, graph: Data) -> Tensor:
    return binary_cross_entropy(network(graph)[graph.counts], graph.outcome)


def pds(network: LinkHazards, world: World) -> Floats:
    """PD of the firms that count, shape (s,)."""
    with same_bits(Config()):
        return _pds(network, _batch(network, [world]))


@torch.no_grad()
def _pds(network: LinkHazards, graph: Data) -> Floats:
    return np.asarray(network(graph)[graph.counts].numpy())


def _batch(network: LinkHazards, worlds: Sequence[World]) -> Data:
    """The worlds side by side, numbers scaled, with how their links hang together."""
    graph = Batch.from_data_list([_graph(world) for world in worlds])
    graph.x = ((graph.x - network.centre) / network.spread).clamp(-FARTHEST, FARTHEST)  # (n, w)
    fails, suffers = graph.edge_index
    code, graph.pair = torch.unique(fails * graph.num_nodes + suffers, return_inverse=True)  # (p,), (e,)
    turned = suffers * graph.num_nodes + fails  # (e,)
    place = torch.searchsorted(code, turned)
    there = torch.cat([code, code.new_full((1,), -1)])[place] == turned
    graph.back, graph.pairs = torch.where(there, place, len(code)), len(code)
    return graph


def _graph(world: World) -> Data:
    firms, width = world.x.shape
    counts = np.zeros(world.nodes, dtype=bool)
    counts[world.rows] = True
    return Data(
        x=torch.from_numpy(np.concatenate([world.x, np.zeros((world.nodes - firms, width))])),
        edge_index=torch.from_numpy(world.links[:2]),
        edge_type=torch.from_numpy(world.links[2]),
        state=torch.from_numpy(world.state),
        is_firm=torch.arange(world.nodes) < firms,
        counts=torch.from_numpy(counts),
        outcome=torch.from_numpy(world.outcome),
    )
