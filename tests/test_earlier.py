"""Earlier accounts: what a firm owed whole years before its latest, as far as the day knew it."""

from math import exp, log, sqrt

import polars as pl
import pytest
from relparty.gnn.features import own_features
from relparty.graph.earlier import OWED
from relparty.graph.register import Register
from relparty.graph.stored import shown, stored

from .rows import day, register

FIRMS = "party_id kind\nA enterprise\nB enterprise"
SHEETS = """
    party_id scope        valid_from recorded_on total_assets equity liabilities
    A        solo         2020-12-31 2021-03-31  100          40     -
    A        solo         2021-12-31 2022-03-31  100          -      70
    A        solo         2022-06-30 2022-08-31  100          45     -
    A        solo         2022-12-31 2023-03-31  100          50     -
    A        consolidated 2021-12-31 2022-03-31  900          100    -
    B        consolidated 2021-12-31 2022-03-31  200          20     -
    B        consolidated 2022-12-31 2023-03-31  200          30     -
"""


def owed(reg: Register, on: str) -> dict[tuple[str, str], float]:
    """Liabilities by party and month of the sheet."""
    snapshot = reg.as_of(day(on))
    told = snapshot.table("observations").filter(pl.col("measure") == OWED)
    ids = snapshot.parties["party_id"].gather(told["party_row"])
    return {
        (party, str(month)): figure for party, month, figure in zip(ids, told["month"], told["figure"], strict=True)
    }


def test_sheets_of_whole_years_before_the_latest_stand_among_the_observations() -> None:
    """Of half a year before, no; of the consolidated ones only where they speak for the firm."""
    assert owed(register(parties=FIRMS, accounts=SHEETS), "2023-06-30") == {
        ("A", "2020-12-01"): 60,
        ("A", "2021-12-01"): 70,
        ("B", "2021-12-01"): 180,
    }


def test_a_sheet_that_comes_in_later_is_not_known_before() -> None:
    """On the day before the accounts of 2022 come in, those of 2021 are the latest, and the last to be corrected."""
    reg = register(parties=FIRMS, accounts=SHEETS)
    assert owed(reg, "2022-07-31") == {("A", "2020-12-01"): 60}
    corrected = SHEETS + "    A solo 2020-12-31 2022-07-31 100 10 -\n"
    assert owed(register(parties=FIRMS, accounts=corrected), "2022-07-30") == {("A", "2020-12-01"): 60}
    assert owed(register(parties=FIRMS, accounts=corrected), "2022-07-31") == {("A", "2020-12-01"): 90}


def test_nothing_that_a_file_calls_so_passes_for_an_earlier_sheet() -> None:
    """The measure is ours: a bank's series of that name is left out of the day."""
    series = f"party_id measure month figure\nA {OWED} 2020-12-01 1\nA inflow 2020-12-01 7"
    reg = register(parties=FIRMS, accounts=SHEETS, observations=series)
    assert owed(reg, "2023-06-30")["A", "2020-12-01"] == 60
    assert reg.as_of(day("2023-06-30")).table("observations").filter(pl.col("measure") == "inflow").height == 1


def test_the_store_gives_them_back() -> None:
    """They are part of the snapshot like any observation."""
    snapshot = register(parties=FIRMS, accounts=SHEETS).as_of(day("2023-06-30"))
    assert shown(stored(snapshot), snapshot.day, snapshot.currency).equals(snapshot)


def test_without_accounts_there_are_none() -> None:
    """No accounts, no table."""
    assert owed(register(parties=FIRMS), "2023-06-30") == {}


def test_the_network_sees_what_was_owed_over_what_is_owned_today_and_how_assets_moved() -> None:
    """A owed 60 and 70 and owns 100 today; B's assets doubled in a year and halved in another: log 2 / sqrt 12 a month."""
    moving = (
        SHEETS
        + "    B consolidated 2020-12-31 2021-03-31 100 20 -\n    B consolidated 2019-12-31 2020-03-31 200 20 -\n"
    )
    seen = own_features(register(parties=FIRMS, accounts=moving).as_of(day("2023-06-30")))
    assert seen.select("owed_1", "owed_2", "owed_3").rows() == [(0.7, 0.6, None), (0.9, 0.4, 0.9)]
    twice = log(2) / sqrt(12)
    assert seen["shake_of_assets"].to_list() == pytest.approx([0.002, sqrt((2 * twice**2) / 3)])


def test_each_year_s_volatility_counts_alike() -> None:
    """Up and down by .1 in one year and by .4 in the next: about the geometric mean, .2, however it rises meanwhile."""
    months = [(2021 + number // 12, number % 12 + 1) for number in range(24)]
    size = [(-1) ** number * (0.05 if year == 2021 else 0.2) + 0.01 * number for number, (year, _) in enumerate(months)]
    lines = [f"A inflow {year}-{month:02}-01 {exp(each)}" for (year, month), each in zip(months, size, strict=True)]
    flows = "party_id measure month figure\n" + "\n".join(lines)
    seen = own_features(register(parties=FIRMS, observations=flows).as_of(day("2022-12-31")))
    assert seen["volatility"][0] == pytest.approx(0.2, rel=0.15)
    assert seen["volatility"][1] is None
