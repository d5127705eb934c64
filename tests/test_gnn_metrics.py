"""Metrics: ranking, likelihood and level by sums that can be done by hand, and against scikit-learn."""

from dataclasses import astuple

import numpy as np
import pytest
from relparty.gnn.card import verdict
from relparty.gnn.metrics import Measured, Outcome, auc, difference, level, log_loss, measure
from sklearn.metrics import roc_auc_score

ONCE = np.ones(4)


def outcome(*default: float) -> Outcome:
    """Firms seen for the whole horizon."""
    return Outcome(np.array(default), np.ones(len(default)))


def test_auc_counts_the_pairs_in_the_right_order_and_ties_by_half() -> None:
    """Of four pairs two stand right, one is a tie, one stands wrong: 2.5 / 4."""
    assert auc(outcome(1, 0, 1, 0), np.array([0.4, 0.3, 0.2, 0.2]), ONCE) == pytest.approx(3 / 4 - 1 / 8)


def test_auc_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    default, score = (rng.random(500) < 0.1).astype(float), np.round(rng.random(500), 1)
    assert auc(Outcome(default, np.ones(500)), score, np.ones(500)) == pytest.approx(roc_auc_score(default, score))


def test_a_firm_seen_for_half_the_horizon_counts_with_half_its_hazard() -> None:
    """-log of (1 - .19)^(1/2) = .9 for the survivor, and of .5 for the default."""
    half = Outcome(np.array([0.0, 1.0]), np.array([0.5, 1.0]))
    expected = -(np.log(0.9) + np.log(0.5)) / 2
    assert log_loss(half, np.array([0.19, 0.5]), np.ones(2)) == pytest.approx(expected)


def test_level_is_expected_over_observed_defaults() -> None:
    """.5 + .3 + .1 + .1 expected, two observed."""
    assert level(outcome(1, 1, 0, 0), np.array([0.5, 0.3, 0.1, 0.1]), ONCE) == pytest.approx(0.5)


def test_an_interval_holds_its_figure_and_is_the_same_when_asked_again() -> None:
    rng = np.random.default_rng(2)
    drawn = outcome(*(rng.random(300) < 0.2).astype(float))
    score = rng.random(300)
    first, again = measure(drawn, score, auc, 100), measure(drawn, score, auc, 100)
    assert first == again
    assert first.low < first.value < first.high


@pytest.mark.parametrize("kind", [0.0, 1.0])
def test_where_all_fare_alike_nothing_is_ranked(kind: float) -> None:
    """Neither the figure nor any resample of it has a pair of a default and a survivor."""
    alike, score = outcome(*[kind] * 10), np.linspace(0.1, 0.9, 10)
    assert np.isnan(auc(alike, score, np.ones(10)))
    assert np.isnan(astuple(measure(alike, score, auc, 20))).all()
    assert np.isnan(astuple(difference(alike, score, score[::-1], auc, 20))).all()
    assert np.isfinite(astuple(measure(alike, score, log_loss, 20))).all()


def test_without_a_default_there_is_no_level() -> None:
    assert np.isnan(astuple(measure(outcome(0, 0, 0), np.array([0.1, 0.2, 0.3]), level, 20))).all()


def test_a_resample_always_has_the_only_default_there_is() -> None:
    drawn = outcome(1, *[0.0] * 30)
    assert np.isfinite(astuple(measure(drawn, np.linspace(0.1, 0.9, 31), auc, 200))).all()


def test_no_model_beats_itself() -> None:
    drawn = outcome(*[0.0, 1.0] * 20)
    score = np.linspace(0.1, 0.9, 40)
    assert difference(drawn, score, score, log_loss, 50) == Measured(0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (Measured(-0.02, -0.03, -0.01), "The GNN beats rival"),
        (Measured(0.02, 0.01, 0.03), "rival beats the GNN"),
        (Measured(0.0, -0.01, 0.01), "Neither the GNN nor rival wins"),
    ],
)
def test_the_verdict_says_plainly_who_wins(gain: Measured, said: str) -> None:
    assert verdict("rival", gain).startswith(said)
