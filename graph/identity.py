"""Who is who: parties that share a strong identifier are one, and carry one id.

Bank customers and persons are never joined by an identifier, nor what would give one party two identifiers of one
scheme; a review (link `same_as`) decides those. Identifiers with bad check digits join nobody; names never do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .check_digits import bad
from .schema import STRONG_SCHEMES, TABLES, Table

_ALIASES = {"party_id": pl.String(), "aliases": pl.List(pl.String())}
_UNDONE = {"parties": pl.List(pl.String()), "reason": pl.String()}


@dataclass(frozen=True)
class Identity:
    """One id for each party.

    Attributes:
        names: `written`, `party_id`: only ids that become another one.
        aliases: `party_id`, `aliases` (sorted).
        undone: joins that an identifier proposes and a rule forbids: `parties`, `reason`.
    """

    names: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"written": pl.String, "party_id": pl.String})
    )
    undone: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_UNDONE))

    @property
    def aliases(self) -> pl.DataFrame:
        """`party_id`, `aliases`: the other ids of each joined party, sorted."""
        return self.names.group_by("party_id").agg(aliases=pl.col("written").sort()).cast(_ALIASES)  # type: ignore[arg-type]

    def translate(self, table: Table, frame: pl.DataFrame) -> pl.DataFrame:
        """A table's rows under the joined ids; what stood there is kept as `<column>_as_written` where any changed."""
        if self.names.is_empty():
            return frame
        for column in identified(table):
            named = self.names.rename({"written": column, "party_id": "joined"})
            frame = frame.join(named, on=column, how="left", maintain_order="left")
            frame = frame.with_columns(
                pl.col(column).alias(f"{column}_as_written"), pl.coalesce("joined", column).alias(column)
            )
            frame = frame.drop("joined")
        return frame


def identified(table: Table) -> tuple[str, ...]:
    """The columns of a table that name parties, a party's own row included."""
    return ("party_id",) if table.name == "parties" else table.party_columns


def identify(seen: Mapping[str, pl.DataFrame], day: date) -> Identity:
    """Joins the parties that are one by what is visible and in force on a day (frames of `asof.visible`, by table)."""
    force = pl.col("valid_to").is_null() | (pl.col("valid_to") > day)
    said = {name: frame.filter(force) if name in ("identifiers", "reviews") else frame for name, frame in seen.items()}
    strong, same = _strong(said), _decided(said, "confirmed")
    if strong.is_empty() and same.is_empty():
        return Identity()
    units = _components(same, strong["party_id"])
    joined, undone = _join(strong, units, _kinds(said), _decided(said, "rebutted"))
    return Identity(_names(joined), undone)


