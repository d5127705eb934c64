"""What a scenario costs firms and the bank, by sums that can be done in the head."""

import numpy as np
import pytest
from relparty.graph.assumptions import Assumptions
from relparty.graph.each import stress_each
from relparty.graph.stress_book import stress_book
from relparty.graph.valuations import Terms

from .days import A, B, C, D, after, facility, firms, loan, owes, promise


def losses(found):
    return found.parties["loss"].to_list()


@pytest.mark.parametrize("call", [
    promise(A, B, amount=100.0, provision=25.0),
    promise(A, B, liability="several", share=1.0, provision=25.0),
])  # fmt: skip
def test_a_provision_bears_the_first_of_what_a_guarantor_is_called_for(call):
    """B owes 100 and loses 55 of its equity of 5: half is missing, so A is called for 50, of which 25 are booked."""
    day = firms(owes(500, 10), owes(5, 100, 100), guarantees=[call])

    assert losses(after(day, shock={B: 55})) == pytest.approx([25, 55])
    assert after(day, shock={B: 55}).links["loss"].to_list() == pytest.approx([25])
    assert losses(after(day, shock={B: 25})) == pytest.approx([0, 25])  # 20 of 100 are missing: all of it is booked


def test_joint_guarantors_have_each_its_own_provision():
    """Called for 25 each, which both have booked; for 50 each they lose 25."""
    day = firms(
        owes(500, 10), owes(5, 100, 100), owes(500, 10),
        guarantees=[promise(row, B, amount=100.0, provision=25.0) for row in (A, C)],
    )  # fmt: skip

    assert losses(after(day, shock={B: 55})) == pytest.approx([0, 55, 0])
    assert losses(after(day, B)) == pytest.approx([25, 0, 25])


def test_a_provision_on_a_loan_and_on_a_receivable_bears_the_first_of_the_loss_too():
    """Half of B's debts is missing. A has lent 60 with 10 provided for and 20 of collateral: 40 / 2 - 10 = 10 new. C
    has a receivable of 30, of which 20 are provided for: nothing new."""
    day = firms(
        owes(500, 10), owes(5, 100), owes(500, 10),
        lends_to=[loan(A, B, 60.0, collateral=20.0, provision=10.0)],
        supplies=[{"contract_id": "", "source_row": C, "target_row": B, "receivable": 30.0, "provision": 20.0}],
    )  # fmt: skip

    found = after(day, shock={B: 55}, supply=0.0)

    assert losses(found) == pytest.approx([10, 55, 0])
    assert found.links.select("channel", "table", "link_row", "loss").rows() == [("loan_loss", "lends_to", 0, 10)]


@pytest.mark.parametrize("guarantees", [
    [],
    [promise(A, B, liability="several", share=1.0, amount=60.0)],
    [promise(A, B, amount=60.0), promise(D, B, amount=60.0)],
])  # fmt: skip
def test_what_a_guarantor_may_be_called_for_is_no_asset_of_its(guarantees):
    """A has 100, all outside, and owes C 80; it loses all its equity of 20. Of 80 outside half is realised: 40."""
    day = firms(owes(20, 80), owes(50, 100, 100), owes(100, 1), owes(100, 1), lends_to=[loan(C, A, 80.0)], guarantees=guarantees)  # fmt: skip
    terms = Terms(alpha=0.5)

    assert stress_book(day, Assumptions("rv", terms)).book.outside_assets[A] == 100
    assert losses(after(day, shock={A: 20}, model="rv", terms=terms))[C] == pytest.approx(40)


def test_two_contracts_on_one_facility_pay_it_once_and_no_other():
    """C owes F-1 and F-2, 100 each. A and B each stand for all of F-1, so the bank loses F-2. Either may be called for
    all of it."""
    day = firms(
        owes(500, 10), owes(500, 10), owes(5, 200, 200),
        guarantees=[promise(A, C, "G-1", facility_id="F-1"), promise(B, C, "G-2", facility_id="F-1")],
        exposures=[facility(C, 100.0, "F-1"), facility(C, 100.0, "F-2")],
    )  # fmt: skip

    found = after(day, C)

    assert found.bank_loss == 100
    assert losses(found) == [100, 100, 0]
    assert "1 debts are covered by several contracts for 100.00 more than is owed" in " ".join(found.notes)


def test_guarantees_of_one_facility_and_of_all_debt_pay_together_what_is_owed_at_most():
    """F-1 of 100 has two joint guarantors and another contract for 30; a guarantee of 40 covers all debt, so 60 of F-2
    are lost. If A falls with it, B pays F-1 alone."""
    day = firms(
        owes(500, 10), owes(500, 10), owes(5, 200, 200), owes(500, 10),
        guarantees=[
            promise(A, C, "G-1", facility_id="F-1"), promise(B, C, "G-1", facility_id="F-1"),
            promise(D, C, "G-2", facility_id="F-1", amount=30.0), promise(D, C, "G-3", amount=40.0),
        ],
        exposures=[facility(C, 100.0, "F-1"), facility(C, 100.0, "F-2")],
    )  # fmt: skip

    assert after(day, C).bank_loss == 60
    assert after(day, A, C).bank_loss == 60
    assert after(day, A, B, C).bank_loss == 130


def priced_ex_ante():
    """B (equity 2, owing 100) is so likely to fail that A's claim of 50 on it is worth less by more than A's equity of 2
    before anything happens. The bank has lent A 80. C has no link."""
    return firms(owes(2, 100), owes(2, 100), owes(100, 10), lends_to=[loan(A, B, 50.0)], exposures=[facility(A, 80.0)])


