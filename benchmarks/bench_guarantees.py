"""Guarantee patterns and limits: parties, ties, seconds, peak memory; cycles beside python-igraph and networkx.

igraph is GPL: it is installed for this bench alone (pip install igraph) and left out where it is absent. Both are
called bare, on the whole graph and on its circles alone.
"""

import importlib
import importlib.util
import resource
import signal
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import networkx as nx
import numpy as np
import polars as pl
from relparty.graph.burden import burden
from relparty.graph.cycles import ENDS, circles, inside, simple_cycles
from relparty.graph.guarantees import pairs, patterns
from relparty.graph.limits import limit_use
from relparty.graph.schema import TABLES
from relparty.graph.snapshot import Snapshot

DAY = date(2024, 6, 30)
LONGEST = 5
PATIENCE = 60  # seconds that a rival gets


def planted(parties: int, guarantees: int, seed: int = 1) -> pl.DataFrame:
    """Random guarantees, a fifth of them in planted rings of two to eight, and joint-liability circles of six."""
    dice = np.random.default_rng(seed)
    edges = [dice.integers(0, parties, (guarantees * 7 // 10, 2))]
    for size in range(2, 9):
        members = dice.integers(0, parties, (guarantees // 35 // size, size))
        edges += [members[:, [place, (place + 1) % size]] for place in range(size)]
    six = dice.integers(0, parties, (guarantees // 300, 6))
    edges += [six[:, [one, other]] for one in range(6) for other in range(6) if one != other]
    every = np.concatenate(edges)
    every = np.unique(every[every[:, 0] != every[:, 1]], axis=0)
    return pl.DataFrame(every.astype(np.uint32), schema=dict.fromkeys(ENDS, pl.UInt32))


def snapshot(parties: int, ties: pl.DataFrame) -> Snapshot:
    """A day with these guarantees, each of 100, one facility a debtor, and accounts of every party."""
    number = pl.DataFrame({"row": np.arange(parties, dtype=np.uint32)})
    name = pl.format("E-{}", pl.col("row").cast(pl.String).str.zfill(7))
    tables = {
        "guarantees": ties.with_columns(contract_id=pl.format("C-{}", pl.int_range(pl.len())), amount=100.0,
                                        liability=pl.lit("joint"), eligible=pl.col("source_row") % 2 == 0),
        "accounts": number.select(party_row="row", scope=pl.lit("solo"), equity=pl.lit(500.0)),
        "exposures": number.select(facility_id=pl.format("F-{}", "row"), party_row="row", drawn=pl.lit(50.0),
                                   limit=pl.lit(80.0)),
        "capital": pl.DataFrame({"kind": ["tier1", "net"], "amount": [1e6, 1e6]}),
    }  # fmt: skip
    full = {name: _shaped(name, frame) for name, frame in tables.items()}
    return Snapshot(DAY, _shaped("parties", number.select(party_id=name, kind=pl.lit("enterprise"))), full)


def _shaped(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    schema = TABLES[table].snapshot_schema
    absent = [pl.lit(None).alias(name) for name in schema if name not in frame.columns]
    return frame.with_columns(absent).select(*schema).cast(schema)  # type: ignore[arg-type]


def timed(work, *args):
    """The result and the seconds it took."""
    begun = time.perf_counter()
    result = work(*args)
    return result, time.perf_counter() - begun


def cycles_of_igraph(ties: pl.DataFrame) -> list[tuple[int, ...]]:
    """Cycles as igraph finds them, its parties numbered from 0 without a gap."""
    _, places = np.unique(ties.select(ENDS).to_numpy(), return_inverse=True)
    graph = importlib.import_module("igraph").Graph(edges=places.reshape(-1, 2).tolist(), directed=True)
    return graph.simple_cycles(max=LONGEST)  # type: ignore[no-any-return]


def cycles_of_networkx(ties: pl.DataFrame) -> list[list[int]]:
    """Cycles as networkx finds them."""
    return list(nx.simple_cycles(nx.DiGraph(ties.select(ENDS).rows()), length_bound=LONGEST))


def beside(name: str, find: Callable[[pl.DataFrame], list[Any]], ties: pl.DataFrame) -> str:
    """A rival's line of the table, or that it did not finish; the time includes building its graph."""

    def stop(_number: int, _frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        found, seconds = timed(find, ties)
    except (TimeoutError, SystemError):
        return f"{name} | - | over {PATIENCE}"
    finally:
        signal.alarm(0)
    return f"{name} | {len(found):,} | {seconds:.2f}"


def cycles_table(count: int) -> None:
    """The cycles of one graph, by us and by the others that are installed."""
    ties = planted(2 * count, count)
    rings = inside(ties, circles(ties))
    found, seconds = timed(simple_cycles, ties, LONGEST)
    rivals: list[tuple[str, Callable[[pl.DataFrame], list[Any]], pl.DataFrame]] = [
        ("networkx, circles alone", cycles_of_networkx, rings)
    ]
    if importlib.util.find_spec("igraph"):
        rivals += [("igraph, whole graph", cycles_of_igraph, ties), ("igraph, circles alone", cycles_of_igraph, rings)]
    own = f"relparty, finding the circles too | {found.height:,} | {seconds:.2f}"
    for line in (own, *(beside(*rival) for rival in rivals)):
        print(f"{ties.height:,} | {line}", flush=True)


def main() -> None:
    """Prints the tables."""
    print("guarantees | who | cycles up to 5 | seconds", flush=True)
    for count in (20_000, 500_000):
        cycles_table(count)
    parties = 1_000_000
    seen = snapshot(parties, planted(parties, 500_000))
    groups = pl.DataFrame(
        {"group_id": [f"G-{row // 5}" for row in range(parties)], "party_row": np.arange(parties, dtype=np.uint32)}
    )
    print("parties | guarantees | patterns s | burden s | exposures and limits s | peak GiB", flush=True)
    _, first = timed(lambda: patterns(pairs(seen)))
    _, second = timed(burden, seen, groups)
    _, third = timed(limit_use, seen, groups, "eba")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    told = f"{first:.2f} | {second:.2f} | {third:.2f} | {memory:.1f}"
    print(f"{parties:,} | {seen.table('guarantees').height:,} | {told}", flush=True)


if __name__ == "__main__":
    main()
