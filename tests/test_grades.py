"""The master scale: grades, the floor, and how high a grade's default rate may be when hardly any of it defaulted."""

from collections.abc import Sequence
from math import comb
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.cli import main
from relparty.gnn.card import as_text
from relparty.gnn.grades import GradeCounts, apart, card_grades, grade_counts, jeffreys, upper_bounds
from relparty.graph.configuration import configuration
from relparty.graph.errors import UsageError
from relparty.graph.master_scale import ENDS, MasterScale, with_grades
from relparty.graph.register import Register
from relparty.graph.results import Run, Scores

from .models import untrained
from .rows import day, register
from .scores import scores
from .snapshots import DAY, firms_in_a_chain

SCALE = MasterScale(ends=(0.01, 0.1))


def test_without_a_default_the_bound_is_where_none_would_be_that_rare() -> None:
    """Nobody of n defaults with probability (1 - p)^n: that is 1 - c at p = 1 - (1 - c)^(1/n)."""
    assert upper_bounds([0], [100], 0.9).tolist() == pytest.approx([1 - 0.1 ** (1 / 100)], abs=1e-12)
    assert upper_bounds([0], [250.5], 0.75).tolist() == pytest.approx([1 - 0.25 ** (1 / 250.5)], abs=1e-12)


@pytest.mark.parametrize(("lost", "firms"), [(1, 10), (3, 40), (7, 8)])
def test_at_the_bound_so_few_defaults_come_with_what_is_left_of_the_confidence(lost: int, firms: int) -> None:
    """Sum over k up to the defaults of C(n, k) p^k (1 - p)^(n - k) = 1 - .9."""
    p = upper_bounds([lost], [firms], 0.9)[0]
    assert sum(comb(firms, k) * p**k * (1 - p) ** (firms - k) for k in range(lost + 1)) == pytest.approx(0.1, abs=1e-12)


def test_the_bound_of_a_worse_grade_holds_for_a_better_one_that_few_firms_are_in() -> None:
    """One firm alone says p < .9; a hundred worse ones without a default say more, 2.3 %."""
    few, many = upper_bounds([0, 0, 5], [1, 100, 10], 0.9)[:2]
    assert few == many == pytest.approx(1 - 0.1**0.01)


def test_nobody_seen_bounds_nothing() -> None:
    assert upper_bounds([0, 0], [100, 0], 0.9).tolist() == pytest.approx([1 - 0.1**0.01, 1.0])
    assert upper_bounds([4], [4], 0.9).tolist() == [1.0]


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 500)), min_size=1, max_size=12), st.floats(0.5, 0.99))
@settings(max_examples=100, deadline=None)
def test_bounds_rise_by_grade_and_lie_above_each_grades_own_rate_or_a_worse_ones(
    rows: list[tuple[int, float]], confidence: float
) -> None:
    lost, firms = [each[0] for each in rows], [each[0] + each[1] for each in rows]
    bounds = upper_bounds(lost, firms, confidence).tolist()

    assert bounds == sorted(bounds)
    rates = [k / n if n else 1.0 for k, n in zip(lost, firms, strict=True)]
    assert all(bound >= min(rates[place:]) - 1e-9 for place, bound in enumerate(bounds))


def test_only_grades_with_few_defaults_have_a_bound() -> None:
    counts = GradeCounts(ends=(0.01, 0.1), firms=(100.0, 100.0, 100.0), defaults=(0, 19, 20))
    assert [bound is None for bound in counts.upper(0.9)] == [False, False, True]


def test_days_whose_windows_overlap_are_left_out() -> None:
    days = [day(text) for text in ("2019-12-31", "2020-06-30", "2020-09-30", "2020-12-31", "2021-06-30")]
    assert apart(days, 12) == [day("2021-06-30"), day("2020-06-30")]
    assert apart([], 12) == []


CARD = {
    "task": {"horizon": 12, "definition": "d"}, "days": {"train": ["2020-12-31"], "validation": "2021-12-31", "test": "2022-12-31"},
    "test": {"firms": 3, "defaults": 1}, "metrics": {}, "verdict": [], "channels": {}, "limits": [],
}  # fmt: skip


