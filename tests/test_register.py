"""Statements, versions and two clocks."""

from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.errors import DataError
from relparty.graph.register import Register
from relparty.loaders.intake import take_in

from .rows import day, register, rows

FIRMS = "party_id kind\nA enterprise\nB enterprise\nC enterprise"


def stakes(reg: Register, on: str) -> list[tuple[str, str, float]]:
    snapshot = reg.as_of(day(on))
    ids = snapshot.parties["party_id"]
    return [
        (ids[s], ids[t], share)
        for s, t, share in snapshot.table("owns").select("source_row", "target_row", "share").rows()
    ]


def test_a_stake_is_seen_from_the_day_on_which_it_is_both_recorded_and_valid():
    """Known 10 January, back-dated to the 1st; announced in 2023 for 2025."""
    reg = register(
        parties=FIRMS,
        owns="owner_id enterprise_id share valid_from recorded_on\nA B .6 2022-01-01 2022-01-10\nA C .6 2025-01-01 2023-01-01",
    )

    assert stakes(reg, "2022-01-09") == []
    assert stakes(reg, "2022-01-10") == [("A", "B", 0.6)]
    assert stakes(reg, "2024-12-31") == [("A", "B", 0.6)]
    assert stakes(reg, "2025-01-01") == [("A", "B", 0.6), ("A", "C", 0.6)]


def test_a_correction_replaces_the_earlier_version_from_its_own_day_on():
    reg = register(
        parties=FIRMS,
        owns="owner_id enterprise_id share valid_from recorded_on\nA B .3 2022-01-01 2022-01-01\nA B .5 2022-01-01 2024-05-01",
    )

    assert stakes(reg, "2024-04-30") == [("A", "B", 0.3)]
    assert stakes(reg, "2024-05-01") == [("A", "B", 0.5)]


def test_a_change_governs_from_its_start_and_its_end_does_not_bring_the_old_one_back():
    """40 % from 2020, 60 % from May 2021 until May 2022: then nothing, the 40 % was superseded."""
    reg = register(
        parties=FIRMS,
        owns="owner_id enterprise_id share valid_from valid_to\nA B .4 2020-01-01 -\nA B .6 2021-05-01 2022-05-01",
    )

    assert stakes(reg, "2021-04-30") == [("A", "B", 0.4)]
    assert stakes(reg, "2022-04-30") == [("A", "B", 0.6)]
    assert stakes(reg, "2022-05-01") == []


def test_a_retracted_stake_never_was_so_from_the_day_of_its_retraction():
    reg = register(
        parties=FIRMS,
        owns="owner_id enterprise_id share valid_from recorded_on retracted\n"
        "A B .4 2020-01-01 2020-01-01 false\nA B .4 2020-01-01 2021-01-01 true",
    )

    assert stakes(reg, "2020-12-31") == [("A", "B", 0.4)]
    assert stakes(reg, "2021-01-01") == []


def test_a_stake_that_ends_on_the_day_it_began_is_in_force_on_no_day():
    reg = register(parties=FIRMS, owns="owner_id enterprise_id share valid_from valid_to\nA B .4 2020-01-01 2020-01-01")

    assert stakes(reg, "2020-01-01") == []


def test_two_sources_on_one_stake_are_never_added_and_the_bank_governs():
    reg = register(
        parties=FIRMS,
        owns="owner_id enterprise_id share valid_from source\nA B .4 2020-01-01 zreg\nA B .6 2019-01-01 bank\nA C .2 2020-01-01 zreg",
    )

    assert stakes(reg, "2024-01-01") == [("A", "B", 0.6), ("A", "C", 0.2)]


def test_two_versions_of_one_day_go_to_quarantine_and_their_copies_count_as_repeated():
    reading = rows(
        "owns", "owner_id enterprise_id share valid_from\nA B .1 2020-01-01\nA B .2 2020-01-01\nA B .1 2020-01-01"
    )

    counts = take_in(Register.empty(), [reading]).counts[0]

    assert (counts.kept, counts.repeated, counts.quarantined) == (0, 1, 2)


