"""Store.write and Store.publish against a bare driver loop, on both servers, in one run.

The rival writes the same nodes, links and properties in the fastest shape we know: one list per column, batches of
20,000, the constraint on the key.

    python -m benchmarks.bench_store [FIRMS [LINKS [ROUNDS]]]
"""

import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import neo4j
import numpy as np
import polars as pl
from relparty.graph.results import Run, Scores
from relparty.graph.schema import SCORES, TABLES
from relparty.graph.snapshot import Snapshot

from tests.servers import Server, embedded_store, real_neo4j

HEAP = "6g"  # publishing to 100,000 firms takes 2 to 3 GB in one transaction of Neo4j
DAY, BATCH = date(2024, 6, 30), 20_000


def made_up(firms: int, links: int) -> Snapshot:
    """Firms with accounts, a third of the links each guarantees, supplies and loans."""
    dice, third = np.random.default_rng(1), links // 3
    ids = pl.Series([f"E-{number:07d}" for number in range(firms)])
    party = {"party_id": ids, "kind": "enterprise", "name": "Firm " + ids, "industry": "C13", "source": "bank",
             "valid_from": date(2010, 1, 1)}  # fmt: skip
    money = {name: dice.random(firms) * 1e6 for name in ("total_assets", "equity", "debt", "revenue")}
    key = {"party_row": np.arange(firms), "scope": "solo"}
    accounts = {**key, "valid_from": date(2023, 12, 31), "source": "bank", **money}
    tables = {"accounts": _frame("accounts", accounts)}
    for name, amount in (("guarantees", "amount"), ("supplies", "receivable"), ("lends_to", "balance")):
        ends = {end: dice.integers(0, firms, third) for end in ("source_row", "target_row")}
        contract = pl.Series([f"C-{number:07d}" for number in range(third)])
        given = {**ends, "contract_id": contract, amount: dice.random(third) * 1e6, "source": "bank"}
        tables[name] = _frame(name, given)
    return Snapshot(DAY, _frame("parties", party), tables)


def _frame(name: str, given: dict[str, object]) -> pl.DataFrame:
    table = TABLES[name]
    known = pl.DataFrame(given)
    every = known.with_columns(pl.lit(None).alias(each) for each in table.snapshot_schema if each not in known.columns)
    return every.select(*table.snapshot_schema).cast(table.snapshot_schema).sort(table.snapshot_key)  # type: ignore[arg-type]


def scored(snapshot: Snapshot, seed: int) -> Scores:
    """Nine properties a firm: six of a score, one channel, day and run."""
    dice, firms = np.random.default_rng(seed), snapshot.enterprises
    given = ("risk_pd", "risk_pd_standalone", "risk_contagion", "risk_contagion_guarantee_call")
    numbers = {name: dice.random(firms) for name in given}
    texts = {"risk_driver": "own", "risk_basis": "accounts", "risk_status": "scored"}
    frame = pl.DataFrame({"party_id": snapshot.parties["party_id"], **numbers, **texts})
    lacking = [pl.lit(None, dtype=spec.dtype).alias(spec.name) for spec in SCORES if spec.name not in frame.columns]
    return Scores(frame.with_columns(lacking))


def bare_write(session: neo4j.Session, snapshot: Snapshot) -> None:
    """The rival: firms with their accounts, then links, each batch in its own transaction."""
    accounts = snapshot.table("accounts").drop("party_row", "scope").select(pl.all().name.prefix("solo_"))
    firms = _dense(pl.concat([snapshot.parties, accounts], how="horizontal"))
    values = ", ".join(f"{name}: ${name}[i]" for name in firms.columns)
    _send(session, f"CREATE (n:Party:Enterprise {{{values}}})", firms)
    ids = snapshot.parties["party_id"]
    for name, frame in snapshot.links.items():
        link, key = TABLES[name].link, "contract_id"
        assert link is not None
        if frame.is_empty():
            continue
        rows = _dense(frame.with_columns(s=ids.gather(frame["source_row"]), t=ids.gather(frame["target_row"])))
        rows = rows.drop("source_row", "target_row")
        rest = ", ".join(f"r.{each} = ${each}[i]" for each in rows.columns if each not in ("s", "t", key))
        match = "MATCH (s:Party {party_id: $s[i]}) MATCH (t:Party {party_id: $t[i]})"
        _send(session, f"{match} MERGE (s)-[r:{link.type} {{{key}: ${key}[i]}}]->(t) SET {rest}", rows)


