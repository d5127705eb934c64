"""Registers that know too much: every statement said again and wrong, on a day of one's choice."""

from collections.abc import Collection
from datetime import date

import polars as pl
from relparty.graph.fields import FIELDS, Kind
from relparty.graph.register import Register
from relparty.graph.schema import TABLES, Table

# What the made-up economy never says: that two firms are one, that one depends on another, a rate.
OTHERS = {
    "reviews": {"link": "same_as", "from_id": "E-000001", "to_id": "E-000002", "decision": "confirmed"},
    "depends_on": {"dependent_id": "E-000001", "depended_on_id": "E-000002", "criterion": "1"},
    "rates": {"currency": "USD", "rate": 7.0},
    "controls": {"controller_id": "E-000001", "enterprise_id": "E-000002", "basis": "consolidated_accounts"},
}


def cut(register: Register, day: date) -> Register:
    """What was recorded by a day, and nothing else."""
    known = pl.col("recorded_on").is_null() | (pl.col("recorded_on") <= day)
    return Register({name: frame.filter(known) for name, frame in register.tables.items()})


def told_wrong(register: Register, recorded_on: date, names: Collection[str] = tuple(TABLES)) -> Register:
    """The register with wrong statements about days gone by in some of its tables, recorded on one day."""
    false = {name: _false(TABLES[name], register.table(name), recorded_on) for name in names}
    return Register({name: pl.concat([register.table(name), false.get(name, register.table(name).clear())])
                     for name in TABLES})  # fmt: skip


def _false(table: Table, held: pl.DataFrame, recorded_on: date) -> pl.DataFrame:
    """Of every statement a later version: wrong, retracted or ended; and new statements about other parties."""
    statements = held.unique(["source", *table.key, "valid_from"], keep="last", maintain_order=True)
    turn = pl.int_range(pl.len()) % 3
    again = statements.with_columns(_wrong(table, name).alias(name) for name in table.fields).with_columns(
        retracted=turn == 1, valid_to=pl.when(turn == 2).then("valid_from").otherwise("valid_to")
    )
    ends = [pl.col(name).shift(1, fill_value=pl.col(name).last()) for name in table.party_columns[:1]]
    named = [] if set(table.party_columns) & set(table.key) else [pl.col(name) + "-X" for name in table.key[:1]]
    new = statements.with_columns(*ends, *named)
    others = pl.DataFrame([OTHERS[table.name]] if table.name in OTHERS else [], schema=table.schema).with_columns(
        source=pl.lit("bank"), retracted=pl.lit(value=False)
    )
    return pl.concat([again, new, others]).with_columns(recorded_on=pl.lit(recorded_on))


def _wrong(table: Table, name: str) -> pl.Expr:
    """Another value of the same kind; ids and what is missing stay."""
    column, kind = pl.col(name), FIELDS[name].kind
    if name in table.choices:
        words = table.choices[name]
        return column.replace_strict(words, (*words[1:], words[0]))
    if kind is Kind.FLAG:
        return ~column
    if kind is Kind.COUNT:
        return column + 400
    if kind is Kind.FRACTION:
        return 1 - column
    if kind in (Kind.MONEY, Kind.NUMBER):
        return column * 100
    return column
