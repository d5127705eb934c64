"""Field reports on ownership: what check finds and what owners are shown, read from the files themselves."""

from pathlib import Path

import pytest
from relparty.graph.checks import Finding, Subject, check
from relparty.graph.owners import beneficial_owners
from relparty.graph.register import Register
from relparty.loaders.bods import read as read_bods
from relparty.loaders.folder import read_folder
from relparty.loaders.intake import Intake, take_in
from relparty.loaders.psc import read as read_psc
from relparty.loaders.table import read
from relparty.related import named

from .rows import day
from .shared import needs_shared, report

pytestmark = needs_shared


def findings(register: Register, on: str) -> dict[tuple[str, str], Finding]:
    return {(found.rule, found.severity): found for found in check(Subject(register, day(on)))}


def folder(path: Path) -> Intake:
    return take_in(Register.empty(), read_folder(path))


def test_13_open_links_of_a_dissolved_company_are_named_with_its_last_day():
    reg = take_in(Register.empty(), [read_bods(report("13") / "bods.jsonl")]).register
    rows = findings(reg, "2022-01-31")["links_of_ended_parties", "warning"].rows

    assert set(rows["source_ref"]) == {"R-1", "R-2"}
    assert rows["last"].unique().to_list() == [day("2021-12-21")]


def test_15_shares_into_a_joint_holding_sum_to_two_and_nothing_is_divided():
    reg = take_in(Register.empty(), [read_bods(report("15") / "bods.jsonl")]).register
    over = findings(reg, "2024-06-30")["share_above_one", "error"].rows
    snapshot = reg.as_of(day("2024-06-30"))
    firm = snapshot.parties["name"].to_list().index("Firm One Ltd")
    owners = named(snapshot, beneficial_owners(snapshot, firm, "amld", day("2024-06-30")))
    joint = owners.filter(reason="capital", decision="yes")

    assert over["total"].to_list() == [2.0]
    assert joint["joint_id"].null_count() == 0
    assert joint["owner_id"].n_unique() == 2
    assert joint["low"].to_list() == pytest.approx([0.8, 0.8])


def test_17_nobody_owns_more_than_the_whole_and_lower_bounds_above_it_are_reported():
    reg = take_in(Register.empty(), [read_psc(report("17") / "psc.jsonl")]).register
    over = findings(reg, "2021-06-30")["share_above_one", "error"].rows
    snapshot = reg.as_of(day("2021-06-30"))
    shares = beneficial_owners(snapshot, snapshot.row_of("GB-COH:99000017"), "psc", day("2021-06-30"))

    assert over.select("total", "holders").rows() == [(1.25, 3)]
    assert len(over["records"][0]) == 3
    assert (shares["high"].drop_nulls() <= 1).all()


def test_18_rounding_is_a_warning_at_most_and_two_percent_too_much_an_error():
    intake = folder(report("18"))
    found = findings(intake.register, "2024-06-30")

    assert found["share_above_one", "warning"].rows["enterprise_id"].to_list() == ["T"]
    assert found["share_above_one", "error"].rows["enterprise_id"].to_list() == ["V"]


def test_19_lots_add_and_without_a_lot_nobody_can_tell_which_stake_is_meant():
    at = report("19")
    lots = folder(at)
    no_lot = take_in(Register.empty(), [read(at / "parties.csv"), read(at / "no_lot" / "owns.csv")])
    reasons = next(frame for file, frame in no_lot.rejected.items() if file.endswith("owns.csv"))

    assert next(c.kept for c in lots.counts if c.file.endswith("owns.csv")) == 5
    assert {0.3, 0.25} <= set(lots.register.as_of(day("2024-06-30")).table("owns")["share"])
    assert reasons["line"].to_list() == [2, 3]
    assert all("lot" in reason and "2, 3" in reason for reason in reasons["reason"])
