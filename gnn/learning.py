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
from .own import FIRST_BELIEFS, FIRST_GAIN, FIRST_HAZE, FIRST_MONEY, FIRST_NEAREST, FIRST_SWING, FIRST_UNSEEN, softplus
from .sample import Sample

Progress = Callable[[str, int, int], None]  # what, done, of
LEAST_HAZARD = 1e-12
HARDLY = 0.05  # of theta: less than that is hardly told from nothing
YEAR_APART = 0.3  # standard deviations to default: what a year usually does to all firms
YEARS_BEFORE = 2
LAST_RATE = 0.02  # of the first step size, at the end
SHIFTS = (-0.8, -0.4, -0.15, 0.0, 0.15, 0.4, 0.8)  # of the climate, among which a level is found
SIGMAS, HALVINGS = (-3.0, 4.0), 30  # logarithms of a year's sigma over a month's shake, among which to start


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
    """Takes the steps of Adam one by one, each on as many days as `config.links_a_step` lets in; yields numbers.

    Each year has an effect of its own on all firms, learned along: what firms and links teach is not what their years
    did to all. Only the spread of years stays behind.
    """
    years = torch.zeros(len(days), dtype=torch.float64, requires_grad=True)  # what each did to all firms
    optimiser = _optimiser(network, years, config)
    falling = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share_of_rate(step / config.steps))
    firms, failed = sum(len(day.rows) for day in days), sum(float(day.default.sum()) for day in days)
    links: dict[int, Tensor] = {}  # by day the hazards of its links when it was last looked at
    lots = _lots(days, config)
    for step in range(1, config.steps + 1):
        optimiser.zero_grad()
        lot = next(lots)
        whole = sum(len(days[day].rows) for day in lot)
        for day in lot:
            hazards = network(days[day].graph, days[day].wiring, config.rounds, links.get(day), years[day])
            links[day] = hazards.link.detach()
            (-log_likelihood(hazards, days[day]).sum() / whole).backward()  # type: ignore[no-untyped-call]
        held = penalty(network, config, failed) + ((years / YEAR_APART) ** 2).sum() / 2
        held.div(firms).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
        network.own.spread.data = _spread(years.detach())
        yield step


def _spread(years: Tensor) -> Tensor:
    """Standard deviation of years' effects, as if YEARS_BEFORE had been seen to differ as years usually do."""
    return torch.sqrt(((years**2).sum() + YEARS_BEFORE * YEAR_APART**2) / (len(years) + YEARS_BEFORE))


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


def _optimiser(network: HazardNetwork, years: Tensor, config: Config) -> torch.optim.Optimizer:
    links = [network.bite, network.bites, network.severities, network.delay]
    own = network.own
    sheets = [own.belief, own.gain, own.money, own.swing, own.haze, own.nearest, own.unseen]
    rest = [weight for weight in network.parameters() if not any(weight is other for other in (*links, *sheets))]
    groups: list[dict[str, Any]] = [{"params": rest}, {"params": links, "lr": config.rate_of_links}]
    groups += [{"params": [*sheets, years], "lr": config.rate_of_sheets}]
    return torch.optim.Adam(groups, lr=config.rate)


def penalty(network: HazardNetwork, config: Config, failed: float) -> Tensor:
    """What keeps weights without evidence small, on the scale of a log likelihood, after so many defaults.

    The pull on what is not the balance sheet grows with the defaults: however many firms there are, the years that
    shook them all stay as few. What a tie carries is pulled towards nothing, by a pull that real harm soon outgrows.
    """
    own, told = network.own, network.severities[: len(CHANNELS)]
    numbers, words = own.near[: len(NUMBERS)], own.near[len(NUMBERS) :]
    weights = config.ridge * ((numbers**2).sum() + (own.tilt**2).sum()) + config.ridge_of_words * (words**2).sum()
    usual = (network.common - 1) ** 2 / 4 + (network.bites**2).sum() + (told**2).sum()
    # Steep near nothing, flat where there is much: chance likeness of partners is no contagion yet.
    unproven = torch.log1p(network.lost[-1] / USUAL[SHARED_PERSON]) + torch.log1p(network.common / HARDLY)
    sheets = _away(own.belief, FIRST_BELIEFS) + _away(own.gain, FIRST_GAIN) + _away(own.swing[1:], FIRST_SWING[1:])
    ends = _away(own.unseen, FIRST_UNSEEN) + _away(own.haze, FIRST_HAZE) + _away(own.nearest, FIRST_NEAREST)
    learned = ends / 8 + (own.money - FIRST_MONEY) ** 2 + (softplus(own.outward) ** 2).sum()
    return failed * weights + config.trust * (usual + sheets + learned) + config.doubt * unproven


def _away(weights: Tensor, first: float | list[float]) -> Tensor:
    return ((weights - weights.new_tensor(first)) ** 2).sum()


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
    """How many defaults a day expects in a climate so much worse than the network's, for each of SHIFTS.

    Contagion moves too: neighbours fail more often, and what a loss adds is more.
    """
    seen = torch.where(day.default > 0, 1.0, day.seen)
    found, before = [], network.own.climate.detach().clone()
    for shift in SHIFTS:
        network.own.climate.data = before + shift
        hazard = network.settle(day.graph, day.wiring).total[day.rows]
        found.append(float(-torch.expm1(-hazard * seen).sum()))
    network.own.climate.data = before
    return np.array(found)


def level_shift(curves: Sequence[Floats], seen: float) -> float:
    """The shift under which days with these curves expect together as many defaults as were seen; within SHIFTS."""
    together = np.log(np.maximum(np.sum(curves, axis=0), LEAST_HAZARD))
    return float(np.interp(np.log(max(seen, LEAST_HAZARD)), together, SHIFTS))


@torch.no_grad()
def _start(network: HazardNetwork, days: Sequence[Sample]) -> None:
    """Sigma where the walk alone would bring as many defaults as were seen; found by halving, in logarithms."""
    own = network.own
    firms = [(own.standing(day.graph["enterprise"]).of(day.rows), day.seen) for day in days]
    failed = sum(float(day.default.sum()) for day in days)
    low, high = SIGMAS
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        wide = [(replace(at, sigma=at.sigma * math.exp(middle)), seen) for at, seen in firms]
        expected = sum(float(-torch.expm1(-own(at, torch.zeros_like(seen)) * seen).sum()) for at, seen in wide)
        low, high = (middle, high) if expected < failed else (low, middle)
    own.swing[0] = (low + high) / 2