def test_what_an_ex_ante_model_sees_before_anything_happens_is_no_effect_of_a_scenario():
    found = after(priced_ex_ante(), C, model="merton")

    assert found.parties["state"].to_list() == ["untouched", "untouched", "named"]
    assert found.parties["distress"].to_list() == [0, 0, 1]
    assert losses(found) == [0, 0, 0]
    assert found.links.is_empty()
    assert found.bank_loss == 0
    assert "1 parties fail by this model before anything happens" in " ".join(found.notes)


def test_what_a_scenario_adds_to_an_ex_ante_model_adds_up_party_by_party():
    """B loses 1 of its 2: A's claim of 50 is worth less by as much as A loses, and the bank's by A's further fall."""
    found = after(priced_ex_ante(), shock={B: 1}, model="merton")

    assert 0 < losses(found)[A] < 50
    assert found.links["loss"].to_list() == pytest.approx([losses(found)[A]])
    assert 0 < found.bank_loss < 80


def test_each_failure_by_an_ex_ante_model_counts_what_it_adds():
    each = stress_each(priced_ex_ante(), np.arange(3), Assumptions(model="merton"), lambda *_: None)
    alone = [after(priced_ex_ante(), row, model="merton") for row in range(3)]

    assert each.impacts["failures"].to_list() == [0, 0, 0]
    assert each.impacts["bank_loss"].to_list() == pytest.approx([found.bank_loss for found in alone])
    assert each.impacts["bank_loss"][C] == 0
    assert each.vulnerability["failed_by"].to_list() == [0, 0, 0]


def test_a_failure_by_name_never_costs_less_than_the_shock_that_hits_it_anyway():
    """A owes 100 and loses 110 of its equity of 10: nothing is left for B, however much a failure by name gives back."""
    day = firms(owes(10, 100), owes(10, 100), lends_to=[loan(B, A, 100.0)])

    for fails in ((), (A,)):
        assert losses(after(day, *fails, shock={A: 110}, terms=Terms(recovery=0.9))) == [110, 100]
    assert losses(after(day, A, terms=Terms(recovery=0.9))) == pytest.approx([0, 10])


def test_debtrank_of_2012_takes_no_more_than_there_is_and_lets_the_fragile_fail_when_they_are_hit():
    """A fails and costs B half of its 10. B passes half on: C, whose equity nobody knows, is hit in round 2, fails and
    costs D its whole equity of 10, though the link says 50."""
    day = firms(
        owes(10, 100), owes(10, 100), {"liabilities": 10.0}, owes(10, 10),
        lends_to=[loan(B, A, 5.0), loan(C, B, 5.0), loan(D, C, 50.0)],
    )  # fmt: skip

    found = after(day, A, model="debtrank2012", without_equity="fail")

    assert found.parties["round"].to_list() == [0, None, 2, 3]
    assert losses(found) == [0, 5, 2.5, 10]
    assert found.links.select("suffers_row", "loss").rows() == [(B, 5), (C, 2.5), (D, 10)]
    assert "recovery" not in str(Assumptions("debtrank2012"))
    assert "passes on once" in str(Assumptions("debtrank2012"))


def test_calls_on_guarantors_whose_wealth_nobody_knows_are_counted_as_paid_and_said():
    """A has no accounts: it is taken to pay the 100 of B, so the bank loses nothing."""
    day = firms({}, owes(5, 100, 100), guarantees=[promise(A, B)], exposures=[facility(B, 100.0)])

    found = after(day, B, without_equity="absorb")

    assert found.bank_loss == 0
    assert (
        "guarantees: 1 calls for 100.00 fall on guarantors whose wealth isn't known, 0 of them on persons; they are "
        "taken to pay in full"
    ) in found.notes
    assert "wealth" not in " ".join(after(day, A, B, without_equity="absorb").notes)


@pytest.mark.parametrize(("shock", "seniority", "lender", "guarantor", "bank"), [
    (50, "pari_passu", 40 / 3, 20 / 3, 20),
    (50, "external_senior", 40, 0, 0),
    (90, "external_senior", 50, 7.5, 22.5),
])  # fmt: skip
@pytest.mark.parametrize("provision", [0.0, 5.0])
def test_claims_between_firms_rank_with_debt_to_the_bank_or_after_it(
    provision, shock, seniority, lender, guarantor, bank
):
    """B owes the bank 100 and A 50, equity 10: with a loss of 50 it is 40 short of 150. C stands for a quarter of the
    bank's 100. Where the bank ranks first, A bears the 40 alone; of 80 it bears 50, the bank and C 30."""
    day = firms(
        owes(500, 10), owes(10, 150, 100), owes(500, 10),
        lends_to=[loan(A, B, 50.0, provision=provision)],
        guarantees=[promise(C, B, liability="several", share=0.25)],
        exposures=[facility(B, 100.0)],
    )  # fmt: skip

    found = after(day, shock={B: shock}, terms=Terms(seniority=seniority))

    assert losses(found) == pytest.approx([lender - provision, shock, guarantor])
    assert found.bank_loss == pytest.approx(bank)


def test_seniority_is_said_with_the_models_that_share_out_what_is_left():
    assert "seniority external_senior" in str(Assumptions("rv", Terms(seniority="external_senior")))
    assert "seniority" not in str(Assumptions("furfine"))


@pytest.mark.parametrize(("balance", "said"), [(40.0, True), (9.0, False)])
def test_a_ring_that_passes_on_more_than_it_gets_is_said(balance, said):
    """A and B (equity 20 and 20) have lent each other as much: a gain of 40 / 20 = 2, or of .45."""
    day = firms(owes(20, 100), owes(20, 100), lends_to=[loan(A, B, balance), loan(B, A, balance)])

    assert any("loop gain 2," in note for note in after(day, shock={A: 1}).notes) == said