def test_a_second_version_of_a_day_that_the_register_holds_goes_to_quarantine_alone():
    reg = register(owns="owner_id enterprise_id share valid_from\nA B .1 2020-01-01")

    intake = take_in(reg, [rows("owns", "owner_id enterprise_id share valid_from\nA B .2 2020-01-01")])

    assert intake.counts[0].quarantined == 1
    assert "two versions on one day" in intake.rejected["owns.csv"]["reason"][0]
    assert intake.register.equals(reg)


def test_loading_twice_equals_once():
    text = "owner_id enterprise_id share valid_from\nA B .1 -\nB C .2 2020-01-01".replace("-\n", "2021-01-01\n", 1)
    once = register(owns=text)

    twice = take_in(once, [rows("owns", text)])

    assert twice.register.equals(once)
    assert twice.counts[0].repeated == 2


def test_a_link_falls_with_a_described_party_that_ended_and_not_with_a_bare_one():
    reg = register(
        parties="party_id kind valid_to recorded_on\nA enterprise - 2020-01-01\nB enterprise 2022-01-01 2020-01-01",
        owns="owner_id enterprise_id share valid_from\nA B .5 2020-01-01\nZ A .5 2020-01-01",
    )

    assert stakes(reg, "2021-12-31") == [("A", "B", 0.5), ("Z", "A", 0.5)]
    assert stakes(reg, "2022-01-01") == [("Z", "A", 0.5)]


def test_enterprises_come_first_each_part_sorted_as_bytes():
    reg = register(parties="party_id kind\nb enterprise\nP person\nB enterprise\na arrangement\n甲 enterprise")

    assert reg.as_of(day("2024-01-01")).parties["party_id"].to_list() == ["B", "b", "甲", "P", "a"]


def test_money_is_converted_at_the_rate_in_force_and_missing_without_one():
    reg = register(
        parties=FIRMS,
        lends_to="lender_id borrower_id balance currency valid_from\nA B 10 EUR 2020-01-01\nA C 10 XXX 2020-01-01\nB C 10 - 2020-01-01",
        rates="currency rate valid_from\nEUR 7.5 2020-01-01\nEUR 8 2022-01-01",
    )

    assert reg.as_of(day("2021-06-01")).table("lends_to")["balance"].to_list() == [75.0, None, 10.0]
    assert reg.as_of(day("2022-01-01")).table("lends_to")["balance"].to_list() == [80.0, None, 10.0]


def test_turnover_of_half_a_year_is_shown_per_year():
    """100 in 181 days is 100 · 365 / 181 a year; a whole year, leap or not, stays as it is."""
    reg = register(
        parties=FIRMS,
        supplies="supplier_id buyer_id turnover period_from period_to valid_from\n"
        "A B 100 2021-01-01 2021-07-01 2021-07-01\nA C 100 2020-01-01 2021-01-01 2021-01-01\nB C 100 - - 2021-01-01",
    )

    assert reg.as_of(day("2022-01-01")).table("supplies")["turnover"].to_list() == pytest.approx(
        [100 * 365 / 181, 100, 100]
    )


def test_of_accounts_the_snapshot_shows_the_latest_known_and_the_history_stays():
    reg = register(
        parties=FIRMS,
        accounts="party_id scope valid_from equity\nA solo 2020-12-31 5\nA solo 2021-12-31 7\nA consolidated 2020-12-31 9",
    )

    seen = reg.as_of(day("2022-06-28")).table("accounts")

    assert seen.select("scope", "equity").rows() == [("consolidated", 9.0), ("solo", 5.0)]
    assert reg.as_of(day("2022-06-29")).table("accounts").select("equity").to_series().to_list() == [9.0, 7.0]
    assert reg.known("accounts", day("2022-06-29")).height == 3


