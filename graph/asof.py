"""What a day sees: of each statement the version known by then, of each key the statement that governs."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from .earlier import OWED, OWNED, earlier_sheets
from .fields import FIELDS, Kind
from .identity import Identity, identified, identify
from .schema import SNAPSHOT_TABLES, TABLES, Table
from .settings import Settings
from .snapshot import Snapshot

MONTHS_A_YEAR, DAYS_A_YEAR = "12mo", 365.0


def snapshot(tables: Mapping[str, pl.DataFrame], day: date, settings: Settings) -> Snapshot:
    """The graph as it was known at the end of `day`."""
    seen = {name: visible(TABLES[name], frame, day) for name, frame in tables.items()}
    identity = identify(seen, day)
    rates = _rates(seen, day, settings)
    rows = {}
    for name in SNAPSHOT_TABLES:
        if name in seen:
            frame = governing(TABLES[name], identity.translate(TABLES[name], seen[name]), day, settings)
            rows[name] = _in_currency(TABLES[name], frame, rates, settings.currency)
    if "accounts" in rows:
        history = _history(TABLES["accounts"], seen, identity, settings)
        history = _in_currency(TABLES["accounts"], history, rates, settings.currency)
        rows["observations"] = _beside(rows.get("observations"), earlier_sheets(history, rows["accounts"]))
    parties = _parties(seen, rows, identity)
    numbers = parties.select("party_id", pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))
    placed = {name: _place(SNAPSHOT_TABLES[name], frame, numbers) for name, frame in rows.items() if name != "parties"}
    return Snapshot(day, parties, placed, settings.currency)


def known(tables: Mapping[str, pl.DataFrame], name: str, day: date, settings: Settings) -> pl.DataFrame:
    """Every row of a history table that was known by `day`, with party ids joined and money in one currency."""
    seen = {other: visible(TABLES[other], frame, day) for other, frame in tables.items()}
    if name not in seen:
        return pl.DataFrame(schema=TABLES[name].schema)
    history = _history(TABLES[name], seen, identify(seen, day), settings)
    return _in_currency(TABLES[name], history, _rates(seen, day, settings), settings.currency)


def _history(table: Table, seen: Mapping[str, pl.DataFrame], identity: Identity, settings: Settings) -> pl.DataFrame:
    """Every row of a history table that is seen, of several sources the first, with party ids joined."""
    return _first_source(table, identity.translate(table, seen[table.name]), [*table.key, "valid_from"], settings)


def _beside(observations: pl.DataFrame | None, sheets: pl.DataFrame) -> pl.DataFrame:
    """The observations with earlier balance sheets beside; nothing that a file calls so passes for one."""
    schema = TABLES["observations"].schema
    told = (
        pl.DataFrame(schema=schema)
        if observations is None
        else observations.filter(~pl.col("measure").is_in([OWED, OWNED]))
    )
    return pl.concat([told, sheets.cast({name: schema[name] for name in sheets.columns})], how="diagonal")


def visible(table: Table, frame: pl.DataFrame, day: date) -> pl.DataFrame:
    """Of each statement recorded by `day` the latest version, unless retracted; begun by `day`."""
    recorded = frame.filter(pl.col("recorded_on").is_null() | (pl.col("recorded_on") <= day))
    statement = ["source", *table.key, "valid_from"]
    latest = recorded.sort("recorded_on", nulls_last=False).unique(statement, keep="last", maintain_order=True)
    return latest.filter(~pl.col("retracted") & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)))


def governing(table: Table, seen: pl.DataFrame, day: date, settings: Settings) -> pl.DataFrame:
    """What governs each key on `day`: of several sources the first in `sources`."""
    return _first_source(table, by_source(table, seen, day), list(table.key), settings)


def by_source(table: Table, seen: pl.DataFrame, day: date) -> pl.DataFrame:
    """Of each source and key the statement begun last, if it is in force on `day`."""
    key = ["source", *table.key]
    latest = seen.sort(_standing(table, seen), nulls_last=False).unique(key, keep="last", maintain_order=True)
    return latest if table.history else latest.filter(pl.col("valid_to").is_null() | (pl.col("valid_to") > day))


def _standing(table: Table, seen: pl.DataFrame) -> list[pl.Expr]:
    """What makes one row stand before another of its key, weakest first; joined parties may bring several."""
    written = [f"{name}_as_written" for name in identified(table) if f"{name}_as_written" in seen.columns]
    own = [pl.col("party_id") == pl.col("party_id_as_written")] if written and table.name == "parties" else []
    return [*own, pl.col("valid_from"), pl.col("recorded_on"), *map(pl.col, written)]


def _first_source(table: Table, frame: pl.DataFrame, key: list[str], settings: Settings) -> pl.DataFrame:
    if frame["source"].n_unique() > 1:
        ranks = {name: rank for rank, name in enumerate(settings.sources)}
        rank = pl.col("source").replace_strict(ranks, default=len(ranks), return_dtype=pl.Int64)
        frame = frame.sort(rank, "source").unique(key, keep="first", maintain_order=True)
    return frame.select(*table.schema)


def rate(tables: Mapping[str, pl.DataFrame], currency: str, day: date, settings: Settings) -> float | None:
    """One unit of a currency in the register's money, by the rate in force on `day`; None where none is known."""
    seen = {name: visible(TABLES[name], frame, day) for name, frame in tables.items() if name == "rates"}
    found = _rates(seen, day, settings).filter(pl.col("currency") == currency)["rate"]
    return float(found[0]) if found.len() else None


