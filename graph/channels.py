"""Channels: who loses how much if whom fails, through which link. The only place where a link becomes a harm.

A loss is what the partner newly loses within the horizon, before severity: a provision already booked, collateral, and
what consolidated accounts already include are taken off. A loss that the record doesn't tell is missing, never zero.
"""

import polars as pl

from .calls import guarantee_calls
from .schema import CHANNELS, Channel
from .snapshot import Snapshot

EDGES = {
    "fails": pl.UInt32(),
    "suffers": pl.UInt32(),
    "channel": pl.String(),
    "loss": pl.Float64(),
    "booked": pl.Float64(),
    "table": pl.String(),
    "link_row": pl.UInt32(),
}

PROVIDED = ("guarantee_call", "receivable_loss", "loan_loss")  # channels whose link may carry a provision


def channel_edges(snapshot: Snapshot) -> pl.DataFrame:
    """Every way in which one party's failure costs another money, columns of EDGES, in the channels' order.

    `loss` is money of the snapshot, before severity, above 0, or missing where the record doesn't tell it; `booked` is
    the provision that is taken off in it, so that of a part of loss + booked only what exceeds booked is new;
    `link_row` is the row of the link in `snapshot.table(table)`. Parties without accounts, bare ones and persons can be
    ends; a link of a party with itself conducts nothing, nor does a stake that is nominee or declared indirect.

    Source: references in the docstrings of each channel; the conventions are this project's own.
    """
    sheets = balance_sheets(snapshot)
    inside = consolidated_pairs(snapshot, sheets)
    return pl.concat([_edges(snapshot, channel, sheets, inside) for channel in CHANNELS])


def balance_sheets(snapshot: Snapshot) -> pl.DataFrame:
    """The accounts that speak for each party, one row each: solo where there are any, else consolidated."""
    accounts = snapshot.table("accounts").sort("party_row", pl.col("scope") != "solo")
    return accounts.unique("party_row", keep="first", maintain_order=True).sort("party_row")


def consolidated_pairs(snapshot: Snapshot, sheets: pl.DataFrame) -> pl.DataFrame:
    """Whom a party's own balance sheet already includes, columns suffers and fails, through chains too.

    Consolidated are those it controls by accounts, and those of which it holds more than half.
    """
    heads = sheets.filter(pl.col("scope") == "consolidated").select(suffers="party_row")
    held = _parent_links(snapshot)
    found = heads.join(held, left_on="suffers", right_on="source_row").select("suffers", fails="target_row")
    last = found = found.unique()
    while last.height:
        further = last.join(held, left_on="fails", right_on="source_row").select("suffers", fails="target_row")
        last = further.unique().join(found, on=["suffers", "fails"], how="anti")
        found = pl.concat([found, last])
    return found


def _parent_links(snapshot: Snapshot) -> pl.DataFrame:
    by_accounts = snapshot.table("controls").filter(pl.col("basis") == "consolidated_accounts")
    stakes = snapshot.table("owns").filter(conducts()).group_by("source_row", "target_row").agg(share().sum())
    majority = stakes.filter(pl.col("share") > 0.5)
    pairs = [frame.select("source_row", "target_row") for frame in (by_accounts, majority)]
    return pl.concat(pairs).unique()


def share() -> pl.Expr:
    """The share of capital; of a band the middle, as an estimate; missing where nothing is said."""
    band = (pl.col("share_low").fill_null(0.0) + pl.col("share_high").fill_null(1.0)) / 2
    said = pl.col("share_low").is_not_null() | pl.col("share_high").is_not_null()
    return pl.coalesce(pl.col("share"), pl.when(said).then(band)).alias("share")


def conducts() -> pl.Expr:
    """Whether a stake is one: neither nominee nor a declared indirect one, which its chain already holds."""
    return pl.col("direct").fill_null(value=True) & ~pl.col("nominee").fill_null(value=False)


