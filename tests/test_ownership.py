"""Integrated ownership: closed forms first, then laws, then what users reported."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph import ownership
from relparty.graph.errors import DataError
from relparty.graph.rings import rings
from relparty.graph.rules import rule
from relparty.graph.snapshot import Snapshot
from relparty.graph.stakes import PAIR
from scipy import sparse

from . import case_ownership
from .case_files import expected, register_of
from .rows import day, register
from .shared import needs_shared, report

DAY = day("2024-06-30")


def owns(text: str, **tables: str) -> Snapshot:
    return register(owns=text, **tables).as_of(DAY)


def shares(snapshot: Snapshot, target: str, *columns: str) -> dict[str, tuple]:
    """Of each owner, the columns of its integrated share in a target."""
    found = ownership.integrated(snapshot, [snapshot.row_of(target)])
    names = snapshot.parties["party_id"].gather(found["owner_row"])
    return dict(zip(names, found.select(columns).rows(), strict=True))


def test_shares_multiply_along_a_chain_and_add_over_chains():
    """.6 x .5 through B, .4 x .2 through C: .38."""
    held = owns("""
        owner_id enterprise_id share valid_from
        A B .6 2020-01-01
        A C .4 2020-01-01
        B T .5 2020-01-01
        C T .2 2020-01-01
    """)

    assert shares(held, "T", "share")["A"][0] == pytest.approx(0.38)


def test_a_cross_holding_counts_without_end_and_an_owner_never_through_itself():
    """P holds .8 of A, A and B hold .25 of each other: P in A is .8/(1 - 1/16), in B a quarter of that.

    A's raw share in B is .25/(1 - 1/16); without re-entry it is what it holds: .25.
    """
    held = owns("""
        owner_id enterprise_id share valid_from
        P A .8 2020-01-01
        A B .25 2020-01-01
        B A .25 2020-01-01
    """)

    assert shares(held, "A", "share")["P"][0] == pytest.approx(0.8 / (1 - 1 / 16))
    assert shares(held, "B", "share")["P"][0] == pytest.approx(0.2 / (1 - 1 / 16))
    assert shares(held, "B", "raw", "share")["A"] == pytest.approx((0.25 / (1 - 1 / 16), 0.25))


def test_who_owns_itself_wholly_has_no_number_and_passes_nothing_on():
    """A and B own each other wholly; what A holds of T is nobody's, the rest is P's."""
    held = owns("""
        owner_id enterprise_id share valid_from
        A B 1 2020-01-01
        B A 1 2020-01-01
        A T .6 2020-01-01
        P T .4 2020-01-01
    """)
    graph, rows = ownership.Ownership.of(held), [held.row_of(name) for name in ("A", "B", "T")]

    assert graph.self_owned.tolist() == rows[:2]
    assert shares(held, "A", "share") == {}
    assert shares(held, "T", "share") == {"P": (0.4,)}
    assert ownership.unattributed(graph, rows)["unattributed"].to_list() == [None, None, pytest.approx(0.6)]


def test_a_ring_in_which_others_hold_too_is_solved_however_little_they_hold():
    """A owns B wholly, B all of A but one hundredth: P has everything, hundred times around."""
    held = owns("""
        owner_id enterprise_id share valid_from
        A B 1 2020-01-01
        B A .99 2020-01-01
        P A .01 2020-01-01
    """)

    assert shares(held, "B", "share")["P"][0] == pytest.approx(1.0)


def test_a_large_ring_is_solved_and_a_boundless_one_refused():
    """Of 3,000 in a ring of .5 each holds .5 of the next, .25 of the one after, …: of itself nothing to speak of."""

    def ring(size: int) -> sparse.csr_array:
        firms = np.arange(size)
        return sparse.csr_array((np.full(size, 0.5), (firms, np.roll(firms, -1))), shape=(size, size))

    pairs = pl.DataFrame(
        {"owner_row": range(3000), "owned_row": [*range(1, 3000), 0]}, schema=dict.fromkeys(PAIR, pl.UInt32)
    )
    ends = {f"capital_{end}": pl.lit(0.5) for end in ("low", "high")}
    flags = {f"capital_{end}_included": pl.lit(value=True) for end in ("low", "high")}
    graph = ownership.Ownership(pairs.with_columns(**ends, **flags), 3000)

    found = ownership.integrated_of(graph, [10]).filter(pl.col("owner_row").is_in([8, 9]))
    assert found["share"].to_list() == pytest.approx([0.25, 0.5])
    assert graph.self_owned.size == 0
    with pytest.raises(DataError, match="20,001 parties own each other in one ring"):
        rings(ring(20_001))


def test_bands_multiply_end_by_end_and_an_open_end_stays_open():
    """(.25, .5] of B, which holds [.5, .75) of T: above .125, below .375."""
    held = owns("""
        owner_id enterprise_id share_low share_high low_included high_included valid_from
        A B .25 .5 false true 2020-01-01
        B T .5 .75 true false 2020-01-01
    """)

    ends = ("low", "low_included", "high", "high_included", "share")
    assert shares(held, "T", *ends)["A"] == (pytest.approx(0.125), False, pytest.approx(0.375), False, None)


def test_a_closed_band_keeps_both_ends():
    held = owns("""
        owner_id enterprise_id share_low share_high valid_from
        A B .25 .5 2020-01-01
        B T .5 1 2020-01-01
    """)

    assert shares(held, "T", "low", "low_included", "high", "high_included")["A"] == (0.125, True, 0.5, True)


def test_nobody_can_hold_what_the_others_surely_hold():
    """Q has .7 of T, so P's unknown share is at most .3."""
    held = owns("""
        owner_id enterprise_id share valid_from
        Q T .7 2020-01-01
        P T - 2020-01-01
    """)

    assert shares(held, "T", "low", "high")["P"] == (0.0, pytest.approx(0.3))
    assert shares(held, "T", "share")["Q"] == (0.7,)


