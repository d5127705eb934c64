"""What the bank stands to lose with each party: every facility a line, its value before and after mitigation.

Before mitigation: carrying amount less provisions, undrawn and off-balance amounts by their conversion factor, netted
where an agreement says so. After: less eligible collateral, less what an eligible guarantor covers, which is then an
exposure to that guarantor and never disappears; what is exempt is shown, not limited.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from .limit_rules import number
from .mitigation import less_collateral, moved
from .snapshot import Snapshot

OFF_BALANCE = ("guarantee", "letter_of_credit", "acceptance", "commitment")  # kinds that are promises, drawn or not
OWED = ("deposit", "liability")  # kinds that the bank owes; they count inside a netting set alone

LINES = {
    "facility_id": pl.String(),
    "party_row": pl.UInt32(),
    "debtor_row": pl.UInt32(),
    "contract_id": pl.String(),
    "kind": pl.String(),
    "carrying": pl.Float64(),
    "promised": pl.Float64(),
    "factor": pl.Float64(),
    "netted": pl.Float64(),
    "before": pl.Float64(),
    "collateral": pl.Float64(),
    "guaranteed": pl.Float64(),
    "exempt": pl.Float64(),
    "after": pl.Float64(),
    "loans": pl.Float64(),
    "estimated": pl.Boolean(),
    "exempt_reason": pl.String(),
    "source": pl.String(),
    "source_ref": pl.String(),
}


@dataclass(frozen=True)
class Conversion:
    """The part of promises that counts as exposure: a fraction by the exposure's kind, and for all other kinds."""

    by_kind: Mapping[str, float] = field(default_factory=dict)
    otherwise: float = 1.0


def exposure_lines(snapshot: Snapshot, regime: str, conversion: Conversion = Conversion()) -> pl.DataFrame:
    """Every facility valued by the rules of a regime, columns of LINES, sorted by party and facility.

    A facility is one line of its debtor, and one more of each guarantor that covers part of it, with the `contract_id`
    that does so; there `party_row` is the guarantor. All is money of the snapshot: `carrying` less provisions,
    `promised` (undrawn, or off balance), of which `factor` counts, `netted` what the bank owes under the same netting
    set; `before` = carrying + promised · factor − netted; `after` = before − collateral − guaranteed − exempt. `loans`
    is what is drawn on the balance sheet, before provisions. `estimated`: drawn is not stated, so the whole limit
    counts. A line without drawn and limit has no value, which is never taken for nothing:
    whoever sums lines counts these.

    Args:
        snapshot: the day.
        regime: eba, eba_alternative, basel or cn.
        conversion: the bank's factors; the regime's floor holds against them.

    Raises:
        UsageError: no such regime, or not in force on that day.

    Source:
        CRR art. 389 to 403, Basel LEX30, 商业银行大额风险暴露管理办法 ch. 3; by hand in tests/test_limits.py.
    """
    own = less_collateral(_netted(_valued(snapshot, regime, conversion)), regime, snapshot)
    covered = moved(own, regime, snapshot)
    lost = covered.group_by("facility_id").agg(guaranteed=pl.col("after").sum())
    own = own.join(lost, on="facility_id", how="left", coalesce=True).with_columns(pl.col("guaranteed").fill_null(0.0))
    own = own.with_columns(
        debtor_row="party_row", after=pl.col("before") - pl.col("collateral") - pl.col("guaranteed") - pl.col("exempt")
    )
    lines = pl.concat([own, covered], how="diagonal")
    return lines.select(*LINES).cast(LINES).sort("party_row", "facility_id", "contract_id")  # type: ignore[arg-type]


def _valued(snapshot: Snapshot, regime: str, conversion: Conversion) -> pl.DataFrame:
    """Carrying amount, promises and their factor of every facility that is no debt of the bank's own."""
    facilities = snapshot.table("exposures")
    least = number(regime, "conversion_floor", snapshot.day)
    kind = pl.col("kind").fill_null("")
    off = kind.is_in(OFF_BALANCE)
    estimated = pl.col("drawn").is_null() & pl.col("limit").is_not_null()
    drawn = pl.coalesce("drawn", "limit")
    net = (drawn - pl.col("provision").fill_null(0.0)).clip(lower_bound=0.0)
    undrawn = (pl.col("limit") - drawn).clip(lower_bound=0.0).fill_null(0.0)
    factor = kind.replace_strict(dict(conversion.by_kind), default=conversion.otherwise, return_dtype=pl.Float64)
    return facilities.with_columns(
        carrying=pl.when(off).then(net * 0.0).otherwise(net),
        promised=undrawn + pl.when(off).then(net).otherwise(0.0),
        factor=pl.max_horizontal(factor, pl.lit(least)),
        loans=pl.when(off).then(drawn * 0.0).otherwise(drawn),
        estimated=estimated,
    )


def _netted(valued: pl.DataFrame) -> pl.DataFrame:
    """The claims of a party under one netting agreement, less what the bank owes under it, in proportion."""
    owed_kind = pl.col("kind").fill_null("").is_in(OWED)
    agreement = ["party_row", "netting_set"]
    owed = (
        valued.filter(owed_kind & pl.col("netting_set").is_not_null())
        .group_by(agreement)
        .agg(owed=pl.col("drawn").sum())
    )
    claims = (
        valued.filter(~owed_kind)
        .join(owed, on=agreement, how="left")
        .with_columns(gross=pl.col("carrying") + pl.col("promised") * pl.col("factor"))
    )
    together = pl.col("gross").sum().over(agreement)
    share = pl.when(together > 0).then(pl.col("gross") / together).otherwise(0.0)
    netted = pl.min_horizontal(pl.col("owed").fill_null(0.0), together) * share
    claims = claims.with_columns(netted=pl.when(pl.col("netting_set").is_not_null()).then(netted).otherwise(0.0))
    return claims.with_columns(before=pl.col("gross") - pl.col("netted"))
