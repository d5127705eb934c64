"""What has moved the use of limits since the last run, to the last amount: facilities, members, capital, rules."""

from dataclasses import dataclass

import polars as pl

from .limits import LINE, LimitUse

KEY = ["scope", "subject_id", "name"]
CAUSES = {
    **dict.fromkeys(KEY, pl.String()),
    "cause": pl.String(),
    "party_id": pl.String(),
    "facility_id": pl.String(),
    "contract_id": pl.String(),
    "effect": pl.Float64(),
}
SMALLEST = 1e-9  # of money: less is the rounding of a sum


@dataclass(frozen=True)
class Changes:
    """The difference of two runs of one regime.

    Attributes:
        use: scope, subject_id, name, and `amount`, `limit_amount`, `grade`, `met` before and after, of every limit that
            differs in any of them.
        causes: columns of CAUSES. `effect` is money. The effects of facility (a line that is new, gone or valued
            otherwise), joined and left (a member of the group, with all its lines) sum to the change of the amount; of
            limit (capital, rate or rule) it is the change of the limit.
    """

    use: pl.DataFrame
    causes: pl.DataFrame


def changes(before: LimitUse, after: LimitUse) -> Changes:
    """What has changed between two runs, and what caused it; groups are the same if they have the same id."""
    moved = ["amount", "limit_amount", "grade", "met"]
    pair = before.use.select(*KEY, "measure", *moved).join(
        after.use.select(*KEY, "measure", *moved), on=[*KEY, "measure"], how="full", coalesce=True, suffix="_after"
    )
    pair = pair.rename({name: f"{name}_before" for name in moved}).with_columns(
        pl.col("amount_before", "amount_after").fill_null(0.0), pl.col("grade_before", "grade_after").fill_null(0),
        pl.col("met_before", "met_after").fill_null(value=False),
    )  # fmt: skip
    differs = [pl.col(f"{name}_before").ne_missing(pl.col(f"{name}_after")) for name in moved]
    used = pair.filter(pl.any_horizontal(differs)).sort(KEY)
    causes = [_by_lines(used.filter(measure=name), name, before, after) for name in used["measure"].unique().sort()]
    told = pl.concat([pl.DataFrame(schema=CAUSES), *causes, _by_limits(used)])
    return Changes(used.drop("measure"), told.sort(*KEY, "cause", *LINE))


def _by_lines(used: pl.DataFrame, measure: str, before: LimitUse, after: LimitUse) -> pl.DataFrame:
    """Facilities, and members that joined or left, behind the change of one measure."""
    then, now = _parts(before, measure), _parts(after, measure)
    line = ["scope", "subject_id", *LINE]
    both = then.join(now, on=line, how="full", coalesce=True, nulls_equal=True, suffix="_after")
    both = both.with_columns(effect=pl.col("value_after").fill_null(0.0) - pl.col("value").fill_null(0.0))
    member = ["scope", "subject_id", "party_id"]
    was, is_now = (_memberships(run).with_columns(here=True) for run in (before, after))
    both = both.join(was, on=member, how="left").join(is_now, on=member, how="left", suffix="_after")
    cause = (
        pl.when(pl.col("scope") == "party").then(pl.lit("facility"))
        .when(pl.col("here").is_null()).then(pl.lit("joined"))
        .when(pl.col("here_after").is_null()).then(pl.lit("left")).otherwise(pl.lit("facility"))
    )  # fmt: skip
    caused = used.select(KEY).join(both.with_columns(cause=cause), on=["scope", "subject_id"])
    return _summed(caused)


def _summed(caused: pl.DataFrame) -> pl.DataFrame:
    """One row for each facility that changed, one for each member that joined or left."""
    whole = pl.col("cause") != "facility"
    named = caused.with_columns(pl.when(~whole).then(name).alias(name) for name in ("facility_id", "contract_id"))
    summed = named.group_by(*KEY, "cause", *LINE).agg(pl.col("effect").sum())
    return summed.filter(pl.col("effect").abs() > SMALLEST).select(*CAUSES)


def _parts(run: LimitUse, measure: str) -> pl.DataFrame:
    """What each line gives to each subject under a measure."""
    if measure == "others_after":
        value = pl.when(~pl.col("is_institution")).then("after").otherwise(0.0)
    else:
        value = pl.col(measure)
    lines = run.lines.select(*LINE, value=value)
    return _memberships(run).join(lines, on="party_id")


def _memberships(run: LimitUse) -> pl.DataFrame:
    """Scope, subject and party: each party with an exposure in itself and in its groups."""
    own = run.lines.select(scope=pl.lit("party"), subject_id="party_id", party_id="party_id").unique()
    return pl.concat([own, run.members.select(scope=pl.lit("group"), subject_id="group_id", party_id="party_id")])


def _by_limits(used: pl.DataFrame) -> pl.DataFrame:
    """Limits that are another amount than before."""
    effect = pl.col("limit_amount_after") - pl.col("limit_amount_before")
    other = used.with_columns(effect=effect, cause=pl.lit("limit")).filter(pl.col("effect").abs() > SMALLEST)
    empty = [pl.lit(None, dtype=pl.String).alias(name) for name in LINE]
    return other.with_columns(empty).select(*CAUSES)
