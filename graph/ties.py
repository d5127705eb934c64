"""Ties: two enterprises that share a natural person. Either may suffer when the other fails, beyond any balance sheet.

A tie is no channel of money: no record says what is lost through it, so structural models leave it out; the network
alone learns whether it carries anything (`shared_person`). Reviews of control don't end it: the person stays shared.
"""

import polars as pl

from .channels import conducts, share
from .rules import ROUNDING
from .snapshot import Snapshot

TIES = {
    "fails": pl.UInt32(),
    "suffers": pl.UInt32(),
    "person_row": pl.UInt32(),
    "table": pl.String(),
    "link_row": pl.UInt32(),
    "other_table": pl.String(),
    "other_row": pl.UInt32(),
}
HOLDS = 0.25  # of the capital, held directly: where registers of beneficial owners begin
RUNS = ("legal_representative", "executive", "director")  # offices that decide; a supervisor only looks on
MOST_FIRMS = 20  # a person with more is a nominee or a service provider, and ties nobody
FACTS = ("owns", "controls", "holds_role")  # the strongest first


def shared_persons(snapshot: Snapshot) -> pl.DataFrame:
    """Every two enterprises that share a person, both ways, columns of TIES, sorted by suffers and fails.

    A person is shared who owns a quarter of both, controls both, or runs both, or one so and the other so. Several
    shared persons make one tie, that of the strongest facts. `link_row` is the person's row in `snapshot.table(table)`
    on who suffers, `other_row` that in `other_table` on who fails.
    """
    stands = _stands(snapshot)
    mine = stands.select("person_row", "table", "link_row", suffers="firm_row", near="rank")
    other = stands.select("person_row", fails="firm_row", other_table="table", other_row="link_row", far="rank")
    both = mine.join(other, on="person_row").filter(pl.col("fails") != pl.col("suffers"))
    ordered = both.sort("suffers", "fails", pl.col("near") + pl.col("far"), "person_row")
    ties = ordered.unique(["suffers", "fails"], keep="first", maintain_order=True)
    return ties.select(*TIES).cast(TIES)  # type: ignore[arg-type]


def _stands(snapshot: Snapshot) -> pl.DataFrame:
    """person_row, firm_row, table, link_row, rank: by which record each person stands behind each firm."""
    records = [_with_person(snapshot, name, rank) for rank, name in enumerate(FACTS)]
    whole = pl.concat(records).sort("person_row", "firm_row", "rank", "link_row")
    each = whole.unique(["person_row", "firm_row"], keep="first", maintain_order=True)
    return each.filter(pl.len().over("person_row").is_between(2, MOST_FIRMS))


def _with_person(snapshot: Snapshot, table: str, rank: int) -> pl.DataFrame:
    """The records of one table by which a natural person owns, controls or runs an enterprise."""
    persons = (snapshot.parties["kind"] == "person").arg_true().cast(pl.UInt32)
    rows = snapshot.table(table).with_row_index("link_row")
    rows = rows.filter(pl.col("source_row").is_in(persons.implode()), pl.col("target_row") < snapshot.enterprises)
    if table == "owns":
        stakes = rows.filter(conducts()).with_columns(share())
        whole = pl.col("share").sum().over("source_row", "target_row")
        rows = stakes.filter(whole >= HOLDS - ROUNDING)
    if table == "holds_role":
        rows = rows.filter(pl.col("role").is_in(RUNS))
    return rows.select(
        "link_row", person_row="source_row", firm_row="target_row", table=pl.lit(table), rank=pl.lit(rank)
    )
