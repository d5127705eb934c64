"""SMEsD's links as node numbers, relation by relation, and the same rewired without changing anybody's degree."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.int64]
MOST_TRIES = 200  # of shuffling again the links that came out double or from a node to itself


@dataclass(frozen=True)
class Ties:
    """Links between nodes: the firms first, then persons and whoever else stands at a link's end.

    Attributes:
        firms: ids of the firms, by node number.
        nodes: how many there are in all.
        ends: by relation, shape (2, e): source and target of each link, each pair once.
    """

    firms: tuple[str, ...]
    nodes: int
    ends: Mapping[str, Ints]

    def both_ways(self) -> Ints:
        """Shape (3, e): who fails, who suffers, the relation's number; of each link both directions, told apart."""
        links = [
            np.stack([*(ends if forward else ends[::-1]), np.full(ends.shape[1], 2 * number + (not forward))])
            for number, ends in enumerate(self.ends.values())
            for forward in (True, False)
        ]
        return np.concatenate(links, axis=1)

    def degrees(self) -> Ints:
        """Shape (m, 2 relations): how many links of each relation leave a firm, and how many reach it."""
        counts = [np.bincount(side, minlength=self.nodes) for ends in self.ends.values() for side in ends]
        return np.stack(counts, axis=1)[: len(self.firms)].astype(np.int64)

    def components(self) -> Ints:
        """Shape (m,): the number of the connected component of each firm."""
        source, target = np.concatenate(list(self.ends.values()), axis=1)
        links = csr_array((np.ones(len(source)), (source, target)), shape=(self.nodes, self.nodes))
        _, label = connected_components(links, directed=False)
        return np.asarray(label[: len(self.firms)], dtype=np.int64)

    def rewired(self, seed: int) -> "Ties":
        """Other links at random: in every relation each node is as often a source, and as often a target, as before."""
        rng = np.random.default_rng(seed)
        return Ties(self.firms, self.nodes, {name: _rewired(ends, rng) for name, ends in self.ends.items()})


def tie(firms: list[str], links: pl.DataFrame, relations: tuple[str, ...]) -> Ties:
    """The ties of some firms.

    Args:
        firms: their ids.
        links: source, target, relation; an end that is none of the firms becomes a further node.
        relations: which, in which order; one that no link has stays empty.
    """
    once = links.select("source", "target", "relation").unique().sort("relation", "source", "target")
    ends = pl.concat([once["source"], once["target"]]).unique()
    others = ends.filter(~ends.is_in(firms)).sort().to_list()
    number = pl.DataFrame({"id": [*firms, *others]}).with_row_index("node")
    placed = once.join(number, left_on="source", right_on="id", maintain_order="left")
    placed = placed.join(number, left_on="target", right_on="id", suffix="_of_target", maintain_order="left")
    each = {name: placed.filter(relation=name).select("node", "node_of_target") for name in relations}
    numbers = {name: frame.cast(pl.Int64).to_numpy().reshape(-1, 2).T.copy() for name, frame in each.items()}
    return Ties(tuple(firms), number.height, numbers)


def _rewired(ends: Ints, rng: np.random.Generator) -> Ints:
    """Targets shuffled among the sources; what comes out double or from a node to itself changes with others again."""
    source, target = ends[0], rng.permutation(ends[1])
    for _ in range(MOST_TRIES):
        wrong = _wrong(source, target)
        if not len(wrong):
            break
        places = np.union1d(wrong, rng.integers(len(source), size=len(wrong)))
        target[places] = target[rng.permutation(places)]
    return np.stack([source, target])


def _wrong(source: Ints, target: Ints) -> Ints:
    _, first = np.unique(np.stack([source, target]), axis=1, return_index=True)
    double = np.ones(len(source), dtype=bool)
    double[first] = False
    return np.flatnonzero(double | (source == target))
