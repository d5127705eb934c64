"""How a snapshot lies in the graph: each kind of node and relationship with its columns, and the way back.

Parties carry their latest accounts as `<scope>_<field>` and their monthly figures as lists side by side
(`observations_measure[i]`, `observations_month[i]`, `observations_figure[i]`, `observations_unit[i]`); months without
a figure stand last, so the list of figures just ends sooner. A missing value is an absent property. Row numbers are
never stored: rows carry the ids of their parties.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from .errors import DataError
from .fields import FIELDS, Kind
from .schema import MAX_ID_BYTES, SNAPSHOT_TABLES, TABLES, Table
from .snapshot import Snapshot

KIND_LABELS = {"enterprise": "Enterprise", "person": "Person"}  # every party is a :Party beside
NODE_LABELS = {"exposures": "Exposure", "events": "Event", "reviews": "Review", "capital": "Capital"}
TIES = {  # from a party to the node, by the node's column that names the party; `reviews` ends in a second party
    "exposures": {"party_id": "-[:HAS_EXPOSURE]->"},
    "events": {"party_id": "-[:HAS_EVENT]->"},
    "reviews": {"from_id": "-[:HAS_REVIEW]->", "to_id": "<-[:REVIEWS]-"},
    "capital": {},
}
PARTIES = TABLES["parties"]
_ACCOUNTS, _SERIES = TABLES["accounts"], TABLES["observations"]
_SCOPES = _ACCOUNTS.choices["scope"]


@dataclass(frozen=True)
class Part:
    """One kind of node or relationship: its table, its label or type, its properties and their column types."""

    table: Table
    label: str
    columns: Mapping[str, pl.DataType]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name one row."""
        return self.table.key

    @property
    def own_key(self) -> tuple[str, ...]:
        """The key's columns that lie on the node or relationship itself, not at the ends of a link."""
        ends = self.table.party_columns if self.table.link else ()
        return tuple(name for name in self.key if name not in ends)


def _columns(table: Table) -> dict[str, pl.DataType]:
    rows = {table.row_name(name): name for name in table.party_columns}
    return {rows.get(name, name): FIELDS[rows.get(name, name)].dtype for name in table.snapshot_schema}


def _account_columns() -> dict[str, str]:
    """Property of the party by scope and field: `solo_equity` is the field equity of scope solo."""
    kept = [name for name in _ACCOUNTS.snapshot_schema if name not in _ACCOUNTS.snapshot_key]
    return {f"{scope}_{name}": name for scope in _SCOPES for name in kept}


def _series_columns() -> dict[str, str]:
    return {f"{_SERIES.name}_{name}": name for name in _SERIES.snapshot_schema if name != "party_row"}


def _party_columns() -> dict[str, pl.DataType]:
    accounts = {name: FIELDS[field].dtype for name, field in _account_columns().items()}
    series = {name: pl.List(FIELDS[field].dtype) for name, field in _series_columns().items()}
    return {**_columns(PARTIES), **accounts, **series}


def _parts() -> dict[str, Part]:
    parts = {"parties": Part(PARTIES, "Party", _party_columns())}
    for name, table in SNAPSHOT_TABLES.items():
        if table.link:
            parts[name] = Part(table, table.link.type, _columns(table))
        elif table.stored == "node":
            parts[name] = Part(table, NODE_LABELS[name], _columns(table))
    return parts


PARTS: Mapping[str, Part] = _parts()


