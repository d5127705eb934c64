"""What a firm's PD is made of: its own part, each channel's, each link's, and the records behind these."""

import polars as pl

from .channels import channel_edges
from .errors import UsageError
from .paths import records
from .results import Scores
from .schema import CHANNELS, KINDS, SHARED_PERSON
from .snapshot import Snapshot
from .ties import FACTS, shared_persons

PARTS = {
    "level": pl.String(),
    "channel": pl.String(),
    "fails_id": pl.String(),
    "fails_name": pl.String(),
    "fails_pd": pl.Float64(),
    "adds": pl.Float64(),
    "of_pd": pl.Float64(),
    "loss": pl.Float64(),
    "table": pl.String(),
    "rest": pl.List(pl.String()),
    "source": pl.String(),
    "source_ref": pl.String(),
}
GIVEN = ("fails_pd", "adds")  # figures shown twice where parties are taken to fail
NAMES = ("level", "channel", "fails_id", "table", "rest")  # what names a part


def score_parts(snapshot: Snapshot, scores: Scores, firm: str) -> pl.DataFrame:
    """The parts of a firm's PD, columns of PARTS: its level `own` and `channel` add up to `pd`, as do `own` and `link`.

    `adds` is a difference of probabilities and `of_pd` its share of the PD; `fails_pd` the PD of the neighbour, missing
    where it has none; `loss` money that the firm loses if the neighbour fails, before severity, missing where no record
    tells it; `rest` the key of the link's record without its two parties. Of a tie `rest` begins with the person shared
    and the sources are those of both records, that on the firm first. The largest channel first, in it the largest
    link.

    Args:
        snapshot: that was scored.
        scores: of it.
        firm: its id, or an alias.

    Raises:
        UsageError: it is no party on that day, or no enterprise.
    """
    row = snapshot.row_of(firm)
    if row >= snapshot.enterprises:
        raise UsageError(f"{firm}: no enterprise, so it has no PD. See relparty owners, controls and guarantees.")
    own = scores.firms.filter(party_id=snapshot.parties["party_id"][row])
    links = _links(snapshot, scores, row)
    channels = [(name, own[f"risk_contagion_{name}"][0]) for name in KINDS]
    largest = sorted(((name, adds) for name, adds in channels if adds), key=lambda each: -each[1])
    parts = [_whole("pd", own["risk_pd"][0]), _whole("own", own["risk_pd_standalone"][0]), links.clear()]
    for name, adds in largest:
        parts += [
            _whole("channel", adds, name),
            links.filter(channel=name).sort("adds", "fails_id", descending=[True, False]),
        ]
    of_pd = pl.col("adds") / own["risk_pd"][0]
    return pl.concat(parts, how="diagonal").with_columns(of_pd=of_pd).select(*PARTS).cast(PARTS)  # type: ignore[arg-type]


def beside(parts: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """The parts of a PD with the same parts given that some parties fail: `fails_pd_given` and `adds_given`.

    In the order of the latter, which holds every link that conducts without it, and perhaps more; `of_pd` is of it too.
    """
    without = parts.select(*NAMES, *GIVEN).with_columns(_key("rest"))
    told = given.rename({name: f"{name}_given" for name in GIVEN}).with_row_index("place")
    named = told.select("place", *NAMES).with_columns(_key("rest"))
    both = named.join(without, on=NAMES, how="left", nulls_equal=True)
    return told.join(both.select("place", *GIVEN), on="place", maintain_order="left").select(
        "level", "channel", "fails_id", "fails_name", "fails_pd", "fails_pd_given", "adds", "adds_given",
        *list(PARTS)[6:],
    )  # fmt: skip


def _whole(level: str, adds: float | None, channel: str | None = None) -> pl.DataFrame:
    return pl.DataFrame({"level": [level], "channel": [channel], "adds": [adds]}, schema=_WHOLE)


_WHOLE = {name: PARTS[name] for name in ("level", "channel", "adds")}


def _links(snapshot: Snapshot, scores: Scores, row: int) -> pl.DataFrame:
    """What each link adds to a firm's PD, with the neighbour and the record."""
    names = snapshot.parties["name"].head(snapshot.enterprises)
    named = scores.firms.select(fails_id="party_id", fails_pd="risk_pd", fails_name=names)
    links = scores.links.filter(suffers_id=snapshot.parties["party_id"][row]).rename({"contagion": "adds"})
    links = links.join(named, on="fails_id", how="left").with_columns(level=pl.lit("link"), key=_key("rest"))
    behind = pl.concat([_records(snapshot, row), _persons(snapshot, row)])
    return links.join(behind, on=["channel", "fails_id", "key"], how="left")


def _key(rest: str) -> pl.Expr:
    """A list of ids as one text; no id holds a line break."""
    return pl.col(rest).list.join("\n")


def _records(snapshot: Snapshot, row: int) -> pl.DataFrame:
    """The losses of a firm by channel, neighbour and key, with their source."""
    edges = channel_edges(snapshot).filter(suffers=row)
    tables = dict.fromkeys(channel.table for channel in CHANNELS)
    found = [records(snapshot, name, edges.filter(table=name)["link_row"].unique().to_list()) for name in tables]
    told = pl.concat(found).select("link_row", "record").unnest("record").with_columns(key=_key("rest"))
    ids = edges.with_columns(fails_id=snapshot.parties["party_id"].gather(edges["fails"]))
    return ids.join(told, on=["table", "link_row"]).select("channel", "fails_id", "key", "loss", "source", "source_ref")


def _persons(snapshot: Snapshot, row: int) -> pl.DataFrame:
    """The same of a firm's ties: no loss, and the sources of the shared person's records, that on the firm first."""
    ties, ids = shared_persons(snapshot).filter(suffers=row), snapshot.parties["party_id"]
    ends = [ties.select("table", "link_row"), ties.select(table="other_table", link_row="other_row")]
    asked = pl.concat(ends).unique()
    found = [records(snapshot, name, asked.filter(table=name)["link_row"].to_list()) for name in FACTS]
    told = pl.concat(found).select("link_row", "record").unnest("record")
    both = ties.join(told, on=["table", "link_row"]).join(
        told, left_on=["other_table", "other_row"], right_on=["table", "link_row"], suffix="_other"
    )
    named = both.with_columns(
        channel=pl.lit(SHARED_PERSON),
        fails_id=ids.gather(both["fails"]),
        rest=pl.concat_list(ids.gather(both["person_row"]), "rest"),
        loss=pl.lit(None, dtype=pl.Float64),
        **{name: _once(name, f"{name}_other") for name in ("source", "source_ref")},
    )
    return named.select("channel", "fails_id", _key("rest").alias("key"), "loss", "source", "source_ref")


def _once(*names: str) -> pl.Expr:
    """What is said by some columns, each word once; missing where nothing is."""
    words = pl.concat_list(names).list.drop_nulls().list.unique(maintain_order=True).list.join("; ")
    return pl.when(words != "").then(words)
