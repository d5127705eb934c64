"""Inputs made from field reports of public formats: what a careful user expects of each.

They lie beside the repository, in ../shared, or where RELPARTY_REPORTS says; without them these tests skip. What
ownership and control make of these files is tried where those are computed.
"""

import os
import random
from datetime import date
from json import loads
from pathlib import Path

import polars as pl
import pytest
from relparty.graph.register import Register
from relparty.loaders import bods, gleif
from relparty.loaders.intake import Intake, take_in

from .bods_lines import links, pairs, reasons, seen

REPORTS = Path(os.environ.get("RELPARTY_REPORTS", Path(__file__).parents[2] / "shared" / "data" / "reports"))

pytestmark = pytest.mark.skipif(not REPORTS.is_dir(), reason=f"no field reports at {REPORTS}")


def report(number: str) -> Intake:
    """Every public-format file of a report, loaded together into an empty register."""
    (folder,) = REPORTS.glob(f"{number}-*")
    readings = [bods.read(path) for path in sorted(folder.glob("*.jsonl"))]
    readings += [gleif.read(path) for path in sorted(folder.glob("*.csv"))]
    return take_in(Register.empty(), readings)


def counted(intake: Intake) -> list[tuple[int, int, int, int]]:
    """Rows, kept, repeated and quarantined of each file."""
    return [(each.rows, each.kept, each.repeated, each.quarantined) for each in intake.counts]


def bare(intake: Intake, day: str) -> list[str]:
    """Parties that are named on a day and described nowhere."""
    described = intake.register.table("parties")["party_id"]
    return [party for party in seen(intake, day).parties["party_id"] if party not in described]


def test_09_partial_dates_are_never_made_exact() -> None:
    intake = report("09")

    assert counted(intake) == [(17, 12, 0, 5)]
    told = reasons(intake)
    assert [told[line] for line in (11, 12, 14, 15)] == [
        f"valid_from '{written}' is no date YYYY-MM-DD" for written in ("2019", "2019-03", "2019-02-30", "0000-00-00")
    ]
    assert told[16] == "valid_to 2021-01-01 is before valid_from 2022-01-01"


def test_09_links_are_known_from_their_statement() -> None:
    """R-none has no start: it is open, and still unknown before the statement. R-time keeps the day as written."""
    intake = report("09")

    assert pairs(seen(intake, "2024-01-14")) == []
    assert dict(links(seen(intake, "2024-01-15")).select("source_ref", "valid_from").rows()) == {
        "R-ok": date(2019, 3, 15), "R-none": None, "R-time": date(2019, 3, 15),
    }  # fmt: skip
    assert len(pairs(seen(intake, "2024-06-30"))) == 3
    assert seen(intake, "2024-01-15").parties["kind"].value_counts().sort("kind").rows() == [
        ("enterprise", 8),
        ("person", 1),
    ]


def test_12_only_the_relationship_period_dates_a_relationship() -> None:
    intake = report("12")

    assert counted(intake) == [(7, 7, 0, 0), (10, 9, 0, 1)]
    (told,) = reasons(intake).items()
    assert (told[0], told[1].split(":")[0]) == (6, "self-link")
    assert "1 relationships without a relationship period: their start is unknown" in intake.counts[1].notes
    control = links(seen(intake, "2024-06-30"), "controls").select(
        pl.col("a", "b").str.slice(13, 5), "basis", "valid_from"
    )
    assert sorted(control.rows()) == [
        ("ABSEN", "MANAG", "consolidated_accounts", date(2018, 1, 1)),
        ("BETA0", "ALPHA", "consolidated_accounts", date(2015, 5, 5)),
        ("GAMMA", "BETA0", "consolidated_accounts", date(2010, 2, 1)),
        ("GAMMA", "BRANC", "branch", date(2012, 1, 1)),
    ]
    assert bare(intake, "2024-06-30") == ["lei:ZZZZ00TSTABSENT00013"]


