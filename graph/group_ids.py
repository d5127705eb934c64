"""What a group is called: by the head of its core, and as before where its core was a group before."""

from datetime import date

import polars as pl

CORE = {"group_id": pl.String(), "party_id": pl.String()}


def head_names(core: pl.DataFrame, control: pl.DataFrame) -> pl.DataFrame:
    """group, name: the party at the head of each core, the first by id where there are several.

    The head controls and isn't controlled inside; in a ring it is the first of all. Two groups with one head (of a
    government) are named by all their heads.

    Args:
        core: group, member, party_id.
        control: from_row, to_row of the links in force.
    """
    inside = control.join(core, left_on="from_row", right_on="member").select("group", member="to_row")
    heads = core.join(inside, on=["group", "member"], how="anti")
    ringed = core.join(heads.select("group").unique(), on="group", how="anti")
    sorted_heads = pl.concat([heads, ringed]).sort("group", "party_id")
    named = sorted_heads.group_by("group", maintain_order=True).agg(pl.col("party_id"))
    first = pl.col("party_id").list.first()
    longer = pl.when(first.is_duplicated()).then(pl.col("party_id").list.join("+")).otherwise(first)
    return named.select("group", name=longer)


def kept_names(core: pl.DataFrame, names: pl.DataFrame, previous: pl.DataFrame, day: date) -> pl.DataFrame:
    """group, name: as before where over half of a former core stands in the new one, each former name once.

    Args:
        core: group, party_id.
        names: group, name: what each would be called without a past.
        previous: group_id, party_id: the cores of the run before.
        day: told in the name of a group whose own name another one keeps.
    """
    sizes = previous.group_by("group_id").agg(size=pl.len())
    shared = core.join(previous, on="party_id").group_by("group", "group_id").agg(common=pl.len())
    stays = shared.join(sizes, on="group_id").filter(2 * pl.col("common") > pl.col("size"))
    best = stays.sort("common", "group_id", "group", descending=[True, False, False])
    best = best.unique("group", keep="first", maintain_order=True).unique("group_id", keep="first", maintain_order=True)
    joined = names.join(best.select("group", "group_id"), on="group", how="left", maintain_order="left")
    taken = pl.col("group_id").is_null() & pl.col("name").is_in(best["group_id"].implode())
    fresh = pl.when(taken).then(pl.concat_str("name", pl.lit(f"@{day}"))).otherwise("name")
    return joined.select("group", name=pl.coalesce("group_id", fresh))
