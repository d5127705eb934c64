"""What a run adds to a model's scores before they are saved and published: overrides, grades, floor and bounds."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from .graph import register_folder
from .graph.configuration import Configuration
from .graph.master_scale import with_grades
from .graph.overrides import OVERRIDES, in_force, with_final, without_effect
from .graph.results import Run, Scores, save_run
from .graph.snapshot import Snapshot
from .loaders.overrides import read_overrides

if TYPE_CHECKING:
    from .gnn.model import Model

FILE = "overrides.csv"  # in the home folder: read by every score, so that no batch forgets it
UNCOUNTED = "no upper bounds: the model's defaults were not counted by this master scale; relparty train counts them"


@dataclass(frozen=True)
class Final:
    """Scores with all their fields, and what of it people decided.

    Attributes:
        overrides: in force on the day, columns of OVERRIDES.
        grading: hash of the master scale and its upper bounds.
        notes: what a person should know of the grades.
    """

    scores: Scores
    overrides: pl.DataFrame
    grading: str
    notes: tuple[str, ...] = ()

    @property
    def hashes(self) -> dict[str, str]:
        """What went in beside model and snapshot; of overrides nothing where there are none."""
        said = self.overrides.drop("at").write_json()  # where it stood in the file is no part of it
        decided = {} if self.overrides.is_empty() else {"overrides": _hash(said)}
        return {"grading": self.grading, **decided}

    @property
    def lines(self) -> list[str]:
        """What a person should know."""
        if self.overrides.is_empty():
            return list(self.notes)
        told = without_effect(self.scores, self.overrides)
        return [*self.notes, f"{self.overrides.height:,} overrides in force", *told]

    def save(self, folder: Path, run: Run) -> None:
        """Writes all rows of a run, and the overrides with the names behind them, to `folder`/run_id."""
        target = save_run(folder, run, self.scores)
        self.overrides.write_parquet(target / "overrides.parquet")


def final_scores(config: Configuration, model: "Model", snapshot: Snapshot, overrides: pl.DataFrame) -> Final:
    """The scores of a model as a run saves and publishes them: under the overrides in force, graded."""
    from .gnn.grades import GradeCounts

    scale, counts = config.scale, GradeCounts.load(config.home / "models" / model.model_id)
    upper = counts.upper(scale.confidence) if counts and counts.ends == scale.ends else []
    scores = with_grades(with_final(model.score(snapshot), overrides), scale, upper)
    grading = _hash(json.dumps([asdict(scale), upper]))
    return Final(scores, overrides, grading, () if upper else (UNCOUNTED,))


def _hash(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def overrides_of(config: Configuration, given: str | None, snapshot: Snapshot) -> pl.DataFrame:
    """The overrides in force on a snapshot's day, columns of OVERRIDES: of the file given, else of the home's, if any.

    Raises:
        UsageError: the file given is none.
        DataError: it can't be taken as it is.
    """
    path = Path(given) if given else config.home / FILE
    if not given and not path.is_file():
        return pl.DataFrame(schema=OVERRIDES)
    register = register_folder.load(config.home / "register")
    known = register.known("identifiers", snapshot.day, config.settings)
    identifiers = known.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > snapshot.day))
    return in_force(read_overrides(path), snapshot, identifiers, register.table("parties")["party_id"])
