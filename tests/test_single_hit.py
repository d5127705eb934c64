"""DebtRank 2012: everybody passes on once, by sums that can be done in the head."""

import numpy as np
import pytest
from relparty.graph.errors import DataError
from relparty.graph.single_hit import single_hit
from scipy import sparse


def impact(count, *links):
    """[i, j] = what i loses when j fails, from (fails, suffers, impact)."""
    fails, suffers, size = zip(*links, strict=True)
    return sparse.csr_array((np.array(size, float), (suffers, fails)), shape=(count, count))


def start(*columns):
    return np.array(columns, float).T


def test_on_a_chain_each_link_takes_its_share():
    """1 passes a half on, that a half of its half: 1, .5, .25, and the last round finds nobody new."""
    found = single_hit(impact(3, (0, 1, 0.5), (1, 2, 0.5)), start([1, 0, 0], [0, 1, 0]))

    assert found.distress.T.tolist() == [[1, 0.5, 0.25], [0, 1, 0.5]]
    assert found.rounds.tolist() == [3, 2]
    assert found.debtrank(np.array([0.5, 0.25, 0.25])).tolist() == [0.25 * 0.5 + 0.25 * 0.25, 0.25 * 0.5]


def test_on_a_ring_the_first_loses_once_more_and_passes_nothing_on_again():
    """.4 > .2 > .1 > back .05: the first ends at .45, where the fixed point is .4 / (1 - 1/8) = .457."""
    ring = impact(3, (0, 1, 0.5), (1, 2, 0.5), (2, 0, 0.5))

    assert single_hit(ring, start([0.4, 0, 0])).distress[:, 0] == pytest.approx([0.45, 0.2, 0.1])


def test_on_a_star_the_rim_is_hit_at_once_and_the_centre_by_the_sum():
    outward, inward = impact(4, (0, 1, 0.3), (0, 2, 0.3), (0, 3, 0.3)), impact(4, (1, 0, 0.2), (2, 0, 0.3))

    assert single_hit(outward, start([1, 0, 0, 0])).distress[:, 0].tolist() == [1, 0.3, 0.3, 0.3]
    assert single_hit(inward, start([0, 1, 1, 0])).distress[:, 0].tolist() == [0.5, 1, 1, 0]


def test_who_is_hit_late_passes_on_only_what_it_had_lost_when_first_hit():
    """0 hits 1 (.5) and 2 (.2); 1 then hits 2 by .5 · .5 once more, but 2 has passed on .2 by then: 3 loses .2."""
    links = impact(4, (0, 1, 0.5), (0, 2, 0.2), (1, 2, 0.5), (2, 3, 1.0))

    assert single_hit(links, start([1, 0, 0, 0])).distress[:, 0] == pytest.approx([1, 0.5, 0.45, 0.2])


def test_capped_nobody_loses_more_than_all_uncapped_losses_add_up_but_one_is_the_most_passed_on():
    """0 costs 1 three times its equity: capped 1 each; uncapped 3, of which 1 is passed on, to the half of 2."""
    links = impact(3, (0, 1, 3.0), (1, 2, 0.5))

    assert single_hit(links, start([0.5, 0, 0])).distress[:, 0].tolist() == [0.5, 0.5, 0.25]
    assert single_hit(links, start([1, 0, 0])).distress[:, 0].tolist() == [1, 1, 0.5]
    assert single_hit(links, start([1, 0, 0]), capped=False).distress[:, 0].tolist() == [1, 3, 0.5]
    assert single_hit(links, start([2, 0, 0]), capped=False).distress[:, 0].tolist() == [2, 3, 0.5]
    assert single_hit(links, start([2, 0, 0])).distress[:, 0].tolist() == [1, 1, 0.5]


def test_it_tells_what_each_passed_on_and_when_it_had_lost_all():
    """0 fails by its shock, 1 in the round after, 2 loses a half of what 1 had lost by then."""
    found = single_hit(impact(4, (0, 1, 1.0), (1, 2, 0.5)), start([1, 0, 0, 0], [0, 0.4, 0, 0]))

    assert found.lost_in.T.tolist() == [[0, 1, -1, -1], [-1, -1, -1, -1]]
    assert found.passed_on.T.tolist() == [[1, 1, 0.5, 0], [0, 0.4, 0.2, 0]]


def test_a_link_of_no_weight_hits_nobody():
    found = single_hit(impact(3, (0, 1, 0.0), (1, 2, 1.0)), start([1, 0, 0], [0, 0, 0]))

    assert found.distress.T.tolist() == [[1, 0, 0], [0, 0, 0]]
    assert found.rounds.tolist() == [1, 0]


def test_scenarios_side_by_side_are_each_as_if_alone():
    dice = np.random.default_rng(3)
    links = sparse.random_array((30, 30), density=0.1, rng=dice, format="csr")
    shocks = dice.random((30, 8)) * (dice.random((30, 8)) < 0.1)

    together = single_hit(links, shocks)
    alone = [single_hit(links, shocks[:, [column]]) for column in range(8)]

    assert np.array_equal(together.distress, np.hstack([each.distress for each in alone]))
    assert together.rounds.tolist() == [int(each.rounds[0]) for each in alone]


@pytest.mark.parametrize(("link", "shock"), [(-0.1, 0.5), (np.nan, 0.5), (0.1, -0.5), (0.1, np.nan)])
def test_numbers_below_zero_or_missing_are_refused(link, shock):
    with pytest.raises(DataError, match="below 0 or missing"):
        single_hit(impact(2, (0, 1, link)), start([shock, 0]))
