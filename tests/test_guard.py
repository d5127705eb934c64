"""Analysts' queries read the graph and nothing else: every row of what the two servers let through by default."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import neo4j
import pytest
from relparty.graph.errors import RelpartyError, StoreError, UsageError
from relparty.graph.store import Store

from .servers import Server
from .shared import needs_shared, report
from .snapshots import firms_in_a_chain

COUNTS = (
    "MATCH (n) RETURN count(n), sum(size(keys(n)))",
    "MATCH ()-[r]->() RETURN count(r), sum(size(keys(r)))",
    "SHOW CONSTRAINTS YIELD name RETURN count(name)",
    "SHOW INDEXES YIELD name RETURN count(name)",
)
WRITES = (
    "CREATE (x:Party {party_id: 'zz'})", "MATCH (a:Party) SET a.name = 'x'", "MATCH (a:Party) DETACH DELETE a",
    "DROP CONSTRAINT party_key", "CREATE INDEX zz IF NOT EXISTS FOR (a:Party) ON (a.name)",
    "MATCH (a:Party) CALL (a) { SET a.name = 'x' }", "MATCH (a:Party) REMOVE a.kind", "MATCH (a:Party) SET a:Person",
    "CREATE USER zz SET PASSWORD 'zzzzzzzz'", "CALL db.createLabel('Zz')",
)  # fmt: skip


@pytest.fixture
def some(store: Store) -> Store:
    """A store of a few parties."""
    store.write(firms_in_a_chain(4))
    return store


@pytest.fixture
def unchanged(some: Store, server: Server) -> Iterator[None]:
    """Afterwards nodes, links, properties, constraints and indexes are as many as before."""
    before = _counts(server)
    yield
    assert _counts(server) == before


def _counts(server: Server) -> list[list[object]]:
    with server.bare() as session:
        return [session.run(text).values()[0] for text in COUNTS]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("text", WRITES)
def test_a_query_that_writes_is_refused(some: Store, text: str) -> None:
    with pytest.raises(UsageError) as told:
        some.query(text)
    assert "\n" not in str(told.value)


@pytest.mark.usefixtures("unchanged")
def test_a_profile_of_a_writing_query_writes_nothing(some: Store) -> None:
    """Neo4j refuses it; ArcadeDB shows a plan and runs nothing for a reader."""
    with contextlib.suppress(UsageError):
        some.query("PROFILE CREATE (x:Party {party_id: 'zz'})")


@pytest.mark.usefixtures("unchanged")
def test_a_file_of_the_server_is_not_read(some: Store, tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("secret")

    for text in (
        "LOAD CSV FROM $url AS r RETURN r",
        "UNWIND [1] AS i CALL (i) { LOAD CSV FROM $url AS r RETURN r } RETURN r",
    ):
        with pytest.raises(UsageError):
            some.query(text, {"url": f"file://{file}"})


@pytest.mark.usefixtures("unchanged")
def test_an_address_is_not_asked(some: Store) -> None:
    asked: list[str] = []

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secret\n")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Asked) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        with pytest.raises(UsageError):
            some.query(f"LOAD CSV FROM 'http://127.0.0.1:{web.server_port}/x' AS r RETURN r")
        web.shutdown()
    assert asked == []


def test_a_query_without_end_is_ended(some: Store) -> None:
    """Nine trillion rows, given one second."""
    begun = time.monotonic()

    with pytest.raises(StoreError, match="took too long"):
        some.query("UNWIND range(1, 3000000) AS a UNWIND range(1, 3000000) AS b RETURN count(*)", timeout=1)
    assert time.monotonic() - begun < 20
    assert some.query("RETURN 1 AS one").rows == [(1,)]


def test_more_rows_than_the_limit_are_said_to_be_there(some: Store) -> None:
    answer = some.query("UNWIND range(1, 100000) AS i RETURN i", limit=3)

    assert (answer.columns, answer.rows, answer.truncated) == (("i",), [(1,), (2,), (3,)], True)


def test_values_come_as_plain_ones(some: Store) -> None:
    answer = some.query(
        "MATCH (a:Party)-[g:GUARANTEES]->(b) RETURN a, g, date('2024-02-29') AS day ORDER BY a.party_id LIMIT 1"
    )

    firm, guarantee, day = answer.rows[0]
    assert firm == {"labels": ["Enterprise", "Party"], "party_id": "E-00000", "kind": "enterprise", "source": "bank"}
    assert guarantee == {"type": "GUARANTEES", "contract_id": "C-00000", "amount": 1.0, "source": "bank"}
    assert str(day) == "2024-02-29"


@pytest.mark.parametrize("text", ["MATCH (a:Party RETURN a", "RETURN $nothing_given", "RETURN 1 / 'x'"])
def test_a_query_at_fault_is_one_line(some: Store, text: str) -> None:
    with pytest.raises(UsageError) as told:
        some.query(text)
    assert "\n" not in str(told.value)


@needs_shared
@pytest.mark.usefixtures("unchanged")
def test_the_analysts_queries_of_the_field_report(some: Store) -> None:
    """Report 26: six that only look like writing, seven that do harm."""
    lines = (report("26") / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    found = {case["text"]: (case["verdict"], _verdict(some, case["text"])) for case in map(json.loads, lines)}

    assert {text: got for text, (expected, got) in found.items() if got != expected} == {}
    assert len(found) == 13


def _verdict(store: Store, text: str) -> str:
    try:
        store.query(text)
    except RelpartyError:
        return "refuse"
    return "allow"


@pytest.mark.parametrize(("text", "by_default"), [
    ("CREATE (x:Zz)", "refused"), ("CREATE INDEX zz IF NOT EXISTS FOR (a:Zz) ON (a.x)", "refused"),
    ("LOAD CSV FROM 'FILE' AS r RETURN r", "reads it"),
])  # fmt: skip
def test_neo4js_read_mode_alone_still_reads_files(
    neo4j_server: Server, tmp_path: Path, text: str, by_default: str
) -> None:
    """Why the plan is looked at: the server of these tests closes files by its setting, another may not."""
    neo4j_server.empty()
    with neo4j_server.store() as store, neo4j_server.bare() as session:
        plan = session.run(f"EXPLAIN {text}").consume()
        assert plan.query_type in (("r",) if by_default == "reads it" else ("w", "s"))
        with pytest.raises(UsageError):
            store.query(text)


def test_arcadedb_lets_the_writer_write_even_in_read_mode(embedded_server: Server) -> None:
    """Why queries there go as the read-only user, and are refused where none is named."""
    embedded_server.empty()
    login = (embedded_server.user, embedded_server.password)
    with (
        neo4j.GraphDatabase.driver(embedded_server.url, auth=login) as driver,
        driver.session(database="neo4j", default_access_mode=neo4j.READ_ACCESS) as session,
    ):
        session.run("CREATE (x:Zz)").consume()
        assert session.run("MATCH (x:Zz) RETURN count(x) AS n").single(strict=True)["n"] == 1
    with (
        Store.connect(embedded_server.url, embedded_server.user, embedded_server.password) as store,
        pytest.raises(StoreError, match="read-only user"),
    ):
        store.query("RETURN 1")
