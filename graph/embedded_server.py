"""The child process of the embedded store: serves one folder until nobody holds it. Started by embedded.py."""

import fcntl
import json
import os
import secrets
import socket
import sys
import time
from pathlib import Path
from typing import IO, Any

from .embedded import ACCESS, ANALYST, CLIENTS, DATABASE, SERVING

POLL_SECONDS = 0.2
READ_ONLY = {"resultSetLimit": -1, "readTimeout": -1, "access": [], "types": {"*": {"access": ["readRecord"]}}}
COMMAND_SECONDS = 120  # ArcadeDB ignores the timeout that a driver asks for
MESSAGE_BYTES = 256 << 20  # a batch of long names is larger than the server's 16 MB


def main(folder: Path, idle: float, heap: str) -> None:
    """Serves the folder, and ends `idle` seconds after its last client let go."""
    serving = (folder / SERVING).open("w")
    fcntl.flock(serving, fcntl.LOCK_EX | fcntl.LOCK_NB)
    access = _access(folder)
    server = _server(folder / "server", access, heap)
    server.start()
    server.create_database(DATABASE)
    (folder / ACCESS).with_suffix(".ready").touch()
    with (folder / CLIENTS).open("r+") as clients:
        _wait_until_idle(clients, idle)
        server.stop()
    # Both locks end with the process: a client that came meanwhile starts a new server, never finds a dying one.


def _wait_until_idle(clients: IO[str], idle: float) -> None:
    """Returns holding the clients' lock, so that none comes in while the server stops."""
    free_since = None
    while True:
        try:
            fcntl.flock(clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free_since = None
        else:
            free_since = free_since or time.monotonic()
            if time.monotonic() - free_since >= idle:
                return
            fcntl.flock(clients, fcntl.LOCK_UN)
        time.sleep(POLL_SECONDS)


def _access(folder: Path) -> dict[str, str]:
    """Passwords made once, a Bolt port of this start; in a file readable by its owner alone."""
    path = folder / ACCESS
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    bolt, http = _free_ports(2)
    access = {
        "url": f"bolt://127.0.0.1:{bolt}", "http": str(http),
        "password": known.get("password") or secrets.token_urlsafe(24),
        "analyst_password": known.get("analyst_password") or secrets.token_urlsafe(24),
    }  # fmt: skip
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(access, out)
    draft.replace(path)
    return access


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _server(root: Path, access: dict[str, str], heap: str) -> Any:
    from arcadedb_embedded import ArcadeDBServer

    _write_groups(root / "config")
    os.chdir(root)  # its log folder lies where it runs
    settings = {
        "server.defaultDatabases": f"{DATABASE}[{ANALYST}:{access['analyst_password']}:readonly]",
        "opencypher.loadCsv.allowFileUrls": "false",
        "opencypher.loadCsv.allowRemoteUrls": "false",
        "command.timeout": str(COMMAND_SECONDS * 1000),
        "bolt.maxMessageSize": str(MESSAGE_BYTES),
    }
    return ArcadeDBServer(
        root_path=str(root),
        root_password=access["password"],
        config={
            "host": "127.0.0.1", "http_port": int(access["http"]), "bolt_port": int(access["url"].rsplit(":", 1)[1]),
            "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
        },
        jvm_kwargs={"heap_size": heap, "jvm_args": [f"-Darcadedb.{key}={value}" for key, value in settings.items()]},
    )  # fmt: skip


def _write_groups(config: Path) -> None:
    """Adds the read-only group to those that stand, or to what the server itself would write."""
    path = config / "server-groups.json"
    config.mkdir(parents=True, exist_ok=True)
    admin = {
        "resultSetLimit": -1, "readTimeout": -1,
        "access": ["updateSecurity", "updateSchema", "updateDatabaseSettings"],
        "types": {"*": {"access": ["createRecord", "readRecord", "updateRecord", "deleteRecord"]}},
    }  # fmt: skip
    nobody = {"resultSetLimit": -1, "readTimeout": -1, "access": [], "types": {"*": {"access": []}}}
    groups = {"databases": {"*": {"groups": {"admin": admin, "readonly": READ_ONLY, "*": nobody}}}, "version": 2}
    path.write_text(json.dumps(groups, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
