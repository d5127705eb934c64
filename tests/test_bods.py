"""BODS: what statements become, and what waits in quarantine."""

from json import dumps
from pathlib import Path

import pytest
from relparty.graph.errors import DataError, UsageError
from relparty.loaders import bods

from .bods_lines import DAY, firm, interest, links, load, pairs, person, reasons, seen, share, tie


def test_a_shareholding_and_voting_rights_of_one_holder_are_one_stake(tmp_path: Path) -> None:
    """80 % of the capital and 10 % of the votes: .8 and .1, exactly."""
    votes = interest("votingRights", "2020-01-01", share={"exact": 10})
    intake = load(tmp_path, firm("F"), person("P"), tie("R", "P", "F", share(80, "2020-01-01"), votes))

    stake = links(seen(intake, DAY)).row(0, named=True)
    assert (stake["share"], stake["votes"], stake["direct"], stake["owner_status"]) == (0.8, 0.1, True, "known")
    assert str(stake["valid_from"]) == "2020-01-01"
    assert stake["source_ref"] == "R"


def test_percents_become_fractions_without_rounding(tmp_path: Path) -> None:
    """0.3 / 100 as floats is .0029999999999999996."""
    intake = load(tmp_path, firm("F"), tie("R", "P", "F", share(0.3)))

    assert links(seen(intake, DAY))["share"].to_list() == [0.003]


def test_votes_alone_leave_the_capital_unknown(tmp_path: Path) -> None:
    intake = load(tmp_path, firm("F"), tie("R", "P", "F", interest("votingRights", share={"exact": 51})))

    stake = links(seen(intake, DAY)).row(0, named=True)
    assert (stake["share"], stake["share_low"], stake["share_high"], stake["votes"]) == (None, None, None, 0.51)


def test_a_shareholding_without_a_number_is_anything_from_nothing_to_all(tmp_path: Path) -> None:
    intake = load(tmp_path, firm("F"), tie("R", "P", "F", interest("shareholding")))

    stake = links(seen(intake, DAY)).row(0, named=True)
    assert (stake["share"], stake["share_low"], stake["share_high"]) == (None, 0.0, 1.0)


@pytest.mark.parametrize(
    ("share_object", "said"),
    [
        ({"exact": 101}, "share exact 101 is outside 0 to 100"),
        ({"exact": "25"}, "share exact '25' is no number"),
        ({"exact": True}, "share exact True is no number"),
        ({"exact": 60, "maximum": 50}, "share exact 60, maximum 50: the exact share is outside its band"),
        (
            {"exact": 25, "exclusiveMinimum": 25},
            "share exact 25, exclusiveMinimum 25: the exact share is outside its band",
        ),
        ({"minimum": 50, "maximum": 25}, "share minimum 50, maximum 25: the ends of the band cross"),
        ({"minimum": 50, "exclusiveMaximum": 50}, "share minimum 50, exclusiveMaximum 50: the ends of the band cross"),
    ],
)
def test_a_share_that_is_none_waits_in_quarantine(tmp_path: Path, share_object: dict[str, object], said: str) -> None:
    intake = load(tmp_path, firm("F"), tie("R", "P", "F", interest("shareholding", share=share_object)))

    assert reasons(intake) == {2: said}


def test_capital_and_votes_with_other_dates_are_cut_where_one_of_them_changes(tmp_path: Path) -> None:
    """Capital from 2018 on, votes only from 2019 to 2021: three periods."""
    votes = interest("votingRights", "2019-01-01", "2021-01-01", share={"exact": 10})
    intake = load(tmp_path, firm("F"), tie("R", "P", "F", share(60, "2018-01-01"), votes))

    told = intake.register.table("owns").sort("valid_from").select("valid_from", "valid_to", "share", "votes")
    assert [tuple(map(str, row)) for row in told.rows()] == [
        ("2018-01-01", "2019-01-01", "0.6", "None"),
        ("2019-01-01", "2021-01-01", "0.6", "0.1"),
        ("2021-01-01", "None", "0.6", "None"),
    ]


def test_declared_indirect_interests_stand_beside_the_direct_ones_and_are_marked(tmp_path: Path) -> None:
    indirect = share(40, directOrIndirect="indirect")
    intake = load(tmp_path, firm("F"), person("P"), tie("R", "P", "F", share(10), indirect))

    told = links(seen(intake, DAY)).select("share", "direct", "lot").rows()
    assert sorted(told) == [(0.1, True, ""), (0.4, False, "R/indirect")]


