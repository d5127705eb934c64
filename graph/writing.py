"""Writes a snapshot into the store: only what differs from what is there, in batches, one transaction each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from . import statements
from .bolt import BATCH_ROWS, Connection, Row, Statements, batches, columns
from .differences import Difference, difference, rewritten
from .errors import DataError
from .lease import Lease
from .snapshot import Snapshot
from .stored import KIND_LABELS, PARTS, Part, shown, stored

CHANGE_ROWS = 5_000  # Neo4j takes up to 50 KiB of heap to change a node that carries many properties
Progress = Callable[[str, int, int], None]  # what is being written, rows done, rows in all
# A write that begins where nothing is to change marks nothing; the version counts the writes that changed something.
_BEGIN = "MERGE (l:Load) SET l.status = 'running', l.day = $day"
_END = """
MERGE (r:Register) SET r.day = $day, r.currency = $currency, r.version = coalesce(r.version, 0) + 1
WITH r MERGE (l:Load) SET l.status = 'complete', l.day = $day
"""
_STATE = """
OPTIONAL MATCH (r:Register) OPTIONAL MATCH (l:Load)
RETURN toString(r.day) AS day, r.currency AS currency, r.version AS version, l.status AS status
"""
_CONSTRAINTS = "SHOW CONSTRAINTS YIELD name RETURN name"


@dataclass(frozen=True)
class _Step:
    """One statement over rows: it is run once per batch."""

    what: str
    text: str
    rows: pl.DataFrame
    most: int = BATCH_ROWS


def ensure_constraints(connection: Connection) -> None:
    """Creates the constraints that are missing; without them every statement would scan all nodes."""
    standing = {row["name"] for row in connection.run(_CONSTRAINTS)}
    for name, text in statements.constraints().items():
        if name not in standing:
            connection.run(text)


def state(source: Statements) -> Row:
    """Which day the store shows: `day` as text, `currency`, `version`, and the `status` of the last write."""
    return source.run(_STATE)[0]


def complete(source: Statements) -> Row:
    """The state of a store that shows a whole snapshot.

    Raises:
        DataError: nothing was written yet, or the last write did not finish.
    """
    shown = state(source)
    if shown["status"] is None:
        raise DataError("Nothing was loaded into the store yet. relparty load writes it.")
    if shown["status"] != "complete":
        raise DataError("A load into the store is running or did not finish. Wait for it, or run it again.")
    return shown


def read(source: Statements) -> dict[str, pl.DataFrame]:
    """Everything of a snapshot that lies in the store, by part."""
    return {name: _read(source, part) for name, part in PARTS.items()}


def _read(source: Statements, part: Part) -> pl.DataFrame:
    blocks = [_block(part, row) for row in source.run(statements.read(part), batch=BATCH_ROWS)]
    frame = pl.concat(blocks) if blocks else pl.DataFrame(schema=dict(part.columns))
    return frame.sort(part.key)


def _block(part: Part, row: Mapping[str, list[Any]]) -> pl.DataFrame:
    as_text = {pl.Date(): pl.String(), pl.List(pl.Date): pl.List(pl.String)}
    written = {name: as_text.get(dtype, dtype) for name, dtype in part.columns.items()}
    days = [_day(name, dtype) for name, dtype in part.columns.items() if dtype in as_text]
    return pl.DataFrame({name: row[name] for name in part.columns}, schema=written).with_columns(days)


def _day(name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.List:
        return pl.col(name).list.eval(pl.element().str.to_date("%Y-%m-%d"))
    return pl.col(name).str.to_date("%Y-%m-%d")


def snapshot(source: Statements, day: Any, currency: str) -> Snapshot:
    """The snapshot that the store shows."""
    return shown(read(source), day, currency)


def write(connection: Connection, lease: Lease, new: Snapshot, progress: Progress) -> dict[str, int]:
    """Writes the difference between `new` and what is there.

    Returns:
        rows created, changed and deleted.

    Raises:
        DataError: the store shows a later day.
        StoreError: another writer took the lease.
    """
    frames = stored(new)
    known = state(connection)
    if known["day"] is not None and known["day"] > new.day.isoformat():
        raise DataError(
            f"The store shows {known['day']}, later than {new.day}, and never moves back. Load a later --day."
        )
    changes = _differences(read(connection), frames)
    counts = {
        "created": sum(each.new.height for each in changes.values()),
        "changed": sum(each.changed.height for each in changes.values()),
        "deleted": sum(each.gone.height for each in changes.values()),
    }
    same = (known["day"], known["currency"], known["status"]) == (new.day.isoformat(), new.currency, "complete")
    if not (same and sum(counts.values()) == 0):
        mark = {"day": new.day, "currency": new.currency}
        _marked(connection, lease, _BEGIN, day=new.day)
        _run(connection, lease, list(_steps(changes)), progress)
        _marked(connection, lease, _END, **mark)
    return counts


def _differences(before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame]) -> dict[str, Difference]:
    found = {name: difference(before[name], after[name], part.key) for name, part in PARTS.items()}
    for name, part in PARTS.items():
        if part.table.stored == "node":  # its party may have changed, and with it the tie to it
            found[name] = rewritten(found[name], after[name], part.key)
    return found


def _steps(changes: Mapping[str, Difference]) -> Iterator[_Step]:
    """Links and nodes go before their parties, parties come before their links."""
    links_first = [part for name, part in PARTS.items() if name != "parties"] + [PARTS["parties"]]
    for part in links_first:
        yield _Step(part.name, statements.delete(part), changes[part.name].gone)
    parties, moved = PARTS["parties"], changes["parties"]
    for kind, rows in _by_kind(moved.new):
        filled = _filled(rows)
        yield _Step(parties.name, statements.create(parties, filled.columns, kind), filled)
    if "kind" in moved.changed.columns:
        yield _Step(parties.name, statements.unlabel(), moved.changed.select("party_id"))
        for kind, rows in _by_kind(moved.changed):
            if kind in KIND_LABELS:
                yield _Step(parties.name, statements.relabel(kind), rows.select("party_id"))
    for part in reversed(links_first):
        new, changed = _filled(changes[part.name].new), changes[part.name].changed
        if part is not parties:
            yield _Step(part.name, statements.create(part, new.columns), new)
        yield _Step(part.name, statements.change(part, changed.columns), changed, CHANGE_ROWS)


def _by_kind(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for kind in KIND_LABELS:
        yield kind, rows.filter(pl.col("kind") == kind)
    yield "", rows.filter(~pl.col("kind").is_in(list(KIND_LABELS)))


def _filled(rows: pl.DataFrame) -> pl.DataFrame:
    """Without columns that hold nothing: an absent property needs no writing."""
    return rows.select(column.name for column in rows if column.null_count() < rows.height or not rows.height)


def _run(connection: Connection, lease: Lease, steps: list[_Step], progress: Progress) -> None:
    whole, done = sum(step.rows.height for step in steps), 0
    for step in steps:
        for batch in batches(step.rows, step.most):
            _marked(connection, lease, step.text, **columns(batch, batch.columns))
            done += batch.height
            progress(step.what, done, whole)


def _marked(connection: Connection, lease: Lease, text: str, /, **parameters: object) -> None:
    """One statement in a transaction that matches and renews the lease."""

    def work(statements: Statements) -> None:
        lease.renew(statements)
        statements.run(text, **parameters)

    connection.together(work)
