"""relparty replay as a user meets it: a run made again, and what is said where it can't be."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from relparty.gnn.model import Model
from relparty.graph.results import load_run

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def run():
    """The folder of the run that `relparty_scored` finds in its home; ask for it after that."""
    (folder,) = Path("home/runs").glob("score-*")
    return folder


def rewrite(run, **changed):
    """Changes what the papers of a run say."""
    papers = json.loads((run / "run.json").read_text(encoding="utf-8"))
    papers["hashes"] |= changed.pop("hashes", {})
    (run / "run.json").write_text(json.dumps(papers | changed), encoding="utf-8")


def states(result):
    return {row["what"]: row["state"] for row in json.loads(result.stdout)}


def load(relparty, day, recorded_on):
    """One more facility of the first firm, in force from a day and recorded on another."""
    rows = f"facility_id,party_id,drawn,valid_from,recorded_on\nF-NEW,E-000000,5000,{day},{recorded_on}\n"
    Path("exposures.csv").write_text(rows, encoding="utf-8")
    assert "1 kept" in relparty("load", "exposures.csv", "--no-store").stderr


def test_a_run_made_again_is_equal_bit_for_bit(relparty_scored, run):
    result = relparty_scored("replay", run.name, "--format", "json")

    assert set(states(result).values()) == {"same"}
    assert "equal bit for bit\n" in result.stderr


def test_what_was_learned_later_changes_nothing(relparty_scored, run):
    load(relparty_scored, "2022-01-01", "2023-01-01")

    result = relparty_scored("replay", run.name, "--format", "json")

    assert states(result).pop("register") == "grown"
    assert "equal bit for bit\n" in result.stderr
    assert "loaded since" not in result.stderr


def test_rows_that_came_late_though_recorded_in_time_are_told_and_left_out(relparty_scored, run):
    """The run is equal to what it was; a new run of the same day sees the row and is another."""
    load(relparty_scored, "2022-01-01", "2022-12-31")

    result = relparty_scored("replay", run.name, "--format", "json")
    again = relparty_scored("score", "--as-of", "2022-12-31", "--dry-run")

    assert states(result)["snapshot"] == "same"
    assert "loaded since though recorded by 2022-12-31: exposures 1" in result.stderr
    assert run.name not in again.stderr


def test_late_rows_after_a_run_that_kept_no_counts_leave_nothing_to_make_it_from(relparty_scored, run):
    load(relparty_scored, "2022-01-01", "2022-12-31")
    rewrite(run, rows={})

    result = relparty_scored("replay", run.name, "--format", "json", code=3)

    assert states(result)["snapshot"] == "gone"
    assert "can't be made again: snapshot" in result.stderr


def test_one_bit_of_a_score_changed_afterwards_is_found(relparty_scored, run):
    firms = pl.read_parquet(run / "scores.parquet")
    firms[5, "risk_pd"] = np.nextafter(firms[5, "risk_pd"], 1.0)
    firms.write_parquet(run / "scores.parquet")

    result = relparty_scored("replay", run.name, "--format", "csv", code=3)

    assert f"1 rows differ, first {firms[5, 'party_id']}" in result.stdout
    assert "not equal; no input differs, so its files were changed" in result.stderr


def test_a_column_that_scores_no_longer_have_is_named(relparty_scored, run):
    pl.read_parquet(run / "scores.parquet").with_columns(risk_colour=pl.lit("red")).write_parquet(
        run / "scores.parquet"
    )

    assert "other columns: risk_colour" in relparty_scored("replay", run.name, "--format", "csv", code=3).stdout


def test_a_link_that_was_taken_out_is_found(relparty_scored, run):
    links = pl.read_parquet(run / "links.parquet")
    links.head(-1).write_parquet(run / "links.parquet")

    assert states(relparty_scored("replay", run.name, "--format", "json", code=3))["links.parquet"] == "differs"


def test_a_model_that_is_gone_or_was_touched_is_named(relparty_scored, run):
    folder = Path("home/models") / load_run(run.parent, run.name)[0].model_id
    model = Model.load(folder)
    weights = dict(model.weights) | {"own.level": model.weights["own.level"] + 1e-9}
    touched = Model(model.task, model.config, model.scales, model.days, weights).save(Path("other"))
    (touched / "weights.safetensors").replace(folder / "weights.safetensors")

    result = relparty_scored("replay", run.name, "--format", "json", code=3)

    assert (states(result)["model"], states(result)["scores.parquet"]) == ("differs", "differs")
    assert "not equal; what differs: model" in result.stderr
    shutil.rmtree(folder)
    assert "can't be made again: model" in relparty_scored("replay", run.name, code=3).stderr


def test_other_settings_are_named_and_matter_only_where_they_change_the_day(relparty_scored, run):
    """With one source its order says nothing; money in another currency is another snapshot."""
    ordered = relparty_scored("replay", run.name, RELPARTY_SOURCES='["gleif", "bank"]')
    foreign = relparty_scored("replay", run.name, code=3, RELPARTY_CURRENCY="EUR")

    assert "equal bit for bit, though these have changed: settings" in ordered.stderr
    assert "can't be made again: snapshot, settings" in foreign.stderr


@pytest.mark.parametrize("name", ["code", "rules", "libraries"])
def test_a_run_of_other_code_is_made_again_and_the_difference_told(relparty_scored, run, name):
    rewrite(run, hashes={name: "of then"})

    assert f"though these have changed: {name}" in relparty_scored("replay", run.name).stderr


def test_a_run_of_another_dictionary_cannot_be_made_again(relparty_scored, run):
    rewrite(run, hashes={"dictionary": "of then"})

    assert "can't be made again: dictionary" in relparty_scored("replay", run.name, code=3).stderr


def test_a_run_that_is_not_there_is_a_mistake_of_usage(relparty_scored, run):
    told = relparty_scored("replay", "score-2020-01-01-00000000", code=2).stderr

    assert run.name in told


def test_one_more_word_in_a_saved_question_is_other_code(tmp_path):
    """The package is copied; its hash is asked in fresh processes."""
    shutil.copytree(ROOT, tmp_path / "relparty", ignore=shutil.ignore_patterns(".*", "tests", "__pycache__"))
    code = (
        "from relparty.run_inputs import surroundings; from relparty.graph.configuration import Configuration;"
        "print(surroundings(Configuration())['code'])"
    )

    def asked():
        told = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
            env={"PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        return told.stdout

    first = asked()
    assert asked() == first
    with (tmp_path / "relparty/graph/cypher/riskiest.cypher").open("a") as question:
        question.write("// more\n")
    assert asked() != first
