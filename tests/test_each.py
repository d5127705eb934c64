"""Every failure in turn equals the full solve of each; the bank's loss by hand; a reverse stress test."""

import numpy as np
import polars as pl
import pytest
from relparty.graph.assumptions import RANKED, Assumptions
from relparty.graph.book import Book, Rules, Shocks
from relparty.graph.contagion import settle
from relparty.graph.each import stress_each
from relparty.graph.reach import Reach
from relparty.graph.scenarios import Scenario
from relparty.graph.snapshot import Snapshot
from relparty.graph.stress import path, stress
from relparty.graph.valuations import MODELS, Terms
from scipy.sparse import csr_array

from .books import any_book, ranked
from .snapshots import DAY, frame, parties

A, B, C, D = range(4)


def nothing(*_: object) -> None:
    """Progress that nobody looks at."""


@pytest.mark.parametrize("model", ["en", "rv", "furfine"])
@pytest.mark.parametrize("seed", range(40))
def test_each_failure_followed_equals_the_full_solve(model, seed):
    book, rules = any_book(seed), Rules(MODELS[model])
    if seed % 2 and model in RANKED:
        book = ranked(book, seed)
    n = book.parties
    found = Reach(book, rules, n).follow(np.arange(n))
    whole = settle(book, Shocks(np.zeros((n, n)), np.eye(n, dtype=bool)), rules)
    loss, failed = np.zeros((n, n)), np.full((n, n), -1)
    loss[found.row, found.place], failed[found.row, found.place] = found.loss, found.failed_in
    assert loss == pytest.approx(whole.loss, rel=1e-9, abs=1e-9)
    assert failed.tolist() == whole.failed_in.tolist()


@pytest.mark.parametrize("zero_fails", [True, False])
@pytest.mark.parametrize("losses", [(0.1, 0.2, 0.3), (0.3, 0.2, 0.1), (0.7, 0.1, 0.2), (1.1, 2.2, 3.3)])
def test_losses_that_sum_to_the_equity_are_a_tie_in_whatever_order_they_come(losses, zero_fails):
    """A fails, with it B, with it C; D holds a claim on each, together its equity: .1 + .2 + .3 is .6 to the last bit
    in one order alone."""
    claims = csr_array(np.array([[0, 0, 0, 0], [2, 0, 0, 0], [0, 2, 0, 0], [*losses, 0]], float))
    book = Book(np.array([9, 1, 1, round(sum(losses), 1)]), np.full(4, 9.0), {"claim": claims})
    rules = Rules(MODELS["furfine"], Terms(zero_fails=zero_fails))

    found = Reach(book, rules, 1).follow(np.array([0]))
    whole = settle(book, Shocks(np.zeros((4, 1)), np.eye(4, dtype=bool)[:, :1]), rules)

    assert (found.failed_in[3] >= 0) == zero_fails
    assert (whole.failed_in[3, 0] >= 0) == zero_fails


def test_a_second_block_knows_nothing_of_the_first():
    book, rules = any_book(11), Rules(MODELS["en"])
    reach = Reach(book, rules, 1)
    twice = [reach.follow(np.array([0])).loss.tolist() for _ in range(2)]
    assert twice[0] == twice[1]


def backing_each_other() -> Snapshot:
    """A and B (equity 1 each) owe 1e6 each and stand for all of the other's debt; A has lent C 5."""
    sheets = [
        {"party_row": A, "equity": 1.0, "liabilities": 1e6, "debt": 1e6},
        {"party_row": B, "equity": 1.0, "liabilities": 1e6, "debt": 1e6},
        {"party_row": C, "equity": 1.0, "liabilities": 10.0},
    ]
    promise = {"source": "bank", "liability": "several", "share": 1.0}
    tables = {
        "accounts": [{"scope": "solo", "source": "bank", **sheet} for sheet in sheets],
        "guarantees": [
            promise | {"contract_id": "G-1", "source_row": A, "target_row": B},
            promise | {"contract_id": "G-2", "source_row": B, "target_row": A},
        ],
        "lends_to": [{"contract_id": "L", "source_row": A, "target_row": C, "balance": 5.0, "source": "bank"}],
    }
    return Snapshot(DAY, parties("A", "B", "C"), {name: frame(name, rows) for name, rows in tables.items()})


