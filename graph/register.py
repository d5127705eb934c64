"""Register: every dated record of everything, and how new records come in.

A row is a statement by one source about one key; its versions differ in the day on which they were recorded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from .asof import known, snapshot
from .errors import DataError
from .schema import PROVENANCE, TABLES, Table
from .settings import Settings
from .snapshot import Snapshot

KEPT, REPEATED, QUARANTINED = "kept", "repeated", "quarantined"
MOST_CLOSED = 0.10  # share of a source's statements that a complete file may close without being asked twice


@dataclass(frozen=True)
class Addition:
    """What became of new rows.

    Attributes:
        register: with the kept rows in it.
        fates: by table, one row per new row in the order given: `file`, `line`, `fate` (kept, repeated or
            quarantined) and `reason`.
    """

    register: "Register"
    fates: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Register:
    """All versions of all statements, by table; columns of `Table.schema`. Frozen: every change is a new one."""

    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    @classmethod
    def empty(cls) -> "Register":
        """A register that knows nothing."""
        return cls()

    def table(self, name: str) -> pl.DataFrame:
        """All versions of a table's rows."""
        return self.tables.get(name, pl.DataFrame(schema=TABLES[name].schema))

    def as_of(self, day: date, settings: Settings = Settings()) -> Snapshot:  # noqa: B008 (frozen)
        """The graph as it was known at the end of `day`."""
        return snapshot(self.tables, day, settings)

    def known(self, name: str, day: date, settings: Settings = Settings()) -> pl.DataFrame:  # noqa: B008 (frozen)
        """A history table (accounts, events, observations) as known by `day`: every row, money in one currency."""
        return known(self.tables, name, day, settings)

    def equals(self, other: "Register") -> bool:
        """Whether both hold the same statements, wherever they were read from and in whatever order."""
        return all(_content(self.table(name)).equals(_content(other.table(name))) for name in TABLES)

    def add(self, new: Mapping[str, pl.DataFrame]) -> Addition:
        """Adds rows: new versions are kept, the same again is repeated, a second version of one day is quarantined.

        Args:
            new: by table, columns of `Table.schema`. The order of rows changes nothing.
        """
        fates = _whole_lines({name: _fates(TABLES[name], self.table(name), frame) for name, frame in new.items()})
        tables = dict(self.tables)
        for name, frame in new.items():
            kept = frame.filter(fates[name]["fate"] == KEPT)
            if kept.height:
                tables[name] = pl.concat([self.table(name), kept], rechunk=True)
        return Addition(Register(tables), fates)

    def absent(self, name: str, complete: pl.DataFrame, day: date) -> pl.DataFrame:
        """The closing versions of statements in force on `day` that a complete file no longer holds.

        Args:
            complete: all rows of the file, repeated ones too; each of its sources is closed on its own.

        Raises:
            DataError: the file is empty, so that it would close everything.
        """
        if complete.is_empty():
            raise DataError(
                f"{name}: the complete file holds no row, which would close everything. Nothing was loaded."
            )
        table = TABLES[name]
        held = self.table(name).filter(pl.col("source").is_in(complete["source"].unique().implode()))
        open_now = _latest(table, held).filter(
            ~pl.col("retracted")
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") > day))
            & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= day))
        )
        gone = open_now.join(complete, on=["source", *table.key], how="anti", nulls_equal=True)
        return gone.with_columns(valid_to=pl.lit(day), recorded_on=pl.lit(day))

    def in_force(self, name: str, sources: Iterable[str], day: date) -> int:
        """How many statements of some sources are in force on `day`."""
        rows = _latest(TABLES[name], self.table(name).filter(pl.col("source").is_in(list(sources))))
        return rows.filter(~pl.col("retracted") & (pl.col("valid_to").is_null() | (pl.col("valid_to") > day))).height


def _content(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop(PROVENANCE).sort(pl.all())


def _version(table: Table) -> list[str]:
    return ["source", *table.key, "valid_from", "recorded_on"]


def _latest(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    statement = ["source", *table.key, "valid_from"]
    return frame.sort("recorded_on", nulls_last=False).unique(statement, keep="last", maintain_order=True)


def _fates(table: Table, held: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """One fate per new row. Only rows whose version stands twice need a look at their content."""
    version = _version(table)
    rows = new.with_row_index("row")
    fate = rows.select("row", "file", "line", fate=pl.lit(KEPT), reason=pl.lit(None, dtype=pl.String))
    doubled = rows.filter(pl.struct(version).is_duplicated())
    fate = fate.update(_among(table, doubled), on="row") if doubled.height else fate
    if held.height:
        fate = fate.update(_against(table, held, rows.filter(fate["fate"] == KEPT)), on="row")
    return fate.drop("row")


def _whole_lines(fates: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """A line of a file that gives several records is never half in: one in quarantine takes the others along."""
    if len(fates) < 2:
        return fates
    bad = pl.concat([frame.filter(pl.col("fate") == QUARANTINED) for frame in fates.values()])
    told = bad.select("file", "line", because="reason").unique(["file", "line"], keep="first", maintain_order=True)
    return {name: _with_reason(frame, told) for name, frame in fates.items()} if told.height else fates


def _with_reason(frame: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    joined = frame.join(told, on=["file", "line"], how="left", maintain_order="left")
    dragged = (pl.col("fate") == KEPT) & pl.col("because").is_not_null()
    return joined.select(
        "file",
        "line",
        fate=pl.when(dragged).then(pl.lit(QUARANTINED)).otherwise("fate"),
        reason=pl.when(dragged).then("because").otherwise("reason"),
    )


def _among(table: Table, doubled: pl.DataFrame) -> pl.DataFrame:
    """New rows of one version: copies are repeated; if two differ, all of them are quarantined."""
    content = list(table.columns)
    ordered = doubled.sort("file", "line")
    first = ordered.unique(content, keep="first", maintain_order=True)
    copies = ordered.join(first.select("row"), on="row", how="anti").select("row", fate=pl.lit(REPEATED), reason=None)
    clash = first.filter(pl.struct(_version(table)).is_duplicated())
    lines = pl.col("line").cast(pl.String).str.join(", ").over(_version(table))
    named = pl.lit(f"two versions on one day: the same {', '.join(table.key)} and days on lines ") + lines
    told = clash.select("row", fate=pl.lit(QUARANTINED), reason=named + pl.lit("; a later recorded_on would correct"))
    return pl.concat([copies.cast({"reason": pl.String}), told])


def _against(table: Table, held: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """New rows against the register: identical is repeated, another version of that day is quarantined."""
    version, content = _version(table), list(table.columns)
    met = rows.join(held.select(version), on=version, how="semi", nulls_equal=True)
    same = met.join(held.select(content), on=content, how="semi", nulls_equal=True).select("row")
    reason = "two versions on one day: the register holds another; a later recorded_on would correct it"
    return met.select("row").with_columns(
        fate=pl.when(pl.col("row").is_in(same["row"].implode())).then(pl.lit(REPEATED)).otherwise(pl.lit(QUARANTINED)),
        reason=pl.when(~pl.col("row").is_in(same["row"].implode())).then(pl.lit(reason)),
    )