def three_firms(year: str) -> Register:
    """In the year after this one A defaults in June, C's facility is repaid in March, and B lives on."""
    after = int(year) + 1
    return register(
        parties="party_id kind\nA enterprise\nB enterprise\nC enterprise",
        accounts="party_id scope valid_from total_assets equity\nA solo 2019-12-31 100 20\nB solo 2019-12-31 90 9\n"
        "C solo 2019-12-31 80 8",
        exposures="facility_id party_id drawn valid_from valid_to recorded_on\nF1 A 1 2020-01-01 - 2020-01-01\n"
        f"F2 B 1 2020-01-01 - 2020-01-01\nF3 C 1 2020-01-01 - 2020-01-01\nF3 C 1 2020-01-01 {after}-04-01 {after}-04-01",
        events=f"event_id party_id kind valid_from\nV A default {after}-06-30",
    )


def test_a_grade_counts_each_firm_for_as_long_as_it_was_seen() -> None:
    """A defaults (1), B is seen for all of 2021 (1), C's facility is repaid after a quarter of the year: 2.25 horizons."""
    bank = three_firms("2020")
    model = untrained(bank.as_of(day("2020-12-31")))
    counts = grade_counts(model, bank, SCALE)
    grades = model.score(bank.as_of(day("2020-12-31"))).firms.select(grade=SCALE.grade(pl.col("risk_pd")))["grade"]

    assert sum(counts.firms) == pytest.approx(2 + 91 / 365.25)
    assert [place + 1 for place, lost in enumerate(counts.defaults) if lost] == [grades[0]]
    assert sum(counts.defaults) == 1


def test_an_interval_of_jeffreys_leaves_a_fortieth_of_a_beta_distribution_on_either_side() -> None:
    """Two of ten: Beta(2.5, 8.5), whose density goes as p^1.5 (1 - p)^7.5, summed up in small steps."""
    low, high = jeffreys([2], [10])
    p = (np.arange(100_000) + 0.5) / 100_000
    density = p**1.5 * (1 - p) ** 7.5
    outside = [density[p < low[0]].sum() / density.sum(), density[p > high[0]].sum() / density.sum()]
    assert outside == pytest.approx([0.025, 0.025], abs=1e-4)


def test_where_none_or_all_defaulted_the_interval_reaches_to_the_end() -> None:
    low, high = jeffreys([0, 10, 0], [10, 10, 0])
    assert (low[0], high[1]) == (0, 1)
    assert low[1] == pytest.approx(1 - high[0])
    assert (low[2], high[2]) == (0, 1), "an empty grade tells nothing"


def test_the_card_holds_what_the_pds_of_the_test_day_let_expect_against_what_came() -> None:
    """A defaults within 2023, B lives on, C is repaid after a quarter: 1 - (1 - PD)^(1/4) of a default was expected."""
    bank, test_day = three_firms("2022"), day("2022-12-31")
    model = untrained(bank.as_of(test_day))
    rows = card_grades(model, bank, SCALE)
    pd = dict(model.score(bank.as_of(test_day)).firms.select("party_id", "risk_pd").iter_rows())
    text = as_text("m", {**CARD, "grades": rows})

    assert [(row["begins"], row["ends"]) for row in rows] == [(0, 0.01), (0.01, 0.1), (0.1, 1)]
    assert sum(row["firms"] for row in rows) == pytest.approx(2 + 91 / 365.25, abs=0.01)
    assert sum(row["defaults"] for row in rows) == 1
    part = sum(row["firms"] for row in rows) - 2
    assert sum(row["expected"] for row in rows) == pytest.approx(pd["A"] + pd["B"] + 1 - (1 - pd["C"]) ** part)
    assert all(row["low"] <= row["defaults"] / row["firms"] <= row["high"] for row in rows if row["firms"])
    assert text.count("| 1.00%-10.00% |") == 1
    assert "Grades on the test day" not in as_text("m", CARD), "an older card has none"


def test_counts_come_back_as_saved(tmp_path: Path) -> None:
    counts = GradeCounts(ends=ENDS, firms=(1.5,) * 10, defaults=(0,) * 10)
    counts.save(tmp_path)
    assert GradeCounts.load(tmp_path) == counts
    assert GradeCounts.load(tmp_path / "elsewhere") is None


def final(pds: list[float | None], **columns: Sequence[str | None]) -> Scores:
    """Scores whose final PDs are these."""
    made = scores([f"E-{place:05d}" for place in range(len(pds))], [0.5] * len(pds))
    given: dict[str, Sequence[object]] = {"risk_pd_final": pds, **columns}
    types = made.firms.schema
    return Scores(
        made.firms.with_columns(pl.Series(name, list(values), dtype=types[name]) for name, values in given.items())
    )


