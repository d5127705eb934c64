"""The contagion kernel by sums that can be done in the head; its laws stand in test_contagion_laws.py."""

import numpy as np
import pytest
from relparty.graph.book import Book, Limits, Rules, Shocks
from relparty.graph.contagion import full_worth, settle
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
    rules = Rules(MODELS["furfine"], Terms(zero_fails=zero_fails))
    found = settle(pair, Shocks(np.array([[0], [5.0]])), rules)
    assert found.loss[:, 0].tolist() == [loses, 5]
    assert found.failed_in[:, 0].tolist() == [-1, 0 if zero_fails else -1]


def test_a_round_says_who_failed_when():
    """C by the shock, B by C, A by B."""
    chain = book([4, 7, 2], [50, 10, 20], {(0, 1): 5, (1, 2): 8})
    found = settle(chain, Shocks(np.array([[0], [0], [12.0]])), Rules(MODELS["furfine"]))
    assert found.failed_in[:, 0].tolist() == [2, 1, 0]
    assert found.rounds.tolist() == [4]  # three that break promises, one in which nobody does
    stands = settle(chain, Shocks(np.zeros((3, 1))), Rules(MODELS["furfine"]))
    assert stands.failed_in[:, 0].tolist() == [-1, -1, -1]
    assert stands.rounds.tolist() == [1]


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


def test_a_part_that_moves_on_brings_down_the_next_one_though_nobody_breaks_a_debt():
    """3 owes 90, shared by 0, 1 and 2: 30 each. 0 (equity 20) fails, so 45 each; 1 (equity 40) fails, so 2 bears 90.
    The two keep the parts that they would have if they stood.
    None of the three owes anything, so no promise of theirs breaks."""
    joint = JointCalls(
        contract=np.zeros(3, int),
        debtor=np.full(3, 3),
        guarantor=np.arange(3),
        cap=np.full(3, 90.0),
        whole=np.full(3, 90.0),
        booked=np.zeros(3),
    )
    four = Book(np.array([20.0, 40, 900, 5]), np.array([0.0, 0, 0, 90]), {}, joint=joint)
    found = settle(four, Shocks(np.zeros((4, 1)), np.arange(4)[:, None] == 3), Rules(MODELS["en"]))
    assert found.failed_in[:, 0].tolist() == [1, 2, -1, 0]
    assert found.loss[:3, 0].tolist() == [45, 45, 90]


def test_a_part_that_moves_on_late_is_passed_on_by_who_takes_it_over():
    """3 owes 100, for which 0 (equity 120) and 1 stand. 1 has lost its equity of 20, so 0 is called for all; 1 for 50, and
    pays 2 only 50 of 100. 5 fails by the failure of 4 and costs 0 another 30: 0 falls, and 1 is called for all too, with
    nothing left for 2. Nobody's promise breaks in the round in which that moves."""
    claims = np.zeros((6, 6))
    claims[2, 1], claims[0, 5], claims[5, 4] = 100, 30, 9
    joint = JointCalls(np.zeros(2, int), np.full(2, 3), np.arange(2), np.full(2, 100.0), np.full(2, 100.0), np.zeros(2))
    equity, owed = np.array([120.0, 20, 900, 5, 5, 5]), np.array([0.0, 100, 0, 100, 9, 1])
    shocks = Shocks(np.array([[0.0, 20, 0, 0, 0, 0]]).T, np.isin(np.arange(6), [3, 4])[:, None])

    found = settle(Book(equity, owed, {"claim": csr_array(claims)}, joint=joint), shocks, Rules(MODELS["en"]))

    assert found.loss[:, 0].tolist() == [130, 120, 100, 0, 0, 9]


def test_outside_assets_are_all_that_is_no_claim_on_others():
    """B has 40, 30 of them a claim on C, so 10 outside, and owes 39. C fails and pays nothing: B is short by 29 of 39.
    Of its 10 outside half is left: 5 of 39 are paid."""
    chain = book([9, 1, 5], [50, 39, 30], {(0, 1): 39, (1, 2): 30})
    assert lost(chain, [0, 0, 40], "rv", alpha=0.5, beta=0.5)[0] == pytest.approx(39 - 5)
    assert chain.sheets(Terms()).outside.tolist() == [20, 10, 35]


