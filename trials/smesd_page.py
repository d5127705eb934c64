"""The page that the benchmark on SMEsD prints: both tables, and in words what they show and what they don't."""

from collections.abc import Mapping

import polars as pl

from ..gnn.metrics import Measured
from ..loaders.smesd_rows import OBSERVED
from .smesd_answer import REWIRINGS_OF_RATES, Dated
from .smesd_published import MOST_GAP, SEEDS, Published
from .smesd_survivors import YEAR

SHOWN = {"log_loss": "{:+.4f}", "auc": "{:+.3f}", "rate_ratio": "{:.2f}"}
ALONE = {"log_loss": "{:.4f}", "auc": "{:.3f}"}


def page(published: Published, dated: Dated) -> str:
    """Both parts as Markdown."""
    return "\n".join([*_split(published), "", *_suits(dated), ""])


def verdict(dated: Dated) -> str:
    """One sentence on the question, one on the placebo, whichever way they fall."""
    row = dated.figure("gnn - gnn_cut", "log_loss")
    form = SHOWN["log_loss"]
    told = f"{_cell(row, form)} of log-loss"
    if row["low"] > 0 and row["value"] > row["null_high"]:
        first = f"Yes: links help the GNN by {told}, more than any rewired graph."
    elif row["high"] < 0:
        first = f"No: links do the GNN harm, {told}."
    else:
        first = f"Not shown: links change the GNN by {told}."
    meant = "what comes before says more than what comes after"
    if row["later_value"] >= row["same_value"]:
        meant = "suits cluster among linked firms, and their order is no evidence that trouble travels"
    later, before = _cell(row, form, "later_"), _cell(row, form, "same_")
    return f"{first} On the same days events after the window gain {later}, those before the day {before}: {meant}."


def _split(published: Published) -> list[str]:
    firms = ", ".join(f"{split} {many:,}" for split, many in published.firms.items())
    lines = ["## Published split: bankrupt or not, AUC on valid", ""]
    lines += [f"Firms that count: {firms}. Mean over {SEEDS} seeds; 95 % intervals over redrawn components."]
    lines += ["", "| model | AUC on valid |", "|---|---|"]
    lines += [f"| {name} | {_measured(value, '{:.3f}')} |" for name, value in published.aucs.items()]
    lines += [f"| gnn - gnn_rewired | {_measured(published.gain, '{:+.4f}')} |", ""]
    lines += ["The sample grew from bankrupt firms whose persons were followed: counts of links tell who is one."]
    lines += ["Read no AUC of this split as contagion; only what real links gain over rewired ones could be.", ""]
    lines += ["| time alone | AUC in train | in valid | |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {train:.3f} | {valid:.3f} | {'leaks' if leaks else 'holds'}; in {'the' if seen else 'no'} models |"
        for name, train, valid, leaks, seen in published.audit.iter_rows()
    ]
    return [*lines, "", f"A time whose AUC falls by more than {MOST_GAP:.2f} gives the reference date away."]


def _suits(dated: Dated) -> list[str]:
    lines = ["## Dated suits among survivors: first lost loan suit within 12 months", ""]
    lines += [f"{dated.survivors:,} survivors that are no branches. Links are undated and taken to hold always."]
    lines += [
        "",
        "| test day | at risk | failures | beside a failed firm | of these failures |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join([_december(row[0]), *map(str, row[1:])])} |" for row in dated.days.iter_rows()]
    lines += ["", "| model | log-loss | AUC within a day |", "|---|---|---|"]
    alone = dated.table.filter(~pl.col("figure").str.contains(" "))
    for name in alone["figure"].unique(maintain_order=True):
        figures = [_cell(dated.figure(name, metric), form) for metric, form in ALONE.items()]
        lines += [f"| {name} | {' | '.join(figures)} |"]
    lines += [
        "",
        f"Gains (above 0: the first is better). Rewired: the middle and the ends of {dated.rewirings} rewirings",
    ]
    lines += [
        f"({REWIRINGS_OF_RATES} for rate ratios). The last two columns stand on the same days: those with a whole"
    ]
    lines += ["year after their window; the later events are the placebo.", ""]
    lines += ["| | | gain | links rewired | events before, same days | events after the window |"]
    lines += ["|---|---|---|---|---|---|"]
    lines += [_row(row) for row in dated.table.iter_rows(named=True) if " " in row["figure"]]
    return [*lines, "", verdict(dated)]


def _row(row: Mapping[str, float]) -> str:
    form = SHOWN[str(row["metric"])]
    null = [row["null_median"], row["null_low"], row["null_high"]]
    cells = [_cell(row, form), _interval(null, form), _cell(row, form, "same_"), _cell(row, form, "later_")]
    return f"| {row['figure']} | {str(row['metric']).replace('_', ' ')} | {' | '.join(cells)} |"


def _cell(row: Mapping[str, float], form: str, part: str = "") -> str:
    return _interval([row[f"{part}{name}"] for name in ("value", "low", "high")], form)


def _measured(value: Measured, form: str) -> str:
    return _interval([value.value, value.low, value.high], form)


def _interval(figures: list[float], form: str) -> str:
    if figures[0] is None:
        return ""
    value, low, high = (form.format(figure) for figure in figures)
    return f"{value} [{low}, {high}]"


def _december(month: int) -> str:
    """A December, told by its distance in months from the last one observed."""
    return f"{OBSERVED.year + month // YEAR}-12"