def test_12_no_share_is_invented_and_funds_are_controlled_by_nobody() -> None:
    intake = report("12")

    snapshot = seen(intake, "2024-06-30")
    assert snapshot.table("owns").is_empty()
    ties = links(snapshot, "related_to").select(pl.col("a", "b").str.slice(13, 5), "relation")
    assert sorted(ties.rows()) == [
        ("ALPHA", "FUND0", "subfund"),
        ("ALPHA", "GAMMA", "ultimate_parent"),
        ("BETA0", "GAMMA", "ultimate_parent"),
        ("FUND0", "MANAG", "fund_manager"),
    ]


def test_12_a_parent_that_ended_before_it_was_registered_was_never_known_as_one() -> None:
    intake = report("12")

    old = intake.register.table("controls").filter(pl.col("controller_id") == "lei:ZZZZ00TSTOLDPAR00005")
    assert old.select("valid_from", "valid_to", "recorded_on").rows() == [
        (date(2011, 3, 1), date(2015, 5, 5), date(2018, 4, 25))
    ]
    for day in ("2014-06-30", "2018-04-25", "2024-06-30"):
        assert "lei:ZZZZ00TSTOLDPAR00005" not in links(seen(intake, day), "controls")["a"]


def test_13_open_links_fall_with_a_closed_party_once_its_end_is_known() -> None:
    intake = report("13")

    assert counted(intake) == [(7, 7, 0, 0)]
    both = [("ENT-BETA", "ENT-CHILD"), ("ENT-PARENT", "ENT-BETA")]
    for day in ("2021-06-30", "2022-01-08"):
        assert pairs(seen(intake, day)) == both
    for day in ("2022-01-09", "2022-01-31"):
        assert pairs(seen(intake, day)) == []
        assert seen(intake, day).parties["party_id"].to_list() == ["bods:ENT-CHILD", "bods:ENT-PARENT"]


def test_13_a_new_name_holds_from_its_statement() -> None:
    names = [seen(report("13"), day).parties["name"].to_list() for day in ("2023-02-28", "2023-03-01")]

    assert names == [["Child Ltd", "Parent Ltd"], ["Child Ltd", "Parent Holdings Ltd"]]


def test_14_unknown_owners_are_told_apart_and_described() -> None:
    intake = report("14")

    assert counted(intake) == [(15, 15, 0, 0)]
    assert bare(intake, "2024-01-15") == []
    snapshot = seen(intake, "2024-01-15")
    assert snapshot.enterprises == 6
    hidden = links(snapshot).filter(pl.col("owner_status") != "known").select("a", "b", "owner_status", "share")
    told = {b[-1]: (a, status, held) for a, b, status, held in hidden.rows()}
    assert {firm: row[1:] for firm, row in told.items()} == {
        "X": ("unknown", 0.6), "Y": ("unknown", 0.6), "Z": ("none", None), "W": ("withheld", None),
        "V": ("unknown", 1.0), "U": ("unknown", 1.0),
    }  # fmt: skip
    assert told["V"][0] == told["U"][0]
    assert len({row[0] for row in told.values()}) == 5
    kinds = dict(snapshot.parties.select("party_id", "kind").rows())
    assert {kinds[row[0]] for row in told.values()} == {"unknown"}


def test_14_a_firm_without_a_name_is_called_by_its_identifier() -> None:
    assert "GB-COH 99000005" in seen(report("14"), "2024-01-15").parties["name"].to_list()


def test_15_joint_holders_keep_what_each_was_said_to_hold() -> None:
    """Two holders of all of one arrangement: 2.0 stays 2.0, for a check to report."""
    intake = report("15")

    assert counted(intake) == [(12, 12, 0, 0)]
    snapshot = seen(intake, "2024-01-15")
    assert snapshot.enterprises == 2
    into = links(snapshot).group_by("b").agg(pl.col("share").sum()).sort("b").rows()
    assert into == [("bods:ARR-J", 2.0), ("bods:ARR-J2", 1.0), ("bods:ENT-F1", 0.8), ("bods:ENT-F2", 0.8)]


