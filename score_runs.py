"""Score runs that were saved: the one named, or the one saved last."""

from .graph.configuration import Configuration
from .graph.errors import UsageError
from .graph.results import Run, Scores, load_run


def score_run(config: Configuration, run_id: str | None = None) -> tuple[Run, Scores]:
    """The score run of that id, else the one saved last.

    Raises:
        UsageError: no such score run, or none at all.
    """
    folder = config.home / "runs"
    saved = {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("*/scores.parquet")}
    if not saved:
        raise UsageError(f"{folder}: no score run yet. relparty score makes one.")
    chosen = run_id or max(saved, key=lambda name: (saved[name], name))
    if chosen not in saved:
        raise UsageError(f"{run_id}: no such score run in {folder}. There are {', '.join(sorted(saved)[-5:])}.")
    return load_run(folder, chosen)
