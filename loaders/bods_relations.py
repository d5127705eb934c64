"""BODS relationship statements: stakes, control, offices and other ties between a subject and an interested party."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..graph.errors import DataError
from .bods_parties import STATUS_OF_REASON
from .bods_shares import share_of
from .bods_stakes import NEVER, OWNING, stake_rows
from .bods_statement import Statement, day, party_of
from .gleif_ties import TIES
from .json_lines import part, parts, text_of

Row = dict[str, Any]
Rows = dict[str, list[Row]]

# Interests that are control by themselves, and on which ground (Directive 2013/34/EU art. 22(1): contract, articles).
BASES = {
    "otherInfluenceOrControl": "declared",
    "controlByLegalFramework": "dominant_influence",
    "controlViaCompanyRulesOrArticles": "dominant_influence",
    "rightsGrantedByContract": "contract",
}
ROLES = {"boardMember": "director", "boardChair": "board_chair", "seniorManagingOfficial": "executive"}
BOARD, MAJORITY = "appointmentOfBoard", Decimal("0.5")
PSC_BOARD = "right-to-appoint-and-remove-directors"  # of a majority of them: Companies Act 2006, Schedule 1A, part 1
UNSTATED = "unspecified"  # a tie of which the source says nothing


def relation_rows(statement: Statement, unnamed: Mapping[str, str | None]) -> Rows:
    """The rows of one relationship, by table; every interest is in one of them.

    An interested party (or a subject) that the source doesn't name is a party of its own, described here.

    Args:
        statement: a relationship.
        unnamed: owner status of the records that stand for somebody not named.

    Raises:
        DataError: an end or an interest that is none.
    """
    subject, _, described = _end_of(statement, "subject", unnamed)
    owner, status, more = _end_of(statement, "interestedParty", unnamed)
    rows: Rows = {"parties": [*described, *more], "owns": [], "controls": [], "holds_role": [], "related_to": []}
    stated = parts(statement.details, "interests")
    interests = [_checked(each, statement) for each in stated or [{"type": UNSTATED}]]
    stakes = stake_rows([each for each in interests if each["type"] in OWNING])
    others = [each for each in interests if each["type"] not in OWNING]
    if not stated and status != "known":  # nobody is known to own it, or to own how much
        stakes, others = [_period(interests[0]) | {"strand": 0, "direct": True}], []
    ends = {"owner_id": owner, "enterprise_id": subject, "owner_status": status}
    rows["owns"] = [_base(statement) | stake | ends for stake in stakes]
    for interest in others:
        table, row = _tie(interest, subject, owner)
        _longest(rows[table], _base(statement) | _period(interest) | row)
    return rows


def _end_of(statement: Statement, end: str, unnamed: Mapping[str, str | None]) -> tuple[str, str, list[Row]]:
    """The party at one end, what is known of it, and its description where only this statement speaks of it."""
    said = statement.details.get(end)
    if isinstance(said, str) and said.strip():
        return party_of(said.strip()), unnamed.get(said.strip()) or "known", []
    if not isinstance(said, dict) or not isinstance(said.get("reason"), str):
        raise DataError(f"{end} {said!r} is neither a record nor a reason why there is none")
    party = f"bods:{statement.record}#{end}"
    described = _base(statement) | {"valid_from": None, "valid_to": None, "party_id": party, "kind": "unknown"}
    return party, STATUS_OF_REASON.get(said["reason"], "unknown"), [described]


def _checked(interest: dict[str, Any], statement: Statement) -> dict[str, Any]:
    """An interest with a type and dates that are text; the closing of a relationship ends what has no end."""
    kind = text_of(interest, "type")
    if not kind:
        raise DataError("an interest without a type")
    start, end = day(interest.get("startDate"), "startDate"), day(interest.get("endDate"), "endDate")
    if end is None and statement.closed and statement.stated:
        end = max(statement.stated, start or "")
    return interest | {"type": kind, "startDate": start, "endDate": end}


def _period(interest: dict[str, Any]) -> Row:
    return {"valid_from": interest["startDate"], "valid_to": interest["endDate"]}


def _base(statement: Statement) -> Row:
    return {"line": statement.line, "record": statement.record, "closed": statement.closed,
            "stated": statement.stated, "source_ref": statement.record}  # fmt: skip


def _tie(interest: dict[str, Any], subject: str, owner: str) -> tuple[str, Row]:
    """The table of an interest that is no stake, and what the row says; nothing is left out."""
    kind, basis = interest["type"], BASES.get(interest["type"])
    if kind == "otherInfluenceOrControl" and (gleif := _gleif(interest, subject, owner)):
        return gleif
    if kind == BOARD:
        basis = _board(interest)
    if basis:
        return "controls", {"controller_id": owner, "enterprise_id": subject, "basis": basis}
    if kind in ROLES:
        return "holds_role", {"person_id": owner, "enterprise_id": subject, "role": ROLES[kind]}
    return "related_to", {"party_id": subject, "other_id": owner, "relation": kind}


def _gleif(interest: dict[str, Any], subject: str, owner: str) -> tuple[str, Row] | None:
    """Open Ownership publishes GLEIF's relationships as other influence, their type in the details."""
    written = (text_of(interest, "details") or "").rpartition(" ")[2]
    tie = TIES.get(written)
    if tie is None:
        return None
    ends = (subject, owner) if tie.first == "start" else (owner, subject)
    names = ("controller_id", "enterprise_id", "basis")
    if tie.table == "related_to":
        names = ("party_id", "other_id", "relation")
    return tie.table, dict(zip(names, (*ends, tie.meaning), strict=True))


def _board(interest: dict[str, Any]) -> str | None:
    """A right to appoint a majority is control, a smaller one is not, one of unknown size is declared control."""
    if PSC_BOARD in (text_of(interest, "details") or ""):
        return "board_majority"
    if not part(interest, "share"):
        return "declared"
    band = share_of(interest, "share")
    low, high = (Decimal(band["share"] or band[name] or 0) for name in ("share_low", "share_high"))
    if low > MAJORITY or (low == MAJORITY and not band["low_included"]):
        return "board_majority"
    return None if high <= MAJORITY else "declared"


def _longest(rows: list[Row], new: Row) -> None:
    """Adds a row, or lengthens the one that says the same from the same day on."""
    for row in rows:
        if {**row, "valid_to": None} == {**new, "valid_to": None}:
            row["valid_to"] = max(row["valid_to"] or NEVER, new["valid_to"] or NEVER)
            row["valid_to"] = None if row["valid_to"] == NEVER else row["valid_to"]
            return
    rows.append(new)
