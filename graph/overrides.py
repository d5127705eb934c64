"""Overrides: what two people decided about a firm's PD, beside what the model says, for as long as they decided it."""

import polars as pl

from .errors import DataError
from .fields import FIELDS, Field, Kind
from .results import Scores
from .snapshot import Snapshot

# The columns of overrides.csv. No table of the register: it is never loaded, and no model is trained on it.
OVERRIDE: tuple[Field, ...] = (
    FIELDS["party_id"],
    FIELDS["scheme"],
    FIELDS["value"],
    Field("pd", Kind.FRACTION, "PD that counts in place of the model's, above 0", unit="fraction", low=0.0, high=1.0),
    Field("reason", Kind.TEXT, "why"),
    Field("proposed_by", Kind.TEXT, "who proposed it"),
    Field("approved_by", Kind.TEXT, "who approved it: somebody else"),
    Field("valid_from", Kind.DAY, "first day on which it counts; empty: recorded_on", unit="day"),
    Field("until", Kind.DAY, "first day on which it no longer counts", unit="day"),
    Field("recorded_on", Kind.DAY, "day on which it was decided; empty: valid_from", unit="day"),
)
REQUIRED = ("pd", "reason", "proposed_by", "approved_by", "until")
OVERRIDES = {"at": pl.String(), **{spec.name: spec.dtype for spec in OVERRIDE}}  # `at`: file and line


def in_force(overrides: pl.DataFrame, snapshot: Snapshot, identifiers: pl.DataFrame, once: pl.Series) -> pl.DataFrame:
    """The overrides that count on a snapshot's day, one row a firm, columns of OVERRIDES, sorted by party_id.

    As for every record: of those recorded and begun by the day the one begun last, in its latest version; and none
    once that one's `until` has come. A firm that has ended keeps its row, which then has no effect.

    Args:
        overrides: columns of OVERRIDES; each names a party by its id, or by scheme and value.
        snapshot: the day.
        identifiers: scheme, value and party_id of identifiers in force.
        once: ids of parties that were known at any time.

    Raises:
        DataError: two overrides of a firm from one day, recorded on one day; or one in force for what never was a firm.
    """
    day = snapshot.day
    begun = _named(overrides.filter(pl.col("recorded_on") <= day, pl.col("valid_from") <= day), identifiers, snapshot)
    twice = begun.filter(pl.len().over("who", "valid_from", "recorded_on") > 1)
    if twice.height:
        first, second = twice.sort("who", maintain_order=True)["at"].head(2)
        raise DataError(f"{first}: the same firm and days as {second}. Leave one of them. Nothing was scored.")
    last = begun.sort("valid_from", "recorded_on").unique("who", keep="last", maintain_order=True)
    standing = last.filter(pl.col("until") > day).sort("who")
    _hold_to_firms(standing, snapshot, once)
    return standing.with_columns(party_id="who").select(*OVERRIDES)


def _hold_to_firms(standing: pl.DataFrame, snapshot: Snapshot, once: pl.Series) -> None:
    ids = snapshot.parties["party_id"]
    firm = pl.col("who").is_in(ids.head(snapshot.enterprises).implode())
    ended = pl.col("who").is_in(once.implode()) & ~pl.col("who").is_in(ids.implode())
    nobody = standing.filter(~(firm | ended))
    if nobody.height:
        at, who = nobody.select("at", "who").row(0)
        raise DataError(f"{at}: {who} is no enterprise. Correct it, or end the override. Nothing was scored.")


def _named(overrides: pl.DataFrame, identifiers: pl.DataFrame, snapshot: Snapshot) -> pl.DataFrame:
    """The overrides with `who`: the id that the party has on the day, else what was written."""
    others = snapshot.parties.select("party_id", written="aliases").explode("written").drop_nulls("written")
    known = identifiers.group_by("scheme", "value").agg(found=pl.col("party_id").unique())
    one = known.filter(pl.col("found").list.len() == 1).with_columns(pl.col("found").list.first())
    told = overrides.join(one, on=["scheme", "value"], how="left", maintain_order="left")
    told = told.with_columns(written=pl.coalesce("party_id", "found", pl.format("{} {}", "scheme", "value")))
    renamed = others.rename({"party_id": "canonical"})
    told = told.join(renamed, on="written", how="left", maintain_order="left")
    return told.with_columns(who=pl.coalesce("canonical", "written"))


def with_final(scores: Scores, overrides: pl.DataFrame) -> Scores:
    """The scores with the PD that counts: `risk_pd_final`, `risk_override` and `risk_override_until`.

    Final is the override in force, else the model's PD where that may be used (status scored). A firm in default has
    PD 1 whatever was decided before. What is abstained or unseen has no final PD until somebody decides one.

    Args:
        scores: of a model.
        overrides: in force on their day, as `in_force` gives them.
    """
    said = overrides.select("party_id", decided="pd", risk_override="reason", risk_override_until="until")
    names = ("risk_pd_final", "risk_override", "risk_override_until")
    firms = scores.firms.drop(names).join(said, on="party_id", how="left", maintain_order="left")
    failed, model = pl.col("risk_status") == "in_default", pl.when(risk_status="scored").then("risk_pd")
    firms = firms.with_columns(
        pl.when(~failed).then(name).alias(name) for name in ("decided", "risk_override", "risk_override_until")
    ).with_columns(risk_pd_final=pl.when(failed).then(1.0).otherwise(pl.coalesce("decided", model)))
    return Scores(firms.select(scores.firms.columns), scores.links)


def without_effect(scores: Scores, overrides: pl.DataFrame) -> list[str]:
    """A line for each override in force that changes nothing: its firm is in default, or has ended."""
    met = overrides.join(
        scores.firms.select("party_id", "risk_status"), on="party_id", how="left", maintain_order="left"
    )
    because = {"in_default": "is in default", None: "has ended"}
    rows = met.select("at", "party_id", "risk_status").rows()
    return [f"{at}: {firm} {because[met]}, so it does not count" for at, firm, met in rows if met in because]
