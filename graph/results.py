"""Run and Scores: what one execution leaves behind."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from .errors import DataError
from .schema import SCORES
from .snapshot import Snapshot

# One row per link and channel that carries contagion; `rest` is the link's key without its two parties, in the
# dictionary's order. Of a tie `table` and `rest` name the record of the shared person on who suffers: the person, then
# the rest of the record's key.
LINK_SCORES = {
    "suffers_id": pl.String(),
    "fails_id": pl.String(),
    "table": pl.String(),
    "rest": pl.List(pl.String()),
    "channel": pl.String(),
    "contagion": pl.Float64(),
}
PUBLISHED_SHARE, PUBLISHED_LINKS = 0.95, 12  # of a firm's contagion; at most so many links a firm


@dataclass(frozen=True)
class Run:
    """One execution for one day. The id is made from its inputs, so that running again is the same run.

    Attributes:
        hashes: of all inputs by name; run_inputs.py makes them.
        rows: that each table of the register held. Rows are only ever added, so these are its first ones ever after.
    """

    run_id: str
    kind: str
    as_of: date
    model_id: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Scores:
    """One row per enterprise of the snapshot, always; and what each link adds.

    Attributes:
        firms: party_id and the fields of `schema.SCORES`, in the snapshot's order.
        links: columns of LINK_SCORES; contagion is a difference of probabilities.
    """

    firms: pl.DataFrame
    links: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LINK_SCORES))

    @property
    def strongest_links(self) -> pl.DataFrame:
        """The links that make 95 % of a firm's contagion, at most 12 a firm: those worth a property in the store."""
        before = pl.col("contagion").cum_sum().over("suffers_id") - pl.col("contagion")
        whole = pl.col("contagion").sum().over("suffers_id")
        rank = pl.int_range(pl.len()).over("suffers_id")
        order = ["suffers_id", "contagion", "fails_id", "table", "channel", "rest"]
        ranked = self.links.sort(order, descending=[False, True, False, False, False, False])
        return ranked.filter((before < PUBLISHED_SHARE * whole) & (rank < PUBLISHED_LINKS))


def check_complete(scores: Scores, snapshot: Snapshot) -> None:
    """Holds scores to the law of one row each.

    Raises:
        DataError: an enterprise of the snapshot has no row, or a row belongs to none, or a column is missing.
    """
    expected = snapshot.parties["party_id"].head(snapshot.enterprises)
    if not scores.firms["party_id"].equals(expected):
        raise DataError(f"scores: {scores.firms.height} rows for {expected.len()} enterprises of {snapshot.day}.")
    missing = [spec.name for spec in SCORES if spec.name not in scores.firms.columns]
    if missing:
        raise DataError(f"scores: no column {missing[0]}.")


def save_run(folder: Path, run: Run, scores: Scores) -> Path:
    """Writes all rows of a run to `folder`/run_id, readable by its owner alone, and returns that folder."""
    target = run_folder(folder, run)
    scores.firms.write_parquet(target / "scores.parquet")
    scores.links.write_parquet(target / "links.parquet")
    return target


def run_folder(folder: Path, run: Run) -> Path:
    """Makes `folder`/run_id, readable by its owner alone, with the run's own papers in it."""
    target = folder / run.run_id
    for made in (folder, target):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    (target / "run.json").write_text(json.dumps(asdict(run), default=str, indent=1), encoding="utf-8")
    return target


def load_run(folder: Path, run_id: str) -> tuple[Run, Scores]:
    """Reads back what save_run wrote."""
    source = folder / run_id
    raw = json.loads((source / "run.json").read_text(encoding="utf-8"))
    run = Run(**(raw | {"as_of": date.fromisoformat(raw["as_of"])}))
    return run, Scores(pl.read_parquet(source / "scores.parquet"), pl.read_parquet(source / "links.parquet"))
