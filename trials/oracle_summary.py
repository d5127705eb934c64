"""Several runs of the oracle trial together: every figure with its interval over economies, and over shock years."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import stdtrit

from ..graph.errors import UsageError
from .oracle_measures import MOST
from .oracle_run import Finished

ENOUGH = 3  # economies or years from which on an interval is Student's; of fewer it tells the least and the most
NONE = "none"  # a figure that some economy doesn't have, or that is not defined
ABOUT = (
    "Each cell: mean over economies, trainings on one economy averaged first; [95 % t-interval], of two [least, most];",
    "± standard deviation between trainings on one economy, where there are several.",
    "Years of one economy share a model and its level: their interval tells of shocks, not of economies.",
)


@dataclass(frozen=True)
class Figure:
    """A column: a line of gates.csv, and how what was found is held against the truth."""

    heading: str
    what: str
    against: str = "found"  # or ratio, difference
    digits: int = 3

    @property
    def value(self) -> pl.Expr:
        """The figure; missing where there is nothing to divide by."""
        found, truth = pl.col("found"), pl.col("truth")
        if self.against == "ratio":
            return pl.when(truth != 0).then(found / truth)
        return found - truth if self.against == "difference" else found

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Its lines among those of a run's table, with `value`."""
        return rows.filter(pl.col("what") == self.what).with_columns(value=self.value)


BY_YEAR = (
    Figure("contagion mean, found / truth", "contagion mean", "ratio"),
    Figure("mean of absolute contagion", "contagion mean, absolute", digits=5),
    Figure("AUC less the true PD's", "AUC", "difference", 4),
    Figure("PD mean, found / truth", "pd mean", "ratio"),
)
FIGURES = (
    *BY_YEAR,
    Figure("99th percentile", "contagion 99th percentile", digits=5),
    Figure("Pearson", "contagion Pearson, all"),
    Figure(f"Pearson, {MOST}", f"contagion Pearson, {MOST}"),
    Figure("given a failure, slope", "given: slope of true on predicted change"),
    Figure("interventions, slope", "interventions: slope of predicted on true change"),
)


def summary(folders: Sequence[Path]) -> str:
    """One table a form with a line a model, and one with a line a year of the GNN, as Markdown.

    Raises:
        UsageError: a folder holds no finished run, or two hold the same.
        DataError: what it holds is damaged.
    """
    runs = [Finished.read(folder) for folder in folders]
    gates, years = pl.concat(run.gates for run in runs), pl.concat(run.years for run in runs)
    told_twice = gates.select("form", "economy", "train", "model", "seed", "what").is_duplicated()
    if told_twice.any():
        raise UsageError(f"{gates.filter(told_twice)['run'][0]}: told twice. Name each run once.")
    lines = ["# Oracle: several economies together", "", *ABOUT]
    for (form,), rows in gates.group_by("form", maintain_order=True):
        lines += ["", f"## {form}: {_counted(rows)}", "", *_models(rows), "", *_missed(rows)]
        lines += ["", *_years(years.filter((pl.col("form") == form) & (pl.col("model") == "gnn")))]
    return "\n".join([*lines, ""])


def _counted(rows: pl.DataFrame) -> str:
    trainings = rows.select("economy", "train", "seed").n_unique()
    return f"economies {rows['economy'].n_unique()}, trainings {trainings}"


def _models(rows: pl.DataFrame) -> list[str]:
    """A line a model: each figure that the form has, and how many gates were passed."""
    shown = [figure for figure in FIGURES if rows["what"].is_in([figure.what]).any()]
    lines = _head("model", *(figure.heading for figure in shown), "gates passed")
    for (model,), mine in rows.group_by("model", maintain_order=True):
        asked = mine.drop_nulls("passes")["passes"]
        cells = [_cell(figure, mine) for figure in shown]
        lines.append(_line(model, *cells, f"{asked.sum()} of {len(asked)}"))
    return lines


def _missed(rows: pl.DataFrame) -> Iterator[str]:
    """Which gates the GNN missed, and in how many of the trainings that were asked."""
    asked = rows.filter(pl.col("model") == "gnn").drop_nulls("passes").group_by("what", maintain_order=True)
    counts = asked.agg(missed=(~pl.col("passes")).sum(), of=pl.len()).filter(pl.col("missed") > 0)
    named = [f"{what} ({missed} of {of})" for what, missed, of in counts.iter_rows()]
    yield f"The GNN misses: {'; '.join(named) or 'nothing'}."


def _years(rows: pl.DataFrame) -> list[str]:
    """A line an economy and year, then all of them with their interval."""
    shown = [figure for figure in BY_YEAR if rows["what"].is_in([figure.what]).any()]
    lines = _head("economy", "year from", *(figure.heading for figure in shown))
    for (_, name, day), mine in rows.group_by("economy", "test", "as_of", maintain_order=True):
        lines.append(_line(name, day, *(_pair(figure, mine) for figure in shown)))
    every = [figure.of(rows).group_by("economy", "as_of").agg(pl.col("value").mean()) for figure in shown]
    cells = [_interval(each["value"], figure.digits) for figure, each in zip(shown, every, strict=True)]
    return [*lines, _line("all", f"{every[0].height} years", *cells)]


def _cell(figure: Figure, rows: pl.DataFrame) -> str:
    each = figure.of(rows).group_by("economy").agg(pl.col("value").mean(), spread=pl.col("value").std())
    told, spreads = _interval(each["value"], figure.digits), each["spread"].drop_nulls().to_numpy()
    return f"{told} ± {spreads.mean():.{figure.digits}f}" if len(spreads) and told != NONE else told


def _pair(figure: Figure, rows: pl.DataFrame) -> str:
    """A figure of one year, mean over trainings, and what it was made of."""
    mine = figure.of(rows)
    told = _interval(pl.Series([mine["value"].mean()]), figure.digits)
    if figure.against == "found" or told == NONE:
        return told
    return f"{told} ({_interval(pl.Series([mine['found'].mean()]), 4)} / {_interval(mine['truth'].head(1), 4)})"


def _interval(values: pl.Series, digits: int) -> str:
    """Their mean, and an interval if there are several; NONE where some value is none."""
    each = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if not len(each) or not np.isfinite(each).all():
        return NONE
    mean, count = each.mean(), len(each)
    if count == 1:
        return f"{mean:.{digits}f}"
    half = stdtrit(count - 1, 0.975) * each.std(ddof=1) / np.sqrt(count)
    low, high = (mean - half, mean + half) if count >= ENOUGH else (each.min(), each.max())
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _head(*cells: str) -> list[str]:
    return [_line(*cells), "|---" * len(cells) + "|"]


def _line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"
