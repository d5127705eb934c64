"""Publishes a run whole: all result properties in one transaction, with a mark around its commit for readers."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

from .bolt import BATCH_ROWS, Connection, Row, Statements, batches, columns
from .errors import DataError, StoreError
from .lease import Lease
from .results import Run, Scores
from .schema import CHANNELS, KINDS, LINKS, RESULTS, SCORES, SHARED_PERSON
from .ties import FACTS
from .writing import Progress, complete

# Heap that a firm takes when Neo4j 5.26 commits, for each property it carries and each one that is set; measured with
# 5 to 30 properties there and 9 to 17 set: 9.4 to 46 KiB a firm, which this sum exceeds by 10 to 60 %.
BYTES_PER_PROPERTY_THERE, BYTES_PER_PROPERTY_SET = 1180, 920
MEMORY_SETTING = "dbms.memory.transaction.total.max"
ENDS = ("from_id", "to_id")  # of a relationship
PREVIOUS = {"risk_pd_previous": "risk_pd", "risk_run_id_previous": "risk_run_id"}
LINK_RESULTS = ("risk_run_id", *(f"risk_contagion_{name}" for name in KINDS))
_UNITS = {"B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}

_PUBLICATION = "MERGE (p:Publication {kind: $kind}) RETURN p.run_id AS run_id"
_MARK = """
MATCH (l:Lock {name: 'writer'}) WHERE l.token = $token
MATCH (p:Publication {kind: $kind}) SET p.publishing = $run_id RETURN p.kind AS kind
"""
_DONE = """
MATCH (l:Lock {name: 'writer'}) WHERE l.token = $token
MATCH (p:Publication {kind: $kind}) SET p.run_id = $run_id REMOVE p.publishing
"""
_CLEAR = "MATCH (p:Publication {kind: $kind}) REMOVE p.publishing"
_MARKED = "MATCH (p:Publication) WHERE p.publishing IS NOT NULL RETURN p.kind AS kind, p.publishing AS run_id"
_CARRIERS = """
MATCH (e:Enterprise) RETURN count(e) AS firms, sum(CASE WHEN e.risk_run_id = $run_id THEN 1 ELSE 0 END) AS carrying
"""
_COMMITTED = """
OPTIONAL MATCH (r:Run {run_id: $run_id}) RETURN 1 AS firms, CASE WHEN r.in_force THEN 1 ELSE 0 END AS carrying
"""
_NOT_IN_FORCE = "MATCH (r:Run {kind: $kind}) WHERE r.in_force SET r.in_force = false"
_LINKS = "MATCH (r:Run {kind: $kind}) WHERE r.in_force RETURN coalesce(sum(r.links), 0) AS links"
_RUN = """
MERGE (r:Run {run_id: $run_id}) ON CREATE SET r.in_force = false
SET r.kind = $kind, r.as_of = $as_of, r.model_id = $model_id, r.status = 'complete', r += $hashes
"""
_IN_FORCE = "MATCH (r:Run {run_id: $run_id}) SET r.in_force = true, r.links = $links"
_RUNS = """
MATCH (r:Run) WITH r ORDER BY r.as_of DESC, r.kind, r.run_id
RETURN r.run_id AS run_id, r.kind AS kind, toString(r.as_of) AS as_of, r.model_id AS model_id, r.in_force AS in_force
"""
_RUN_SCHEMA = {
    "run_id": pl.String, "kind": pl.String, "as_of": pl.String, "model_id": pl.String, "in_force": pl.Boolean,
}  # fmt: skip
_FIRMS = """
MATCH (e:Enterprise) WITH collect(e.party_id) AS every UNWIND range(0, size(every) - 1, $batch) AS start
RETURN every[start..start + $batch] AS ids
"""
_WIDTH = "MATCH (e:Enterprise) WITH e LIMIT 1000 RETURN coalesce(avg(size(keys(e))), 0.0) AS properties"
_LIMIT = f"SHOW SETTINGS YIELD name, value WHERE name = '{MEMORY_SETTING}' RETURN value"


@dataclass(frozen=True)
class _Step:
    """One statement over rows, run once per batch; each row must meet its firm or link."""

    what: str
    text: str
    rows: pl.DataFrame


@dataclass(frozen=True)
class _Work:
    run: Run
    steps: list[_Step]
    progress: Progress


def publish(connection: Connection, lease: Lease, run: Run, scores: Scores, progress: Progress) -> bool:
    """Brings a run into force, whole or not at all; a run for a day before the store's leaves only its node.

    Returns:
        whether the run is now in force.

    Raises:
        DataError: the run is for a later day than the store shows, its scores are not one row per enterprise, or
            they name a link that is not there.
        StoreError: the store has too little memory for one transaction, or another writer took the lease.
    """
    if not is_present(connection, lease, run):
        return False
    _check_firms(connection, scores)
    check_memory(connection, scores.firms.height, _properties(scores))
    in_force = _leased(connection, lease, _PUBLICATION, kind=run.kind)[0]["run_id"]
    steps = [_firm_step(scores, again=in_force == run.run_id), *_link_steps(scores)]
    work = _Work(run, steps, progress)
    bring_into_force(connection, lease, run, lambda transaction: _write(connection, transaction, lease, work))
    return True


def runs(connection: Connection) -> pl.DataFrame:
    """The runs that a store knows, latest day first: run_id, kind, as_of, model_id, in_force."""
    return pl.DataFrame(connection.run(_RUNS), schema=_RUN_SCHEMA).with_columns(pl.col("as_of").str.to_date())


def is_present(connection: Connection, lease: Lease, run: Run) -> bool:
    """Whether a run is for the day that the store shows; one for an earlier day leaves only its node.

    Raises:
        DataError: the run is for a later day than the store shows, or the last write did not finish.
    """
    if _shows(complete(connection), run):
        return True
    _leased(connection, lease, _RUN, **_node(run))
    return False


def bring_into_force(
    connection: Connection, lease: Lease, run: Run, write: Callable[[Statements], dict[str, object]]
) -> None:
    """Writes a run in one transaction, with the mark around its commit.

    Args:
        connection: to the store.
        lease: held on it.
        run: that comes into force.
        write: writes all of the run's results; what it returns is kept on the run's node.
    """
    _leased(connection, lease, _PUBLICATION, kind=run.kind)
    try:
        with connection.transaction() as transaction:
            counted = write(transaction)
            transaction.run(_NOT_IN_FORCE, kind=run.kind)
            transaction.run(_RUN, **_node(run))
            transaction.run(_IN_FORCE, run_id=run.run_id, **counted)
            lease.renew(transaction)
            _mark(connection, lease, run)
            transaction.commit()
    except BaseException:
        with suppress(Exception):  # a server that is gone leaves it to the next writer
            recover(connection, lease)  # a commit refused, or not answered for, leaves no mark behind
        raise
    # Where the lease was lost meanwhile, its new holder has ended the publication already.
    connection.run(_DONE, kind=run.kind, run_id=run.run_id, token=lease.token)


def recover(connection: Connection, lease: Lease) -> None:
    """Ends a publication whose writer was killed: if it was committed it is in force, else the mark goes.

    Scores are on every firm; groups may be none, so there the run's own node, written in the same commit, tells.
    """
    for mark in connection.run(_MARKED):
        text = _CARRIERS if mark["kind"] == "score" else _COMMITTED
        found = connection.run(text, run_id=mark["run_id"])[0]
        whole = found["firms"] == found["carrying"]
        _leased(
            connection, lease, _DONE if whole else _CLEAR, kind=mark["kind"], run_id=mark["run_id"], token=lease.token
        )


def _write(connection: Connection, transaction: Statements, lease: Lease, work: "_Work") -> dict[str, object]:
    run, steps, progress = work.run, work.steps, work.progress
    whole, done = sum(step.rows.height for step in steps), 0
    shared = {"run_id": run.run_id, "as_of": run.as_of}
    for text in _clear(transaction, work):
        transaction.run(text)
    for step in steps:
        for batch in batches(step.rows):
            lease.renew(connection)  # outside the transaction: nobody else sees what that does
            met = transaction.run(step.text, **columns(batch, batch.columns), **shared)[0]["met"]
            if met != batch.height:
                raise DataError(f"{step.what}: {batch.height - met} rows of {run.run_id} meet nothing in the store.")
            done += batch.height
            progress(step.what, done, whole)
    return {"links": whole - steps[0].rows.height}


def _shows(shown: Row, run: Run) -> bool:
    if run.as_of.isoformat() > shown["day"]:
        raise DataError(
            f"{run.run_id} is for {run.as_of}, the store shows {shown['day']}. load --day {run.as_of} first."
        )
    return bool(run.as_of.isoformat() == shown["day"])


def _check_firms(connection: Connection, scores: Scores) -> None:
    blocks = connection.run(_FIRMS, batch=BATCH_ROWS)
    there = pl.Series([each for block in blocks for each in block["ids"]], dtype=pl.String).sort()
    if not there.equals(scores.firms["party_id"].sort()):
        raise DataError(
            f"scores: {scores.firms.height} rows do not cover exactly the {there.len()} enterprises of the store. "
            "Score the snapshot that the store shows."
        )


def check_memory(connection: Connection, rows: int, properties: int) -> None:
    """Refuses beforehand to set so many properties on so many parties where they don't fit one transaction.

    Neo4j itself refuses a transaction that outgrows its memory only when it is nearly done.

    Raises:
        StoreError: the memory needed, and the setting to raise.
    """
    if connection.server != "neo4j":
        return
    there = float(connection.run(_WIDTH)[0]["properties"])
    need = rows * (there * BYTES_PER_PROPERTY_THERE + properties * BYTES_PER_PROPERTY_SET)
    set_to = connection.run(_LIMIT)
    limit = _bytes(set_to[0]["value"]) if set_to else 0
    if limit and need > limit:
        raise StoreError(
            f"Publishing needs about {need / 2**30:.1f} GiB in one transaction and {MEMORY_SETTING} is "
            f"{limit / 2**30:.1f} GiB. Raise it and the heap (server.memory.heap.max_size). Nothing was written."
        )


def _properties(scores: Scores) -> int:
    """How many properties publishing these scores sets on a firm."""
    return len(_filled(scores)) + len(PREVIOUS) + len(("risk_as_of", "risk_run_id"))


def _bytes(text: str) -> int:
    unit = text.lstrip("0123456789.")
    return int(float(text[: len(text) - len(unit)]) * 2 ** _UNITS.get(unit, 0))


def _leased(connection: Connection, lease: Lease, text: str, /, **parameters: object) -> list[Row]:
    def work(statements: Statements) -> list[Row]:
        lease.renew(statements)
        return statements.run(text, **parameters)

    rows: list[Row] = connection.together(work)
    return rows


def _mark(connection: Connection, lease: Lease, run: Run) -> None:
    """In a transaction of its own, just before the commit: only reads the lease, which the open one has renewed."""
    if not connection.run(_MARK, token=lease.token, kind=run.kind, run_id=run.run_id):
        raise StoreError("The lease was lost before the commit. Nothing was published; run again.")


def _node(run: Run) -> Row:
    hashes = {f"hash_{name}": value for name, value in run.hashes.items()}
    return {"run_id": run.run_id, "kind": run.kind, "as_of": run.as_of, "model_id": run.model_id, "hashes": hashes}


def _firm_step(scores: Scores, *, again: bool) -> _Step:
    """Publishing the run in force again leaves the previous values as they are."""
    names = _filled(scores)
    kept = [] if again else [f"e.{name} = e.{now}" for name, now in PREVIOUS.items()]
    values = [*kept, *(f"e.{name} = ${name}[i]" for name in names), "e.risk_as_of = $as_of", "e.risk_run_id = $run_id"]
    text = (
        "UNWIND range(0, size($party_id) - 1) AS i MATCH (e:Party {party_id: $party_id[i]}) "
        f"SET {', '.join(values)} RETURN count(e) AS met"
    )
    return _Step("firms", text, scores.firms.select("party_id", *names))


def _link_steps(scores: Scores) -> Iterator[_Step]:
    strongest = scores.strongest_links
    for channel in CHANNELS:
        rows = strongest.filter(table=channel.table, channel=channel.name)
        ends = ("suffers_id", "fails_id") if channel.fails == "target" else ("fails_id", "suffers_id")
        yield _link_step(channel.name, channel.table, rows.rename(dict(zip(ends, ENDS, strict=True))))
    ties = strongest.filter(channel=SHARED_PERSON)
    for name in FACTS:
        yield _link_step(SHARED_PERSON, name, _by_person(ties.filter(table=name)))


def _link_step(channel: str, name: str, rows: pl.DataFrame) -> _Step:
    """Sets what a channel's links add: rows with ENDS, `rest` and `contagion`, on the relationships of one table."""
    table = LINKS[name]
    rest = [column for column in table.key if column not in table.party_columns]
    key = ", ".join(f"{column}: ${column}[i]" for column in rest)
    text = (
        "UNWIND range(0, size($contagion) - 1) AS i MATCH (s:Party {party_id: $from_id[i]}) "
        f"MATCH (t:Party {{party_id: $to_id[i]}}) MATCH (s)-[r:{table.link.type} {{{key}}}]->(t) "  # type: ignore[union-attr]
        f"SET r.risk_contagion_{channel} = $contagion[i], r.risk_run_id = $run_id RETURN count(r) AS met"
    )
    named = [pl.col("rest").list.get(place).alias(column) for place, column in enumerate(rest)]
    return _Step(f"links, {channel}", text, rows.select(*ENDS, *named, "contagion"))


