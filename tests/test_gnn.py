"""The trained model on a small made-up economy: one row each, islands, names, order, additive, remade, no future."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from relparty.gnn.card import as_text
from relparty.gnn.config import Config
from relparty.gnn.model import Model, latest
from relparty.gnn.task import Task
from relparty.gnn.train import fit
from relparty.graph.errors import DataError, UsageError
from relparty.graph.register import Register
from relparty.graph.results import Scores, check_complete
from relparty.graph.schema import KINDS
from relparty.graph.snapshot import Snapshot
from relparty.loaders.economy import write_economy
from relparty.loaders.folder import read_folder
from relparty.loaders.intake import take_in

from .shared import needs_shared, report

DAY = date(2022, 12, 31)
CONFIG = Config(steps=60, settled=40, look=20, resamples=20)
TASK = Task(until=DAY, step=6)


def read(folder: Path) -> Register:
    """A folder's register."""
    return take_in(Register.empty(), read_folder(folder)).register


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    """500 firms over five years, of which the last is the future."""
    folder = tmp_path_factory.mktemp("economy")
    write_economy(folder, 500, 5, seed=3)
    return read(folder)


@pytest.fixture(scope="module")
def model(register: Register) -> Model:
    """Trained on what was known by DAY."""
    return fit(TASK, register, CONFIG)


@pytest.fixture(scope="module")
def snapshot(register: Register) -> Snapshot:
    """The economy on DAY."""
    return register.as_of(DAY)


@pytest.fixture(scope="module")
def scores(model: Model, snapshot: Snapshot) -> Scores:
    """Its scores."""
    return model.score(snapshot)


def furthest(left: pl.Series, right: pl.Series) -> float:
    """The largest distance between two columns."""
    return float(np.abs((left - right).drop_nulls().to_numpy()).max())


def test_every_enterprise_has_one_row_and_every_status_its_numbers(scores: Scores, snapshot: Snapshot) -> None:
    check_complete(scores, snapshot)
    for status, firms in scores.firms.group_by("risk_status"):
        pd, alone, contagion = (firms[name] for name in ("risk_pd", "risk_pd_standalone", "risk_contagion"))
        if status == ("unseen",):
            assert pd.is_null().all()
        elif status == ("in_default",):
            assert (pd == 1).all()
            assert (alone == 1).all()
            assert (contagion == 0).all()
        else:
            assert status in (("scored",), ("abstained",))
            assert pd.is_between(0, 1, closed="none").all()
    assert {"scored", "in_default", "unseen"} <= set(scores.firms["risk_status"])
    assert (scores.firms["risk_status"] == "abstained").sum() < 0.02 * scores.firms.height
    assert set(scores.firms["risk_basis"]) == {"accounts", "estimated"}


def test_channels_and_links_add_up_to_a_firms_contagion(scores: Scores) -> None:
    firms = scores.firms.filter(pl.col("risk_status") == "scored")
    channels = firms.select(pl.sum_horizontal(f"risk_contagion_{name}" for name in KINDS)).to_series()
    assert furthest(channels, firms["risk_contagion"]) < 1e-9
    links = scores.links.group_by("suffers_id").agg(pl.col("contagion").sum())
    both = firms.join(links, left_on="party_id", right_on="suffers_id", how="left").fill_null(0.0)
    assert furthest(both["contagion"], both["risk_contagion"]) < 1e-9
    assert (firms["risk_contagion"] > 0).any()


def test_a_link_score_names_its_link(scores: Scores, snapshot: Snapshot) -> None:
    """The rest of a guarantee's key is its contract."""
    link = scores.links.filter(pl.col("channel") == "guarantee_call").row(0, named=True)
    ids = snapshot.parties["party_id"]
    named = snapshot.table("guarantees").filter(pl.col("contract_id") == link["rest"][0])
    assert link["suffers_id"] in ids.gather(named["source_row"]).to_list()
    assert link["fails_id"] == ids[int(named["target_row"][0])]


def test_the_same_model_gives_the_same_bits_after_saving_and_loading(
    model: Model, snapshot: Snapshot, scores: Scores, tmp_path: Path
) -> None:
    folder = model.save(tmp_path)
    again = Model.load(folder)
    assert latest(tmp_path) == folder
    assert again.model_id == model.model_id == folder.name
    assert again.score(snapshot).firms.equals(scores.firms)
    assert again.score(snapshot).links.equals(scores.links)
    assert not any(path.suffix in (".pkl", ".pickle", ".pt") for path in folder.iterdir())


