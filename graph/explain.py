"""Why: the records behind a pair of control, and behind each link that ties a party to its group."""

from datetime import date

import polars as pl

from .chains import Chains
from .groups import Groups
from .links import ENDS
from .paths import RECORD, records
from .snapshot import Snapshot

FIGURES = {  # criterion of dependence: the tables whose rows give its numbers
    "1": ("supplies",),
    "2": ("guarantees",),
    "3": ("supplies",),
    "4": ("supplies",),
    "7": ("lends_to",),
}
PAIR = ("controls", "related_to", "owns")


def control_path(snapshot: Snapshot, pair: tuple[int, int], regime: str, day: date) -> pl.DataFrame:
    """The records through which one party controls another, one row a record: the fields of paths.RECORD.

    Empty where it doesn't.

    Args:
        snapshot: the graph.
        pair: rows of the controller and of the controlled.
        regime: rule set.
        day: whose rules apply.
    """
    found = Chains(snapshot, (pair[1],), regime, day).control_path(*pair)
    return pl.DataFrame({"record": found}, schema={"record": RECORD}).unnest("record")


def membership(snapshot: Snapshot, groups: Groups, party_row: int) -> pl.DataFrame:
    """Every link of a party's groups, with its records: set, group_id, the fields of links.LINKS, and `path`.

    Links that the bank rebutted and that connect nobody stand here too, where one end is in the group; so does what
    nobody can tell for want of accounts.
    """
    mine = groups.members.filter(pl.col("party_row") == party_row).select("set", "group_id")
    members = groups.members.join(mine, on=["set", "group_id"]).select("set", "group_id", "party_row")
    standing = groups.links.filter(pl.col("status").is_in(["confirmed", "flagged"]))
    inside = members.rename({"party_row": "from_row"}).join(standing, on="from_row").join(
        members.rename({"party_row": "to_row"}), on=["set", "group_id", "to_row"], how="semi"
    )  # fmt: skip
    silent = groups.links.join(standing, on="link_id", how="anti")
    touching = [members.rename({"party_row": end}).join(silent, on=end) for end in ENDS]
    columns = ["set", "group_id", *groups.links.columns]
    found = pl.concat([frame.select(columns) for frame in (inside, *touching)]).unique()
    return _with_records(snapshot, groups, found.sort("set", "group_id", "link_id"))


def _with_records(snapshot: Snapshot, groups: Groups, links: pl.DataFrame) -> pl.DataFrame:
    chains = Chains(snapshot, tuple(links["to_row"].unique().sort()), groups.regime, groups.day)
    paths = {link["link_id"]: _records(chains, link) for link in links.unique("link_id").to_dicts()}
    return links.with_columns(path=pl.Series([paths[each] for each in links["link_id"]], dtype=pl.List(RECORD)))


def _records(chains: Chains, link: dict[str, int | str]) -> list[dict[str, object]]:
    """The records of one link: of control by votes the whole chain, else the rows between its two ends."""
    ends = int(link["from_row"]), int(link["to_row"])
    if link["kind"] == "control" and link["via"] == "votes":
        return chains.control_path(*ends)
    tables = PAIR if link["kind"] == "control" else ("depends_on", *FIGURES.get(str(link["via"]), ()))
    found: list[dict[str, object]] = []
    for table in tables:
        found += _between(chains.snapshot, table, ends)
    return found


def _between(snapshot: Snapshot, table: str, ends: tuple[int, int]) -> list[dict[str, object]]:
    rows = snapshot.table(table).with_row_index("link_row")
    both = pl.col("source_row").is_in(ends) & pl.col("target_row").is_in(ends)
    found: list[dict[str, object]] = records(snapshot, table, rows.filter(both)["link_row"].to_list())[
        "record"
    ].to_list()
    return found
