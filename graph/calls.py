"""Calls: what each guarantor is called for once its debtor pays nothing. Collateral comes first, up to its value."""

import polars as pl

from .sharing import shared
from .snapshot import Snapshot

CONTRACT = ["contract_id", "target_row", "facility_id", "liability"]  # rows that share one call
OWED_BY_BANK = ("deposit", "liability")  # facilities that are the bank's own debt


def guarantee_calls(snapshot: Snapshot, sheets: pl.DataFrame) -> pl.DataFrame:
    """The guarantees with what they come to if the debtor fails, one row each, in the order of their table.

    Joint guarantors of one contract share its call equally, each up to its cap; the contract comes to no more than
    its largest cap. Several: the fixed share, up to the cap; without a share as many equal ones as there are
    guarantors. A guarantee of one facility covers what is drawn of it less its collateral; of all debt, the debt in
    the accounts less the collateral that the bank holds.

    Args:
        snapshot: the day.
        sheets: one row of accounts a party, as `channels.balance_sheets` gives them.

    Returns:
        the rows of `guarantees` whose ends are two, with `link_row`; `contract`, a number; `among`, how many share it;
        `whole`, money that is called in all of a joint contract; and `call`, money of this guarantor, missing where
        neither debt nor caps are told.
    """
    links = snapshot.table("guarantees").with_row_index("link_row")
    links = links.filter(pl.col("source_row") != pl.col("target_row"))
    owed = _covered(snapshot, links, sheets).with_columns(among=pl.len().over(CONTRACT))
    most = pl.when(pl.col("amount").is_not_null().all().over(CONTRACT)).then(pl.col("amount").max().over(CONTRACT))
    rows = owed.with_columns(contract=pl.struct(CONTRACT).rank("dense"), whole=pl.min_horizontal(most, "covered"))
    fixed = pl.col("covered") * pl.col("share").fill_null(1 / pl.col("among"))
    several = pl.min_horizontal("amount", fixed)
    parted = shared(rows, ["contract"], "amount", "whole")
    call = pl.when(pl.col("liability") == "several").then(several).otherwise("part")
    return parted.with_columns(call=call).drop("part").sort("link_row")


def held(snapshot: Snapshot) -> pl.DataFrame:
    """What the bank has lent: party_row, facility_id, `lent` and `covered` by collateral, money; lent may be missing.

    What is drawn, or the whole limit where drawn isn't stated; undrawn limits are not counted.
    """
    claims = snapshot.table("exposures").filter(~pl.col("kind").fill_null("").is_in(OWED_BY_BANK))
    lent = claims.with_columns(lent=pl.coalesce("drawn", "limit"))
    return lent.with_columns(covered=pl.min_horizontal(pl.col("collateral").fill_null(0.0), "lent"))


def _covered(snapshot: Snapshot, links: pl.DataFrame, sheets: pl.DataFrame) -> pl.DataFrame:
    """The links with `covered`: the debt that each stands for, missing where nobody tells it."""
    lent = held(snapshot).with_columns(left=pl.col("lent") - pl.col("covered"))
    facility = lent.select("facility_id", target_row="party_row", of_facility="left")
    secured = lent.group_by(target_row="party_row").agg(secured=pl.col("covered").sum())
    debts = sheets.select(target_row="party_row", debt=pl.coalesce("debt", "liabilities"))
    told = links.join(debts, on="target_row", how="left").join(secured, on="target_row", how="left")
    told = told.join(facility, on=["facility_id", "target_row"], how="left")
    whole = (pl.col("debt") - pl.col("secured").fill_null(0.0)).clip(lower_bound=0.0)
    return told.with_columns(covered=pl.coalesce("of_facility", whole)).drop("debt", "secured", "of_facility")
