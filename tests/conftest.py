"""Fixtures shared by all tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from relparty.cli import main
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


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a small made-up economy, a model trained on it, and a score run of 2022-12-31. Never changed."""
    from relparty.loaders.economy import write_economy

    home, files = tmp_path_factory.mktemp("scored") / "home", tmp_path_factory.mktemp("economy")
    write_economy(files, 300, 5, seed=3)
    for words in (
        ("load", str(files), "--no-store"),
        ("train", "--until", "2022-12-31"),
        ("score", "--as-of", "2022-12-31", "--dry-run"),
    ):
        result = CliRunner().invoke(main, ["--home", str(home), *words])
        assert result.exit_code == 0, result.output
    return home


@pytest.fixture
def relparty_scored(scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in a folder of its own, in which `home` is a copy of `scored`."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(scored, tmp_path / "home")

    def run(*words: str, code: int = 0, **environment: Any) -> Result:
        result = CliRunner().invoke(main, ["--home", "home", *words], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, result.output
        return result

    return run
