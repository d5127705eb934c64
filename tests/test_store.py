"""The store's contract, on the embedded default and on a real Neo4j: what is written is what is read."""

from datetime import timedelta

import pytest
from relparty.graph.errors import DataError, StoreError, UsageError
from relparty.graph.snapshot import Snapshot
from relparty.graph.store import Store

from .servers import Server
from .snapshots import DAY, any_snapshot, firms_in_a_chain, frame, parties


@pytest.mark.parametrize("seed", range(4))
def test_what_is_written_is_what_is_read(store: Store, seed: int) -> None:
    """Every column of every table, with odd texts, 1e300, days of year 1, and gaps."""
    snapshot = any_snapshot(seed)

    store.write(snapshot)

    assert store.snapshot().equals(snapshot)


def test_a_store_turns_into_another_snapshot_whatever_it_held(store: Store) -> None:
    for seed in range(3):
        later = any_snapshot(seed, day=DAY + timedelta(seed))
        store.write(later)

        assert store.snapshot().equals(later)


def test_writing_twice_equals_writing_once(store: Store) -> None:
    snapshot = any_snapshot(7)
    store.write(snapshot)

    assert store.write(snapshot) == {"created": 0, "changed": 0, "deleted": 0}


def test_only_the_difference_is_written(store: Store) -> None:
    """Of four guarantees of 1.0 one becomes 2.0, one falls away, one is new."""
    ids = [f"E-{i}" for i in range(6)]
    kept = [
        {"contract_id": f"C-{i}", "source_row": i, "target_row": i + 1, "amount": 1.0, "source": "bank"}
        for i in range(5)
    ]
    before = Snapshot(DAY, parties(*ids), {"guarantees": frame("guarantees", kept[:4])})
    after = Snapshot(
        DAY, parties(*ids), {"guarantees": frame("guarantees", [kept[0], {**kept[1], "amount": 2.0}, *kept[3:]])}
    )
    store.write(before)

    assert store.write(after) == {"created": 1, "changed": 1, "deleted": 1}
    assert store.snapshot().equals(after)


def test_an_empty_snapshot_is_a_snapshot_too(store: Store) -> None:
    nobody = Snapshot(DAY, parties())
    store.write(firms_in_a_chain(3))
    store.write(nobody)

    assert store.snapshot().equals(nobody)


def test_a_party_of_unknown_kind_becomes_an_enterprise_and_keeps_its_links(store: Store, server: Server) -> None:
    rows = {
        "guarantees": frame("guarantees", [{"contract_id": "C", "source_row": 0, "target_row": 1, "source": "bank"}])
    }
    store.write(Snapshot(DAY, parties("A", "B", kind="unknown"), rows))
    store.write(Snapshot(DAY, parties("A", "B"), rows))

    with server.bare() as session:
        found = session.run("MATCH (a:Enterprise)-[g:GUARANTEES]->(b:Enterprise) RETURN g.contract_id AS c").value("c")
    assert found == ["C"]


def test_the_store_never_moves_back(store: Store) -> None:
    store.write(firms_in_a_chain(2))

    with pytest.raises(DataError, match="2024-06-30, later than 2024-06-29"):
        store.write(firms_in_a_chain(2, day=DAY - timedelta(1)))


def test_nothing_written_is_nothing_to_score_from(store: Store) -> None:
    with pytest.raises(DataError, match="relparty load"):
        store.snapshot()


