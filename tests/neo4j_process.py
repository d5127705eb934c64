"""Starts a real Neo4j Community on loopback from Maven's jars and Java 17: `make neo4j`, and the tests.

    python tests/neo4j_process.py HOME [PORT]

The jars lie in a cache outside the tree. The password is of this home folder and lies in HOME/password (0600).
"""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError

VERSION = "5.26.30"
SOURCE = Path(__file__).parent / "real_neo4j"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "relparty" / f"neo4j-{VERSION}"
START_SECONDS = 90.0
JVM = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED", "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dlog4j2.disable.jmx=true",
)  # fmt: skip


@dataclass(frozen=True)
class Server:
    """Where a server listens, and who may write."""

    url: str
    user: str
    password: str


def missing() -> str | None:
    """What a real Neo4j needs and this machine lacks."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            return f"a real Neo4j needs {program}, and there is none on this machine"
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S607 (the path's own java)
    if 'version "17' not in told and 'version "21' not in told:
        return f"a real Neo4j 5.26 needs Java 17, here is {told.splitlines()[0] if told else 'none'}"
    return None


def jars() -> Path:
    """The folder of Neo4j's jars, fetched with Maven on first use."""
    lib = CACHE / "lib"
    if not (CACHE / "complete").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = ["mvn", "-B", "-q", "-f", str(SOURCE / "pom.xml"), "dependency:copy-dependencies",
                   f"-DoutputDirectory={lib}", f"-Dneo4j.version={VERSION}"]  # fmt: skip
        subprocess.run(command, check=True, timeout=600)
        (CACHE / "complete").touch()
    return lib


def free_port() -> int:
    """A port that the operating system has free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(home: Path, port: int | None = None, heap: str = "2g") -> Iterator[Server]:
    """A server of this process, with a password of this home; stopped at the end."""
    port = port or free_port()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = ["java", f"-Xmx{heap}", *JVM, "-cp", f"{jars()}/*", str(SOURCE / "Neo4jBolt.java"), str(home), str(port)]
    with (home / "console.log").open("w") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_ready(home, process)
        yield Server(f"bolt://127.0.0.1:{port}", "neo4j", _password(home, f"bolt://127.0.0.1:{port}"))
    finally:
        assert process.stdin is not None
        process.stdin.close()  # which tells it to end
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_ready(home: Path, process: "subprocess.Popen[bytes]") -> None:
    """Only our own process writes `ready` into its log: a port held by another's server ends it before that."""
    deadline = time.monotonic() + START_SECONDS
    while "ready" not in (home / "console.log").read_text().splitlines():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"Neo4j did not start: {(home / 'console.log').read_text()[-2000:]}")
        time.sleep(0.1)


def _password(home: Path, url: str) -> str:
    path = home / "password"
    if path.exists():
        return path.read_text()
    password = secrets.token_urlsafe(24)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(password)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with neo4j.GraphDatabase.driver(url, auth=("neo4j", "neo4j")) as driver:
                driver.execute_query(
                    "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $p", p=password, database_="system"
                )
        except AuthError:
            raise  # a server that was here before us
        except (Neo4jError, DriverError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return password


def main() -> None:
    """Keeps a server up until Ctrl-C."""
    home = Path(sys.argv[1])
    with running(home, int(sys.argv[2]) if len(sys.argv) > 2 else 7687) as server:
        print(  # noqa: T201 (what the command is for)
            f"{server.url}  user {server.user}  password in {home / 'password'}  (Ctrl-C stops it)", flush=True
        )
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    main()
