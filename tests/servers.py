"""The two servers that the store's contract is held to: a real Neo4j, and the embedded default."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import neo4j
import pytest
from relparty.graph import embedded
from relparty.graph.store import Store

from . import neo4j_process

LEASE_SECONDS = 2.0  # a killed writer of a test keeps others out no longer than this
GIVEN = "RELPARTY_TEST_NEO4J"  # URL of a server to use instead of starting one; with _USER and _PASSWORD
EMPTY = "MATCH (n) WHERE NOT n:RelpartyTest CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 1000 ROWS"


@dataclass(frozen=True)
class Server:
    """A server that tests may empty, because this session made everything in it."""

    name: str
    url: str
    user: str
    password: str
    analyst: tuple[str, str] | None = None

    def store(self, lease_seconds: float = LEASE_SECONDS) -> Store:
        """A connection to it."""
        return Store.connect(self.url, self.user, self.password, analyst=self.analyst, lease_seconds=lease_seconds)

    @contextlib.contextmanager
    def bare(self) -> Iterator[neo4j.Session]:
        """The driver's own session, without any of the store's guards."""
        with (
            neo4j.GraphDatabase.driver(
                self.url, auth=(self.user, self.password), notifications_min_severity="OFF"
            ) as driver,
            driver.session(database="neo4j") as session,
        ):
            yield session

    def empty(self) -> None:
        """Deletes what the tests made."""
        with self.bare() as session:
            session.run(EMPTY).consume()


def skip_or_fail(reason: str) -> None:
    """A machine that lacks something skips with the reason; under CI=true that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextlib.contextmanager
def real_neo4j(home: Path, heap: str = "2g") -> Iterator[Server]:
    """A Neo4j of this session, or the one named by RELPARTY_TEST_NEO4J if it is empty or ours."""
    if url := os.environ.get(GIVEN):
        given = Server("neo4j", url, os.environ.get(f"{GIVEN}_USER", "neo4j"), os.environ.get(f"{GIVEN}_PASSWORD", ""))
        _claim(given)
        yield given
        return
    if lacking := neo4j_process.missing():
        skip_or_fail(lacking)
    with neo4j_process.running(home, heap=heap) as started:
        server = Server("neo4j", started.url, started.user, started.password)
        _claim(server)
        yield server


@contextlib.contextmanager
def embedded_store(folder: Path) -> Iterator[Server]:
    """The embedded server on a folder of this session."""
    with embedded.start(folder, idle=0) as held:
        server = Server("embedded", held.url, held.user, held.password, (held.analyst, held.analyst_password))
        _claim(server)
        yield server


def _claim(server: Server) -> None:
    """Marks an empty server as the tests' own, and stops at one that holds anything else."""
    with server.store(), server.bare() as session:
        nodes = session.run("MATCH (n) RETURN count(n) AS n").single(strict=True)["n"]
        ours = session.run("MATCH (n:RelpartyTest) RETURN count(n) AS n").single(strict=True)["n"]
        if nodes and not ours:
            pytest.fail(f"{server.url} holds {nodes} nodes that no test made. Name an empty server in {GIVEN}.")
        session.run("MERGE (:RelpartyTest)").consume()
