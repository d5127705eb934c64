"""Whether the firms that a run scored still look like those that its model learned from."""

import polars as pl

from .graph.configuration import Configuration
from .graph.errors import DataError
from .jobs import Report
from .rebuilding import model_folder, rebuilt, score_run


def monitor(config: Configuration, run_id: str | None) -> tuple[pl.DataFrame, Report]:
    """The population stability index of every measure of a score run, columns of `gnn.stability.DRIFT`.

    The report's exit code is that of broken data where a measure is red.

    Raises:
        UsageError: no such run.
        DataError: its model is gone or kept no reference, or its snapshot can't be rebuilt.
    """
    from .gnn.model import Model
    from .gnn.stability import RED, drift

    run, scores = score_run(config, run_id)
    folder = model_folder(config, run)
    if folder is None:
        raise DataError(f"{run.run_id}: its model {run.model_id} is gone from {config.home / 'models'}. Restore it.")
    then = Model.load(folder).reference
    if not then:
        raise DataError(f"{folder}: the model kept no reference of its training firms. Train again, then score.")
    found = rebuilt(config, run)
    if found.snapshot is None:
        raise DataError(f"{run.run_id}: its snapshot can't be rebuilt. 'relparty replay {run.run_id}' says why.")
    rows = drift(then, found.snapshot, scores)
    states = dict(rows.group_by("state").len().iter_rows())
    counted = ", ".join(f"{states.get(state, 0)} {state}" for state in ("red", "amber", "green"))
    lines = [f"run {run.run_id} against {then['firms']:,} firms of {then['day']}, model {run.model_id}: {counted}"]
    if states.get("red"):
        lines.append(f"red is above {RED}: look at what moved before these scores are used; train again if it is real")
    report = {"run_id": run.run_id, "model_id": run.model_id, "reference_day": then["day"], "states": states}
    return rows, report | {"lines": lines, "exit_code": DataError.exit_code if states.get("red") else 0}
