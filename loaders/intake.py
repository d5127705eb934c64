"""Readings into the register: what is kept, was there before, waits in quarantine, or is closed by a complete file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from ..graph.errors import DataError
from ..graph.register import KEPT, MOST_CLOSED, QUARANTINED, REPEATED, Register
from ..graph.schema import PROVENANCE, TABLES
from .reading import Reading


@dataclass(frozen=True)
class FileCounts:
    """One file's rows: `rows` = `kept` + `repeated` + `quarantined`, always."""

    file: str
    rows: int
    kept: int
    repeated: int
    quarantined: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Intake:
    """What a load makes of its files: the new register, the counts, the rejected rows by file, and what was closed.

    `targets` names the canonical table of a file, where it holds one.
    """

    register: Register
    counts: tuple[FileCounts, ...]
    rejected: Mapping[str, pl.DataFrame]
    closed: Mapping[str, int] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)


def take_in(register: Register, readings: Sequence[Reading]) -> Intake:
    """Adds what was read to the register, all files together, so that their order changes nothing."""
    names = [name for name in TABLES if any(name in reading.tables for reading in readings)]
    new = {name: pl.concat([r.tables[name] for r in readings if name in r.tables]) for name in names}
    addition = register.add(new)
    fates = pl.concat([_EMPTY, *(frame.select(*_EMPTY.columns) for frame in addition.fates.values())])
    by_file = {reading.file: fates.filter(pl.col("file") == reading.file) for reading in readings}
    late = {file: _late(file, new, addition.fates) for file in by_file}
    counts = tuple(_count(reading, by_file[reading.file]) for reading in readings)
    rejected = {r.file: pl.concat([r.rejected, late[r.file]], how="diagonal").sort("line") for r in readings}
    return Intake(addition.register, counts, rejected, targets={r.file: r.table for r in readings if r.table})


_EMPTY = pl.DataFrame(schema={"file": pl.String, "line": pl.Int64, "fate": pl.String, "reason": pl.String})


def _count(reading: Reading, fates: pl.DataFrame) -> FileCounts:
    """A row of the file is quarantined if any of its records is, kept if any is new, else repeated.

    Raises:
        DataError: the rows don't add up, which would be a fault of the loader.
    """
    best = fates.group_by("line").agg(
        pl.when((pl.col("fate") == QUARANTINED).any()).then(pl.lit(QUARANTINED))
        .when((pl.col("fate") == KEPT).any()).then(pl.lit(KEPT)).otherwise(pl.lit(REPEATED)).alias("fate")
    )  # fmt: skip
    number = {fate: best.filter(pl.col("fate") == fate).height for fate in (KEPT, REPEATED, QUARANTINED)}
    quarantined = number[QUARANTINED] + reading.rejected.height
    if number[KEPT] + number[REPEATED] + quarantined != reading.rows:
        raise DataError(f"{reading.file}: {reading.rows} rows in, but {number} and {reading.rejected.height} rejected.")
    return FileCounts(reading.file, reading.rows, number[KEPT], number[REPEATED], quarantined, reading.notes)


def _late(file: str, new: Mapping[str, pl.DataFrame], fates: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows of a file that the register turned away, one a line, with their reason."""
    rows = [pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String})]
    for name, frame in new.items():
        written = frame.rename({"reason": "reason_as_written"}, strict=False)
        bad = written.with_columns(reason=fates[name]["reason"], fate=fates[name]["fate"])
        bad = bad.filter((pl.col("file") == file) & (pl.col("fate") == QUARANTINED)).drop(*PROVENANCE[:1], "fate")
        if bad.height:
            rows.append(bad.select("line", "reason", pl.exclude("line", "reason").cast(pl.String)))
    return pl.concat(rows, how="diagonal").unique("line", keep="first", maintain_order=True)


def close_absent(intake: Intake, readings: Sequence[Reading], day: date, *, allow_closing: bool) -> Intake:
    """Closes what complete files no longer hold: each is all that its source holds of its tables.

    Raises:
        DataError: a file is empty, or would close more than a tenth of what its source has in force.
    """
    register, closed = intake.register, dict[str, int]()
    for reading in readings:
        for name, frame in reading.tables.items():
            gone = _unless_rejected(name, register.absent(name, frame, day), reading.rejected)
            standing = register.in_force(name, frame["source"].unique(), day)
            if gone.height > MOST_CLOSED * standing and not allow_closing:
                raise DataError(
                    f"{Path(reading.file).name}: {gone.height:,} of {standing:,} statements in force are absent from "
                    f"this complete file, over 10 %. Nothing was loaded; --allow-closing if it is right."
                )
            register = register.add({name: gone}).register
            closed[name] = closed.get(name, 0) + gone.height
    return replace(intake, register=register, closed=closed)


def _unless_rejected(name: str, gone: pl.DataFrame, rejected: pl.DataFrame) -> pl.DataFrame:
    """A statement whose row waits in quarantine is not absent from the file, only faulty."""
    key = [column for column in TABLES[name].key if column in rejected.columns]
    if not key or rejected.is_empty():
        return gone
    return gone.join(rejected.select(pl.col(key).str.strip_chars()), on=key, how="anti")


def write_quarantine(folder: Path, intake: Intake) -> dict[str, int]:
    """Puts rejected rows into `folder`, for its owner alone, and says how many rows wait there by file.

    Rows of a table of the canonical folder wait in <table>.csv under the dictionary's headings, so that they can be
    mended there and loaded; those of other formats in <file>.csv. Rows that waited before stay until they were loaded
    from there or somebody removes them.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting: dict[str, list[pl.DataFrame]] = {}
    for file, rows in intake.rejected.items():
        own = {"line": "quarantined_line", "reason": "quarantined_reason", "reason_as_written": "reason"}
        named = rows.drop("quarantined_file", strict=False).rename(own, strict=False)
        waiting.setdefault(_target(file, intake), []).append(
            named.select(pl.lit(file).alias("quarantined_file"), pl.all())
        )
    return {target: _wait(folder / target, frames, intake) for target, frames in waiting.items()}


def _target(file: str, intake: Intake) -> str:
    name = intake.targets.get(file) or Path(file).name
    return name if name.endswith(".csv") else f"{name}.csv"


def _wait(path: Path, frames: list[pl.DataFrame], intake: Intake) -> int:
    """Adds rows to those that wait in a file; a file that was itself loaded keeps only what was rejected again."""
    loaded = any(Path(file).resolve() == path.resolve() for file in intake.rejected)
    before = [] if loaded or not path.exists() else [pl.read_csv(path, infer_schema=False)]
    rows = pl.concat([*before, *(frame.cast(pl.String) for frame in frames)], how="diagonal").unique(
        maintain_order=True
    )
    if rows.is_empty():
        path.unlink(missing_ok=True)
        return 0
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    rows.write_csv(draft)
    draft.replace(path)
    return rows.height
