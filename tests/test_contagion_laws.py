"""Laws of contagion: what must hold of any book, whatever the model."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from relparty.graph.book import Book, Limits, Rules, Shocks
from relparty.graph.contagion import missing, settle
from relparty.graph.valuations import MODELS, Terms
from scipy import sparse

from .books import any_book, any_shocks, beside, renumbered, rows_of, scaled, stacked
from .rounds import once_more

CLOSE = 1e-8
seeds = st.integers(0, 2**32)
models = st.sampled_from(sorted(MODELS))
law = settings(deadline=None, max_examples=30)


def rules(model, **terms):
    return Rules(MODELS[model], Terms(**{"recovery": 0.3, "alpha": 0.8, "beta": 0.7} | terms), Limits(tolerance=1e-13))


def lost(book, shocks, terms):
    return settle(book, shocks, terms).loss


@given(seeds, models)
@law
def test_losses_rise_round_by_round_never_above_the_solution_and_the_solution_repeats_itself(seed, model):
    book, terms = any_book(seed), rules(model)
    shocks = any_shocks(seed, book.parties)
    end = lost(book, shocks, terms)

    now = shocks.loss
    for _ in range(40):
        after = once_more(book, shocks, terms, now)
        assert (after >= now - CLOSE).all()
        now = after
    assert (now <= end + CLOSE).all()
    assert once_more(book, shocks, terms, end) == pytest.approx(end, abs=CLOSE)


@given(seeds, models)
@law
def test_no_other_solution_found_from_the_worst_case_has_a_smaller_loss(seed, model):
    """From everything lost, losses fall to the worst solution; the one given is the best."""
    book, terms = any_book(seed), rules(model)
    shocks = any_shocks(seed, book.parties)

    worst = np.full_like(shocks.loss, 1e6)
    for _ in range(60):
        after = once_more(book, shocks, terms, worst)
        assert (after <= worst + CLOSE).all()
        worst = after
    assert (lost(book, shocks, terms) <= worst + CLOSE).all()


@given(seeds, models, st.floats(0, 20), st.sampled_from([0.5, 0.8]))
@law
def test_what_is_missing_never_falls_as_losses_grow(seed, model, shock, alpha):
    """Also where a shock takes more than all outside assets, which failure may cost more or less than claims."""
    book, terms = any_book(seed), rules(model, alpha=alpha)
    losses = shock + np.tile(np.linspace(0, 30, 61), (book.parties, 1))
    shocks = Shocks(np.full_like(losses, shock))

    for part in missing(book, shocks, terms, losses).values():
        assert (np.diff(part, axis=1) >= -1e-12).all()
        assert ((part >= -1e-12) & (part <= 1 + 1e-12)).all()


@given(seeds, models)
@law
def test_numbering_means_nothing(seed, model):
    book, terms = any_book(seed), rules(model)
    shocks = any_shocks(seed, book.parties)
    order = np.random.default_rng(seed).permutation(book.parties)

    turned = lost(renumbered(book, order), rows_of(shocks, order), terms)

    assert turned == pytest.approx(lost(book, shocks, terms)[order], abs=CLOSE)


@given(seeds, models, st.floats(1e-3, 1e6))
@law
def test_the_unit_of_money_means_nothing(seed, model, unit):
    book, terms = any_book(seed), rules(model)
    shocks = any_shocks(seed, book.parties)
    there = settle(scaled(book, unit), Shocks(shocks.loss * unit, shocks.broken), terms)
    here = settle(book, shocks, terms)

    assert there.loss / unit == pytest.approx(here.loss, abs=CLOSE)
    assert (there.failed_in == here.failed_in).all()


@given(seeds, seeds, models)
@law
def test_islands_do_not_know_of_each_other(seed, other, model):
    one, two, terms = any_book(seed), any_book(other), rules(model)
    shocks = [any_shocks(each, book.parties) for each, book in ((seed, one), (other, two))]
    apart = np.vstack([lost(book, each, terms) for book, each in zip((one, two), shocks, strict=True)])

    assert lost(beside(one, two), stacked(*shocks), terms) == pytest.approx(apart, abs=CLOSE)


@given(seeds, models)
@law
def test_without_links_only_the_shock_is_lost(seed, model):
    book = any_book(seed)
    alone, shocks = (
        Book(book.equity, book.owed, {"claim": sparse.csr_array((book.parties,) * 2)}),
        any_shocks(seed, book.parties),
    )

    found = settle(alone, Shocks(shocks.loss), rules(model))

    assert np.array_equal(found.loss, shocks.loss)
    assert np.array_equal(found.failed_in == 0, shocks.loss >= book.equity[:, None])


@given(seeds, models)
@example(438, "black_cox")  # a loss that grew by nine orders of magnitude in one round
@law
def test_scenarios_side_by_side_are_each_as_if_alone(seed, model):
    book, terms = any_book(seed), rules(model)
    shocks = any_shocks(seed, book.parties, scenarios=11)
    together = settle(book, shocks, terms)

    for column in range(11):
        alone = settle(book, shocks.of(slice(column, column + 1)), terms)
        assert together.loss[:, column] == pytest.approx(alone.loss[:, 0], abs=CLOSE)
        assert (together.failed_in[:, column] == alone.failed_in[:, 0]).all()


@given(seeds)
@law
def test_failure_without_costs_is_clearing(seed):
    """Rogers-Veraart with alpha = beta = 1 is Eisenberg-Noe."""
    book, shocks = any_book(seed), any_shocks(seed, 7)
    shocks = rows_of(shocks, np.arange(book.parties))

    costless, clearing = (lost(book, shocks, rules(model, alpha=1, beta=1)) for model in ("rv", "en"))

    assert costless == pytest.approx(clearing, abs=CLOSE)


def test_a_call_beyond_all_assets_leaves_its_payer_with_nothing_to_realise():
    """1 has 9, owes 1 to 0 and is called for 20 by the failure of 2: it pays 0 nothing, though it once had 9."""
    claims = sparse.csr_array(np.array([[0, 1, 0], [0, 0, 20], [0, 0, 0]], float))
    book = Book(np.array([5.0, 8, 1]), np.array([1.0, 1, 20]), {"claim": claims}, outside=np.array([5.0, 9, 21]))
    shocks = Shocks(np.zeros((3, 1)), np.array([[False], [False], [True]]))

    assert lost(book, shocks, rules("rv", recovery=0.0))[:, 0].tolist() == [1, 20, 0]


@given(seeds)
@law
def test_claims_that_are_recovered_in_full_conduct_nothing(seed):
    book = any_book(seed, joint=False)
    claims = Book(book.equity, book.owed, {"claim": book.losses["claim"]}, fragile=book.fragile)
    shocks = any_shocks(seed, book.parties)

    assert np.array_equal(lost(claims, shocks, rules("furfine", recovery=1.0)), shocks.loss)


@given(seeds, models)
@law
def test_a_larger_shock_or_a_larger_claim_never_lowers_a_loss(seed, model):
    book, terms = any_book(seed, joint=False), rules(model)
    shocks, dice = any_shocks(seed, book.parties), np.random.default_rng(seed)
    before = lost(book, shocks, terms)
    worse = Shocks(shocks.loss * (1 + dice.random(shocks.loss.shape)), shocks.broken)
    more = {kind: part * (1 + dice.random()) for kind, part in book.losses.items()}
    larger = Book(book.equity, book.owed, more, book.sheets(terms.terms).outside, fragile=book.fragile)

    assert (lost(book, worse, terms) >= before - CLOSE).all()
    assert (lost(larger, shocks, terms) >= before - CLOSE).all()


@given(seeds, st.floats(1, 5))
@law
def test_rings_that_pass_on_more_than_they_get_still_end(seed, gain):
    """Each backs the whole debt of the next, or several times its equity: no round adds more than is there."""
    n = seed % 6 + 2
    dice = np.random.default_rng(seed)
    owed = 1 + dice.random(n)
    ring = sparse.csr_array(np.roll(np.diag(owed * gain), -1, axis=0))
    book = Book(dice.random(n) / 10, owed, {"claim": ring})

    for model in sorted(MODELS):
        found = settle(book, Shocks(np.eye(n)[:, :1] * dice.random() / 5), rules(model))
        assert (found.loss >= 0).all()
        assert (found.loss <= gain * owed.max() + 1).all()
