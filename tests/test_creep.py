"""Iterations that creep: what is leapt over is what the rounds would have brought, never more."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.book import Book, Limits, Rules, Shocks
from relparty.graph.contagion import settle
from relparty.graph.joint import JointCalls
from relparty.graph.valuations import MODELS, Kind, Terms
from scipy import sparse

from .books import any_book, any_shocks, ranked
from .rounds import once_more

A, B, X = range(3)
PICARD = 1_200  # rounds of the plain iteration


def matrix(parties, claims):
    ends = np.array(list(claims)).T
    return sparse.csr_array((np.array(list(claims.values()), float), (ends[0], ends[1])), shape=(parties, parties))


def shock(*losses):
    return Shocks(np.array(losses, float)[:, None])


def lost(book, shocks, rules):
    return settle(book, shocks, rules).loss[:, 0].tolist()


def capped_guarantors():
    """A (equity 1000) and B (500) owe 1e6 each and lend each other .5e6 and 1e6. A, up to .2e6, and X, up to 1e6, stand
    for the debt of B."""
    joint = JointCalls(
        contract=np.zeros(2, int), debtor=np.array([B, B]), guarantor=np.array([A, X]), cap=np.array([0.2e6, 1e6]),
        whole=np.full(2, 1e6), booked=np.zeros(2),
    )  # fmt: skip
    claims: dict[Kind, sparse.csr_array] = {"claim": matrix(3, {(A, B): 0.5e6, (B, A): 1e6})}
    return Book(np.array([1000.0, 500, 1e9]), np.array([1e6, 1e6, 1]), claims, joint=joint)


def test_a_leap_stops_where_a_guarantor_reaches_its_cap():
    """Up to its cap A bears half of what B doesn't pay, with its loan all of it: a gain of 1. Beyond it, a = 2,500 +
    .2e6 + (b - 500) / 2 and b = a - 1000: a = 403,500 and b = 402,500; A has failed, so X is called for all 402,000."""
    found = lost(capped_guarantors(), shock(2500, 0, 0), Rules(MODELS["en"]))

    assert found == pytest.approx([403_500, 402_500, 402_000])


def test_a_leap_stops_where_outside_assets_begin_to_melt():
    """Of what is left, claims go first, all of which come back (beta 1), so each money lost is passed on whole between
    the two: a gain of 1. Once A's claims are gone, at a loss of .9, of its .2 outside only .99 come back: a gain of
    .99. The plain iteration takes 3,700 rounds to the same end."""
    pair = matrix(2, {(A, B): 1.0, (B, A): 1.0})
    book = Book(np.array([0.10, 0.0515]), np.ones(2), {"claim": pair}, outside=np.array([0.35, 0.2]))

    assert lost(book, shock(0.15, 0), Rules(MODELS["rv"], Terms(alpha=0.99))) == pytest.approx(
        [1.0505025125, 0.9509974874], abs=1e-9
    )


@pytest.mark.parametrize("firms", [2, 3, 7, 30])
@pytest.mark.parametrize("gain", [1.0, 1.000_001])
def test_a_ring_of_any_length_whose_gain_is_one_falls_to_the_ground(firms, gain):
    """The first loses a millionth of its debt; a whole way round the ring that comes back to it, undiminished."""
    ring = matrix(firms, {(row, (row + 1) % firms): 10 * gain for row in range(firms)})
    book = Book(np.zeros(firms), np.full(firms, 10.0), {"claim": ring})

    found = lost(book, shock(1e-5, *[0] * (firms - 1)), Rules(MODELS["en"]))

    assert found == pytest.approx([10 * gain] * firms, abs=1e-4)


def test_a_ring_whose_gain_is_all_but_one_is_solved_to_its_end():
    """Ten thousand firms' worth of rounds: 1e-6 over 1 - .99999 is .1."""
    ring = matrix(3, {(row, (row + 1) % 3): 10 * 0.99999 ** (1 / 3) for row in range(3)})
    book = Book(np.zeros(3), np.full(3, 10.0), {"claim": ring})

    assert lost(book, shock(1e-6, 0, 0), Rules(MODELS["en"]))[0] == pytest.approx(0.1)


def near_one(book, gain):
    """The same with claims and joint calls of such a size that a money lost by those who fail comes back `gain` times."""
    whole = book.losses["claim"].toarray() / np.where(book.owed > 0, book.owed, np.inf)
    if book.joint is not None:
        np.add.at(whole, (book.joint.guarantor, book.joint.debtor), book.joint.cap / book.owed.max(initial=1))
    radius = np.abs(np.linalg.eigvals(whole)).max(initial=0)
    by = gain / radius if radius > 1e-3 else 1.0
    joint = book.joint and replace(book.joint, cap=book.joint.cap * by, whole=book.joint.whole * by)
    return replace(book, losses={"claim": book.losses["claim"] * by}, joint=joint, equity=book.equity / 1000)


@given(
    st.integers(0, 2**32),
    st.sampled_from(["en", "rv", "debtrank"]),
    st.floats(0.5, 1.0),
    st.floats(0.97, 1.05),
    st.booleans(),
)
@settings(deadline=None, max_examples=30)
def test_what_settles_is_what_the_plain_rounds_come_to(seed, model, alpha, gain, senior):
    rules = Rules(MODELS[model], Terms(alpha=alpha, beta=1.0), Limits(rounds=100_000))
    book = near_one(any_book(seed), gain)
    if senior and model != "debtrank":
        book = ranked(book, seed)
    begins = any_shocks(seed, book.parties, scenarios=1)
    shocks = Shocks(begins.loss / 2000, np.zeros_like(begins.broken))

    end = settle(book, shocks, rules).loss
    now = before = shocks.loss
    for _ in range(PICARD):
        now, before = once_more(book, shocks, rules, now), now

    assert (now <= end + 1e-8).all()
    assert once_more(book, shocks, rules, end) == pytest.approx(end, abs=1e-8)
    if np.array_equal(now, before):
        assert end == pytest.approx(now, abs=1e-8)
