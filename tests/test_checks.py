"""Rules of data quality: the rows at fault, no others."""

import polars as pl
import pytest
from relparty.graph.check_digits import bad, expected_end
from relparty.graph.checks import Subject, check

from .rows import day, register

NOW = day("2024-06-30")
FIRMS = "party_id kind\nA enterprise\nB enterprise\nC enterprise\nD enterprise"


def findings(reg):
    return {finding.rule: finding for finding in check(Subject(reg, NOW))}


def test_a_party_that_only_a_link_names_is_bare():
    found = findings(register(parties=FIRMS, owns="owner_id enterprise_id share valid_from\nZ A .5 2020-01-01"))

    assert found["bare_parties"].rows["party_id"].to_list() == ["Z"]


@pytest.mark.parametrize(
    ("shares", "severity"),
    [((".3334", ".3333", ".3334"), "warning"), ((".51", ".51", "0"), "error"), ((".5", ".5", "0"), None)],
)
def test_shares_above_one_are_an_error_unless_rounding_explains_them(shares, severity):
    """Three holders rounded to four digits can be off by 3 x .00005 = .00015."""
    lines = "\n".join(f"{owner} D {share} 2020-01-01" for owner, share in zip("ABC", shares, strict=True))

    found = findings(register(parties=FIRMS, owns=f"owner_id enterprise_id share valid_from\n{lines}"))

    assert (found["share_above_one"].severity if "share_above_one" in found else None) == severity


def test_lower_ends_of_bands_count_towards_the_sum_and_indirect_stakes_do_not():
    text = "owner_id enterprise_id share_low share_high direct valid_from\nA D .75 1 true 2020-01-01\nB D .5 .75 {} 2020-01-01"

    assert "share_above_one" in findings(register(parties=FIRMS, owns=text.format("true")))
    assert "share_above_one" not in findings(register(parties=FIRMS, owns=text.format("false")))


def test_sources_that_disagree_by_more_than_a_point_are_found():
    text = "owner_id enterprise_id share valid_from source\nA D .5 2020-01-01 bank\nA D .{} 2020-01-01 other"

    assert "sources_disagree" in findings(register(parties=FIRMS, owns=text.format("52")))
    assert "sources_disagree" not in findings(register(parties=FIRMS, owns=text.format("51")))


def test_who_bears_losses_without_positive_equity_is_named():
    reg = register(
        parties=FIRMS,
        lends_to="lender_id borrower_id balance valid_from\nA D 5 2020-01-01\nB D 5 2020-01-01\nC D 5 2020-01-01",
        accounts="party_id scope valid_from equity\nA solo 2022-12-31 10\nB solo 2022-12-31 0",
    )

    assert findings(reg)["missing_equity"].rows["party_id"].to_list() == ["B", "C"]


def test_accounts_recorded_before_their_day_are_impossible():
    reg = register(
        parties=FIRMS, accounts="party_id scope valid_from recorded_on equity\nA solo 2022-12-31 2022-06-30 1"
    )

    assert findings(reg)["impossible_dates"].rows["party_id"].to_list() == ["A"]


def test_open_links_of_a_party_that_ended_are_named_with_its_last_day():
    reg = register(
        parties="party_id kind valid_to recorded_on\nA enterprise - 2020-01-01\nB enterprise 2022-01-01 2020-01-01",
        owns="owner_id enterprise_id share valid_from source_ref\nA B .5 2020-01-01 R-1",
    )

    assert findings(reg)["links_of_ended_parties"].rows.rows() == [("owns", "R-1", "B", day("2022-01-01"))]


def test_an_amount_without_a_rate_is_an_error():
    reg = register(parties=FIRMS, lends_to="lender_id borrower_id balance currency valid_from\nA B 10 XXX 2020-01-01")

    assert findings(reg)["missing_rates"].severity == "error"


def test_joins_that_a_rule_forbids_are_proposed():
    reg = register(
        parties=FIRMS, identifiers="scheme value party_id\nlei ZZZZ00TESTALPHA00112 A\nlei ZZZZ00TESTALPHA00112 B"
    )

    assert findings(reg)["shared_identifiers"].rows["parties"].to_list() == [["A", "B"]]


def test_a_clean_register_has_no_finding():
    assert findings(register(parties=FIRMS)) == {}


@pytest.mark.parametrize(
    ("scheme", "value", "wrong", "end"),
    [
        ("uscc", "91110105XX00001900", False, "0"),  # check value 31 is written 0
        ("uscc", "91110105XX0000377Y", False, "Y"),
        ("uscc", "91110105XX00001158", True, "7"),
        ("uscc", "91110105XO0000430T", True, None),  # the letter O is not in the alphabet
        ("uscc", "110105123456789", True, None),  # the old registration number
        ("lei", "ZZZZ00TEST0000003602", False, "02"),
        ("lei", "ZZZZ00TEST0000000401", True, "98"),  # 01 satisfies the modulus and is no check digit
        ("lei", "ZZZZ00TESTALPHA0011", True, None),
        ("customer_no", "7", False, None),
    ],
)
def test_check_digits_are_those_of_the_standards(scheme, value, wrong, end):
    assert bad(pl.DataFrame({"scheme": [scheme], "value": [value]}))[0] is wrong
    assert expected_end(scheme, value) == end


def test_a_rebuttal_whose_end_has_passed_is_named_until_it_is_decided_anew():
    head = "link from_id to_id decision reason reviewer second_reviewer evidence valid_from valid_to\n"
    one = head + "controls A B rebutted ring_fenced Li Wang memo 2023-01-01 2024-01-01"
    two = one + "\ncontrols A B rebutted ring_fenced Li Wang memo-2 2024-01-01 2025-01-01"

    found = findings(register(parties=FIRMS, reviews=one))

    assert found["ended_rebuttals"].rows.select("from_id", "to_id", "valid_to").rows() == [
        ("A", "B", day("2024-01-01"))
    ]
    assert "ended_rebuttals" not in findings(register(parties=FIRMS, reviews=two))
