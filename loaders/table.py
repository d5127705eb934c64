"""One CSV or Parquet file of the canonical folder against the dictionary."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from ..graph.errors import DataError, UsageError
from ..graph.fields import FIELDS, Kind
from ..graph.schema import TABLES, Table
from .accept import assemble
from .csv_text import read_csv_text
from .headings import field_of, table_named
from .reading import Reading


@dataclass(frozen=True)
class TableMap:
    """How a bank writes one table: its file names, headings, separator and number format (`--map`)."""

    files: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    separator: str = ","
    decimal: str = "."
    grouping: str = ""
    percent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """What the user said about a file: who says so, learned when, written how."""

    source: str = "bank"
    recorded_on: date | None = None
    maps: dict[str, TableMap] = field(default_factory=dict)


def read_maps(path: Path) -> dict[str, TableMap]:
    """Reads a map file: one TOML table for each table of the dictionary.

    Raises:
        UsageError: no such file, no TOML, a table or field that the dictionary lacks, or an unknown setting.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file. Name a map file with --map.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}.") from error
    return {name: _table_map(path, name, settings) for name, settings in raw.items()}


def _table_map(path: Path, name: str, settings: dict[str, object]) -> TableMap:
    if name not in TABLES:
        raise UsageError(f"{path}: [{name}] is no table; tables are {', '.join(TABLES)}.")
    unknown = set(settings) - set(TableMap.__dataclass_fields__)
    if unknown:
        known = ", ".join(TableMap.__dataclass_fields__)
        raise UsageError(f"{path}: [{name}] has no setting {min(unknown)}; settings are {known}.")
    made = TableMap(**{key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()})  # type: ignore[arg-type]
    wrong = [field for field in made.columns.values() if field not in TABLES[name].columns]
    if wrong:
        raise UsageError(f"{path}: [{name}.columns] {wrong[0]} is no field of {name}.")
    return made


def read(path: Path, said: Said = Said()) -> Reading:
    """Reads one file of a table; the file's name, or the map, says which.

    Raises:
        UsageError: no such file.
        DataError: the file can't be read as a table: a heading twice, a key column missing, empty, in no known
            encoding, ids as numbers.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file.")
    table = table_of(path, said)
    if table is None:
        raise DataError(f"{path.name}: names no table; name the file after one ({', '.join(TABLES)}) or use --map.")
    settings = said.maps.get(table.name, TableMap())
    frame, broken, notes = _parquet(path, table, settings) if path.suffix == ".parquet" else _csv(path, table, settings)
    missing = [name for name in (*table.key, *table.required) if name not in frame.columns and not _filled(table, name)]
    if missing:
        found = ", ".join(name for name in frame.columns if name != "line")
        raise DataError(f"{path.name}: no column {missing[0]}; found {found}. Rename it, or map it with --map.")
    written = frame = frame.drop([name for name in frame.columns if name.startswith("quarantined_")])
    frame, unfit = _numbers(table, settings, frame)
    rejected = pl.concat([broken, unfit], how="diagonal")
    rows = frame.height + rejected.height
    try:
        made = assemble(str(path), rows, {table.name: frame}, source=said.source, recorded_on=said.recorded_on,
                        rejected=rejected, notes=notes)  # fmt: skip
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from error
    return replace(made, rejected=_as_written(made.rejected, written), table=table.name)


def _as_written(rejected: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """Rejected rows with the cells of the file, not with what a map made of them."""
    cells = written.rename({"reason": "reason_as_written"}, strict=False).select(
        "line", pl.exclude("line").cast(pl.String)
    )
    ours = [name for name in rejected.columns if name in ("line", "reason", "as_written")]
    return rejected.select(ours).join(cells, on="line", how="left", maintain_order="left")


def table_of(path: Path, said: Said) -> Table | None:
    """The table that a file holds: by the map's file names, else by its own."""
    for name, settings in said.maps.items():
        if path.name in settings.files:
            return TABLES[name]
    return table_named(path.stem)


def _filled(table: Table, name: str) -> bool:
    return name in table.defaults or (table.name, name) in (("events", "event_id"), ("observations", "valid_from"))


def _csv(path: Path, table: Table, settings: TableMap) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """The columns as text with the line of each row, the rows that are no rows, and what was found."""
    text = read_csv_text(path, separator=settings.separator)
    names = _names(path, table, settings, text.heading)
    named = {old: new for old, new in zip(text.heading, names, strict=True) if old != "line"}
    return text.frame.rename(named), text.broken, list(text.notes)


def _names(path: Path, table: Table, settings: TableMap, headings: Sequence[str]) -> list[str]:
    """The field that each heading means.

    Raises:
        DataError: two headings mean one field, so that one of two values would be lost.
    """
    clean = [heading.strip("\ufeff \t\xa0\u3000") for heading in headings]
    names = [field_of(heading, table, settings.columns) for heading in clean]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [place for place, name in enumerate(names, 1) if name == twice[0]]
        shown = " and ".join(f"{place} ('{clean[place - 1]}')" for place in places)
        raise DataError(f"{path.name}: heading {twice[0]} stands in columns {shown}. Remove one. Nothing was loaded.")
    return names


def _parquet(path: Path, table: Table, settings: TableMap) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name}: no Parquet file ({str(error).splitlines()[0]}).") from error
    frame.columns = _names(path, table, settings, frame.columns)
    numbered = frame.drop("line", strict=False).with_columns(line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    return numbered, pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String}), []


def _numbers(table: Table, settings: TableMap, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Numbers in a declared format become plain ones; those that don't fit the format are set apart."""
    unfit = pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String})
    for name in frame.columns:
        if name not in table.columns or frame.schema[name] != pl.String:
            continue
        if FIELDS[name].kind in (Kind.MONEY, Kind.NUMBER, Kind.COUNT, Kind.FRACTION):
            frame, more = _plain(frame, name, settings)
            unfit = pl.concat([unfit, more], how="diagonal")
    return frame, unfit


def _plain(frame: pl.DataFrame, name: str, settings: TableMap) -> tuple[pl.DataFrame, pl.DataFrame]:
    written = pl.col(name).str.strip_chars()
    empty = frame.clear().select("line", pl.lit("").alias("reason"))
    if settings.decimal != "." or settings.grouping:
        mark, group = f"[{settings.decimal}]", f"[{settings.grouping}]" if settings.grouping else "(?:)"
        fits = written.str.contains(rf"^[+-]?(\d{{1,3}}({group}\d{{3}})+|\d+)({mark}\d+)?$") | (written == "")
        reason = pl.format(f"{name} '{{}}' does not fit the declared number format", name)
        empty = frame.filter(~fits).select("line", reason=reason)
        frame = frame.filter(fits | written.is_null())
        plain = written.str.replace_all(settings.grouping, "", literal=True) if settings.grouping else written
        frame = frame.with_columns(plain.str.replace(settings.decimal, ".", literal=True).alias(name))
    if name in settings.percent:
        number = pl.col(name).str.strip_chars(" %").cast(pl.Decimal(38, 12), strict=False) / 100
        frame = frame.with_columns(pl.coalesce(number.cast(pl.Float64).cast(pl.String), name).alias(name))
    return frame, empty