def test_a_model_of_another_dictionary_or_network_or_none_is_refused(model: Model, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Train again"):
        Model.load(replace(model, dictionary="another").save(tmp_path))
    fewer = {name: weight for name, weight in model.weights.items() if name != "own.spread"}
    with pytest.raises(DataError, match="of another version"):
        Model.load(replace(model, weights=fewer).save(tmp_path))
    with pytest.raises(UsageError, match="no model lies there"):
        Model.load(tmp_path / "nowhere")


def test_another_component_never_moves_a_score(model: Model, snapshot: Snapshot, scores: Scores) -> None:
    """Firms that come last by name, with links of their own, are put beside the economy."""
    others = replace(
        snapshot,
        parties=snapshot.parties.head(40).with_columns(party_id="Z-" + pl.col("party_id")),
    )
    size = snapshot.enterprises
    firms = pl.concat([snapshot.parties.head(size), others.parties])
    parties = pl.concat([firms, snapshot.parties.slice(size)])
    beside = Snapshot(DAY, parties, {name: _moved(frame, size) for name, frame in snapshot.tables.items()})
    found = model.score(beside).firms.head(size)
    assert found.equals(scores.firms)


def _moved(frame: pl.DataFrame, size: int) -> pl.DataFrame:
    """A table with its persons 40 rows further down, and the links among the first 40 firms once more."""
    rows = [name for name in ("source_row", "target_row", "party_row") if name in frame.columns]
    stays = frame.with_columns(
        pl.when(pl.col(name) < size).then(name).otherwise(pl.col(name) + 40).alias(name) for name in rows
    )
    first = frame.filter(pl.all_horizontal(pl.col(name) < 40 for name in rows)) if rows else frame.clear()
    return pl.concat([stays, first.with_columns(pl.col(name) + size for name in rows)]).cast(frame.schema)


def test_names_and_the_order_of_rows_change_nothing_but_where_a_score_stands(
    model: Model, register: Register, scores: Scores
) -> None:
    """Every id is spelled backwards, every table shuffled."""
    spelled = {
        name: _spelled_backwards(frame).sample(fraction=1, shuffle=True, seed=1)
        for name, frame in register.tables.items()
    }
    found = (
        model.score(Register(spelled).as_of(DAY)).firms.with_columns(pl.col("party_id").str.reverse()).sort("party_id")
    )
    for name in ("risk_pd", "risk_pd_standalone", "risk_contagion"):
        assert furthest(found[name], scores.firms.sort("party_id")[name]) < 1e-7
    assert found["risk_status"].equals(scores.firms.sort("party_id")["risk_status"])


def _spelled_backwards(frame: pl.DataFrame) -> pl.DataFrame:
    ids = [name for name in ("party_id", "owner_id", "enterprise_id", "guarantor_id", "debtor_id", "supplier_id",
                             "buyer_id", "lender_id", "borrower_id", "controller_id", "person_id", "other_id")
           if name in frame.columns]  # fmt: skip
    return frame.with_columns(pl.col(name).str.reverse() for name in ids)


def corrupted(tables: Mapping[str, pl.DataFrame], first: date) -> Register:
    """Everything recorded from `first` on says something else: amounts a hundredfold, everyone long past due."""
    later = pl.col("recorded_on") >= first
    said = {name: pl.col(name) * 100 for name in ("drawn", "total_assets", "equity", "amount", "figure", "receivable")}
    said["days_past_due"] = pl.lit(400, dtype=pl.Int64)
    made = {
        table: frame.with_columns(
            pl.when(later).then(wrong).otherwise(name).alias(name)
            for name, wrong in said.items()
            if name in frame.columns
        )
        for table, frame in tables.items()
    }
    return Register(made)


def test_what_was_recorded_later_changes_no_weight_and_no_score(
    model: Model, register: Register, scores: Scores
) -> None:
    """Rows recorded after DAY are corrupted, most of them valid before it; the model is trained again."""
    tampered = corrupted(register.tables, date(2023, 1, 1))
    again = fit(TASK, tampered, CONFIG)
    assert again.model_id == model.model_id
    assert all(torch.equal(again.weights[name], weight) for name, weight in model.weights.items())
    assert again.card == model.card
    assert again.score(tampered.as_of(DAY)).firms.equals(scores.firms)


def test_the_same_corruption_a_month_earlier_is_found(model: Model, register: Register, scores: Scores) -> None:
    """So that the test before it can fail."""
    tampered = corrupted(register.tables, date(2022, 12, 1))
    assert not model.score(tampered.as_of(DAY)).firms.equals(scores.firms)


def test_a_firm_that_stands_to_lose_more_than_any_in_training_is_abstained(model: Model, snapshot: Snapshot) -> None:
    """One supplier's receivables a thousandfold: its PD is still shown, and nobody else's status moves."""
    supplies = snapshot.table("supplies")
    before = model.score(snapshot).firms
    told = (before["risk_status"] == "scored") & (before["risk_basis"] == "accounts")
    sells = (pl.col("receivable") > 0) & pl.col("source_row").is_in(told.arg_true().implode())
    seller = int(supplies.filter(sells & (pl.col("target_row") < snapshot.enterprises))["source_row"][0])
    more = pl.when(pl.col("source_row") == seller).then(pl.col("receivable") * 1000).otherwise("receivable")
    moved = replace(snapshot, tables={**snapshot.tables, "supplies": supplies.with_columns(receivable=more)})
    after = model.score(moved).firms
    changed = before["risk_status"] != after["risk_status"]
    assert changed.arg_true().to_list() == [seller]
    assert (before["risk_status"][seller], after["risk_status"][seller]) == ("scored", "abstained")
    assert after["risk_pd"][seller] > before["risk_pd"][seller]


def test_the_card_shows_the_champions_beside_the_gnn_with_intervals_and_says_who_wins(model: Model) -> None:
    card = model.card
    assert set(card["metrics"]) == {"gnn", "logistic", "own", "neighbours", "structural"}
    for figures in card["metrics"].values():
        assert all(each["low"] <= each["value"] <= each["high"] for each in figures.values())
    text = as_text(model.model_id, card)
    assert "GNN" in text
    assert all(sentence in text for sentence in card["verdict"])


def test_a_register_without_defaults_cannot_teach(register: Register) -> None:
    calm = {name: frame for name, frame in register.tables.items() if name != "events"}
    calm["exposures"] = calm["exposures"].with_columns(days_past_due=pl.lit(0, dtype=pl.Int64))
    with pytest.raises(DataError, match="no default after the"):
        fit(TASK, Register(calm), CONFIG)


def filled(folder: Path, snapshot: Snapshot) -> Snapshot:
    """A report's folder as the economy would write it: columns of accounts that it leaves out come from one firm."""
    made = read(folder).as_of(DAY)
    firm = snapshot.table("accounts").row(0, named=True)
    ratio = 100 / firm["total_assets"]
    missing = ("liabilities", "revenue", "costs", "profit", "cash", "operating_cash_flow")
    accounts = made.table("accounts").with_columns(pl.lit(firm[name] * ratio).alias(name) for name in missing)
    accounts = accounts.with_columns(months=pl.lit(12, dtype=pl.Int64))
    return replace(made, tables={**made.tables, "accounts": accounts})


@needs_shared
def test_gaps_of_the_field(model: Model, snapshot: Snapshot) -> None:
    """Report 27: a firm without links, a link table without rows, an industry that no training day knew."""
    seen, unseen = (model.score(filled(report("27") / name, snapshot)) for name in ("seen", "unseen"))
    for found in (seen, unseen):
        assert found.firms.height == 6
        assert found.firms["risk_pd"].is_between(0, 1, closed="none").all()
        lonely = found.firms.filter(pl.col("party_id") == "E-6").row(0, named=True)
        assert lonely["risk_contagion"] == 0
        assert lonely["risk_pd"] == lonely["risk_pd_standalone"]
        assert (found.firms["risk_contagion_receivable_loss"] == 0).all()
        assert (found.firms["risk_contagion_supply_break"] == 0).all()
    assert unseen.firms["risk_status"].to_list() == ["scored"] * 4 + ["abstained", "scored"]
    apart = pl.col("party_id").is_in(["E-3", "E-4", "E-6"])
    assert unseen.firms.filter(apart).equals(seen.firms.filter(apart))
