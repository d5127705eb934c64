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
from .oracle_asked import ASKED, named_form
from .oracle_folder import SCORED, TRUTH, Folder, anniversaries, over, training_days
from .oracle_measures import Gate, Judged
from .oracle_motifs import motifs
from .oracle_page import page
from .oracle_questions import answered
from .oracle_run import GATES, YEARS, Papers

# A whole economy teaches without a day to stop by.
TRIAL = Config(steps=360, settled=360, rate=0.05, rate_of_links=0.12, members=0)


@dataclass(frozen=True)
class Test:
    """The economy to be judged on.

    Attributes:
        snapshots: of the days of its truth.
        motifs: which firms stand in which, by party_id and as_of.
        form: by whose gates it is judged.
    """

    folder: Folder
    snapshots: Sequence[Snapshot]
    motifs: pl.DataFrame
    form: str

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
    def read(cls, path: Path, form: str | None = None) -> "Test":
        """Reads a folder with its truth; without a form the one that the folder tells.

        Raises:
            UsageError, DataError: it isn't there, is no canonical one, or has no truth; there is no such form.
        """
        named = None if form is None else named_form(form)
        folder = Folder.read(path)
        snapshots = [folder.register.as_of(day) for day in folder.days]
        shapes = [motifs(each).with_columns(as_of=pl.lit(each.day)) for each in snapshots]
        return cls(folder, snapshots, pl.concat(shapes), named or folder.form)

    def papers(self, taught: Folder, models: Mapping[int, str]) -> Papers:
        """What a run on this economy was; `models` are ids by seed."""
        return Papers(
            form=self.form,
            train=taught.path.name,
            train_sha256=taught.sha256,
            test=self.folder.path.name,
            test_sha256=self.folder.sha256,
            days=[str(day) for day in self.folder.days],
            seeds=list(models),
            models=list(models.values()),
        )

    def beside_truth(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of SCORED that have a truth, with it and their motifs."""
        true = self.folder.truth.select("party_id", "as_of", *(pl.col(name).alias(f"{name}_true") for name in TRUTH))
        both = frame.join(true, on=["party_id", "as_of"], how="inner")
        return both.join(self.motifs, on=["party_id", "as_of"], how="inner").drop_nulls()


def run(train: Path, asked: Test, out: Path, seeds: Sequence[int], step: Progress) -> str:
    """Trains with each seed, scores the test's days, and returns the page.

    Writes it as oracle.md, its figures as gates.csv and years.csv, what the run was as run.json, and scores.parquet.

    Raises:
        UsageError, DataError: the folder to train on isn't there, or is no canonical one.
    """
    taught, task = Folder.read(train), Task()
    past = History(task, taught.register)
    learned = learning_days(past, training_days(taught.register, asked.folder.days, task))
    out.mkdir(parents=True, exist_ok=True)
    own_past = asked.past(learned, task)
    scored, found, made = list[pl.DataFrame](), list[Figures](), dict[int, str]()
    for seed in seeds:
        model = fit_learned(past, learned, replace(TRIAL, seed=seed), step)
        models = by_day(model, learned, own_past, asked.folder.days)
        frames = {"gnn": _of_model(models, asked)} | _of_champions(model, learned, asked)
        scored += [frame.with_columns(model=pl.lit(name), seed=pl.lit(seed)) for name, frame in frames.items()]
        found += [judged(asked, frames, seed), Figures(answered(models, seed, asked.folder, out, step), [])]
        made[seed] = model.model_id
    pl.concat(scored).select("model", "seed", *SCORED).write_parquet(out / "scores.parquet")
    asked.papers(taught, made).save(out)
    table = written(found, out)
    text = page(table, learned, asked.folder, asked.form)
    (out / "oracle.md").write_text(text, encoding="utf-8")
    return text


@dataclass(frozen=True)
class Figures:
    """Lines of gates.csv, and of years.csv."""

    gates: Sequence[Gate]
    years: Sequence[Mapping[str, object]]


def judged(asked: Test, frames: Mapping[str, pl.DataFrame], seed: int) -> Figures:
    """How near the scores of each model come to the truth: columns of SCORED by the model's name."""
    each = [Judged(name, seed, asked.beside_truth(frame), ASKED[asked.form]) for name, frame in frames.items()]
    return Figures([gate for one in each for gate in one.gates()], [row for one in each for row in one.by_year()])


def written(found: Sequence[Figures], out: Path) -> pl.DataFrame:
    """Writes gates.csv and years.csv, and returns the first."""
    years = pl.DataFrame([row for figures in found for row in figures.years], infer_schema_length=None)
    years.write_csv(out / YEARS)
    gates = [asdict(gate) for figures in found for gate in figures.gates]
    table = pl.DataFrame(gates, infer_schema_length=None)
    table.write_csv(out / GATES)
    return table


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
