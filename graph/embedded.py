"""The graph database that needs no installing: ArcadeDB behind Bolt, in a child process on this machine alone.

Whoever uses a store folder holds a shared lock on it, so a second process finds the first one's server, and a client
that is killed lets go by itself. The child stops once nobody has held the folder for some seconds.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import IO, Self

from .errors import StoreError

DATABASE = "neo4j"
USER, ANALYST = "root", "analyst"
CLIENTS, STARTING, SERVING = "clients.lock", "starting.lock", "serving.lock"
ACCESS, LOG = "access.json", "server.log"
START_SECONDS = 60.0
IDLE_SECONDS = 60.0  # a server stays up so long after its last client: the next command finds it warm


@dataclass(frozen=True)
class Embedded:
    """A running embedded server, held until closed.

    Attributes:
        url: where it speaks Bolt, on loopback.
        user, password: of the one who may write.
        analyst, analyst_password: of the one who may only read.
        access: the file, readable by its owner alone, in which url and passwords lie.
    """

    url: str
    user: str
    password: str
    analyst: str
    analyst_password: str
    access: Path
    _held: IO[str]

    def close(self) -> None:
        """Lets go of the server; it stops by itself once nobody holds it."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(folder: Path, *, idle: float = IDLE_SECONDS, heap: str = "2g") -> Embedded:
    """The server of a store folder, started if it isn't up.

    Args:
        folder: where its files and passwords lie between runs.
        idle: seconds that a server started here outlives its last client.
        heap: memory of a server started here, as Java writes it.

    Raises:
        StoreError: the package is missing, or the server did not start.
    """
    if find_spec("arcadedb_embedded") is None:
        raise StoreError("The embedded store is not installed: pip install 'relparty[embedded]', or name a --store.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = (folder / CLIENTS).open("w")
    fcntl.flock(held, fcntl.LOCK_SH)  # waits out a server that is just stopping
    try:
        with _alone(folder / STARTING):
            if not is_serving(folder):
                _start_child(folder, idle, heap)
            access = json.loads((folder / ACCESS).read_text(encoding="utf-8"))
    except BaseException:
        held.close()
        raise
    return Embedded(
        url=access["url"], user=USER, password=access["password"], analyst=ANALYST,
        analyst_password=access["analyst_password"], access=folder / ACCESS, _held=held,
    )  # fmt: skip


def is_serving(folder: Path) -> bool:
    """Whether a child serves the folder; the lock of one that was killed is free."""
    if not (folder / SERVING).exists():
        return False
    with (folder / SERVING).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start_child(folder: Path, idle: float, heap: str) -> None:
    (folder / ACCESS).with_suffix(".ready").unlink(missing_ok=True)
    command = [sys.executable, "-m", f"{__package__}.embedded_server", str(folder.resolve()), str(idle), heap]
    log_file = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        child = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log_file, stderr=log_file, start_new_session=True
        )
    finally:
        os.close(log_file)
    _wait_until_ready(folder, child)
    Thread(target=child.wait, daemon=True).start()  # it may outlive us; if it doesn't, its end is taken note of


def _wait_until_ready(folder: Path, child: "subprocess.Popen[bytes]") -> None:
    ready = (folder / ACCESS).with_suffix(".ready")
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        ended = child.poll() is not None
        if ended or time.monotonic() > deadline:
            child.kill()
            lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "no word from it")
            raise StoreError(f"The embedded store in {folder} did not start: {last.strip()[:200]}. See {folder / LOG}.")
        time.sleep(0.05)
