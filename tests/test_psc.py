"""The PSC register's snapshot: whose number is whose, what a record shows on which day, what is never guessed."""

import json
import random

import polars as pl
import pytest
from relparty.graph.checks import Subject, check
from relparty.graph.errors import DataError, UsageError
from relparty.graph.register import Register
from relparty.loaders import psc
from relparty.loaders.formats import every_file, read_file
from relparty.loaders.intake import take_in
from relparty.loaders.psc_natures import meanings
from relparty.loaders.psc_numbers import owner_number, uk_number
from relparty.loaders.table import Said

from .bods_lines import links, reasons
from .rows import day
from .shared import needs_shared, report

MOST = ("ownership-of-shares-75-to-100-percent", "voting-rights-75-to-100-percent")
TRAILER = {"data": {"kind": "totals#persons-of-significant-control-snapshot", "persons_of_significant_control_count": 2,
                    "statements_count": 1, "exemptions_count": 0, "generated_at": "2024-03-01T03:10:07Z"}}  # fmt: skip


def record(number="1", company="00000009", kind="individual-person-with-significant-control", **told):
    """A record as Companies House writes it; `notified_on` where it is not the usual one."""
    links = {"self": f"/company/{company}/persons-with-significant-control/x/{number}"}
    usual = {"kind": kind, "links": links, "name": f"Person {number}", "notified_on": "2020-01-01"}
    return {"company_number": company, "data": usual | told}


def owner(number="1", company="00000009", natures=MOST, **identification):
    """A record of a corporate owner."""
    kind = "corporate-entity-person-with-significant-control"
    return record(number, company, kind, natures_of_control=list(natures), identification=identification)


def load(folder, *records, into=None):
    path = folder / "psc.jsonl"
    path.write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")
    return take_in(into or Register.empty(), [psc.read(path)])


def counted(intake):
    (counts,) = intake.counts
    return counts.rows, counts.kept, counts.repeated, counts.quarantined


def bands(snapshot):
    ends = ("share_low", "share_high", "low_included", "high_included")
    return dict(zip(snapshot_owners(snapshot), links(snapshot).select(ends).rows(), strict=True))


def snapshot_owners(snapshot):
    return [owner.rsplit("0", 1)[-1] for owner in links(snapshot)["a"]]


@needs_shared
def test_07_a_number_without_its_zeros_is_the_same_company_and_a_german_one_is_not():
    intake = take_in(Register.empty(), [psc.read(report("07") / "psc.jsonl")])
    snapshot = intake.register.as_of(day("2024-01-01"))
    chain = {(a[-8:], b[-8:]) for a, b in links(snapshot).select("a", "b").rows() if a.startswith("GB-COH")}

    assert counted(intake) == (7, 7, 0, 0)
    assert (snapshot.parties.height, snapshot.enterprises) == (10, 8)
    assert snapshot.parties["kind"].to_list().count("person") == 2
    assert chain == {("00000301", "00000302"), ("00000301", "SC000303"), ("SC000303", "NI000304")}
    held = snapshot.table("owns").select("share_low", "share_high", "votes_low", "votes_high").unique().rows()
    assert held == [(0.75, 1.0, 0.75, 1.0)]
    assert snapshot.table("controls")["basis"].to_list() == ["dominant_influence"]
    assert snapshot.table("owns").height == 6
    numbers = intake.register.table("identifiers").select("scheme", "value").rows()
    assert numbers == [("register-germany", "301")]
    assert [each.rule for each in check(Subject(intake.register, day("2024-01-01")))] == ["missing_equity"]


@needs_shared
def test_17_a_person_notified_again_is_shown_by_the_record_in_force():
    intake = take_in(Register.empty(), [psc.read(report("17") / "psc.jsonl")])
    seen = {
        on: intake.register.as_of(day(on))
        for on in ("2018-12-31", "2019-04-30", "2019-05-01", "2021-06-30", "2023-01-31")
    }
    quarter, half = (0.25, 0.5, False, True), (0.5, 0.75, False, False)

    assert counted(intake) == (5, 5, 0, 0)
    assert bands(seen["2018-12-31"]) == bands(seen["2019-04-30"]) == {"1": quarter}
    assert seen["2018-12-31"].table("owns")["valid_to"].to_list() == [None]
    assert bands(seen["2019-05-01"]) == {"2": half, "4": quarter}
    assert bands(seen["2021-06-30"]) == {"2": half, "3": half, "4": quarter}
    last = links(seen["2023-01-31"]).filter(pl.col("a").str.ends_with("5"))
    assert last.select("share", "share_low", "votes_low", "votes_high").rows() == [(None, None, 0.25, 0.5)]