def test_two_records_of_one_pair_at_the_same_time_are_two_lots(tmp_path: Path) -> None:
    """Both hold at once, so neither may hide the other, nor be taken for its correction."""
    intake = load(
        tmp_path, firm("F"), tie("R1", "P", "F", share(30, "2018-01-01")), tie("R2", "P", "F", share(25, "2018-01-01"))
    )

    assert links(seen(intake, DAY)).select("share", "lot").rows() == [(0.3, ""), (0.25, "R2")]


def test_one_record_after_the_other_is_one_stake_that_changed(tmp_path: Path) -> None:
    first = tie("R1", "P", "F", share(30, "2018-01-01", "2020-01-01"), stated="2018-01-01", status="closed")
    intake = load(
        tmp_path, firm("F", "2018-01-01"), first, tie("R2", "P", "F", share(60, "2020-01-01"), stated="2020-01-01")
    )

    assert set(intake.register.table("owns")["lot"]) == {""}
    assert [links(seen(intake, day))["share"].to_list() for day in ("2019-12-31", "2020-01-01")] == [[0.3], [0.6]]


@pytest.mark.parametrize(
    ("stated", "table", "what"),
    [
        (interest("otherInfluenceOrControl"), "controls", "declared"),
        (interest("rightsGrantedByContract"), "controls", "contract"),
        (interest("controlViaCompanyRulesOrArticles"), "controls", "dominant_influence"),
        (interest("appointmentOfBoard"), "controls", "declared"),
        (interest("appointmentOfBoard", share={"exclusiveMinimum": 50}), "controls", "board_majority"),
        (interest("appointmentOfBoard", share={"maximum": 40}), "related_to", "appointmentOfBoard"),
        (interest("appointmentOfBoard", details="right-to-appoint-and-remove-directors"), "controls", "board_majority"),
        (interest("otherInfluenceOrControl", details="Relationship Type: IS_DIRECTLY_CONSOLIDATED_BY"), "controls",
         "consolidated_accounts"),
        (interest("boardMember"), "holds_role", "director"),
        (interest("trustee"), "related_to", "trustee"),
        (interest("rightsToSurplusAssetsOnDissolution"), "related_to", "rightsToSurplusAssetsOnDissolution"),
    ],
)  # fmt: skip
def test_every_interest_finds_its_table(tmp_path: Path, stated: dict[str, object], table: str, what: str) -> None:
    intake = load(tmp_path, firm("F"), firm("P"), tie("R", "P", "F", stated))

    snapshot = seen(intake, DAY)
    assert links(snapshot, table)[
        {"controls": "basis", "holds_role": "role", "related_to": "relation"}[table]
    ].to_list() == [what]
    assert pairs(snapshot, table) == [("F", "P") if table == "related_to" else ("P", "F")]


def test_an_ultimate_parent_is_a_tie_that_does_not_shorten_the_chain(tmp_path: Path) -> None:
    said = interest("otherInfluenceOrControl", details="Relationship Type: IS_ULTIMATELY_CONSOLIDATED_BY")
    intake = load(tmp_path, firm("F"), firm("G"), tie("R", "G", "F", said))

    assert pairs(seen(intake, DAY), "related_to") == [("F", "G")]
    assert pairs(seen(intake, DAY), "controls") == []


def test_a_relationship_without_interests_is_kept_as_a_tie_of_which_nothing_is_said(tmp_path: Path) -> None:
    intake = load(tmp_path, firm("F"), person("P"), tie("R", "P", "F"))

    assert links(seen(intake, DAY), "related_to")["relation"].to_list() == ["unspecified"]


def test_two_records_that_say_the_same_of_one_pair_repeat_each_other(tmp_path: Path) -> None:
    board = interest("controlByLegalFramework", "2018-01-01")
    intake = load(tmp_path, firm("F"), firm("P"), tie("R1", "P", "F", board), tie("R2", "P", "F", board))

    assert (intake.counts[0].kept, intake.counts[0].repeated, intake.counts[0].quarantined) == (3, 1, 0)
    assert pairs(seen(intake, DAY), "controls") == [("P", "F")]


