"""BODS entity and person statements: the party that a record describes, and its identifiers."""

from typing import Any

from ..graph.errors import DataError
from .bods_statement import Statement, day, party_of
from .json_lines import part, parts, text_of

Row = dict[str, Any]

KINDS = {
    "registeredEntity": "enterprise",
    "legalEntity": "enterprise",
    "arrangement": "arrangement",
    "state": "public_body",
    "stateBody": "public_body",
    "anonymousEntity": "unknown",
    "unknownEntity": "unknown",
    "knownPerson": "person",
    "anonymousPerson": "unknown",
    "unknownPerson": "unknown",
}
# What is known of an owner, by the reason that the source gives for not naming it.
STATUS_OF_REASON = {
    "noBeneficialOwners": "none",
    "interestedPartyExemptFromDisclosure": "withheld",
    "subjectExemptFromDisclosure": "exempt",
}


def party_row(statement: Statement) -> Row:
    """The party of an entity or person statement; a dissolution or death ends it, the closing of a record does not.

    Raises:
        DataError: a type that BODS 0.4 does not have, or a part of another form.
    """
    details = statement.details
    jurisdiction = part(details, "jurisdiction") or part(details, "incorporatedInJurisdiction")
    code = text_of(jurisdiction, "code")
    return _of(statement) | {
        "party_id": party_of(statement.record),
        "kind": _kind(statement),
        "name": _name(statement),
        "country": code[:2] if code else None,
        "region": code if code and "-" in code else None,
        "legal_form": text_of(part(details, "entityType"), "details"),
        "founded_on": day(details.get("foundingDate"), "foundingDate"),
        "is_listed": _flag(part(details, "publicListing").get("hasPublicListing")),
        "valid_to": ending(statement),
    }


def ending(statement: Statement) -> str | None:
    """The day on which the party was dissolved or died, as written.

    Raises:
        DataError: it is no text.
    """
    name = "deathDate" if statement.type == "person" else "dissolutionDate"
    return day(statement.details.get(name), name)


def identifier_rows(statement: Statement) -> list[Row]:
    """The identifiers of the party; those without a scheme that names a register join nobody.

    Raises:
        DataError: an identifier that is a number.
    """
    rows = []
    for identifier in parts(statement.details, "identifiers"):
        scheme = text_of(identifier, "scheme") or text_of(identifier, "schemeName")
        value = text_of(identifier, "id")
        if scheme and value:
            scheme, value = _personal(scheme, value) if statement.type == "person" else (_scheme(scheme), value)
            rows.append(_of(statement) | {"scheme": scheme, "value": value, "party_id": party_of(statement.record)})
    return rows


def unnamed(statement: Statement) -> str | None:
    """What is known of a party that the source does not name: an owner status, None for a named one."""
    details = statement.details
    kind = text_of(details, "personType") or text_of(part(details, "entityType"), "type") or ""
    if not kind.startswith(("unknown", "anonymous")):
        return None
    why = part(details, "unspecifiedPersonDetails") or part(details, "unspecifiedEntityDetails")
    said = STATUS_OF_REASON.get(text_of(why, "reason") or "")
    return said or ("withheld" if kind.startswith("anonymous") else "unknown")


def _of(statement: Statement) -> Row:
    return {"line": statement.line, "record": statement.record, "closed": statement.closed,
            "stated": statement.stated, "valid_from": None, "valid_to": None}  # fmt: skip


def _kind(statement: Statement) -> str:
    if statement.type == "person":
        written = text_of(statement.details, "personType")
    else:
        written = text_of(part(statement.details, "entityType"), "type")
    if written not in KINDS or (KINDS[written] == "person") != (
        statement.type == "person" and KINDS[written] != "unknown"
    ):
        raise DataError(f"{statement.type}Type {written!r} is none that BODS 0.4 has")
    return KINDS[written]


def _name(statement: Statement) -> str | None:
    if statement.type == "entity":
        return text_of(statement.details, "name") or _number(statement)
    names = parts(statement.details, "names")
    legal = [name for name in names if name.get("type") in ("legal", "individual")] or names
    if not legal:
        return None
    spelled = [text_of(legal[0], "givenName"), text_of(legal[0], "familyName")]
    return text_of(legal[0], "fullName") or " ".join(name for name in spelled if name) or None


def _number(statement: Statement) -> str | None:
    """What a firm without a name is called: its first identifier."""
    for identifier in parts(statement.details, "identifiers"):
        return f"{text_of(identifier, 'scheme') or ''} {text_of(identifier, 'id') or ''}".strip() or None
    return None


def _flag(value: object) -> str | None:
    return None if value is None else str(value)


def _scheme(scheme: str) -> str:
    return "lei" if scheme == "XI-LEI" else scheme


def _personal(scheme: str, value: str) -> tuple[str, str]:
    """Numbers of a natural person are kept under the schemes that are always hashed."""
    return "passport" if scheme.upper().endswith("PASSPORT") else "national_id", f"{scheme}:{value}"