def test_a_grade_begins_with_the_pd_that_ends_the_one_before() -> None:
    told = with_grades(final([0.0, 0.00999, 0.01, 0.0999, 0.1, 0.999, None]), SCALE)
    assert told.firms["risk_grade"].to_list() == [1, 1, 2, 2, 3, 3, None]


def test_what_is_in_default_has_a_grade_of_its_own() -> None:
    told = with_grades(final([1.0, 1.0], risk_status=["in_default", "scored"]), SCALE)
    assert told.firms["risk_grade"].to_list() == [4, 3]


def test_the_default_scale_doubles_from_the_floor_on() -> None:
    """Ten grades: .05 % to 12.8 % in nine doublings."""
    scale = MasterScale()
    assert scale.grades == 10
    assert [scale.floor * 2**place for place in range(9)] == pytest.approx(list(scale.ends))


def test_the_floor_is_a_field_of_its_own() -> None:
    told = with_grades(final([0.0001, 0.0005, 0.2, None]), MasterScale())
    assert told.firms["risk_pd_floored"].to_list() == [0.0005, 0.0005, 0.2, None]
    assert told.firms["risk_pd_final"].to_list() == [0.0001, 0.0005, 0.2, None]


def test_the_upper_bound_stands_beside_what_the_model_graded() -> None:
    """Grade 3 had defaults enough; an overridden PD is nothing that the model has counted; none in default."""
    told = with_grades(
        final([0.001, 0.05, 0.5, 0.001, 1.0, None], risk_override=[None, None, None, "x", None, None],
              risk_status=["scored"] * 4 + ["in_default", "unseen"]),
        SCALE, [0.02, 0.15, None],
    )  # fmt: skip
    assert told.firms["risk_pd_upper"].to_list() == [0.02, 0.15, None, None, None, None]
    assert with_grades(final([0.001]), SCALE).firms["risk_pd_upper"].to_list() == [None]


def test_grades_lie_on_the_firms(store, server) -> None:
    store.write(firms_in_a_chain(3))
    store.publish(Run("run-1", "score", DAY), with_grades(final([0.0001, 0.05, None]), MasterScale(), [0.01] * 10))

    with server.bare() as session:
        asked = "MATCH (e:Enterprise) RETURN e.risk_grade, e.risk_pd_floored, e.risk_pd_upper ORDER BY e.party_id"
        assert [row.values() for row in session.run(asked)] == [[1, 0.0005, 0.01], [8, 0.05, 0.01], [None] * 3]


@pytest.mark.parametrize("ends", [(), (0.1, 0.1), (0.2, 0.1), (0.0, 0.1), (0.5, 1.0), (float("nan"),)])
def test_a_scale_that_does_not_rise_is_refused(ends: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match=r"setting master_scale: .* rise, each above 0"):
        configuration({"master_scale": ends})


def test_a_model_counted_by_another_scale_has_no_bounds_and_says_so(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    bank = register(parties="party_id kind\nA enterprise\nB enterprise",
                    accounts="party_id scope valid_from total_assets equity\nA solo 2023-06-30 100 20\nB solo 2023-06-30 90 9")  # fmt: skip
    for name, table in bank.tables.items():
        table.drop("file", "line").write_csv(tmp_path / f"{name}.csv")
    folder = untrained(bank.as_of(DAY)).save(tmp_path / "home" / "models")
    GradeCounts(ends=ENDS, firms=(10.0,) * 10, defaults=(0,) * 10).save(folder)

    def score() -> tuple[pl.DataFrame, str]:
        words = ("score", "--as-of", "2024-06-30", "--dry-run", "--out", "out.parquet")
        result = CliRunner().invoke(main, ["--home", "home", *words])
        assert result.exit_code == 0, result.stderr
        return pl.read_parquet("out.parquet"), result.stderr

    assert (
        CliRunner().invoke(main, ["--home", "home", "load", "parties.csv", "accounts.csv", "--no-store"]).exit_code == 0
    )
    rows, said = score()
    assert rows["risk_pd_upper"].to_list() == pytest.approx([1 - 0.1**0.1] * 2)
    (tmp_path / "relparty.toml").write_text("master_scale = [0.01, 0.1]\n", encoding="utf-8")
    other, told = score()
    assert other["risk_pd_upper"].to_list() == [None, None]
    assert "not counted by this master scale" in told
    assert "not counted" not in said
    assert other["risk_grade"].is_between(1, 3).all()
    assert len(list((tmp_path / "home" / "runs").iterdir())) == 2  # another scale, another run
