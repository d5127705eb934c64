"""Guarantee patterns: counts by hand, networkx and brute force as oracles."""

from itertools import combinations, permutations

import networkx as nx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.burden import burden
from relparty.graph.cycles import ENDS, simple_cycles
from relparty.graph.errors import DataError
from relparty.graph.guarantees import PATTERNS, pairs, patterns
from relparty.graph.register import Register
from relparty.loaders.folder import read_folder
from relparty.loaders.intake import take_in

from .rows import day, register
from .shared import needs_shared, report

DAY = day("2024-06-30")
NOBODY = pl.DataFrame(schema={"group_id": pl.String, "party_row": pl.UInt32})


def ties(*listed):
    frame = pl.DataFrame(listed, schema=dict.fromkeys(ENDS, pl.UInt32), orient="row")
    return frame.unique().sort(ENDS)


def found(some, pattern):
    return [tuple(rows) for rows in patterns(some).of(pattern)["party_rows"].to_list()]


@needs_shared
def test_23_guarantees_run_in_circles_and_each_is_counted_once():
    snapshot = take_in(Register.empty(), read_folder(report("23"))).register.as_of(DAY)
    ids = snapshot.parties["party_id"]
    told = patterns(pairs(snapshot))

    def named(pattern):
        return ["".join(ids[row] for row in rows) for rows in told.of(pattern)["party_rows"]]

    assert named("mutual") == ["AB"]
    assert [each for each in named("circle") if len(each) > 2] == ["ABCD"]
    assert sorted(named("cycle")) == ["AB", "BCD"]
    assert named("star") == ["MJKL"]
    assert named("cross") == ["FGHI"]
    assert named("chain") == ["GN"]
    assert named("set") == ["FGHIN", "ABCD", "JKLM"]
    contracts = told.contracts(snapshot).filter(pl.col("pattern") == "mutual")["contract_id"].to_list()
    assert contracts == ["C-01", "C-02", "C-03"]
    sums = dict(burden(snapshot, NOBODY).select("party_row", "promised").rows())
    assert {ids[row]: money for row, money in sums.items() if ids[row] in "ABF"} == {"A": 150, "B": 140, "F": 60}
    assert dict(burden(snapshot, NOBODY).select("party_row", "against_equity").rows())[0] == 1.5


@needs_shared
def test_25_a_joint_contract_binds_each_guarantor_for_the_whole():
    """A: 100 + 50 + 70 of the joint one = 220; E: 70 + 10 = 80."""
    snapshot = take_in(Register.empty(), read_folder(report("25"))).register.as_of(DAY)
    sums = burden(snapshot, NOBODY).select("party_row", "promised", "contracts").rows()

    assert [(snapshot.parties["party_id"][row], money, number) for row, money, number in sums] == [
        ("A", 220, 3),
        ("E", 80, 2),
    ]


def test_four_who_all_guarantee_each_other_are_one_clique_of_six_mutual_pairs():
    everyone = ties(*permutations(range(4), 2))

    assert found(everyone, "clique") == [(0, 1, 2, 3)]
    assert len(found(everyone, "mutual")) == 6
    assert len(found(everyone, "cycle")) == 6 + 8 + 6


def test_two_cliques_may_share_a_party():
    both_ways = ties(*permutations((0, 1, 2), 2), *permutations((2, 3, 4), 2))

    assert sorted(found(both_ways, "clique")) == [(0, 1, 2), (2, 3, 4)]


def test_a_one_way_ring_is_a_circle_and_no_clique():
    ring = ties((0, 1), (1, 2), (2, 0))

    assert (found(ring, "circle"), found(ring, "clique"), found(ring, "mutual")) == ([(0, 1, 2)], [], [])


def test_who_stands_in_no_circle_star_or_cross_is_a_chain():
    line = ties((0, 1), (1, 2))

    assert found(line, "chain") == [(0, 1, 2)]
    assert found(ties((0, 1), (1, 2), (2, 0)), "chain") == []


def test_without_guarantees_there_is_no_pattern_and_no_burden():
    nothing = Register.empty().as_of(DAY)

    assert patterns(pairs(nothing)).found.is_empty()
    assert burden(nothing, NOBODY).is_empty()


