"""SMEsD's companies, with what became of them, where they are and what they do."""

from datetime import date
from pathlib import Path

import polars as pl

from ..graph.errors import DataError
from .csv_text import read_csv_text
from .smesd_rows import OBSERVED, Rows, faults, no_company, none_of, party

CAUSES = {
    "0": "loan",
    "1": "sale",
    "2": "lease",
    "3": "works",
    "4": "debt",
    "5": "other contract",
    "6": "intellectual property",
    "7": "labour",
    "8": "tort",
    "9": "company or insolvency",
    "10": "other",
}
COURTS = {"0": "grassroots", "1": "intermediate", "2": "higher", "3": "supreme"}
RESULTS = {"0": "plaintiff won", "1": "plaintiff failed", "2": "defendant won", "3": "defendant failed"}
LOST = "by the end of observation; the day is not published"
_OF_A_SUIT = ("company", "cause", "court", "result", "months_before_observation")


def companies(frame: pl.DataFrame, folder: Path, recorded_on: date) -> Rows:
    """Enterprises, and the bankruptcy of those that failed."""
    good, bad = faults(frame, no_company("company"), none_of("branch", ("0", "1")), none_of("bankrupt", ("", "0", "1")))
    places = folder / "memberships.csv"
    shared = read_csv_text(places).frame if places.is_file() else None
    failed = good.filter(pl.col("bankrupt") == "1").select(
        "line", party_id=party("company"), kind=pl.lit("bankruptcy"), note=pl.lit(LOST),
        valid_from=pl.lit(OBSERVED), recorded_on=pl.lit(recorded_on),
    )  # fmt: skip
    left_out = [name for name in ("registered_capital", "paid_capital", "age_months") if name in frame.columns]
    notes = (f"companies: {', '.join(left_out)} not kept, no field holds them",) if left_out else ()
    return Rows({"parties": _parties(good, shared), "events": failed}, bad, notes)


def memberships(frame: pl.DataFrame, folder: Path, recorded_on: date) -> Rows:
    """Areas and industries, as the companies' own rows say them again, and who shares a person with whom."""
    known = _known(folder, "memberships.csv")
    stranger = pl.when(~pl.col("company").is_in(known["company"].implode())).then(
        pl.format("company '{}' stands in no row of companies.csv", "company")
    )
    good, bad = faults(frame, no_company("company"), none_of("kind", ("area", "industry", "qualify")), stranger)
    described = _parties(known, good).drop("line")
    places = good.filter(pl.col("kind") != "qualify").select("line", party_id=party("company"))
    shared = good.filter(pl.col("kind") == "qualify")
    hubs = shared.select("line", party_id=party("key"), kind=pl.lit("unknown"))
    ties = shared.select("line", party_id=party("company"), other_id=party("key"), relation=pl.lit("shared_person"),
                         recorded_on=pl.lit(recorded_on))  # fmt: skip
    parties = places.join(described.unique("party_id"), on="party_id", maintain_order="left")
    return Rows({"parties": pl.concat([parties, hubs], how="diagonal"), "related_to": ties}, bad)


def lawsuits(frame: pl.DataFrame, folder: Path, _: date) -> Rows:
    """Lawsuits of the firms known to have survived, each on the last day of its month."""
    known = _known(folder, "lawsuits.csv")
    became = known.group_by("company").agg(bankrupt=pl.col("bankrupt").drop_nulls().first())
    placed = frame.join(became, on="company", how="left", maintain_order="left")
    since = "months_before_observation"
    undated = pl.format(f"{since} '{{}}' counts back from a day that is not published: bankrupt is {{}}", since,
                        pl.col("bankrupt").fill_null("withheld"))  # fmt: skip
    good, bad = faults(
        placed, no_company("company"), none_of("cause", CAUSES), none_of("court", COURTS), none_of("result", RESULTS),
        pl.when(~pl.col(since).str.contains("^[0-9]{1,4}$").fill_null(value=False)).then(
            pl.format(f"{since} '{{}}' is no number of months", pl.col(since).fill_null(""))),
        pl.when(pl.col("bankrupt").fill_null("") != "0").then(undated),
    )  # fmt: skip
    month = pl.lit(OBSERVED.replace(day=1)).dt.offset_by(pl.concat_str(pl.lit("-"), since, pl.lit("mo")))
    number = pl.int_range(pl.len()).over("split", *_OF_A_SUIT) + 1  # several suits of one month, not one written twice
    words = [
        pl.col(name).replace_strict(meant)
        for name, meant in (("cause", CAUSES), ("court", COURTS), ("result", RESULTS))
    ]
    suits = good.select(
        "line", party_id=party("company"), kind=pl.lit("lawsuit"), valid_from=month.dt.month_end(),
        note=pl.concat_str(*words, separator="; "),
        event_id=pl.concat_str(party("company"), pl.lit("lawsuit"), *_OF_A_SUIT[1:], number, separator="|"),
    )  # fmt: skip
    return Rows({"events": suits}, bad)


def _known(folder: Path, asked_by: str) -> pl.DataFrame:
    path = folder / "companies.csv"
    if not path.is_file():
        raise DataError(f"{asked_by}: companies.csv must stand beside it, to tell what became of each firm.")
    return read_csv_text(path).frame


def _parties(rows: pl.DataFrame, shared: pl.DataFrame | None) -> pl.DataFrame:
    """A row for each company; of several industries all are named, an area written 'nan' is unknown."""
    branch = pl.when(pl.col("branch") == "1").then(pl.lit("branch"))
    parties = rows.select("line", "company", party_id=party("company"), kind=pl.lit("enterprise"), country=pl.lit("CN"),
                          legal_form=branch)  # fmt: skip
    if shared is None:
        return parties.drop("company")
    for kind, field in (("area", "region"), ("industry", "industry")):
        keys = shared.filter((pl.col("kind") == kind) & (pl.col("key") != "nan"))
        named = keys.group_by("company").agg(pl.col("key").unique().sort().str.join("; ").alias(field))
        parties = parties.join(named, on="company", how="left", maintain_order="left")
    return parties.drop("company")
