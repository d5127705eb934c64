"""One line of a BODS file: a statement, which is a version of a record."""

import re
from dataclasses import dataclass
from typing import Any

from ..graph.errors import DataError
from .json_lines import json_of, part

RECORD_TYPES = ("entity", "person", "relationship")
STATUSES = ("new", "updated", "closed")

# Records that their publisher names after a register's number are that party under any source; all others are
# known by the publisher's record alone. The id depends on nothing but the record's, so that the order of lines and
# files changes nothing, and identifiers that come later join parties instead of renaming them.
_NUMBERED = ((re.compile(r"XI-LEI-([0-9A-Z]{18}[0-9]{2})"), "lei:"), (re.compile(r"GB-COH-([0-9A-Z]{8})"), "GB-COH:"))


@dataclass(frozen=True)
class Statement:
    """What one line says.

    Attributes:
        line: its line in the file.
        record: the record of which it is a version.
        type: entity, person or relationship.
        closed: whether it closes the record.
        stated: the day on which it was stated, as written; the publisher's day where it doesn't say.
        details: what it says, numbers with a point as decimals.
    """

    line: int
    record: str
    type: str
    closed: bool
    stated: str | None
    details: dict[str, Any]


def parse(line: int, written: bytes) -> Statement:
    """Reads one line.

    Raises:
        DataError: no JSON, or no BODS 0.4 statement; the text says what is wrong.
    """
    raw = json_of(written)
    if not isinstance(raw, dict):
        raise DataError("no statement: a JSON object is expected on each line")
    record_type, record, status = raw.get("recordType"), raw.get("recordId"), raw.get("recordStatus")
    if record_type not in RECORD_TYPES:
        raise DataError(f"recordType {record_type!r} is none of {', '.join(RECORD_TYPES)}; BODS 0.4 is read")
    if not isinstance(record, str) or not record.strip():
        raise DataError(f"recordId {record!r} is no text")
    if status not in STATUSES:
        raise DataError(f"recordStatus {status!r} is none of {', '.join(STATUSES)}")
    stated = raw.get("statementDate") or part(raw, "publicationDetails").get("publicationDate")
    stated = day(stated, "statementDate")
    return Statement(line, record.strip(), record_type, status == "closed", stated, part(raw, "recordDetails"))


def party_of(record: str) -> str:
    """The id of the party that a record describes."""
    for pattern, scheme in _NUMBERED:
        if match := pattern.fullmatch(record):
            return scheme + match.group(1)
    return f"bods:{record}"


def day(value: object, name: str) -> str | None:
    """A date as written, empty for none; whether it is a day is decided with all other cells.

    Raises:
        DataError: it is no text.
    """
    if value is not None and not isinstance(value, str):
        raise DataError(f"{name} {value!r} is no date")
    return value or None
