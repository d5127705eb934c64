"""The forms of contagion cases that no file shows, by hand; and that nothing of a case goes unread."""

import numpy as np
import pytest
from relparty.graph.gain import loop_gain
from scipy import sparse

from .case_contagion import answered
from .case_files import TOLERANCE, expected

CHANNELS = "three channels together"
THREE = {  # 2 owes 5 to 1; 0 backs half of 2's debt and owns .6 of 1 and .5 of 2
    "assets": [12, 8, 20], "debt": [10, 10, 10], "receivables": [[1, 2, 5]], "guarantees": [[0, 2, 0.5]],
    "ownership": [[0, 1, 0.6], [0, 2, 0.5]], "asset_loss": [0, 0, 9],
}  # fmt: skip
BANKS = {  # 0 lends 4 to 1, 1 lends 4 to 2; equities 6, 4, 2
    "ext_assets": [8, 8, 8], "ext_liab": [6, 4, 2], "edges": [[0, 1, 4], [1, 2, 4]], "ext_asset_loss": [0, 0, 3],
    "alpha": 0.9, "beta": 0.8, "sigma": [0.1, 0.2, 0.3], "rho": 0.6,
}  # fmt: skip
FIRMS = {
    "sector": [1, 2, 3], "essentiality_supplier_x_customer": [[1] * 3] * 3,
    "edges_1based_supplier_customer_weight": [[1, 2, 1], [2, 3, 1], [3, 1, 1]],
    "revenue": [2, 2, 2], "costs": [2, 2, 2], "market_share_substitution": True,
}  # fmt: skip


def wrong(inputs, model="interbank claims", **expect):
    """What differs between a case and our answers."""
    case = {"id": "by hand", "model": model, "inputs": inputs, "expected": expect}
    return answered(case, expected(case), TOLERANCE)


def test_receivables_guarantees_and_stakes_together_by_hand():
    """Before: 5, 3, and 2 + .6·3 + .5·5 = 6.3. After: 2 at -4 pays 11 of 15; 1 loses 4/3; 0 is called for 4/3."""
    assert (
        wrong(
            THREE,
            CHANNELS,
            equity0=[6.3, 3, 5],
            equity=[2 + 0.6 * 5 / 3 - 4 / 3, 5 / 3, -4],
            debt_recovery=[1, 1, 11 / 15],
        )
        == []
    )


def test_what_a_firm_owes_its_suppliers_ranks_with_its_bank_debt_and_calls_before_both():
    """1 owes 6 to the bank and 4 to 2, loses 5 and backs 0, which pays 0 of 10: 1 is at 10 - 10 + 2 - 5 - 2 = -5."""
    inputs = {
        "assets": [10, 12, 3], "debt": [10, 6, 1], "receivables": [[2, 1, 4]], "guarantees": [[1, 0, 0.2]],
        "ownership": [], "asset_loss": [10, 5, 0],
    }  # fmt: skip
    assert wrong(inputs, CHANNELS, equity=[-10, -5, 4], debt_recovery=[0, 0.5, 1], equity0=[0, 2, 6]) == []


def test_firms_that_own_half_of_each_other_before_and_after_a_loss():
    """6 = 3 + 6/2 each. After a loss of 6 the second is at -3 + 3/2, and owes 10 of which it pays 8.5."""
    inputs = {"assets": [13, 13], "debt": [10, 10], "ownership": [[0, 1, 0.5], [1, 0, 0.5]], "asset_loss": [0, 6]}

    assert wrong(inputs, "ownership loss", equity0=[6, 6], E0_own_solve=[6, 6], equity=[3, -1.5]) == []
    assert wrong(inputs | {"receivables": []}, CHANNELS, equity=[3, -1.5], debt_recovery=[1, 0.85]) == []


def test_of_many_solutions_the_greatest_stands():
    """Each backs all of the other's 10 and holds 10: both at 0 pay in full; so would -1 and -1 balance, down to -10."""
    inputs = {"assets": [10, 10], "debt": [10, 10], "guarantees": [[0, 1, 1.0], [1, 0, 1.0]], "asset_loss": [0, 0]}
    block = {"equity": [0, 0], "own_debt_recovery": [1, 1], "calls": [[0, 1, 0], [1, 0, 0]]}

    assert wrong(inputs, "guarantee calls", calls_before_own_debt_EN=block) == []
    assert wrong(inputs, CHANNELS, equity0=[0, 0], equity=[0, 0], debt_recovery=[1, 1]) == []


