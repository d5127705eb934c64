"""What a score run adds to a model's scores before they are saved and published: what people decided about a PD."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from .graph import register_folder
from .graph.configuration import Configuration
from .graph.overrides import OVERRIDES, in_force, with_final, without_effect
from .graph.results import Run, Scores, save_run
from .graph.snapshot import Snapshot
from .loaders.overrides import read_overrides

if TYPE_CHECKING:
    from .gnn.model import Model

FILE = "overrides.csv"  # in the home folder: read by every score, so that no batch forgets it


@dataclass(frozen=True)
class Final:
    """Scores with all their fields, and the overrides in force that are among them (columns of OVERRIDES)."""

    scores: Scores
    overrides: pl.DataFrame

    @property
    def hashes(self) -> dict[str, str]:
        """What went in beside model and snapshot; nothing where nobody decided anything."""
        if self.overrides.is_empty():
            return {}
        said = self.overrides.drop("at").write_json()  # where it stood in the file is no part of it
        return {"overrides": hashlib.sha256(said.encode()).hexdigest()[:16]}

    @property
    def lines(self) -> list[str]:
        """What a person should know of the overrides."""
        count = self.overrides.height
        return [f"{count:,} overrides in force", *without_effect(self.scores, self.overrides)] if count else []

    def save(self, folder: Path, run: Run) -> None:
        """Writes all rows of a run, and the overrides with the names behind them, to `folder`/run_id."""
        target = save_run(folder, run, self.scores)
        self.overrides.write_parquet(target / "overrides.parquet")


def final_scores(model: "Model", snapshot: Snapshot, overrides: pl.DataFrame) -> Final:
    """The scores of a model under the overrides in force, as a run saves and publishes them."""
    return Final(with_final(model.score(snapshot), overrides), overrides)


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
