"""Rows against the dictionary: each is accepted with typed values, or rejected with its reason."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from ..graph.fields import FIELDS, Kind
from ..graph.schema import TABLES, Table
from .cells import UNSEEN, cell, is_open_end, mixed_format, reading_order, trimmed
from .reading import Reading

FOLDED = ("uscc", "lei")  # written in capitals by their standards
FROM_THE_START = ("parties", "identifiers")  # known from the start where no day is given


def assemble(  # noqa: PLR0913 (what a file is, and what was said about it)
    file: str,
    rows: int,
    raw: Mapping[str, pl.DataFrame],
    *,
    source: str = "bank",
    recorded_on: date | None = None,
    rejected: pl.DataFrame | None = None,
    notes: Sequence[str] = (),
) -> Reading:
    """Checks the raw rows of a file, table by table, and puts a Reading together.

    Args:
        file: path as the user gave it.
        rows: rows in, rejected ones too.
        raw: by table, columns named as the dictionary's fields (text, or typed as Parquet holds them) and `line`.
        source: who says so, where a row doesn't.
        recorded_on: the day on which the file was learned of, where a row doesn't say.
        rejected: rows that were rejected before: line, reason, the row as written.
        notes: what was counted before.

    A line that is rejected in one table is rejected in all, so that a statement is never half in.
    """
    faults: list[pl.DataFrame] = [] if rejected is None or rejected.is_empty() else [rejected]
    accepted: dict[str, pl.DataFrame] = {}
    said = list(notes)
    for name, frame in raw.items():
        good, bad, more = _accept(TABLES[name], frame, source, recorded_on)
        accepted[name] = good.with_columns(file=pl.lit(file)).select(*TABLES[name].schema)
        said += more
        faults += [bad] if bad.height else []
    out = _union(faults)
    bad_lines = out.get_column("line").implode()
    kept = {name: frame.filter(~pl.col("line").is_in(bad_lines)) for name, frame in accepted.items()}
    return Reading(file, rows, kept, out, tuple(said))


def _union(faults: list[pl.DataFrame]) -> pl.DataFrame:
    empty = pl.DataFrame(schema={"line": pl.Int64, "reason": pl.String})
    if not faults:
        return empty
    text = [frame.select(pl.col("line"), pl.exclude("line").cast(pl.String)) for frame in faults]
    return pl.concat([empty, *text], how="diagonal").unique("line", keep="first", maintain_order=True).sort("line")


def _accept(
    table: Table, raw: pl.DataFrame, source: str, recorded_on: date | None
) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """The good rows with types, the bad ones as written with a reason, and what was counted."""
    cells = {spec.name: cell(table, spec, raw) for spec in reading_order(table)}
    read = raw.select("line", *(value.alias(name) for name, (value, _) in cells.items()))
    fault = raw.select(pl.coalesce(*(reason for _, reason in cells.values())).alias("reason")).get_column("reason")
    fault = fault if fault.len() == raw.height else pl.repeat(None, raw.height, dtype=pl.String, eager=True)
    filled = _fill(table, read, source, recorded_on)
    late = filled.select(pl.coalesce(*_row_faults(table)).alias("reason")).get_column("reason")
    reason = _name_unseen(pl.select(pl.coalesce(fault, late)).to_series())
    written = raw.rename({"reason": "reason_as_written"}, strict=False)
    bad = written.with_columns(reason=reason).filter(pl.col("reason").is_not_null())
    first = ["line", "reason"]
    good = filled.filter(reason.is_null())
    said = _counts(table, raw) + _days_filled_in(table, read.filter(reason.is_null()), recorded_on)
    return good, bad.select(first + [name for name in written.columns if name not in first]), said


def _name_unseen(reason: pl.Series) -> pl.Series:
    """A character that nobody can see is named by its code."""
    ending = rf"holds the character ({UNSEEN})$"
    for char in reason.str.extract(ending).drop_nulls().unique():  # a handful of characters, never rows
        reason = reason.str.replace(f"(holds the character ){re.escape(char)}$", f"${{1}}U+{ord(char):04X}")
    return reason


def _fill(table: Table, read: pl.DataFrame, source: str, recorded_on: date | None) -> pl.DataFrame:
    """Fills in what an empty cell stands for: days, source, the id of an event; folds letters of check-digit codes."""
    if table.name == "observations":
        read = read.with_columns(valid_from=pl.col("valid_from").fill_null(pl.col("month").dt.offset_by("1mo")))
    if table.name == "events":
        parts = [pl.col(name).cast(pl.String).fill_null("") for name in ("party_id", "kind", "valid_from", "amount")]
        read = read.with_columns(event_id=pl.col("event_id").fill_null(pl.concat_str(parts, separator="|")))
    if table.name == "identifiers":
        read = read.with_columns(value=pl.when(pl.col("scheme").is_in(FOLDED)).then(_upper("value")).otherwise("value"))
    day = pl.lit(recorded_on, dtype=pl.Date) if recorded_on else pl.col("valid_from").dt.offset_by(f"{table.lag}d")
    return read.with_columns(
        source=pl.col("source").fill_null(source),
        retracted=pl.col("retracted").fill_null(value=False),
        recorded_on=pl.col("recorded_on").fill_null(day),
    )


def _upper(name: str) -> pl.Expr:
    return pl.col(name).str.to_uppercase()


def _days_filled_in(table: Table, read: pl.DataFrame, recorded_on: date | None) -> list[str]:
    missing = pl.col("recorded_on").is_null() & pl.col("valid_from").is_not_null()
    counted = int(read.select(missing.sum()).item())
    if recorded_on or not counted:
        return []
    lag = f" + {table.lag} days" if table.lag else ""
    return [f"{table.name}: {counted} rows without recorded_on are known from valid_from{lag}"]


def _row_faults(table: Table) -> list[pl.Expr]:
    """Rules that join several fields of one row."""
    faults = [_order("valid_from", "valid_to")]
    if table.name not in FROM_THE_START:
        unknown = pl.col("recorded_on").is_null()
        faults.append(
            pl.when(unknown).then(pl.lit("recorded_on and valid_from are both empty: nobody knows since when"))
        )
    if table.link and table.name != "owns":
        same = pl.col(table.link.source) == pl.col(table.link.target)
        faults.append(
            pl.when(same).then(
                pl.format(f"self-link: {table.link.source} and {table.link.target} are both '{{}}'", table.link.source)
            )
        )
    if table.name == "owns":
        faults += _band("share") + _band("votes")
    if table.name == "supplies":
        faults.append(_order("period_from", "period_to"))
    if table.name == "observations":
        faults.append(
            pl.when(pl.col("month").dt.day() != 1).then(pl.format("month {} is not the first of a month", "month"))
        )
    return faults


def _order(first: str, last: str) -> pl.Expr:
    backwards = pl.col(last) < pl.col(first)
    return pl.when(backwards).then(pl.format(f"{last} {{}} is before {first} {{}}", last, first))


def _band(name: str) -> list[pl.Expr]:
    """An exact share lies in its band, and a band's ends don't cross."""
    low, high = f"{name}_low", f"{name}_high"
    crossed = pl.when(pl.col(low) > pl.col(high)).then(pl.format(f"{low} {{}} is above {high} {{}}", low, high))
    outside = (pl.col(name) < pl.col(low)) | (pl.col(name) > pl.col(high))
    return [crossed, pl.when(outside).then(pl.format(f"{name} {{}} is outside its band [{{}}, {{}}]", name, low, high))]


def _counts(table: Table, raw: pl.DataFrame) -> list[str]:
    """What was changed in reading, and what stands out."""
    said = []
    texts = [name for name in table.columns if raw.schema.get(name) == pl.String]
    for name in texts:
        if FIELDS[name].kind is Kind.ID:
            blank = int(raw.select((pl.col(name) != trimmed(name)).sum()).item())
            said += [f"{table.name}: blanks around {name} trimmed in {blank} rows"] if blank else []
        lines = mixed_format(FIELDS[name], raw)
        shown = ", ".join(map(str, lines[:3]))
        said += [f"{table.name}: {name} mixes number formats: decimal comma on lines {shown}"] if lines else []
        if FIELDS[name].kind is Kind.FRACTION:
            said += _percent_note(table, name, raw)
    if table.name == "identifiers" and "value" in texts and "scheme" in texts:
        folded = int(raw.select((pl.col("scheme").is_in(FOLDED) & (pl.col("value") != _upper("value"))).sum()).item())
        said += [f"identifiers: {folded} values folded to capitals"] if folded else []
    if "valid_to" in raw.columns:
        ends = _open_ends(raw)
        said += [f"{table.name}: {ends} ends in 9999 or on 2999-12-31 read as no end"] if ends else []
    extra = [name for name in raw.columns if name not in (*table.columns, "line")]
    said += [f"{table.name}: {len(extra)} columns not kept: {', '.join(extra)}"] if extra else []
    return said


def _percent_note(table: Table, name: str, raw: pl.DataFrame) -> list[str]:
    number = pl.col(name).str.strip_chars(" %").cast(pl.Float64, strict=False)
    over = raw.select(n=((number > 1) & (number <= 100)).sum(), of=number.is_not_null().sum()).row(0)
    if not over[1] or over[0] * 2 <= over[1]:
        return []
    return [f"{table.name}: {name} looks like percents ({over[0]} of {over[1]} above 1): declare it in --map"]


def _open_ends(raw: pl.DataFrame) -> int:
    held = raw.schema["valid_to"]
    if held == pl.String:
        day = pl.col("valid_to").str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    else:
        day = pl.col("valid_to").cast(pl.Date)
    return int(raw.select(is_open_end(day).sum()).item() or 0) if held != pl.Null else 0