def test_stakes_are_no_outside_assets_and_without_any_nothing_is_below_zero():
    """Of 20 in all A holds 15 in B; B has 3 and holds claims of 4."""
    held = csr_array(np.array([[0, 15.0], [0, 0]]))
    pair = Book(
        np.array([15.0, 1]), np.array([5.0, 2]), {"stake": held, "claim": csr_array(np.array([[0, 0], [4.0, 0]]))}
    )
    assert pair.sheets(Terms()).outside.tolist() == [5, 0]


def test_exactly_as_many_rounds_as_allowed_will_do():
    """The chain takes four."""
    chain = book([4, 7, 2], [50, 10, 20], {(0, 1): 5, (1, 2): 8})
    shocks = Shocks(np.array([[0], [0], [12.0]]))
    enough, short = (Rules(MODELS["furfine"], limits=Limits(rounds=rounds)) for rounds in (4, 3))
    assert settle(chain, shocks, enough).rounds.tolist() == [4]
    with pytest.raises(NotSettled):
        settle(chain, shocks, short)


def test_parties_that_own_each_other_wholly_have_no_worth_that_can_be_told():
    """Beside them one that is sound; a half and a half is told: 10 and 4 more are (10 + 4/2) / (1 - 1/4) = 16 and 12."""
    ring = csr_array(np.array([[0, 1.0, 0], [1.0, 0, 0], [0, 0, 0]]))
    with pytest.raises(DataError, match="own each other wholly"):
        full_worth(np.array([1.0, 1, 1]), ring)
    with pytest.raises(DataError, match="own each other wholly"):
        full_worth(np.array([1.0, 1, 1]), ring * 1.5)
    assert full_worth(np.array([10.0, 4, -1]), ring * 0.5).tolist() == pytest.approx([16, 12, 0])


@pytest.mark.parametrize(
    ("equity", "owed", "what"), [([np.nan, 1], [1, 1], "equity: 1 parties"), ([1, 1], [1, -1], "debt: 1 amounts")]
)
def test_books_with_gaps_are_refused(equity, owed, what):
    with pytest.raises(DataError, match=what):
        lost(book(equity, owed, {(0, 1): 1}), [0, 0], "en")


def test_a_fragile_party_fails_at_the_first_loss_and_no_sooner():
    pair = Book(np.array([9.0, np.inf]), np.array([9.0, 0]), {"claim": csr_array(np.array([[0, 4.0], [0.5, 0]]))},
                fragile=np.array([False, True]))  # fmt: skip
    calm = settle(pair, Shocks(np.zeros((2, 1))), Rules(MODELS["en"]))
    assert calm.loss[:, 0].tolist() == [0, 0]
    hit = settle(pair, Shocks(np.array([[0], [0.1]])), Rules(MODELS["furfine"], Terms(recovery=0.25)))
    assert hit.loss[:, 0].tolist() == [3, 0.1]
    assert hit.failed_in[:, 0].tolist() == [-1, 0]


def test_many_scenarios_come_back_in_their_order_each_as_if_alone():
    chain = book([9, 3, 2], [50, 10, 20], {(0, 1): 5, (1, 2): 8})
    shock = np.zeros((3, 21))
    shock[2] = np.linspace(0, 20, 21)
    together = settle(chain, Shocks(shock), Rules(MODELS["en"]))
    alone = [settle(chain, Shocks(shock[:, [place]]), Rules(MODELS["en"])) for place in range(21)]
    assert together.loss.tolist() == np.hstack([each.loss for each in alone]).tolist()
    assert together.rounds.tolist() == [int(each.rounds[0]) for each in alone]
    assert settle(chain, Shocks(shock[:, :0]), Rules(MODELS["en"])).loss.shape == (3, 0)
