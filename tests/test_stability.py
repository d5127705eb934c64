"""Whether a day's firms still look like those a model learned from: an index that can be summed by hand."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from relparty.gnn.stability import drift, index_parts, measures, reference
from relparty.graph.errors import DataError
from relparty.graph.results import Scores
from relparty.graph.snapshot import Snapshot

from .scores import scores
from .snapshots import DAY, firms_in_a_chain, frame, parties

FIRMS = 1000
IDS = [f"E-{number:04d}" for number in range(FIRMS)]
ALIKE = scores(IDS, [0.01] * FIRMS)


def book(drawn: Sequence[float | None], **others: pl.DataFrame) -> Snapshot:
    """Firms of which each has drawn so much on one facility; missing where nobody says how much."""
    rows: list[dict[str, object]] = [
        {"facility_id": f"F-{row:04d}", "party_row": row, "drawn": amount, "source": "bank"}
        for row, amount in enumerate(drawn)
    ]
    return Snapshot(DAY, parties(*IDS), {"exposures": frame("exposures", rows), **others})


def moved(then: Snapshot, now: Snapshot, name: str) -> dict[str, object]:
    """How one measure has moved between two books of firms with the same PDs."""
    return drift(reference(then, ALIKE), now, ALIKE).row(by_predicate=pl.col("measure") == name, named=True)


EVEN: list[float | None] = [float(amount) for amount in range(1, FIRMS + 1)]


def test_an_index_is_the_shift_times_its_logarithm_summed_over_bins() -> None:
    """From halves to three quarters and one: .25 ln 1.5 + .25 ln 2 = .25 ln 3; an empty bin counts a ten-thousandth."""
    assert index_parts(np.array([0.5, 0.5]), np.array([0.75, 0.25])).sum() == pytest.approx(0.25 * np.log(3))
    assert index_parts(np.array([0.0, 1.0]), np.array([1.0, 0.0])).sum() == pytest.approx(2 * 0.9999 * np.log(1e4))
    assert index_parts(np.array([0.0, 1.0]), np.array([0.0, 1.0])).sum() == 0


def test_bins_are_the_deciles_of_the_training_firms() -> None:
    """1 to 1,000 in hundreds. Doubled, 5 % fall in each of the first nine bins and 55 % in the last."""
    bins = reference(book(EVEN), ALIKE)["measures"]["drawn"]
    assert bins == {"cuts": [100.0 * place for place in range(1, 10)], "counts": [100] * 10 + [0]}
    found = moved(book(EVEN), book([2 * amount for amount in EVEN if amount]), "drawn")
    assert found["psi"] == pytest.approx(9 * -0.05 * np.log(0.5) + 0.45 * np.log(5.5))
    assert (found["state"], found["most"], found["then"], found["now"]) == ("red", "above 900", 0.1, 0.55)
    assert found["by_chance"] == pytest.approx(9 * (1 / 1000 + 1 / 1000))


def test_missing_is_a_bin_of_its_own_and_never_zero() -> None:
    """One in two no longer tells what it drew: .5 in the bin of missing, from 0."""
    found = moved(book(EVEN), book([amount if row % 2 else None for row, amount in enumerate(EVEN)]), "drawn")
    assert found["psi"] == pytest.approx((0.5 - 1e-4) * np.log(0.5 / 1e-4) + 10 * 0.05 * np.log(2))
    assert (found["most"], found["now"]) == ("missing", 0.5)


@pytest.mark.parametrize("usual", [0.0, 7.0])
def test_a_number_that_most_firms_share_is_a_bin_of_its_own(usual: float) -> None:
    """99 % stood at one number; where half of them have gone up, or down, that is seen."""
    then = book([usual] * 990 + [usual + 5] * 10)
    for other in (usual + 1, usual - 1):
        found = moved(then, book([usual] * 490 + [other] * 500 + [usual + 5] * 10), "drawn")
        assert found["state"] == "red"


def test_the_same_firms_have_not_moved_at_all() -> None:
    rows = drift(reference(book(EVEN), ALIKE), book(EVEN), ALIKE)
    assert rows["psi"].sum() == 0
    assert set(rows["state"]) == {"green"}


@pytest.mark.parametrize(("doubled", "state"), [(50, "green"), (75, "amber"), (99, "red")])
def test_a_shift_is_green_amber_or_red(doubled: int, state: str) -> None:
    """So many of the smallest firms of a thousand draw a thousand more."""
    shifted = [amount + 1000 if row < doubled else amount for row, amount in enumerate(EVEN) if amount]
    assert moved(book(EVEN), book(shifted), "drawn")["state"] == state


def test_chance_alone_gives_what_it_is_said_to_give() -> None:
    """Mean index of twenty pairs of books drawn from one distribution, ten bins of a thousand firms: .018."""
    rng = np.random.default_rng(0)
    draws = [book(rng.lognormal(size=FIRMS).tolist()) for _ in range(21)]
    found = [moved(then, now, "drawn") for then, now in pairwise(draws)]
    assert np.mean([each["psi"] for each in found]) == pytest.approx(0.018, rel=0.3)
    assert found[0]["by_chance"] == pytest.approx(0.018)


def test_links_are_counted_by_channel_and_components_by_size() -> None:
    """Four in a chain, each guaranteeing the next, and two apart: the middle ones can lose through two links."""
    chain, pair = firms_in_a_chain(4), frame("guarantees", [
        {"contract_id": "C-X", "source_row": 4, "target_row": 5, "amount": 1.0, "source": "bank"}])  # fmt: skip
    links = pl.concat([chain.table("guarantees"), pair]).sort("contract_id")
    ids = [f"E-{number:05d}" for number in range(7)]
    found = measures(Snapshot(DAY, parties(*ids), {"guarantees": links}), scores(ids, [0.1] * 7))
    assert found["links_guarantee_call"].to_list() == [1, 1, 1, 0, 1, 0, 0]
    assert found["links_cover_loss"].to_list() == [0, 1, 1, 1, 0, 1, 0]
    assert found["links"].to_list() == [1, 2, 2, 1, 1, 1, 0]
    assert found["component"].to_list() == [np.inf] * 4 + [2, 2, 1]


def test_what_is_drawn_over_no_equity_is_without_bound_and_over_unknown_equity_missing() -> None:
    sheets = [{"party_row": row, "scope": "solo", "equity": equity, "valid_from": DAY, "source": "bank"}
              for row, equity in enumerate([4.0, 0.0, -2.0])]  # fmt: skip
    firms = book([2.0, 2.0, 2.0, 2.0] + [1.0] * 996, accounts=frame("accounts", list(sheets)))
    assert measures(firms, ALIKE)["drawn_to_equity"].to_list()[:4] == [0.5, np.inf, np.inf, None]


def test_only_firms_that_the_model_scores_count() -> None:
    """In default and unseen, nobody asked the model."""
    status = pl.Series(["in_default", "unseen", "abstained"] + ["scored"] * 997)
    found = measures(book(EVEN), Scores(ALIKE.firms.with_columns(risk_status=status)))
    assert found["drawn"].to_list() == EVEN[2:]


def test_a_word_that_no_training_firm_had_is_counted_among_the_others() -> None:
    there = book(EVEN)
    then = replace(there, parties=there.parties.with_columns(industry=pl.lit("C26")))
    now = replace(there, parties=there.parties.with_columns(industry=pl.lit("F51")))
    assert moved(then, now, "industry")["most"] == "others"
    assert moved(then, there, "industry")["most"] == "missing"


def test_a_day_without_a_scored_firm_is_an_error() -> None:
    nobody = Scores(ALIKE.firms.with_columns(risk_status=pl.lit("unseen")))
    with pytest.raises(DataError, match="no firm is scored on 2024-06-30"):
        drift(reference(book(EVEN), ALIKE), book(EVEN), nobody)
