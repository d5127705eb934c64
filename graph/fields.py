"""Every field of the dictionary, once: its name, kind, unit, range, role and meaning.

A field has one name and one meaning wherever it stands; schema.py only says which table has which.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import inf

import polars as pl


class Kind(StrEnum):
    """How a field is written and held."""

    ID = "id"
    TEXT = "text"
    TEXTS = "texts"
    DAY = "day"
    MONEY = "money"
    NUMBER = "number"
    FRACTION = "fraction"
    COUNT = "count"
    FLAG = "flag"


class Role(StrEnum):
    """What a field is for: only results are published, and results never come back as features."""

    KEY = "key"
    FACT = "fact"
    FEATURE = "feature"
    RESULT = "result"


DTYPES: Mapping[Kind, pl.DataType] = {
    Kind.ID: pl.String(),
    Kind.TEXT: pl.String(),
    Kind.TEXTS: pl.List(pl.String()),
    Kind.DAY: pl.Date(),
    Kind.MONEY: pl.Float64(),
    Kind.NUMBER: pl.Float64(),
    Kind.FRACTION: pl.Float64(),
    Kind.COUNT: pl.Int64(),
    Kind.FLAG: pl.Boolean(),
}


@dataclass(frozen=True)
class Field:
    """One named fact, with its unit and range. `low` and `high` bound numbers, both included."""

    name: str
    kind: Kind
    meaning: str
    role: Role = Role.FACT
    unit: str = ""
    low: float = -inf
    high: float = inf

    @property
    def dtype(self) -> pl.DataType:
        """The column type it is held in."""
        return DTYPES[self.kind]


_F, _K, _R = Role.FEATURE, Role.KEY, Role.RESULT


def _fields(*rows: Field) -> dict[str, Field]:
    names = [row.name for row in rows]
    assert len(names) == len(set(names)), "one name, one meaning"
    return {row.name: row for row in rows}


def _id(name: str, meaning: str) -> Field:
    return Field(name, Kind.ID, meaning, _K)


def _text(name: str, meaning: str, role: Role = Role.FACT) -> Field:
    return Field(name, Kind.TEXT, meaning, role)


def _day(name: str, meaning: str) -> Field:
    return Field(name, Kind.DAY, meaning, unit="day")


def _flag(name: str, meaning: str, role: Role = Role.FACT) -> Field:
    return Field(name, Kind.FLAG, meaning, role)


def _money(name: str, meaning: str, low: float = 0.0) -> Field:
    return Field(name, Kind.MONEY, meaning, _F, "money", low)


def _share(name: str, meaning: str) -> Field:
    return Field(name, Kind.FRACTION, meaning, _F, "fraction", 0.0, 1.0)


FIELDS: Mapping[str, Field] = _fields(
    _day("valid_from", "first day on which it held in the world; empty: unknown, counts as earliest"),
    _day("valid_to", "first day on which it no longer held; empty: still holds"),
    _day("recorded_on", "day on which the bank learned of this version"),
    _text("source", "who says so"),
    _text("source_ref", "the source's own record number"),
    _flag("retracted", "true: this statement never was so"),
    Field("file", Kind.TEXT, "file that the row was read from"),
    Field("line", Kind.COUNT, "physical line of the file on which the row starts", low=1),
    _id("party_id", "any legal or natural person"),
    Field("aliases", Kind.TEXTS, "other ids of the same party"),
    _text("kind", "what sort of thing the row is", _F),
    _text("name", "name as the source writes it"),
    _text("country", "ISO 3166-1 code", _F),
    _text("region", "region inside the country", _F),
    _text("industry", "industry code", _F),
    _text("legal_form", "legal form", _F),
    _day("founded_on", "day of founding"),
    _flag("is_institution", "a credit institution", _F),
    _flag("is_listed", "shares are listed", _F),
    _id("scheme", "register that gives the identifier: uscc, lei, customer_no, or an org-id code such as GB-COH"),
    _id("value", "the identifier itself, as its register writes it"),
    _id("owner_id", "holder of the stake"),
    _id("enterprise_id", "enterprise held, controlled or served"),
    _id("share_class", "class of shares"),
    _id("lot", "tells apart stakes of one pair and class"),
    _share("share", "exact share"),
    _share("share_low", "lower end of the share"),
    _share("share_high", "upper end of the share"),
    _flag("low_included", "the lower end belongs to the band"),
    _flag("high_included", "the upper end belongs to the band"),
    _share("votes", "exact share of votes, where it differs from the capital"),
    _share("votes_low", "lower end of the votes"),
    _share("votes_high", "upper end of the votes"),
    _flag("votes_low_included", "the lower end belongs to the band of votes"),
    _flag("votes_high_included", "the upper end belongs to the band of votes"),
    _flag("direct", "false: declared indirect, never added on top of its chain"),
    _flag("nominee", "true: neither stake nor control of the holder"),
    _text("owner_status", "what is known of the owner"),
    _money("support", "money that the owner lends or would lend"),
    _text("currency", "ISO 4217 code; empty: the register's"),
    _id("controller_id", "party that controls"),
    _id("basis", "why it controls"),
    _id("person_id", "person who holds the office"),
    _id("role", "office held"),
    _id("other_id", "the other party"),
    _id("relation", "kinship, acting in concert, or another tie"),
    _id("contract_id", "contract; joins co-guarantors"),
    _id("guarantor_id", "party that promises to pay"),
    _id("debtor_id", "party whose debt is guaranteed"),
    _money("amount", "money of the row: cap of a guarantee, sum of an event, the bank's capital"),
    _text("liability", "joint or several"),
    _id("facility_id", "credit facility"),
    _money("provision", "loss already booked"),
    _flag("eligible", "counts as credit risk mitigation"),
    _id("supplier_id", "party that delivers"),
    _id("buyer_id", "party that buys"),
    _money("turnover", "goods sold in the period; as_of gives it per year"),
    _day("period_from", "first day of the period; default twelve months before period_to"),
    _day("period_to", "first day after the period; default valid_from"),
    _money("receivable", "money that the buyer owes the supplier"),
    _flag("recourse", "a sold receivable comes back if the buyer fails"),
    _id("lender_id", "party that lends"),
    _id("borrower_id", "party that borrows"),
    _money("balance", "money owed under the loan"),
    _money("collateral", "eligible collateral, after haircut"),
    _id("dependent_id", "party that depends"),
    _id("depended_on_id", "party depended on"),
    _id("criterion", "criterion of economic dependence, 1 to 7"),
    _text("note", "free text"),
    _id("link", "table or tie that the decision is about"),
    _id("from_id", "source of the link decided on"),
    _id("to_id", "target of the link decided on"),
    _text("decision", "confirmed or rebutted"),
    _text("reason", "reason code"),
    _text("reviewer", "first name under the decision"),
    _text("second_reviewer", "second name under the decision"),
    _text("evidence", "what the decision rests on"),
    _id("scope", "solo or consolidated"),
    Field("months", Kind.COUNT, "months that the accounts cover", Role.FACT, "months", 1, 60),
    _money("total_assets", "total assets"),
    _money("equity", "equity; may be negative", -inf),
    _money("debt", "interest-bearing debt"),
    _money("liabilities", "all liabilities"),
    _money("revenue", "revenue of the months covered", -inf),
    _money("costs", "costs of the months covered", -inf),
    _money("profit", "profit of the months covered", -inf),
    _money("cash", "cash", -inf),
    _money("operating_cash_flow", "operating cash flow of the months covered", -inf),
    _money("limit", "credit limit"),
    _money("drawn", "amount drawn"),
    _text("collateral_kind", "what the collateral is"),
    Field("days_past_due", Kind.COUNT, "days past due", _F, "days", 0),
    _text("exempt_reason", "why the exposure is exempt from limits"),
    _text("netting_set", "netting set"),
    _id("event_id", "the event; else made from party, kind, day and amount"),
    _text("definition", "definition of default that the event meets"),
    _id("measure", "monthly figure: inflow, tax_paid, headcount, …"),
    Field("month", Kind.DAY, "first day of the month", _K, "day"),
    Field("figure", Kind.NUMBER, "the month's figure, in its unit or currency", _F),
    _text("unit", "unit of the figure, where it is no money"),
    Field("rate", Kind.NUMBER, "one unit in the register's currency", unit="money", low=0.0),
    Field("risk_pd", Kind.FRACTION, "probability of default within the horizon", _R, "fraction", 0, 1),
    Field("risk_pd_low", Kind.FRACTION, "lower end of the PD's 90 % interval: years of training drawn anew", _R,
          "fraction", 0, 1),
    Field("risk_pd_high", Kind.FRACTION, "upper end of that interval", _R, "fraction", 0, 1),
    Field("risk_pd_standalone", Kind.FRACTION, "PD had every neighbour survived the horizon, on the balance sheet as "
          "it stands", _R, "fraction", 0, 1),
    Field("risk_contagion", Kind.FRACTION, "PD with links minus standalone PD", _R, "fraction", 0, 1),
    Field("risk_driver", Kind.TEXT, "own, or the channel that adds most hazard", _R),
    Field("risk_basis", Kind.TEXT, "accounts, or estimated where the firm has none", _R),
    Field("risk_status", Kind.TEXT, "scored, in_default, unseen or abstained", _R),
    Field("risk_pd_final", Kind.FRACTION, "PD that counts: the override in force, else risk_pd where scored; 1 in "
          "default; missing where abstained or unseen without an override", _R, "fraction", 0, 1),
    Field("risk_override", Kind.TEXT, "reason of the override in force", _R),
    Field("risk_override_until", Kind.DAY, "first day on which that override no longer counts", _R, "day"),
    Field("risk_grade", Kind.COUNT, "grade of risk_pd_final on the master scale, 1 best; one more than there are: in "
          "default", _R, low=1),
    Field("risk_pd_floored", Kind.FRACTION, "risk_pd_final, at least the regulatory floor", _R, "fraction", 0, 1),
    Field("risk_pd_upper", Kind.FRACTION, "upper bound of the default rate of the grade that the model gave, where the "
          "training days had fewer than 20 defaults in it", _R, "fraction", 0, 1),
    Field("risk_as_of", Kind.DAY, "day that the score is for", _R, "day"),
    Field("risk_run_id", Kind.TEXT, "run that wrote the score", _R),
    Field("risk_pd_previous", Kind.FRACTION, "risk_pd of the run before", _R, "fraction", 0, 1),
    Field("risk_run_id_previous", Kind.TEXT, "the run before", _R),
    Field("group_id", Kind.TEXT, "a group of connected clients; stays from run to run while its core stays", _R),
    Field("group_regime", Kind.TEXT, "rule set of the group", _R),
    Field("group_set", Kind.TEXT, "confirmed, or prudent: what is flagged counts too", _R),
    Field("group_size", Kind.COUNT, "members of the group", _R, "parties", 2),
    Field("group_role", Kind.TEXT, "core (by control) or joined (by dependence)", _R),
    Field("group_reasons", Kind.TEXTS, "links that make the membership, each with its status", _R),
    Field("group_exposure", Kind.MONEY, "the bank's exposure before mitigation", _R, "money"),
    Field("group_exposure_after", Kind.MONEY, "the bank's exposure after mitigation", _R, "money"),
    Field("group_limit", Kind.TEXT, "the limit that is used most, with its rule", _R),
    Field("group_limit_use", Kind.NUMBER, "how far that limit is used; above 1 it is broken", _R, "fraction", 0),
    Field("group_grade", Kind.COUNT, "highest of 70, 80, 90, 100 % of that limit that is reached, else 0", _R),
    Field("group_worst_id", Kind.TEXT, "member with the highest final PD of those not in default", _R),
    Field("group_worst_pd", Kind.FRACTION, "that PD", _R, "fraction", 0, 1),
    Field("group_pd_any", Kind.FRACTION, "PD of any default: that at least one member defaults of those not in "
          "default, by own risk or what comes from outside the group", _R, "fraction", 0, 1),
    Field("group_expected_loss", Kind.MONEY, "final PD times LGD times what the bank has lent less collateral, summed "
          "over members", _R, "money", 0),
    Field("group_in_default", Kind.COUNT, "members in default", _R, "parties", 0),
    Field("group_unrated", Kind.COUNT, "borrowers whose debt or whose PD nobody knows; above 0 loss and PD are at "
          "least what is stated", _R, "parties", 0),
    Field("group_scored_by", Kind.TEXT, "score run that the members' PDs come from", _R),
    Field("group_as_of", Kind.DAY, "day that the assessment is for", _R, "day"),
    Field("group_run_id", Kind.TEXT, "run that wrote the assessment", _R),
    Field("stress_impact", Kind.MONEY, "what all others lose if this party alone fails", _R, "money", 0),
    Field("stress_failures", Kind.COUNT, "others that fail if it fails", _R, "parties", 0),
    Field("stress_bank_loss", Kind.MONEY, "what the bank loses if it fails", _R, "money", 0),
    Field("stress_unknown", Kind.COUNT, "parties without equity that bear losses if it fails; above 0 the impact is at "
          "least what is stated", _R, "parties", 0),
    Field("stress_failed_by", Kind.COUNT, "how many single failures take it down", _R, "parties", 0),
    Field("stress_vulnerability", Kind.FRACTION, "share of its equity that it loses to a single failure, on average "
          "over all that were run", _R, "fraction", 0, 1),
    Field("stress_worst_id", Kind.TEXT, "party whose failure costs it most", _R),
    Field("stress_worst_loss", Kind.MONEY, "what that failure costs it", _R, "money", 0),
    Field("stress_model", Kind.TEXT, "contagion model that was run", _R),
    Field("stress_as_of", Kind.DAY, "day that the stress test is for", _R, "day"),
    Field("stress_run_id", Kind.TEXT, "run that wrote the stress test", _R),
    Field("scenario_state", Kind.TEXT, "named, failed, suffers or untouched in the scenario in force", _R),
    Field("scenario_round", Kind.COUNT, "round in which it failed; 0: by the shock itself", _R, "rounds", 0),
    Field("scenario_loss", Kind.MONEY, "what it lost in the scenario", _R, "money", 0),
    Field("scenario_distress", Kind.FRACTION, "share of its equity that it lost in the scenario", _R, "fraction", 0, 1),
    Field("scenario_as_of", Kind.DAY, "day that the scenario is for", _R, "day"),
    Field("scenario_run_id", Kind.TEXT, "run that wrote the scenario", _R),
)  # fmt: skip
