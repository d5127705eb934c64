"""No future, proven where it can fail: the same training on a register that knows too much, and on one that does not."""

import hashlib
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pytest
import torch
from relparty.gnn.config import Config
from relparty.gnn.model import Model
from relparty.gnn.stability import reference
from relparty.gnn.task import Task
from relparty.gnn.train import fit
from relparty.graph import register_folder
from relparty.graph.register import Register
from relparty.graph.results import Scores
from relparty.graph.schema import TABLES
from relparty.loaders.economy import write_economy
from relparty.loaders.folder import read_folder
from relparty.loaders.intake import take_in

from .falsified import cut, told_wrong

DAY = date(2022, 12, 31)
LATER = DAY + timedelta(days=1)
TASK, CONFIG = Task(until=DAY, step=6), Config(steps=40, settled=20, look=10, resamples=10)
# Of what the model reads. Controls matter only within consolidated accounts, identifiers only between sources: of
# both this economy has too few.
READ = ("parties", "owns", "guarantees", "supplies", "lends_to", "reviews", "accounts", "exposures", "events",
        "observations")  # fmt: skip


def economy(folder: Path, firms: int, seed: int) -> Register:
    """A made-up economy of five years, of which the last is the future."""
    write_economy(folder, firms, 5, seed=seed)
    return take_in(Register.empty(), read_folder(folder)).register


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Register:
    """300 firms with their future."""
    return economy(tmp_path_factory.mktemp("economy"), 300, seed=3)


@pytest.fixture(scope="module")
def model(register: Register) -> Model:
    """Trained on the register cut at DAY: it cannot have looked ahead, there was nothing to see."""
    return fit(TASK, cut(register, DAY), CONFIG)


@pytest.fixture(scope="module")
def scores(model: Model, register: Register) -> Scores:
    """Of DAY, from the same register."""
    return model.score(cut(register, DAY).as_of(DAY))


def bits(frame: pl.DataFrame) -> str:
    """Names the content of a frame, to the last bit."""
    exact = frame.with_columns(cs.float().reinterpret(dtype=pl.Int64))
    return hashlib.sha256(exact.write_ndjson().encode()).hexdigest()


def same_weights(one: Model, other: Model) -> bool:
    """Bit for bit."""
    return all(torch.equal(other.weights[name], weight) for name, weight in one.weights.items())


def same_scores(one: Scores, other: Scores) -> bool:
    """Bit for bit, links too."""
    return bits(one.firms) == bits(other.firms) and bits(one.links) == bits(other.links)


def test_a_model_trained_with_the_future_in_the_register_is_the_model_trained_without(
    register: Register, model: Model, scores: Scores
) -> None:
    """The future as it came to pass: firms that are to fail, links that are to come."""
    again = fit(TASK, register, CONFIG)
    assert same_weights(again, model)
    assert (again.model_id, again.card) == (model.model_id, model.card)
    snapshot = register.as_of(DAY)
    assert same_scores(again.score(snapshot), scores)
    assert reference(snapshot, again.score(snapshot)) == reference(cut(register, DAY).as_of(DAY), scores)


def test_wrong_statements_about_the_past_in_every_table_change_no_bit_if_they_were_recorded_later(
    register: Register, model: Model, scores: Scores
) -> None:
    """Every statement said again a day after DAY: wrong, retracted, ended; and as many new ones about other parties."""
    tampered = told_wrong(cut(register, DAY), LATER)
    assert all(tampered.table(name).height > cut(register, DAY).table(name).height for name in TABLES)
    again = fit(TASK, tampered, CONFIG)
    assert same_weights(again, model)
    assert (again.model_id, again.card) == (model.model_id, model.card)
    assert same_scores(again.score(tampered.as_of(DAY)), scores)


@pytest.mark.parametrize("table", READ)
def test_the_same_statements_with_their_day_of_recording_falsified_are_found(
    register: Register, model: Model, scores: Scores, table: str
) -> None:
    """So that the test before it can fail, by each table that the model reads: recorded on DAY, they say."""
    tampered = told_wrong(cut(register, DAY), DAY, [table])
    assert not same_scores(model.score(tampered.as_of(DAY)), scores)


def warned(register: Register, recorded_on: date | None) -> Register:
    """Lawsuits eleven months before every default, as nobody could have known of; recorded then, or on a day given."""
    events = register.table("events")
    before = events.filter(pl.col("kind") == "default").with_columns(
        kind=pl.lit("lawsuit"),
        event_id=pl.col("event_id") + "-W",
        valid_from=pl.col("valid_from").dt.offset_by("-11mo"),
    )
    said = pl.col("valid_from") if recorded_on is None else pl.lit(recorded_on)
    return Register({**register.tables, "events": pl.concat([events, before.with_columns(recorded_on=said)])})


