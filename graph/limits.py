"""The bank's exposure to each party and to each group of connected clients, against the limits in force."""

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from .errors import DataError
from .exposures import Conversion, exposure_lines
from .limit_rules import GRADES, Limit, limits_in_force, number
from .rules import ROUNDING
from .snapshot import Snapshot

USE = {
    "scope": pl.String(),
    "subject_id": pl.String(),
    "name": pl.String(),
    "measure": pl.String(),
    "amount": pl.Float64(),
    "limit_amount": pl.Float64(),
    "use": pl.Float64(),
    "grade": pl.UInt8(),
    "met": pl.Boolean(),
    "unknown": pl.UInt32(),
    "rule": pl.String(),
}
LINE = ("party_id", "facility_id", "contract_id")  # what names a line
SUMS = ("before", "after", "exempt", "loans")
TOTALS = {
    "scope": pl.String(),
    "subject_id": pl.String(),
    **dict.fromkeys(SUMS, pl.Float64()),
    "unknown": pl.UInt32(),
}
EURO = "EUR"


@dataclass(frozen=True)
class Bank:
    """What the rules ask of the bank itself, beside its dated capital."""

    conversion: Conversion = field(default_factory=Conversion)
    euro: float | None = None  # money of the snapshot for one euro; not needed where the snapshot is in euros
    is_gsib: bool = False  # a global systemically important bank
    gsibs: tuple[str, ...] = ()  # party ids of the others
    anonymous: tuple[str, ...] = ()  # party ids that stand for customers whom nobody can name


@dataclass(frozen=True)
class LimitUse:
    """How far the limits of a regime are used on a day.

    Attributes:
        day: the day.
        regime: the rule set.
        lines: `exposures.LINES` with party_id and debtor_id in place of the rows.
        members: `group_id`, `party_id`.
        capital: `tier1` and `net`, where known, in money of the snapshot.
        totals: columns of TOTALS: each party with an exposure, and each group of one.
        use: columns of USE: each limit of each party and group that it concerns, the most used first. `met`: the
            limit is broken, or, under the name large, the exposure is a large one. `grade` is the highest of 70, 80,
            90, 100 (percent of the limit) that is reached, else 0. `unknown` counts lines without a value.
    """

    day: date
    regime: str
    lines: pl.DataFrame
    members: pl.DataFrame
    capital: dict[str, float]
    totals: pl.DataFrame
    use: pl.DataFrame

    @property
    def portfolio(self) -> dict[str, float]:
        """All exposures before and after mitigation, exempt ones, and loans; each line once, whatever its groups."""
        return dict(self.lines.select(pl.col(SUMS).sum()).row(0, named=True))


def limit_use(snapshot: Snapshot, members: pl.DataFrame, regime: str, bank: Bank = Bank()) -> LimitUse:
    """Every exposure against every limit of a regime.

    A firm in two groups counts wholly in both. The limit of a group with an institution is, in the EU, the higher of
    its share of Tier 1 and EUR 150 million, at most all of Tier 1; without a rate of the euro the share alone.

    Args:
        snapshot: the day; its capital table must hold what the limits are fractions of.
        members: `group_id`, `party_row` of every membership.
        regime: eba, eba_alternative, basel or cn.
        bank: what else the rules ask of the bank.

    Raises:
        DataError: no capital of a needed kind is known on that day.
        UsageError: no such regime, or not in force on that day.
    """
    rows = limits_in_force(regime, snapshot.day)
    capital = _capital(snapshot, rows)
    parties = _named(snapshot, bank)
    lines = _with_ids(exposure_lines(snapshot, regime, bank.conversion), parties)
    tied = members.cast({"party_row": pl.UInt32}).join(parties, on="party_row").select("group_id", "party_id").unique()
    subjects = _subjects(lines, parties, tied)
    used = [_used(subjects, limit, _limit_amount(limit, capital, bank, snapshot)) for limit in rows]
    order = ["use", "scope", "subject_id", "name"]
    use = pl.concat(used).sort(order, descending=[True, False, False, False], nulls_last=True)
    return LimitUse(snapshot.day, regime, lines, tied.sort("group_id", "party_id"), capital, _totals(subjects), use)