def test_cycles_longer_than_asked_for_are_not_listed():
    ring = ties(*((place, (place + 1) % 6) for place in range(6)))

    assert simple_cycles(ring, 5).is_empty()
    assert simple_cycles(ring, 6)["party_rows"].to_list() == [[0, 1, 2, 3, 4, 5]]


def test_a_circle_too_dense_to_list_says_so():
    everyone = ties(*permutations(range(30), 2))

    with pytest.raises(DataError, match="list shorter cycles"):
        simple_cycles(everyone, 5, most=10_000)


GRAPHS = st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1]), min_size=1)


@given(GRAPHS, st.integers(2, 7))
@settings(max_examples=40, deadline=None)
def test_simple_cycles_are_those_of_networkx(graph, longest):
    listed = simple_cycles(ties(*graph), longest)["party_rows"].to_list()
    oracle = nx.simple_cycles(nx.DiGraph(list(graph)), length_bound=longest)

    assert sorted(map(tuple, listed)) == sorted(_from_smallest(cycle) for cycle in oracle)


def _from_smallest(cycle):
    turn = cycle.index(min(cycle))
    return tuple(cycle[turn:] + cycle[:turn])


@given(GRAPHS)
@settings(max_examples=40, deadline=None)
def test_patterns_are_those_of_naive_iteration(graph):
    """Each definition tried on every set of parties."""
    made = patterns(ties(*graph)).found
    told = {name: {tuple(r) for r in made.filter(pattern=name)["party_rows"].to_list()} for name in PATTERNS}
    parties = sorted({party for pair in graph for party in pair})
    cliques = [set(some) for size in range(3, 8) for some in combinations(parties, size) if _each_for_each(graph, some)]
    after = {one: _reached(graph, one) for one in parties}
    about = {one: _reached(graph | {(b, a) for a, b in graph}, one) for one in parties}

    assert told["mutual"] == {(a, b) for a, b in graph if a < b and (b, a) in graph}
    assert told["clique"] == {tuple(sorted(c)) for c in cliques if not any(c < other for other in cliques)}
    rings = {tuple(b for b in parties if b in after[a] and a in after[b]) for a in parties}
    assert told["circle"] == {ring for ring in rings if len(ring) > 1}
    assert told["set"] == {tuple(sorted(about[a])) for a in parties}
    assert told["star"] == {(b, *a) for b in parties if len(a := sorted(x for x, y in graph if y == b)) >= 3}
    assert told["cross"] == {(a, *b) for a in parties if len(b := sorted(y for x, y in graph if x == a)) >= 3}


def _each_for_each(graph, some):
    return all(pair in graph for pair in permutations(some, 2))


def _reached(graph, start):
    seen: set[int] = set()
    last = {start}
    while last:
        last = {b for a, b in graph if a in last} - seen
        seen |= last
    return seen


def test_an_uncapped_contract_is_counted_and_never_taken_for_nothing():
    """A promised 100 at least, besides one contract without a cap; B nothing that has a number."""
    snapshot = register(
        guarantees="""
            contract_id guarantor_id debtor_id amount valid_from
            C-1 A X 100 2023-01-01
            C-2 A Y - 2023-01-01
            C-3 B X - 2023-01-01
        """
    ).as_of(DAY)

    assert burden(snapshot, NOBODY).select("contracts", "uncapped", "promised", "against_equity").rows() == [
        (2, 1, 100.0, None),
        (1, 1, None, None),
    ]


def test_what_is_promised_inside_the_own_group_is_correlated():
    """A stands for X of its own group with 30 and for Y outside with 70."""
    snapshot = register(
        guarantees="""
            contract_id guarantor_id debtor_id amount valid_from
            C-1 A X 30 2023-01-01
            C-2 A Y 70 2023-01-01
        """
    ).as_of(DAY)
    group = pl.DataFrame({"group_id": ["G"] * 2, "party_row": [snapshot.row_of("A"), snapshot.row_of("X")]})

    assert burden(snapshot, group)["correlated"].to_list() == [pytest.approx(0.3)]


def test_negative_equity_makes_no_ratio():
    snapshot = register(
        parties="party_id kind\nA enterprise",
        accounts="party_id scope valid_from equity\nA solo 2023-12-31 -5",
        guarantees="contract_id guarantor_id debtor_id amount valid_from\nC-1 A X 30 2023-01-01",
    ).as_of(day("2024-12-31"))

    assert burden(snapshot, NOBODY).select("equity", "against_equity").rows() == [(-5, None)]