def test_bands_that_bound_nothing_give_the_whole():
    """A and B may own each other wholly, so whoever holds a part of A may have all of T."""
    held = owns("""
        owner_id enterprise_id share share_low share_high valid_from
        P A - 0 .2 2020-01-01
        A B - .5 1 2020-01-01
        B A - .1 1 2020-01-01
        B T 1 - - 2020-01-01
    """)

    assert shares(held, "T", "low", "high")["P"] == (0.0, 1.0)
    assert shares(held, "T", "low", "high")["A"] == (pytest.approx(0.5), 1.0)


def test_an_exact_share_of_nothing_ties_nobody():
    held = owns("""
        owner_id enterprise_id share valid_from
        A T 0 2020-01-01
        B T 1 2020-01-01
    """)

    assert set(shares(held, "T", "share")) == {"B"}


def test_a_declared_indirect_stake_stands_only_without_its_chain():
    """A's .3 in T through B is declared once more; of S nothing else is known."""
    held = owns("""
        owner_id enterprise_id share direct valid_from
        A B .6 true 2020-01-01
        B T .5 true 2020-01-01
        A T .3 false 2020-01-01
        A S .4 false 2020-01-01
    """)

    assert shares(held, "T", "share")["A"][0] == pytest.approx(0.3)
    assert shares(held, "S", "share")["A"] == (0.4,)
    assert ownership.Ownership.of(held).pairs.filter("declared").height == 1


def test_a_nominee_holds_for_its_principal_or_for_nobody():
    held = owns(
        """
        owner_id enterprise_id share nominee valid_from
        N T .6 true 2020-01-01
        M T .3 true 2020-01-01
        """,
        related_to="""
        party_id other_id relation valid_from
        P N nominee 2020-01-01
        """,
    )

    assert shares(held, "T", "share") == {"P": (0.6,)}


def test_votes_and_capital_are_two_graphs():
    held = owns("""
        owner_id enterprise_id share votes valid_from
        A T .8 .1 2020-01-01
        B T - .9 2020-01-01
    """)
    row = held.row_of("T")

    votes = ownership.integrated_of(ownership.Ownership.of(held, "votes"), [row])
    assert votes["share"].to_list() == [0.1, 0.9]
    assert shares(held, "T", "low", "high")["B"] == (0.0, pytest.approx(0.2))


@st.composite
def stakes(draw: st.DrawFn) -> list[tuple[str, str, float]]:
    """Stakes among six firms whose owners hold at most the whole, in tenths."""
    rows = []
    for firm in "abcdef":
        parts = draw(st.lists(st.integers(1, 5), max_size=3).filter(lambda parts: sum(parts) <= 10))
        owners = draw(st.permutations([each for each in "abcdefp" if each != firm]))
        rows += [(owner, firm, part / 10) for owner, part in zip(owners, parts, strict=False)]
    return rows


@given(stakes())
@settings(max_examples=60, deadline=None)
def test_corrected_shares_never_exceed_the_whole(rows):
    """Where shares into each firm sum to at most 1."""
    if rows:
        snapshot = register_of(rows).as_of(DAY)
        found = ownership.integrated(snapshot, range(snapshot.parties.height))

        assert found["share"].is_between(0, 1 + 1e-9).all()


@given(stakes(), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_changes_nothing(rows, dice):
    mixed = rows.copy()
    dice.shuffle(mixed)
    if rows:
        first, second = (register_of(each).as_of(DAY) for each in (rows, mixed))
        every = range(first.parties.height)

        assert ownership.integrated(first, every).equals(ownership.integrated(second, every))


@needs_shared
@pytest.mark.parametrize(("number", "name"), [("18", "rounded"), ("19", "parallel")])
def test_18_19_rounded_and_parallel_stakes_are_added_as_they_are(number, name):
    case = json.loads((report(number) / "ownership" / f"{name}.json").read_text(encoding="utf-8"))

    assert case_ownership.answered(case, expected(case), 1e-9) == []


def test_what_is_just_below_a_threshold_is_never_shown_as_reaching_it():
    """.2499 under "25 % or more", .25 under "more than 25 %"; sums are allowed rounding, no more."""
    atleast, above = rule("amlr", "owner_share", day("2027-07-10")), rule("psc", "owner_share", DAY)
    values = pl.DataFrame({"share": [0.2499, 0.25, 0.7 * 0.2 + 0.11, 0.2501]})

    assert values.select(atleast.met(pl.col("share"))).to_series().to_list() == [False, True, True, True]
    assert values.select(above.met(pl.col("share"))).to_series().to_list() == [False, False, False, True]