def _capital(snapshot: Snapshot, rows: list[Limit]) -> dict[str, float]:
    """The bank's own capital by kind.

    Raises:
        DataError: a kind that a limit is a fraction of is not known, or not above zero.
    """
    known = dict(snapshot.table("capital").select("kind", "amount").iter_rows())
    for kind in sorted({limit.of for limit in rows}):
        if not (known.get(kind) or 0.0) > 0:
            raise DataError(f"capital: no {kind} above 0 is known on {snapshot.day}. Load a row of capital.csv.")
    return known


def _named(snapshot: Snapshot, bank: Bank) -> pl.DataFrame:
    """What the limits ask of each party: party_row, party_id, is_institution, is_anonymous, is_gsib."""
    return snapshot.parties.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("party_row"),
        "party_id",
        pl.col("is_institution").fill_null(value=False),
        is_anonymous=pl.col("party_id").is_in(bank.anonymous),
        is_gsib=pl.col("party_id").is_in(bank.gsibs) & pl.lit(bank.is_gsib),
    )


def _with_ids(lines: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """The lines under party ids, which stay from day to day, in place of rows, which don't."""
    debtors = parties.select(debtor_row="party_row", debtor_id="party_id")
    named = lines.join(parties.select("party_row", "party_id", "is_institution"), on="party_row")
    return named.join(debtors, on="debtor_row").drop("party_row", "debtor_row").sort(*LINE)


def _subjects(lines: pl.DataFrame, parties: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The sums of each party with an exposure and of each group with such a member, and what they are.

    A group has an institution also where the bank has no exposure to that member.
    """
    sums = [pl.col(name).sum() for name in SUMS]
    totals = lines.group_by("party_id").agg(*sums, unknown=pl.col("before").is_null().sum())
    each = totals.join(parties, on="party_id").with_columns(scope=pl.lit("party"), subject_id="party_id")
    others = pl.when(~pl.col("is_institution")).then("after").otherwise(0.0)
    summed = members.join(parties, on="party_id").join(totals, on="party_id", how="left").group_by("group_id")
    groups = summed.agg(
        pl.col(*SUMS, "unknown").sum(),
        pl.col("is_institution", "is_gsib").any(),
        others_after=others.sum(),
        exposed=pl.col("after").is_not_null().any(),
        is_anonymous=pl.lit(value=False),
    )
    named = groups.filter("exposed").with_columns(scope=pl.lit("group"), subject_id="group_id")
    return pl.concat([each, named], how="diagonal_relaxed")


def _totals(subjects: pl.DataFrame) -> pl.DataFrame:
    return subjects.select(*TOTALS).cast(TOTALS).sort("scope", "subject_id")  # type: ignore[arg-type]


def _limit_amount(limit: Limit, capital: dict[str, float], bank: Bank, snapshot: Snapshot) -> float:
    """Money that a limit is; a floor lifts it where the euro's rate is known."""
    share = limit.rule.number * capital[limit.of]
    euro = 1.0 if snapshot.currency == EURO else bank.euro
    if not limit.floor or euro is None:
        return share
    most = number(limit.rule.regime, "floor_most", snapshot.day) * capital[limit.of]
    return max(share, min(number(limit.rule.regime, limit.floor, snapshot.day) * euro, most))


def _used(subjects: pl.DataFrame, limit: Limit, limit_amount: float) -> pl.DataFrame:
    """One limit of all that it concerns."""
    concerned = {
        "any": pl.lit(value=True),
        "institution": pl.col("is_institution"),
        "anonymous": pl.col("is_anonymous"),
        "gsib": pl.col("is_gsib"),
        "other": ~pl.col("is_institution") & ~pl.col("is_anonymous"),
    }[limit.who]
    use = pl.col(limit.measure) / limit_amount
    reached = pl.sum_horizontal(use >= grade - ROUNDING for grade in GRADES)
    percents = pl.lit(pl.Series([0, *(round(grade * 100) for grade in GRADES)], dtype=pl.UInt8))
    asked = subjects.filter(pl.col("scope").is_in(limit.scopes) & concerned)
    told = asked.filter((pl.col(limit.measure) > 0) | (pl.col("unknown") > 0)).with_columns(
        name=pl.lit(limit.rule.name),
        measure=pl.lit(limit.measure),
        amount=limit.measure,
        limit_amount=limit_amount,
        use=use,
        grade=percents.gather(reached) if limit.limits else pl.lit(0),
        met=use > 1 + ROUNDING if limit.rule.operator == ">" else use >= 1 - ROUNDING,
        rule=pl.lit(str(limit.rule)),
    )
    return told.select(*USE).cast(USE)  # type: ignore[arg-type]
