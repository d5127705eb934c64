"""SMEsD's links between companies, and between companies and persons; each stands there in both directions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from .smesd_rows import Rows, faults, party


@dataclass(frozen=True)
class LinkType:
    """What a type of link becomes: a table, the columns of source and target, and what the row says besides.

    `numbered`: several links of one pair are several contracts, told apart by their number.
    """

    ends: str
    table: str
    source: str
    target: str
    says: Mapping[str, str] = field(default_factory=dict)
    numbered: bool = False


# Ends: C a company, P a person. Amounts invested are no shares: the share is unknown. Loans, trade and rent come from
# lawsuits, with the plaintiff as source: lender, unpaid supplier, landlord.
LINK_TYPES: Mapping[str, LinkType] = {
    "supervise": LinkType("PC", "holds_role", "person_id", "enterprise_id", {"role": "supervisor"}),
    "execute": LinkType("PC", "holds_role", "person_id", "enterprise_id", {"role": "executive"}),
    "stakeholder": LinkType("PC", "owns", "owner_id", "enterprise_id"),
    "invest_CP": LinkType("PC", "owns", "owner_id", "enterprise_id"),
    "invest_CC": LinkType("CC", "owns", "owner_id", "enterprise_id"),
    "branch": LinkType("CC", "controls", "controller_id", "enterprise_id", {"basis": "branch"}),
    "loan": LinkType("CC", "lends_to", "lender_id", "borrower_id", numbered=True),
    "creditor": LinkType("CC", "lends_to", "lender_id", "borrower_id", numbered=True),
    "deal": LinkType("CC", "supplies", "supplier_id", "buyer_id", numbered=True),
    "rent": LinkType("CC", "related_to", "party_id", "other_id", {"relation": "tenant"}),
}
BACKWARDS = {
    "supervised": "supervise",
    "executed": "execute",
    "stakeholderd": "stakeholder",
    "invested_CP": "invest_CP",
    "invested_CC": "invest_CC",
    "branched": "branch",
    "loaned": "loan",
    "creditored": "creditor",
    "dealed": "deal",
    "rented": "rent",
}


def links(frame: pl.DataFrame, _: Path, recorded_on: date) -> Rows:
    """Links by table; the second direction of each repeats the first. Persons are described by their number alone."""
    turned = pl.col("type").is_in(list(BACKWARDS))
    placed = frame.with_columns(
        link=pl.col("type").replace(BACKWARDS),
        a=pl.when(turned).then("target").otherwise("source"),
        b=pl.when(turned).then("source").otherwise("target"),
        number=pl.int_range(pl.len()).over("split", "type", "source", "target") + 1,
    )
    good, bad = faults(placed, _unknown(), _ends())
    tables: dict[str, list[pl.DataFrame]] = {}
    for name, link in LINK_TYPES.items():
        tables.setdefault(link.table, []).append(_rows(good.filter(pl.col("link") == name), name, link, recorded_on))
    persons = good.filter(pl.col("a").str.starts_with("P")).select("line", party_id=party("a"), kind=pl.lit("person"))
    made = {table: pl.concat(frames) for table, frames in tables.items()}
    notes = ("links: weight (money invested) not kept: shares are unknown",)
    return Rows({"parties": persons} | made, bad.select("line", "reason", *frame.drop("line").columns), notes)


def _unknown() -> pl.Expr:
    known = pl.col("link").is_in(list(LINK_TYPES)).fill_null(value=False)
    return pl.when(~known).then(pl.format("type '{}' is none that SMEsD has", pl.col("type").fill_null("")))


def _ends() -> pl.Expr:
    """A reason where a link ties other kinds of parties than its type says."""
    letters = pl.concat_str(pl.col("a").str.slice(0, 1), pl.col("b").str.slice(0, 1), ignore_nulls=True)
    meant = pl.col("link").replace_strict({name: link.ends for name, link in LINK_TYPES.items()}, default=None)
    said = pl.format("type '{}' from '{}' to '{}': the ends are of another kind", "type", "source", "target")
    return pl.when(letters != meant).then(said)


def _rows(mine: pl.DataFrame, name: str, link: LinkType, recorded_on: date) -> pl.DataFrame:
    says = {column: pl.lit(value) for column, value in link.says.items()}
    if link.numbered:
        says["contract_id"] = pl.concat_str(pl.lit(f"{name} "), "number")
    return mine.select("line", party("a").alias(link.source), party("b").alias(link.target),
                       recorded_on=pl.lit(recorded_on), **says)  # fmt: skip