def test_a_planted_feature_that_knows_the_future_makes_the_check_fail(register: Register, model: Model) -> None:
    """Honest about when it was recorded it changes nothing; back-dated it changes the weights and tells who fails."""
    known = cut(register, DAY)
    honest, leaking = (fit(TASK, warned(known, day), CONFIG) for day in (LATER, None))
    assert same_weights(honest, model)
    assert not same_weights(leaking, model)
    ranks = [each.card["metrics"]["gnn"]["auc"]["value"] for each in (honest, leaking)]
    assert ranks[1] > ranks[0] + 0.1


def test_outcomes_of_the_test_day_change_no_weight_only_the_card(register: Register, model: Model) -> None:
    """On the day after it everything is said again, wrong; training and choosing were over by then."""
    tampered = told_wrong(register, model.days.test + timedelta(days=1))
    again = fit(TASK, tampered, CONFIG)
    assert same_weights(again, model)
    assert again.card["metrics"] != model.card["metrics"]


def renamed(register: Register, before: str) -> Register:
    """Every id of parties and records with something put before it; the order of ids stays."""
    ids = {name for table in TABLES.values() for name in table.party_columns} | {
        "party_id", "contract_id", "facility_id", "event_id", "value",
    }  # fmt: skip
    return Register({
        name: frame.with_columns(pl.concat_str(pl.lit(before), each).alias(each) for each in frame.columns if each in ids)
        for name, frame in register.tables.items()
    })  # fmt: skip


def together(*registers: Register) -> Register:
    """Several economies in one register."""
    return Register({name: pl.concat([each.table(name) for each in registers]) for name in TABLES})


@pytest.mark.parametrize("place", ["0", "Z"])
def test_an_economy_without_a_link_to_this_one_changes_no_bit_of_its_scores(
    register: Register, model: Model, scores: Scores, tmp_path: Path, place: str
) -> None:
    """Its firms stand before all others, or after them."""
    island = renamed(economy(tmp_path, 50, seed=9), place)
    found = model.score(together(register, island).as_of(DAY))
    mine = pl.col("party_id").str.starts_with("E-")
    assert bits(found.firms.filter(mine)) == bits(scores.firms)
    assert bits(found.links.filter(pl.col("suffers_id").str.starts_with("E-"))) == bits(scores.links)


def test_names_teach_nothing(register: Register, model: Model, scores: Scores) -> None:
    """Everybody renamed, in the same order: the same weights and scores. Ids can't be features."""
    others = renamed(register, "N")
    again = fit(TASK, others, CONFIG)
    assert same_weights(again, model)
    found = again.score(others.as_of(DAY)).firms.with_columns(pl.col("party_id").str.strip_prefix("N"))
    assert bits(found) == bits(scores.firms)


def test_the_order_of_rows_teaches_nothing(register: Register, model: Model, scores: Scores) -> None:
    shuffled = Register({
        name: frame.sample(fraction=1, shuffle=True, seed=place)
        for place, (name, frame) in enumerate(register.tables.items())
    })  # fmt: skip
    again = fit(TASK, shuffled, CONFIG)
    assert same_weights(again, model)
    assert same_scores(again.score(shuffled.as_of(DAY)), scores)


REMADE = f"""
import datetime, sys
from pathlib import Path
from relparty.gnn.config import Config
from relparty.gnn.task import Task
from relparty.gnn.train import fit
from relparty.graph.register_folder import load
register = load(Path(sys.argv[1]))
model = fit({TASK!r}, register, {CONFIG!r})
found = model.score(register.as_of({DAY!r}))
found.firms.write_parquet(sys.argv[2])
found.links.write_parquet(sys.argv[3])
print(model.model_id)
"""


def test_another_process_with_other_threads_and_another_hash_seed_remakes_every_bit(
    register: Register, model: Model, scores: Scores, tmp_path: Path
) -> None:
    register_folder.save(register, tmp_path / "register")
    files = [tmp_path / name for name in ("register", "firms.parquet", "links.parquet")]
    told = subprocess.run(
        [sys.executable, "-c", REMADE, *map(str, files)], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "2"},
    )  # fmt: skip
    assert told.stdout.strip() == model.model_id
    assert same_scores(Scores(*map(pl.read_parquet, files[1:])), scores)
