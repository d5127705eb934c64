"""Production: how much of all output a closed firm takes with it, up to its suppliers and down to its customers.

A generalised Leontief cascade: a customer without an essential input stands still, without a non-essential one it
produces less, and a supplier sells as much less as its customers make.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .errors import DataError, NotSettled
from .rings import Floats, Ints
from .supply_network import ESSENTIAL, NON_ESSENTIAL, Production

EPS = 1e-2  # the published one; with final demand 1e-10 moves the figures by at most .005
ROUNDS = 10_000
BLOCK = 8  # closures computed side by side


@dataclass(frozen=True)
class Cascade:
    """What is left of production once closures have run their course, k of them side by side.

    Attributes:
        downstream: shape (n, k), fraction of its production that a firm still makes for want of inputs.
        upstream: shape (n, k), the same for want of customers.
        rounds: shape (k,), rounds until nothing moved: the closure itself is the first.
    """

    downstream: Floats
    upstream: Floats
    rounds: Ints


@dataclass(frozen=True)
class SystemicRisk:
    """The economic systemic risk index of k closures: the share of all output lost, own loss included.

    Attributes:
        total: shape (k,), each firm counted with the larger of its two losses.
        downstream: shape (k,), for want of inputs alone.
        upstream: shape (k,), for want of customers alone.
        rounds: shape (k,).
        eps: the tolerance that stopped the cascade; part of the result.
        note: what a reader must know beside the figures; empty where there is nothing.
    """

    total: Floats
    downstream: Floats
    upstream: Floats
    rounds: Ints
    eps: float
    note: str


def systemic_risk(
    network: Production, closures: sparse.sparray | Floats, *, eps: float = EPS, replaced: bool = True
) -> SystemicRisk:
    """The share of all output that each closure takes with it.

    Args:
        network: who supplies whom.
        closures: shape (n, k), fraction of its capacity that a firm loses at the start: 1 is closed. Every column a
            closure of its own. `sparse.eye_array(n)` closes every firm in turn.
        eps: a closure has settled once no firm moves by more in a round.
        replaced: other firms of a sector step in for one, as far as their share of the sector's output goes.

    Raises:
        DataError: a closure outside [0, 1], or eps that is not above 0.
        NotSettled: a closure still moved after ROUNDS rounds.

    Source:
        ESRI: Diem, Borsos, Reisch, Kertész & Thurner (2022), Scientific Reports 12:7719.
    """
    weight = network.sold / network.sold.sum()
    columns, links = sparse.csc_array(closures), _Links.of(network)
    _check(network, columns.shape[0], columns.data, eps)
    parts = []
    for first in range(0, max(columns.shape[1], 1), BLOCK):
        left = _settled(links, columns[:, first : first + BLOCK].toarray(), eps, replaced=replaced)
        lost = [1 - np.minimum(left.downstream, left.upstream), 1 - left.downstream, 1 - left.upstream]
        parts.append((*(weight @ each for each in lost), left.rounds))
    total, downstream, upstream, rounds = (np.concatenate(each) for each in zip(*parts, strict=True))
    return SystemicRisk(total, downstream, upstream, rounds, eps, network.note)


def cascade(network: Production, closures: Floats, *, eps: float = EPS, replaced: bool = True) -> Cascade:
    """What each firm still produces after each closure; arguments and errors as of `systemic_risk`."""
    _check(network, len(closures), closures, eps)
    return _settled(_Links.of(network), closures, eps, replaced=replaced)


def _settled(links: "_Links", closures: Floats, eps: float, *, replaced: bool) -> Cascade:
    """Rounds of losses, one minus what is left, until each closure has settled; it then rests while others go on."""
    going = np.arange(closures.shape[1])
    ends, rounds = np.zeros((2, *closures.shape)), np.zeros(going.size, dtype=np.int64)
    lost = ends[:, :, going]
    for number in range(1, ROUNDS + 1):
        worse = links.passed_on(lost, closures[:, going], replaced=replaced)
        settled = ~((worse - lost).max(axis=(0, 1), initial=0.0) > eps)
        ends[:, :, going[settled]], rounds[going[settled]] = worse[:, :, settled], number
        if settled.all():
            return Cascade(1 - ends[0], 1 - ends[1], rounds)
        moved = (worse - lost).max()
        going, lost = going[~settled], worse[:, :, ~settled]
    raise NotSettled(
        f"supply cascade: {going.size:,} closures still moved by up to {moved:.1e} after {ROUNDS:,} rounds. "
        "Give revenue and costs, so that there is final demand, or a larger eps."
    )


def _check(network: Production, rows: int, closures: Floats, eps: float) -> None:
    if not (rows == network.sector.size and ((closures >= 0) & (closures <= 1)).all()):
        raise DataError("supply cascade: closures must be fractions of capacity in [0, 1], a row for each firm.")
    if not eps > 0:
        raise DataError(
            f"supply cascade: eps is {eps}, not above 0, so that nothing would ever settle. Give 1e-10, say."
        )


@dataclass(frozen=True)
class _Links:
    """The network as products with losses, shape (n, k) each.

    Attributes:
        upstream: shape (n, n), [i, j] is the share of j in all that i sells.
        linear: shape (n, n), [i, j] is the share of j in all inputs of i, where j's are non-essential.
        essential: shape (slots, n), the share of each supplier in a slot, which is one customer's input from one
            sector; slots of a customer stand together.
        customer: shape (customers,), who has slots, ascending.
        first: shape (customers,), the first slot of each.
        market: shape (sectors, n), what each firm of a sector sells.
    """

    upstream: sparse.csr_array
    linear: sparse.csr_array
    essential: sparse.csr_array
    customer: Ints
    first: Ints
    market: sparse.csr_array
    network: Production

    @classmethod
    def of(cls, network: Production) -> "_Links":
        links = network.supplies.tocoo()
        sold = links.data > 0
        supplier, customer, amount = links.coords[0][sold], links.coords[1][sold], links.data[sold]
        kinds = network.kind[network.sector]
        need = network.essentiality[kinds[supplier], kinds[customer]]
        shape = network.supplies.shape
        linear = (amount / network.all_bought[customer])[need == NON_ESSENTIAL]
        ends = customer[need == NON_ESSENTIAL], supplier[need == NON_ESSENTIAL]
        vital = need == ESSENTIAL
        market = network.sold, (network.sector, np.arange(shape[0]))
        return cls(
            sparse.csr_array((amount / network.all_sold[supplier], (supplier, customer)), shape=shape),
            sparse.csr_array((linear, ends), shape=shape),
            *_essential(network, supplier[vital], customer[vital], amount[vital]),
            sparse.csr_array(market, shape=(network.kind.size, shape[0])),
            network,
        )

    def passed_on(self, lost: Floats, closures: Floats, *, replaced: bool) -> Floats:
        """Losses one round later, shape (2, n, k): for want of inputs, for want of customers."""
        missed = lost[0] * self._irreplaceable(lost[0]) if replaced else lost[0]
        down = self.linear @ missed
        if self.customer.size:
            worst = np.maximum.reduceat(self.essential @ missed, self.first, axis=0)
            down[self.customer] = np.maximum(down[self.customer], worst)
        return np.asarray(np.clip(np.stack([down, self.upstream @ lost[1]]), closures, 1.0))

    def _irreplaceable(self, lost: Floats) -> Floats:
        """Shape (n, k), each firm's share in what its sector still sells, at most 1; 1 where it sells nothing more."""
        still = (self.market @ (1 - lost))[self.network.sector]
        share: Floats = np.divide(self.network.sold[:, None], still, out=np.ones_like(still), where=still > 0)
        return np.minimum(share, 1.0, out=share)


def _essential(
    network: Production, supplier: Ints, customer: Ints, amount: Floats
) -> tuple[sparse.csr_array, Ints, Ints]:
    """`essential`, `customer` and `first` of `_Links` from the links with essential inputs."""
    sectors = network.kind.size
    slots, slot = np.unique(customer.astype(np.int64) * sectors + network.sector[supplier], return_inverse=True)
    customers, first = np.unique(slots // sectors, return_index=True)
    bought = network.bought[customer] / network.all_bought[customer]
    shares = amount / np.bincount(slot, amount, slots.size)[slot] * bought
    matrix = sparse.csr_array((shares, (slot, supplier)), shape=(slots.size, network.sector.size))
    return matrix, customers, first
