"""The model card: what a model was trained on, how well it does, beside whom, and what it may not be used for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isnan
from typing import Any

import torch

from ..graph.schema import KINDS
from .features import BESIDE
from .metrics import METRICS, Floats, Measured, difference, log_loss, measure
from .network import HazardNetwork
from .own import OwnHazard
from .sample import Sample
from .task import Split, Task

LIMITS = (
    "Contagion is what the model adds for links: associational unless a structural model agrees.",
    "Trained and tested on one economy's few years; a year unlike them moves the level of all PDs.",
    "Severity and theta trade off: read them together, never one alone.",
    "shared_person is no loss on record, but what firms seem to lose by failures of others of their owner or manager.",
    "Where firms of one person are alike and their accounts inexact, being alike is taken for shared_person.",
    "A person with over 20 firms ties nobody.",
    "Firms without accounts stand on the median balance sheet of the training days (risk_basis estimated).",
    "A firm of an industry, region or legal form that no training day knew is abstained: PD shown, not used.",
    "So is a firm that stands to lose through a channel 1.5 times as much of its assets as any in training.",
)


def card(
    network: HazardNetwork, training: Sequence[Sample], test: Sample, pds: Mapping[str, Floats], resamples: int
) -> dict[str, Any]:
    """The papers of a network: `pds` are the PDs of the test firms by model, its own named gnn."""
    rivals = [name for name in pds if name != "gnn"]
    gains = {name: difference(test.outcome, pds["gnn"], pds[name], log_loss, resamples) for name in rivals}
    return {
        "training": _counts(training),
        "test": _counts([test]),
        "metrics": {
            name: {metric: _told(measure(test.outcome, pd, rule, resamples)) for metric, rule in METRICS.items()}
            for name, pd in pds.items()
        },
        "verdict": [verdict(name, gain) for name, gain in gains.items()],
        "channels": {
            name: {"severity": severity, "theta": theta}
            for name, severity, theta in zip(KINDS, network.lost.tolist(), network.theta.tolist(), strict=True)
        },
        "own": _own(network.own),
        "limits": list(LIMITS),
    }


def _own(own: OwnHazard) -> dict[str, Any]:
    """What a firm's own hazard rests on: how far each sheet is believed, how far its profit, how far years differ."""
    sheets = dict(zip(("latest", *BESIDE), own.believed.tolist(), strict=True))
    gain, unseen = torch.sigmoid(own.gain).item(), -torch.expm1(-own.unseen.exp()).item()
    return {"sheets": sheets, "gain": gain, "years": own.spread.item(), "unseen": unseen}


def about(task: Task, days: Split) -> dict[str, Any]:
    """What was to be learned, from which days."""
    said = {"validation": str(days.validation), "test": str(days.test), "until": str(days.until)}
    return {"task": asdict(task), "days": {"train": [str(day) for day in days.train]} | said}


def verdict(name: str, gain: Measured) -> str:
    """One sentence on who wins: `gain` is our log-loss minus theirs, lower is better."""
    interval = f"log-loss {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
    if gain.high < 0:
        return f"The GNN beats {name}: {interval}."
    if gain.low > 0:
        return f"{name} beats the GNN: {interval}."
    return f"Neither the GNN nor {name} wins: {interval}."


def _counts(days: Sequence[Sample]) -> dict[str, float]:
    return {
        "firms": sum(len(day.rows) for day in days),
        "defaults": int(sum(day.default.sum() for day in days)),
        "years_seen": float(sum(day.seen.sum() for day in days)),
    }


def as_text(model_id: str, card: Mapping[str, Any]) -> str:
    """The card as Markdown."""
    if not card:
        return f"# Model {model_id}\n\nTrained without a test day: no figures.\n"
    lines = [
        f"# Model {model_id}",
        "",
        f"First default within {card['task']['horizon']} months, definition {card['task']['definition']}.",
    ]
    lines += [f"Trained on {', '.join(card['days']['train'])}; validated on {card['days']['validation']}."]
    lines += [
        "",
        f"## Test day {card['days']['test']}: {card['test']['firms']} firms, {card['test']['defaults']} defaults",
        "",
    ]
    lines += ["| model | " + " | ".join(METRICS) + " |", "|---" * (len(METRICS) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(map(_shown, row.values())) + " |" for name, row in card["metrics"].items()]
    lines += ["", "95 % intervals over resampled firms; level = expected over observed defaults.", "", *card["verdict"]]
    lines += [
        *_grades(card.get("grades", ())),
        "",
        "## Channels",
        "",
        "| channel | severity | theta |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {row['severity']:.2f} | {row['theta']:.2f} |" for name, row in card["channels"].items()]
    lines += _balance_sheets(card["own"]) if "own" in card else []
    return "\n".join([*lines, "", "## Limits", "", *(f"- {limit}" for limit in card["limits"]), ""])


def _grades(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Expected and observed defaults of the test day by grade of the master scale."""
    if not rows:
        return []
    lines = ["", "## Grades on the test day", "", "| grade | PD | firms | expected | defaults | default rate |"]
    lines += ["|---" * 6 + "|"]
    for row in rows:
        seen = f"{row['defaults'] / row['firms']:.2%} " if row["firms"] else ""
        cells = [f"{row['grade']}", f"{row['begins']:.2%}-{row['ends']:.2%}", f"{row['firms']:.1f}"]
        cells += [f"{row['expected']:.1f}", f"{row['defaults']}", f"{seen}[{row['low']:.2%}, {row['high']:.2%}]"]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, "", "Firms: horizons seen. Jeffreys 95 % intervals as if firms were independent: defaults cluster."]


def _told(figures: Measured) -> dict[str, float | None]:
    """None for nan, which JSON doesn't know."""
    return {name: None if isnan(value) else value for name, value in asdict(figures).items()}


def _balance_sheets(own: Mapping[str, Any]) -> list[str]:
    believed = ", ".join(f"{name} {part:.2f}" for name, part in own["sheets"].items())
    return [
        "",
        "## Balance sheets",
        "",
        f"Liabilities over assets as believed: {believed}; less {own['gain']:.2f} of the year's profit.",
        f"Years differ by {own['years']:.2f} standard deviations of all firms' distances to default.",
        f"No sheet shows {own['unseen']:.2%} of PD.",
    ]


def _shown(figures: Mapping[str, float | None]) -> str:
    if figures["value"] is None:
        return "none"
    return f"{figures['value']:.3f} [{figures['low']:.3f}, {figures['high']:.3f}]"
