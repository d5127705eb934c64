"""A saved score run and the snapshot that it saw, rebuilt from the register as it was held then."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from .graph.configuration import Configuration
from .graph.errors import UsageError
from .graph.register import Register
from .graph.results import Run, Scores, load_run
from .graph.snapshot import Snapshot
from .jobs import loaded


@dataclass(frozen=True)
class Rebuilt:
    """What can still be had of a run's snapshot.

    Attributes:
        snapshot: equal to the run's, or none where the register no longer gives it.
        late: by table the rows that came into the register after the run, though recorded by its day. A run of today
            sees them; the snapshot here does not.
    """

    snapshot: Snapshot | None
    late: dict[str, int]

    @property
    def told(self) -> str:
        """The late rows in words."""
        return ", ".join(f"{name} {rows:,}" for name, rows in self.late.items())


def score_run(config: Configuration, run_id: str | None) -> tuple[Run, Scores]:
    """The score run of that id, else the one saved last.

    Raises:
        UsageError: no such run, or none at all.
    """
    folder = config.home / "runs"
    saved = {path.parent.name: path for path in folder.glob("score-*/scores.parquet")}
    if not saved:
        raise UsageError(f"{folder}: no score run yet. Run 'relparty score' first.")
    if run_id is None:
        return load_run(folder, max(saved, key=lambda name: (saved[name].stat().st_mtime_ns, name)))
    if run_id not in saved:
        last = ", ".join(sorted(saved)[-3:])
        raise UsageError(f"{run_id}: no score run of that id in {folder}. The latest of {len(saved)}: {last}.")
    return load_run(folder, run_id)


def rebuilt(config: Configuration, run: Run) -> Rebuilt:
    """The snapshot of a run: what the register says today of its day, else what it said when the run was made.

    Raises:
        DataError: the register is empty, or of another dictionary.
    """
    register = loaded(config)
    late = _late(register, run)
    then = Register({name: register.table(name).head(rows) for name, rows in run.rows.items()})
    for each in (register, then) if late else (register,):
        snapshot = each.as_of(run.as_of, config.settings)
        if snapshot.fingerprint == run.hashes.get("snapshot"):
            return Rebuilt(snapshot, late if each is then else {})
    return Rebuilt(None, late)


def _late(register: Register, run: Run) -> dict[str, int]:
    """Rows beyond those of the run that its day could have known; of a run that kept no counts, none is told."""
    if not run.rows:
        return {}
    counts = {name: _known_by(frame.slice(run.rows.get(name, 0)), run.as_of) for name, frame in register.tables.items()}
    return {name: count for name, count in sorted(counts.items()) if count}


def _known_by(frame: pl.DataFrame, day: date) -> int:
    return frame.filter(pl.col("recorded_on").is_null() | (pl.col("recorded_on") <= day)).height


def model_folder(config: Configuration, run: Run) -> Path | None:
    """Where the model of a run lies, or none where it is gone."""
    folder = config.home / "models" / run.model_id
    return folder if (folder / "model.json").is_file() else None
