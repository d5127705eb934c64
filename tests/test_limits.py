"""Exposures and limits: values by hand, nothing disappears, limits break above their number, changes add up."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.errors import DataError, UsageError
from relparty.graph.exposures import Conversion, exposure_lines
from relparty.graph.limit_changes import changes
from relparty.graph.limit_rules import limits_in_force
from relparty.graph.limits import Bank, limit_use

from .rows import day, register

DAY = day("2024-06-30")
PARTIES = """
    party_id kind is_institution
    A enterprise -
    B enterprise -
    C enterprise -
    Bank enterprise true
    State public_body -
"""
CAPITAL = """
    kind amount valid_from
    tier1 100 2024-01-01
    net 120 2024-01-01
"""
REGIMES = ("eba", "eba_alternative", "basel", "cn")


def snapshot(exposures, guarantees="", parties=PARTIES, capital=CAPITAL, on=DAY):
    exposures = _dated(exposures)
    more = {"guarantees": _dated(guarantees)} if guarantees else {}
    return register(parties=parties, capital=capital, exposures=exposures, **more).as_of(on)


def _dated(text):
    heading, *lines = text.strip().splitlines()
    return "\n".join([f"{heading} valid_from", *(f"{line} 2024-01-01" for line in lines)])


def groups(seen, **members):
    pairs = [(group, seen.row_of(party)) for group, parties in members.items() for party in parties.split()]
    return pl.DataFrame(pairs, schema={"group_id": pl.String, "party_row": pl.UInt32}, orient="row")


def after(lines, seen):
    """What the bank stands to lose with whom, after mitigation."""
    sums = lines.group_by("party_row").agg(pl.col("after").sum())
    return {seen.parties["party_id"][row]: pytest.approx(money) for row, money in sums.iter_rows() if money}


def used(use, subject, name):
    return use.use.filter(subject_id=subject, name=name).row(0, named=True)


def test_a_value_is_what_is_drawn_less_provisions_and_what_may_still_be_drawn():
    """80 - 10 drawn, 20 undrawn: all of it, or a twentieth; under Basel never less than a tenth."""
    seen = snapshot("facility_id party_id drawn limit provision\nF A 80 100 10")

    def before(regime, factor=1.0):
        return exposure_lines(seen, regime, Conversion(otherwise=factor))["before"].to_list()

    assert [before("eba"), before("eba", 0.05), before("basel", 0.05)] == [[90], [71], [72]]


def test_a_guarantee_that_the_bank_gives_is_a_promise_also_where_it_is_drawn():
    seen = snapshot("facility_id party_id kind drawn limit\nF A guarantee 50 60")
    lines = exposure_lines(seen, "eba", Conversion({"guarantee": 0.5}))

    assert lines.select("carrying", "promised", "before", "loans").rows() == [(0, 60, 30, 0)]


def test_what_the_bank_owes_counts_inside_its_netting_set_alone():
    """Claims of 60 and 40 less a deposit of 30: 42 and 28. Another deposit of 50 stands alone."""
    seen = snapshot("""
        facility_id party_id kind drawn netting_set
        F1 A derivative 60 N
        F2 A derivative 40 N
        F3 A deposit 30 N
        F4 A deposit 50 -
        F5 B loan 10 N
    """)
    lines = exposure_lines(seen, "eba")

    assert lines.select("facility_id", "netted", "before").rows() == [("F1", 18, 42), ("F2", 12, 28), ("F5", 0, 10)]


def test_a_house_covers_in_the_eu_and_not_under_basel():
    seen = snapshot("""
        facility_id party_id drawn collateral collateral_kind
        F1 A 100 30 real_estate
        F2 A 100 30 cash
        F3 A 100 30 -
        F4 A 100 300 cash
    """)

    assert [exposure_lines(seen, regime)["collateral"].to_list() for regime in ("eba", "basel")] == [
        [30, 30, 30, 100],
        [0, 30, 30, 100],
    ]


def test_what_an_eligible_guarantor_covers_is_an_exposure_to_it():
    seen = snapshot(
        "facility_id party_id drawn collateral\nF A 100 20",
        "contract_id guarantor_id debtor_id amount\nG Bank A 30",
    )
    lines = exposure_lines(seen, "eba")

    assert after(lines, seen) == {"A": 50, "Bank": 30}
    moved = lines.filter(contract_id="G").row(0, named=True)
    assert (moved["facility_id"], moved["before"], moved["source"]) == ("F", 0, "bank")
    assert seen.parties["party_id"][moved["debtor_row"]] == "A"


def test_a_corporate_guarantor_covers_nothing_unless_the_record_says_so():
    exposures = "facility_id party_id drawn\nF A 100"
    no, yes, off = (
        snapshot(exposures, f"contract_id guarantor_id debtor_id amount eligible\nG {who} A 30 {says}")
        for who, says in (("B", "-"), ("B", "true"), ("State", "false"))
    )

    assert after(exposure_lines(no, "basel"), no) == {"A": 100}
    assert after(exposure_lines(yes, "basel"), yes) == {"A": 70, "B": 30}
    assert after(exposure_lines(off, "basel"), off) == {"A": 100}


def test_a_joint_contract_covers_once():
    """70 between two guarantors liable for all of it is 35 and 35, with caps of 70 and 20 it is 50 and 20."""
    exposures = "facility_id party_id drawn\nF A 100"
    heading = "contract_id guarantor_id debtor_id amount liability"
    equal = snapshot(exposures, f"{heading}\nG Bank A 70 joint\nG State A 70 joint")
    capped = snapshot(exposures, f"{heading}\nG Bank A 70 joint\nG State A 20 joint")

    assert after(exposure_lines(equal, "eba"), equal) == {"A": 30, "Bank": 35, "State": 35}
    assert after(exposure_lines(capped, "eba"), capped) == {"A": 30, "Bank": 50, "State": 20}


def test_several_guarantors_cover_their_shares():
    """A quarter of 100; without a share a half of it, since there are two, though the corporate covers nothing."""
    exposures = "facility_id party_id drawn\nF A 100"
    heading = "contract_id guarantor_id debtor_id liability share"
    quarter = snapshot(exposures, f"{heading}\nG Bank A several 0.25\nG B A several 0.75")
    half = snapshot(exposures, f"{heading}\nG Bank A several -\nG B A several -")

    assert after(exposure_lines(quarter, "eba"), quarter) == {"A": 75, "Bank": 25}
    assert after(exposure_lines(half, "eba"), half) == {"A": 50, "Bank": 50}


def test_a_guarantee_of_one_facility_covers_before_one_of_all():
    """F1 of 100 is covered for 80 by its own guarantee; 20 + 60 are left, of which the general one takes 40: 10 and 30."""
    seen = snapshot(
        "facility_id party_id drawn\nF1 A 100\nF2 A 60",
        "contract_id guarantor_id debtor_id amount facility_id\nG1 Bank A 40 -\nG2 State A 80 F1",
    )
    lines = exposure_lines(seen, "eba").filter(pl.col("contract_id").is_not_null())

    assert lines.sort("contract_id", "facility_id").select("contract_id", "facility_id", "after").rows() == [
        ("G1", "F1", 10), ("G1", "F2", 30), ("G2", "F1", 80),
    ]  # fmt: skip


def test_contracts_cover_in_turn_and_never_more_than_there_is():
    seen = snapshot(
        "facility_id party_id drawn\nF A 100",
        "contract_id guarantor_id debtor_id amount\nG1 Bank A 70\nG2 State A -\nG3 Bank A 50",
    )

    assert after(exposure_lines(seen, "eba"), seen) == {"Bank": 70, "State": 30}


def test_what_is_exempt_is_reported_and_not_limited():
    seen = snapshot("facility_id party_id drawn collateral exempt_reason\nF A 90 10 sovereign")
    use = limit_use(seen, groups(seen), "eba")

    assert use.totals.row(0, named=True) | {"scope": ""} == {
        "scope": "", "subject_id": "A", "before": 90, "after": 0, "exempt": 80, "loans": 90, "unknown": 0,
    }  # fmt: skip
    assert use.use["name"].to_list() == ["large"]


def test_what_is_not_stated_is_never_nothing():
    """Without the drawn amount all of the limit counts; without both the line is counted as unknown."""
    seen = snapshot("facility_id party_id drawn limit\nF1 A - 40\nF2 B - -")
    use = limit_use(seen, groups(seen), "eba")

    assert use.lines.select("facility_id", "before", "estimated").rows() == [("F1", 40, True), ("F2", None, False)]
    assert use.totals.select("subject_id", "after", "unknown").rows() == [("A", 40, 0), ("B", 0, 1)]
    assert used(use, "B", "limit")["unknown"] == 1


def test_a_quarter_of_tier_1_is_allowed_and_a_cent_more_breaks_the_limit():
    seen = snapshot("facility_id party_id drawn\nF1 A 25\nF2 B 25.01\nF3 C 10")
    use = limit_use(seen, groups(seen), "eba")

    assert [used(use, party, "limit")["met"] for party in "ABC"] == [False, True, False]
    assert used(use, "A", "limit")["grade"] == 100
    assert used(use, "C", "large")["met"]
    assert "CRR art. 395(1)" in used(use, "B", "limit")["rule"]


@pytest.mark.parametrize(("drawn", "grade"), [(17.4, 0), (17.5, 70), (20, 80), (22.5, 90), (24.9, 90), (25, 100)])
def test_warnings_come_at_70_80_90_and_100_percent_of_the_limit(drawn, grade):
    seen = snapshot(f"facility_id party_id drawn\nF A {drawn}")

    assert used(limit_use(seen, groups(seen), "basel"), "A", "limit")["grade"] == grade


def test_an_exposure_is_large_by_its_value_before_collateral():
    seen = snapshot("facility_id party_id drawn collateral\nF A 11 5")
    use = limit_use(seen, groups(seen), "eba")

    assert (used(use, "A", "large")["amount"], used(use, "A", "large")["met"]) == (11, True)
    assert used(use, "A", "limit")["amount"] == 6


@pytest.mark.parametrize(
    ("tier1", "euro", "limit"), [(400, 1.0, 150), (400, None, 100), (800, 1.0, 200), (100, 1.0, 100), (400, 2.0, 300)]
)
def test_in_the_eu_150_million_euros_lift_the_limit_of_an_institution(tier1, euro, limit):
    """A quarter of Tier 1 or 150, whichever is higher, at most all of Tier 1; millions."""
    capital = f"kind amount valid_from\ntier1 {tier1}e6 2024-01-01"
    seen = snapshot("facility_id party_id drawn\nF Bank 140e6", capital=capital)

    assert (
        used(limit_use(seen, groups(seen), "eba", Bank(euro=euro)), "Bank", "limit_institution")["limit_amount"]
        == limit * 1e6
    )


def test_the_others_of_a_group_with_an_institution_stay_under_a_quarter():
    """T1 400: the group of 140 + 101 may be 150 and breaks; its others are 101 of 100 and break too."""
    capital = "kind amount valid_from\ntier1 400e6 2024-01-01"
    seen = snapshot("facility_id party_id drawn\nF1 Bank 40e6\nF2 A 101e6", capital=capital)
    use = limit_use(seen, groups(seen, G="Bank A"), "eba", Bank(euro=1.0))

    assert (used(use, "G", "limit_institution")["limit_amount"], used(use, "G", "limit_institution")["met"]) == (
        150e6,
        False,
    )
    assert (used(use, "G", "limit_others")["amount"], used(use, "G", "limit_others")["met"]) == (101e6, True)


def test_an_institution_makes_its_group_one_of_institutions_also_without_an_exposure():
    seen = snapshot("facility_id party_id drawn\nF A 30")
    use = limit_use(seen, groups(seen, G="Bank A"), "eba")

    assert sorted(use.use.filter(subject_id="G")["name"]) == ["large", "limit_institution", "limit_others"]


def test_chinese_limits_go_by_counterparty():
    """Tier 1 100, net capital 120: loans 12, exposure 15, group 20 and its credit 18, interbank 25, anonymous 15."""
    seen = snapshot("facility_id party_id drawn\nF1 A 12\nF2 B 8\nF3 Bank 25\nF4 C 2.5")
    use = limit_use(seen, groups(seen, G="A B"), "cn", Bank(anonymous=("C",)))
    amounts = {
        (row["subject_id"], row["name"]): (row["amount"], row["limit_amount"], row["met"])
        for row in use.use.rows(named=True)
    }

    assert amounts["A", "limit_loans"] == (12, 12, False)
    assert amounts["A", "limit"] == (12, 15, False)
    assert amounts["G", "limit_group"] == (20, 20, False)
    assert amounts["G", "limit_group_credit"] == (20, 18, True)
    assert amounts["Bank", "limit_institution"] == (25, 25, False)
    assert amounts["C", "limit_anonymous"] == (2.5, 15, False)
    assert amounts["C", "large"] == (2.5, 2.5, False)
    assert amounts["B", "large"][2]
    assert ("Bank", "limit_loans") not in amounts


def test_between_global_banks_the_limit_is_15_percent():
    seen = snapshot("facility_id party_id drawn\nF Bank 16")
    ours = limit_use(seen, groups(seen), "basel", Bank(is_gsib=True, gsibs=("Bank",)))
    smaller = limit_use(seen, groups(seen), "basel", Bank(gsibs=("Bank",)))

    assert used(ours, "Bank", "limit_gsib")["met"]
    assert smaller.use.filter(name="limit_gsib").is_empty()


def test_a_firm_in_two_groups_counts_in_both_and_in_the_portfolio_once():
    seen = snapshot("facility_id party_id drawn\nF1 A 10\nF2 B 20\nF3 C 30")
    use = limit_use(seen, groups(seen, G1="A B", G2="B C"), "eba")

    assert [used(use, group, "limit")["amount"] for group in ("G1", "G2")] == [30, 50]
    assert use.portfolio == {"before": 60, "after": 60, "exempt": 0, "loans": 60}


def test_a_guarantor_brings_what_it_covers_into_its_group():
    seen = snapshot("facility_id party_id drawn\nF A 30", "contract_id guarantor_id debtor_id amount\nG State A 10")
    use = limit_use(seen, groups(seen, G="State B"), "eba")

    assert used(use, "G", "limit")["amount"] == 10


def test_limits_need_capital_and_rules_of_the_day():
    early = snapshot("facility_id party_id drawn\nF A 1", capital="kind amount valid_from\ntier1 100 2024-01-01")

    with pytest.raises(DataError, match="no net above 0"):
        limit_use(early, groups(early), "cn")
    with pytest.raises(UsageError, match="no rules of 'eba' on 2020-01-01"):
        limits_in_force("eba", day("2020-01-01"))
    with pytest.raises(UsageError, match="no rules of 'atlantis'"):
        limits_in_force("atlantis", DAY)


def test_the_bank_s_capital_is_that_of_the_day():
    capital = "kind amount valid_from recorded_on\ntier1 100 2024-01-01 2024-01-01\ntier1 200 2024-06-30 2024-07-15"
    uses = [
        snapshot("facility_id party_id drawn\nF A 25", capital=capital, on=day(on))
        for on in ("2024-07-14", "2024-07-15")
    ]

    assert [used(limit_use(seen, groups(seen), "eba"), "A", "limit")["grade"] for seen in uses] == [100, 0]


def test_the_change_of_a_group_is_told_to_the_last_amount():
    """10 + 20 became 25 + 30: A drew 15 more, B left with 20, C joined with 30; Tier 1 fell by 20."""
    then = snapshot("facility_id party_id drawn\nF1 A 10\nF2 B 20\nF3 C 30")
    now = snapshot(
        "facility_id party_id drawn\nF1 A 10\nF4 A 15\nF2 B 20\nF3 C 30",
        capital="kind amount valid_from\ntier1 80 2024-01-01",
    )
    told = changes(limit_use(then, groups(then, G="A B"), "eba"), limit_use(now, groups(now, G="A C"), "eba"))
    mine = told.causes.filter(subject_id="G", name="limit").select("cause", "party_id", "facility_id", "effect").rows()

    assert mine == [
        ("facility", "A", "F4", 15), ("joined", "C", None, 30), ("left", "B", None, -20), ("limit", None, None, -5),
    ]  # fmt: skip
    row = told.use.filter(subject_id="G", name="limit").row(0, named=True)
    assert (row["amount_before"], row["amount_after"], row["grade_before"], row["grade_after"]) == (30, 55, 100, 100)
    assert changes(limit_use(now, groups(now), "eba"), limit_use(now, groups(now), "eba")).use.is_empty()


MONEY = st.integers(0, 50)
BOOKS = st.lists(st.tuples(st.sampled_from("ABC"), MONEY, MONEY, st.booleans()), min_size=1, max_size=5)
COVERS = st.lists(
    st.tuples(st.sampled_from(["G1", "G2"]), st.sampled_from(["Bank", "State"]), st.sampled_from("ABC"), st.one_of(st.none(), MONEY),
              st.sampled_from([None, 0, 1]), st.sampled_from(["joint", "several"])), max_size=4, unique_by=lambda row: row[:3],
)  # fmt: skip


def book(facilities, covers):
    exposures = [
        f"F{n} {party} {drawn} {held} {'sovereign' if exempt else '-'}"
        for n, (party, drawn, held, exempt) in enumerate(facilities)
    ]
    promises = [
        f"{contract} {guarantor} {debtor} {'-' if cap is None else cap} {'-' if place is None else f'F{place}'} {liability}"
        for contract, guarantor, debtor, cap, place, liability in covers
    ]
    return snapshot(
        "\n".join(["facility_id party_id drawn collateral exempt_reason", *exposures]),
        "\n".join(["contract_id guarantor_id debtor_id amount facility_id liability", *promises]) if promises else "",
    )


@given(BOOKS, COVERS, st.sampled_from(REGIMES))
@settings(max_examples=40, deadline=None)
def test_nothing_disappears(facilities, covers, regime):
    """Before = collateral + exempt + after of the debtor + after of its guarantors, whatever the contracts."""
    seen = book(facilities, covers)
    lines = exposure_lines(seen, regime)
    sums = lines.group_by("facility_id").agg(pl.col("before", "after", "collateral", "exempt").sum())

    assert ((sums["before"] - sums["after"] - sums["collateral"] - sums["exempt"]).abs() < 1e-9).all()
    assert (lines["after"] > -1e-9).all()
    by_contract = (
        lines.filter(pl.col("contract_id").is_not_null())
        .group_by("contract_id", "debtor_row")
        .agg(pl.col("after").sum())
    )
    caps = seen.table("guarantees").filter(liability="joint").group_by("contract_id", debtor_row="target_row").agg(
        cap=pl.col("amount").max(), open=pl.col("amount").is_null().any())  # fmt: skip
    over = by_contract.join(caps.filter(~pl.col("open")), on=["contract_id", "debtor_row"])
    assert (over["after"] <= over["cap"] + 1e-9).all()


@given(BOOKS, COVERS, BOOKS, COVERS, st.sets(st.sampled_from("ABC")), st.sets(st.sampled_from("ABC")))
@settings(max_examples=25, deadline=None)
def test_causes_sum_to_the_change(facilities, covers, later, later_covers, members, later_members):
    then, now = book(facilities, covers), book(later, later_covers)
    told = changes(
        limit_use(then, groups(then, G=" ".join(members)), "eba"),
        limit_use(now, groups(now, G=" ".join(later_members)), "eba"),
    )
    sums = (
        told.causes.filter(pl.col("cause") != "limit")
        .group_by("scope", "subject_id", "name")
        .agg(pl.col("effect").sum())
    )
    both = told.use.join(sums, on=["scope", "subject_id", "name"], how="left").with_columns(
        pl.col("effect").fill_null(0.0)
    )

    assert ((both["amount_after"] - both["amount_before"] - both["effect"]).abs() < 1e-6).all()
