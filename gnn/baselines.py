"""The champions to beat: own features by regression and trees, trees on neighbours too, and a structural kernel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch_geometric.data import HeteroData
from torch_geometric.utils import scatter

from ..graph.schema import KINDS, SHARED_PERSON
from .config import Config
from .network import USUAL, Wiring
from .sample import Sample

Floats = npt.NDArray[np.float64]
TREES, PATIENCE = 400, 40
LEAST_EQUITY = 0.02  # of assets: a firm with less is lost with the first partner
_SETTINGS = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 7, "min_data_in_leaf": 20, "lambda_l2": 1.0,
    "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1,
    "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip


@dataclass(frozen=True)
class Forecast:
    """PDs of the firms that count, shape (s,): as they are, and with all links cut."""

    pd: Floats
    standalone: Floats


def champions(
    training: Sequence[Sample], validation: Sample | None, test: Sample, config: Config
) -> Mapping[str, Floats]:
    """PDs of the test firms by each champion."""
    return {name: forecast.pd for name, forecast in forecasts(training, validation, [test], config).items()}


def forecasts(
    training: Sequence[Sample], validation: Sample | None, tests: Sequence[Sample], config: Config
) -> Mapping[str, Forecast]:
    """What each champion says of the firms of the test days, one day after the other.

    Trees stop where the validation day says; without one they are all grown.
    """
    own, around = _trees(own_columns, training, validation, config), _trees(beside, training, validation, config)
    line = _line(training)
    told: dict[str, list[Forecast]] = {"logistic": [], "own": [], "neighbours": [], "structural": []}
    for test in tests:
        rows, alone = test.rows.numpy(), own(own_columns(test))
        cut = np.column_stack([own_columns(test), np.zeros_like(_around(test.graph, test.wiring))])
        told["logistic"].append(_twice(line(own_columns(test))[rows]))
        told["own"].append(_twice(alone[rows]))
        told["neighbours"].append(Forecast(around(beside(test))[rows], around(cut)[rows]))
        told["structural"].append(Forecast(structural(test, alone)[rows], alone[rows]))
    return {
        name: Forecast(np.concatenate([day.pd for day in days]), np.concatenate([day.standalone for day in days]))
        for name, days in told.items()
    }


def _twice(pd: Floats) -> Forecast:
    return Forecast(pd, pd)


def own_columns(sample: Sample) -> Floats:
    """Balance sheets, shakes and numbers of all firms, one a row; distance to default is one of the columns."""
    firms = sample.graph["enterprise"]
    distance = firms.leverage / firms.shakes[:, 0].exp()
    sheet = [firms.leverage.numpy(), distance.numpy(), firms.earned.numpy()]
    columns = [*sheet, firms.sheets[:, 1:].numpy(), firms.shakes.numpy(), firms.x.numpy()]
    return np.asarray(np.column_stack(columns))


def beside(sample: Sample) -> Floats:
    """The same beside what a firm stands to lose by channel: in all, at most, from weak and from failed partners."""
    return np.column_stack([own_columns(sample), _around(sample.graph, sample.wiring)])


def _around(graph: HeteroData, wiring: Wiring) -> Floats:
    """Shape (n, 4 kinds of links): the sum of losses, the largest, weighed by leverage, those on failed partners."""
    failed = graph["enterprise"].failed.double()
    firms, kinds = len(failed), len(KINDS)
    slot = wiring.suffers * kinds + wiring.channel  # (e,) one for each firm and channel
    leverage = graph["enterprise"].leverage[wiring.fails].exp()
    weighed = [(wiring.loss, "sum"), (wiring.loss, "max"), (wiring.loss * leverage, "sum")]
    weighed.append((wiring.loss * failed[wiring.fails], "sum"))
    sums = [scatter(each, slot, dim_size=firms * kinds, reduce=how).view(firms, kinds) for each, how in weighed]
    return np.asarray(torch.cat(sums, dim=1).numpy())


def structural(sample: Sample, alone: Floats) -> Floats:
    """PDs by the first round of linear DebtRank: a partner's PD passes on the part of the equity that it would cost.

    Args:
        sample: firms and links.
        alone: (n,) PDs without links.

    Source: Bardoscia et al. (2015), one round, with the usual severities; a firm in default passes on all of it.
        Ties are no money and pass on nothing.
    """
    firms, wiring = sample.graph["enterprise"], sample.wiring
    usual = torch.tensor([0.0 if name == SHARED_PERSON else USUAL[name] for name in KINDS], dtype=torch.float64)
    equity = (1 - firms.leverage.exp()).clamp(min=LEAST_EQUITY)
    hit = (wiring.loss * usual[wiring.channel] / equity[wiring.suffers]).clamp(max=1.0)
    fails = torch.where(firms.failed, 1.0, torch.from_numpy(alone))
    stands = torch.log1p(-(fails[wiring.fails] * hit).clamp(max=1 - 1e-9))
    survives = scatter(stands, wiring.suffers, dim_size=len(alone), reduce="sum").numpy() + np.log1p(-alone)
    return np.asarray(-np.expm1(survives))


def _line(training: Sequence[Sample]) -> Callable[[Floats], Floats]:
    rows, default, weight = _stacked(own_columns, training)
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    fitted.fit(rows, default, logisticregression__sample_weight=weight)
    return lambda columns: np.asarray(fitted.predict_proba(columns)[:, 1])


def _trees(
    view: Callable[[Sample], Floats], training: Sequence[Sample], validation: Sample | None, config: Config
) -> Callable[[Floats], Floats]:
    """Trees grown on what the view shows of the training days."""
    rows, default, weight = _stacked(view, training)
    grown = lightgbm.Dataset(rows, default, weight=weight)
    settings = _SETTINGS | {"seed": config.seed, "num_threads": config.threads}
    if validation is None:
        trees = lightgbm.train(settings, grown, TREES)
    else:
        seen, failed, counts = _stacked(view, [validation])
        check = lightgbm.Dataset(seen, failed, weight=counts)
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        trees = lightgbm.train(settings, grown, TREES, valid_sets=[check], callbacks=[stop])
    return lambda columns: np.asarray(trees.predict(columns, num_threads=config.threads))


def _stacked(view: Callable[[Sample], Floats], days: Sequence[Sample]) -> tuple[Floats, Floats, Floats]:
    """Rows, outcomes and weights of the firms that count; survivors weigh as long as they were seen."""
    default = np.concatenate([day.default.numpy() for day in days])
    seen = np.concatenate([day.seen.numpy() for day in days])
    rows = np.concatenate([view(day)[day.rows.numpy()] for day in days])
    return rows, default, np.where(default > 0, 1.0, seen)
