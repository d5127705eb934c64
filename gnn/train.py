"""fit: a register's past days -> a Model, with its papers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..graph.errors import DataError
from ..graph.register import Register
from .baselines import champions
from .card import about, card
from .config import Config, same_bits
from .features import NUMBERS
from .metrics import Floats, log_loss
from .model import Model
from .network import HazardNetwork, Hazards
from .sample import Sample, joined, sample
from .task import Task, split
from .tensors import fit_scales

Progress = Callable[[str, int, int], None]  # what, done, of
LEAST_HAZARD = 1e-12


def fit(
    task: Task,
    register: Register,
    config: Config = Config(),  # noqa: B008 (frozen)
    progress: Progress | None = None,
) -> Model:
    """The model that the register's training days teach, chosen on the validation day, reported on the test day.

    Raises:
        DataError: too short a history, or no default among the training days.
    """
    days = split(task, register)
    snapshots = {day: register.as_of(day) for day in (*days.train, days.validation, days.test)}
    known = dict.fromkeys(days.train, days.validation) | {days.validation: days.test, days.test: days.until}
    with same_bits(config):
        scales = fit_scales([snapshots[day] for day in days.train])
        each = {day: sample(task, register, snapshots[day], scales, known[day]) for day in snapshots}
        training = joined([each[day] for day in days.train])
        if not training.default.any():
            raise DataError(f"events: no default after the {len(days.train)} training days. Load more history.")
        network = learn(training, each[days.validation], config, progress)
        weights = {name: weight.detach().clone() for name, weight in network.state_dict().items()}
        model = Model(task, config, scales, days, weights)
        pds = {"gnn": settled_pd(network, each[days.test])}
        pds |= champions(training, each[days.validation], each[days.test], config)
        figures = card(network, training, each[days.test], pds, config.resamples)
        return replace(model, card=about(task, days) | figures)


def learn(training: Sample, validation: Sample, config: Config, progress: Progress | None = None) -> HazardNetwork:
    """Own hazards and links trained together on the likelihood of the whole hazard, stopped by the validation day."""
    network = HazardNetwork(training.graph["enterprise"].x.shape[1], config.units)
    _start_at_base_rate(network, training)
    steps = _optimiser(network, config)
    best, kept = np.inf, dict(network.state_dict())
    for step in range(1, config.steps + 1):
        steps.zero_grad()
        cost = penalised(network, training, config)
        cost.backward()  # type: ignore[no-untyped-call]
        steps.step()
        if progress and step % config.look == 0:
            progress("training", step, config.steps)
        if step >= config.settled and step % config.look == 0:
            loss = log_loss(validation.outcome, settled_pd(network, validation), np.ones(len(validation.rows)))
            if loss < best:
                best, kept = loss, {name: weight.clone() for name, weight in network.state_dict().items()}
    network.load_state_dict(kept)
    return network


def _optimiser(network: HazardNetwork, config: Config) -> torch.optim.Optimizer:
    links = [network.bite, network.bites, network.severities]
    firms = [weight for weight in network.parameters() if not any(weight is link for link in links)]
    groups: list[dict[str, Any]] = [{"params": firms}, {"params": links, "lr": config.rate_of_links}]
    return torch.optim.Adam(groups, lr=config.rate)


def penalised(network: HazardNetwork, training: Sample, config: Config) -> Tensor:
    """Minus the mean log likelihood, with what keeps weights without evidence small."""
    hazards = network(training.graph, training.wiring, config.rounds)
    numbers, words = network.free[: len(NUMBERS)], network.free[len(NUMBERS) :]
    ridge = config.ridge * (numbers**2).sum() + config.ridge_of_words * (words**2).sum()
    usual = (network.common - 1) ** 2 + (network.bites**2).sum() + (network.severities**2).sum()
    return (ridge + config.trust * usual) / len(training.rows) - likelihood(hazards, training)


def likelihood(hazards: Hazards, training: Sample) -> Tensor:
    """Mean log likelihood of what became of the firms that count, under their whole hazard."""
    hazard = hazards.total[training.rows].clamp(min=LEAST_HAZARD)  # (s,)
    failed = torch.log(-torch.expm1(-hazard))
    return torch.where(training.default > 0, failed, -hazard * training.seen).mean()


def settled_pd(network: HazardNetwork, firms: Sample) -> Floats:
    """PD of the firms that count, shape (s,)."""
    hazards = network.settle(firms.graph, firms.wiring)
    return np.asarray(-np.expm1(-hazards.total[firms.rows].numpy()))


@torch.no_grad()
def _start_at_base_rate(network: HazardNetwork, training: Sample) -> None:
    """Moves the level so that own hazards start where the defaults seen say."""
    own, _ = network.own_and_strain(training.graph, training.wiring)
    rate = training.default.sum() / training.seen.sum()
    network.level.add_(torch.log(rate / own[training.rows].mean()))
