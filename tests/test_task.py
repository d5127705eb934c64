"""What is predicted: who is in default, who is seen, and what became of whom, on days that can be counted by hand."""

from datetime import date

import pytest
from relparty.gnn.task import Task, in_default, outcomes, split, statuses
from relparty.graph.errors import DataError, UsageError
from relparty.graph.register import Register

from .rows import register

PARTIES = """
    party_id kind
    A enterprise
    B enterprise
    C enterprise
"""
FACILITIES = """
    facility_id party_id drawn days_past_due valid_from valid_to recorded_on
    F-A A 10000 0 2020-01-01 - 2020-01-01
    F-B B 10000 0 2020-01-01 - 2020-01-01
    F-C C 10000 0 2020-01-01 - 2020-01-01
"""
DAY = date(2021, 6, 30)
LATER = date(2022, 12, 31)


def of_a(known: Register, day: date = DAY) -> str:
    """The status of A."""
    return str(statuses(Task(), known.as_of(day))[0])


@pytest.mark.parametrize(
    ("days", "drawn", "status"),
    [(90, 10000, "scored"), (91, 10000, "in_default"), (91, 4000, "scored"), (0, 10000, "scored")],
)
def test_more_than_ninety_days_on_a_material_amount_is_default(days: int, drawn: int, status: str) -> None:
    """Ninety days are not yet more than ninety; 4,000 drawn is not yet material."""
    late = f"""
        facility_id party_id drawn days_past_due valid_from recorded_on
        F-A A {drawn} {days} 2021-01-01 2021-01-01
    """
    assert of_a(register(parties=PARTIES, exposures=late)) == status


@pytest.mark.parametrize(
    ("kind", "status"),
    [("bankruptcy", "in_default"), ("write_off", "in_default"), ("lawsuit", "scored"), ("tax_arrears", "scored")],
)
def test_unlikely_to_pay_is_default_and_a_lawsuit_is_not(kind: str, status: str) -> None:
    happened = f"""
        event_id party_id kind valid_from recorded_on
        1 A {kind} 2021-05-01 2021-05-02
    """
    assert of_a(register(parties=PARTIES, exposures=FACILITIES, events=happened)) == status


def test_a_default_ends_three_months_after_its_cure() -> None:
    """Cured on 1 March: still in default on 31 May, no longer on 1 June."""
    happened = """
        event_id party_id kind valid_from recorded_on
        1 A default 2021-01-10 2021-01-11
        2 A cured 2021-03-01 2021-03-01
    """
    known = register(parties=PARTIES, exposures=FACILITIES, events=happened)
    assert of_a(known, date(2021, 5, 31)) == "in_default"
    assert of_a(known, date(2021, 6, 1)) == "scored"
    assert in_default(Task(), known.as_of(date(2021, 5, 31)))["since"].to_list() == [date(2021, 1, 10)]


def test_another_definition_can_run_beside_it() -> None:
    happened = """
        event_id party_id kind valid_from recorded_on
        1 A default 2021-01-10 2021-01-11
    """
    snapshot = register(parties=PARTIES, exposures=FACILITIES, events=happened).as_of(DAY)
    assert statuses(Task("insolvency"), snapshot)[0] == "scored"
    with pytest.raises(UsageError, match="no such definition of default"):
        statuses(Task("basel"), snapshot)


def test_a_firm_without_a_facility_is_unseen_unless_no_book_is_known_at_all() -> None:
    one = """
        facility_id party_id drawn valid_from recorded_on
        F-A A 10000 2020-01-01 2020-01-01
    """
    assert statuses(Task(), register(parties=PARTIES, exposures=one).as_of(DAY)).to_list() == [
        "scored",
        "unseen",
        "unseen",
    ]
    assert statuses(Task(), register(parties=PARTIES).as_of(DAY)).to_list() == ["scored"] * 3


def test_a_default_counts_within_twelve_months_if_it_is_known_by_the_day_of_asking() -> None:
    """A defaults on the last day of the window, B a day later; C within it, but nobody knows before 2023."""
    happened = """
        event_id party_id kind valid_from recorded_on
        1 A default 2022-06-30 2022-07-01
        2 B default 2022-07-01 2022-07-02
        3 C default 2022-01-01 2023-01-01
    """
    known = register(parties=PARTIES, exposures=FACILITIES, events=happened)
    snapshot = known.as_of(DAY)
    assert outcomes(Task(), known, snapshot, LATER)["default"].to_list() == [True, False, False]
    assert outcomes(Task(), known, snapshot, date(2023, 1, 1))["default"].to_list() == [True, False, True]


def test_who_leaves_early_counts_with_the_months_seen() -> None:
    """A repays after three months, B's firm is gone after six, C stays."""
    gone = """
        party_id kind valid_from valid_to recorded_on
        A enterprise 2020-01-01 - 2020-01-01
        B enterprise 2020-01-01 - 2020-01-01
        B enterprise 2020-01-01 2021-12-31 2022-01-05
        C enterprise 2020-01-01 - 2020-01-01
    """
    repaid = FACILITIES + "    F-A A 10000 0 2020-01-01 2021-09-30 2021-10-01\n"
    known = register(parties=gone, exposures=repaid)
    seen = outcomes(Task(), known, known.as_of(DAY), LATER)["months"].to_list()
    assert seen == pytest.approx([3.0, 6.0, 12.0], abs=0.05)


def test_a_firm_joined_to_another_id_later_still_finds_its_default() -> None:
    """X and the customer A share a credit code that becomes known in 2022: the default of A is that of X."""
    parties = """
        party_id kind recorded_on valid_from
        lei:X enterprise 2020-01-01 2020-01-01
        A enterprise 2022-01-01 2020-01-01
    """
    codes = """
        scheme value party_id valid_from recorded_on
        uscc 91350200731200479H lei:X 2020-01-01 2020-01-01
        uscc 91350200731200479H A 2022-01-01 2022-01-01
    """
    facility = """
        facility_id party_id drawn valid_from recorded_on
        F lei:X 10000 2020-01-01 2020-01-01
    """
    happened = """
        event_id party_id kind valid_from recorded_on
        1 A default 2022-02-01 2022-02-02
    """
    known = register(parties=parties, identifiers=codes, exposures=facility, events=happened)
    snapshot = known.as_of(DAY)
    assert snapshot.parties["party_id"].to_list() == ["lei:X"]
    assert outcomes(Task(), known, snapshot, LATER)["default"].to_list() == [True]


def test_windows_end_before_the_next_day_is_looked_at() -> None:
    old = """
        facility_id party_id drawn valid_from recorded_on
        F-A A 10000 2018-01-01 2018-01-01
    """
    days = split(Task(until=date(2023, 12, 31)), register(parties=PARTIES, exposures=old))
    assert days.test == date(2022, 12, 31)
    assert days.validation == date(2021, 11, 30)
    assert days.train[-1] == date(2020, 10, 31)
    assert len(days.train) == 8


def test_a_history_too_short_for_three_windows_says_how_many_months_it_takes() -> None:
    with pytest.raises(DataError, match=r"known from 2020-01-01 to 2021-12-31. Training needs 38 months"):
        split(Task(until=date(2021, 12, 31)), register(parties=PARTIES, exposures=FACILITIES))
