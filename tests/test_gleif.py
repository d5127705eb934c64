"""GLEIF: parties and links of the golden copy, with the columns of its publisher."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from relparty.graph.errors import DataError
from relparty.graph.register import Register
from relparty.loaders import gleif, gleif_links, gleif_parties
from relparty.loaders.intake import Intake, take_in

from .bods_lines import links, reasons, seen

LEVEL_1 = (*gleif_parties.NEEDED, *gleif_parties.WANTED)
LEVEL_2 = (*gleif_links.NEEDED, *gleif_links.WANTED)
A, B, C = "213800NW1M8A9JCNYT42", "213800LH1BZH3DI6G760", "549300KWC0CKSSHUZ327"
DIRECT = "IS_DIRECTLY_CONSOLIDATED_BY"
FIRST, LAST = "2014-11-06T00:00:00Z", "2024-01-15T10:00:00.000Z"
SHORT = {
    "name": "Entity.LegalName",
    "status": "Entity.EntityStatus",
    "ended": "Entity.EntityExpirationDate",
    "successor": "Entity.SuccessorEntity.SuccessorLEI",
    "category": "Entity.EntityCategory",
    "where": "Entity.LegalJurisdiction",
    "authority": "Entity.RegistrationAuthority.RegistrationAuthorityID",
    "number": "Entity.RegistrationAuthority.RegistrationAuthorityEntityID",
    "first": "Registration.InitialRegistrationDate",
    "last": "Registration.LastUpdateDate",
    "standing": "Registration.RegistrationStatus",
    "active": "Relationship.RelationshipStatus",
    "start_type": "Relationship.StartNode.NodeIDType",
}


def party(lei: str, **written: str) -> dict[str, str]:
    """A Level 1 row."""
    usual = {"name": "Firm", "status": "ACTIVE", "where": "GB", "first": FIRST, "last": LAST, "standing": "ISSUED"}
    return {"LEI": lei} | {SHORT[name]: value for name, value in (usual | written).items()}


def tie(start: str, end: str, kind: str, *periods: tuple[str, str, str], **written: str) -> dict[str, str]:
    """A Level 2 row; a period is its start, its end and its type."""
    usual = {"active": "ACTIVE", "first": FIRST, "last": LAST, "standing": "PUBLISHED", "start_type": "LEI"}
    row = {"Relationship.StartNode.NodeID": start, "Relationship.EndNode.NodeID": end,
           "Relationship.EndNode.NodeIDType": "LEI", "Relationship.RelationshipType": kind}  # fmt: skip
    for number, period in enumerate(periods, 1):
        names = (f"Relationship.Period.{number}.{part}" for part in ("startDate", "endDate", "periodType"))
        row |= dict(zip(names, period, strict=True))
    return row | {SHORT[name]: value for name, value in (usual | written).items()}


def load(folder: Path, *rows: dict[str, str]) -> Intake:
    """Writes the rows of each level to a file of its own and loads both."""
    readings = []
    for level, columns in (("entities", LEVEL_1), ("relationships", LEVEL_2)):
        mine = [{name: row.get(name) for name in columns} for row in rows if columns[0] in row]
        if mine:
            pl.DataFrame(mine, schema=dict.fromkeys(columns, pl.String)).write_csv(folder / f"{level}.csv")
            readings.append(gleif.read(folder / f"{level}.csv"))
    return take_in(Register.empty(), readings)


def test_a_party_is_known_from_its_first_registration(tmp_path: Path) -> None:
    intake = load(tmp_path, party(A, where="US-DE", authority="RA000602", number="4386463"))

    (row,) = intake.register.table("parties").rows(named=True)
    assert (row["party_id"], row["kind"], row["name"], row["country"]) == (f"lei:{A}", "enterprise", "Firm", "US")
    assert row["recorded_on"] == date(2014, 11, 6)
    assert sorted(intake.register.table("identifiers").select("scheme", "value").rows()) == [
        ("RA000602", "4386463"), ("lei", A),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "scheme"),
    [
        ({"authority": "RA000585", "number": "03909510"}, "GB-COH"),
        ({"authority": "RA000587", "number": "SC084330"}, "GB-COH"),
        ({"where": "CN", "authority": "RA000092", "number": "91350100M000100Y43"}, "uscc"),
        ({"where": "CN", "authority": "RA000092", "number": "350000100000"}, "RA000092"),
        ({"authority": "RA999999", "number": "7"}, None),
    ],
)
def test_national_numbers_stand_under_the_scheme_of_other_sources(
    tmp_path: Path, written: dict[str, str], scheme: str | None
) -> None:
    schemes = load(tmp_path, party(A, **written)).register.table("identifiers")["scheme"].to_list()

    assert schemes == ["lei", scheme] if scheme else ["lei"]


def test_funds_and_public_bodies_are_no_enterprises(tmp_path: Path) -> None:
    rows = party(A, category="FUND"), party(B, category="RESIDENT_GOVERNMENT_ENTITY"), party(C, category="BRANCH")

    kinds = load(tmp_path, *rows).register.table("parties")["kind"].to_list()
    assert kinds == ["arrangement", "public_body", "enterprise"]


def test_a_category_that_is_not_known_waits_in_quarantine(tmp_path: Path) -> None:
    assert "kind 'CLUB' is none of" in reasons(load(tmp_path, party(A, category="CLUB")))[2]


def test_a_lapsed_registration_stays_and_a_dissolved_firm_ends(tmp_path: Path) -> None:
    gone = party(B, status="INACTIVE", standing="RETIRED", ended="2016-01-31T00:00:00Z")
    intake = load(tmp_path, party(A, standing="LAPSED"), gone)

    assert [seen(intake, day).parties.height for day in ("2014-11-05", "2016-01-30", "2016-01-31")] == [0, 2, 1]


def test_an_inactive_firm_without_a_day_ends_on_its_last_update(tmp_path: Path) -> None:
    intake = load(tmp_path, party(A, status="INACTIVE", standing="RETIRED"))

    assert [seen(intake, day).parties.height for day in ("2024-01-14", "2024-01-15")] == [1, 0]
    assert intake.counts[0].notes == ("parties: 1 inactive without a day of expiration, ended on their last update",)


def test_a_duplicate_and_its_successor_are_one_party(tmp_path: Path) -> None:
    twice = party(B, standing="DUPLICATE", status="INACTIVE", successor=A)
    snapshot = seen(load(tmp_path, party(A), twice), "2024-01-15")

    assert snapshot.parties.select("party_id", "aliases").rows() == [(f"lei:{B}", [f"lei:{A}"])]


def test_an_annulled_record_was_known_until_it_was_annulled(tmp_path: Path) -> None:
    intake = load(tmp_path, party(A, standing="ANNULLED", status="INACTIVE"))

    assert [seen(intake, day).parties.height for day in ("2024-01-14", "2024-01-15")] == [1, 0]


def test_only_the_relationship_period_dates_a_relationship(tmp_path: Path) -> None:
    accounts = ("2022-01-01T00:00:00Z", "2022-12-31T00:00:00Z", "ACCOUNTING_PERIOD")
    held = ("2015-05-05T00:00:00Z", "", "RELATIONSHIP_PERIOD")
    intake = load(tmp_path, tie(A, B, DIRECT, accounts, held), tie(B, C, DIRECT))

    told = intake.register.table("controls").sort("enterprise_id", descending=True)
    assert told.select("controller_id", "enterprise_id", "valid_from", "valid_to").rows() == [
        (f"lei:{B}", f"lei:{A}", date(2015, 5, 5), None), (f"lei:{C}", f"lei:{B}", None, None),
    ]  # fmt: skip
    assert "1 relationships without a relationship period: their start is unknown" in intake.counts[0].notes


def test_a_relationship_that_ended_and_was_taken_up_again_has_two_periods(tmp_path: Path) -> None:
    first, second = ("2015-05-05", "2017-06-30", "RELATIONSHIP_PERIOD"), ("2019-01-01", "", "RELATIONSHIP_PERIOD")
    intake = load(tmp_path, tie(A, B, DIRECT, first, second))

    days = ("2017-06-29", "2018-06-30", "2019-01-01")
    assert [links(seen(intake, day), "controls").height for day in days] == [1, 0, 1]


def test_columns_that_a_publisher_leaves_out_are_empty_ones(tmp_path: Path) -> None:
    columns = {name: value for name, value in party(A).items() if name in gleif_parties.NEEDED}
    pl.DataFrame([columns]).write_csv(tmp_path / "entities.csv")

    assert gleif.read(tmp_path / "entities.csv").tables["parties"]["kind"].to_list() == ["enterprise"]


def test_an_end_is_known_when_it_comes_and_never_before(tmp_path: Path) -> None:
    held = ("2015-05-05T00:00:00Z", "2020-06-30T00:00:00Z", "RELATIONSHIP_PERIOD")
    intake = load(tmp_path, tie(A, B, DIRECT, held, active="INACTIVE"))

    told = intake.register.table("controls").sort("recorded_on").select("recorded_on", "valid_to").rows()
    assert told == [(date(2014, 11, 6), None), (date(2020, 6, 30), date(2020, 6, 30))]


def test_days_written_as_milliseconds_are_read_and_counted(tmp_path: Path) -> None:
    """1338997920000 ms after 1970 is 2012-06-06; a bare year is no such number."""
    held = ("1498089600000", "", "RELATIONSHIP_PERIOD")
    intake = load(tmp_path, tie(A, B, DIRECT, held, first="1338997920000"),
                  tie(A, C, DIRECT, ("2017", "", "RELATIONSHIP_PERIOD")))  # fmt: skip

    told = intake.register.table("controls").select("valid_from", "recorded_on").rows()
    assert told == [(date(2017, 6, 22), date(2012, 6, 6))]
    assert intake.counts[0].notes[0].startswith("1 rows write days as milliseconds")
    assert reasons(intake) == {3: "valid_from '2017' is no date YYYY-MM-DD"}


def test_funds_are_tied_and_branches_controlled(tmp_path: Path) -> None:
    kinds = ("IS_FUND-MANAGED_BY", "IS_SUBFUND_OF", "IS_FEEDER_TO", "IS_INTERNATIONAL_BRANCH_OF")
    snapshot = seen(load(tmp_path, *(tie(A, B, kind) for kind in kinds)), "2024-01-15")

    a, b = f"lei:{A}", f"lei:{B}"
    ties = links(snapshot, "related_to").sort("relation").select("a", "b", "relation").rows()
    assert ties == [(b, a, "feeder"), (a, b, "fund_manager"), (b, a, "subfund")]
    assert links(snapshot, "controls").select("a", "b", "basis").rows() == [(b, a, "branch")]


def test_what_can_t_be_a_relationship_waits_in_quarantine(tmp_path: Path) -> None:
    intake = load(
        tmp_path,
        tie(A, A, "IS_ULTIMATELY_CONSOLIDATED_BY"),
        tie(A, B, "IS_FRIEND_OF"),
        tie(A, B, "IS_SUBFUND_OF", start_type="PNI"),
        tie(A, B, "IS_SUBFUND_OF"),
    )

    assert (intake.counts[0].kept, intake.counts[0].quarantined) == (1, 3)
    assert reasons(intake)[2].startswith("self-link")
    assert reasons(intake)[3].startswith("RelationshipType 'IS_FRIEND_OF' is none of")
    assert reasons(intake)[4] == "NodeIDType 'PNI and LEI': both ends must be LEI"


def test_loading_twice_equals_once(tmp_path: Path) -> None:
    held = ("2015-05-05", "2020-06-30", "RELATIONSHIP_PERIOD")
    once = load(tmp_path, party(A), party(B, standing="DUPLICATE", successor=A), tie(A, B, DIRECT, held))
    twice = take_in(once.register, [gleif.read(tmp_path / f"{name}.csv") for name in ("entities", "relationships")])

    assert twice.register.equals(once.register)
    assert [(each.kept, each.repeated) for each in twice.counts] == [(0, 2), (0, 1)]


def test_a_file_with_other_headings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "entities.csv").write_text("LEI,Name\nX,Y\n", encoding="utf-8")

    with pytest.raises(DataError, match=r"no column Entity.LegalName"):
        gleif.read(tmp_path / "entities.csv")