@needs_shared
def test_17_lower_ends_that_sum_to_more_than_all_are_a_finding():
    """.5 + .5 + .25 of one company on 2021-06-30."""
    intake = take_in(Register.empty(), [psc.read(report("17") / "psc.jsonl")])
    found = {each.rule: each for each in check(Subject(intake.register, day("2021-06-30")))}["share_above_one"]

    (row,) = found.rows.iter_rows(named=True)
    assert (row["enterprise_id"], row["total"]) == ("GB-COH:99000017", 1.25)
    assert sorted(ref[-1] for ref in row["records"]) == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("written", "number"),
    [("301", "00000301"), (" 00000301 ", "00000301"), ("sc303", "SC000303"), ("NI 304", "NI000304"), ("R12", "R0000012"),
     ("oc301234", "OC301234"), ("Not applicable", None), ("0", None), ("N/A", None), ("123456789", None),
     ("XX123", None), ("SC1234567", None), ("HRB 301", None)],
)  # fmt: skip
def test_a_number_is_written_as_companies_house_writes_it(written, number):
    assert uk_number(written) == number


@pytest.mark.parametrize(
    ("country", "place", "number"),
    [("England", None, "00000301"), ("England & Wales", "", "00000301"), ("U.K.", None, "00000301"),
     ("United Kingdom of Great Britain and Northern Ireland", "Companies House", "00000301"),
     ("Great Britain", None, "00000301"), (None, "Companies House, Cardiff", "00000301"),
     ("Not Specified/Other", "Companies House", "00000301"), ("Scotland", None, None),
     ("Northern Ireland", "Companies House", None), ("United Kingdom", "Registrar Of Companies, Edinburgh", None),
     ("Ireland", "Companies Registration Office", None), ("Germany", "Companies House", None),
     ("New England", None, None), ("United States", None, None), (None, None, None), (None, "Register", None)],
)  # fmt: skip
def test_a_bare_number_is_english_only_where_the_record_says_so(country, place, number):
    """Scottish and Northern Irish numbers have a prefix; without it nobody can tell."""
    assert owner_number("301", country, place) == number


def test_a_band_keeps_which_of_its_ends_belong_to_it():
    words = [f"voting-rights-{band}-percent" for band in ("25-to-50", "50-to-75", "75-to-100")]
    told, unknown = meanings(pl.Series([*words, "ownership-of-shares-more-than-25-percent-registered-overseas-entity"]))

    assert unknown == {}
    assert sorted(told.select("low", "low_included", "high", "high_included").rows()) == [
        (0.25, False, 0.5, True), (0.25, False, 1.0, True), (0.5, False, 0.75, False), (0.75, True, 1.0, True),
    ]  # fmt: skip


def test_the_right_to_appoint_the_board_controls_and_so_does_influence(tmp_path):
    natures = ["right-to-appoint-and-remove-directors", "significant-influence-or-control-as-firm"]
    snapshot = load(tmp_path, record(natures_of_control=natures)).register.as_of(day("2024-01-01"))

    assert snapshot.table("controls")["basis"].to_list() == ["board_majority", "dominant_influence"]
    assert snapshot.table("owns").is_empty()


def test_what_is_held_through_a_trust_stands_beside_what_is_held_oneself(tmp_path):
    natures = ["ownership-of-shares-25-to-50-percent", "ownership-of-shares-50-to-75-percent-as-trust"]
    snapshot = load(tmp_path, record(natures_of_control=natures)).register.as_of(day("2024-01-01"))

    assert snapshot.table("owns").sort("share_low").select("share_low", "share_high").rows() == [
        (0.25, 0.5),
        (0.5, 0.75),
    ]
    assert snapshot.table("owns")["lot"].n_unique() == 2


def test_one_stake_in_two_bands_and_words_not_known_wait_in_quarantine(tmp_path):
    twice = ["voting-rights-25-to-50-percent", "voting-rights-50-to-75-percent"]
    intake = load(
        tmp_path, record("1", natures_of_control=twice), record("2", natures_of_control=["right-to-veto"]),
        record("3", natures_of_control=[]), record("4", kind="a-new-kind"), record("5", company="HOLDING"),
        record("6", kind="persons-with-significant-control-statement", statement="psc-on-holiday"), "no record",
    )  # fmt: skip
    told = reasons(intake)

    assert counted(intake) == (7, 0, 0, 7)
    assert "votes into two bands: voting-rights-25-to-50-percent, voting-rights-50-to-75-percent" in told[1]
    assert "'right-to-veto' is not known" in told[2]
    assert "natures_of_control is empty" in told[3]
    assert "kind 'a-new-kind'" in told[4]
    assert "company_number 'HOLDING'" in told[5]
    assert "psc-on-holiday" in told[6]
    assert "no record" in told[7]


