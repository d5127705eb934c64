"""Field reports on files: faults of other tools, with what a careful user expects."""

import polars as pl
import pytest
from relparty.graph.checks import Subject, check
from relparty.graph.errors import DataError
from relparty.graph.register import Register
from relparty.loaders.folder import read_folder
from relparty.loaders.intake import take_in
from relparty.loaders.table import read

from .rows import day
from .shared import needs_shared, report

pytestmark = needs_shared


def loaded(*paths):
    return take_in(Register.empty(), [read(path) for path in paths])


def folder(path):
    return take_in(Register.empty(), read_folder(path))


def counts(intake):
    return {c.file.rsplit("/", 1)[-1]: (c.rows, c.kept, c.repeated, c.quarantined) for c in intake.counts}


def quarantine(intake, name):
    rows = next(frame for file, frame in intake.rejected.items() if file.endswith(name))
    return dict(rows.select("line", "reason").rows())


def test_01_byte_order_marks_and_invisible_blanks_make_no_fifth_party():
    intake = folder(report("01"))

    assert counts(intake) == {"parties.csv": (4, 4, 0, 0), "owns.csv": (3, 2, 0, 1)}
    assert quarantine(intake, "owns.csv") == {3: "enterprise_id holds the character U+200B"}
    assert intake.register.as_of(day("2024-01-01")).parties["party_id"].to_list() == ["E-1", "E-2", "E-3", "E-4"]


def test_02_gb18030_is_found_wherever_its_first_character_stands():
    at = report("02")
    intake = loaded(at / "parties.csv", at / "持股" / "owns.csv")
    names = intake.register.table("parties").sort("party_id")["name"].to_list()[-5:]
    snapshot = intake.register.as_of(day("2024-01-01"))

    assert names == ["𠮷野贸易有限公司", "朱镕记食品厂", "王䶮", "€uro 通汇有限公司", "㐂田机械有限公司"]
    assert all("encoding gb18030" in c.notes for c in intake.counts)
    assert snapshot.table("owns")["share"].to_list() == [0.51, 0.3]
    assert snapshot.parties["kind"].to_list().count("unknown") == 0


def test_03_newlines_inside_quotes_cut_no_record_in_two():
    at = report("03")
    intake = loaded(at / "parties.csv")
    names = dict(intake.register.table("parties").select("party_id", "name").rows())

    assert counts(intake) == {"parties.csv": (8, 7, 0, 1)}
    assert list(quarantine(intake, "parties.csv")) == [13]
    assert "planet" in quarantine(intake, "parties.csv")[13]
    assert names["E-1"] == 'Acme "North" Trading, Ltd'
    assert names["E-2"].count("\n") == 1
    assert names["E-7"].endswith("\\")
    assert counts(loaded(at / "many" / "parties.csv")) == {"parties.csv": (1500, 1500, 0, 0)}


def test_04_a_heading_that_stands_twice_refuses_the_file():
    with pytest.raises(DataError, match=r"heading share stands in columns 3 .* and 5"):
        loaded(report("04") / "owns.csv")


def test_05_other_number_formats_are_never_misread():
    at = report("05")
    intake = folder(at)
    amounts = dict(intake.register.table("guarantees").select("contract_id", "amount").rows())
    reasons = quarantine(intake, "guarantees.csv")

    assert amounts == {"C-01": 1e6, "C-09": 1e6}
    assert all(
        f"amount '{text}" in reasons[line]
        for line, text in [(5, "1.234,56"), (6, "25,000"), (8, "1'000'000"), (9, "-5000")]
    )
    assert "may be a thousand" in reasons[4]
    assert any("mixes number formats" in note for c in intake.counts for note in c.notes)
    with pytest.raises(DataError, match="separated by"):
        loaded(at / "de" / "guarantees.csv")


def test_06_sixty_is_no_share_and_an_empty_one_is_missing():
    at = report("06")
    intake = folder(at)
    percent = loaded(at / "parties.csv", at / "percent" / "owns.csv")

    assert intake.register.table("owns").sort("line").select("line", "share").rows() == [
        (2, 0.6),
        (6, 1.0),
        (10, None),
        (11, 0.0),
    ]
    assert set(quarantine(intake, "owns.csv")) == {3, 4, 5, 7, 8, 9}
    assert counts(percent)["owns.csv"] == (5, 0, 0, 5)
    assert any("looks like percents" in note for c in percent.counts for note in c.notes)


