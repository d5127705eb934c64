"""The surroundings of a party."""

import pytest
from relparty.graph.ego import ego_graph
from relparty.graph.errors import UsageError

from .rows import day, register

CHAIN = register(
    parties="party_id kind\nA enterprise\nB enterprise\nC enterprise\nP person",
    owns="owner_id enterprise_id share valid_from\nP A .5 2020-01-01\nA B .5 2020-01-01\nB C .5 2020-01-01",
    lends_to="lender_id borrower_id balance valid_from\nB A 5 2020-01-01",
).as_of(day("2024-01-01"))


def test_the_neighbourhood_reaches_both_ways_and_keeps_the_links_between_its_parties():
    near = ego_graph(CHAIN, "A")

    assert dict(near.nodes(data="steps")) == {"A": 0, "B": 1, "P": 1}
    assert sorted((s, t, kind) for s, t, kind in near.edges(data="type")) == [
        ("A", "B", "OWNS"), ("B", "A", "LENDS_TO"), ("P", "A", "OWNS"),
    ]  # fmt: skip


def test_two_links_reach_further():
    assert dict(ego_graph(CHAIN, "P", 2).nodes(data="steps")) == {"P": 0, "A": 1, "B": 2}


def test_an_unknown_party_is_a_mistake_of_usage():
    with pytest.raises(UsageError, match="Z: no such party on 2024-01-01"):
        ego_graph(CHAIN, "Z")
