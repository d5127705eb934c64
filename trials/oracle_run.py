"""What a run of the oracle trial was: run.json beside its figures, by which several runs are told apart."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import polars as pl

from ..graph.errors import DataError, UsageError

PAPERS, GATES, YEARS = "run.json", "gates.csv", "years.csv"


@dataclass(frozen=True)
class Papers:
    """Which economy taught, which one was judged, and by whom.

    Attributes:
        form: by whose gates it was judged.
        train, test: names of the folders.
        train_sha256, test_sha256: of all their files; two economies are the same just if theirs are.
        days: on which it was judged.
        seeds, models: of the trainings, with the ids of their GNNs.
    """

    form: str
    train: str
    train_sha256: str
    test: str
    test_sha256: str
    days: Sequence[str]
    seeds: Sequence[int]
    models: Sequence[str]

    def save(self, folder: Path) -> None:
        """Writes them beside a run's figures."""
        (folder / PAPERS).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Finished:
    """A finished run: its papers, every line of its table, and of some the same year by year."""

    papers: Papers
    gates: pl.DataFrame
    years: pl.DataFrame

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads what the trial wrote.

        Raises:
            UsageError: it wrote nothing there, or an older version did.
            DataError: run.json lacks something.
        """
        lacks = [name for name in (PAPERS, GATES, YEARS) if not (folder / name).is_file()]
        if lacks:
            raise UsageError(f"{folder}: no {', '.join(lacks)}. 'relparty benchmark oracle --out {folder}' writes it.")
        try:
            papers = Papers(**json.loads((folder / PAPERS).read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise DataError(f"{folder / PAPERS}: not what the trial writes ({error}). Run it again.") from error
        return cls(papers, *(_table(folder / name, papers) for name in (GATES, YEARS)))


def _table(file: Path, papers: Papers) -> pl.DataFrame:
    """Its rows, each with the form, the economies and the folder that it is of."""
    types = {"seed": pl.Int64, "found": pl.Float64, "truth": pl.Float64, "passes": pl.Boolean}
    return pl.read_csv(file, schema_overrides=types).with_columns(
        form=pl.lit(papers.form),
        economy=pl.lit(papers.test_sha256),
        train=pl.lit(papers.train_sha256),
        test=pl.lit(papers.test),
        run=pl.lit(str(file.parent)),
    )
