"""The GNN at size: a snapshot to tensors, scoring against the bare matrix products it needs, one step of training."""

import resource
import sys
import time

import numpy as np
import torch
from relparty.gnn.config import Config, same_bits
from relparty.gnn.features import BESIDE, SHAKES
from relparty.gnn.learning import log_likelihood, penalty
from relparty.gnn.network import SETTLED, HazardNetwork, Wiring, wire
from relparty.gnn.sample import Sample
from relparty.graph.schema import KINDS
from scipy.sparse import csr_array
from torch_geometric.data import HeteroData

WIDTH = 60  # numbers a firm, as in the demo economy


def drawn(firms: int, links: int, seed: int = 0) -> HeteroData:
    """Firms and links as tensors, the links spread over channels and ties."""
    rng = np.random.default_rng(seed)
    graph = HeteroData()
    graph["enterprise"].x = torch.from_numpy(rng.standard_normal((firms, WIDTH)))
    graph["enterprise"].leverage = torch.from_numpy(np.log(rng.uniform(0.2, 0.95, firms)))
    graph["enterprise"].sheets = graph["enterprise"].leverage.exp()[:, None].repeat(1, 1 + len(BESIDE))
    graph["enterprise"].earned = torch.zeros(firms, dtype=torch.float64)
    graph["enterprise"].shakes = torch.from_numpy(rng.uniform(0.1, 0.4, (firms, len(SHAKES)))).log()
    graph["enterprise"].failed = torch.from_numpy(rng.random(firms) < 0.02)
    for name in KINDS:
        ends = rng.integers(0, firms, (2, links // len(KINDS)))
        graph["enterprise", name, "enterprise"].edge_index = torch.from_numpy(ends[:, ends[0] != ends[1]])
        count = int((ends[0] != ends[1]).sum())
        graph["enterprise", name, "enterprise"].loss = torch.from_numpy(rng.uniform(0, 0.2, count))
    return graph


def timed(name: str, work):
    """Runs some work and prints how long it took."""
    start = time.perf_counter()
    result = work()
    print(f"{name:<44}{time.perf_counter() - start:8.2f} s", flush=True)
    return result


@torch.no_grad()
def bare(network: HazardNetwork, graph: HeteroData, wiring: Wiring, rounds: int):
    """What scoring can't do without: F on every firm and on every link, and one sparse product a round."""
    firms, ends = graph["enterprise"], wiring.suffers
    standing = network.own.standing(firms)
    network.own(standing, torch.zeros_like(standing.owed))
    network.own(standing.of(ends), wiring.loss * network.lost[wiring.channel])
    size = len(firms.leverage)
    links = csr_array((wiring.loss.numpy(), (ends.numpy(), wiring.fails.numpy())), shape=(size, size))
    vector = np.ones(size)
    for _ in range(rounds):
        links @ vector


def rounds_to_settle(network: HazardNetwork, graph: HeteroData, wiring: Wiring) -> int:
    """How many rounds scoring takes until no link moves by more than 1e-12."""
    last, rounds, moved = None, 0, 1.0
    while moved > SETTLED:
        link = network(graph, wiring, 1, last).link.detach()
        moved = float((link - last).abs().max()) if last is not None else 1.0
        last, rounds = link, rounds + 1
    return rounds


def main(firms: int, links: int) -> None:
    """Prints the times for one size."""
    print(f"\n{firms:,} firms, {links:,} links")
    config = Config(threads=2)
    with same_bits(config):
        graph = drawn(firms, links)
        wiring = timed("wiring", lambda: wire(graph))
        network = HazardNetwork(WIDTH, config.units)
        rounds = rounds_to_settle(network, graph, wiring)
        timed(f"bare: F on firms and links, {rounds} sparse products", lambda: bare(network, graph, wiring, rounds))
        timed("scoring, settled to 1e-12", lambda: network.settle(graph, wiring))
        rows = torch.arange(firms)
        default = (torch.rand(firms) < 0.05).double()
        day = Sample(graph, wiring, rows, default, torch.ones(firms, dtype=torch.float64))
        timed("an epoch of training: one step, there and back", lambda: step(network, day, config))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


def step(network: HazardNetwork, day: Sample, config: Config) -> None:
    """One step over all firms, with its gradient."""
    hazards = network(day.graph, day.wiring, config.rounds)
    pull = penalty(network, config, float(day.default.sum())) / len(day.rows)
    (pull - log_likelihood(hazards, day).mean()).backward()


if __name__ == "__main__":
    main(100_000, 500_000)
    if "--large" in sys.argv:
        main(1_000_000, 5_000_000)