def test_08_words_for_missing_are_names():
    intake = folder(report("08"))
    parties = intake.register.table("parties")

    assert set(parties["party_id"]) == {"NA", "NULL", "None", "nan", "N/A", "true", "#N/A", "-"}
    assert parties.filter(pl.col("country").is_null())["party_id"].to_list() == ["None"]
    assert counts(intake) == {"parties.csv": (8, 8, 0, 0), "owns.csv": (3, 3, 0, 0)}


def test_10_open_ends_are_the_same_in_text_dates_and_timestamps():
    at = report("10")
    files = [at / "owns.csv", at / "dates" / "owns.parquet", at / "timestamps" / "owns.parquet"]
    intakes = [loaded(at / "parties.csv", file) for file in files]
    reg = intakes[0].register

    def held(on):
        snapshot = reg.as_of(day(on))
        return [snapshot.parties["party_id"][row] for row in snapshot.table("owns")["target_row"]]

    assert all(reg.equals(intake.register) for intake in intakes)
    assert held("2024-06-30") == ["E-1", "E-2", "E-3", "E-4", "E-5", "E-6"]
    assert held("2500-01-01") == ["E-1", "E-2", "E-4", "E-5", "E-6"]
    assert "E-3" in held("2262-04-11")
    assert "E-3" not in held("2262-04-12")
    assert held("1950-01-01") == ["E-4", "E-5"]


def test_11_bad_check_digits_are_found_exactly():
    intake = folder(report("11"))
    (finding,) = [f for f in check(Subject(intake.register, day("2024-06-30"))) if f.rule == "bad_check_digits"]

    assert finding.rows["party_id"].to_list() == [f"E-{n:02d}" for n in (4, 5, 6, 7, 8, 11, 12, 13, 14, 15)]
    assert finding.rows["expected_end"][0] == "7"
    assert intake.register.as_of(day("2024-06-30")).parties.height == 18
    assert "identifiers: 2 values folded to capitals" in intake.counts[1].notes


def test_24_what_a_store_refuses_is_stopped_before_it():
    intake = folder(report("24"))

    assert counts(intake) == {"parties.csv": (9, 7, 0, 2), "exposures.csv": (6, 3, 0, 3)}
    assert "too long" in quarantine(intake, "parties.csv")[11]
    assert intake.register.table("exposures")["limit"].max() == 1e300


def test_25_parallel_contracts_stay_apart_and_two_versions_of_a_day_are_nobodys():
    once = folder(report("25"))
    twice = take_in(once.register, read_folder(report("25")))

    assert counts(once)["guarantees.csv"] == (8, 5, 1, 2)
    assert counts(twice)["guarantees.csv"] == (8, 0, 6, 2)
    assert twice.register.equals(once.register)
    assert all("8, 9" in reason for reason in quarantine(once, "guarantees.csv").values())
    assert once.register.as_of(day("2024-06-30")).table("guarantees")["contract_id"].to_list() == [
        "C-1",
        "C-2",
        "C-3",
        "C-3",
        "C-4",
    ]


def test_28_a_day_shows_what_was_known_and_nothing_that_was_learned_later():
    intake = folder(report("28"))

    def shown(on):
        return intake.register.as_of(day(on))

    assert [
        shown(on).table("owns").height for on in ("2022-01-05", "2022-01-10", "2023-12-31", "2024-03-15", "2025-01-01")
    ] == [0, 1, 1, 2, 3]
    assert shown("2024-04-30").table("guarantees")["amount"].to_list()[0] == 30
    assert shown("2024-05-01").table("guarantees")["amount"].to_list()[0] == 50
    assert [shown(on).table("events").height for on in ("2023-12-31", "2024-01-07", "2024-01-08")] == [0, 0, 1]
    assert (
        "guarantees: 1 rows without recorded_on are known from valid_from"
        in intake.counts[1].notes + intake.counts[2].notes
    )
