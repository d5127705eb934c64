"""The oracle trial: trained on one economy, judged on another whose true probabilities are known."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from ..gnn.baselines import Forecast, forecasts
from ..gnn.config import Config, same_bits
from ..gnn.learning import Progress, level_curve, level_shift
from ..gnn.model import Model
from ..gnn.sample import Sample, unlabelled
from ..gnn.task import Task
from ..gnn.train import History, Learned, defaults, fit_learned, learning_days, shifted
from ..graph.snapshot import Snapshot
from .oracle_folder import SCORED, TRUTH, Folder, anniversaries, over, training_days
from .oracle_measures import Gate, Judged, motifs
from .oracle_page import page
from .oracle_questions import answered

TRIAL = Config(steps=360, settled=360, rate=0.05, members=0)  # a whole economy teaches without a day to stop by


@dataclass(frozen=True)
class Test:
    """The economy to be judged on: its folder, its days, which firms stand in which motif by party_id and as_of."""

    folder: Folder
    snapshots: Sequence[Snapshot]
    motifs: pl.DataFrame

    def past(self, learned: Learned, task: Task) -> list[tuple[date, Sample]]:
        """Days of its own history whose outcomes a later test day knew, and the first such day."""
        history, days = History(task, self.folder.register), self.folder.days
        known = {
            day: min(late for late in days if over(day, task) <= late)
            for day in anniversaries(self.folder.register, days)
            if over(day, task) <= days[-1]
        }
        return [(by, history.sample(day, learned.scales, by)) for day, by in known.items()]

    @classmethod
    def read(cls, path: Path) -> "Test":
        """Reads a folder with its truth.

        Raises:
            UsageError, DataError: it isn't there, is no canonical one, or has no truth.
        """
        folder = Folder.read(path)
        snapshots = [folder.register.as_of(day) for day in folder.days]
        shapes = [motifs(each).with_columns(as_of=pl.lit(each.day)) for each in snapshots]
        return cls(folder, snapshots, pl.concat(shapes))

    def beside_truth(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of SCORED that have a truth, with it and their motifs."""
        true = self.folder.truth.select("party_id", "as_of", *(pl.col(name).alias(f"{name}_true") for name in TRUTH))
        both = frame.join(true, on=["party_id", "as_of"], how="inner")
        return both.join(self.motifs, on=["party_id", "as_of"], how="inner").drop_nulls()


def run(train: Path, test: Path, out: Path, seeds: Sequence[int], step: Progress) -> str:
    """Trains with each seed, scores the test's days, writes scores.parquet, gates.csv and oracle.md; returns the last.

    Raises:
        UsageError, DataError: a folder isn't there, is no canonical one, or the test's has no truth.
    """
    asked = Test.read(test)
    taught, task = Folder.read(train), Task()
    past = History(task, taught.register)
    learned = learning_days(past, training_days(taught.register, asked.folder.days, task))
    out.mkdir(parents=True, exist_ok=True)
    scored, gates = list[pl.DataFrame](), list[Gate]()
    own_past = asked.past(learned, task)
    for seed in seeds:
        model = fit_learned(past, learned, replace(TRIAL, seed=seed), step)
        models = by_day(model, learned, own_past, asked.folder.days)
        frames = {"gnn": _of_model(models, asked)} | _of_champions(model, learned, asked)
        scored += [frame.with_columns(model=pl.lit(name), seed=pl.lit(seed)) for name, frame in frames.items()]
        for name, frame in frames.items():
            gates += Judged(name, seed, asked.beside_truth(frame)).gates()
        gates += answered(models, seed, asked.folder, out, step)
    pl.concat(scored).select("model", "seed", *SCORED).write_parquet(out / "scores.parquet")
    table = pl.DataFrame([asdict(gate) for gate in gates], infer_schema_length=None)
    table.write_csv(out / "gates.csv")
    text = page(table, learned, asked.folder)
    (out / "oracle.md").write_text(text, encoding="utf-8")
    return text


def by_day(
    model: Model, learned: Learned, past: Sequence[tuple[date, Sample]], days: Sequence[date]
) -> dict[date, Model]:
    """The model on the level of all years known by each day: those of its training, and the judged economy's own.

    Ten years of one economy tell its level no better than to a sixth; each further year counts like one of those.
    """
    network = model.network()
    with same_bits(model.config):
        taught = [level_curve(network, day) for day in learned.days]
        own = [(by, level_curve(network, day), defaults([day])) for by, day in past]
    seen = defaults(learned.days)
    found = {}
    for day in days:
        known = [(curve, failed) for by, curve, failed in own if by <= day]
        curves = [*taught, *(curve for curve, _ in known)]
        found[day] = shifted(model, level_shift(curves, seen + sum(failed for _, failed in known)))
    return found


def _of_model(models: Mapping[date, Model], asked: Test) -> pl.DataFrame:
    """Columns of SCORED of every enterprise with a PD."""
    named = {"pd": "risk_pd", "pd_standalone": "risk_pd_standalone", "contagion": "risk_contagion"}
    parts = [
        models[each.day].score(each).firms.select("party_id", pl.lit(each.day).alias("as_of"), **named)
        for each in asked.snapshots
    ]
    return pl.concat(parts).drop_nulls()


def _of_champions(model: Model, learned: Learned, asked: Test) -> dict[str, pl.DataFrame]:
    """The same of each champion, of the firms that would be scored."""
    days = [unlabelled(model.task, each, learned.scales) for each in asked.snapshots]
    rows = pl.concat(
        each.parties.select("party_id", pl.lit(each.day).alias("as_of"))[day.rows.tolist()]
        for each, day in zip(asked.snapshots, days, strict=True)
    )
    with same_bits(model.config):
        told = forecasts(learned.days, None, days, model.config)
    return {name: _as_frame(rows, forecast) for name, forecast in told.items()}


def _as_frame(rows: pl.DataFrame, forecast: Forecast) -> pl.DataFrame:
    return rows.with_columns(
        pd=pl.Series(forecast.pd),
        pd_standalone=pl.Series(forecast.standalone),
        contagion=pl.Series(forecast.pd - forecast.standalone),
    )