def _by_person(ties: pl.DataFrame) -> pl.DataFrame:
    """What each record of a shared person brings to the firm that it is about, from all the person's other firms."""
    person = pl.col("rest").list.first().alias("from_id")
    return ties.group_by(person, pl.col("rest").list.slice(1), to_id="suffers_id", maintain_order=True).agg(
        pl.col("contagion").sum()
    )


def _filled(scores: Scores) -> list[str]:
    """The scores that some firm has."""
    return [spec.name for spec in SCORES if scores.firms[spec.name].null_count() < scores.firms.height]


def _clear(transaction: Statements, work: "_Work") -> Iterator[str]:
    """Takes away what the run before left and this one does not write over."""
    unwritten = [spec.name for spec in SCORES if spec.name not in work.steps[0].rows.columns]
    if unwritten:
        there = " OR ".join(f"e.{name} IS NOT NULL" for name in unwritten)
        yield f"MATCH (e:Enterprise) WHERE {there} REMOVE {', '.join(f'e.{name}' for name in unwritten)}"
    gone = ", ".join(f"p.{spec.name}" for spec in RESULTS)
    yield f"MATCH (p:Party) WHERE NOT p:Enterprise AND p.risk_run_id IS NOT NULL REMOVE {gone}"
    if transaction.run(_LINKS, kind=work.run.kind)[0]["links"]:
        removed = ", ".join(f"r.{name}" for name in LINK_RESULTS)
        for name in dict.fromkeys([*(channel.table for channel in CHANNELS), *FACTS]):
            kind = LINKS[name].link.type  # type: ignore[union-attr]
            yield f"MATCH (:Party)-[r:{kind}]->(:Party) WHERE r.risk_run_id IS NOT NULL REMOVE {removed}"
