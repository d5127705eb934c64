"""LightGBM for SMEsD: small trees on some columns, grown on the training firms, stopped on the validation firms."""

from collections.abc import Sequence

import lightgbm
import numpy as np
import numpy.typing as npt

from .smesd_level import loss_at_level

Floats = npt.NDArray[np.float64]
TREES, PATIENCE = 300, 30
_SETTINGS = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 7, "min_data_in_leaf": 20, "lambda_l2": 1.0,
    "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1,
    "deterministic": True, "force_row_wise": True, "verbosity": -1,
    "metric": "none",
}  # fmt: skip


def grown(training: tuple[Floats, Floats], validation: tuple[Floats, Floats], others: Sequence[Floats], seed: int
          ) -> list[Floats]:  # fmt: skip
    """Chances of the validation rows, then of each of the others.

    Args:
        training: columns (s, w), NaN where unknown, and outcomes (s,), 0 or 1.
        validation: the same of other firms; growing stops where they say.
        others: columns of firms to score.
        seed: of the rows and columns that each tree sees.
    """
    sets = [lightgbm.Dataset(*each) for each in (training, validation)]
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    trees = lightgbm.train(_SETTINGS | {"seed": seed}, sets[0], TREES, [sets[1]], feval=_loss, callbacks=[stop])
    return [np.asarray(trees.predict(each, num_threads=1)) for each in (validation[0], *others)]


def _loss(pd: Floats, rows: lightgbm.Dataset) -> tuple[str, float, bool]:
    return "loss_at_level", loss_at_level(pd, np.asarray(rows.get_label(), dtype=np.float64)), False
