"""GLEIF Level 2: one row for each relationship between two legal entity identifiers."""

import polars as pl

from .endings import told_apart
from .gleif_parties import Tables
from .gleif_ties import TIES

_START, _END = "Relationship.StartNode.NodeID", "Relationship.EndNode.NodeID"
_START_TYPE, _END_TYPE = f"{_START}Type", f"{_END}Type"
_TYPE, _STATUS = "Relationship.RelationshipType", "Relationship.RelationshipStatus"
_REGISTERED, _UPDATED = "Registration.InitialRegistrationDate", "Registration.LastUpdateDate"
_STANDING = "Registration.RegistrationStatus"
PERIODS = tuple(f"Relationship.Period.{number}" for number in range(1, 6))
NEEDED = (_START, _END, _START_TYPE, _END_TYPE, _TYPE, _STATUS, _REGISTERED, _UPDATED, _STANDING)
WANTED = tuple(f"{period}.{part}" for period in PERIODS for part in ("startDate", "endDate", "periodType"))

ENDS = {"controls": ("controller_id", "enterprise_id", "basis"), "related_to": ("party_id", "other_id", "relation")}


def rows_of(frame: pl.DataFrame) -> Tables:
    """Control links and other ties of a Level 2 file, the rows rejected, and what was counted.

    Only a relationship period dates a relationship, each of several does; without one the start is unknown. An
    inactive relationship without an end ended by its last update; an annulled one is retracted.
    """
    faults = frame.select("line", reason=_fault()).filter(pl.col("reason").is_not_null())
    rows = _dated(frame.join(faults, on="line", how="anti", maintain_order="left"))
    tables = {table: _versions(_table(rows, table)) for table in ENDS}
    return {name: table for name, table in tables.items() if table.height}, faults, _notes(rows)


def _fault() -> pl.Expr:
    """Why a row can't be read: an end that is no LEI, or a type that is not known here."""
    ends = pl.concat_str(_START_TYPE, pl.lit(" and "), _END_TYPE, ignore_nulls=True)
    other = (pl.col(_START_TYPE) != "LEI") | (pl.col(_END_TYPE) != "LEI")
    return pl.coalesce(
        pl.when(other.fill_null(value=True)).then(pl.format("NodeIDType '{}': both ends must be LEI", ends)),
        pl.when(~pl.col(_TYPE).is_in(list(TIES)).fill_null(value=False)).then(
            pl.format("RelationshipType '{}' is none of {}", pl.col(_TYPE).fill_null(""), pl.lit(", ".join(TIES)))
        ),
    )


def _dated(frame: pl.DataFrame) -> pl.DataFrame:
    """A row for each relationship period, wherever it stands among the five, and for each relationship without one."""
    none = pl.lit(None, dtype=pl.String)
    held = {period: pl.col(f"{period}.periodType").eq_missing(pl.lit("RELATIONSHIP_PERIOD")) for period in PERIODS}
    rows = [frame.filter(~pl.any_horizontal(held.values())).with_columns(valid_from=none, end=none)]
    for period, mine in held.items():
        dates = {"valid_from": pl.col(f"{period}.startDate"), "end": pl.col(f"{period}.endDate")}
        rows.append(frame.filter(mine).with_columns(**dates))
    over = pl.when(pl.col(_STATUS) == "INACTIVE").then(_UPDATED)
    return pl.concat(rows).with_columns(
        source_ref=pl.concat_str(_START, _TYPE, _END, separator=" "),
        recorded_on=_REGISTERED,
        valid_to=pl.coalesce("end", over),
    )


def _table(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """The rows that belong to one table, under its names."""
    first, second, meaning = ENDS[table]
    ties = {name: tie for name, tie in TIES.items() if tie.table == table}
    mine = rows.filter(pl.col(_TYPE).is_in(list(ties)))
    starts = pl.col(_TYPE).is_in([name for name, tie in ties.items() if tie.first == "start"])
    return mine.select(
        "line", "source_ref", "recorded_on", "valid_from", "valid_to", _UPDATED, _STANDING,
        pl.concat_str(pl.lit("lei:"), pl.when(starts).then(_START).otherwise(_END)).alias(first),
        pl.concat_str(pl.lit("lei:"), pl.when(starts).then(_END).otherwise(_START)).alias(second),
        pl.col(_TYPE).replace_strict({name: tie.meaning for name, tie in ties.items()}).alias(meaning),
    )  # fmt: skip


def _versions(rows: pl.DataFrame) -> pl.DataFrame:
    annulled = (pl.col(_STANDING) == "ANNULLED").fill_null(value=False)
    never = rows.filter(annulled).with_columns(recorded_on=_UPDATED, retracted=pl.lit("true"))
    return pl.concat([told_apart(rows), never], how="diagonal").drop(_UPDATED, _STANDING)


def _notes(rows: pl.DataFrame) -> list[str]:
    ended = (pl.col(_STATUS) == "INACTIVE") & pl.col("end").is_null()
    counted = {
        "relationships without a relationship period: their start is unknown": pl.col("valid_from").is_null(),
        "inactive relationships without an end: ended on their last update": ended,
    }
    numbers = {what: rows.filter(which)["line"].n_unique() for what, which in counted.items()}
    said = ["relationships are known from their first registration, an end from the later of that day and the end"]
    return said + [f"{number} {what}" for what, number in numbers.items() if number]
