"""Publishing a run, on both servers: whole or not at all, with what was before, and only what is worth a property."""

from datetime import timedelta

import pytest
from relparty.graph import publishing
from relparty.graph.errors import DataError, StoreError
from relparty.graph.results import Run
from relparty.graph.snapshot import Snapshot
from relparty.graph.store import Store

from .scores import scores
from .servers import Server
from .snapshots import DAY, firms_in_a_chain, frame, parties

IDS = ["E-00000", "E-00001", "E-00002"]
FIRST, SECOND = Run("run-1", "score", DAY, hashes={"register": "abc"}), Run("run-2", "score", DAY)


@pytest.fixture
def chain(store: Store) -> Store:
    """Three firms, each guaranteeing the next one's debt."""
    store.write(firms_in_a_chain(3))
    return store


def _firms(server: Server, *names: str) -> list[list[object]]:
    asked = ", ".join(f"e.{name}" for name in names)
    with server.bare() as session:
        return [record.values() for record in session.run(f"MATCH (e:Enterprise) RETURN {asked} ORDER BY e.party_id")]


def _links(server: Server) -> list[list[object]]:
    with server.bare() as session:
        found = session.run(
            "MATCH (s:Party)-[r:GUARANTEES]->(:Party) WHERE r.risk_run_id IS NOT NULL RETURN s.party_id, "
            "r.risk_contagion_guarantee_call, r.risk_contagion_cover_loss, r.risk_run_id ORDER BY s.party_id"
        )
        return [record.values() for record in found]


def test_a_run_lies_on_its_firms_with_the_one_before(chain: Store, server: Server) -> None:
    assert chain.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3]))
    assert chain.publish(SECOND, scores(IDS, [0.4, 0.5, 0.6]))

    found = _firms(server, "risk_pd", "risk_pd_previous", "risk_run_id", "risk_run_id_previous")
    assert found == [[0.4, 0.1, "run-2", "run-1"], [0.5, 0.2, "run-2", "run-1"], [0.6, 0.3, "run-2", "run-1"]]
    runs = chain.runs()
    assert runs.select("run_id", "in_force").rows() == [("run-1", False), ("run-2", True)]


def test_publishing_twice_equals_publishing_once(chain: Store, server: Server) -> None:
    chain.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3]))
    chain.publish(SECOND, scores(IDS, [0.4, 0.5, 0.6]))
    chain.publish(SECOND, scores(IDS, [0.4, 0.5, 0.6]))

    assert _firms(server, "risk_pd_previous", "risk_run_id_previous")[0] == [0.1, "run-1"]


def test_results_never_come_back_as_facts(chain: Store) -> None:
    chain.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3]))

    assert chain.snapshot().equals(firms_in_a_chain(3))


def test_only_the_links_that_carry_contagion_get_it(chain: Store, server: Server) -> None:
    """A guarantor loses when its debtor fails (.2); a debtor loses cover when its guarantor fails (.1)."""
    links = [
        (IDS[0], IDS[1], "guarantees", ["C-00000"], "guarantee_call", 0.2),
        (IDS[2], IDS[1], "guarantees", ["C-00001"], "cover_loss", 0.1),
    ]
    chain.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3], links=links))
    assert _links(server) == [[IDS[0], 0.2, None, "run-1"], [IDS[1], None, 0.1, "run-1"]]

    chain.publish(SECOND, scores(IDS, [0.1, 0.2, 0.3], links=links[:1]))
    assert _links(server) == [[IDS[0], 0.2, None, "run-2"]]


def test_a_value_that_is_missing_now_leaves_none_behind(chain: Store, server: Server) -> None:
    chain.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3]))
    unseen = scores(IDS, [0.1, 0.2, None])  # type: ignore[list-item]  # a firm never seen has no PD
    chain.publish(SECOND, unseen)

    assert _firms(server, "risk_pd") == [[0.1], [0.2], [None]]


