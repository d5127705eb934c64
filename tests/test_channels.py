"""Channels: from links to losses, each by a sum that can be done in the head."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.channels import EDGES, balance_sheets, channel_edges
from relparty.graph.schema import CHANNELS, TABLES
from relparty.graph.snapshot import Snapshot

from .snapshots import DAY, any_snapshot, frame, parties

Row = dict[str, object]
A, B, C, D = range(4)


def firms(sheets: list[Row] | None = None, **tables: list[Row]) -> Snapshot:
    """Firms A, B, C, D with the given accounts and links."""
    rows = {name: [_default(name) | row for row in given] for name, given in tables.items()}
    made = {name: frame(name, given) for name, given in rows.items()}
    made["accounts"] = frame("accounts", [{"scope": "solo", "source": "bank"} | row for row in sheets or []])
    return Snapshot(DAY, parties("A", "B", "C", "D"), made)


def _default(name: str) -> Row:
    return {"source": "bank", **TABLES[name].defaults}


def losses(snapshot: Snapshot, channel: str) -> dict[tuple[int, int], float | None]:
    """What `suffers` loses if `fails` fails: {(fails, suffers): loss}."""
    edges = channel_edges(snapshot).filter(pl.col("channel") == channel)
    return {(fails, suffers): loss for fails, suffers, loss in edges.select("fails", "suffers", "loss").iter_rows()}


def guarantee(guarantor: int, debtor: int, amount: float | None, **more: object) -> Row:
    """One row of guarantees under contract C-1, unless said otherwise."""
    return {"contract_id": "C-1", "source_row": guarantor, "target_row": debtor, "amount": amount} | more


def test_a_guarantee_costs_the_guarantor_the_debt_up_to_its_cap_less_the_provision() -> None:
    """B owes 80. A capped at 30 with 5 provided for loses 25; without a cap 80; a cap of 100 is never called beyond 80."""
    owing: list[Row] = [{"party_row": B, "debt": 80.0}]
    assert losses(firms(owing, guarantees=[guarantee(A, B, 30, provision=5.0)]), "guarantee_call") == {(B, A): 25}
    assert losses(firms(owing, guarantees=[guarantee(A, B, None)]), "guarantee_call") == {(B, A): 80}
    assert losses(firms(owing, guarantees=[guarantee(A, B, 100)]), "guarantee_call") == {(B, A): 80}


def test_joint_guarantors_share_one_call_and_the_small_one_pays_up_to_its_cap() -> None:
    """70 jointly by A and C: 35 each. Caps 10, 50 and 70 of a call of 70: 10, then 30 and 30."""
    both = firms([{"party_row": D, "debt": 70.0}], guarantees=[guarantee(A, D, 70), guarantee(C, D, 70)])
    assert losses(both, "guarantee_call") == {(D, A): 35, (D, C): 35}
    three = firms(guarantees=[guarantee(A, D, 10), guarantee(B, D, 50), guarantee(C, D, 70)])
    assert losses(three, "guarantee_call") == {(D, A): 10, (D, B): 30, (D, C): 30}


def test_several_guarantors_pay_their_fixed_shares() -> None:
    """A quarter and three quarters of 80, the second capped at 50."""
    rows = [
        guarantee(A, D, None, liability="several", share=0.25),
        guarantee(B, D, 50, liability="several", share=0.75),
    ]
    assert losses(firms([{"party_row": D, "debt": 80.0}], guarantees=rows), "guarantee_call") == {
        (D, A): 20,
        (D, B): 50,
    }


def test_an_uncapped_guarantee_of_a_debt_that_nobody_knows_is_a_loss_that_nobody_knows() -> None:
    assert losses(firms(guarantees=[guarantee(A, B, None)]), "guarantee_call") == {(B, A): None}
    assert losses(firms(guarantees=[guarantee(A, B, None)]), "cover_loss") == {(A, B): None}


def test_a_supplier_loses_the_receivable_and_a_buyer_the_margin_on_a_year_of_supplies() -> None:
    """A delivers 120 a year to B, which owes 20, 5 of it provided for. B earns (200 - 150) / 200 on its sales: 30."""
    sale: Row = {"source_row": A, "target_row": B, "turnover": 120.0, "receivable": 20.0, "provision": 5.0}
    with_accounts = firms([{"party_row": B, "revenue": 200.0, "costs": 150.0}], supplies=[sale])
    assert losses(with_accounts, "receivable_loss") == {(B, A): 15}
    assert losses(with_accounts, "supply_break") == {(A, B): 30}
    assert losses(firms(supplies=[sale]), "supply_break") == {(A, B): 20}
    at_a_loss = firms([{"party_row": B, "revenue": 200.0, "costs": 250.0}], supplies=[sale])
    assert losses(at_a_loss, "supply_break") == {}
    at_no_cost = firms([{"party_row": B, "revenue": 200.0, "costs": -200.0}], supplies=[sale])
    assert losses(at_no_cost, "supply_break") == {(A, B): 120}


def test_a_receivable_sold_without_recourse_loses_nothing_and_with_recourse_all() -> None:
    sale: Row = {"source_row": A, "target_row": B, "receivable": 20.0}
    assert losses(firms(supplies=[sale | {"recourse": False}]), "receivable_loss") == {}
    assert losses(firms(supplies=[sale | {"recourse": True}]), "receivable_loss") == {(B, A): 20}


def test_a_lender_loses_the_balance_less_collateral_and_provision() -> None:
    """100 - 60 - 15 = 25, and nothing where collateral covers all."""
    loan: Row = {"source_row": A, "target_row": B, "balance": 100.0, "collateral": 60.0, "provision": 15.0}
    assert losses(firms(lends_to=[loan]), "loan_loss") == {(B, A): 25}
    assert losses(firms(lends_to=[loan | {"collateral": 100.0}]), "loan_loss") == {}


def stake(**more: object) -> Row:
    """A holds B."""
    return {"source_row": A, "target_row": B} | more


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ({"share": 0.6}, 24.0),
        ({"share_low": 0.25, "share_high": 0.5}, 15.0),
        ({"share_low": 0.75}, 35.0),
        ({"votes": 0.6}, None),
    ],
)
def test_an_owner_loses_its_share_of_the_equity(said: Row, lost: float | None) -> None:
    """Of an equity of 40: .6 is 24; of a band the middle, .375 is 15; 75 % and more .875 is 35; votes tell no capital."""
    held = firms([{"party_row": B, "equity": 40.0}], owns=[stake(**said)])
    assert losses(held, "equity_loss") == {(B, A): lost}


def test_an_enterprise_without_equity_has_none_to_lose() -> None:
    assert losses(firms([{"party_row": B, "equity": -40.0}], owns=[stake(share=0.6)]), "equity_loss") == {}
    assert losses(firms([{"party_row": B, "equity": 0.5}], owns=[stake(share=0.6)]), "equity_loss") == {(B, A): 0.3}


def test_a_stake_of_which_nothing_more_is_said_is_neither_nominee_nor_indirect() -> None:
    held = firms([{"party_row": B, "equity": 40.0}], owns=[stake(share=0.5, nominee=None, direct=None)])
    assert losses(held, "equity_loss") == {(B, A): 20}


def test_a_guarantee_after_collateral_and_of_one_facility() -> None:
    """B owes 80; the bank holds 30 of collateral, on 50 drawn of F-1. All debt: 50; F-1 alone: 20; G-1 unknown: 50."""
    sheets: list[Row] = [{"party_row": B, "debt": 80.0}]
    loan: Row = {"facility_id": "F-1", "party_row": B, "drawn": 50.0, "collateral": 30.0}
    for facility, call in ((None, 50), ("F-1", 20), ("G-1", 50)):
        bound = firms(sheets, exposures=[loan], guarantees=[guarantee(A, B, None, facility_id=facility)])
        assert losses(bound, "guarantee_call") == {(B, A): call}


def test_nominee_indirect_and_treasury_stakes_conduct_nothing() -> None:
    rows: list[Row] = [
        stake(share=0.5, lot="1", nominee=True, support=9.0),
        stake(share=0.5, lot="2", direct=False),
        {"source_row": B, "target_row": B, "share": 0.1},
    ]
    snapshot = firms([{"party_row": B, "equity": 40.0}], owns=rows)
    assert channel_edges(snapshot).is_empty()


def test_an_enterprise_loses_the_support_recorded_on_the_stake_else_none() -> None:
    assert losses(firms(owns=[stake(share=0.5, support=7.0)]), "support_loss") == {(A, B): 7}
    assert losses(firms(owns=[stake(share=0.5)]), "support_loss") == {}


def test_consolidated_accounts_already_hold_the_losses_on_those_inside() -> None:
    """A's only accounts are consolidated: B is inside by .6, C through B; D, of which it holds .3, is not."""
    sheets: list[Row] = [
        {"party_row": A, "scope": "consolidated", "equity": 90.0},
        *(dict[str, object](party_row=row, equity=10.0, debt=50.0) for row in (B, C, D)),
    ]
    owned: list[Row] = [
        stake(share=0.6),
        {"source_row": B, "target_row": C, "share": 0.9},
        stake(target_row=D, share=0.3),
    ]
    calls = [guarantee(A, C, 5), guarantee(A, D, 5, contract_id="C-2")]
    group = firms(sheets, owns=owned, guarantees=calls)
    assert losses(group, "equity_loss") == {(C, B): 9, (D, A): 3}
    assert losses(group, "guarantee_call") == {(D, A): 5}


