"""The dated question on SMEsD answered: what links gain, beside it the rewired null and the placebo."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

import numpy as np
import polars as pl

from ..graph.errors import DataError
from .smesd_dated import FEWEST, FIRST_DAY, LAST_DAY, LINKED, UNLINKED, Forecasts, forecasts, test_days
from .smesd_days import When, linked
from .smesd_draws import draws, interval
from .smesd_gains import METRICS, gain, rate_ratio
from .smesd_survivors import YEAR, Floats, Panel

Progress = Callable[[str, int, int], None]
Told = dict[tuple[str, When], Forecasts]
REWIRINGS_OF_RATES = 200  # which need no training
TRACE = 3  # months: of one case several parties may lose one after the other
COMPARED = (
    ("gnn", "gnn_cut"),
    ("lightgbm_neighbours", "lightgbm_own"),
    ("gnn", "lightgbm_own"),
    ("gnn", "lightgbm_neighbours"),
)
NOTHING = (None, None, None)


@dataclass(frozen=True)
class Dated:
    """The answer.

    Attributes:
        table: figure, metric, value, low, high; of the same with links rewired null_median, null_low, null_high (the
            middle and the ends of all rewirings); and on the days that have a whole year after their window: same_…
            with events before the day, later_… with those after the window, the placebo.
        days: test day (month), firms at risk, failures, of these with a linked firm that failed in the year before.
        survivors: how many firms there are.
        rewirings: how many the null has.
    """

    table: pl.DataFrame
    days: pl.DataFrame
    survivors: int
    rewirings: int

    def figure(self, name: str, metric: str) -> Mapping[str, float]:
        """One row of the table."""
        return self.table.row(by_predicate=(pl.col("figure") == name) & (pl.col("metric") == metric), named=True)


def answered(panel: Panel, rewirings: int, progress: Progress) -> Dated:
    """Forecasts of every model, with real links and rewired, with events before and after, compared.

    Args:
        panel: the survivors.
        rewirings: how many times all that see links are trained again on rewired ones.
        progress: told of the step.

    Raises:
        DataError: too few lost loan suits to train on and to test.
    """
    days, weight = test_days(panel), draws(panel.ties.components())
    if not _with_a_year_after(days):
        raise DataError(
            f"lawsuits.csv: no test day has {FEWEST} first lost loan suits of survivors in the windows to train on and "
            f"two years after it. The dated part needs SMEsD's whole files."
        )
    told = _told(panel, days, progress)
    null = []
    for seed in range(rewirings):
        progress("dated suits, links rewired", seed, rewirings)
        other = panel.with_ties(panel.ties.rewired(seed))
        null.append({model: forecasts(other, model, days) for model in LINKED})
    progress("dated suits, links rewired", 1, 1)
    rows = [_alone(model, metric, told, weight) for model in (*LINKED, *UNLINKED) for metric in METRICS]
    rows += [_compared(pair, metric, told, null, weight) for pair in COMPARED for metric in METRICS]
    rows += [_rates("linked firms failed", 0, panel, weight), _rates("the same, not just before", TRACE, panel, weight)]
    return Dated(
        pl.DataFrame(rows, schema=_columns(), orient="row"), _days(panel, days), len(panel.companies), rewirings
    )


def _columns() -> list[str]:
    parts = [f"{part}_{name}" for part in ("same", "later") for name in ("value", "low", "high")]
    return ["figure", "metric", "value", "low", "high", "null_median", "null_low", "null_high", *parts]


def _told(panel: Panel, days: list[int], progress: Progress) -> Told:
    wanted: list[tuple[str, When]] = [(model, "before") for model in (*UNLINKED, *LINKED)]
    wanted += [(model, "after") for model in LINKED]
    told: Told = {}
    for done, (model, when) in enumerate(wanted):
        progress("dated suits", done, len(wanted))
        told[model, when] = forecasts(panel, model, days if when == "before" else _with_a_year_after(days), when)
    progress("dated suits", 1, 1)
    return told


def _with_a_year_after(days: list[int]) -> list[int]:
    return [day for day in days if day + 2 * YEAR <= 0]


def _alone(model: str, metric: str, told: Told, weight: Floats) -> tuple[object, ...]:
    figures = METRICS[metric](told[model, "before"], weight)
    sign = -1 if metric == "log_loss" else 1  # gains are better the higher; a log-loss is shown as it is
    return (model, metric, *astuple(interval(sign * figures)), *NOTHING, *NOTHING, *NOTHING)


def _compared(
    pair: tuple[str, str], metric: str, told: Told, null: list[dict[str, Forecasts]], weight: Floats
) -> tuple[object, ...]:
    """Gain of ours over theirs; null and placebo only where theirs sees no links."""
    ours, theirs = pair
    name, rival = f"{ours} - {theirs}", told[theirs, "before"]
    value = gain(metric, told[ours, "before"], rival, weight)
    if theirs in LINKED:
        return (name, metric, *astuple(value), *NOTHING, *NOTHING, *NOTHING)
    once = weight[:1]
    rewired = [float((METRICS[metric](each[ours], once) - METRICS[metric](rival, once))[0]) for each in null]
    days = np.unique(told[ours, "after"].day)
    same = gain(metric, told[ours, "before"].on(days), rival.on(days), weight)
    later = gain(metric, told[ours, "after"], rival.on(days), weight)
    return (name, metric, *astuple(value), *_ends(rewired), *astuple(same), *astuple(later))


def _rates(name: str, gap: int, panel: Panel, weight: Floats) -> tuple[object, ...]:
    """How many times as often firms fail whose linked firms failed within twelve months, but not in the last `gap`."""
    days = list(range(FIRST_DAY, LAST_DAY + 1, YEAR))
    short = _with_a_year_after(days)
    once = weight[:1]
    rewired = [
        float(_rate(panel.with_ties(panel.ties.rewired(seed)), days, (-YEAR, -gap), once)[0])
        for seed in range(REWIRINGS_OF_RATES)
    ]
    each = [(days, (-YEAR, -gap)), (short, (-YEAR, -gap)), (short, (YEAR + gap, 2 * YEAR))]
    real, same, later = (interval(_rate(panel, *one, weight)) for one in each)
    return (name, "rate_ratio", *astuple(real), *_ends(rewired), *astuple(same), *astuple(later))


def _rate(panel: Panel, days: list[int], months: tuple[int, int], weight: Floats) -> Floats:
    """The rate ratio of firms with a linked firm that failed in those months from the day."""
    near = sum(linked(panel))
    exposed = [near @ panel.lost_between(day + months[0], day + months[1]).astype(float) > 0 for day in days]
    risk = [panel.at_risk(day) for day in days]
    told = [(rows, panel.outcome(day, rows)) for day, rows in zip(days, risk, strict=True)]
    return rate_ratio(exposed, told, weight)


def _ends(figures: list[float]) -> tuple[float, float, float]:
    return float(np.median(figures)), min(figures), max(figures)


def _days(panel: Panel, days: list[int]) -> pl.DataFrame:
    near, rows = sum(linked(panel)), []
    for day in days:
        risk = panel.at_risk(day)
        failed = panel.outcome(day, risk)
        beside = near @ panel.lost_between(day - YEAR, day).astype(float) > 0
        rows.append((day, len(risk), int(failed.sum()), int(beside[risk].sum()), int(failed @ beside[risk])))
    columns = ["day", "at_risk", "failures", "beside_failed", "failures_beside_failed"]
    return pl.DataFrame(rows, schema=columns, orient="row")
