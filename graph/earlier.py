"""Earlier balance sheets of a snapshot, told as monthly figures: what each firm owned, and owed in years before."""

import polars as pl

OWED, OWNED = "accounts_liabilities", "accounts_assets"  # the measures under which they stand among the observations
YEARS = 4
DAYS_A_YEAR, NEAR = 365.25, 45  # a sheet so many days off a whole year is still that year's


def earlier_sheets(accounts: pl.DataFrame, latest: pl.DataFrame) -> pl.DataFrame:
    """Total assets by all sheets of the last years, and liabilities by those whole years before the latest.

    Columns party_id, measure, month (of the sheet), figure.

    Args:
        accounts: all that are known, money in one currency, columns of the register's table.
        latest: those that speak for each party and scope today. Solo ones come before consolidated ones.
    """
    speaks = latest.sort("party_id", pl.col("scope") != "solo").unique("party_id", keep="first", maintain_order=True)
    dated = accounts.join(speaks.select("party_id", "scope", last="valid_from"), on=["party_id", "scope"], how="inner")
    ago = (pl.col("last") - pl.col("valid_from")).dt.total_days()
    years = (ago / DAYS_A_YEAR).round().cast(pl.Int64)
    told = dated.with_columns(
        owed=pl.coalesce(pl.col("total_assets") - pl.col("equity"), pl.col("liabilities")),
        month=pl.col("valid_from").dt.month_start(), years=years, off=(ago - years * DAYS_A_YEAR).abs(),
    ).filter(ago.is_between(0, YEARS * DAYS_A_YEAR + NEAR))  # fmt: skip
    owned = told.sort("party_id", "valid_from").unique(["party_id", "month"], keep="last", maintain_order=True)
    whole = told.filter((pl.col("years") > 0) & (pl.col("off") <= NEAR) & pl.col("owed").is_not_null())
    owed = whole.sort("party_id", "years", "off", "month").unique(["party_id", "years"], keep="first")
    return pl.concat([_as_series(owned, OWNED, "total_assets"), _as_series(owed, OWED, "owed")])


def _as_series(sheets: pl.DataFrame, measure: str, figure: str) -> pl.DataFrame:
    told = sheets.select("party_id", pl.lit(measure).alias("measure"), "month", figure=pl.col(figure))
    return told.drop_nulls("figure")
