"""Questions of the oracle trial that no table of scores answers: given one failure, and under an intervention."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from ..gnn.counterfactual import Change, Questions
from ..gnn.learning import Progress
from ..gnn.model import Model
from ..graph.schema import LINKS
from ..graph.snapshot import Snapshot
from .oracle_folder import Folder
from .oracle_measures import Gate, slope

Models = Mapping[date, Model]  # by day
SLOPE, LOW, HIGH = "slope .85-1.15", 0.85, 1.15
TRUE_ON_SAID, SAID_ON_TRUE = "true on predicted change", "predicted on true change"
GATED = {"given": TRUE_ON_SAID, "interventions": SAID_ON_TRUE}  # a failure's slope says by how much it is too tame


def answered(models: Models, seed: int, asked: Folder, out: Path, step: Progress) -> list[Gate]:
    """What the model says where given.parquet and interventions.parquet ask, written beside the scores, and its gates.

    A change is predicted and true; two slopes through the origin, which differ where prediction and truth scatter.
    """
    gates = []
    for name, ask in (("given", _given), ("interventions", _interventions)):
        rows = ask(models, asked, step)
        if rows is None:
            continue
        rows.write_parquet(out / f"{name}-{seed}.parquet")
        said, true = (
            (rows[after] - rows[before]).to_numpy()
            for after, before in (("said", "said_before"), ("true", "true_before"))
        )
        for way, found in ((TRUE_ON_SAID, slope(said, true)), (SAID_ON_TRUE, slope(true, said))):
            gate = Gate("gnn", seed, f"{name}: slope of {way}", rows.height, found, 1.0)
            gates.append(replace(gate, asked=SLOPE, passes=LOW <= found <= HIGH) if way == GATED[name] else gate)
        gates.append(Gate("gnn", seed, f"{name}: mean change", rows.height, float(said.mean()), float(true.mean())))
    return gates


def _given(models: Models, asked: Folder, step: Progress) -> pl.DataFrame | None:
    """PD of each firm named in given.parquet if another fails, beside the truth."""
    rows = asked.told("given", "failed", "party_id", "pd_given")
    if rows is None or rows.is_empty():
        return None
    if "as_of" not in rows.columns:
        rows = rows.with_columns(as_of=pl.lit(asked.days[-1]))
    before = asked.truth.select("party_id", "as_of", true_before="pd")
    rows = rows.drop("pd", strict=False).join(before, on=["party_id", "as_of"], how="left")
    parts = [_given_on(models[day], asked.register.as_of(day), part, step) for day, part in _by_day(rows)]
    return pl.concat(parts).rename({"pd_given": "true"}).drop_nulls(["true", "true_before", "said"])


def _given_on(model: Model, snapshot: Snapshot, rows: pl.DataFrame, step: Progress) -> pl.DataFrame:
    questions, told = Questions(model, snapshot), list[pl.DataFrame]()
    failures = rows["failed"].unique(maintain_order=True)
    for number, failed in enumerate(failures):
        step("given a failure", number + 1, len(failures))
        mine = rows.filter(pl.col("failed") == failed)
        suffer = np.array([snapshot.row_of(party) for party in mine["party_id"]])
        pd = questions.given(snapshot.row_of(failed))
        told.append(mine.with_columns(said=pl.Series(pd[suffer]), said_before=pl.Series(questions.pd[suffer])))
    return pl.concat(told)


def _interventions(models: Models, asked: Folder, step: Progress) -> pl.DataFrame | None:
    """PD of each firm named in interventions.parquet after one thing is changed, beside the truth."""
    needs = (
        "party_id",
        "as_of",
        "what",
        "table",
        "source_id",
        "target_id",
        "contract_id",
        "before",
        "after",
        "pd_before",
    )
    rows = asked.told("interventions", *needs, "pd_after")
    if rows is None or rows.is_empty():
        return None
    parts = [_changed_on(models[day], asked.register.as_of(day), part, step) for day, part in _by_day(rows)]
    return pl.concat(parts).rename({"pd_after": "true", "pd_before": "true_before"}).drop_nulls(["true", "said"])


def _changed_on(model: Model, snapshot: Snapshot, rows: pl.DataFrame, step: Progress) -> pl.DataFrame:
    questions = Questions(model, snapshot)
    said = []
    for number, row in enumerate(rows.iter_rows(named=True)):
        step("interventions", number + 1, rows.height)
        said.append(questions.changed(_change(questions, snapshot, row)))
    before = questions.pd[[snapshot.row_of(party) for party in rows["party_id"]]]
    return rows.with_columns(said=pl.Series(said), said_before=pl.Series(before))


def _change(questions: Questions, snapshot: Snapshot, row: dict[str, object]) -> Change:
    """A row of interventions.parquet as a change of the graph."""
    party, factor = snapshot.row_of(str(row["party_id"])), float(str(row["after"])) / float(str(row["before"]))
    source, table = snapshot.row_of(str(row["source_id"])), str(row["table"])
    if table == "accounts":
        return Change(party, (), source, factor)
    target = snapshot.row_of(str(row["target_id"]))
    rows = snapshot.table(table).with_row_index("number")
    mine = rows.filter((pl.col("source_row") == source) & (pl.col("target_row") == target))
    if "contract_id" in LINKS[table].key and row["contract_id"] is not None:
        mine = mine.filter(pl.col("contract_id") == row["contract_id"])
    return Change(party, questions.links(table, (source, target), mine["number"].to_list()), None, factor)


def _by_day(rows: pl.DataFrame) -> Iterator[tuple[date, pl.DataFrame]]:
    for (day,), part in rows.group_by(["as_of"], maintain_order=True):
        if isinstance(day, date):
            yield day, part
