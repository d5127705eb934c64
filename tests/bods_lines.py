"""BODS statements as tests write them, and what the register makes of them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from relparty.graph.register import Register
from relparty.graph.snapshot import Snapshot
from relparty.loaders import bods
from relparty.loaders.intake import Intake, take_in

DAY = "2024-01-15"
Written = dict[str, Any]


def firm(record: str, stated: str = DAY, status: str = "new", **details: Any) -> Written:
    """An entity statement about a registered firm, unless `entityType` says otherwise."""
    kind = {"entityType": {"type": "registeredEntity"}, "name": f"{record} Ltd"}
    return _statement("entity", record, stated, status, kind | details)


def person(record: str, stated: str = DAY, status: str = "new", **details: Any) -> Written:
    """A person statement about a known person, unless `personType` says otherwise."""
    kind = {"personType": "knownPerson", "names": [{"type": "legal", "fullName": f"Person {record}"}]}
    return _statement("person", record, stated, status, kind | details)


def tie(record: str, owner: object, subject: object, *interests: Written, **when: str) -> Written:
    """A relationship statement; `stated` and `status` where they are not the usual ones."""
    details = {"subject": subject, "interestedParty": owner, "interests": list(interests)}
    return _statement("relationship", record, when.get("stated", DAY), when.get("status", "new"), details)


def interest(kind: str, start: str | None = None, end: str | None = None, **more: object) -> Written:
    """One interest of a relationship."""
    dates = {"startDate": start, "endDate": end}
    return {"type": kind} | {name: day for name, day in dates.items() if day} | more


def share(percent: float, start: str | None = None, end: str | None = None, **more: object) -> Written:
    """An exact direct shareholding."""
    return interest("shareholding", start, end, share={"exact": percent}, **more)


def _statement(kind: str, record: str, stated: str, status: str, details: Written) -> Written:
    return {"recordId": record, "recordType": kind, "recordStatus": status, "statementDate": stated,
            "recordDetails": details}  # fmt: skip


def load(folder: Path, *statements: Written | str) -> Intake:
    """Writes statements, one a line, and loads them into an empty register."""
    path = folder / "bods.jsonl"
    lines = [each if isinstance(each, str) else json.dumps(each) for each in statements]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return take_in(Register.empty(), [bods.read(path)])


def reasons(intake: Intake) -> dict[int, str]:
    """Why each quarantined line waits there."""
    return {
        line: reason for frame in intake.rejected.values() for line, reason in frame.select("line", "reason").rows()
    }


def seen(intake: Intake, day: str) -> Snapshot:
    """What a day shows."""
    return intake.register.as_of(date.fromisoformat(day))


def links(snapshot: Snapshot, table: str = "owns") -> pl.DataFrame:
    """A link table with the ids of its two ends as `a` and `b`."""
    ids = snapshot.parties["party_id"]
    frame = snapshot.table(table)
    return frame.with_columns(a=ids.gather(frame["source_row"]), b=ids.gather(frame["target_row"]))


def pairs(snapshot: Snapshot, table: str = "owns") -> list[tuple[str, str]]:
    """Who is tied to whom, without the scheme of their ids."""
    return [
        (a.removeprefix("bods:"), b.removeprefix("bods:")) for a, b in links(snapshot, table).select("a", "b").rows()
    ]