def _edges(snapshot: Snapshot, channel: Channel, sheets: pl.DataFrame, inside: pl.DataFrame) -> pl.DataFrame:
    fails, suffers = ("source_row", "target_row") if channel.fails == "source" else ("target_row", "source_row")
    if channel.table == "guarantees":
        links = guarantee_calls(snapshot, sheets)
    else:
        links = snapshot.table(channel.table).with_row_index("link_row")
        links = links.filter(pl.col("source_row") != pl.col("target_row"))
    priced = _LOSSES[channel.name](links, sheets).with_columns(
        fails=pl.col(fails),
        suffers=pl.col(suffers),
        channel=pl.lit(channel.name),
        table=pl.lit(channel.table),
        booked=pl.col("provision").fill_null(0.0) if channel.name in PROVIDED else pl.lit(0.0),
    )
    if channel.name in ("equity_loss", "guarantee_call"):
        priced = priced.join(inside, on=["suffers", "fails"], how="anti")
    borne = priced.filter(pl.col("loss").is_null() | (pl.col("loss") > 0))
    return borne.sort("link_row").select(*EDGES).cast(EDGES)  # type: ignore[arg-type]


def _less(amount: pl.Expr, *taken_off: str) -> pl.Expr:
    """An amount without what is already booked or covered, never below 0; missing where the amount is."""
    return (amount - pl.sum_horizontal(pl.col(name).fill_null(0.0) for name in taken_off)).clip(lower_bound=0.0)


def _with_sheet(links: pl.DataFrame, sheets: pl.DataFrame, end: str, *columns: str) -> pl.DataFrame:
    """The links with figures of one end's balance sheet, named `of_<column>`."""
    figures = sheets.select(pl.col("party_row").alias(end), *(pl.col(name).alias(f"of_{name}") for name in columns))
    return links.join(figures, on=end, how="left", maintain_order="left")


def _guarantee_call(calls: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """The guarantor's part of the call, less what is provided for."""
    return calls.with_columns(loss=_less(pl.col("call"), "provision"))


def _cover_loss(calls: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """The debt that loses its guarantor; how much of it isn't renewed is for the severity to say."""
    return calls.with_columns(loss=pl.col("call"))


def _receivable_loss(links: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """What the buyer owes, less provisions; nothing of a receivable sold without recourse."""
    sold = pl.col("recourse").not_().fill_null(value=False)
    return links.with_columns(loss=pl.when(sold).then(0.0).otherwise(_less(pl.col("receivable"), "provision")))


def _supply_break(links: pl.DataFrame, sheets: pl.DataFrame) -> pl.DataFrame:
    """A year's turnover at the buyer's gross margin; where its accounts don't tell that, the receivable."""
    priced = _with_sheet(links, sheets, "target_row", "revenue", "costs")
    earned = pl.when(pl.col("of_revenue") > 0).then((pl.col("of_revenue") - pl.col("of_costs")) / pl.col("of_revenue"))
    return priced.with_columns(loss=pl.coalesce(pl.col("turnover") * earned.clip(0.0, 1.0), pl.col("receivable")))


def _loan_loss(links: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """The balance, less collateral and provisions."""
    return links.with_columns(loss=_less(pl.col("balance"), "collateral", "provision"))


def _equity_loss(links: pl.DataFrame, sheets: pl.DataFrame) -> pl.DataFrame:
    """The share of the enterprise's equity; an enterprise without equity has none to lose."""
    held = _with_sheet(links.filter(conducts()), sheets, "target_row", "equity")
    return held.with_columns(loss=share() * pl.col("of_equity").clip(lower_bound=0.0))


def _support_loss(links: pl.DataFrame, _: pl.DataFrame) -> pl.DataFrame:
    """The support recorded on the stake, else nothing."""
    return links.filter(conducts()).with_columns(loss=pl.col("support").fill_null(0.0))


_LOSSES = {
    "guarantee_call": _guarantee_call,
    "receivable_loss": _receivable_loss,
    "supply_break": _supply_break,
    "loan_loss": _loan_loss,
    "equity_loss": _equity_loss,
    "support_loss": _support_loss,
    "cover_loss": _cover_loss,
}
