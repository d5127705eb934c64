"""Records of the PSC register as rows of the dictionary. Frames: one row a record and period, see `psc.RECORDS`."""

import polars as pl

from .bods_records import said_once, with_lots
from .endings import told_apart

COMPANIES_HOUSE = "GB-COH:"
OVERSEAS = "OE"  # prefix of overseas entities that own British land
_STAKE = ("line", "owner_id", "enterprise_id", "source_ref", "record", "stated", "valid_from", "valid_to")
_PARTY = ("line", "party_id", "source_ref", "recorded_on")
_BOOKKEEPING = ("record", "stated")


def dated(records: pl.DataFrame, made: str | None) -> pl.DataFrame:
    """The records with the ids of their two ends, the days on which they held, and the day on which they were known.

    Args:
        records: as parsed.
        made: the day of the snapshot, which dates what has no day of its own.
    """
    snapshot_day = pl.lit(made, dtype=pl.String)
    tail = pl.col("source_ref").str.strip_suffix("/").str.split("/").list.last()
    own = pl.concat_str(pl.lit("psc:"), "company", pl.lit("/"), tail)
    return records.with_columns(
        enterprise_id=COMPANIES_HOUSE + pl.col("company"),
        owner_id=pl.coalesce(COMPANIES_HOUSE + pl.col("number"), own),
        record="source_ref",
        valid_from="start",
        valid_to=pl.coalesce("end", pl.when("over").then(snapshot_day)),
        stated=pl.coalesce("start", snapshot_day),
        recorded_on=pl.coalesce("start", snapshot_day),
    )


def two_bands(held: pl.DataFrame) -> pl.DataFrame:
    """`line`, `reason` of records that put one stake into two bands."""
    bands = (
        held.filter(pl.col("table") == "owns")
        .group_by("line", "strand", "meaning")
        .agg(pl.col("nature").unique().sort())
    )
    twice = bands.filter(pl.col("nature").list.len() > 1).sort("line", "strand", "meaning")
    reason = pl.format("natures_of_control put {} into two bands: {}", "meaning", pl.col("nature").list.join(", "))
    return twice.select("line", reason=reason).unique("line", keep="first", maintain_order=True)


def stake_rows(records: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Rows of `owns`: a band of capital and of votes for each capacity, anything at all for owners unnamed.

    Args:
        held: `line` and the columns of `psc_natures.MEANINGS` of every nature of control.
    """
    banded = held.filter(pl.col("table") == "owns").group_by("line", "strand").agg(*_ends("share"), *_ends("votes"))
    named = records.select(_STAKE).join(banded, on="line")
    hidden = records.filter(pl.col("status").is_not_null())
    unnamed = hidden.select(*_STAKE, owner_status="status", strand=0, share_low=0.0, share_high=1.0)
    stakes = pl.concat([named, unnamed], how="diagonal_relaxed").with_columns(direct=True)
    return told_apart(with_lots(stakes).with_columns(recorded_on="stated")).drop(_BOOKKEEPING)


def _ends(meaning: str) -> list[pl.Expr]:
    """The two ends of a band and whether they belong to it; missing where the record says nothing of it."""
    prefix = "" if meaning == "share" else f"{meaning}_"
    names = {"low": f"{meaning}_low", "high": f"{meaning}_high", "low_included": f"{prefix}low_included",
             "high_included": f"{prefix}high_included"}  # fmt: skip
    return [pl.col(end).filter(pl.col("meaning") == meaning).first().alias(name) for end, name in names.items()]


def tie_rows(records: pl.DataFrame, held: pl.DataFrame, table: str, key: tuple[str, str, str]) -> pl.DataFrame:
    """Rows of `controls` or `related_to`, whose key is `key`: the owner, the company, what ties them."""
    owner, company, meaning = key
    ties = held.filter(pl.col("table") == table).select("line", pl.col("meaning").alias(meaning)).unique()
    rows = records.select(_STAKE).rename({"owner_id": owner, "enterprise_id": company}).join(ties, on="line")
    once = said_once(rows.sort("line", meaning), key)
    return told_apart(once.with_columns(recorded_on="stated")).drop(_BOOKKEEPING)


def party_rows(records: pl.DataFrame) -> pl.DataFrame:
    """Rows of `parties`: companies by their number alone, known with their first record; other owners by name.

    The name that a record gives to an owner with a number is how somebody else wrote it, a different one in every
    record, so it is not kept.
    """
    numbers = pl.concat([
        records.select("line", "recorded_on", "natures", "status", number="company"),
        records.filter(pl.col("number").is_not_null()).select("line", "recorded_on", "natures", "status", "number"),
    ])  # fmt: skip
    alone = pl.col("natures").list.len().fill_null(0).eq(0) & pl.col("status").is_null()  # the line says nothing else
    first = pl.int_range(pl.len()).over("number", order_by=["recorded_on", "line"]) == 0
    companies = numbers.filter(alone | first).select(
        "line",
        "recorded_on",
        party_id=COMPANIES_HOUSE + pl.col("number"),
        source_ref="number",
        kind=pl.lit("enterprise"),
        country=pl.when(~pl.col("number").str.starts_with(OVERSEAS)).then(pl.lit("GB")),
    )
    owners = records.filter(pl.col("number").is_null(), ~alone).unique("owner_id", keep="first", maintain_order=True)
    named = owners.select(
        "line", "recorded_on", "source_ref", "kind", "name", "country", "legal_form", party_id="owner_id"
    )
    return pl.concat([companies, named], how="diagonal")


def register_numbers(records: pl.DataFrame) -> pl.DataFrame:
    """Rows of `identifiers`: the numbers of other countries' registers, under a scheme that joins nobody."""
    value = pl.col("written").str.strip_chars().str.replace_all(r"\s+", " ")
    readable = value.str.contains(r"^[0-9A-Za-z ./-]*[0-9][0-9A-Za-z ./-]*$")
    country = pl.col("abroad").fill_null("").str.to_lowercase().str.replace_all("[^a-z]+", "-").str.strip_chars("-")
    scheme = pl.concat_str(pl.lit("register"), pl.when(country != "").then("-" + country).otherwise(pl.lit("")))
    told = records.filter(pl.col("number").is_null() & readable)
    return told.select("line", "source_ref", "recorded_on", party_id="owner_id", scheme=scheme, value=value)
