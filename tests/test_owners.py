"""Beneficial owners by regime: thresholds to the hair, chains that end with nobody known, joint holders, real bands."""

import polars as pl
import pytest
from relparty.graph import control, owners
from relparty.graph.errors import UsageError
from relparty.graph.register import Register
from relparty.graph.snapshot import Snapshot
from relparty.graph.stakes import stakes
from relparty.loaders import bods, psc
from relparty.loaders.intake import take_in

from .rows import day, register
from .shared import SHARED, needs_shared, report

AMLR, AMLD, NOW = day("2027-07-10"), day("2027-07-09"), day("2025-06-30")
PEOPLE = """
    party_id kind valid_from
    P person 1980-01-01
    Q person 1980-01-01
    H enterprise 2000-01-01
    T enterprise 2000-01-01
"""


def world(owns: str, **tables: str) -> Snapshot:
    return register(parties=PEOPLE, owns=owns, **tables).as_of(NOW)


def found(snapshot: Snapshot, firm: str = "T", regime: str = "amlr", on=AMLR) -> dict[tuple[str | None, str], str]:
    """{(owner, reason): decision} without what is left over."""
    rows = owners.beneficial_owners(snapshot, snapshot.row_of(firm), regime, on)
    rows = rows.filter(pl.col("reason") != "unattributed")
    ids = snapshot.parties["party_id"].gather(rows["owner_row"])
    return {
        (owner, reason): decision for owner, reason, decision in zip(ids, rows["reason"], rows["decision"], strict=True)
    }


QUARTER = """
    owner_id enterprise_id share valid_from
    P T .25 2020-01-01
    Q T .2499 2020-01-01
"""


@pytest.mark.parametrize(("regime", "on", "reached"), [
    ("amlr", AMLR, True), ("amld", AMLD, False), ("psc", NOW, False), ("cn", NOW, True),
])  # fmt: skip
def test_a_quarter_is_enough_or_not_by_regime(regime, on, reached):
    """ "25 % or more" against "more than 25 %"; .2499 is never enough."""
    told = found(world(QUARTER), "T", regime, on)

    assert (("P", "capital") in told) is reached
    assert ("Q", "capital") not in told


def test_each_regime_answers_on_its_days_alone():
    for regime, on in (("amlr", AMLD), ("amld", AMLR)):
        with pytest.raises(UsageError, match="not in force"):
            owners.beneficial_owners(world(QUARTER), 0, regime, on)
    with pytest.raises(UsageError, match="no rules of beneficial owners"):
        owners.beneficial_owners(world(QUARTER), 0, "eba", NOW)


CHAIN = """
    owner_id enterprise_id share valid_from source_ref
    P H .6 2020-01-01 r1
    H T .3 2020-01-01 r2
    Q T .1 2020-01-01 r3
"""


def test_who_controls_a_holder_of_enough_is_one_by_article_54():
    """P 60 % of H, H 30 % of T: the product is .18, yet P controls who holds 30 %."""
    snapshot = world(CHAIN)
    rows = owners.beneficial_owners(snapshot, snapshot.row_of("T"), "amlr", AMLR)
    (mixed,) = rows.filter(pl.col("reason") == "mixed").to_dicts()

    assert found(snapshot) == {("P", "mixed"): "yes"}
    assert (mixed["low"], mixed["decision"]) == (0.3, "yes")
    assert [record["source_ref"] for record in mixed["path"]] == ["r1", "r2"]
    assert "art. 54" in mixed["rule"]
    assert found(snapshot, regime="amld", on=AMLD) == {}


def test_who_owns_enough_of_the_controlling_party_is_one_by_article_54():
    """Q 30 % of H, H 60 % of T: .18, but Q has an interest in who controls T."""
    snapshot = world("""
        owner_id enterprise_id share valid_from
        Q H .3 2020-01-01
        P H .2 2020-01-01
        H T .6 2020-01-01
    """)  # fmt: skip

    assert found(snapshot) == {("Q", "mixed"): "yes"}


def test_the_uk_rule_does_not_multiply():
    """Through the majority of H, P holds 30 % of T: not .18."""
    snapshot = world(CHAIN)
    rows = owners.beneficial_owners(snapshot, snapshot.row_of("T"), "psc", NOW)

    (row,) = rows.filter(pl.col("reason") == "capital").to_dicts()
    assert (row["low"], row["decision"], row["status"]) == (0.3, "yes", "person")


def test_what_nobody_holds_is_shown():
    snapshot = world(CHAIN)
    rows = owners.beneficial_owners(snapshot, snapshot.row_of("T"), "amlr", AMLR)
    (left,) = rows.filter(pl.col("reason") == "unattributed").to_dicts()

    assert left["low"] == pytest.approx(1 - 0.18 - 0.1)


def test_a_manager_is_named_where_nobody_is_found():
    roles = """
        person_id enterprise_id role valid_from
        Q T executive 2020-01-01
        P T legal_representative 2020-01-01
    """
    nobody = "owner_id enterprise_id share valid_from\nP H .1 2020-01-01"

    assert found(world(nobody, holds_role=roles), regime="cn", on=NOW) == {("P", "manager"): "fallback"}
    assert found(world(QUARTER, holds_role=roles), regime="cn", on=NOW) == {
        ("P", "capital"): "yes", ("P", "votes"): "yes",
    }  # fmt: skip


def test_a_ring_of_owners_has_no_beneficial_owner():
    snapshot = world("""
        owner_id enterprise_id share valid_from
        H T 1 2020-01-01
        T H 1 2020-01-01
    """)  # fmt: skip

    assert found(snapshot) == {}


