"""The data dictionary: the tables of the canonical folder, the links of the graph, the channels of contagion.

Column checks, constraints, templates, feature lists and the tables printed in the manual derive from here.

PD and contagion, said once: the standalone PD is the PD had every neighbour survived the horizon, on the balance
sheet as it stands; contagion is the PD with links minus the standalone PD, and a channel's contagion is its share of
the hazard that links add.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

import polars as pl

from .fields import FIELDS, Field, Kind, Role

CURRENCY = "CNY"  # the register's currency, unless the setting says otherwise
MAX_ID_BYTES = 1024  # a longer key can't be indexed by every store
STRONG_SCHEMES = r"^(uscc|lei|[A-Z]{2}-[A-Z0-9]{2,})$"  # an identifier of such a register names one party
PERSON_SCHEMES = ("national_id", "passport")  # always hashed
OPEN_END = ("2999-12-31",)  # written by people who mean "no end", beside any day in 9999

COMMON = ("valid_from", "valid_to", "recorded_on", "source", "source_ref", "retracted")
PROVENANCE = ("file", "line")  # where a row came from; no part of what it says

Stored = Literal["party", "link", "properties", "node", "series", "no"]


@dataclass(frozen=True)
class Link:
    """A sentence of the graph: source verb target. `source` and `target` name the table's id columns."""

    type: str
    source: str
    target: str


@dataclass(frozen=True)
class Table:
    """One file of the canonical folder: its key, its other fields, and what an empty cell means.

    `lag` is how many days after valid_from a row without recorded_on is known. Of a `history` table all that is
    known by a day stays visible, of any other only what is in force. `stored` says how the graph database holds a
    row: as a party, a link, properties of the party (the latest), a node, a series (lists on the party), or not.
    `headings` gives the file's heading where it is not the field's name.
    """

    name: str
    key: tuple[str, ...]
    fields: tuple[str, ...]
    stored: Stored = "node"
    defaults: Mapping[str, str | bool] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)
    link: Link | None = None
    lag: int = 0
    history: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All fields of a row, keys first."""
        return (*self.key, *self.fields, *COMMON)

    @property
    def party_columns(self) -> tuple[str, ...]:
        """The fields that name a party, apart from a party's own row."""
        if self.link:
            return (self.link.source, self.link.target)
        if self.name == "reviews":
            return ("from_id", "to_id")
        return ("party_id",) if self.name != "parties" and "party_id" in (*self.key, *self.fields) else ()

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column types of the register's frame: the fields, then where the row came from."""
        return {name: FIELDS[name].dtype for name in (*self.columns, *PROVENANCE)}

    @property
    def snapshot_schema(self) -> dict[str, pl.DataType]:
        """Column types of the snapshot's frame: party ids become row numbers, money is in the register's currency."""
        names = self.columns if self.stored != "series" else (*self.key, *self.fields)
        kept = [name for name in names if name not in ("currency", "retracted")]
        types = {self.row_name(name): self._snapshot_type(name) for name in kept}
        return types | ({"aliases": FIELDS["aliases"].dtype} if self.name == "parties" else {})

    @property
    def snapshot_key(self) -> tuple[str, ...]:
        """Columns that name one row of the snapshot's frame, which is sorted by them."""
        return tuple(self.row_name(name) for name in self.key)

    def row_name(self, column: str) -> str:
        """What a column is called in a snapshot, where a party's id has become its row number."""
        return dict(zip(self.party_columns, self._row_names, strict=True)).get(column, column)

    def _snapshot_type(self, column: str) -> pl.DataType:
        return pl.UInt32() if column in self.party_columns else FIELDS[column].dtype

    @property
    def _row_names(self) -> tuple[str, ...]:
        return (
            ("source_row", "target_row") if len(self.party_columns) == 2 else ("party_row",)[: len(self.party_columns)]
        )


