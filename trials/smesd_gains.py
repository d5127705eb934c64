"""How much better one set of forecasts is than another, and how much likelier suits are beside others."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ..gnn.metrics import Measured
from .smesd_dated import Forecasts
from .smesd_draws import interval
from .smesd_survivors import Floats, Ints


def log_losses(told: Forecasts, draws: Floats) -> Floats:
    """Mean of -log likelihood under each draw, shape (draws,)."""
    pd = np.clip(told.pd, 1e-9, 1 - 1e-9)
    each = -(told.outcome * np.log(pd) + (1 - told.outcome) * np.log1p(-pd))
    weight = draws[:, told.row]
    return np.asarray(weight @ each / weight.sum(axis=1))


def aucs(told: Forecasts, draws: Floats) -> Floats:
    """The chance that of two firms of one day the one that failed had the higher PD, shape (draws,)."""
    right, pairs = np.zeros(len(draws)), np.zeros(len(draws))
    for day in np.unique(told.day):
        mine = told.day == day
        bad = mine & (told.outcome > 0)
        good = mine & (told.outcome == 0)
        above = np.sign(told.pd[bad][:, None] - told.pd[good]) / 2 + 0.5  # (bad, good)
        left, across = draws[:, told.row[bad]], draws[:, told.row[good]]
        right += ((left @ above) * across).sum(axis=1)
        pairs += left.sum(axis=1) * across.sum(axis=1)
    return right / pairs


METRICS: Mapping[str, Callable[[Forecasts, Floats], Floats]] = {  # the higher the better
    "log_loss": lambda told, draws: -log_losses(told, draws),
    "auc": aucs,
}


def gain(metric: str, ours: Forecasts, theirs: Forecasts, draws: Floats) -> Measured:
    """How much better ours are, with the 95 % interval over draws."""
    rule = METRICS[metric]
    return interval(rule(ours, draws) - rule(theirs, draws))


def rate_ratio(exposed: Sequence[npt.NDArray[np.bool_]], told: Sequence[tuple[Ints, Floats]], draws: Floats) -> Floats:
    """How many times as often the exposed fail as the others, shape (draws,); days are strata.

    Args:
        exposed: by day, shape (m,).
        told: by day, the firms at risk and what became of them.
        draws: of firms.

    Source: Mantel & Haenszel (1959), J. Natl. Cancer Inst. 22(4): 719-748.
    """
    over, under = np.zeros(len(draws)), np.zeros(len(draws))
    for mark, (rows, outcome) in zip(exposed, told, strict=True):
        weight = draws[:, rows]
        one, failed = mark[rows].astype(np.float64), outcome
        many, beside = weight.sum(axis=1), weight @ one
        over += (weight @ (failed * one)) * (many - beside) / many
        under += (weight @ (failed * (1 - one))) * beside / many
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(over / under)