def loaded(number: str, on: str) -> Snapshot:
    (path,) = report(number).glob("*.jsonl")
    reader = psc if path.name == "psc.jsonl" else bods
    return take_in(Register.empty(), [reader.read(path)]).register.as_of(day(on))


@needs_shared
def test_14_unknown_owners_are_shown_as_such():
    """X: unknown .6, Person One .3, .1 nobody's. Z: declared none. W: withheld."""
    snapshot = loaded("14", "2024-01-15")

    def statuses(firm: str) -> dict[str, float | None]:
        rows = owners.beneficial_owners(snapshot, snapshot.row_of(f"bods:ENT-{firm}"), "amlr", AMLR)
        rows = rows.filter(pl.col("reason").is_in(["capital", "declared", "unattributed"]))
        return {status: low and round(low, 9) for status, low in rows.select("status", "low").rows()}

    assert statuses("X") == {"person": 0.3, "unknown": 0.6, "unattributed": 0.1}
    assert statuses("Y") == {"unknown": 0.6, "unattributed": 0.4}
    assert statuses("Z")["none"] is None
    assert "withheld" in statuses("W")
    assert statuses("V") == statuses("U") == {"unknown": 1.0}


@needs_shared
def test_15_joint_holders_are_all_shown_and_counted_once():
    snapshot = loaded("15", "2024-06-30")
    rows = owners.beneficial_owners(snapshot, snapshot.row_of("bods:ENT-F1"), "amlr", AMLR)
    capital, (left,) = (
        rows.filter(pl.col("reason") == "capital"),
        rows.filter(pl.col("reason") == "unattributed").to_dicts(),
    )

    assert capital["low"].to_list() == [0.8, 0.8]
    assert set(snapshot.parties["party_id"].gather(capital["joint_row"])) == {"bods:ARR-J"}
    assert left["low"] == pytest.approx(0.2)
    controls = rows.filter(pl.col("reason") == "control")
    assert set(snapshot.parties["party_id"].gather(controls["owner_row"])) == {"bods:PER-A", "bods:PER-B"}
    second = owners.beneficial_owners(snapshot, snapshot.row_of("bods:ENT-F2"), "amlr", AMLR)
    assert second.filter(pl.col("reason") == "capital")["low"].to_list() == [0.4, 0.4]


@needs_shared
@pytest.mark.parametrize(("firm", "regime", "decision"), [
    ("01", "amlr", "yes"), ("17", "amlr", "yes"), ("08", "amlr", "yes"), ("10", "amlr", None), ("13", "amlr", "possible"),
    ("01", "psc", None), ("08", "psc", "yes"), ("17", "psc", "possible"), ("18", "psc", "yes"),
])  # fmt: skip
def test_16_bands_decide_yes_possible_or_no(firm, regime, decision):
    snapshot = loaded("16", "2024-01-15")
    on = AMLR if regime == "amlr" else NOW

    assert found(snapshot, f"bods:ENT-{firm}", regime, on).get(("bods:PER-1", "capital")) == decision


@needs_shared
@pytest.mark.parametrize(("firm", "sure", "possible"), [
    ("18", True, True), ("17", False, False), ("08", False, False), ("09", True, True), ("14", False, True),
])  # fmt: skip
def test_16_a_majority_of_votes_is_sure_possible_or_neither(firm, sure, possible):
    snapshot = loaded("16", "2024-01-15")
    row = snapshot.row_of(f"bods:ENT-{firm}")

    assert (row in control.controlled(snapshot, "basel", NOW, "low")["controlled_row"]) is sure
    assert (row in control.controlled(snapshot, "basel", NOW, "high")["controlled_row"]) is possible


@needs_shared
def test_17_a_person_notified_twice_is_never_shown_with_more_than_the_whole():
    snapshot = loaded("17", "2021-06-30")
    rows = owners.beneficial_owners(snapshot, snapshot.row_of("GB-COH:99000017"), "psc", NOW)

    assert (rows["high"].drop_nulls() <= 1).all()
    assert rows.filter(pl.col("reason") == "capital").height == 3


@needs_shared
def test_07_a_chain_of_75_to_100_percent_at_every_step_is_control_at_every_step():
    snapshot = loaded("07", "2024-06-30")
    people = (snapshot.parties["kind"] == "person").arg_true().to_list()
    pairs = control.controlled(snapshot, "psc", NOW)
    ids = snapshot.parties["party_id"]
    told = [set(ids.gather(pairs.filter(pl.col("controller_row") == row)["controlled_row"])) for row in people]

    assert {f"GB-COH:{number}" for number in ("00000301", "00000302", "SC000303", "NI000304")} in told


@needs_shared
def test_every_recorded_band_of_the_real_register_comes_out_as_it_went_in():
    """298 stakes of UK companies, PSC bands: what the owner and all under it hold is the band on record."""
    path = SHARED / "data" / "bods" / "register_sample.jsonl"
    snapshot = take_in(Register.empty(), [bods.read(path)]).register.as_of(day("2025-02-28"))
    held, pairs = stakes(snapshot), control.controlled(snapshot, "psc", NOW)

    assert held.height == 298
    for side in ("capital", "votes"):
        for end in ("low", "high"):
            joint = control.joint_votes(control.votes_of(held, end, side), pairs)
            both = held.join(
                joint, left_on=["owner_row", "owned_row"], right_on=["controller_row", "controlled_row"], how="left"
            )
            assert both["votes"].fill_null(0.0).to_list() == pytest.approx(both[f"{side}_{end}"].to_list())