def test_a_firm_that_is_gone_from_the_run_carries_no_result(store: Store, server: Server) -> None:
    store.write(Snapshot(DAY, parties("A", "B")))
    store.publish(FIRST, scores(["A", "B"], [0.1, 0.2]))
    moved: list[dict[str, object]] = [
        {"party_id": "A", "kind": "enterprise", "source": "bank"},
        {"party_id": "B", "kind": "person", "source": "bank"},
    ]
    store.write(Snapshot(DAY + timedelta(1), frame("parties", moved).sort("party_id")))
    store.publish(Run("run-2", "score", DAY + timedelta(1)), scores(["A"], [0.3]))

    with server.bare() as session:
        names = session.run("MATCH (p:Person) RETURN keys(p) AS names").single(strict=True)["names"]
    assert sorted(names) == ["kind", "party_id", "source"]


def test_a_run_for_a_day_before_the_stores_leaves_its_node_alone(chain: Store, server: Server) -> None:
    old = Run("old", "score", DAY - timedelta(1))

    assert not chain.publish(old, scores(IDS, [0.1, 0.2, 0.3]))
    assert _firms(server, "risk_pd") == [[None], [None], [None]]
    assert chain.runs().select("run_id", "as_of", "in_force").rows() == [("old", DAY - timedelta(1), False)]


def test_a_run_for_a_later_day_waits_for_its_load(chain: Store) -> None:
    with pytest.raises(DataError, match="load --day 2024-07-01 first"):
        chain.publish(Run("run", "score", DAY + timedelta(1)), scores(IDS, [0.1, 0.2, 0.3]))


def test_scores_cover_exactly_the_firms_of_the_store(chain: Store, server: Server) -> None:
    with pytest.raises(DataError, match="2 rows do not cover exactly the 3 enterprises"):
        chain.publish(FIRST, scores(IDS[:2], [0.1, 0.2]))
    assert chain.runs().is_empty()


def test_a_link_that_is_not_there_publishes_nothing(chain: Store, server: Server) -> None:
    links = [(IDS[0], IDS[2], "guarantees", ["C-9"], "guarantee_call", 0.2)]

    with pytest.raises(DataError, match="links, guarantee_call: 1 rows"):
        chain.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3], links=links))
    assert _firms(server, "risk_pd") == [[None], [None], [None]]


def test_a_publication_broken_off_leaves_the_run_before(chain: Store, server: Server) -> None:
    chain.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3]))

    def breaks(what: str, done: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        chain.publish(SECOND, scores(IDS, [0.4, 0.5, 0.6]), progress=breaks)
    assert _firms(server, "risk_pd", "risk_run_id") == [[0.1, "run-1"], [0.2, "run-1"], [0.3, "run-1"]]
    assert chain.query("MATCH (e:Enterprise) RETURN count(e)").rows == [(3,)]


@pytest.mark.parametrize("committed", [False, True])
def test_the_next_writer_ends_what_a_killed_one_left_marked(chain: Store, server: Server, *, committed: bool) -> None:
    """Killed between mark and commit, the mark goes; killed after the commit, the run is in force."""
    chain.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3]))
    if committed:
        chain.publish(SECOND, scores(IDS, [0.4, 0.5, 0.6]))
    with server.bare() as session:
        session.run("MATCH (p:Publication) SET p.run_id = 'run-1', p.publishing = 'run-2'").consume()

    chain.write(firms_in_a_chain(3))

    with server.bare() as session:
        mark = session.run("MATCH (p:Publication) RETURN p.run_id, p.publishing").single(strict=True).values()
    assert mark == ["run-2" if committed else "run-1", None]


def test_neo4j_is_not_asked_for_more_memory_than_it_has(neo4j_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "BYTES_PER_PROPERTY_SET", 1 << 30)
    neo4j_server.empty()
    with neo4j_server.store() as store:
        store.write(firms_in_a_chain(3))
        with pytest.raises(StoreError, match=r"dbms.memory.transaction.total.max is 1.\d GiB"):
            store.publish(FIRST, scores(IDS, [0.1, 0.2, 0.3]))
        assert store.runs().is_empty()
