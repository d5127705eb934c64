"""Few failures that cost the bank more than an amount, by sums that can be done in the head."""

from relparty.graph.assumptions import Assumptions
from relparty.graph.reverse import reverse
from relparty.graph.stress_book import stress_book

from .days import A, B, C, D, E, F, facility, firms, loan, owes, promise


def costliest(day, target, candidates=10, **assumed):
    """(who fails, what the bank loses so far) of each step."""
    terms = Assumptions(**assumed)
    found = reverse(stress_book(day, terms), target, terms, candidates, lambda *_: None)
    return found.select("party_row", "bank_loss").rows()


def guaranteed():
    """C owes the bank 100, 30 of them covered; A stands for 50 of it, and B (equity 10) for 20. B owes 40."""
    return firms(
        owes(200, 300), owes(10, 40), owes(5, 100, 100), owes(50, 10),
        guarantees=[promise(A, C, "G-1", amount=50.0), promise(B, C, "G-2", amount=20.0)],
        exposures=[facility(C, 100.0, collateral=30.0), facility(B, 40.0)],
    )  # fmt: skip


def test_the_costliest_failure_comes_first_and_none_after_the_amount_is_passed():
    """C costs 70 less the 50 of A, and 40 of B, which it takes along."""
    assert costliest(guaranteed(), 50, model="furfine") == [(C, 60)]


def test_a_guarantor_is_worth_taking_once_its_debtor_has_failed_and_what_adds_nothing_is_left_out():
    """With A, who owes the bank nothing, its 50 are lost too; B is down already."""
    assert costliest(guaranteed(), 1000, model="furfine") == [(C, 60), (A, 110)]


def test_a_debtor_whose_debt_is_wholly_guaranteed_is_found_together_with_its_guarantors():
    """Alone each failure costs the bank nothing: A pays for B, C and D for E. B and A cost 100, E, C and D 240,
    80 each."""
    day = firms(
        owes(500, 10), owes(5, 100, 100), owes(500, 10), owes(500, 10), owes(5, 240, 240), owes(5, 10),
        guarantees=[promise(A, B), promise(C, E, "G-2"), promise(D, E, "G-2")],
        exposures=[facility(B, 100.0), facility(E, 240.0), facility(F, 1.0)],
    )  # fmt: skip

    assert costliest(day, 50) == [(B, 0), (A, 100)]
    assert costliest(day, 300) == [(E, 0), (C, 0), (D, 240), (B, 240), (A, 340)]
    assert costliest(day, 1000)[-1] == (F, 341)


def test_a_failure_that_owes_the_bank_nothing_counts_by_whom_it_takes_along():
    day = firms(owes(5, 10), owes(5, 80, 80), lends_to=[loan(B, A, 9.0)], exposures=[facility(B, 80.0)])

    assert costliest(day, 1, candidates=1, model="furfine") == [(A, 80)]


def test_parties_without_known_equity_that_bear_losses_are_counted():
    day = firms(owes(5, 10), {"liabilities": 10.0}, lends_to=[loan(B, A, 9.0)], exposures=[facility(A, 10.0)])
    terms = Assumptions()

    assert reverse(stress_book(day, terms), 1, terms, 5, lambda *_: None)["unknown"].to_list() == [1]
