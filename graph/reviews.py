"""Reviews: what people decided about a link, and whether the decision still stands.

A rebuttal needs a reason code, two different names, evidence and an end; it lapses with its end, and when a record
that it rests on was learned after it. Nothing is deleted: what doesn't stand is listed with the reason why.
"""

import polars as pl

from .snapshot import Snapshot

REASONS = ("ring_fenced", "autonomous", "replaceable", "independent_funding", "no_control", "other")
STANDING, LAPSED, INCOMPLETE = "standing", "lapsed", "incomplete"
RESTS_ON = {
    "controls": ("controls", "owns", "related_to"),
    "owns": ("owns",),
    "depends_on": ("depends_on", "supplies", "guarantees", "lends_to"),
}


def reviews(snapshot: Snapshot) -> pl.DataFrame:
    """Every review of control or dependence in force: link, from_row, to_row, decision, reason, state, because.

    `state` is standing, lapsed or incomplete; only standing ones have an effect. `link` is controls (stakes too) or
    depends_on. An ended review is no longer in the snapshot.
    """
    rows = snapshot.table("reviews").filter(pl.col("link").is_in(list(RESTS_ON)))
    rows = rows.rename({"source_row": "from_row", "target_row": "to_row"})
    parts = [_with_changes(snapshot, rows, link) for link in RESTS_ON]
    missing = _missing()
    changed = pl.col("changed").fill_null(value=False)
    incomplete = pl.when(missing != "")
    state = incomplete.then(pl.lit(INCOMPLETE)).when(changed).then(pl.lit(LAPSED)).otherwise(pl.lit(STANDING))
    later = pl.lit("a record that it rests on was learned later")
    because = incomplete.then(pl.concat_str(pl.lit("without "), missing)).when(changed).then(later)
    told = pl.concat(parts).with_columns(state=state, because=because)
    link = pl.when(pl.col("link") == "depends_on").then("link").otherwise(pl.lit("controls"))
    return told.with_columns(link=link).select(
        "link", "from_row", "to_row", "decision", "reason", "reviewer", "second_reviewer", "evidence", "recorded_on",
        "valid_to", "source", "source_ref", "state", "because",
    )  # fmt: skip


def _missing() -> pl.Expr:
    """What a rebuttal lacks, in words; empty where it has everything, and for confirmations."""
    same = pl.col("reviewer") == pl.col("second_reviewer")
    wants = {
        "reason": pl.col("reason").is_null(),
        "two names": pl.col("reviewer").is_null() | pl.col("second_reviewer").is_null() | same,
        "evidence": pl.col("evidence").is_null(),
        "end date": pl.col("valid_to").is_null(),
    }
    lacks = [pl.when(absent.fill_null(value=True)).then(pl.lit(name)) for name, absent in wants.items()]
    words = pl.concat_str(lacks, separator=", ", ignore_nulls=True)
    return pl.when(pl.col("decision") == "rebutted").then(words).otherwise(pl.lit(""))


def _with_changes(snapshot: Snapshot, rows: pl.DataFrame, link: str) -> pl.DataFrame:
    """The reviews of one sort of link, and whether a record between their parties was learned after them."""
    mine = rows.filter(pl.col("link") == link)
    if mine.is_empty():
        return mine.with_columns(changed=pl.lit(value=False))
    asked = mine.select("from_row", "to_row").unique()
    between = [_learned(snapshot, table).join(asked, on=["from_row", "to_row"], how="semi") for table in RESTS_ON[link]]
    latest = pl.concat(between).group_by("from_row", "to_row").agg(learned=pl.col("recorded_on").max())
    joined = mine.join(latest, on=["from_row", "to_row"], how="left", maintain_order="left")
    later = (pl.col("learned") > pl.col("recorded_on")) & (pl.col("decision") == "rebutted")
    return joined.with_columns(changed=later).drop("learned")


def _learned(snapshot: Snapshot, table: str) -> pl.DataFrame:
    """When each record between two parties was learned, in the directions in which a review may name them."""
    rows = snapshot.table(table)
    there = rows.select("recorded_on", from_row="source_row", to_row="target_row")
    back = rows.select("recorded_on", from_row="target_row", to_row="source_row")
    return {"supplies": pl.concat([there, back]), "lends_to": back, "related_to": back}.get(table, there)
