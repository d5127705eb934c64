"""Who is who."""

from .rows import day, register

NOW = day("2024-01-01")
LEI, OTHER = "ZZZZ00TESTALPHA00112", "ZZZZ00TEST0000003602"


def ids(reg, on=NOW):
    snapshot = reg.as_of(on)
    return dict(snapshot.parties.select("party_id", "aliases").rows())


def test_the_banks_own_id_is_carried_and_the_others_stay_as_aliases():
    reg = register(
        parties=f"party_id kind\nlei:{LEI} enterprise\nE-1 enterprise\nGB-COH:0123 enterprise",
        identifiers=f"scheme value party_id\nlei {LEI} E-1\nlei {LEI} GB-COH:0123",
    )

    assert ids(reg) == {"E-1": ["GB-COH:0123", f"lei:{LEI}"]}


def test_a_join_dates_from_the_day_on_which_its_second_identifier_was_recorded():
    reg = register(
        parties="party_id kind\nE-1 enterprise\nGB-COH:0123 enterprise",
        identifiers=f"scheme value party_id recorded_on\nlei {LEI} E-1 2020-01-01\nlei {LEI} GB-COH:0123 2022-01-01",
    )

    assert set(ids(reg, day("2021-12-31"))) == {"E-1", "GB-COH:0123"}
    assert set(ids(reg, day("2022-01-01"))) == {"E-1"}


def test_an_identifier_that_ended_joins_no_longer():
    reg = register(
        parties="party_id kind\nE-1 enterprise\nGB-COH:0123 enterprise",
        identifiers=f"scheme value party_id valid_from valid_to\nlei {LEI} E-1 - 2022-01-01\nlei {LEI} GB-COH:0123 - -",
    )

    assert set(ids(reg, day("2021-12-31"))) == {"E-1"}
    assert set(ids(reg, day("2022-01-01"))) == {"E-1", "GB-COH:0123"}


def test_links_of_an_alias_are_links_of_the_party():
    reg = register(
        parties="party_id kind\nE-1 enterprise\nE-2 enterprise",
        identifiers=f"scheme value party_id\nlei {LEI} E-1",
        owns=f"owner_id enterprise_id share valid_from\nlei:{LEI} E-2 .5 2020-01-01",
    )

    snapshot = reg.as_of(NOW)

    assert snapshot.table("owns").select("source_row", "target_row").rows() == [(0, 1)]
    assert snapshot.row_of(f"lei:{LEI}") == 0


def test_two_customer_numbers_are_never_joined_by_an_identifier():
    reg = register(
        parties="party_id kind\nE-1 enterprise\nE-2 enterprise",
        identifiers=f"scheme value party_id\nlei {LEI} E-1\nlei {LEI} E-2",
    )

    assert set(ids(reg)) == {"E-1", "E-2"}


def test_a_review_joins_two_customer_numbers():
    reg = register(
        parties="party_id kind\nE-1 enterprise\nE-2 enterprise",
        identifiers=f"scheme value party_id\nlei {LEI} E-1\nlei {LEI} E-2",
        reviews="link from_id to_id decision valid_from\nsame_as E-1 E-2 confirmed 2023-01-01",
    )

    assert ids(reg) == {"E-1": ["E-2"]}
    assert set(ids(reg, day("2022-12-31"))) == {"E-1", "E-2"}


def test_persons_are_never_joined_by_an_identifier():
    reg = register(
        parties="party_id kind\nx:1 person\nx:2 person", identifiers="scheme value party_id\nGB-COH 7 x:1\nGB-COH 7 x:2"
    )

    assert set(ids(reg)) == {"x:1", "x:2"}


def test_two_identifiers_of_one_scheme_undo_the_join():
    reg = register(
        parties="party_id kind\nE-1 enterprise\nx:2 enterprise",
        identifiers=f"scheme value party_id\nlei {LEI} E-1\nGB-COH 7 E-1\nlei {OTHER} x:2\nGB-COH 7 x:2",
    )

    assert set(ids(reg)) == {"E-1", "x:2"}


def test_a_duplicate_with_its_successor_is_an_alias_and_no_clash():
    reg = register(
        parties=f"party_id kind\nlei:{LEI} enterprise\nlei:{OTHER} enterprise\nE-1 enterprise",
        reviews=f"link from_id to_id decision valid_from\nsame_as lei:{LEI} lei:{OTHER} confirmed 2020-01-01",
        identifiers=f"scheme value party_id\nlei {OTHER} E-1",
    )

    assert ids(reg) == {"E-1": [f"lei:{OTHER}", f"lei:{LEI}"]}


def test_bad_check_digits_join_nobody():
    reg = register(
        parties="party_id kind\nE-1 enterprise\nx:2 enterprise",
        identifiers=f"scheme value party_id\nlei {LEI[:-1]}3 E-1\nlei {LEI[:-1]}3 x:2",
    )

    assert set(ids(reg)) == {"E-1", "x:2"}


def test_a_link_that_a_join_makes_a_self_link_falls_and_a_treasury_stake_stays():
    reg = register(
        parties=f"party_id kind\nE-1 enterprise\nlei:{LEI} enterprise",
        identifiers=f"scheme value party_id\nlei {LEI} E-1",
        owns=f"owner_id enterprise_id share valid_from\nE-1 lei:{LEI} .1 2020-01-01",
        lends_to=f"lender_id borrower_id balance valid_from\nE-1 lei:{LEI} 10 2020-01-01",
    )

    snapshot = reg.as_of(NOW)

    assert snapshot.table("owns").height == 1
    assert snapshot.table("lends_to").height == 0
