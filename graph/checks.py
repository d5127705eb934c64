"""Named rules of data quality: each gives the rows at fault and what to do about them. Nothing is ever mended here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

import polars as pl

from .asof import by_source, visible
from .check_digits import bad, expected_end
from .fields import FIELDS, Kind
from .identity import Identity, identify
from .register import Register
from .schema import CHANNELS, LINKS, TABLES
from .settings import Settings
from .snapshot import Snapshot

ROUNDING = 0.00005  # a share written with four digits is off by at most this
APART = 0.01  # shares of two sources that differ by more are a finding

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """What a rule found: one row of `rows` for each fault; `remedy` is what the user can do."""

    rule: str
    severity: Severity
    rows: pl.DataFrame
    what: str
    remedy: str


@dataclass(frozen=True)
class Subject:
    """What the rules look at: the register, and what it shows on one day."""

    register: Register
    day: date
    settings: Settings = field(default_factory=Settings)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The graph on that day."""
        return self.register.as_of(self.day, self.settings)

    @cached_property
    def seen(self) -> dict[str, pl.DataFrame]:
        """By table, the versions known on that day."""
        return {name: visible(TABLES[name], frame, self.day) for name, frame in self.register.tables.items()}

    @cached_property
    def identity(self) -> Identity:
        """Who is who on that day."""
        return identify(self.seen, self.day)

    @cached_property
    def ids(self) -> pl.DataFrame:
        """`row`, `party_id`, `kind` of every party of the snapshot."""
        return self.snapshot.parties.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"), "party_id", "kind")

    def named(self, frame: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
        """A frame with the party ids behind a column of row numbers."""
        return frame.join(self.ids.select(pl.col("row").alias(column), pl.col("party_id").alias(name)), on=column)


def check(subject: Subject) -> list[Finding]:
    """Runs every rule; those without a row at fault are left out."""
    found = [finding for rule in RULES for finding in rule(subject)]
    return [finding for finding in found if finding.rows.height]


def bare_parties(subject: Subject) -> list[Finding]:
    """Parties that a row names and no row describes: neighbours, never scored."""
    described = subject.identity.translate(
        TABLES["parties"], subject.seen.get("parties", subject.register.table("parties"))
    )
    rows = subject.ids.join(described, on="party_id", how="anti").select("party_id")
    what = f"{rows.height} parties are named and not described{_first(rows)}"
    return [Finding("bare_parties", "warning", rows, what, "Load a parties row for each that should be scored.")]


def shares_above_one(subject: Subject) -> list[Finding]:
    """Direct shares, of bands the lower ends, that sum to more than the whole of an enterprise; never normalised."""
    found = []
    for name in ("share", "votes"):
        over = _sums_above_one(subject, name)
        rounded = pl.col("total") <= 1 + pl.col("holders") * ROUNDING + 1e-12
        remedy = "Correct or close the stake that is wrong."
        found.append(_above_one(name, "error", over.filter(~rounded), remedy))
        found.append(_above_one(name, "warning", over.filter(rounded), "Rounding explains it."))
    return found


def _sums_above_one(subject: Subject, name: str) -> pl.DataFrame:
    """`enterprise_id`, `total`, `holders`, `records` of each enterprise of which more than all is held."""
    share = pl.coalesce(name, f"{name}_low")
    stakes = subject.snapshot.table("owns").filter("direct").group_by("target_row")
    sums = stakes.agg(total=share.sum(), holders=share.count(), records=pl.col("source_ref").drop_nulls())
    over = subject.named(sums.filter(pl.col("total") > 1 + 1e-12), "target_row", "enterprise_id")
    worst = over.sort("total", "enterprise_id", descending=[True, False])
    return worst.select("enterprise_id", "total", "holders", "records")


def _above_one(name: str, severity: Severity, rows: pl.DataFrame, remedy: str) -> Finding:
    shown = "" if rows.is_empty() else f", first {rows[0, 'enterprise_id']} with {rows[0, 'total']:.6g}"
    what = f"{name} into {rows.height} enterprises sum to more than 1{shown}"
    return Finding(f"{name}_above_one", severity, rows, what, remedy)


def self_links(subject: Subject) -> list[Finding]:
    """Treasury shares are kept; they conduct nothing."""
    stakes = subject.snapshot.table("owns").filter(pl.col("source_row") == pl.col("target_row"))
    rows = subject.named(stakes, "source_row", "party_id").select("party_id", "share")
    what = f"{rows.height} enterprises hold shares in themselves{_first(rows)}"
    return [Finding("self_links", "warning", rows, what, "Nothing to do if they are treasury shares.")]


def sources_disagree(subject: Subject) -> list[Finding]:
    """Two sources whose shares for one stake are more than .01 apart; the first in `sources` governs."""
    if "owns" not in subject.seen:
        return []
    table = TABLES["owns"]
    rows = by_source(table, subject.identity.translate(table, subject.seen["owns"]), subject.day)
    low, high = pl.coalesce("share", "share_low"), pl.coalesce("share", "share_high")
    apart = rows.group_by(table.key).agg(
        sources=pl.col("source").sort(), low=low.max(), high=high.min(), several=pl.col("source").n_unique() > 1
    )
    wrong = (
        apart.filter(pl.col("several") & (pl.col("low") - pl.col("high") > APART + 1e-9))
        .drop("several")
        .sort(table.key)
    )
    what = f"sources disagree on {wrong.height} stakes by more than {APART:g}{_first(wrong, 'owner_id')}"
    return [
        Finding("sources_disagree", "warning", wrong, what, "Correct one source, or order them in the setting sources.")
    ]


def missing_equity(subject: Subject) -> list[Finding]:
    """Enterprises that would bear losses and have no positive equity in their accounts."""
    bearers = []
    for channel in CHANNELS:
        if channel.name != "cover_loss":
            end = "source_row" if channel.fails == "target" else "target_row"
            bearers.append(subject.snapshot.table(channel.table).select(pl.col(end).alias("row")))
    accounts = subject.snapshot.table("accounts").filter(pl.col("equity") > 0)
    firms = pl.concat(bearers).unique().join(subject.ids.filter(pl.col("kind") == "enterprise"), on="row")
    rows = firms.join(accounts, left_on="row", right_on="party_row", how="anti").select("party_id").sort("party_id")
    what = f"{rows.height} enterprises bear losses without positive equity{_first(rows)}"
    return [
        Finding(
            "missing_equity", "warning", rows, what, "Load their accounts, or expect an estimate, marked risk_basis."
        )
    ]


def impossible_dates(subject: Subject) -> list[Finding]:
    """Accounts and events recorded before they were, and firms founded in the future or after their first day."""
    early = []
    for name in ("accounts", "events", "observations"):
        frame = subject.seen.get(name)
        if frame is not None:
            rows = frame.filter(pl.col("recorded_on") < pl.col("valid_from"))
            early.append(
                rows.select("party_id", "valid_from", "recorded_on", what=pl.lit(f"{name} recorded before they were"))
            )
    parties = subject.snapshot.parties.filter(pl.col("founded_on") > subject.day)
    early.append(parties.select("party_id", "valid_from", "recorded_on", what=pl.lit("founded after the day shown")))
    rows = pl.concat(early)
    what = f"{rows.height} rows have impossible dates{_first(rows)}"
    return [Finding("impossible_dates", "warning", rows, what, "Correct the day with a later recorded_on.")]


def shared_identifiers(subject: Subject) -> list[Finding]:
    """Joins that an identifier proposes and a rule forbids."""
    rows = subject.identity.undone
    shown = "" if rows.is_empty() else f", first {' and '.join(rows[0, 'parties'][:3])}: {rows[0, 'reason']}"
    what = f"{rows.height} joins by identifier were not made{shown}"
    return [Finding("shared_identifiers", "warning", rows, what, "Decide by a review on the link same_as.")]


def bad_check_digits(subject: Subject) -> list[Finding]:
    """Identifiers of scheme uscc and lei whose check digits, length or alphabet are wrong; they join nobody."""
    seen = subject.seen.get("identifiers")
    if seen is None:
        return []
    rows = seen.filter(bad(seen)).select("party_id", "scheme", "value").unique().sort("party_id", "value")
    ends = [expected_end(scheme, value) for scheme, value in rows.select("scheme", "value").iter_rows()]
    rows = rows.with_columns(expected_end=pl.Series(ends, dtype=pl.String))
    what = f"{rows.height} identifiers have bad check digits{_first(rows)}"
    return [Finding("bad_check_digits", "warning", rows, what, "Correct the value; expected_end is what would fit.")]


def links_of_ended_parties(subject: Subject) -> list[Finding]:
    """Links that are open although a described party at one end has ended; they fell with it."""
    parties = subject.seen.get("parties")
    if parties is None:
        return []
    alive = subject.ids["party_id"].implode()
    ended = parties.filter(pl.col("valid_to") <= subject.day).group_by("party_id").agg(last=pl.col("valid_to").max())
    rows = []
    for name, table in LINKS.items():
        if name in subject.seen:
            links = by_source(table, subject.identity.translate(table, subject.seen[name]), subject.day)
            for end in table.party_columns:
                fallen = links.filter(~pl.col(end).is_in(alive)).join(ended, left_on=end, right_on="party_id")
                rows.append(
                    fallen.select(pl.lit(name).alias("table"), "source_ref", pl.col(end).alias("party_id"), "last")
                )
    found = pl.concat(rows).sort("party_id", "table", "source_ref") if rows else pl.DataFrame()
    what = f"{found.height} open links belong to a party that ended{_first(found)}"
    return [Finding("links_of_ended_parties", "warning", found, what, "Close the links at their source.")]


def ended_rebuttals(subject: Subject) -> list[Finding]:
    """Rebuttals whose end has passed: the link connects again, until somebody decides anew."""
    seen = subject.seen.get("reviews")
    if seen is None:
        return []
    ended = by_source(TABLES["reviews"], seen, date.min)  # of each link the decision that was made last
    rows = ended.filter((pl.col("decision") == "rebutted") & (pl.col("valid_to") <= subject.day))
    told = rows.select("link", "from_id", "to_id", "valid_to", "reason", "reviewer", "second_reviewer", "source_ref")
    what = f"{told.height} rebuttals have lapsed at their end{_first(told, 'from_id')}"
    return [
        Finding(
            "ended_rebuttals", "warning", told.sort("valid_to", "link"), what, "Review the link again, with a new end."
        )
    ]


def missing_rates(subject: Subject) -> list[Finding]:
    """Amounts in a currency without a rate in force: missing in the snapshot, never zero."""
    rates = subject.seen.get("rates")
    known = [subject.settings.currency, *(rates["currency"].to_list() if rates is not None else [])]
    rows = []
    for name, frame in subject.seen.items():
        if "currency" in frame.columns and any(FIELDS[field].kind is Kind.MONEY for field in TABLES[name].fields):
            lost = frame.filter(pl.col("currency").is_not_null() & ~pl.col("currency").is_in(known))
            rows.append(
                lost.group_by("currency").agg(rows=pl.len()).select(pl.lit(name).alias("table"), "currency", "rows")
            )
    found = pl.concat(rows).sort("table", "currency") if rows else pl.DataFrame()
    what = f"no rate for {found.height} currencies of tables{_first(found, 'currency')}: their amounts are missing"
    return [Finding("missing_rates", "error", found, what, "Load a row of rates, or set the register's currency.")]


def _first(rows: pl.DataFrame, column: str = "party_id") -> str:
    return "" if rows.is_empty() else f", first {rows[0, column]}"


RULES: tuple[Callable[[Subject], list[Finding]], ...] = (
    bare_parties, shares_above_one, self_links, sources_disagree, missing_equity, impossible_dates, shared_identifiers,
    bad_check_digits, links_of_ended_parties, ended_rebuttals, missing_rates,
)  # fmt: skip
