"""What lessens an exposure: eligible collateral, and eligible guarantors, who carry what they cover themselves."""

import polars as pl

from .limit_rules import words
from .sharing import in_turn, shared
from .snapshot import Snapshot

_COVER = ("facility_id", "contract_id", "amount", "liability", "share", "source", "source_ref")
_NOTHING = ("carrying", "promised", "netted", "before", "collateral", "guaranteed", "exempt", "loans")


def less_collateral(lines: pl.DataFrame, regime: str, snapshot: Snapshot) -> pl.DataFrame:
    """The lines with `collateral`, what of it counts under the regime, and `exempt`, what is left and exempt.

    Collateral whose kind is not stated counts as the record says; of a kind that the regime doesn't accept it doesn't.
    """
    accepted = words(regime, "collateral", snapshot.day)
    fits = pl.col("collateral_kind").is_null() | pl.col("collateral_kind").is_in(accepted) | pl.lit("any" in accepted)
    held = pl.when(fits).then(pl.col("collateral").fill_null(0.0)).otherwise(0.0)
    left = pl.col("before") - pl.col("collateral")
    exempt = pl.when(pl.col("exempt_reason").is_not_null()).then(left).otherwise(left * 0.0)
    return lines.with_columns(collateral=pl.min_horizontal(held, "before")).with_columns(exempt=exempt)


def moved(lines: pl.DataFrame, regime: str, snapshot: Snapshot) -> pl.DataFrame:
    """The parts of the lines that eligible guarantors cover: rows of `exposures.LINES` under the guarantor.

    A guarantee of one facility covers that one, before those that cover all facilities of the debtor; the latter cover
    each in proportion to what is left. Contracts cover in turn, by their id; the guarantors of a joint one share it.
    """
    left = pl.col("before") - pl.col("collateral")
    limited = lines.filter(pl.col("exempt_reason").is_null(), left > 0)
    open_lines = limited.select("facility_id", "kind", debtor_row="party_row", left=left)
    promises = _eligible(snapshot, words(regime, "guarantors", snapshot.day))
    named = promises.filter(pl.col("facility_id").is_not_null())
    first = _borne(open_lines.join(named, on=["facility_id", "debtor_row"]), ["facility_id", "debtor_row"])
    rest = _left_after(open_lines, first)
    whole = rest.with_columns(whole=pl.col("left").sum().over("debtor_row"))
    debtors = whole.select("debtor_row", left="whole").unique()
    general = promises.filter(pl.col("facility_id").is_null()).drop("facility_id")
    second = _borne(debtors.join(general, on="debtor_row"), ["debtor_row"]).drop("left")
    spread = whole.filter(pl.col("whole") > 0).join(second, on="debtor_row")
    spread = spread.with_columns(part=pl.col("part") * pl.col("left") / pl.col("whole"))
    return pl.concat([_as_lines(first), _as_lines(spread)]).filter(pl.col("after") > 0)


def _eligible(snapshot: Snapshot, accepted: tuple[str, ...]) -> pl.DataFrame:
    """Guarantees that mitigate: as the record says, else by what the guarantor is; a corporate is none."""
    kinds = snapshot.parties.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("source_row"),
        able=(pl.col("is_institution").fill_null(value=False) & pl.lit("institution" in accepted))
        | pl.col("kind").is_in(accepted),
    )
    promises = snapshot.table("guarantees").join(kinds, on="source_row", how="left")
    equal = 1 / pl.len().over("contract_id", "target_row")
    counts = promises.with_columns(share=pl.col("share").fill_null(equal)).filter(pl.coalesce("eligible", "able"))
    return counts.select(*_COVER, guarantor_row="source_row", debtor_row="target_row")


def _borne(covers: pl.DataFrame, sums: list[str]) -> pl.DataFrame:
    """The covers with `part`, what each guarantor bears of the sum `left`.

    Args:
        covers: a row for each sum, contract and guarantor.
        sums: columns that name the sum.
    """
    contract = [*sums, "contract_id"]
    several = pl.col("liability") == "several"
    fixed = pl.min_horizontal("amount", pl.col("left") * pl.col("share"))
    capped = covers.with_columns(cap=pl.when(several).then(fixed).otherwise("amount"))
    uncapped = pl.col("cap").is_null().any()
    most = pl.when(several.all()).then(pl.col("cap").sum()).when(~uncapped).then(pl.col("cap").max())
    contracts = capped.group_by(contract, maintain_order=True).agg(pl.col("left").first(), most=most)
    turns = in_turn(contracts.sort(contract), sums, "most", "left").select(*contract, whole="part")
    return shared(capped.join(turns, on=contract), contract, "cap", "whole").drop("cap", "whole")


def _left_after(lines: pl.DataFrame, borne: pl.DataFrame) -> pl.DataFrame:
    taken = borne.group_by("facility_id").agg(taken=pl.col("part").sum())
    rest = lines.join(taken, on="facility_id", how="left")
    return rest.with_columns(left=(pl.col("left") - pl.col("taken").fill_null(0.0)).clip(lower_bound=0.0)).drop("taken")


def _as_lines(borne: pl.DataFrame) -> pl.DataFrame:
    """What a guarantor bears, as a line of its own."""
    taken = ("facility_id", "debtor_row", "contract_id", "kind", "source", "source_ref")
    return borne.select(*taken, party_row="guarantor_row", after="part", **dict.fromkeys(_NOTHING, pl.lit(0.0)))
