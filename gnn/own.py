"""F, a firm's own hazard: how near its balance sheet stands to default, and what the network has learned beside.

    F = h(d) exp(learned) + what no sheet shows,   h(d) = -log(1 - 2 Phi(-d))

d is the distance to default in standard deviations of a year, h the hazard with which a random walk passes a barrier
so far off (Black and Cox 1976). Of the balance sheets that are told the network learns how far to believe each; of the
volatilities that were seen, how much assets share; of all else, by how many deviations it brings a firm nearer. F never
falls when a balance sheet gets worse, whatever the weights. All in float64: k firms or links, w numbers a firm.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch_geometric.data.storage import NodeStorage

from .features import BESIDE, OWED_TOLD, SHAKES

STEEP = 4.0  # distances to default span about so much more than leverages: brings both to one scale
FARTHEST = 8.0  # standard deviations to default that are told apart
LEAST = 1e-30  # hazard of the safest
LETHAL_LOG = 3.4  # logarithm of a hazard of certain death: beyond it nothing is told apart
FIRST_BELIEFS = [0.0] + [-4.0] * len(BESIDE)  # logarithms: how far each sheet is believed, before training
FIRST_GAIN = -3.0  # sigmoid of it: the part of a year's profit that a firm can count on
FIRST_MONEY = 1.0  # sigmoid of it: how far the distance to default is one of money, else of logarithms
FIRST_SWING = [0.0, 1.0] + [0.0] * (len(SHAKES) - 1)  # sigma from the volatilities: the first one alone
FIRST_CLIMATE = -0.17  # standard deviations: looked at monthly, a barrier lies .5826 / sqrt(12) further off
FIRST_HAZE = -1.2  # logarithm of standard deviations: how sharply a sheet without equity means default
FIRST_NEAREST = -6.9  # logarithm of standard deviations: no sheet is so bad that default were more certain
FIRST_UNSEEN = -6.9  # logarithm of the hazard that no sheet shows (fraud, a fire): one firm in a thousand
FIRST_WORD = -3.0  # softplus of it: what the network adds to the walk's hazard before training


@dataclass(frozen=True)
class Standing:
    """Where firms stand before any loss, each (k,).

    Attributes:
        owed: liabilities over assets, as believed.
        sigma: what a year may do to assets, a fraction of them.
        nearer: standard deviations by which all else that is known, and the climate, bring a firm nearer to default.
    """

    owed: Tensor
    sigma: Tensor
    nearer: Tensor

    def of(self, rows: Tensor) -> "Standing":
        """The standing of some firms, by number."""
        return Standing(self.owed[rows], self.sigma[rows], self.nearer[rows])


class OwnHazard(nn.Module):
    """F, its weights and where they start."""

    def __init__(self, width: int, units: int) -> None:
        """Weights of the starting point, drawn from torch's generator: seed it first."""
        super().__init__()
        self.belief = _weights(FIRST_BELIEFS)
        self.gain = _weights(FIRST_GAIN)
        self.money = _weights(FIRST_MONEY)
        self.swing = _weights(FIRST_SWING)
        self.tilt = _weights([0.0] * width)  # of sigma, by all else that is known
        self.near = _weights([0.0] * width)
        self.climate = _weights(FIRST_CLIMATE)
        self.spread = nn.Parameter(torch.zeros((), dtype=torch.float64), requires_grad=False)  # of years round it
        self.haze = _weights(FIRST_HAZE)
        self.nearest = _weights(FIRST_NEAREST)
        self.level = _weights(0.0)
        self.unseen = _weights(FIRST_UNSEEN)
        self.rising = nn.Parameter(0.5 * torch.randn(2, units, dtype=torch.float64) - 0.5)  # made positive before use
        self.bend = nn.Parameter(torch.linspace(-2, 2, units, dtype=torch.float64))
        self.outward = _weights([FIRST_WORD] * units)  # made positive before use

    @property
    def believed(self) -> Tensor:
        """How far each sheet is believed, the latest first, then BESIDE: parts of 1."""
        parts = torch.exp(self.belief)
        return parts / parts.sum()

    def standing(self, firms: NodeStorage, year: Tensor | None = None) -> Standing:
        """Where firms stand by their sheets, shakes, earned and x, for a year that brings all of them so much nearer.

        The climate does so in all years: a bad one moves the safe more than the weak, in proportion. Without a year
        they stand where all years together bring as many defaults: years that differ by a spread s round the climate
        make E[Phi(-d - s Z)] = Phi(-d / sqrt(1 + s^2)).
        """
        # No product of matrices: its rounding depends on the place.
        mixed = (firms.sheets * self.believed).sum(dim=1) - torch.sigmoid(self.gain) * firms.earned
        moves = self.swing[0] + (firms.shakes * self.swing[1:]).sum(dim=1) + (firms.x * self.tilt).sum(dim=1)
        nearer = (firms.x * self.near).sum(dim=1) + self.climate
        at = Standing(mixed.clamp(*OWED_TOLD), torch.exp(moves), nearer if year is None else nearer + year)
        wide = torch.sqrt(1 + self.spread**2)
        return at if year is not None else Standing(at.owed, at.sigma * wide, at.nearer / wide)

    def distance(self, at: Standing, lost: Tensor) -> tuple[Tensor, Tensor]:
        """Distance to default once a fraction of assets is lost, and leverage as a logarithm, each (k,)."""
        left = 1 - lost
        after = torch.log((at.owed / left).clamp(max=OWED_TOLD[1]))
        money = torch.sigmoid(self.money)
        room = (money * (left - at.owed) - (1 - money) * after) / at.sigma
        return (room - at.nearer).clamp(-FARTHEST, FARTHEST), after

    def forward(self, at: Standing, lost: Tensor) -> Tensor:
        """F of firms that stand so (k,), once `lost` (k,), fractions of their assets, are taken off."""
        distance, leverage = self.distance(at, lost)
        rising = softplus(self.rising)  # (2, units), above 0
        units = torch.tanh(self.bend - distance[:, None] / STEEP * rising[0] + leverage[:, None] * rising[1])
        learned = (units * softplus(self.outward)).sum(dim=1) + self.level
        haze = torch.exp(self.haze)
        walk = _passes(torch.exp(self.nearest) + haze * softplus(distance / haze))
        return torch.exp((walk + learned).clamp(max=LETHAL_LOG)) + torch.exp(self.unseen)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)); torch's own rounds differently at the end of a tensor than inside it, this never does."""
    return torch.log1p(torch.exp(-x.abs())) + x.clamp(min=0.0)


def _passes(distance: Tensor) -> Tensor:
    """Logarithm of the hazard with which a random walk passes a barrier so many deviations, above 0, away in a year."""
    missed = torch.erfc(distance / math.sqrt(2))
    return torch.log(-torch.log1p(-missed).clamp(max=-LEAST))


def _weights(first: float | list[float]) -> nn.Parameter:
    return nn.Parameter(torch.tensor(first, dtype=torch.float64))
