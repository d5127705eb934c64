"""The champions to beat: LightGBM on a firm's own features, and on these beside its neighbours'."""

from collections.abc import Mapping

import lightgbm
import numpy as np
import numpy.typing as npt
import torch
from torch_geometric.data import HeteroData
from torch_geometric.utils import scatter

from ..graph.schema import CHANNELS
from .config import Config
from .network import Wiring
from .sample import Sample

Floats = npt.NDArray[np.float64]
TREES, PATIENCE = 400, 40
_SETTINGS = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 7, "min_data_in_leaf": 20, "lambda_l2": 1.0,
    "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1,
    "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip


def champions(training: Sample, validation: Sample, test: Sample, config: Config) -> Mapping[str, Floats]:
    """PDs of the test firms by each champion, stopped where the validation day says."""
    views = {"lightgbm_own": own, "lightgbm_neighbours": with_neighbours}
    return {
        name: _fitted((view(training), view(validation), view(test)), (training, validation), config)
        for name, view in views.items()
    }


def own(sample: Sample) -> Floats:
    """Balance sheet and numbers of the firms that count, shape (s, w + 2)."""
    firms = sample.graph["enterprise"]
    columns: Floats = np.column_stack([firms.leverage.numpy(), firms.volatility.numpy(), firms.x.numpy()])
    return np.asarray(columns[sample.rows.numpy()])


def with_neighbours(sample: Sample) -> Floats:
    """The same beside what a firm stands to lose by channel: in all, at most, from weak and from failed partners."""
    around = _around(sample.graph, sample.wiring)
    return np.column_stack([own(sample), around[sample.rows.numpy()]])


def _around(graph: HeteroData, wiring: Wiring) -> Floats:
    """Shape (n, 4 channels): the sum of losses, the largest, those weighed by leverage, those on failed partners."""
    failed = graph["enterprise"].failed.double()
    firms, kinds = len(failed), len(CHANNELS)
    slot = wiring.suffers * kinds + wiring.channel  # (e,) one for each firm and channel
    leverage = graph["enterprise"].leverage[wiring.fails].exp()
    weighed = [(wiring.loss, "sum"), (wiring.loss, "max"), (wiring.loss * leverage, "sum")]
    weighed.append((wiring.loss * failed[wiring.fails], "sum"))
    sums = [scatter(each, slot, dim_size=firms * kinds, reduce=how).view(firms, kinds) for each, how in weighed]
    return np.asarray(torch.cat(sums, dim=1).numpy())


def _fitted(rows: tuple[Floats, Floats, Floats], samples: tuple[Sample, Sample], config: Config) -> Floats:
    """PDs of the last rows from trees grown on the first and stopped on the second. Survivors weigh as long as seen."""
    sets = [
        lightgbm.Dataset(each, sample.default.numpy(), weight=np.where(sample.default > 0, 1.0, sample.seen))
        for each, sample in zip(rows, samples, strict=False)
    ]
    settings = _SETTINGS | {"seed": config.seed, "num_threads": config.threads}
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    trees = lightgbm.train(settings, sets[0], TREES, valid_sets=[sets[1]], callbacks=[stop])
    return np.asarray(trees.predict(rows[2], num_threads=config.threads))
