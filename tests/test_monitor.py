"""relparty monitor as a user meets it: a run beside the firms its model was trained on."""

import json

import polars as pl
import pytest

ALL = {"risk_pd", "leverage", "industry", "links", "links_guarantee_call", "component", "drawn", "drawn_to_equity"}


def states(result):
    return {row["measure"]: row["state"] for row in json.loads(result.stdout)}


def test_a_run_of_the_training_day_has_not_moved_in_any_measure(relparty_scored, tmp_path):
    relparty_scored("score", "--as-of", "2019-10-31", "--dry-run")

    result = relparty_scored("monitor", "--format", "json", "--summary", "monitor.json")

    assert set(states(result)) >= ALL
    assert {row["psi"] for row in json.loads(result.stdout)} == {0.0}
    assert "0 red, 0 amber" in result.stderr
    assert json.loads((tmp_path / "monitor.json").read_text(encoding="utf-8"))["reference_day"] == "2019-10-31"


def test_a_book_that_has_moved_is_red_and_exits_as_broken_data_does(relparty_scored):
    """All that is drawn is a hundredfold from the end of the year on: a correction that became known in time."""
    exposures = next(iter(pl.scan_parquet("home/register/exposures-*.parquet").collect().partition_by("source")))
    said = exposures.filter(pl.col("valid_from") <= pl.date(2023, 1, 20)).with_columns(
        drawn=pl.col("drawn") * 100, recorded_on=pl.date(2023, 1, 20)
    )
    said.drop("file", "line").unique(["facility_id", "valid_from"]).write_parquet("exposures.parquet")
    relparty_scored("load", "exposures.parquet", "--no-store")
    relparty_scored("score", "--as-of", "2023-01-20", "--dry-run")

    result = relparty_scored("monitor", "--format", "json", code=3)

    assert states(result)["drawn"] == "red"
    assert states(result)["drawn_to_equity"] == "red"
    assert states(result)["links_guarantee_call"] == "green"
    assert "red is above 0.25" in result.stderr


@pytest.mark.parametrize(
    ("words", "lost", "code", "told"),
    [
        (("score-2020-01-01-12345678",), "", 2, "no score run of that id"),
        ((), "runs", 2, "no score run yet"),
        ((), "models", 3, "is gone"),
        ((), "models/*/reference.json", 3, "kept no reference"),
        ((), "register", 3, "the register is empty"),
    ],
)
def test_what_cannot_be_compared_says_why_in_one_line(relparty_scored, tmp_path, words, lost, code, told):
    for path in (tmp_path / "home").glob(lost) if lost else ():
        path.rename(tmp_path / "lost")

    stderr = relparty_scored("monitor", *words, code=code).stderr

    assert told in stderr
    assert stderr.count("\n") == 1
