"""How fast a register's owners become control, integrated shares and groups; beside networkx where it can finish.

Made-up houses of fifty parties that own downwards; each party has a second owner, mostly the head of some house, now
and then any party above; rings of cross-holdings, and dependences between houses.
"""

import resource
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import networkx as nx
import numpy as np
import polars as pl
from relparty.graph.control import controlled
from relparty.graph.groups import connected_clients
from relparty.graph.ownership import integrated
from relparty.graph.schema import SNAPSHOT_TABLES
from relparty.graph.snapshot import Snapshot

DAY = date(2024, 12, 31)
HOUSE, RINGS, WANTED = 50, 50, 1000  # parties of a house; one ring in so many parties; firms asked for
ACROSS = 0.03  # second owners that are no head


def world(parties: int, seed: int = 1) -> Snapshot:
    """Two stakes a party, on average."""
    dice = np.random.default_rng(seed)
    row = np.arange(1, parties)
    above = row - 1 - (dice.random(parties - 1) * np.minimum(row % HOUSE, 8)).astype(np.int64)
    owned, owner = row[row % HOUSE != 0], above[row % HOUSE != 0]
    main = dice.choice([0.35, 0.45, 0.55, 0.7, 0.9], owned.size)
    anyone = dice.integers(0, owned)
    heads = anyone // HOUSE * HOUSE
    other = np.where(dice.random(owned.size) < ACROSS, anyone, heads), dice.random(owned.size) * (1 - main) * 0.9
    starts = np.arange(HOUSE // 2, parties - 8, RINGS)
    back = starts, starts + dice.integers(2, 7, starts.size)  # a lower one holds some of a higher one
    stakes = {
        "source_row": np.concatenate([owner, other[0], back[1]]),
        "target_row": np.concatenate([owned, owned, back[0]]),
        "share": np.concatenate([main, other[1], np.full(starts.size, 0.04)]),
    }
    depends = {
        "source_row": dice.integers(0, parties, parties // 50),
        "target_row": dice.integers(0, parties, parties // 50),
    }
    ids = pl.select(party_id=pl.format("E-{}", pl.int_range(parties).cast(pl.String).str.zfill(7)))
    held = pl.DataFrame(stakes).with_columns(share_class=pl.lit("ordinary"), direct=pl.lit(value=True))
    hangs = pl.DataFrame(depends).with_columns(criterion=pl.lit("1"))
    tables = {"owns": _frame("owns", held), "depends_on": _frame("depends_on", hangs)}
    return Snapshot(DAY, _frame("parties", ids), tables)


def _frame(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as the snapshot's table, without those of a party with itself and repeated keys."""
    schema = SNAPSHOT_TABLES[table].snapshot_schema
    given = {"kind": pl.lit("enterprise"), "lot": pl.lit("")}
    full = rows.with_columns(**{name: value for name, value in given.items() if name in schema})
    full = full.with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name not in full.columns
    )
    typed = full.select(*schema).cast(schema)  # type: ignore[arg-type]
    if "source_row" in schema:
        typed = typed.filter(pl.col("source_row") != pl.col("target_row"))
    key = SNAPSHOT_TABLES[table].snapshot_key
    return typed.unique(key, keep="first", maintain_order=True).sort(key)


def control_by_networkx(snapshot: Snapshot) -> int:
    """The same fixpoint by looping: pairs of controller and controlled, votes alone."""
    graph = nx.DiGraph()
    rows = snapshot.table("owns").group_by("source_row", "target_row").agg(pl.col("share").sum()).rows()
    graph.add_weighted_edges_from(rows)
    pairs = 0
    for start in list(graph):
        found, votes, queue = {start}, dict[int, float](), [start]
        while queue:
            for _, firm, share in graph.out_edges(queue.pop(), data="weight"):
                votes[firm] = votes.get(firm, 0.0) + share
                if votes[firm] > 0.5 + 1e-12 and firm not in found:
                    found.add(firm)
                    queue.append(firm)
        pairs += len(found) - 1
    return pairs


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came out."""
    begun = time.perf_counter()
    answer = work()
    return time.perf_counter() - begun, answer


def measure(parties: int, *, peer: bool) -> None:
    """One line for each question."""
    snapshot = world(parties)
    wanted = np.random.default_rng(2).integers(0, parties, WANTED).tolist()
    stakes = snapshot.table("owns").height
    for name, work in {
        "control": lambda: controlled(snapshot, "basel", DAY),
        "integrated of 1,000": lambda: integrated(snapshot, wanted),
        "groups, eba": lambda: connected_clients(snapshot, "eba", DAY).members,
    }.items():
        seconds, frame = timed(work)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{name} | {parties:,} | {stakes:,} | {frame.height:,} | {seconds:.1f} | {memory:.1f}", flush=True)
    if peer:
        seconds, pairs = timed(lambda: control_by_networkx(snapshot))
        print(f"control, networkx | {parties:,} | {stakes:,} | {pairs:,} | {seconds:.1f} |", flush=True)


def main() -> None:
    """Prints the table."""
    print("question | parties | stakes | rows out | seconds | peak GiB so far")
    measure(100_000, peer=True)
    measure(1_000_000, peer=False)


if __name__ == "__main__":
    main()