def test_a_write_that_did_not_finish_is_not_read(store: Store) -> None:
    """The third batch fails here; the same write again finishes it."""
    store.write(any_snapshot(1))

    def fails(what: str, done: int, whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(any_snapshot(2), progress=fails)
    with pytest.raises(DataError, match="did not finish"):
        store.snapshot()
    store.write(any_snapshot(2))
    assert store.snapshot().equals(any_snapshot(2))


def test_missing_values_are_absent_and_row_numbers_are_not_stored(store: Store, server: Server) -> None:
    store.write(firms_in_a_chain(2))

    with server.bare() as session:
        firm = session.run("MATCH (p:Party {party_id: 'E-00000'}) RETURN keys(p) AS names").value("names")[0]
        link = session.run("MATCH (:Party)-[r:GUARANTEES]->(:Party) RETURN keys(r) AS names").value("names")[0]
    assert sorted(firm) == ["kind", "party_id", "source"]
    assert sorted(link) == ["amount", "contract_id", "source"]


@pytest.mark.parametrize("amount", [float("nan"), float("inf")])
def test_no_store_holds_a_number_that_is_none(store: Store, amount: float) -> None:
    with pytest.raises(DataError, match="guarantees: amount is no finite number in 1 rows, first 'C-00000'"):
        store.write(firms_in_a_chain(2, amount=amount))
    assert store.day is None


def test_a_key_too_long_to_index_never_reaches_the_store(store: Store) -> None:
    with pytest.raises(DataError, match="parties: party_id is longer than 1024 bytes"):
        store.write(Snapshot(DAY, parties("x" * 9000)))


def test_a_writer_waits_for_another_and_then_names_it(store: Store, server: Server) -> None:
    with (
        server.store(lease_seconds=60) as other,
        other._writing(0),  # noqa: SLF001 (holds the lease and does nothing)
        pytest.raises(StoreError, match=r"held by .* process"),
    ):
        store.write(firms_in_a_chain(2), wait=0.5)
    store.write(firms_in_a_chain(2), wait=0)


def test_a_lease_of_a_killed_writer_runs_out(store: Store, server: Server) -> None:
    with server.bare() as session:
        session.run(
            "CREATE (:Lock {name: 'writer', holder: 'dead', token: 'x', since: timestamp(), until: timestamp() + 1000})"
        )

    store.write(firms_in_a_chain(2), wait=10)

    assert store.snapshot().equals(firms_in_a_chain(2))


def test_a_writer_whose_lease_was_taken_writes_nothing_more(store: Store, server: Server) -> None:
    def taken(what: str, done: int, whole: int) -> None:
        with server.bare() as session:
            session.run(
                "MATCH (l:Lock) SET l.token = 'another', l.holder = 'somebody', l.since = timestamp()"
            ).consume()

    with pytest.raises(StoreError, match="taken by somebody"):
        store.write(any_snapshot(1), progress=taken)


def test_a_message_is_cut_where_names_are_long(store: Store) -> None:
    """3,000 names of 10,000 characters are 30 MB, four times what goes into one message."""
    rows: list[dict[str, object]] = [
        {"party_id": f"{i}", "kind": "enterprise", "name": "x" * 10_000, "source": "s"} for i in range(3000)
    ]
    snapshot = Snapshot(DAY, frame("parties", rows))
    store.write(snapshot)

    assert store.snapshot().equals(snapshot)


def test_a_wrong_password_is_one_line_without_the_password(server: Server) -> None:
    with pytest.raises(StoreError, match="refuses the login") as told:
        Store.connect(server.url, server.user, "not-the-password")
    assert "not-the-password" not in str(told.value)


def test_a_database_that_is_not_there_is_named(server: Server) -> None:
    with pytest.raises(StoreError, match="no database 'elsewhere'"):
        Store.connect(server.url, server.user, server.password, database="elsewhere")


def test_a_store_is_reached_by_a_routing_url_too(server: Server) -> None:
    with Store.connect(server.url.replace("bolt:", "neo4j:"), server.user, server.password) as store:
        store.write(firms_in_a_chain(2))

        assert store.snapshot().equals(firms_in_a_chain(2))


@pytest.mark.parametrize("url", ["http://localhost:7474", "localhost", ""])
def test_what_is_no_url_of_a_store_says_what_is(url: str) -> None:
    with pytest.raises(UsageError, match="bolt://HOST:7687"):
        Store.connect(url, "neo4j", "a-password")


def test_a_server_that_is_down_is_one_line() -> None:
    with pytest.raises(StoreError, match=r"No answer from bolt://127\.0\.0\.1:1"):
        Store.connect("bolt://127.0.0.1:1", "neo4j", "a-password")
