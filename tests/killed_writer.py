"""A process that loads or publishes and says on stdout which statement it is in, so that a test can kill it there.

    python -m relparty.tests.killed_writer URL USER PASSWORD_FILE load|publish SEED

It waits for a line on stdin, then writes `S 7 run` when its 7th statement is sent and `E 7` when that has ended; a
commit is a statement of its own.
"""

import itertools
import os
import sys
from pathlib import Path

from neo4j import ManagedTransaction, Transaction
from relparty.graph.results import Run, Scores
from relparty.graph.snapshot import Snapshot
from relparty.graph.store import Store

from .scores import scores
from .snapshots import DAY, any_snapshot, firms_in_a_chain

LEASE_SECONDS, FIRMS = 0.5, 1500
_numbers = itertools.count(1)


def loaded(seed: int) -> Snapshot:
    """What `load SEED` writes."""
    return any_snapshot(seed, 100, 250)


def firms() -> Snapshot:
    """What the store shows before `publish`."""
    return firms_in_a_chain(FIRMS)


def published(seed: int) -> tuple[Run, Scores]:
    """What `publish SEED` publishes: every firm's PD is SEED / 1000, every guarantee adds half of it."""
    ids = firms().parties["party_id"].to_list()
    links = [
        (ids[i], ids[i + 1], "guarantees", [f"C-{i:05d}"], "guarantee_call", seed / 2000)
        for i in range(0, FIRMS - 1, 3)
    ]
    return Run(f"run-{seed}", "score", DAY), scores(ids, [seed / 1000] * len(ids), links=links)


def _telling(kind: type, name: str, word: str) -> None:
    untold = getattr(kind, name)

    def told(self, *arguments, **named):
        number = next(_numbers)
        os.write(1, f"S {number} {word}\n".encode())
        result = untold(self, *arguments, **named)
        if word == "run":
            result.fetch(0)  # its answer has begun, or it has failed
        os.write(1, f"E {number}\n".encode())
        return result

    setattr(kind, name, told)


def main(address: list[str], what: str, seed: int) -> None:
    url, user, password_file = address
    with Store.connect(url, user, Path(password_file).read_text(), lease_seconds=LEASE_SECONDS) as store:
        work = loaded(seed) if what == "load" else published(seed)
        os.write(1, b"ready\n")
        sys.stdin.readline()
        for kind in (ManagedTransaction, Transaction):
            _telling(kind, "run", "run")
            _telling(kind, "_commit", "commit")
        if isinstance(work, Snapshot):
            store.write(work)
        else:
            store.publish(*work)
    os.write(1, b"done\n")


if __name__ == "__main__":
    main(sys.argv[1:4], sys.argv[4], int(sys.argv[5]))
