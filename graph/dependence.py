"""Economic dependence as far as figures can show it: flagged with criterion and numbers, never confirmed.

Shares are of the firm's own yearly receipts or expenditure from its accounts, never of the links that happen to be
known. Without accounts the answer is unknown: listed, neither flagged nor clean.
"""

from datetime import date

import polars as pl

from .channels import balance_sheets, channel_edges
from .rules import Rule, rule
from .snapshot import Snapshot

FLAGS = {
    "dependent_row": pl.UInt32(),
    "depended_on_row": pl.UInt32(),
    "criterion": pl.String(),
    "of": pl.String(),
    "amount": pl.Float64(),
    "base": pl.Float64(),
    "share": pl.Float64(),
    "verdict": pl.String(),
    "rule": pl.String(),
}
ENDS = ["dependent_row", "depended_on_row"]
SHARES = ("dependence", "guarantee", "repayment", "funding")
MONTHS = 12


def flags(snapshot: Snapshot, regime: str, day: date) -> pl.DataFrame:
    """Dependences that the figures show, columns of FLAGS, sorted; verdict is flagged or unknown.

    1: receipts or expenditure; 2: the guarantor on the debtor; 3: output sold; 4: the same source of repayment;
    7: the same source of funding. Criteria 5 and 6 can't be seen in links; a contagion score is evidence only.

    Args:
        snapshot: the graph; money per year.
        regime: a rule set of groups.
        day: whose rules apply.

    Source:
        Basel LEX10 (seven criteria); RBI Large Exposures Framework para. 6.
    """
    half, calls, repayment, funding = (rule(regime, f"{name}_share", day) for name in SHARES)
    sheets = _yearly(snapshot)
    trade = _trade(snapshot)
    sold = _compared(trade, sheets, ("seller", "buyer", "revenue"))
    bought = _compared(trade, sheets, ("buyer", "seller", "costs"))
    found = [
        _judged(sold, half, "1"),
        _judged(bought, half, "1"),
        _flagged(_judged(sold, half, "3")),
        _judged(_guaranteed(snapshot, sheets), calls, "2"),
        _shared(_judged(sold, repayment, "4")),
        _shared(_judged(_funded(snapshot, sheets), funding, "7")),
    ]
    return pl.concat(found).select(*FLAGS).cast(FLAGS).sort(*ENDS, "criterion", "of")  # type: ignore[arg-type]


def _yearly(snapshot: Snapshot) -> pl.DataFrame:
    """party_row, revenue and costs a year, equity, debt of the accounts that speak for each party."""
    sheets = balance_sheets(snapshot)
    year = MONTHS / pl.col("months").fill_null(MONTHS)
    flows = {name: pl.col(name) * year for name in ("revenue", "costs")}
    return sheets.select("party_row", "equity", debt=pl.coalesce("debt", "liabilities"), **flows)


def _trade(snapshot: Snapshot) -> pl.DataFrame:
    """seller, buyer, amount: yearly turnover of each pair; missing where one contract doesn't tell it."""
    rows = snapshot.table("supplies").group_by(seller="source_row", buyer="target_row")
    return rows.agg(amount=_sum("turnover"))


def _sum(name: str) -> pl.Expr:
    """A sum that is missing where a part of it is."""
    return pl.when(pl.col(name).is_not_null().all()).then(pl.col(name).sum())


def _compared(amounts: pl.DataFrame, sheets: pl.DataFrame, names: tuple[str, str, str]) -> pl.DataFrame:
    """Amounts of pairs beside a figure of the dependent's accounts."""
    dependent, other, figure = names
    pairs = amounts.select("amount", dependent_row=dependent, depended_on_row=other)
    base = sheets.select(dependent_row="party_row", base=figure)
    return pairs.join(base, on="dependent_row", how="left").with_columns(of=pl.lit(figure))


def _guaranteed(snapshot: Snapshot, sheets: pl.DataFrame) -> pl.DataFrame:
    """What each guarantor would be called for by a debtor, beside its equity."""
    calls = channel_edges(snapshot).filter(pl.col("channel") == "guarantee_call")
    sums = calls.group_by(guarantor="suffers", debtor="fails").agg(amount=_sum("loss"))
    return _compared(sums, sheets, ("guarantor", "debtor", "equity"))


def _funded(snapshot: Snapshot, sheets: pl.DataFrame) -> pl.DataFrame:
    """What each borrower owes a lender, beside all its debt."""
    sums = snapshot.table("lends_to").group_by(borrower="target_row", lender="source_row").agg(amount=_sum("balance"))
    return _compared(sums, sheets, ("borrower", "lender", "debt"))


def _judged(pairs: pl.DataFrame, threshold: Rule, criterion: str) -> pl.DataFrame:
    """Pairs that reach the threshold, or of which nobody can tell; a base of nothing is exceeded by any amount."""
    known = pl.col("amount").is_not_null() & pl.col("base").is_not_null()
    share = pl.when(known & (pl.col("base") > 0)).then(pl.col("amount") / pl.col("base"))
    gone = known & ~(pl.col("base") > 0) & (pl.col("of") == "equity")
    rows = pairs.with_columns(share=share).with_columns(
        verdict=pl.when(gone | threshold.met(pl.col("share"))).then(pl.lit("flagged"))
        .when(pl.col("share").is_null()).then(pl.lit("unknown")),
        criterion=pl.lit(criterion), rule=pl.lit(str(threshold)),
    )  # fmt: skip
    return rows.filter(pl.col("verdict").is_not_null() & ((pl.col("amount") > 0) | pl.col("amount").is_null()))


def _shared(rows: pl.DataFrame) -> pl.DataFrame:
    """Only sources on which at least two depend: they depend on it and, through it, on each other."""
    return _flagged(rows).filter(pl.len().over("depended_on_row") > 1)


def _flagged(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("verdict") == "flagged")
