"""Beneficial Ownership Data Standard 0.4, JSON lines: who owns and controls whom, as public registers publish it.

Each line is a version of a record. It is known from its statementDate, its end from the later of that day and the end.
docs/formats.md says what each kind of statement becomes.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from ..graph.errors import DataError
from ..graph.schema import TABLES
from .accept import assemble
from .bods_parties import ending, identifier_rows, party_row, unnamed
from .bods_records import said_once, with_lots
from .bods_relations import relation_rows
from .bods_shares import ends_given_twice
from .bods_statement import Statement, parse
from .bods_versions import lines_seen, updates_after_closing, versions
from .json_lines import Lines, lines_of
from .reading import Reading

SOURCE = "bods"
Rows = dict[str, list[dict[str, Any]]]
Reasons = dict[int, str]
Made = TypeVar("Made")

_TABLES = ("parties", "identifiers", "owns", "controls", "holds_role", "related_to")
_MADE_LATER = ("recorded_on", "retracted", "source", "lot")
_EXTRA = {"line": pl.Int64(), "record": pl.String(), "closed": pl.Boolean(), "stated": pl.String()}
_FLAGS = ("low_included", "high_included", "votes_low_included", "votes_high_included", "direct")
_TYPED = dict.fromkeys(_FLAGS, pl.Boolean())


def read(path: Path, recorded_on: date | None = None) -> Reading:
    """Reads a file of BODS statements, one a line.

    Args:
        path: the file.
        recorded_on: the day on which statements without a date of their own were learned of.

    Raises:
        UsageError: no such file.
        DataError: the file is empty, or one JSON array.
    """
    lines = lines_of(path)
    rejected: Reasons = {}
    tried = (_tried(partial(parse, line, text), line, rejected) for line, text in lines.items())
    statements = [statement for statement in tried if statement]
    frames = _frames(_rows(statements, rejected))
    late = updates_after_closing(lines_seen(frames))
    rejected |= dict(late.iter_rows())
    kept = {name: frame.join(late, on="line", how="anti", maintain_order="left") for name, frame in frames.items()}
    return assemble(str(path), len(lines), _raw(kept), source=SOURCE, recorded_on=recorded_on,
                    rejected=_rejected(rejected, lines), notes=_notes(statements))  # fmt: skip


def _tried(make: Callable[[], Made], line: int, rejected: Reasons) -> Made | None:
    """What is made of a line, or nothing and the reason."""
    try:
        return make()
    except DataError as error:
        rejected.setdefault(line, str(error))
        return None


def _rows(statements: list[Statement], rejected: Reasons) -> Rows:
    """The rows of all statements, by table."""
    rows: Rows = {name: [] for name in _TABLES}
    about = [statement for statement in statements if statement.type != "relationship"]
    said = {each.line: _tried(partial(unnamed, each), each.line, rejected) for each in about}
    latest = sorted(about, key=lambda each: (each.stated or "", each.line))
    hidden = {each.record: said[each.line] for each in latest}
    for statement in statements:
        made = _tried(partial(_rows_of, statement, hidden), statement.line, rejected)
        for name, more in (made or {}).items():
            rows[name] += more
    return rows


def _rows_of(statement: Statement, hidden: Mapping[str, str | None]) -> Rows:
    if statement.type == "relationship":
        return relation_rows(statement, hidden)
    return {"parties": [party_row(statement)], "identifiers": identifier_rows(statement)}


def _frames(rows: Rows) -> dict[str, pl.DataFrame]:
    """Text columns of the dictionary, beside them what tells the versions of a record apart."""
    frames = {}
    for name, listed in rows.items():
        columns = [column for column in TABLES[name].columns if column not in _MADE_LATER]
        more = {"strand": pl.Int64()} if name == "owns" else {}
        schema = _EXTRA | more | {column: _TYPED.get(column, pl.String()) for column in columns}
        frames[name] = pl.DataFrame(listed, schema=schema)
    return frames


def _raw(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The rows of every version, known when it was."""
    raw, seen = {}, lines_seen(frames)
    for name, frame in frames.items():
        key = TABLES[name].key
        placed = with_lots(frame) if name == "owns" else said_once(frame, key)
        if frame.height:
            raw[name] = versions(placed, key, seen, never_was=name == "identifiers")
    return raw


def _rejected(reasons: Reasons, lines: Lines) -> pl.DataFrame:
    rows = [(line, reason, lines[line].decode("utf-8", "replace")) for line, reason in reasons.items()]
    return pl.DataFrame(rows, schema={"line": pl.Int64, "reason": pl.String, "as_written": pl.String}, orient="row")


def _notes(statements: list[Statement]) -> list[str]:
    """What stands out: bands with an end given twice, parties whose record was closed without an end."""
    twice = [each.line for each in statements if each.type == "relationship" and _twice(each)]
    endless = [each.line for each in statements if each.closed and each.type != "relationship" and not ending(each)]
    said = []
    if twice:
        shown = ", ".join(map(str, twice[:3]))
        said.append(
            f"owns: {len(twice)} bands give an end as included and as excluded, read as excluded: lines {shown}"
        )
    if endless:
        said.append(f"parties: {len(endless)} records closed without a dissolution or death: the party stays")
    return said


def _twice(statement: Statement) -> bool:
    interests = statement.details.get("interests")
    return isinstance(interests, list) and any(isinstance(each, dict) and ends_given_twice(each) for each in interests)
