"""Descent: own hazards and links trained together on the likelihood of the whole hazard."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..graph.schema import CHANNELS, SHARED_PERSON
from .config import Config
from .features import NUMBERS
from .metrics import Floats, log_loss
from .network import USUAL, HazardNetwork, Hazards
from .sample import Sample

Progress = Callable[[str, int, int], None]  # what, done, of
LEAST_HAZARD = 1e-12
LAST_RATE = 0.02  # of the first step size, at the end
SHIFTS = (-1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0)  # of the logarithm of own hazards, among which a level is found
USUAL_DISTANCE = 2.0  # standard deviations to default of the firm in the middle, before training


def learn(
    days: Sequence[Sample], validation: Sample | None, config: Config, progress: Progress | None = None
) -> HazardNetwork:
    """A network trained on some days; of its states on the way the one that the validation day likes best, or the last.

    Own hazards and links are trained together: fitting F first and shrinking it leaves standalone PDs too high.
    """
    network = HazardNetwork(days[0].graph["enterprise"].x.shape[1], config.units)
    _start(network, days)
    best, kept = np.inf, dict(network.state_dict())
    for step in descend(network, days, config):
        if progress and step % config.look == 0:
            progress("training", step, config.steps)
        if validation is not None and step >= config.settled and step % config.look == 0:
            loss = log_loss(validation.outcome, settled_pd(network, validation), np.ones(len(validation.rows)))
            if loss < best:
                best, kept = loss, {name: weight.clone() for name, weight in network.state_dict().items()}
    if validation is not None and best < np.inf:
        network.load_state_dict(kept)
    return network


def member(network: HazardNetwork, days: Sequence[Sample], config: Config, number: int) -> HazardNetwork:
    """The network trained on for a while on as many days, drawn anew: what other years might have taught."""
    other = HazardNetwork(days[0].graph["enterprise"].x.shape[1], config.units)
    other.load_state_dict(network.state_dict())
    drawn = np.random.default_rng([config.seed, number]).integers(0, len(days), len(days))
    shorter = replace(config, steps=config.member_steps, seed=config.seed + number)
    for _ in descend(other, [days[day] for day in drawn], shorter):
        pass
    return other


def descend(network: HazardNetwork, days: Sequence[Sample], config: Config) -> Iterator[int]:
    """Takes the steps of Adam one by one, each on as many days as `config.links_a_step` lets in; yields numbers."""
    optimiser = _optimiser(network, config)
    falling = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share_of_rate(step / config.steps))
    firms, failed = sum(len(day.rows) for day in days), sum(float(day.default.sum()) for day in days)
    links: dict[int, Tensor] = {}  # by day the hazards of its links when it was last looked at
    lots = _lots(days, config)
    for step in range(1, config.steps + 1):
        optimiser.zero_grad()
        lot = next(lots)
        whole = sum(len(days[day].rows) for day in lot)
        for day in lot:
            hazards = network(days[day].graph, days[day].wiring, config.rounds, links.get(day))
            links[day] = hazards.link.detach()
            (-log_likelihood(hazards, days[day]).sum() / whole).backward()  # type: ignore[no-untyped-call]
        penalty(network, config, failed).div(firms).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
        yield step


def _share_of_rate(done: float) -> float:
    return LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def _lots(days: Sequence[Sample], config: Config) -> Iterator[list[int]]:
    """Days for each step: all of them where their links fit, else some, every day as often as any other."""
    rng, waiting = np.random.default_rng(config.seed), list[int]()
    while True:
        lot, links = list[int](), 0
        while not lot or (len(lot) < len(days) and links + len(days[waiting[-1]].wiring.fails) <= config.links_a_step):
            waiting = waiting or rng.permutation(len(days)).tolist()
            lot.append(waiting.pop())
            links += len(days[lot[-1]].wiring.fails)
            waiting = waiting or rng.permutation(len(days)).tolist()
        yield lot


def _optimiser(network: HazardNetwork, config: Config) -> torch.optim.Optimizer:
    links = [network.bite, network.bites, network.severities, network.delay]
    firms = [weight for weight in network.parameters() if not any(weight is link for link in links)]
    groups: list[dict[str, Any]] = [{"params": firms}, {"params": links, "lr": config.rate_of_links}]
    return torch.optim.Adam(groups, lr=config.rate)


def penalty(network: HazardNetwork, config: Config, failed: float) -> Tensor:
    """What keeps weights without evidence small, on the scale of a log likelihood, after so many defaults.

    The pull on what is not the balance sheet grows with the defaults: however many firms there are, the years that
    shook them all stay as few. What a tie carries is pulled towards nothing, by a pull that real harm soon outgrows.
    """
    numbers, words = network.free[: len(NUMBERS)], network.free[len(NUMBERS) :]
    weights = config.ridge * ((numbers**2).sum() + (network.tilt**2).sum()) + config.ridge_of_words * (words**2).sum()
    told = network.severities[: len(CHANNELS)]
    usual = (network.common - 1) ** 2 + (network.bites**2).sum() + (told**2).sum()
    unproven = torch.log1p(network.lost[-1] / USUAL[SHARED_PERSON])  # steep near nothing, flat where there is much
    return failed * weights + config.trust * (usual + (network.swing[1] - 1) ** 2) + config.doubt * unproven


def log_likelihood(hazards: Hazards, day: Sample) -> Tensor:
    """Of what became of each firm that counts, under its whole hazard (s,)."""
    hazard = hazards.total[day.rows].clamp(min=LEAST_HAZARD)
    failed = torch.log(-torch.expm1(-hazard))
    return torch.where(day.default > 0, failed, -hazard * day.seen)


def settled_pd(network: HazardNetwork, firms: Sample) -> Floats:
    """PD of the firms that count, shape (s,)."""
    hazards = network.settle(firms.graph, firms.wiring)
    return np.asarray(-np.expm1(-hazards.total[firms.rows].numpy()))


def level_curve(network: HazardNetwork, day: Sample) -> Floats:
    """How many defaults a day expects if all own hazards were exp(shift) times as high, for each of SHIFTS.

    Contagion moves with them: neighbours fail more often, and what a loss adds is more.
    """
    seen = torch.where(day.default > 0, 1.0, day.seen)
    found, before = [], network.level.detach().clone()
    for shift in SHIFTS:
        network.level.data = before + shift
        hazard = network.settle(day.graph, day.wiring).total[day.rows]
        found.append(float(-torch.expm1(-hazard * seen).sum()))
    network.level.data = before
    return np.array(found)


def level_shift(curves: Sequence[Floats], seen: float) -> float:
    """The shift under which days with these curves expect together as many defaults as were seen; within SHIFTS."""
    together = np.log(np.maximum(np.sum(curves, axis=0), LEAST_HAZARD))
    return float(np.interp(np.log(max(seen, LEAST_HAZARD)), together, SHIFTS))


@torch.no_grad()
def _start(network: HazardNetwork, days: Sequence[Sample]) -> None:
    """Distances to default as usual, and the level of own hazards where the defaults seen say."""
    firms = [day.graph["enterprise"] for day in days]
    told = torch.cat([(each.leverage.abs() / each.volatility) for each in firms])
    network.swing[0] = torch.log(told.median() / USUAL_DISTANCE)
    own = [network.own_and_strain(day.graph, day.wiring)[0][day.rows] for day in days]
    rate = sum(float(day.default.sum()) for day in days) / sum(float(day.seen.sum()) for day in days)
    network.level.add_(torch.log(rate / torch.cat(own).mean()))
