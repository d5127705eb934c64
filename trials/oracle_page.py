"""The page that the oracle trial prints: every figure beside the truth, and which gate it passes."""

import polars as pl

from ..gnn.train import Learned
from .oracle_folder import Folder

MARKS = {True: "yes", False: "no", None: ""}
IN_SHORT = ("contagion mean", "contagion Pearson, all", "contagion Pearson, without the 1% largest", "AUC")


def page(gates: pl.DataFrame, learned: Learned, asked: Folder, form: str) -> str:
    """Champions beside the GNN, then all figures of the GNN by seed, as Markdown."""
    firms, days = sum(len(day.rows) for day in learned.days), sorted(learned.known)
    lines = [f"# Oracle: trained on {len(days)} days from {days[0]} to {days[-1]}, {firms:,} firms and days", ""]
    span = f"{len(asked.days)} days from {asked.days[0]} to {asked.days[-1]}"
    lines += [f"Judged on {asked.path.name}, {span}, by the gates of form {form}."]
    lines += ["Severities and contagion are unknown to every model; figures are means over firms and days.", ""]
    lines += [*_beside(gates), "", *_every(gates.filter(pl.col("model") == "gnn")), ""]
    return "\n".join(lines)


def _beside(gates: pl.DataFrame) -> list[str]:
    """One line a model, mean over the seeds."""
    lines = ["| model | " + " | ".join(IN_SHORT) + " | PD mean | gates passed |", "|---" * (len(IN_SHORT) + 3) + "|"]
    for (model,), rows in gates.group_by(["model"], maintain_order=True):
        cells = [_pair(rows.filter(pl.col("what") == what)) for what in (*IN_SHORT, "pd mean")]
        asked = rows.drop_nulls("passes")["passes"]
        lines.append(f"| {model} | " + " | ".join(cells) + f" | {asked.sum()} of {len(asked)} |")
    return [*lines, "", "Each cell: found / truth."]


def _pair(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return "none"
    return f"{rows['found'].to_numpy().mean():.4f} / {rows['truth'].to_numpy().mean():.4f}"


def _every(gates: pl.DataFrame) -> list[str]:
    lines = ["| seed | what | firms | found | truth | found / truth | asked | passes |", "|---" * 8 + "|"]
    for row in gates.iter_rows(named=True):
        part = f"{row['found'] / row['truth']:.2f}" if row["truth"] else ""
        cells = [row["seed"], row["what"], f"{row['firms']:,}", f"{row['found']:.5f}", f"{row['truth']:.5f}", part]
        lines.append("| " + " | ".join(map(str, cells)) + f" | {row['asked']} | {MARKS[row['passes']]} |")
    return lines