def test_a_complete_file_closes_what_it_no_longer_holds():
    reg = register(owns="owner_id enterprise_id share valid_from\nA B .1 2020-01-01\nA C .2 2020-01-01")
    complete = rows("owns", "owner_id enterprise_id share valid_from\nA B .1 2020-01-01").tables["owns"]

    gone = reg.absent("owns", complete, day("2024-01-01"))
    closed = reg.add({"owns": gone}).register

    assert gone.select("owner_id", "enterprise_id", "valid_to", "recorded_on").rows() == [
        ("A", "C", day("2024-01-01"), day("2024-01-01"))
    ]
    assert len(stakes(closed, "2023-12-31")) == 2
    assert stakes(closed, "2024-01-01") == [("A", "B", 0.1)]


def test_an_empty_complete_file_is_refused():
    reg = register(owns="owner_id enterprise_id share valid_from\nA B .1 2020-01-01")

    with pytest.raises(DataError, match="no row"):
        reg.absent("owns", reg.table("owns").clear(), day("2024-01-01"))


HISTORY = st.lists(
    st.tuples(
        st.sampled_from("AB"), st.sampled_from("CD"), st.integers(0, 6), st.integers(0, 6),
        st.one_of(st.none(), st.integers(0, 6)), st.integers(1, 9), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


def _moment(number: int) -> str:
    return f"{2020 + number}-01-01"


def _written(history: list[tuple[str, str, int, int, int | None, int, bool]]) -> str:
    lines = [
        f"{owner} {owned} 0.{share} {_moment(start)} {'-' if end is None else _moment(start + end)} {_moment(seen)} {gone}"
        for owner, owned, start, seen, end, share, gone in history
    ]
    return "\n".join(["owner_id enterprise_id share valid_from valid_to recorded_on retracted", *lines])


@settings(max_examples=30, deadline=None)
@given(HISTORY, st.integers(0, 6), st.randoms())
def test_rows_of_the_future_never_change_a_day_and_their_order_changes_nothing(history, number, dice):
    """No look-ahead: cutting away all that is recorded after the day shows the same day; so does any order of rows."""
    on = day(_moment(number))
    whole = take_in(Register.empty(), [rows("owns", _written(history))]).register
    cut = Register({name: frame.filter(pl.col("recorded_on") <= on) for name, frame in whole.tables.items()})
    mixed = list(history)
    dice.shuffle(mixed)
    shuffled = take_in(Register.empty(), [rows("owns", _written(mixed))]).register

    assert whole.as_of(on).equals(cut.as_of(on))
    assert shuffled.as_of(on).equals(whole.as_of(on))
    assert shuffled.equals(whole)


@settings(max_examples=30, deadline=None)
@given(HISTORY, st.integers(0, 6))
def test_a_day_agrees_with_the_rule_read_line_by_line(history, number):
    """The contract's seven steps written naively, over one source."""
    on = day(_moment(number))
    reg = take_in(Register.empty(), [rows("owns", _written(history))]).register
    kept = reg.table("owns").sort("recorded_on").to_dicts()
    statements: dict[tuple, dict] = {}
    for row in kept:
        if row["recorded_on"] <= on:
            statements[row["owner_id"], row["enterprise_id"], row["valid_from"]] = row
    governing: dict[tuple, dict] = {}
    for (owner, owned, start), row in sorted(statements.items()):
        if not row["retracted"] and start <= on:
            governing[owner, owned] = row
    expected = sorted(
        (owner, owned, row["share"])
        for (owner, owned), row in governing.items()
        if row["valid_to"] is None or row["valid_to"] > on
    )

    shown = stakes(reg, on.isoformat())

    assert sorted(shown) == expected
    assert all(first < second for first, second in pairwise([row[:2] for row in sorted(shown)]))


def test_of_several_sources_the_first_gives_the_rate_and_of_its_rates_the_latest():
    reg = register(
        parties=FIRMS,
        lends_to="lender_id borrower_id balance currency valid_from\nA B 10 EUR 2020-01-01",
        rates="currency rate valid_from source\nEUR 7 2020-01-01 bank\nEUR 8 2021-01-01 bank\nEUR 9 2021-06-01 other",
    )

    assert reg.as_of(day("2022-01-01")).table("lends_to")["balance"].to_list() == [80.0]