def test_every_block_answers_in_any_file_of_banks():
    """2 ends at -1, owing 6: pays 5/6, so 1 loses 2/3; nothing of its 4 goes to those before the claims. Linear: 2
    lost all, so 1 loses 4 of 4, so 0 loses 4 of 6."""
    assert wrong(
        BANKS,
        eisenberg_noe_pari_passu={"equity": [6, 4 - 2 / 3, -1], "payment": [6, 8, 5], "claim_value_factor": [1, 1, 5 / 6]},
        eisenberg_noe_external_senior={"equity": [6, 3, -1], "claim_value_factor": [1, 1, 3 / 4]},
        rogers_veraart_pari_passu={"claim_value_factor": [1, 1, 0.1 * 5 / 6 + 0.8 * 5 / 6], "alpha": 0.9, "beta": 0.8},
        furfine_zero_recovery={"equity": [2, 0, -1], "defaulted": [0, 0, 1], "claim_value_factor": [1, 0, 0]},
    ) == []  # fmt: skip
    assert wrong(
        BANKS,
        linear_debtrank={"equity": [2, 0, -1], "h": [2 / 3, 1, 1], "h_uncapped": [2 / 3, 1, 1.5]},
        debtrank_2012_single_hit={"h_uncapped": [2 / 3, 1, 1.5]},
        debtrank_2012_all_single_name={
            "value_weights": [0.5, 1 / 3, 1 / 6], "DR": [0, 1 / 3, 2 / 3], "linear_debtrank_first50": [0, 1 / 3, 2 / 3],
        },
        spectral_radius_interbank_leverage={"value": 0},
    ) == []  # fmt: skip


def test_repeated_lines_add_up_and_lines_of_nothing_change_nothing():
    split = [[0, 1, 3], [1, 2, 4], [2, 0, 0], [0, 1, 1]]
    block = {"equity": [6, 4 - 2 / 3, -1], "defaulted": [0, 0, 1]}

    assert wrong(BANKS | {"edges": split}, eisenberg_noe_pari_passu=block) == []
    twice = {"receivables": [[1, 2, 2], [1, 2, 3]], "guarantees": [[0, 2, 0.25], [0, 2, 0.25], [1, 0, 0]]}
    assert wrong(THREE | twice, CHANNELS, equity=[2 + 1 - 4 / 3, 5 / 3, -4]) == []
    impacts = {"edges": [[0, 1, 0.25], [0, 1, 0.25], [1, 0, 0]], "weights": [0.5, 0.5]}
    assert wrong(impacts, "DebtRank 2012", h_rows_by_first_default=[[1, 0.5], [0, 1]], debtrank=[0.25, 0]) == []


def test_production_is_answered_with_and_without_final_demand():
    """A ring of three with half final demand loses (1 + .5 + .5) / 3; without any, everything."""
    third = [[2 / 3, 1.75 / 3, 1.75 / 3]] * 3
    one = [[1, 1, 1]] * 3

    assert wrong(FIRMS, "ESRI", ESRI=third, ESRI_nosub=third, ESRI_julia=[2 / 3] * 3) == []
    assert wrong(FIRMS, "ESRI", **{"ESRI_no_final_demand_eps0.01": one}) == []
    assert wrong(FIRMS | {"revenue": None, "costs": None}, "ESRI", ESRI=one) == []


@pytest.mark.parametrize(
    ("inputs", "model", "expect"),
    [
        (BANKS, "interbank claims", {"eisenberg_noe": {"equity": [6, 3, -1]}}),
        (BANKS, "interbank claims", {"furfine_zero_recovery": {"equities": [2, 0, -1]}}),
        (BANKS, "interbank claims", {"furfine_zero_recovery": {"equity": [2, 0, -1], "equal": 1}}),
        (BANKS | {"collateral": [1, 1, 1]}, "interbank claims", {"furfine_zero_recovery": {"equity": [2, 0, -1]}}),
        (BANKS, "ARIO", {"furfine_zero_recovery": {"equity": [2, 0, -1]}}),
        ({"orders": [1]}, "ESRI", {"ESRI": [1]}),
        (THREE, CHANNELS, {"ESRI": [1]}),
        (THREE, CHANNELS, {"equity": [2 + 1 - 4 / 3, 5 / 3, -4 + 1e-6]}),
        (THREE, CHANNELS, {"equity": [2 + 1 - 4 / 3, 5 / 3]}),
        (THREE, CHANNELS, {"equity": [5 / 3, 5 / 3, float("nan")]}),
    ],
    ids=["block", "key", "one key", "input", "model", "form", "other form", "number", "length", "nan"],
)
def test_a_model_an_input_a_block_or_a_key_that_nobody_reads_fails(inputs, model, expect):
    assert len(wrong(inputs, model, **expect)) == 1


def gain(count, *links):
    rows, columns, sizes = zip(*links, strict=True)
    return loop_gain(sparse.csr_array((np.array(sizes, float), (rows, columns)), shape=(count, count)))


def test_the_gain_of_a_ring_is_the_root_of_its_product_of_a_chain_nothing_and_of_several_rings_the_largest():
    """A ring of .5, .5 and .2 multiplies by .05 in three steps; a pair of .9 and .4 by .36 in two."""
    ring, pair = [(0, 1, 0.5), (1, 2, 0.5), (2, 0, 0.2)], [(3, 4, 0.9), (4, 3, 0.4)]

    assert gain(3, *ring) == pytest.approx(0.05 ** (1 / 3))
    assert gain(5, *ring, *pair, (2, 3, 9.0)) == pytest.approx(0.6)
    assert gain(3, (0, 1, 5.0), (1, 2, 5.0)) == 0
    assert gain(2, (0, 0, 0.3), (0, 1, 1.0)) == pytest.approx(0.3)
    assert gain(2, (0, 1, 0.0), (1, 0, 3.0)) == pytest.approx(0)


def test_the_gain_of_a_long_ring_is_found_without_filling_a_matrix():
    assert gain(400, *[(i, (i + 1) % 400, 0.5) for i in range(400)]) == pytest.approx(0.5)