def stored(snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    """A snapshot as rows of the graph, by part; each sorted as in the snapshot.

    Raises:
        DataError: a value that no store can hold: no finite number, a NUL character, a key too long to index.
    """
    ids = snapshot.parties["party_id"]
    frames = {name: _with_ids(part, snapshot.table(name), ids) for name, part in PARTS.items() if name != "parties"}
    wide = snapshot.parties
    for properties in (*_accounts(snapshot, ids), _series(snapshot, ids)):
        wide = wide.join(properties, on="party_id", how="left", maintain_order="left")
    frames = {"parties": wide.select(*PARTS["parties"].columns), **frames}
    for name, frame in frames.items():
        check_storable(PARTS[name], frame)
    return frames


def shown(frames: Mapping[str, pl.DataFrame], day: date, currency: str) -> Snapshot:
    """The snapshot that rows of the graph show; the inverse of `stored`."""
    wide = frames["parties"].sort(pl.col("kind") != "enterprise", "party_id")
    parties = wide.select(*PARTIES.snapshot_schema)
    rows = wide.select("party_id", row=pl.int_range(pl.len(), dtype=pl.UInt32))
    tables = {name: _with_rows(PARTS[name], frame, rows) for name, frame in frames.items() if name != "parties"}
    numbered = wide.with_row_index("party_row")
    tables[_ACCOUNTS.name] = _accounts_back(numbered)
    tables[_SERIES.name] = _series_back(numbered)
    return Snapshot(day, parties, {name: frame for name, frame in tables.items() if frame.height}, currency)


def _with_ids(part: Part, frame: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    named = {name: part.table.row_name(name) for name in part.table.party_columns}
    return frame.with_columns(ids.gather(frame[row]).alias(name) for name, row in named.items()).select(*part.columns)


def _with_rows(part: Part, frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    for name in part.table.party_columns:
        row = part.table.row_name(name)
        frame = frame.join(rows.rename({"party_id": name, "row": row}), on=name, how="left")
    return frame.select(*part.table.snapshot_schema).sort(part.table.snapshot_key)


def _accounts(snapshot: Snapshot, ids: pl.Series) -> list[pl.DataFrame]:
    frame = snapshot.table(_ACCOUNTS.name)
    frame = frame.with_columns(party_id=ids.gather(frame["party_row"]))
    columns = _account_columns()
    return [
        frame.filter(pl.col("scope") == scope).select(
            "party_id", *(pl.col(field).alias(name) for name, field in columns.items() if name.startswith(f"{scope}_"))
        )
        for scope in _SCOPES
    ]


def _accounts_back(numbered: pl.DataFrame) -> pl.DataFrame:
    columns = _account_columns()
    scopes = [
        numbered.filter(pl.col(f"{scope}_valid_from").is_not_null()).select(
            "party_row", pl.lit(scope).alias("scope"),
            *(pl.col(name).alias(field) for name, field in columns.items() if name.startswith(f"{scope}_")),
        )
        for scope in _SCOPES
    ]  # fmt: skip
    return pl.concat(scopes).select(*_ACCOUNTS.snapshot_schema).sort(_ACCOUNTS.snapshot_key)


def _series(snapshot: Snapshot, ids: pl.Series) -> pl.DataFrame:
    frame = snapshot.table(_SERIES.name)
    rows = frame.with_columns(party_id=ids.gather(frame["party_row"])).sort(
        "party_row", pl.col("figure").is_null(), "measure", "month"
    )
    lists = {name: pl.col(field) for name, field in _series_columns().items()}
    lists[f"{_SERIES.name}_figure"] = pl.col("figure").drop_nulls()
    lists[f"{_SERIES.name}_unit"] = pl.col("unit").fill_null("")
    packed = rows.group_by("party_id", maintain_order=True).agg(**lists)
    unit, figure = pl.col(f"{_SERIES.name}_unit"), pl.col(f"{_SERIES.name}_figure")
    return packed.with_columns(
        pl.when(unit.list.eval(pl.element() != "").list.any()).then(unit),
        pl.when(figure.list.len() > 0).then(figure),
    )


def _series_back(numbered: pl.DataFrame) -> pl.DataFrame:
    names = {field: name for name, field in _series_columns().items()}
    held = numbered.filter(pl.col(names["month"]).is_not_null())
    place = pl.int_range(pl.len()).over("party_row").alias("place")
    rows = held.select("party_row", measure=names["measure"], month=names["month"]).explode("measure", "month")
    rows = rows.with_columns(place)
    for field in ("figure", "unit"):
        filled = held.filter(pl.col(names[field]).is_not_null())
        values = filled.select("party_row", pl.col(names[field]).alias(field)).explode(field).with_columns(place)
        rows = rows.join(values, on=["party_row", "place"], how="left")
    rows = rows.with_columns(unit=pl.when(pl.col("unit") != "").then("unit"))
    return rows.select(*_SERIES.snapshot_schema).sort(_SERIES.snapshot_key)


def check_storable(part: Part, frame: pl.DataFrame) -> None:
    """Stops what a server would store without a word, or refuse halfway through.

    Raises:
        DataError: naming table, column and the first row at fault.
    """
    for name, dtype in part.columns.items():
        column = frame[name].explode() if dtype == pl.List else frame[name]
        if dtype.is_float() or (isinstance(dtype, pl.List) and dtype.inner.is_float()):
            _refuse(part, name, frame, ~column.is_finite(), "is no finite number")
        elif column.dtype == pl.String:
            _refuse(part, name, frame, column.str.contains("\0", literal=True), "holds a NUL character")
        if name in part.key and Kind.ID is FIELDS[name].kind:
            _refuse(part, name, frame, column.str.len_bytes() > MAX_ID_BYTES, f"is longer than {MAX_ID_BYTES} bytes")


def _refuse(part: Part, name: str, frame: pl.DataFrame, wrong: pl.Series, why: str) -> None:
    if wrong.any():
        first = frame[part.key[0]][int(wrong.arg_max() or 0)] if wrong.len() == frame.height else "?"
        where = f"first {str(first)[:60]!r}"
        raise DataError(f"{part.name}: {name} {why} in {wrong.sum()} rows, {where}. Nothing was written.")