def bare_publish(session: neo4j.Session, scores: Scores, run_id: str, before: Scores | None = None) -> None:
    """The rival: the same properties in one explicit transaction, nothing looked at before or after."""
    rows = _dense(scores.firms).with_columns(risk_as_of=pl.lit(DAY), risk_run_id=pl.lit(run_id))
    if before is not None:
        rows = rows.with_columns(risk_pd_previous=before.firms["risk_pd"], risk_run_id_previous=pl.lit("bare-1"))
    values = ", ".join(f"e.{name} = ${name}[i]" for name in rows.columns if name != "party_id")
    with session.begin_transaction() as transaction:
        for text, columns in _batches(f"MATCH (e:Party {{party_id: $party_id[i]}}) SET {values}", rows):
            transaction.run(text, columns).consume()
        transaction.commit()


def _dense(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(column.name for column in frame if column.null_count() < frame.height)


def _batches(text: str, rows: pl.DataFrame) -> Iterator[tuple[str, dict[str, list[object]]]]:
    each = f"UNWIND range(0, size(${rows.columns[0]}) - 1) AS i"
    for start in range(0, rows.height, BATCH):
        yield f"{each} {text}", rows.slice(start, BATCH).to_dict(as_series=False)


def _send(session: neo4j.Session, text: str, rows: pl.DataFrame) -> None:
    for whole, columns in _batches(text, rows):
        with session.begin_transaction() as transaction:
            transaction.run(whole, columns).consume()
            transaction.commit()


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measured(server: Server, snapshot: Snapshot, rounds: int) -> dict[str, tuple[float, float]]:
    """Best seconds of the bare loop and of the store by piece of work, taken in turns from an empty server."""
    first, later = (scored(snapshot, seed) for seed in (1, 2))
    names = ("write into an empty store", "publish, first run", "publish, next run")
    best = dict.fromkeys(names, (math.inf, math.inf))
    with server.store() as store, server.bare() as session:
        for _ in range(rounds):
            server.empty()
            bare = [_seconds(lambda: bare_write(session, snapshot))]
            bare += [_seconds(lambda: bare_publish(session, first, "bare-1"))]
            bare += [_seconds(lambda: bare_publish(session, later, "bare-2", first))]
            server.empty()
            ours = [_seconds(lambda: store.write(snapshot))]
            ours += [_seconds(lambda: store.publish(Run("run-1", "score", DAY), first))]
            ours += [_seconds(lambda: store.publish(Run("run-2", "score", DAY), later))]
            for name, *pair in zip(names, bare, ours, strict=True):
                best[name] = (min(best[name][0], pair[0]), min(best[name][1], pair[1]))
        best["snapshot read back"] = (math.nan, _seconds(store.snapshot))
        best["write again, nothing differs"] = (math.nan, _seconds(lambda: store.write(snapshot)))
    return best


def main(firms: int = 100_000, links: int = 300_000, rounds: int = 2) -> None:
    """Prints one line per server and piece of work."""
    snapshot = made_up(firms, links)
    print(f"{firms:,} firms, {links:,} links; seconds, and the store's rate as a share of the bare loop's")
    print(f"{'server':10}{'work':32}{'bare':>8}{'store':>8}{'rate':>7}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = [stack.enter_context(embedded_store(Path(folder) / "store"))]
        servers.append(stack.enter_context(real_neo4j(Path(folder) / "neo4j", heap=HEAP)))
        for server in servers:
            with server.store() as store:
                store.write(Snapshot(DAY, snapshot.parties.clear()))  # makes the constraints
            measured(server, made_up(5_000, 15_000), 2)  # warms its JVM
            for work, (bare, ours) in measured(server, snapshot, rounds).items():
                rate = "" if math.isnan(bare) else f"{bare / ours:6.0%}"
                print(f"{server.name:10}{work:32}{bare:8.1f}{ours:8.1f}{rate:>7}", flush=True)


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
