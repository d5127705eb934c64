"""fit: a register's past days -> a Model, with its papers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from ..graph.errors import DataError
from ..graph.register import Register
from ..graph.settings import Settings
from .baselines import champions
from .card import about, card
from .config import Config, same_bits
from .learning import Progress, learn, level_curve, level_shift, member
from .metrics import Floats
from .model import MEMBER, Model
from .network import HazardNetwork
from .sample import Sample, sample
from .task import Split, Task, split
from .tensors import Scales, fit_scales


def fit(
    task: Task,
    register: Register,
    config: Config = Config(),  # noqa: B008 (frozen)
    progress: Progress | None = None,
    settings: Settings = Settings(),  # noqa: B008 (frozen)
) -> Model:
    """The model that the register's training days teach, chosen on the validation day, reported on the test day.

    Raises:
        DataError: too short a history, or no default among the training days.
    """
    days = split(task, register)
    last, test = days.held_out
    with same_bits(config):
        past = History(task, register, settings)
        learned = learning_days(past, dict.fromkeys(days.train, last))
        scales, training = learned.scales, learned.days
        validation, after = past.sample(last, scales, test), past.sample(test, scales, days.until)
        network = learn(training, validation, config, progress)
        model = shaped(Model(task, config, scales, days, {}), network, training, [validation])
        pds = {"gnn": settled_pd(model, after), **champions(training, validation, after, config)}
        figures = card(network, training, after, pds, config.resamples)
        return replace(model, card=about(task, days) | figures)


def fit_learned(past: "History", learned: "Learned", config: Config, progress: Progress | None = None) -> Model:
    """The model that days teach of which none is held back: the last step's weights stand, there is no card."""
    with same_bits(config):
        network = learn(learned.days, None, config, progress)
        days = Split(tuple(learned.known), None, None, max(learned.known.values()))
        return shaped(Model(past.task, config, learned.scales, days, {}), network, learned.days)


@dataclass(frozen=True)
class History:
    """A register to learn a task from, read under some settings."""

    task: Task
    register: Register
    settings: Settings = Settings()  # noqa: RUF009 (frozen)

    def sample(self, day: date, scales: Scales, known_by: date) -> Sample:
        """The firms of a day, with outcomes known by a later one."""
        return sample(self.task, self.register, self.register.as_of(day, self.settings), scales, known_by)


@dataclass(frozen=True)
class Learned:
    """What there is to learn from: days as tensors on their scales, and by which day each one's outcomes are known."""

    scales: Scales
    days: Sequence[Sample]
    known: Mapping[date, date]


def learning_days(past: History, known: Mapping[date, date]) -> Learned:
    """Training days as tensors; `known` says of each by which day its outcomes are known.

    Raises:
        DataError: no default after any of them.
    """
    snapshots = {day: past.register.as_of(day, past.settings) for day in known}
    scales = fit_scales(list(snapshots.values()))
    days = [sample(past.task, past.register, snapshots[day], scales, by) for day, by in known.items()]
    if not any(bool(day.default.any()) for day in days):
        raise DataError(f"events: no default after the {len(days)} training days. Load more history.")
    return Learned(scales, days, known)


def shaped(
    model: Model, network: HazardNetwork, training: Sequence[Sample], validation: Sequence[Sample] = ()
) -> Model:
    """The model of a trained network: with the members behind its intervals, on the level of all its days."""
    weights = dict(network.state_dict())
    for number in range(model.config.members):
        other = member(network, training, model.config, number)
        weights |= {f"{MEMBER}{number}.{name}": weight for name, weight in other.state_dict().items()}
    kept = {name: weight.detach().clone() for name, weight in weights.items()}
    days = [*training, *validation]
    return shifted(
        replace(model, weights=kept), level_shift([level_curve(network, day) for day in days], defaults(days))
    )


def shifted(model: Model, shift: float) -> Model:
    """The model, and all its members, in a climate so many standard deviations worse."""
    moved = {name: weight + shift for name, weight in model.weights.items() if name.split(".")[-1] == "climate"}
    return replace(model, weights={**model.weights, **moved})


def defaults(days: Sequence[Sample]) -> float:
    """How many defaults came after some days."""
    return sum(float(day.default.sum()) for day in days)


def settled_pd(model: Model, firms: Sample) -> Floats:
    """PD of the firms that count, shape (s,)."""
    hazards = model.network().settle(firms.graph, firms.wiring)
    return np.asarray(-np.expm1(-hazards.total[firms.rows].numpy()))
