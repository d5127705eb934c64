"""What is known of each firm on a day: one row an enterprise, in the snapshot's order; what is not known is missing."""

import math

import polars as pl

from ..graph.channels import balance_sheets
from ..graph.snapshot import Snapshot

YEAR, RECENT = "12mo", 3  # months of history; of these the latest three against those before
LONG = "36mo"  # of history behind volatilities, which change slowly
CALMEST = 0.002  # a month: the least volatility that is told apart
FLOWS = ("inflow", "invoiced", "tax_paid")  # their shaking tells that of the assets, the first known one
BALANCE = ("leverage", "volatility")  # what the hazard rises with
NUMBERS = (
    "log_assets", "log_volatility", "profit_margin", "cash_share", "debt_share", "asset_turns", "sheet_age",
    "consolidated", "no_accounts", "no_observations", "shake_of_invoices", "shake_of_taxes",
    "inflow_trend", "tax_trend", "headcount_trend", "past_due",
    "drawn_share", "lawsuits", "tax_arrears", "overdue", "defaulted_before", "age", "listed",
)  # fmt: skip
CATEGORIES = ("industry", "region", "legal_form")
MOST, LEAST = math.log(3.0), math.log(0.02)  # of the leverage that is told apart


def own_features(snapshot: Snapshot) -> pl.DataFrame:
    """Columns total_assets, `BALANCE`, `NUMBERS`, `CATEGORIES`; nothing in them was recorded or valid after the day.

    `leverage` is the logarithm of liabilities over assets; `volatility` is a month's, of the flow on the account in up
    to three years: the network learns how much of it assets share.
    """
    firms = snapshot.parties.head(snapshot.enterprises).with_row_index("row").cast({"row": pl.UInt32})
    for part in (_sheets(snapshot), _flows(snapshot), _past_due(snapshot), _events(snapshot)):
        firms = firms.join(part, left_on="row", right_on="party_row", how="left", maintain_order="left")
    filled = firms.with_columns(
        pl.col("past_due", "lawsuits", "tax_arrears", "overdue", "defaulted_before").fill_null(0.0),
        no_accounts=pl.col("leverage").is_null().cast(pl.Float64),
        no_observations=pl.col("volatility").is_null().cast(pl.Float64),
        log_assets=pl.col("total_assets").log(),
        log_volatility=pl.col("volatility").log(),
        age=((pl.lit(snapshot.day) - pl.col("founded_on")).dt.total_days().clip(0) + 365).log(),
        listed=pl.col("is_listed").fill_null(value=False).cast(pl.Float64),
    )
    return filled.select("total_assets", *BALANCE, *NUMBERS, *CATEGORIES)


def _sheets(snapshot: Snapshot) -> pl.DataFrame:
    """Ratios of the balance sheet that speaks for a party. Liabilities: assets less equity, else as stated."""
    assets = pl.when(pl.col("total_assets") > 0).then(pl.col("total_assets"))
    owed = pl.coalesce(assets - pl.col("equity"), pl.col("liabilities"))
    earned = pl.when(pl.col("revenue") > 0).then(pl.col("profit") / pl.col("revenue"))
    yearly = 12 / pl.col("months").fill_null(12)
    return balance_sheets(snapshot).select(
        "party_row",
        total_assets=assets,
        leverage=(owed / assets).clip(lower_bound=1e-9).log().clip(LEAST, MOST),
        profit_margin=earned,
        cash_share=pl.col("cash") / assets,
        debt_share=pl.when(owed > 0).then(pl.col("debt") / owed),
        asset_turns=pl.col("revenue") * yearly / assets,
        sheet_age=(pl.lit(snapshot.day) - pl.col("valid_from")).dt.total_days() / 365,
        consolidated=(pl.col("scope") == "consolidated").cast(pl.Float64),
    )


def _flows(snapshot: Snapshot) -> pl.DataFrame:
    """How much account flows shake from month to month, and how the last months compare with those before."""
    ordered = _steps(snapshot)
    lately = pl.col("month") >= _months_ago(snapshot, YEAR)
    recent = pl.col("recent")
    trend = pl.col("log").filter(lately & recent).mean() - pl.col("log").filter(lately & ~recent).mean()
    each = ordered.group_by("party_row", "measure").agg(trend=trend, shake=pl.col("step").std(), months=pl.len())
    enough = each.filter(pl.col("months") >= RECENT + 1)

    def of(measure: str, column: str) -> pl.Expr:
        return pl.col(column).filter(pl.col("measure") == measure).first()

    return enough.group_by("party_row").agg(
        volatility=pl.coalesce(of(name, "shake") for name in FLOWS).clip(lower_bound=CALMEST),
        shake_of_invoices=of("invoiced", "shake").clip(lower_bound=CALMEST).log(),
        shake_of_taxes=of("tax_paid", "shake").clip(lower_bound=CALMEST).log(),
        inflow_trend=of("inflow", "trend"),
        tax_trend=of("tax_paid", "trend"),
        headcount_trend=of("headcount", "trend"),
    )


def _steps(snapshot: Snapshot) -> pl.DataFrame:
    """Logarithms of monthly figures, their steps from month to month, and whether a month is one of the latest."""
    months = snapshot.table("observations").filter(
        (pl.col("month") >= _months_ago(snapshot, LONG))
        & pl.col("measure").is_in([*FLOWS, "headcount"])
        & (pl.col("figure") > 0)
    )
    each = ["party_row", "measure"]
    ordered = months.sort(*each, "month").with_columns(
        log=pl.col("figure").log(),
        recent=pl.col("month") > pl.col("month").max().over(each).dt.offset_by(f"-{RECENT}mo"),
    )
    return ordered.with_columns(step=pl.col("log").diff().over(each))


def _months_ago(snapshot: Snapshot, span: str) -> pl.Expr:
    return pl.lit(snapshot.day).dt.offset_by(f"-{span}").dt.month_start()


def _past_due(snapshot: Snapshot) -> pl.DataFrame:
    """Days past due of the worst facility (as a logarithm), and the part of all limits that is drawn."""
    return (
        snapshot.table("exposures")
        .group_by("party_row")
        .agg(
            past_due=(1 + pl.col("days_past_due").max().fill_null(0)).log(),
            drawn_share=pl.when(pl.col("limit").sum() > 0).then(pl.col("drawn").sum() / pl.col("limit").sum()),
        )
    )


def _events(snapshot: Snapshot) -> pl.DataFrame:
    """Troubles of the last year, counted as logarithms, and whether the firm ever defaulted."""
    since = pl.lit(snapshot.day).dt.offset_by(f"-{YEAR}")

    def lately(kind: str) -> pl.Expr:
        return (1 + ((pl.col("kind") == kind) & (pl.col("valid_from") > since)).sum()).log()

    return (
        snapshot.table("events")
        .group_by("party_row")
        .agg(
            lawsuits=lately("lawsuit"),
            tax_arrears=lately("tax_arrears"),
            overdue=lately("overdue"),
            defaulted_before=(pl.col("kind") == "default").any().cast(pl.Float64),
        )
    )
