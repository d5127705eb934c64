"""Several runs of the oracle trial together: intervals over economies and years, by sums that can be done by hand."""

from dataclasses import asdict, replace
from pathlib import Path

import polars as pl
import pytest
from relparty.graph.errors import DataError, UsageError
from relparty.trials.oracle_measures import Gate
from relparty.trials.oracle_run import GATES, YEARS, Papers
from relparty.trials.oracle_summary import summary

PAPERS = Papers("clean", "one", "1" * 64, "two", "2" * 64, ["2021-12-31"], [0], ["m"])


def run(folder: Path, papers: Papers, ratios: list[float]) -> Path:
    """A finished run whose mean contagion is so many times the truth, by seed; in both of its years alike."""
    folder.mkdir()
    lines = [
        Gate("gnn", seed, "contagion mean", 100, 0.01 * ratio, 0.01, "within 6%", abs(ratio - 1) <= 0.06)
        for seed, ratio in enumerate(ratios)
    ]
    table = pl.DataFrame([asdict(line) for line in lines])
    table.write_csv(folder / GATES)
    days = pl.DataFrame({"as_of": ["2020-12-31", "2021-12-31"]})
    table.drop("asked", "passes").join(days, how="cross").write_csv(folder / YEARS)
    papers.save(folder)
    return folder


def economies(home: Path, *ratios: list[float]) -> list[Path]:
    """Runs on as many economies."""
    return [
        run(home / f"{place}", replace(PAPERS, test_sha256=str(place), test=f"t{place}"), each)
        for place, each in enumerate(ratios)
    ]


def test_three_economies_have_an_interval_of_student(tmp_path: Path) -> None:
    """.9, 1, 1.1: standard deviation .1, so 4.303 x .1 / sqrt(3) = .248; two of three miss 6 %."""
    text = summary(economies(tmp_path, [0.9], [1.0], [1.1]))
    assert "| gnn | 1.000 [0.752, 1.248] | 1 of 3 |" in text
    assert "The GNN misses: contagion mean (2 of 3)." in text
    assert "| t2 | 2021-12-31 | 1.100 (0.0110 / 0.0100) |" in text


def test_six_years_of_three_economies_are_six_shock_years(tmp_path: Path) -> None:
    """.9, 1, 1.1 twice: standard deviation sqrt(.04 / 5), so 2.571 x .0894 / sqrt(6) = .094."""
    assert "| all | 6 years | 1.000 [0.906, 1.094] |" in summary(economies(tmp_path, [0.9], [1.0], [1.1]))


def test_two_economies_have_a_least_and_a_most(tmp_path: Path) -> None:
    assert "| gnn | 1.000 [0.900, 1.100] |" in summary(economies(tmp_path, [0.9], [1.1]))


def test_trainings_on_one_economy_are_averaged_before_economies_are_told_apart(tmp_path: Path) -> None:
    """(.9 + 1.1) / 2 = 1 and 1.2; the first economy's trainings lie .1 x sqrt(2) = .141 apart, the second's .0."""
    text = summary(economies(tmp_path, [0.9, 1.1], [1.2, 1.2]))
    assert "economies 2, trainings 4" in text
    assert "| gnn | 1.100 [1.000, 1.200] ± 0.071 |" in text


def test_forms_are_never_mixed(tmp_path: Path) -> None:
    one, other = run(tmp_path / "a", PAPERS, [0.9]), run(tmp_path / "b", replace(PAPERS, form="twist"), [1.1])
    text = summary([one, other])
    assert (
        text.index("## clean")
        < text.index("| gnn | 0.900 | 0 of 1 |")
        < text.index("## twist")
        < text.index("| gnn | 1.100 | 0 of 1 |")
    )


def test_the_same_run_twice_is_no_second_economy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="told twice"):
        summary([run(tmp_path / "a", PAPERS, [0.9]), run(tmp_path / "b", PAPERS, [0.9])])


def test_papers_of_another_version_are_refused(tmp_path: Path) -> None:
    folder = run(tmp_path / "a", PAPERS, [1.0])
    (folder / "run.json").write_text('{"form": "clean"}', encoding="utf-8")
    with pytest.raises(DataError, match=r"run.json: not what the trial writes"):
        summary([folder])
