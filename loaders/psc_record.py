"""One line of a PSC snapshot: a record about a company, or the trailer that says when the snapshot was made."""

import re
from dataclasses import dataclass
from typing import Any

from ..graph.errors import DataError
from .json_lines import json_of, part, parts, text_of
from .psc_numbers import is_british, owner_number, uk_number

STATEMENT, EXEMPTIONS = "persons-with-significant-control-statement", "exemptions"
TOTALS = "totals#persons-of-significant-control-snapshot"
_OWNER = re.compile(
    r"(individual|corporate-entity|legal-person|super-secure)-(person-with-significant-control|beneficial-owner)"
)

# What the owner of a record is; a protected person is one whom the register will not name.
KINDS = {
    "individual": "person",
    "corporate-entity": "enterprise",
    "legal-person": "public_body",
    "super-secure": "unknown",
}

# What a company's statement says of its owners; the others only say how its register was kept.
STATEMENTS = {
    "no-individual-or-entity-with-signficant-control": "none",
    "no-individual-or-entity-with-significant-control": "none",
    "psc-exists-but-not-identified": "unknown",
    "psc-details-not-confirmed": "unknown",
    "steps-to-find-psc-not-yet-completed": "unknown",
    "psc-contacted-but-no-response": "unknown",
    "psc-has-failed-to-confirm-changed-details": "unknown",
    "restrictions-notice-issued-to-psc": "unknown",
    "no-beneficial-owner-identified": "unknown",
    "at-least-one-beneficial-owner-unidentified": "unknown",
    "information-not-provided-for-at-least-one-beneficial-owner": "unknown",
    "at-least-one-beneficial-owner-unidentified-and-information-not-provided-for-at-least-one-beneficial-owner":
        "unknown",
    "all-beneficial-owners-identified": None,
    "nobody-has-become-or-ceased-to-be-a-beneficial-owner": None,
    "somebody-has-become-or-ceased-to-be-a-beneficial-owner": None,
    "no-change-beneficial-owner-relevant-period": None,
    "change-beneficial-owner-relevant-period": None,
    "no-trust-involved-relevant-period": None,
    "trust-involved-relevant-period": None,
    "no-change-beneficiary-relevant-period": None,
    "change-beneficiary-relevant-period": None,
}  # fmt: skip


@dataclass(frozen=True)
class Trailer:
    """The snapshot's last line: the day on which it was made, as written, and how many records it holds."""

    made: str | None
    records: int


def parse(line: int, written: bytes) -> Trailer | list[dict[str, Any]]:
    """Reads one line: the rows of a record, one for each period that it dates, or the trailer.

    Raises:
        DataError: no JSON, or no record that is known here; the text says what is wrong.
    """
    raw = json_of(written)
    if not isinstance(raw, dict) or not isinstance(raw.get("data"), dict):
        raise DataError("no record: a JSON object with company_number and data is expected on each line")
    told = part(raw, "data")
    kind = text_of(told, "kind")
    if kind == TOTALS:
        counts = [
            told.get(name) for name in ("persons_of_significant_control_count", "statements_count", "exemptions_count")
        ]
        return Trailer(text_of(told, "generated_at"), sum(count for count in counts if isinstance(count, int)))
    ref = text_of(part(told, "links"), "self")
    company = uk_number(text_of(raw, "company_number") or "")
    if not ref or company is None:
        raise DataError(f"company_number {raw.get('company_number')!r} or links.self {ref!r} is none")
    common = {"line": line, "company": company, "source_ref": ref}
    return [common | row for row in _rows(kind or "", told)]


def _rows(kind: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    if kind == EXEMPTIONS:
        return _exemptions(told)
    dates = {
        "start": text_of(told, "notified_on"),
        "end": text_of(told, "ceased_on"),
        "over": told.get("ceased") is True,
    }
    if kind == STATEMENT:
        return [dates | {"kind": "unknown"} | _stated(text_of(told, "statement") or "")]
    match = _OWNER.fullmatch(kind)
    if not match:
        raise DataError(f"kind {kind!r} is none of the PSC snapshot's")
    return [dates | _owner(match.group(1), told)]


def _owner(sort: str, told: dict[str, Any]) -> dict[str, Any]:
    """Who holds or controls, by which natures of control."""
    natures = told.get("natures_of_control") or []
    if not isinstance(natures, list) or not all(isinstance(nature, str) for nature in natures):
        raise DataError("natures_of_control is no list of texts")
    if not natures and sort != "super-secure":
        raise DataError("natures_of_control is empty: nothing says what this person holds")
    row = {"kind": KINDS[sort], "name": text_of(told, "name"), "natures": natures,
           "status": None if natures else "withheld"}  # fmt: skip
    return row | _identification(part(told, "identification")) if sort in ("corporate-entity", "legal-person") else row


def _identification(said: dict[str, Any]) -> dict[str, Any]:
    country, place = text_of(said, "country_registered"), text_of(said, "place_registered")
    written = text_of(said, "registration_number")
    british = is_british(country, place)
    return {
        "number": owner_number(written, country, place),
        "written": written if not british else None,
        "country": "GB" if british else None,
        "abroad": None if british else country,
        "legal_form": text_of(said, "legal_form"),
    }


def _stated(statement: str) -> dict[str, Any]:
    """What a statement says of the owners that it does not name; one of a partnership says the same."""
    plain = statement.removesuffix("-partnership")
    if plain not in STATEMENTS:
        raise DataError(f"statement {statement!r} is none of the PSC register's")
    return {"status": STATEMENTS[plain]}


def _exemptions(told: dict[str, Any]) -> list[dict[str, Any]]:
    """A period for each exemption from naming owners, such as shares that are traded on a regulated market."""
    sorts = part(told, "exemptions")
    periods = [period for sort in sorts for period in parts(part(sorts, sort), "items")]
    if not periods:
        raise DataError("exemptions: no period")
    return [
        {
            "kind": "unknown",
            "status": "exempt",
            "start": text_of(each, "exempt_from"),
            "end": text_of(each, "exempt_to"),
        }
        for each in periods
    ]
