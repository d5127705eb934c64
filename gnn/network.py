"""The whole network: competing hazards with a stressed self.

The hazard of a firm, H = -log(1 - PD), is its own plus one term a link, so that every attribution is exact:

    H_i = F(x_i) + sum over links e (j fails, i suffers, channel c) of -log(1 - PD_{j without i}^late q_e)
    q_e = 1 - exp(-theta_c [F(x_i once loss_e is taken off its assets) - F(x_i)])

F (gnn/own.py) never falls when the balance sheet gets worse. PD_{j without i} leaves out all that i sends to j, so
that nobody infects himself through his neighbour. `late` >= 1: who fails at the horizon's end strikes beyond it, and
the safer a firm, the later it fails (a random walk's chance to pass its barrier some time before the horizon ends is
close to a power of its chance to pass by the end); a firm in default already strikes for certain. F, theta and late are
trained together on the likelihood of H. A tie (two firms share a person) is such a link too: no record tells its loss,
which is the same learned part of assets for all ties.
All in float64: n firms, e links, p ordered pairs of linked firms, u units, w numbers a firm.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn
from torch_geometric.data import HeteroData
from torch_geometric.utils import scatter

from ..graph.errors import DataError
from ..graph.schema import KINDS, SHARED_PERSON
from .own import LEAST, OwnHazard, softplus

SETTLED = 1e-12  # hazard: a component rests once none of its links moves by more in a round
NEAR_ENOUGH = 1e-9  # the same for graphs that differ by one link or firm from one that has settled
MOST_ROUNDS = 20_000
LETHAL = 30.0  # a strain beyond which a loss is certain death: keeps log(1 - q) finite
MOST_LOST = 0.98  # of assets: a loss beyond it leaves nothing to tell apart
FIRST_BITE = 0.54  # softplus of it is 1: theta before training
FIRST_DELAY = -2.25  # softplus of it is .1: late - 1 before training, a month of twelve
# Severities before training: of a claim about half is lost, of a stake nearly all, of a year's margin what is not
# replaced; that a lost guarantor costs the debtor its credit is not assumed, only allowed.
USUAL = {
    "guarantee_call": 0.5,
    "receivable_loss": 0.5,
    "supply_break": 0.25,
    "loan_loss": 0.5,
    "equity_loss": 0.9,
    "support_loss": 0.5,
    "cover_loss": 0.05,
    SHARED_PERSON: 0.005,  # of all assets, for no record tells a loss: nearly nothing, until defaults say otherwise
}


@dataclass(frozen=True)
class Wiring:
    """How the links of a graph hang together; node numbers, kind by kind (channels, then ties).

    Attributes:
        fails, suffers, channel: (e,) the ends and the kind of each link, a place in KINDS.
        loss: (e,) fraction of the assets of who suffers, before severity; of a tie 1.
        pair: (e,) number of the ordered pair (fails, suffers) that the link belongs to.
        first: (p,) who fails in each pair.
        back: (p,) number of the pair the other way round, or p where there is none.
    """

    fails: Tensor
    suffers: Tensor
    channel: Tensor
    loss: Tensor
    pair: Tensor
    first: Tensor
    back: Tensor


@dataclass(frozen=True)
class Hazards:
    """What the network finds: own (n,) and link (e,) hazards over the horizon; total (n,) is their sum."""

    wiring: Wiring
    own: Tensor
    link: Tensor
    total: Tensor


def wire(graph: HeteroData) -> Wiring:
    """The wiring of a graph's links, kind by kind in the dictionary's order."""
    kinds = [("enterprise", name, "enterprise") for name in KINDS]
    ends = torch.cat([graph[kind].edge_index for kind in kinds], dim=1)  # (2, e)
    counts = torch.tensor([graph[kind].edge_index.shape[1] for kind in kinds])
    size = int(graph["enterprise"].num_nodes or 0)
    code, pair = torch.unique(ends[0] * size + ends[1], return_inverse=True)  # (p,), (e,)
    first, second = code // max(size, 1), code % max(size, 1)
    turned = second * size + first
    place = torch.searchsorted(code, turned)  # (p,)
    there = place < len(code)
    there[there.clone()] = code[place[there]] == turned[there]
    return Wiring(
        fails=ends[0],
        suffers=ends[1],
        channel=torch.repeat_interleave(torch.arange(len(KINDS)), counts),
        loss=torch.cat([graph[kind].loss for kind in kinds]),
        pair=pair,
        first=first,
        back=torch.where(there, place, len(code)),
    )


class HazardNetwork(nn.Module):
    """Own hazard F, one severity and one theta a kind of link."""

    def __init__(self, width: int, units: int) -> None:
        """Weights of the starting point, drawn from torch's generator: seed it first."""
        super().__init__()
        self.own = OwnHazard(width, units)
        self.delay = nn.Parameter(torch.tensor(FIRST_DELAY, dtype=torch.float64))  # made positive before use
        self.bite = nn.Parameter(torch.tensor(FIRST_BITE, dtype=torch.float64))  # made positive before use
        self.bites = nn.Parameter(torch.zeros(len(KINDS), dtype=torch.float64))  # each channel's own, from it
        self.severities = nn.Parameter(torch.zeros(len(KINDS), dtype=torch.float64))  # from what is usual

    @property
    def common(self) -> Tensor:
        """The theta that channels share, a number."""
        return softplus(self.bite)

    @property
    def theta(self) -> Tensor:
        """How much a loss bites beyond what it does to the balance sheet, by kind (8,), never below 0."""
        return self.common * torch.exp(self.bites)

    @property
    def lost(self) -> Tensor:
        """The part of a loss that is really lost, by kind (8,), between 0 and 1. It trades off with theta."""
        usual = torch.tensor([USUAL[name] for name in KINDS], dtype=torch.float64)
        return usual / (usual + (1 - usual) * torch.exp(-self.severities))

    @property
    def late(self) -> Tensor:
        """The power of a neighbour's PD that is its chance to fail early enough to strike, a number of at least 1."""
        return 1 + softplus(self.delay)

    def forward(
        self, graph: HeteroData, wiring: Wiring, rounds: int, link: Tensor | None = None, year: Tensor | None = None
    ) -> Hazards:
        """Hazards after a fixed number of rounds, for training.

        Args:
            graph: with sheets, shakes, earned, x and failed of its enterprises, as gnn/tensors.py makes them.
            wiring: of the graph.
            rounds: of spreading.
            link: (e,) hazards to go on from; none: from F upward.
            year: a number, the standard deviations by which the year to come brings all firms nearer; none: 0.
        """
        own, strain = self.own_and_strain(graph, wiring, year)
        conducts = Conduct(torch.expm1(-strain), self.late, graph["enterprise"].failed[wiring.first])
        link = torch.zeros_like(strain) if link is None else link
        for _ in range(rounds):
            link = spread(own, link, conducts, wiring)
        return _summed(own, link, wiring)

    @torch.no_grad()
    def settle(self, graph: HeteroData, wiring: Wiring) -> Hazards:
        """Hazards at the least fixed point, reached from F upward; each component rests once it has settled.

        So a firm's hazard never depends on another component, not even on how long that takes.

        Raises:
            DataError: some component still moves after 20,000 rounds.
        """
        own, strain = self.own_and_strain(graph, wiring)
        conducts = Conduct(torch.expm1(-strain), self.late, graph["enterprise"].failed[wiring.first])
        count, component = components(len(own), wiring)
        link, awake = torch.zeros_like(strain), torch.ones(count, dtype=torch.bool)
        for _ in range(MOST_ROUNDS):
            link_now = torch.where(awake[component], spread(own, link, conducts, wiring), link)
            moved = scatter((link_now - link).abs(), component, dim_size=count, reduce="max")
            link, awake = link_now, awake & (moved > SETTLED)
            if not awake.any():
                return _summed(own, link, wiring)
        raise DataError(
            f"contagion: {int(awake.sum())} components still move after {MOST_ROUNDS} rounds. Check losses."
        )

    @torch.no_grad()
    def resettle(self, graph: HeteroData, wiring: Wiring, near: Tensor) -> Hazards:
        """Hazards at the fixed point next to links' hazards (e,) that are nearly right: of a graph little changed."""
        own, strain = self.own_and_strain(graph, wiring)
        conducts = Conduct(torch.expm1(-strain), self.late, graph["enterprise"].failed[wiring.first])
        for _ in range(MOST_ROUNDS):
            link = spread(own, near, conducts, wiring)
            moved, near = float((link - near).abs().max()) if len(link) else 0.0, link
            if moved <= NEAR_ENOUGH:
                break
        return _summed(own, near, wiring)

    def own_and_strain(self, graph: HeteroData, wiring: Wiring, year: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """F of each firm (n,), and of each link theta times what its loss adds to F (e,)."""
        standing = self.own.standing(graph["enterprise"], year)
        own = self.own(standing, torch.zeros_like(standing.owed))  # (n,)
        lost = (wiring.loss * self.lost[wiring.channel]).clamp(max=MOST_LOST)  # (e,) fraction of assets
        added = self.own(standing.of(wiring.suffers), lost) - own[wiring.suffers]  # (e,)
        strain = self.theta[wiring.channel] * added.clamp(min=0.0)
        return own, strain.clamp(max=LETHAL)


@dataclass(frozen=True)
class Conduct:
    """How failures are passed on: minus q of each link (e,), `late`, and which pairs' first firm is in default (p,)."""

    minus_q: Tensor
    late: Tensor
    sure: Tensor


def spread(own: Tensor, link: Tensor, conducts: Conduct, wiring: Wiring) -> Tensor:
    """One round: each link's hazard (e,) from the PD of who fails, without what its partner sends it."""
    pairs = len(wiring.first)
    total = own + scatter(link, wiring.suffers, dim_size=len(own), reduce="sum")  # (n,)
    sent = scatter(link, wiring.pair, dim_size=pairs, reduce="sum")  # (p,)
    returned = torch.cat([sent, sent.new_zeros(1)])[wiring.back]  # (p,)
    default = -torch.expm1(-(total[wiring.first] - returned).clamp(min=0.0))  # (p,)
    # torch's own power rounds differently at the end of a tensor than inside it; these never do.
    early = torch.exp(conducts.late * torch.log(default.clamp(min=LEAST)))
    early = torch.where(conducts.sure, 1.0, early)
    return -torch.log1p(early[wiring.pair] * conducts.minus_q)  # (e,)


def components(firms: int, wiring: Wiring) -> tuple[int, Tensor]:
    """How many connected components there are, and the component of each link (e,)."""
    ends = (wiring.fails.numpy(), wiring.suffers.numpy())
    links = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(firms, firms))
    count, label = connected_components(links, directed=False)
    return int(count), torch.from_numpy(label.astype(np.int64))[wiring.suffers]


def _summed(own: Tensor, link: Tensor, wiring: Wiring) -> Hazards:
    return Hazards(wiring, own, link, own + scatter(link, wiring.suffers, dim_size=len(own), reduce="sum"))