def test_owners_that_nobody_names_are_parties_of_their_own(tmp_path: Path) -> None:
    """Two unknown owners are two; none declared and withheld are told apart; nobody is left bare."""
    intake = load(
        tmp_path,
        *(firm(name) for name in "XYZW"),
        tie("RX", {"reason": "unknown"}, "X", share(60)),
        tie("RY", {"reason": "interestedPartyHasNotProvidedInformation"}, "Y", share(60)),
        tie("RZ", {"reason": "noBeneficialOwners"}, "Z"),
        tie("RW", {"reason": "interestedPartyExemptFromDisclosure"}, "W", share(60)),
    )

    told = links(seen(intake, DAY)).sort("b").select("b", "owner_status", "share").rows()
    assert [(b[-1], status, part) for b, status, part in told] == [
        ("W", "withheld", 0.6), ("X", "unknown", 0.6), ("Y", "unknown", 0.6), ("Z", "none", None),
    ]  # fmt: skip
    assert links(seen(intake, DAY))["a"].n_unique() == 4
    assert intake.register.table("parties").height == 8


def test_a_record_for_somebody_unknown_is_one_owner_wherever_it_stands(tmp_path: Path) -> None:
    unknown = person("U", personType="unknownPerson", names=[])
    intake = load(
        tmp_path, tie("R1", "U", "F", share(100)), tie("R2", "U", "G", share(100)), unknown, firm("F"), firm("G")
    )

    told = links(seen(intake, DAY)).select("a", "owner_status").unique().rows()
    assert told == [("bods:U", "unknown")]


def test_numbered_records_carry_their_register_s_number_whatever_the_order(tmp_path: Path) -> None:
    """The relationship comes first and names a firm that only another record's identifier joins."""
    lei, number = "213800NW1M8A9JCNYT42", "01234567"
    identifiers = [{"scheme": "XI-LEI", "id": lei}, {"scheme": "GB-COH", "id": number}]
    statements = (
        tie("R", f"GB-COH-{number}", "F", share(60)), firm("F"), firm(f"GB-COH-{number}"),
        firm(f"XI-LEI-{lei}", identifiers=identifiers),
    )  # fmt: skip
    snapshot = seen(load(tmp_path, *statements), DAY)

    assert snapshot.parties["party_id"].to_list() == ["GB-COH:01234567", "bods:F"]
    assert snapshot.parties["aliases"].to_list() == [[f"lei:{lei}"], None]
    assert snapshot.equals(seen(load(tmp_path, *reversed(statements)), DAY))


def test_a_party_that_no_statement_describes_is_bare(tmp_path: Path) -> None:
    snapshot = seen(load(tmp_path, firm("F"), tie("R", "Q", "F", share(60))), DAY)

    assert snapshot.parties.select("party_id", "kind").rows() == [("bods:F", "enterprise"), ("bods:Q", "unknown")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON"),
        ("[1]", "no statement"),
        ('{"recordType": "entity", "recordId": 7, "recordStatus": "new"}', "recordId 7 is no text"),
        ('{"recordType": "firm"}', "recordType 'firm' is none of entity, person, relationship"),
        ('{"recordType": "entity", "recordId": "A", "recordId": "B"}', "recordId stands twice in one object"),
        ('{"recordType": "entity", "recordId": "A\\ud800", "recordStatus": "new"}', "no JSON"),
        (dumps(firm("A", entityType={"type": "club"})), "entityType 'club' is none that BODS 0.4 has"),
        (dumps(tie("A", None, "F")), "interestedParty None is neither a record nor a reason"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_statement_waits_in_quarantine_under_its_number(tmp_path: Path, line: str, said: str) -> None:
    intake = load(tmp_path, firm("F"), "", line, firm("G"))

    assert (intake.counts[0].rows, intake.counts[0].kept, intake.counts[0].quarantined) == (3, 2, 1)
    assert reasons(intake)[3].startswith(said)


def test_a_file_that_is_missing_empty_or_an_array_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    (tmp_path / "array.jsonl").write_text("[{}]", encoding="utf-8")

    with pytest.raises(UsageError, match="no such file"):
        bods.read(tmp_path / "missing.jsonl")
    with pytest.raises(DataError, match="the file is empty"):
        bods.read(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match="one JSON array"):
        bods.read(tmp_path / "array.jsonl")


def test_numbers_of_natural_persons_are_kept_under_schemes_that_are_hashed(tmp_path: Path) -> None:
    numbers = [{"scheme": "GBR-PASSPORT", "id": "533380006"}, {"scheme": "GBR-TAXID", "id": "QQ1"}]
    intake = load(tmp_path, person("P", identifiers=numbers))

    assert intake.register.table("identifiers").sort("scheme").select("scheme", "value").rows() == [
        ("national_id", "GBR-TAXID:QQ1"), ("passport", "GBR-PASSPORT:533380006"),
    ]  # fmt: skip
