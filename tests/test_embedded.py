"""The embedded default: starts by itself, is shared, survives its clients and its own death, keeps its data."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from relparty.graph import embedded
from relparty.graph.errors import StoreError
from relparty.graph.store import Store

from .snapshots import firms_in_a_chain

CLIENT = """
import sys, time
from pathlib import Path
from relparty.graph import embedded
with embedded.start(Path(sys.argv[1]), idle=0) as held:
    print(held.url, flush=True)
    time.sleep(60)
"""


def _store(held: embedded.Embedded) -> Store:
    return Store.connect(held.url, held.user, held.password, analyst=(held.analyst, held.analyst_password))


def _wait_until_stopped(folder: Path) -> None:
    deadline = time.monotonic() + 20
    while embedded.is_serving(folder):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _child(folder: Path) -> int:
    """The process that holds the serving lock, as the kernel lists it."""
    inode = (folder / embedded.SERVING).stat().st_ino
    held = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return next(int(each[4]) for each in held if int(each[5].split(":")[2]) == inode)


def test_data_outlive_the_server_and_passwords_lie_in_a_file_of_the_owner(tmp_path: Path) -> None:
    with embedded.start(tmp_path / "store", idle=0) as held, _store(held) as store:
        store.write(firms_in_a_chain(3))
        mode = stat.S_IMODE(held.access.stat().st_mode)
        assert mode == 0o600
        assert set(json.loads(held.access.read_text())) >= {"url", "password", "analyst_password"}
    _wait_until_stopped(tmp_path / "store")

    with embedded.start(tmp_path / "store", idle=0) as held, _store(held) as store:
        assert store.snapshot().equals(firms_in_a_chain(3))
    _wait_until_stopped(tmp_path / "store")


def test_it_listens_on_loopback_alone(embedded_server) -> None:
    port = int(embedded_server.url.rsplit(":", 1)[1])
    name = socket.gethostname()
    outside = {info[4][0] for info in socket.getaddrinfo(name, port, socket.AF_INET)} - {"127.0.0.1", "127.0.1.1"}

    for address in outside:
        with pytest.raises(ConnectionRefusedError), socket.create_connection((str(address), port), timeout=1):
            pass


def test_two_processes_share_one_server_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    """The first starts it and is killed; the second keeps it; when that one leaves, it stops."""
    first = subprocess.Popen([sys.executable, "-c", CLIENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    url = first.stdout.readline().strip()
    with first.stdout, embedded.start(tmp_path) as held:
        first.kill()
        first.wait()
        time.sleep(1)
        with _store(held) as store:
            assert store.query("RETURN 1 AS one").rows == [(1,)]
        assert held.url == url
    _wait_until_stopped(tmp_path)


def test_a_server_that_was_killed_is_started_again_with_its_data(tmp_path: Path) -> None:
    with embedded.start(tmp_path, idle=0) as held, _store(held) as store:
        store.write(firms_in_a_chain(3))
        os.kill(_child(tmp_path), signal.SIGKILL)
        _wait_until_stopped(tmp_path)
        with embedded.start(tmp_path, idle=0) as again, _store(again) as second:
            assert second.snapshot().equals(firms_in_a_chain(3))
    _wait_until_stopped(tmp_path)


def test_without_the_package_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)

    with pytest.raises(StoreError, match=r"pip install 'relparty\[embedded\]'"):
        embedded.start(tmp_path)


def test_a_server_that_cannot_start_says_where_its_words_are(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"did not start: .*server\.log"):
        embedded.start(tmp_path, heap="no-size")


def test_importing_graph_loads_no_driver_and_no_jvm() -> None:
    code = "import sys, relparty.graph, relparty.graph.embedded, relparty.graph.publishing; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert not {"neo4j", "arcadedb_embedded", "jpype", "torch"} & set(loaded.replace("'", "").strip("[]\n").split(", "))