def test_a_ring_that_loses_a_little_for_ever_is_followed_to_its_end_failure_by_failure():
    """C costs A 5 of its equity of 1: each round 4 more of the million are missing, at A or at B, until all are."""
    each = stress_each(backing_each_other(), np.arange(3), Assumptions(), nothing).impacts
    alone = stress(backing_each_other(), Scenario((C,), np.zeros(3)), Assumptions())

    assert each["impact"].to_list() == pytest.approx([1e6, 1e6, 2_000_005], abs=2)
    assert each["impact"][C] == pytest.approx(alone.parties["loss"].sum(), rel=1e-12)
    assert each["rounds"][C] == alone.rounds
    assert each["settled"].all()


def test_a_failure_that_does_not_settle_is_marked_and_stops_no_other():
    """Of three rounds C's failure needs more; A and B have taken all that there is in two."""
    each = stress_each(backing_each_other(), np.arange(3), Assumptions(rounds=3), nothing).impacts

    assert each["settled"].to_list() == [True, True, False]
    assert each["impact"][A] == pytest.approx(1e6, abs=2)
    assert 0 < each["impact"][C] < 100


def bank() -> Snapshot:
    """C owes the bank 100 (collateral 30), guaranteed by A up to 50 and by B up to 20; B (equity 10) lent C nothing.

    D holds nothing. The bank has lent B 40.
    """
    sheets = [
        {"party_row": A, "equity": 200.0, "liabilities": 300.0},
        {"party_row": B, "equity": 10.0, "liabilities": 40.0},
        {"party_row": C, "equity": 5.0, "debt": 100.0, "liabilities": 100.0},
        {"party_row": D, "equity": 50.0, "liabilities": 10.0},
    ]
    promise = {"source": "bank", "liability": "joint", "target_row": C}
    lent = {"source": "bank", "kind": "loan"}
    tables = {
        "accounts": [{"scope": "solo", "source": "bank", **sheet} for sheet in sheets],
        "guarantees": [
            promise | {"contract_id": "G-1", "source_row": A, "amount": 50.0},
            promise | {"contract_id": "G-2", "source_row": B, "amount": 20.0},
        ],
        "exposures": [
            lent | {"facility_id": "F-1", "party_row": C, "drawn": 100.0, "collateral": 30.0},
            lent | {"facility_id": "F-2", "party_row": B, "drawn": 40.0},
        ],
    }
    return Snapshot(DAY, parties("A", "B", "C", "D"), {name: frame(name, rows) for name, rows in tables.items()})


def test_the_bank_loses_exposure_less_collateral_less_calls_really_paid():
    """C fails: 100 - 30 - 50 of A = 20; B's 20 aren't paid, because it fails of them (equity 10), and with it 40."""
    found = stress(bank(), Scenario((C,), np.zeros(4)), Assumptions(model="furfine"))
    assert found.parties["bank_loss"].to_list() == [0, 40, 20, 0]
    assert found.bank_loss == 60
    assert found.parties["state"].to_list() == ["suffers", "failed", "named", "untouched"]
    assert path(found, B).select("step", "fails_row", "suffers_row", "loss").rows() == [(1, C, B, 20.0)]


@pytest.mark.parametrize("model", ["furfine", "debtrank", "en"])
def test_each_says_what_a_scenario_of_one_failure_says(model):
    snapshot, assumed = bank(), Assumptions(model=model)
    each = stress_each(snapshot, np.arange(4), assumed, nothing)
    for row in range(4):
        alone = stress(snapshot, Scenario((row,), np.zeros(4)), assumed)
        others = alone.parties.filter(pl.col("party_row") != row)
        told = each.impacts.row(row, named=True)
        assert told["impact"] == pytest.approx(others["loss"].sum())
        assert told["failures"] == (others["state"] == "failed").sum()
        assert told["bank_loss"] == pytest.approx(alone.bank_loss)


def test_vulnerability_counts_the_failures_that_take_a_firm_down():
    """B falls with C alone; A loses 50 of its 200 by C, a quarter, and nothing by the two others."""
    each = stress_each(bank(), np.arange(4), Assumptions(model="furfine"), nothing)
    assert each.vulnerability["failed_by"].to_list() == [0, 1, 0, 0]
    assert each.vulnerability["worst_row"].to_list() == [C, C, None, None]
    assert each.vulnerability["mean_distress"].to_list() == pytest.approx([0.25 / 3, 1 / 3, 0, 0])
