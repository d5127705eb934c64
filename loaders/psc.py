"""The UK register of people with significant control, as Companies House publishes it: a snapshot of JSON lines.

A record is known from the day on which it was notified, its end from the day on which it ceased; a record without a
day from the day of the snapshot. docs/formats.md says what each kind of record becomes.
"""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ..graph.errors import DataError
from .accept import assemble
from .json_lines import Lines, lines_of
from .psc_natures import meanings
from .psc_record import Trailer, parse
from .psc_rows import dated, party_rows, register_numbers, stake_rows, tie_rows, two_bands
from .reading import Reading

SOURCE = "psc"

_TEXTS = ("company", "source_ref", "kind", "status", "name", "start", "end", "number", "written", "country", "abroad",
          "legal_form")  # fmt: skip
_MORE = {"line": pl.Int64(), "over": pl.Boolean(), "natures": pl.List(pl.String)}
RECORDS = dict.fromkeys(_TEXTS, pl.String()) | _MORE
TIES = {
    "controls": ("controller_id", "enterprise_id", "basis"),
    "related_to": ("party_id", "other_id", "relation"),
}
_REASONS = {"line": pl.Int64(), "reason": pl.String()}

Parsed = tuple[list[dict[str, Any]], list[Trailer], dict[int, str]]


def read(path: Path, recorded_on: date | None = None) -> Reading:
    """Reads a snapshot, or one of the parts in which it is published.

    Args:
        path: the file.
        recorded_on: the day of the snapshot, for parts without its trailer.

    Raises:
        UsageError: no such file.
        DataError: the file is empty, or one JSON array.
    """
    lines = lines_of(path)
    rows, trailers, reasons = _parsed(lines)
    given = recorded_on.isoformat() if recorded_on else None
    records = dated(pl.DataFrame(rows, schema=RECORDS), trailers[-1].made if trailers else given)
    held, unfit = _held(records)
    unfit = pl.concat([pl.DataFrame(list(reasons.items()), schema=_REASONS, orient="row"), unfit, _undated(records)])
    rejected = unfit.unique("line", keep="first", maintain_order=True)
    good = records.join(rejected, on="line", how="anti", maintain_order="left")
    tables = {"parties": party_rows(good), "identifiers": register_numbers(good), "owns": stake_rows(good, held),
              **{table: tie_rows(good, held, table, key) for table, key in TIES.items()}}  # fmt: skip
    return assemble(
        str(path), len(lines) - len(trailers), {name: frame for name, frame in tables.items() if frame.height},
        source=SOURCE, rejected=_as_written(rejected, lines), notes=_notes(good, trailers, len(lines)),
    )  # fmt: skip


def _parsed(lines: Lines) -> Parsed:
    """The rows of all records, the trailers, and why the other lines are none."""
    rows: list[dict[str, Any]] = []
    trailers, reasons = [], {}
    for number, written in lines.items():
        try:
            told = parse(number, written)
        except DataError as error:
            reasons[number] = str(error)
            continue
        if isinstance(told, Trailer):
            trailers.append(told)
        else:
            rows += told
    return rows, trailers, reasons


def _held(records: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What each nature of control is, with its line, and the lines that can't be read so."""
    natures = (
        records.select("line", nature="natures").explode("nature").drop_nulls("nature").unique(maintain_order=True)
    )
    known, unknown = meanings(natures["nature"])
    held = natures.join(known, on="nature", maintain_order="left")
    strange = natures.filter(pl.col("nature").is_in(list(unknown)))
    told = strange.select("line", reason=pl.col("nature").replace_strict(unknown, return_dtype=pl.String))
    return held, pl.concat([told, two_bands(held)])


def _undated(records: pl.DataFrame) -> pl.DataFrame:
    """`line`, `reason` of records that have ceased on no day that anybody could tell."""
    over = records.filter(pl.col("over") & pl.col("valid_to").is_null())
    return over.select(
        "line", reason=pl.lit("ceased, but neither ceased_on nor a trailer tells the day; --recorded-on would")
    )


def _as_written(rejected: pl.DataFrame, lines: Lines) -> pl.DataFrame:
    texts = [lines[line].decode("utf-8", "replace") for line in rejected["line"]]
    return rejected.with_columns(as_written=pl.Series(texts, dtype=pl.String))


def _notes(records: pl.DataFrame, trailers: list[Trailer], lines: int) -> list[str]:
    """What was counted and is worth a line."""
    numbered = records.filter(pl.col("number").is_not_null()).height
    corporate = records.filter(pl.col("number").is_null(), pl.col("kind").is_in(["enterprise", "public_body"])).height
    counted = {
        "corporate owners known by their number; names that others gave them are not kept": numbered,
        "corporate owners without a number of Companies House: each a party of its own": corporate,
        "records without notified_on: known from the day of the snapshot": records["start"].null_count(),
    }
    said = [f"{number} {what}" for what, number in counted.items() if number]
    return said + [
        f"snapshot made on {each.made}: {each.records:,} records in all its parts, {lines - len(trailers):,} here"
        for each in trailers
    ]
