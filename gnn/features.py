"""What is known of each firm on a day: one row an enterprise, in the snapshot's order; what is not known is missing."""

import math

import polars as pl

from ..graph.channels import balance_sheets
from ..graph.earlier import DAYS_A_YEAR, OWED, OWNED
from ..graph.snapshot import Snapshot

YEAR, RECENT = "12mo", 3  # months of history; of these the latest three against those before
YEARS = 5  # of history behind volatilities, which change slowly
CALMEST = 0.002  # a month: the least volatility that is told apart
FLOWS = ("inflow", "invoiced", "tax_paid")  # their shaking tells that of the assets, the first known one
EARLIER = ("owed_1", "owed_2", "owed_3", "owed_4")  # owed by accounts so many years older, over assets today
BESIDE = (*EARLIER, "usual", "uncovered")  # other readings of liabilities over assets; the network weighs them
SHAKES = ("volatility", "shake_of_assets", "shake_of_invoices", "shake_of_taxes")  # a month's; the network weighs them
NUMBERS = (
    "log_assets", "log_volatility", "profit_margin", "cash_share", "debt_share", "asset_turns", "sheet_age",
    "consolidated", "no_accounts", "no_observations", "inflow_trend", "tax_trend", "headcount_trend", "past_due",
    "drawn_share", "lawsuits", "tax_arrears", "overdue", "defaulted_before", "age", "listed",
)  # fmt: skip
CATEGORIES = ("industry", "region", "legal_form")
OWED_TOLD = (0.02, 3.0)  # the least and the most liabilities over assets that are told apart
LEAST, MOST = math.log(OWED_TOLD[0]), math.log(OWED_TOLD[1])  # the same as leverage
MOST_EARNED = 0.5  # of assets in a year
MOST_MOVED = 0.25  # logarithm, a month: an assets' move beyond it is a merger or a slip


def own_features(snapshot: Snapshot) -> pl.DataFrame:
    """Columns total_assets, leverage, `EARLIER`, uncovered, earned, `SHAKES`, `NUMBERS`, `CATEGORIES`.

    Nothing in them was recorded or valid after the day. `leverage` is the logarithm of liabilities over assets;
    `uncovered` the part of assets that cash doesn't cover; `earned` a year's profit over assets; `volatility` a
    month's, of the flow on the account, each of up to five years counting alike: the network learns how much of it,
    and of the other shakes, assets share.
    """
    firms = snapshot.parties.head(snapshot.enterprises).with_row_index("row").cast({"row": pl.UInt32})
    accounts, flows = (_sheets(snapshot), _earlier(snapshot), _moves(snapshot)), _flows(snapshot)
    for part in (*accounts, flows, _past_due(snapshot), _events(snapshot)):
        firms = firms.join(part, left_on="row", right_on="party_row", how="left", maintain_order="left")
    filled = firms.with_columns(
        pl.col("past_due", "lawsuits", "tax_arrears", "overdue", "defaulted_before").fill_null(0.0),
        pl.col(EARLIER) / pl.col("total_assets"),
        no_accounts=pl.col("leverage").is_null().cast(pl.Float64),
        no_observations=pl.col("volatility").is_null().cast(pl.Float64),
        log_assets=pl.col("total_assets").log(),
        log_volatility=pl.col("volatility").log(),
        age=((pl.lit(snapshot.day) - pl.col("founded_on")).dt.total_days().clip(0) + 365).log(),
        listed=pl.col("is_listed").fill_null(value=False).cast(pl.Float64),
    )
    return filled.select("total_assets", "leverage", *EARLIER, "uncovered", "earned", *SHAKES, *NUMBERS, *CATEGORIES)


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
        uncovered=1 - pl.col("cash") / assets,
        earned=pl.col("profit") * yearly / assets,
        debt_share=pl.when(owed > 0).then(pl.col("debt") / owed),
        asset_turns=pl.col("revenue") * yearly / assets,
        sheet_age=(pl.lit(snapshot.day) - pl.col("valid_from")).dt.total_days() / 365,
        consolidated=(pl.col("scope") == "consolidated").cast(pl.Float64),
    )