def _rates(seen: Mapping[str, pl.DataFrame], day: date, settings: Settings) -> pl.DataFrame:
    """Currency and the register's money for one unit of it."""
    own = pl.DataFrame({"currency": [settings.currency], "rate": [1.0]})
    if "rates" not in seen:
        return own
    others = governing(TABLES["rates"], seen["rates"], day, settings).filter(pl.col("currency") != settings.currency)
    return pl.concat([own, others.select("currency", "rate")])


def _in_currency(table: Table, frame: pl.DataFrame, rates: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Money in the register's currency; missing where no rate is known. Turnover per year."""
    if table.name == "supplies":
        frame = frame.with_columns(turnover=pl.col("turnover") * _per_year())
    foreign = "currency" in frame.columns and table.name != "rates"
    if not foreign or frame["currency"].is_null().all() or (frame["currency"].drop_nulls() == currency).all():
        return frame
    money = [name for name in table.fields if FIELDS[name].kind is Kind.MONEY or name == "figure"]
    whole = pl.when(pl.col("currency").is_null()).then(1.0).otherwise(pl.col("rate"))
    rated = frame.join(rates, on="currency", how="left", maintain_order="left")
    return rated.with_columns(pl.col(money) * whole).drop("rate")


def _per_year() -> pl.Expr:
    to = pl.col("period_to").fill_null(pl.col("valid_from"))
    start = pl.col("period_from").fill_null(to.dt.offset_by("-" + MONTHS_A_YEAR))
    days = (to - start).dt.total_days()
    whole = (start.dt.offset_by(MONTHS_A_YEAR) == to) | (days <= 0) | days.is_null()
    return pl.when(whole).then(1.0).otherwise(DAYS_A_YEAR / days)


def _parties(seen: Mapping[str, pl.DataFrame], rows: Mapping[str, pl.DataFrame], identity: Identity) -> pl.DataFrame:
    """Described parties in force and bare ones that a row names, enterprises first, each part sorted by id."""
    schema = TABLES["parties"].snapshot_schema
    described = rows.get("parties", pl.DataFrame(schema=TABLES["parties"].schema))
    ended = _ended(seen, described, identity)
    names = [frame.get_column(column) for name, frame in rows.items() if name != "parties"
             for column in TABLES[name].party_columns]  # fmt: skip
    named = pl.concat(names).unique() if names else pl.Series(dtype=pl.String)
    bare = pl.DataFrame({"party_id": named}).join(described, on="party_id", how="anti")
    bare = bare.filter(pl.col("party_id").is_not_null()).join(ended, on="party_id", how="anti")
    bare = bare.with_columns(kind=pl.lit("unknown"))
    every = pl.concat([described, bare], how="diagonal").join(identity.aliases, on="party_id", how="left")
    return every.sort(pl.col("kind") != "enterprise", "party_id").select(*schema).cast(schema)  # type: ignore[arg-type]


def _ended(seen: Mapping[str, pl.DataFrame], described: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """Described parties that no longer are: their links fall with them."""
    if "parties" not in seen:
        return pl.DataFrame(schema={"party_id": pl.String})
    parties = identity.translate(TABLES["parties"], seen["parties"])
    return parties.select("party_id").unique().join(described, on="party_id", how="anti")


def _place(table: Table, frame: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Ids become row numbers; a row whose party has ended, or that came to link a party with itself, falls."""
    for column in table.party_columns:
        named = numbers.rename({"party_id": column, "row": table.row_name(column)})
        frame = frame.join(named, on=column, how="inner")
    if table.link and table.name != "owns":
        frame = frame.filter(pl.col("source_row") != pl.col("target_row"))
    return frame.select(*table.snapshot_schema).sort(table.snapshot_key)