def test_16_shares_keep_their_bounds() -> None:
    intake = report("16")

    assert counted(intake) == [(37, 31, 0, 6)]
    assert sorted(reasons(intake)) == [11, 13, 23, 25, 31, 33]
    assert all("share" in reason for reason in reasons(intake).values())
    told = links(seen(intake, "2024-01-15"))
    fields = ("share_low", "share_high", "low_included", "high_included")
    assert dict(zip(told["source_ref"], told.select("share", *fields).rows(), strict=True)) == {
        "R-01": (0.25, None, None, True, True),
        "R-02": (0.0, None, None, True, True),
        "R-03": (0.25, 0.25, 0.25, True, True),
        "R-04": (0.3, 0.25, 0.5, True, True),
        "R-07": (None, 0.25, 0.5, False, True),
        "R-08": (None, 0.25, 0.5, False, True),
        "R-09": (None, 0.75, 1.0, True, True),
        "R-10": (None, 0.0, 0.1, True, True),
        "R-13": (None, 0.0, 1.0, True, True),
        "R-14": (None, 0.0, 1.0, True, True),
        "R-17": (None, 0.25, 0.5, True, True),
        "R-18": (None, 0.5, 0.75, False, False),
    }
    votes = ["votes", *(f"votes_{name.removeprefix('share_')}" for name in fields)]
    assert told.select(votes).rows() == told.select("share", *fields).rows()
    assert any("as included and as excluded" in note for note in intake.counts[0].notes)


def test_20_votes_and_capital_are_two_numbers() -> None:
    intake = report("20")

    assert counted(intake) == [(11, 11, 0, 0)]
    assert seen(intake, "2024-01-14").parties.is_empty()
    told = links(seen(intake, "2024-01-15")).select(pl.col("a", "b").str.slice(5), "share", "votes").rows()
    assert told == [
        ("ENT-1", "ENT-3", 0.6, None), ("PER-A", "ENT-1", 0.8, 0.1), ("PER-B", "ENT-1", 0.2, 0.9),
        ("PER-D", "ENT-2", None, 0.51),
    ]  # fmt: skip
    names = [seen(intake, day).parties["name"].to_list() for day in ("2024-01-31", "2024-02-01")]
    assert ("Firm Three Ltd" in names[0], "Firm Three Limited" in names[1]) == (True, True)


def test_the_real_sample_is_counted_to_the_last_statement() -> None:
    """1,204 British and GLEIF statements: nothing is lost, nothing is bare, 38 firms of both sources are one."""
    path = REPORTS.parent / "bods" / "register_sample.jsonl"
    intake = take_in(Register.empty(), [bods.read(path)])

    assert counted(intake) == [(1204, 1204, 0, 0)]
    assert bare(intake, "2025-03-01") == []
    snapshot = seen(intake, "2025-03-01")
    assert snapshot.parties["aliases"].drop_nulls().list.len().sum() == 38
    assert snapshot.table("owns").height > 200
    assert snapshot.table("owns")["share"].null_count() == snapshot.table("owns").height


@pytest.mark.parametrize("day", ["2018-06-30", "2022-12-31", "2024-12-31"])
def test_the_real_sample_shows_nothing_of_the_future(tmp_path: Path, day: str) -> None:
    """Had the file been cut off on that day, and its lines been shuffled, the day would look the same."""
    whole = REPORTS.parent / "bods" / "register_sample.jsonl"
    lines = [line for line in whole.read_text(encoding="utf-8").splitlines() if loads(line)["statementDate"] <= day]
    part = tmp_path / "part.jsonl"
    part.write_text("\n".join(random.Random(7).sample(lines, len(lines))), encoding="utf-8")

    known, then = (take_in(Register.empty(), [bods.read(path)]) for path in (whole, part))
    assert seen(known, day).equals(seen(then, day))


def test_the_real_gleif_samples_are_counted_to_the_last_row() -> None:
    """Only 38 of the 435 parties of the relationships are described: dangling ends are real."""
    folder = REPORTS.parent / "gleif"
    intake = take_in(Register.empty(), [gleif.read(folder / "entities.csv"), gleif.read(folder / "relationships.csv")])

    assert [each[0] - sum(each[1:]) for each in counted(intake)] == [0, 0]
    assert counted(intake) == [(400, 400, 0, 0), (400, 400, 0, 0)]
    assert any("257 rows write days as milliseconds" in note for note in intake.counts[1].notes)
    assert len(bare(intake, "2024-06-30")) > 300
