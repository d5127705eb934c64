"""The contagion kernel by sums that can be done in the head; its laws stand in test_contagion_laws.py."""

import numpy as np
import pytest
from relparty.graph.contagion import Book, Limits, Rules, Shocks, settle
from relparty.graph.errors import DataError, NotSettled
from relparty.graph.joint import JointCalls, parts
from relparty.graph.valuations import MODELS, Terms
from scipy.sparse import csr_array


def book(equity: list[float], owed: list[float], claims: dict[tuple[int, int], float]) -> Book:
    """Parties with claims {(suffers, fails): money}."""
    n = len(equity)
    ends = np.array(list(claims) or np.empty((0, 2)), dtype=int).T
    matrix = csr_array((np.array(list(claims.values()), float), (ends[0], ends[1])), shape=(n, n))
    return Book(np.array(equity, float), np.array(owed, float), {"claim": matrix})


def lost(of: Book, shock: list[float], model: str, **terms):
    """Money that each party loses."""
    return settle(of, Shocks(np.array(shock, float)[:, None]), Rules(MODELS[model], Terms(**terms))).loss[:, 0].tolist()


def test_a_chain_loses_the_part_that_the_last_one_cannot_pay():
    """C owes 20 with equity 2 and loses 12: 10 of its 20 are missing. B held 8 of it and loses 4, of equity 3: 1 of 10
    is missing. A held 5 of that and loses .5."""
    chain = book([9, 3, 2], [50, 10, 20], {(0, 1): 5, (1, 2): 8})
    assert lost(chain, [0, 0, 12], "en") == pytest.approx([0.5, 4, 12])
    assert lost(chain, [0, 0, 12], "furfine", recovery=0.4) == pytest.approx([3, 4.8, 12])
    assert lost(chain, [0, 0, 12], "debtrank") == pytest.approx([5, 8, 12])


def test_a_ring_ends_at_its_shock_over_one_minus_its_gain():
    """Three links of one half: a gain of 1/8, so .4 grows to .4 / (7/8)."""
    ring = book([1, 1, 1], [9, 9, 9], {(1, 0): 0.5, (2, 1): 0.5, (0, 2): 0.5})
    assert lost(ring, [0.4, 0, 0], "debtrank")[0] == pytest.approx(0.4 / (1 - 0.5**3))


def test_the_leaves_of_a_star_lose_alike_and_each_other_nothing():
    star = book([3, 3, 3, 1], [9, 9, 9, 12], {(leaf, 3): 6 for leaf in range(3)})
    assert lost(star, [0, 0, 0, 7], "en") == pytest.approx([3, 3, 3, 7])


@pytest.mark.parametrize(("zero_fails", "loses"), [(True, 4), (False, 0)])
def test_at_equity_zero_the_tie_rule_decides(zero_fails, loses):
    pair = book([9, 5], [9, 9], {(0, 1): 4})
    assert lost(pair, [0, 5], "furfine", zero_fails=zero_fails)[0] == loses


def test_a_round_says_who_failed_when():
    """C by the shock, B by C, A by B."""
    chain = book([4, 7, 2], [50, 10, 20], {(0, 1): 5, (1, 2): 8})
    found = settle(chain, Shocks(np.array([[0], [0], [12.0]])), Rules(MODELS["furfine"]))
    assert found.failed_in[:, 0].tolist() == [2, 1, 0]
    stands = settle(chain, Shocks(np.zeros((3, 1))), Rules(MODELS["furfine"]))
    assert stands.failed_in[:, 0].tolist() == [-1, -1, -1]


def test_two_that_vouch_for_each_other_wholly_fall_to_the_ground_however_slowly_it_starts():
    """A gain of 1: each round costs as much as the last, a hundred thousandth, until nothing is left of either."""
    pair = book([0, 0], [10, 10], {(0, 1): 10, (1, 0): 10})
    assert lost(pair, [1e-4, 0], "en") == pytest.approx([10, 10], abs=1e-3)


def test_what_does_not_settle_is_not_returned():
    ring = book([1, 1], [9, 9], {(1, 0): 0.9, (0, 1): 0.9})
    rules = Rules(MODELS["debtrank"], limits=Limits(rounds=5))
    with pytest.raises(NotSettled, match=r"1 of 1 scenarios .* after 5 rounds\. Allow more rounds"):
        settle(ring, Shocks(np.array([[0.1], [0]])), rules)


@pytest.mark.parametrize("shock", [-1.0, np.nan])
def test_a_shock_below_zero_or_missing_is_refused(shock):
    with pytest.raises(DataError, match="shock: 1 amounts are missing or below 0"):
        lost(book([1], [1], {}), [shock], "en")


def two_joint(first_cap: float, second_cap: float, whole: float, booked: float = 0.0) -> JointCalls:
    """Parties 0 and 1 stand together for party 2."""
    number = np.array([0, 0])
    return JointCalls(
        contract=number,
        debtor=np.array([2, 2]),
        guarantor=np.array([0, 1]),
        cap=np.array([first_cap, second_cap]),
        whole=np.array([whole, whole]),
        booked=np.array([booked, 0.0]),
        link_row=number,
    )


@pytest.mark.parametrize(
    ("stands", "called"),
    [([True, True], [20, 80]), ([True, False], [20, 80]), ([False, True], [20, 90])],
)
def test_joint_guarantors_share_a_call_and_take_over_the_part_of_one_that_failed(stands, called):
    """100 between caps of 20 and 90: 20 and 80. Without the first the second pays up to its cap, 90; without the second
    the first still pays 20, its cap. One that failed keeps its own part."""
    joint = two_joint(20, 90, 100)
    got = parts(joint, np.arange(2), np.ones((2, 1)), np.array(stands)[:, None])
    assert got[:, 0].tolist() == called


def test_two_joint_guarantors_of_which_one_fails():
    """2 owes 100 and fails by name. 0 (cap 60, equity 30) is called for 50 and fails; so 1 (cap 80, equity 500) bears
    its cap of 80 instead of 50."""
    joint = two_joint(60, 80, 100)
    three = Book(np.array([30.0, 500, 5]), np.array([10.0, 10, 100]), {}, joint=joint)
    found = settle(three, Shocks(np.zeros((3, 1)), np.array([[False], [False], [True]])), Rules(MODELS["en"]))
    assert found.loss[:, 0].tolist() == [50, 80, 0]
    assert found.failed_in[:, 0].tolist() == [1, -1, 0]


def test_a_provision_already_booked_is_not_lost_again():
    """0 is called for 50, of which 20 are booked."""
    three = Book(np.array([90.0, 500, 5]), np.array([10.0, 10, 100]), {}, joint=two_joint(60, 80, 100, booked=20))
    found = settle(three, Shocks(np.zeros((3, 1)), np.array([[False], [False], [True]])), Rules(MODELS["en"]))
    assert found.loss[:, 0].tolist() == [30, 50, 0]
