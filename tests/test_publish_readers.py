"""Two readers through twenty publications and more: the store's query never shows half of one run and half of another."""

import threading
from collections.abc import Callable

import pytest
from relparty.graph.results import Run
from relparty.graph.snapshot import Snapshot

from .scores import scores
from .servers import Server
from .snapshots import DAY, parties

FIRMS, RUNS = 8000, 20
MOST_RUNS = 200  # a bare read meets a commit by chance, about once in ten publications
RUNS_SEEN = "MATCH (e:Enterprise) RETURN count(DISTINCT e.risk_run_id) AS runs"


class Reader(threading.Thread):
    """Asks again and again how many runs the firms carry; more than one is half of each."""

    def __init__(self, ask: Callable[[], int], over: threading.Event) -> None:
        super().__init__()
        self.ask, self.over, self.reads, self.mixed = ask, over, 0, 0

    def run(self) -> None:
        while not self.over.is_set():
            self.reads += 1
            self.mixed += self.ask() > 1


@pytest.mark.timeout(600)
def test_a_guarded_reader_never_sees_two_runs_and_a_bare_one_does(server: Server) -> None:
    ids = [f"E-{i:05d}" for i in range(FIRMS)]
    over = threading.Event()
    with server.store() as writer, server.store() as guarded, server.bare() as session:
        writer.write(Snapshot(DAY, parties(*ids)))
        writer.publish(Run("run-0", "score", DAY), scores(ids, [0.5] * FIRMS))
        careful = Reader(lambda: int(guarded.query(RUNS_SEEN).rows[0][0]), over)
        bare = Reader(lambda: int(session.run(RUNS_SEEN).single(strict=True)["runs"]), over)
        careful.start()
        bare.start()
        try:
            for number in range(1, MOST_RUNS + 1):
                writer.publish(Run(f"run-{number}", "score", DAY), scores(ids, [number / 1000] * FIRMS))
                if number >= RUNS and bare.mixed:
                    break
        finally:
            over.set()
            careful.join()
            bare.join()

    assert (careful.mixed, careful.is_alive()) == (0, False)
    assert careful.reads >= RUNS
    assert bare.mixed > 0, f"{bare.reads} bare reads met no commit; the test shows nothing"