def _earlier(snapshot: Snapshot) -> pl.DataFrame:
    """What a party owed whole years before the accounts that speak for it, year by year."""
    last = balance_sheets(snapshot).select("party_row", last=pl.col("valid_from").dt.month_start())
    sheets = snapshot.table("observations").filter(pl.col("measure") == OWED).join(last, on="party_row", how="inner")
    years = ((pl.col("last") - pl.col("month")).dt.total_days() / DAYS_A_YEAR).round().cast(pl.Int64)
    told = [pl.col("figure").filter(years == number + 1).first().alias(name) for number, name in enumerate(EARLIER)]
    return sheets.group_by("party_row").agg(told)


def _moves(snapshot: Snapshot) -> pl.DataFrame:
    """How much total assets moved from sheet to sheet, as of one month."""
    sheets = snapshot.table("observations").filter((pl.col("measure") == OWNED) & (pl.col("figure") > 0))
    months = pl.col("month").dt.year() * 12 + pl.col("month").dt.month()
    moves = (pl.col("figure").log().diff() / months.diff().sqrt()).over("party_row").clip(-MOST_MOVED, MOST_MOVED)
    each = sheets.sort("party_row", "month").select("party_row", move=moves).drop_nulls()
    enough = each.group_by("party_row").agg((pl.col("move") ** 2).mean().sqrt().alias("shake"), moves=pl.len())
    told = enough.filter(pl.col("moves") >= RECENT)
    return told.select("party_row", shake_of_assets=pl.col("shake").clip(lower_bound=CALMEST))


def _flows(snapshot: Snapshot) -> pl.DataFrame:
    """How much account flows shake from month to month, and how the last months compare with those before."""
    ordered, recent = _steps(snapshot), pl.col("recent")
    trend = pl.col("log").filter(recent).mean() - pl.col("log").filter(~recent).mean()
    years = ordered.group_by("party_row", "measure", "years", maintain_order=True).agg(
        trend=trend, shake=pl.col("step").std(), steps=pl.len()
    )
    shaken = pl.col("shake").clip(lower_bound=CALMEST).log().filter(pl.col("steps") > RECENT).mean().exp()
    each = years.group_by("party_row", "measure").agg(
        trend=pl.col("trend").filter(pl.col("years") == 0).first(), shake=shaken
    )
    enough = each.filter(pl.col("shake").is_not_null())

    def of(measure: str, column: str) -> pl.Expr:
        return pl.col(column).filter(pl.col("measure") == measure).first()

    return enough.group_by("party_row").agg(
        volatility=pl.coalesce(of(name, "shake") for name in FLOWS),
        shake_of_invoices=of("invoiced", "shake"),
        shake_of_taxes=of("tax_paid", "shake"),
        inflow_trend=of("inflow", "trend"),
        tax_trend=of("tax_paid", "trend"),
        headcount_trend=of("headcount", "trend"),
    )


def _steps(snapshot: Snapshot) -> pl.DataFrame:
    """Logarithms of monthly figures, their steps from month to month, whole years ago, whether one of the latest."""
    months = snapshot.table("observations").filter(
        (_whole_years(snapshot) < YEARS) & pl.col("measure").is_in([*FLOWS, "headcount"]) & (pl.col("figure") > 0)
    )
    each = ["party_row", "measure"]
    ordered = months.sort(*each, "month").with_columns(
        log=pl.col("figure").log(),
        years=_whole_years(snapshot),
        recent=pl.col("month") > pl.col("month").max().over(each).dt.offset_by(f"-{RECENT}mo"),
    )
    return ordered.with_columns(step=pl.col("log").diff().over(each))


def _whole_years(snapshot: Snapshot) -> pl.Expr:
    """How many whole years lie between a month and the one of the snapshot's day."""
    day, month = snapshot.day, pl.col("month")
    months = 12 * (day.year - month.dt.year()) + day.month - month.dt.month()
    return months.clip(0) // 12


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