def test_owners_unknown_withheld_exempt_and_none_are_told_apart(tmp_path):
    statement = "persons-with-significant-control-statement"
    exempt = {"disclosure_transparency_rules_chapter_five_applies": {"items": [{"exempt_from": "2021-01-01"}]}}
    intake = load(
        tmp_path,
        record("1", kind=statement, statement="no-individual-or-entity-with-signficant-control"),
        record("2", kind=statement, statement="psc-exists-but-not-identified-partnership"),
        record("3", kind="super-secure-person-with-significant-control"),
        record("4", kind="exemptions", exemptions=exempt),
        record("5", "OE000001", kind=statement, statement="all-beneficial-owners-identified"),
    )  # fmt: skip
    snapshot = intake.register.as_of(day("2024-01-01"))
    stakes = links(snapshot).sort("a")

    assert counted(intake) == (5, 5, 0, 0)
    assert stakes["owner_status"].to_list() == ["none", "unknown", "withheld", "exempt"]
    assert stakes.select("share_low", "share_high").unique().rows() == [(0.0, 1.0)]
    assert stakes["a"].n_unique() == 4
    assert snapshot.parties.filter(party_id="GB-COH:OE000001")["country"].to_list() == [None]


def test_what_has_no_day_is_known_from_the_day_of_the_snapshot(tmp_path):
    hidden = record(kind="super-secure-person-with-significant-control", notified_on=None, ceased=True)
    intake = load(tmp_path, record("2", natures_of_control=list(MOST), notified_on=None), hidden, TRAILER)

    assert counted(intake) == (2, 2, 0, 0)
    assert [intake.register.as_of(day(on)).table("owns").height for on in ("2024-02-29", "2024-03-01")] == [0, 1]
    assert "snapshot made on 2024-03-01T03:10:07Z: 3 records in all its parts, 2 here" in intake.counts[0].notes
    assert "nor a trailer tells the day; --recorded-on would" in reasons(load(tmp_path, hidden))[1]
    assert psc.read(tmp_path / "psc.jsonl", day("2024-05-05")).rejected.is_empty()


def test_loading_twice_or_in_another_order_changes_nothing(tmp_path):
    places = {"country_registered": "England", "registration_number": "9"}
    records = [
        owner("1", "00000010", **places), owner("2", "00000011", **places),
        owner("3", "00000011", natures=MOST[:1], **places),
        record("4", natures_of_control=list(MOST), ceased_on="2022-05-05"), record("5", natures_of_control=list(MOST)),
    ]  # fmt: skip
    once = load(tmp_path, *records)
    again = load(tmp_path, *random.Random(3).sample(records, 5), into=once.register)

    assert counted(once) == (5, 5, 0, 0)
    assert counted(again) == (5, 0, 5, 0)
    assert again.register.equals(once.register)


@needs_shared
@pytest.mark.parametrize("on", ["2018-12-31", "2019-05-01", "2022-06-29", "2022-06-30"])
def test_a_day_shows_nothing_that_came_later(tmp_path, on):
    """Had the snapshot been made on that day, without what was notified or ceased since, the day would look the same."""
    lines = [json.loads(line) for line in (report("17") / "psc.jsonl").read_text(encoding="utf-8").splitlines()]
    then = [line for line in lines if line["data"]["notified_on"] <= on]
    cut = [line | {"data": {k: v for k, v in line["data"].items() if k != "ceased_on" or v <= on}} for line in then]

    whole, part = (load(tmp_path, *some).register.as_of(day(on)) for some in (lines, cut))
    assert whole.equals(part)


def test_a_later_snapshot_brings_the_end(tmp_path):
    """The record of the first snapshot ceases in the second: one statement, closed."""
    first = load(tmp_path, record(natures_of_control=list(MOST)))
    later = load(tmp_path, record(natures_of_control=list(MOST), ceased_on="2023-04-01"), into=first.register)

    assert [later.register.as_of(day(on)).table("owns").height for on in ("2023-03-31", "2023-04-01")] == [1, 0]


def test_the_formats_table_reads_a_snapshot(tmp_path):
    load(tmp_path, record(natures_of_control=list(MOST)))
    (path,) = every_file([tmp_path], "psc", Said())

    assert read_file(path, "psc", Said()).rows == 1
    with pytest.raises(UsageError):
        psc.read(tmp_path / "none.jsonl")
    path.write_text("[{}]", encoding="utf-8")
    with pytest.raises(DataError, match="one JSON array"):
        psc.read(path)
