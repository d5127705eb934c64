"""BODS: when each version of a record was known, and what later statements take back."""

import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from relparty.loaders import bods
from relparty.loaders.intake import take_in

from .bods_lines import firm, interest, links, load, pairs, person, reasons, seen, share, tie


def test_a_closing_statement_alone_was_open_until_its_end_came(tmp_path: Path) -> None:
    """Stated in 2018 with the end of 2022, as dumps made later write it: nobody knew that end in 2018."""
    closed = tie("R", "P", "F", share(60, "2018-02-14", "2022-07-25"), stated="2018-02-14", status="closed")
    intake = load(tmp_path, firm("F", "2018-02-14"), person("P", "2018-02-14"), closed)

    told = intake.register.table("owns").sort("recorded_on").select("recorded_on", "valid_to").rows()
    assert told == [(date(2018, 2, 14), None), (date(2022, 7, 25), date(2022, 7, 25))]
    assert [len(pairs(seen(intake, day))) for day in ("2018-02-13", "2018-02-14", "2022-07-24", "2022-07-25")] == [
        0,
        1,
        1,
        0,
    ]


def test_a_closing_learned_of_late_shows_from_then_on(tmp_path: Path) -> None:
    new = tie("R", "P", "F", share(60, "2018-01-10"), stated="2018-01-10")
    closed = tie("R", "P", "F", share(60, "2018-01-10", "2021-12-21"), stated="2022-01-09", status="closed")
    intake = load(tmp_path, firm("F", "2018-01-10"), new, closed)

    assert [len(pairs(seen(intake, day))) for day in ("2022-01-08", "2022-01-09")] == [1, 0]


def test_a_relationship_closed_without_an_end_ends_with_the_statement(tmp_path: Path) -> None:
    closed = tie("R", "P", "F", interest("otherInfluenceOrControl", "2018-01-10"), stated="2022-01-09", status="closed")
    intake = load(tmp_path, firm("F", "2018-01-10"), closed)

    assert intake.register.table("controls")["valid_to"].to_list() == [date(2022, 1, 9)]


def test_an_end_that_says_there_is_none_closes_nothing(tmp_path: Path) -> None:
    intake = load(tmp_path, firm("F"), tie("R", "P", "F", share(60, "2018-01-10", "9999-12-31")))

    assert intake.register.table("owns")["valid_to"].to_list() == [None]
    assert len(pairs(seen(intake, "2024-06-30"))) == 1


def test_a_dissolved_party_takes_its_open_links_along_once_that_is_known(tmp_path: Path) -> None:
    gone = firm("F", "2022-01-09", "closed", dissolutionDate="2021-12-21")
    intake = load(tmp_path, firm("F", "2018-01-10"), gone, tie("R", "P", "F", share(60), stated="2018-01-10"))

    assert [len(pairs(seen(intake, day))) for day in ("2022-01-08", "2022-01-09")] == [1, 0]


def test_a_party_whose_record_was_closed_without_an_end_stays(tmp_path: Path) -> None:
    """A register that stops speaking of a person doesn't say that the person died."""
    intake = load(tmp_path, person("P", "2020-01-01", "closed"), firm("F", "2020-01-01"))

    assert seen(intake, "2024-01-01").parties["party_id"].to_list() == ["bods:F", "bods:P"]
    assert intake.counts[0].notes == ("parties: 1 records closed without a dissolution or death: the party stays",)


def test_an_update_after_the_closing_waits_in_quarantine(tmp_path: Path) -> None:
    closed = tie("R", "P", "F", share(60, "2018-01-10", "2021-12-21"), stated="2022-01-09", status="closed")
    late = tie("R", "P", "F", share(60, "2018-01-10"), stated="2022-03-01", status="updated")
    intake = load(tmp_path, firm("F"), closed, late)

    assert reasons(intake) == {3: "record R was known to be closed on 2022-01-09; nothing can be updated after that"}


def test_an_update_before_the_end_was_known_is_a_version_like_any_other(tmp_path: Path) -> None:
    """The closing carries the first day as its statementDate, its end came years after the update."""
    closed = tie("R", "P", "F", share(70, "2018-01-10", "2023-05-01"), stated="2018-01-10", status="closed")
    update = tie("R", "P", "F", share(70, "2018-01-10"), stated="2020-01-01", status="updated")
    intake = load(tmp_path, firm("F", "2018-01-10"), closed, update)

    assert reasons(intake) == {}
    assert [len(pairs(seen(intake, day))) for day in ("2020-01-01", "2023-04-30", "2023-05-01")] == [1, 1, 0]


def test_an_owner_that_becomes_known_takes_the_place_of_the_unknown_one(tmp_path: Path) -> None:
    first = tie("R", {"reason": "unknown"}, "F", share(60, "2018-01-10"), stated="2018-01-10")
    then = tie("R", "P", "F", share(60, "2018-01-10"), stated="2020-01-01", status="updated")
    intake = load(tmp_path, firm("F", "2018-01-10"), person("P", "2020-01-01"), first, then)

    assert pairs(seen(intake, "2019-12-31")) == [("R#interestedParty", "F")]
    assert pairs(seen(intake, "2020-01-01")) == [("P", "F")]


def test_an_interest_that_an_update_no_longer_has_ends_with_it(tmp_path: Path) -> None:
    board = interest("boardMember", "2018-01-10")
    first = tie("R", "P", "F", share(60, "2018-01-10"), board, stated="2018-01-10")
    then = tie("R", "P", "F", share(60, "2018-01-10"), stated="2020-01-01", status="updated")
    intake = load(tmp_path, firm("F", "2018-01-10"), first, then)

    assert [len(pairs(seen(intake, day), "holds_role")) for day in ("2019-12-31", "2020-01-01")] == [1, 0]
    assert len(pairs(seen(intake, "2020-01-01"))) == 1