@pytest.mark.parametrize(("basis", "lost"), [("consolidated_accounts", {}), ("contract", {(B, A): 20})])
def test_half_of_the_shares_consolidates_nobody_but_control_by_accounts_does(
    basis: str, lost: dict[object, float]
) -> None:
    sheets: list[Row] = [
        {"party_row": A, "scope": "consolidated", "equity": 90.0},
        {"party_row": B, "equity": 40.0},
    ]
    control: Row = {"source_row": A, "target_row": B, "basis": basis}
    assert losses(firms(sheets, owns=[stake(share=0.5)], controls=[control]), "equity_loss") == lost


def test_solo_accounts_speak_before_consolidated_ones() -> None:
    both: list[Row] = [
        {"party_row": A, "scope": "consolidated", "equity": 90.0},
        {"party_row": A, "scope": "solo", "equity": 70.0},
    ]
    assert balance_sheets(firms(both))["equity"].to_list() == [70.0]


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), min_size=1, max_size=4), st.floats(0, 50), st.floats(1, 100))
@settings(deadline=None, max_examples=60)
def test_calls_of_a_contract_never_exceed_it_and_a_larger_guarantee_never_lowers_its_own(
    caps: list[float | None], more: float, debt: float
) -> None:
    """The first guarantor's cap grows by `more`; the calls come to the smaller of the debt and the largest cap."""
    owing = [{"party_row": 0, "debt": debt}]
    ids = parties(*"ABCDE")

    def calls(first: float | None) -> list[float]:
        rows = [guarantee(1 + place, 0, cap) for place, cap in enumerate([first, *caps[1:]])]
        made = {"guarantees": [_default("guarantees") | row for row in rows]}
        tables = {name: frame(name, given) for name, given in made.items()}
        tables["accounts"] = frame("accounts", [{"scope": "solo", "source": "bank", **row} for row in owing])
        found = losses(Snapshot(DAY, ids, tables), "guarantee_call")
        return [float(found.get((0, 1 + place)) or 0.0) for place in range(len(caps))]

    before, after = calls(caps[0]), calls(None if caps[0] is None else caps[0] + more)
    largest = debt if None in caps else min(debt, max(cap for cap in caps if cap is not None))
    assert sum(before) == pytest.approx(largest)
    assert after[0] >= before[0] - 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_edges_of_any_snapshot_have_a_place_a_channel_and_no_loss_below_zero(seed: int) -> None:
    snapshot = any_snapshot(seed)
    edges = channel_edges(snapshot)
    assert dict(edges.schema) == EDGES
    assert set(edges["channel"]) <= {channel.name for channel in CHANNELS}
    assert not (edges["loss"] <= 0).any()
    assert not (edges["fails"] == edges["suffers"]).any()