_OFFICES = ("legal_representative", "director", "supervisor", "executive")
_BASES = ("consolidated_accounts", "board_majority", "contract", "dominant_influence", "declared", "state", "branch")
_VOTES = ("votes", "votes_low", "votes_high", "votes_low_included", "votes_high_included")

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "parties", ("party_id",),
            ("kind", "name", "country", "region", "industry", "legal_form", "founded_on", "is_institution",
             "is_listed"),
            stored="party", defaults={"kind": "unknown"},
            choices={"kind": ("enterprise", "person", "public_body", "arrangement", "unknown")},
        ),
        Table("identifiers", ("scheme", "value", "party_id"), (), stored="no"),
        Table(
            "owns", ("owner_id", "enterprise_id", "share_class", "lot"),
            ("share", "share_low", "share_high", "low_included", "high_included", *_VOTES,
             "direct", "nominee", "owner_status", "support", "currency"),
            stored="link", link=Link("OWNS", "owner_id", "enterprise_id"),
            defaults={"share_class": "ordinary", "lot": "", "low_included": True, "high_included": True,
                      "votes_low_included": True, "votes_high_included": True, "direct": True, "nominee": False,
                      "owner_status": "known"},
            choices={"owner_status": ("known", "unknown", "withheld", "none", "exempt")},
        ),
        Table("controls", ("controller_id", "enterprise_id", "basis"), (), stored="link",
              link=Link("CONTROLS", "controller_id", "enterprise_id"), choices={"basis": _BASES}),
        Table("holds_role", ("person_id", "enterprise_id", "role"), (), stored="link",
              link=Link("HOLDS_ROLE", "person_id", "enterprise_id")),
        Table("related_to", ("party_id", "other_id", "relation"), (), stored="link",
              link=Link("RELATED_TO", "party_id", "other_id")),
        Table(
            "guarantees", ("contract_id", "guarantor_id", "debtor_id"),
            ("amount", "currency", "liability", "share", "facility_id", "provision", "eligible"),
            stored="link", link=Link("GUARANTEES", "guarantor_id", "debtor_id"),
            defaults={"liability": "joint"}, choices={"liability": ("joint", "several")},
        ),
        Table(
            "supplies", ("supplier_id", "buyer_id", "contract_id"),
            ("turnover", "period_from", "period_to", "receivable", "recourse", "provision", "currency"),
            stored="link", link=Link("SUPPLIES", "supplier_id", "buyer_id"), defaults={"contract_id": ""},
        ),
        Table(
            "lends_to", ("lender_id", "borrower_id", "contract_id"), ("balance", "collateral", "provision", "currency"),
            stored="link", link=Link("LENDS_TO", "lender_id", "borrower_id"), defaults={"contract_id": ""},
        ),
        Table("depends_on", ("dependent_id", "depended_on_id", "criterion"), ("share", "note"), stored="link",
              link=Link("DEPENDS_ON", "dependent_id", "depended_on_id"),
              choices={"criterion": ("1", "2", "3", "4", "5", "6", "7")}),
        Table(
            "reviews", ("link", "from_id", "to_id"), ("decision", "reason", "reviewer", "second_reviewer", "evidence"),
            required=("decision",), choices={"decision": ("confirmed", "rebutted")},
        ),
        Table(
            "accounts", ("party_id", "scope"),
            ("months", "currency", "total_assets", "equity", "debt", "liabilities", "revenue", "costs", "profit",
             "cash", "operating_cash_flow"),
            stored="properties", required=("valid_from",), choices={"scope": ("solo", "consolidated")},
            lag=180, history=True,
        ),
        Table(
            "exposures", ("facility_id",),
            ("party_id", "kind", "limit", "drawn", "provision", "collateral", "collateral_kind", "days_past_due",
             "exempt_reason", "netting_set", "currency"),
            required=("party_id",),
        ),
        Table("events", ("event_id",), ("party_id", "kind", "definition", "amount", "currency", "note"),
              required=("party_id", "kind", "valid_from"), history=True),
        Table("observations", ("party_id", "measure", "month"), ("figure", "unit", "currency"), stored="series",
              headings={"figure": "value"}, lag=15, history=True),
        Table("capital", ("kind",), ("amount", "currency"), choices={"kind": ("tier1", "net")}),
        Table("rates", ("currency",), ("rate",), stored="no", required=("rate",)),
    )
}  # fmt: skip

LINKS: Mapping[str, Table] = {name: table for name, table in TABLES.items() if table.link}
SNAPSHOT_TABLES: Mapping[str, Table] = {name: table for name, table in TABLES.items() if table.stored != "no"}


@dataclass(frozen=True)
class Channel:
    """A direction of harm: which end of a link suffers when the other fails."""

    name: str
    table: str
    fails: Literal["source", "target"]
    meaning: str


CHANNELS: tuple[Channel, ...] = (
    Channel("guarantee_call", "guarantees", "target", "debtor fails, guarantor pays"),
    Channel("receivable_loss", "supplies", "target", "buyer fails, supplier loses the receivable"),
    Channel("supply_break", "supplies", "source", "supplier fails, buyer loses the margin"),
    Channel("loan_loss", "lends_to", "target", "borrower fails, lender loses the loan"),
    Channel("equity_loss", "owns", "target", "enterprise fails, owner loses the stake"),
    Channel("support_loss", "owns", "source", "owner fails, enterprise loses its support"),
    Channel("cover_loss", "guarantees", "source", "guarantor fails, the debtor's credit is not renewed"),
)

# What links carry beyond the balance sheet: no record tells a loss, so that only a model that learns it knows it.
SHARED_PERSON = "shared_person"
MEANINGS: Mapping[str, str] = {
    **{channel.name: channel.meaning for channel in CHANNELS},
    SHARED_PERSON: "an enterprise fails, another that shares an owner or manager with it suffers",
}
KINDS = tuple(MEANINGS)  # of links in the network: the channels of money, then ties

RESULTS: tuple[Field, ...] = (
    *(spec for spec in FIELDS.values() if spec.name.startswith("risk_")),
    *(
        Field(f"risk_contagion_{name}", Kind.FRACTION, f"contagion through {name}: {meaning}",
              Role.RESULT, "fraction", 0, 1)
        for name, meaning in MEANINGS.items()
    ),
)  # fmt: skip
GROUP_RESULTS: tuple[Field, ...] = tuple(spec for spec in FIELDS.values() if spec.name.startswith("group_"))
STRESS_RESULTS: tuple[Field, ...] = tuple(  # by the kind of the run that leaves them: stress_ and scenario_
    spec for spec in FIELDS.values() if spec.name.startswith(("stress_", "scenario_"))
)
SCORES: tuple[Field, ...] = tuple(  # what a model gives for each enterprise; a publication adds the rest
    spec for spec in RESULTS
    if spec.name not in ("risk_as_of", "risk_run_id", "risk_pd_previous", "risk_run_id_previous")
)  # fmt: skip


def dictionary_hash() -> str:
    """Names this version of the dictionary, so that a saved register or model can tell that it changed.

    Results are left out: no register holds them and no model reads them.
    """
    read = [asdict(spec) for spec in FIELDS.values() if spec.role is not Role.RESULT]
    described = [asdict(table) for table in TABLES.values()], read
    return hashlib.sha256(json.dumps(described, sort_keys=True, default=str).encode()).hexdigest()[:16]