def test_a_start_dated_back_takes_the_wrong_one_back(tmp_path: Path) -> None:
    """Else the wrong statement, whose start is later, would govern for good."""
    first = tie("R", "P", "F", share(40, "2018-01-10"), stated="2018-01-10")
    then = tie("R", "P", "F", share(60, "2016-04-06"), stated="2020-01-01", status="updated")
    intake = load(tmp_path, firm("F", "2018-01-10"), first, then)

    assert [links(seen(intake, day))["share"].to_list() for day in ("2019-12-31", "2020-01-01")] == [[0.4], [0.6]]


def test_a_share_that_changes_from_a_later_day_on_is_a_new_statement(tmp_path: Path) -> None:
    first = tie("R", "P", "F", share(40, "2018-01-10"), stated="2018-01-10")
    then = tie("R", "P", "F", share(60, "2020-01-01"), stated="2020-02-01", status="updated")
    intake = load(tmp_path, firm("F", "2018-01-10"), first, then)

    assert [links(seen(intake, day))["share"].to_list() for day in ("2020-01-31", "2020-02-01")] == [[0.4], [0.6]]
    assert not intake.register.table("owns")["retracted"].any()


def test_an_identifier_taken_back_no_longer_joins(tmp_path: Path) -> None:
    number: dict[str, Any] = {"identifiers": [{"scheme": "GB-COH", "id": "01234567"}]}
    statements = (
        firm("A", "2018-01-10", **number),
        firm("B", "2018-01-10", **number),
        firm("B", "2020-01-01", "updated"),
    )
    intake = load(tmp_path, *statements)

    assert [seen(intake, day).parties.height for day in ("2019-12-31", "2020-01-01")] == [1, 2]


def test_a_name_changes_on_the_day_it_was_stated(tmp_path: Path) -> None:
    intake = load(tmp_path, firm("F", "2018-01-10"), firm("F", "2023-03-01", "updated", name="F Holdings"))

    assert [seen(intake, day).parties["name"].to_list() for day in ("2023-02-28", "2023-03-01")] == [
        ["F Ltd"],
        ["F Holdings"],
    ]


@pytest.mark.parametrize("start", ["2019", "2019-03", "2019-02-30", "0000-00-00", "15/03/2019"])
def test_a_start_that_is_no_full_day_waits_in_quarantine(tmp_path: Path, start: str) -> None:
    intake = load(tmp_path, firm("F"), tie("R", "P", "F", share(60, start), interest("votingRights", "2020-01-01")))

    assert reasons(intake) == {2: f"valid_from '{start}' is no date YYYY-MM-DD"}


def test_an_end_before_its_start_names_both_days(tmp_path: Path) -> None:
    intake = load(tmp_path, firm("F"), tie("R", "P", "F", share(60, "2022-01-01", "2021-01-01")))

    assert reasons(intake) == {2: "valid_to 2021-01-01 is before valid_from 2022-01-01"}


def test_a_statement_without_a_day_of_its_own_is_known_from_its_publication(tmp_path: Path) -> None:
    statement = firm("F") | {"publicationDetails": {"publicationDate": "2025-03-05"}}
    del statement["statementDate"]
    intake = load(tmp_path, statement)

    assert intake.register.table("parties")["recorded_on"].to_list() == [date(2025, 3, 5)]


def test_a_line_written_twice_is_counted_as_repeated(tmp_path: Path) -> None:
    line = tie("R", "P", "F", share(60, "2018-01-10"))
    counts = load(tmp_path, firm("F"), line, line).counts[0]

    assert (counts.kept, counts.repeated, counts.quarantined) == (2, 1, 0)


def test_loading_twice_equals_once(tmp_path: Path) -> None:
    closed = tie("R", "P", "F", share(60, "2018-02-14", "2022-07-25"), stated="2018-02-14", status="closed")
    once = load(tmp_path, firm("F"), closed, tie("R2", {"reason": "unknown"}, "F", interest("boardMember")))
    twice = take_in(once.register, [bods.read(tmp_path / "bods.jsonl")])

    assert twice.register.equals(once.register)
    assert (twice.counts[0].kept, twice.counts[0].repeated) == (0, 3)


def test_the_order_of_lines_changes_nothing(tmp_path: Path) -> None:
    """Versions, closings, lots and unnamed owners, shuffled ten times with a seed."""
    lines = [
        firm("F", "2018-01-10"), firm("F", "2023-03-01", "updated", name="F Holdings"), person("P", "2018-01-10"),
        person("U", "2018-01-10", personType="unknownPerson"),
        tie("R1", "P", "F", share(40, "2018-01-10"), stated="2018-01-10"),
        tie("R1", "P", "F", share(60, "2016-04-06"), stated="2020-01-01", status="updated"),
        tie("R1", "P", "F", share(60, "2016-04-06", "2022-01-01"), stated="2022-03-01", status="closed"),
        tie("R2", "P", "F", share(25, "2018-01-10"), interest("boardMember"), stated="2018-01-10"),
        tie("R3", "U", "F", share(10, "2018-01-10"), stated="2018-01-10"),
        tie("R3", {"reason": "unknown"}, "F", share(10, "2018-01-10"), stated="2019-01-10", status="updated"),
    ]  # fmt: skip
    first = load(tmp_path, *lines)
    for seed in range(10):
        shuffled = load(tmp_path, *random.Random(seed).sample(lines, len(lines)))
        assert shuffled.register.equals(first.register)
