"""kill -9 in the middle of load and publish: run again, and graph and scores are what they would have been."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from relparty.graph.store import Store

from .killed_writer import firms, loaded, published
from .servers import Server

KILLS = 5  # of load and again of publish, on each of two servers: twenty
COMMITS = 2  # of these five inside a commit
ATTEMPTS = 8


@dataclass
class Told:
    """What a writer said until it ended: when each statement was sent, which is a commit, and which have ended."""

    sent: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    commits: list[int] = field(default_factory=list)

    def hear(self, line: str) -> int | None:
        """Takes note of a line; gives the number of the statement that was just sent."""
        word, *rest = line.split()
        if word == "S":
            self.sent[int(rest[0])] = time.monotonic()
            if rest[1] == "commit":
                self.commits.append(int(rest[0]))
            return int(rest[0])
        if word == "E":
            self.ended[int(rest[0])] = time.monotonic()
        return None

    def length(self, number: int) -> float:
        """Seconds that a statement took."""
        return self.ended[number] - self.sent[number]


@contextmanager
def _writer(server: Server, password: Path, what: str, seed: int) -> Iterator["subprocess.Popen[str]"]:
    command = [
        sys.executable,
        "-m",
        "relparty.tests.killed_writer",
        server.url,
        server.user,
        str(password),
        what,
        str(seed),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        yield process
        process.kill()


def _run(process: "subprocess.Popen[str]", kill_in: int | None = None, after: float = 0.0) -> Told:
    """Lets a writer go, and kills it `after` seconds into a statement."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    told = Told()
    for line in process.stdout:
        if told.hear(line) == kill_in and kill_in is not None and process.returncode is None:
            time.sleep(after)
            process.kill()
    return told


def _same_graph(store: Store, seed: int) -> None:
    store.write(loaded(seed))
    assert store.snapshot().equals(loaded(seed))


def _same_scores(server: Server) -> Callable[[Store, int], None]:
    def check(store: Store, seed: int) -> None:
        run, scored = published(seed)
        assert store.publish(run, scored)
        with server.bare() as session:
            firm = session.run(
                "MATCH (e:Enterprise) RETURN DISTINCT e.risk_pd, e.risk_run_id, e.risk_pd_previous, e.risk_run_id_previous"
            ).values()
            links = session.run(
                "MATCH (:Party)-[r:GUARANTEES]->(:Party) WHERE r.risk_run_id IS NOT NULL "
                "RETURN r.risk_contagion_guarantee_call AS added, count(*) AS links"
            ).values()
            marks = session.run("MATCH (p:Publication) RETURN p.run_id, p.publishing").values()
        assert firm == [[seed / 1000, run.run_id, (seed - 1) / 1000, f"run-{seed - 1}"]]
        assert links == [[seed / 2000, scored.links.height]]
        assert marks == [[run.run_id, None]]
        assert store.snapshot().equals(firms())

    return check


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", ["load", "publish"])
def test_killed_anywhere_and_run_again_all_is_as_if_undisturbed(server: Server, tmp_path: Path, what: str) -> None:
    """Points drawn by a seed among the statements of an undisturbed run; each kill must have met a running one."""
    dice = random.Random(20240630)
    password = tmp_path / "password"
    password.write_text(server.password)
    with server.store() as store:
        if what == "load":
            check: Callable[[Store, int], None] = _same_graph
            store.write(loaded(0))
        else:
            check = _same_scores(server)
            store.write(firms())
            store.publish(*published(0))
        with _writer(server, password, what, 1) as process:
            undisturbed = _run(process)
        check(store, 1)
        seed, met = 1, []
        for point in _points(undisturbed, dice):
            seed = _until_met(server, password, (what, point, undisturbed.length(point)), (seed, dice, store, check))
            met.append(point)
    assert len(met) == KILLS
    assert len(set(met) & set(undisturbed.commits)) >= COMMITS


def _points(undisturbed: Told, dice: random.Random) -> list[int]:
    """Statements after the lease was taken and before it is given back."""
    commits = undisturbed.commits[2:-1]
    runs = [number for number in undisturbed.sent if commits[0] < number < commits[-1] and number not in commits]
    long = sorted(commits, key=undisturbed.length)[len(commits) // 2 :]
    return [*dice.sample(runs, KILLS - COMMITS), *dice.sample(long, COMMITS)]


def _until_met(server: Server, password: Path, aim: tuple[str, int, float], state: tuple) -> int:
    """Kills in one statement, sooner each time until it met it running; each time all must be mended."""
    (what, point, length), (seed, dice, store, check) = aim, state
    after = dice.uniform(0.0, 0.6) * length
    for _ in range(ATTEMPTS):
        seed += 1
        with _writer(server, password, what, seed) as process:
            told = _run(process, point, after)
        check(store, seed)
        if point in told.sent and point not in told.ended:
            return int(seed)
        after /= 3
    pytest.fail(f"no kill met statement {point} of {what} while it ran")