def _strong(seen: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """`party_id`, `scheme`, `value` of every identifier that may join, those that ids are made of included."""
    rows = [_of_ids(seen)]
    if "identifiers" in seen:
        rows.append(seen["identifiers"].select("party_id", "scheme", "value"))
    every = pl.concat(rows).unique().filter(pl.col("scheme").str.contains(STRONG_SCHEMES))
    return every.filter(~bad(every))


def _of_ids(seen: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """An id such as lei:5299… is an identifier by itself."""
    columns = [frame.get_column(name) for table, frame in seen.items() for name in identified(TABLES[table])]
    ids = pl.concat(columns).unique() if columns else pl.Series(dtype=pl.String)
    parts = pl.DataFrame({"party_id": ids}).filter(pl.col("party_id").str.contains(r"^[A-Za-z][A-Za-z0-9-]*:."))
    parts = parts.with_columns(
        pl.col("party_id").str.splitn(":", 2).struct.rename_fields(["scheme", "value"]).alias("part")
    )
    return parts.unnest("part").select("party_id", "scheme", "value")


def _decided(seen: Mapping[str, pl.DataFrame], decision: str) -> pl.DataFrame:
    """The pairs that a review on `same_as` confirmed or rebutted."""
    if "reviews" not in seen:
        return pl.DataFrame(schema={"from_id": pl.String, "to_id": pl.String})
    reviews = seen["reviews"].sort("valid_from", "recorded_on", nulls_last=False)
    latest = reviews.unique(["link", "from_id", "to_id"], keep="last", maintain_order=True)
    return latest.filter((pl.col("link") == "same_as") & (pl.col("decision") == decision)).select("from_id", "to_id")


def _components(pairs: pl.DataFrame, others: pl.Series) -> pl.DataFrame:
    """`party_id`, `unit`: parties tied by pairs share a number; every other party has one of its own."""
    ids = pl.concat([pairs["from_id"], pairs["to_id"], others]).unique().sort()
    left = ids.search_sorted(pairs["from_id"]).to_numpy()
    right = ids.search_sorted(pairs["to_id"]).to_numpy()
    ties = coo_array((np.ones(len(left)), (left, right)), shape=(ids.len(), ids.len()))
    return pl.DataFrame({"party_id": ids, "unit": connected_components(ties, directed=False)[1].astype(np.int64)})


def _kinds(seen: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    if "parties" not in seen:
        return pl.DataFrame(schema={"party_id": pl.String, "person": pl.Boolean})
    return seen["parties"].group_by("party_id").agg(person=(pl.col("kind") == "person").any())


def _join(
    strong: pl.DataFrame, units: pl.DataFrame, kinds: pl.DataFrame, rebutted: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`party_id`, `joined` (a number), and the joins undone."""
    held = strong.join(units, on="party_id").with_columns(value=pl.col("scheme") + ":" + pl.col("value"))
    numbers = held["unit"].to_numpy()
    values, places = np.unique(held["value"].to_numpy(), return_inverse=True)
    size = int(units["unit"].max() or 0) + 1  # type: ignore[arg-type]
    ties = coo_array((np.ones(len(numbers)), (numbers, size + places)), shape=(size + len(values),) * 2)
    label = connected_components(ties, directed=False)[1][:size].astype(np.int64)
    members = units.join(pl.DataFrame({"unit": np.arange(size), "joined": label}), on="unit")
    members = members.join(kinds, on="party_id", how="left")
    told = _forbidden(members, held.join(members.select("party_id", "joined"), on="party_id"), rebutted)
    undone = members.join(told.select("joined"), on="joined", how="semi")
    apart = members.join(undone.select("party_id"), on="party_id", how="anti").select("party_id", "joined")
    loose = undone.select("party_id", joined=pl.col("unit") + (int(label.max()) + 1 if len(label) else 0))
    groups = undone.group_by("joined").agg(parties=pl.col("party_id").sort()).join(told, on="joined")
    return pl.concat([apart, loose]), groups.select(*_UNDONE).sort("parties")


def _forbidden(members: pl.DataFrame, held: pl.DataFrame, rebutted: pl.DataFrame) -> pl.DataFrame:
    """`joined`, `reason` of each join that a rule forbids."""
    customer = ~pl.col("party_id").str.contains(":", literal=True)
    units = members.group_by("joined").agg(
        units=pl.col("unit").n_unique(),
        customers=pl.col("unit").filter(customer).n_unique(),
        persons=pl.col("person").fill_null(value=False).any(),
    )
    several = units.filter(pl.col("units") > 1)
    rules = [
        several.filter(pl.col("customers") > 1).select(
            "joined", reason=pl.lit("two customer numbers share an identifier")
        ),
        several.filter("persons").select("joined", reason=pl.lit("persons share an identifier")),
        _two_of_one_scheme(held).join(several, on="joined", how="semi"),
        _rebutted(members, rebutted),
    ]
    return pl.concat([rule.select("joined", "reason") for rule in rules]).unique(
        "joined", keep="first", maintain_order=True
    )


def _two_of_one_scheme(held: pl.DataFrame) -> pl.DataFrame:
    """Joins with two identifiers of one scheme that no review explains (a duplicate and its successor are one unit)."""
    pairs = held.join(held, on=["unit", "scheme"], suffix="_other").filter(pl.col("value") < pl.col("value_other"))
    ties = pairs.select(from_id="value", to_id="value_other").unique()
    one = _components(ties, held["value"]).rename({"party_id": "value", "unit": "number"})
    counted = (
        held.join(one, on="value")
        .group_by("joined", "scheme")
        .agg(pl.col("number").n_unique(), units=pl.col("unit").n_unique())
    )
    several = counted.filter((pl.col("number") > 1) & (pl.col("units") > 1))
    return several.select("joined", reason=pl.format("one party would have two identifiers of scheme {}", "scheme"))


def _rebutted(members: pl.DataFrame, rebutted: pl.DataFrame) -> pl.DataFrame:
    numbers = members.select("party_id", "joined")
    pairs = rebutted.join(numbers, left_on="from_id", right_on="party_id").join(
        numbers, left_on="to_id", right_on="party_id"
    )
    return pairs.filter(pl.col("joined") == pl.col("joined_right")).select(
        "joined", reason=pl.lit("a review says they are two")
    )


def _names(joined: pl.DataFrame) -> pl.DataFrame:
    """`written`, `party_id`: the bank's own id before any other, else the first in alphabetical order."""
    foreign = pl.col("party_id").str.contains(":", literal=True)
    ordered = joined.sort("joined", foreign, "party_id")
    first = ordered.with_columns(chosen=pl.col("party_id").first().over("joined"))
    return first.filter(pl.col("party_id") != pl.col("chosen")).select(written="party_id", party_id="chosen")
