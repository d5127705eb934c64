"""Fixtures shared by all tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from relparty.graph.store import Store

from .servers import Server, embedded_store, real_neo4j


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the cases with right answers lie."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "cases"
    parser.addoption("--cases", default=str(beside), help="Folder of cases: ownership/, groups/, contagion/.")


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real Neo4j Community on loopback, of this session."""
    with real_neo4j(tmp_path_factory.mktemp("neo4j") / "home") as server:
        yield server


@pytest.fixture(scope="session")
def embedded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The embedded default, of this session."""
    with embedded_store(tmp_path_factory.mktemp("embedded")) as server:
        yield server


@pytest.fixture(params=["embedded", "neo4j"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each server in turn, emptied of what the test before left."""
    each: Server = request.getfixturevalue(f"{request.param}_server")
    each.empty()
    return each


@pytest.fixture
def store(server: Server) -> Iterator[Store]:
    """A store on each server in turn."""
    with server.store() as connected:
        yield connected
