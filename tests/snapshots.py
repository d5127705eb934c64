"""Snapshots for tests of the store: small ones by hand, and seeded ones in which every field of the dictionary varies."""

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import polars as pl
from relparty.graph.fields import FIELDS, Kind
from relparty.graph.schema import SNAPSHOT_TABLES, TABLES, Table
from relparty.graph.snapshot import Snapshot

DAY = date(2024, 6, 30)
ODD = ("", "plain", "Ö \U0001f600 漢", 'it\'s `odd` "text"', "a\nb", "'); MATCH (n) DETACH DELETE n //", "<script>")


def frame(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows of a snapshot's table, sorted; a column not named is missing."""
    table = TABLES[name]
    schema = table.snapshot_schema
    full = [{column: row.get(column) for column in schema} for row in rows]
    return pl.DataFrame(full, schema=schema, orient="row").sort(table.snapshot_key)


def parties(*ids: str, kind: str = "enterprise") -> pl.DataFrame:
    """Parties of one kind, with the source that every row has."""
    rows: list[dict[str, object]] = [{"party_id": each, "kind": kind, "source": "bank"} for each in ids]
    return frame("parties", rows)


def firms_in_a_chain(count: int, day: date = DAY, amount: float = 1.0) -> Snapshot:
    """Firms E-00000, E-00001, …, each guaranteeing the debt of the next."""
    ids = [f"E-{i:05d}" for i in range(count)]
    rows: list[dict[str, object]] = [
        {"contract_id": f"C-{i:05d}", "source_row": i, "target_row": i + 1, "amount": amount, "source": "bank"}
        for i in range(count - 1)
    ]
    return Snapshot(day, parties(*ids), {"guarantees": frame("guarantees", rows)})


def any_snapshot(seed: int, firms: int = 12, rows: int = 20, day: date = DAY) -> Snapshot:
    """A snapshot in which every column of every table holds something somewhere, and misses somewhere."""
    rng = np.random.default_rng(seed)
    table = TABLES["parties"]
    ids = sorted({f"{ODD[int(rng.integers(len(ODD)))]}{rng.integers(10**6)}" for _ in range(firms)})
    people = _values(table, len(ids), rng, {"party_id": pl.Series(ids)})
    every = people.sort(pl.col("kind") != "enterprise", "party_id")
    tables = {name: _rows(each, every.height, rows, rng) for name, each in SNAPSHOT_TABLES.items() if name != "parties"}
    return Snapshot(day, every, tables)


def _rows(table: Table, firms: int, rows: int, rng: np.random.Generator) -> pl.DataFrame:
    ends = {
        name: pl.Series(rng.integers(0, firms, rows), dtype=pl.UInt32)
        for name in table.snapshot_schema if name.endswith("_row")
    }  # fmt: skip
    return _values(table, rows, rng, ends).unique(table.snapshot_key).sort(table.snapshot_key)


def _values(table: Table, rows: int, rng: np.random.Generator, given: Mapping[str, pl.Series]) -> pl.DataFrame:
    columns = {}
    for name, dtype in table.snapshot_schema.items():
        whole = name in table.snapshot_key or name in table.required or name in ("kind", "source") or name in given
        column = given[name] if name in given else _column(table, name, rows, rng)
        gap = pl.Series(rng.random(rows) < 0.4)
        columns[name] = column.cast(dtype) if whole else pl.select(pl.when(~gap).then(column)).to_series().cast(dtype)
    return pl.DataFrame(columns)


def _column(table: Table, name: str, rows: int, rng: np.random.Generator) -> pl.Series:  # noqa: PLR0911 (one per kind)
    kind, choices = FIELDS[name].kind, table.choices.get(name)
    if choices:
        return pl.Series([choices[int(i)] for i in rng.integers(0, len(choices), rows)])
    if kind is Kind.DAY:
        days = [
            date(1, 1, 1),
            date(2024, 2, 29),
            *(date(2000, 1, 1) + timedelta(int(i)) for i in rng.integers(0, 9000, rows)),
        ]
        return pl.Series(days[:rows], dtype=pl.Date)
    if kind is Kind.FLAG:
        return pl.Series(rng.random(rows) < 0.5)
    if kind is Kind.COUNT:
        return pl.Series([9223372036854775807, *rng.integers(0, 100, rows).tolist()][:rows])
    if kind is Kind.TEXTS:
        return pl.Series(
            [[ODD[int(i)] for i in rng.integers(1, len(ODD), n)] for n in rng.integers(0, 3, rows)],
            dtype=pl.List(pl.String),
        )
    if kind in (Kind.ID, Kind.TEXT):
        low = 0 if kind is Kind.ID else 1
        return pl.Series([f"{ODD[int(i)]}{int(i) % 3 or ''}" for i in rng.integers(low, len(ODD), rows)])
    return pl.Series([1e300, 2.0**63, -0.5, *rng.normal(size=rows).tolist()][:rows])
