"""How good probabilities of default are: ranking, likelihood, level, each with an interval."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What became of the firms, shape (s,): 1 where one defaulted, and the share of the horizon it was seen for."""

    default: Floats
    seen: Floats


@dataclass(frozen=True)
class Measured:
    """A figure with its 95 % interval over resampled firms."""

    value: float
    low: float
    high: float


Metric = Callable[[Outcome, Floats, Floats], float]  # outcome, PD and weight of each firm -> figure


def auc(outcome: Outcome, pd: Floats, weight: Floats) -> float:
    """The chance that a firm that defaulted had a higher PD than one that did not; ties count half.

    Without a firm of either kind there is none: nan.
    """
    order = np.argsort(pd, kind="stable")
    bad, good = (weight * outcome.default)[order], (weight * (1 - outcome.default))[order]
    first = np.flatnonzero(np.r_[True, np.diff(pd[order]) > 0])
    bad, good = np.add.reduceat(bad, first), np.add.reduceat(good, first)
    below = np.cumsum(good) - good / 2
    pairs = bad.sum() * good.sum()
    return float((bad * below).sum() / pairs) if pairs > 0 else float("nan")


def log_loss(outcome: Outcome, pd: Floats, weight: Floats) -> float:
    """Mean of -log likelihood; a firm seen for part of the horizon counts with that part of its hazard."""
    certain = np.clip(pd, 1e-12, 1 - 1e-12)
    each = outcome.default * np.log(certain) + (1 - outcome.default) * outcome.seen * np.log1p(-certain)
    return float(-(weight * each).sum() / weight.sum())


def level(outcome: Outcome, pd: Floats, weight: Floats) -> float:
    """Expected over observed defaults: 1 is right, 2 is twice too many; nan where none was observed."""
    expected = -np.expm1(outcome.seen * np.log1p(-np.clip(pd, 0, 1 - 1e-12)))
    expected = np.where(outcome.default > 0, pd, expected)
    observed = (weight * outcome.default).sum()
    return float((weight * expected).sum() / observed) if observed > 0 else float("nan")


METRICS: Mapping[str, Metric] = {"auc": auc, "log_loss": log_loss, "level": level}


def measure(outcome: Outcome, pd: Floats, metric: Metric, resamples: int, seed: int = 0) -> Measured:
    """A metric with its interval; nan throughout where it is nan: what it lacks, every resample lacks."""
    figures = [metric(outcome, pd, weight) for weight in _weights(outcome, resamples, seed)]
    return _measured(metric(outcome, pd, np.ones(len(pd))), figures)


def difference(
    outcome: Outcome, ours: Floats, theirs: Floats, metric: Metric, resamples: int, seed: int = 0
) -> Measured:
    """How much higher a metric is for one set of PDs than for another, on the same resampled firms."""
    figures = [
        metric(outcome, ours, each) - metric(outcome, theirs, each) for each in _weights(outcome, resamples, seed)
    ]
    once = np.ones(len(ours))
    return _measured(metric(outcome, ours, once) - metric(outcome, theirs, once), figures)


def _weights(outcome: Outcome, resamples: int, seed: int) -> list[Floats]:
    """How often each firm is drawn; defaults and survivors apart, so that no resample is without a default."""
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(outcome.default == kind) for kind in (0, 1)]
    drawn = []
    for _ in range(resamples):
        picks = np.concatenate([rng.choice(group, len(group)) for group in groups if len(group)])
        drawn.append(np.bincount(picks, minlength=len(outcome.default)).astype(np.float64))
    return drawn


def _measured(value: float, figures: list[float]) -> Measured:
    low, high = np.quantile(figures, [0.025, 0.975])
    return Measured(value, float(low), float(high))
