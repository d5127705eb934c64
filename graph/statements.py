"""The Cypher that reads and writes the parts of a snapshot, made from the dictionary's names alone.

Values are parameters, one list per column: `$column[i]`.
"""

from collections.abc import Sequence

import polars as pl

from .stored import KIND_LABELS, PARTS, TIES, Part

EACH = "UNWIND range(0, size(${first}) - 1) AS i "
# Label and key of what is no part of a snapshot.
SINGLETONS = {"Lock": "name", "Run": "run_id", "Publication": "kind", "Group": "group_key"}


def constraints() -> dict[str, str]:
    """One constraint per label, by its name: without it every statement scans all nodes."""
    keys = {part.label: part.key for part in PARTS.values() if not part.table.link}
    keys |= {label: (key,) for label, key in SINGLETONS.items()}
    return {
        f"{label.lower()}_key": f"CREATE CONSTRAINT {label.lower()}_key IF NOT EXISTS FOR (n:{label}) "
        f"REQUIRE ({', '.join(f'n.{name}' for name in key)}) IS UNIQUE"
        for label, key in keys.items()
    }


def read(part: Part) -> str:
    """All rows of a part, in blocks of `$batch`, one list per column; days as text."""
    if part.table.link:
        ends = {part.table.link.source: "startNode(n).party_id", part.table.link.target: "endNode(n).party_id"}
        match = f"MATCH (:Party)-[n:{part.label}]->(:Party)"
    else:
        ends, match = {}, f"MATCH (n:{part.label})"
    found = {name: ends.get(name) or _value(name, dtype) for name, dtype in part.columns.items()}
    values = [f"[n IN rows | {value}] AS {name}" for name, value in found.items()]
    return (
        f"{match} WITH collect(n) AS every UNWIND range(0, size(every) - 1, $batch) AS start "
        f"WITH every[start..start + $batch] AS rows RETURN {', '.join(values)}"
    )


def _value(name: str, dtype: pl.DataType) -> str:
    if dtype == pl.Date:
        return f"toString(n.{name})"
    if dtype == pl.List(pl.Date):
        return f"[day IN n.{name} | toString(day)]"
    return f"n.{name}"


def create(part: Part, columns: Sequence[str], kind: str | None = None) -> str:
    """New rows; of parties those of one kind, which get its label."""
    if part.table.link:
        return f"{_each(part)}{_ends(part)} MERGE (s)-[n:{part.label}{_pattern(part)}]->(t){_set(part, columns)}"
    labels = f":{part.label}" + (f":{KIND_LABELS[kind]}" if kind in KIND_LABELS else "")
    values = ", ".join(f"{name}: ${name}[i]" for name in columns)
    return f"{_each(part)}CREATE (n{labels} {{{values}}}){_ties(part)}"


def _ties(part: Part) -> str:
    ties = TIES.get(part.name, {})
    matches = "".join(f" MATCH ({name}:Party {{party_id: ${name}[i]}})" for name in ties)
    made = "".join(f" CREATE ({name}){arrow}(n)" for name, arrow in ties.items())
    return f" WITH n, i{matches}{made}" if ties else ""


def change(part: Part, columns: Sequence[str]) -> str:
    """New values of rows that are there; a missing value takes the property away."""
    found = f"{_ends(part)} MATCH (s)-[n:{part.label}{_pattern(part)}]->(t)" if part.table.link else _found(part)
    return f"{_each(part)}{found}{_set(part, columns)}"


def unlabel() -> str:
    """Takes the label of its kind from a party; ArcadeDB moves a node once per transaction, so the new one waits."""
    labels = "".join(f":{label}" for label in KIND_LABELS.values())
    return f"{_each(PARTS['parties'])}{_found(PARTS['parties'])} REMOVE n{labels}"


def relabel(kind: str) -> str:
    """Gives a party the label of its kind."""
    return f"{_each(PARTS['parties'])}{_found(PARTS['parties'])} SET n:{KIND_LABELS[kind]}"


def delete(part: Part) -> str:
    """Rows by key; a node with all its links."""
    if part.table.link:
        return f"{_each(part)}{_ends(part)} MATCH (s)-[n:{part.label}{_pattern(part)}]->(t) DELETE n"
    return f"{_each(part)}{_found(part)} DETACH DELETE n"


def _each(part: Part) -> str:
    return EACH.format(first=part.key[0])


def _found(part: Part) -> str:
    return f"MATCH (n:{part.label}{_pattern(part)})"


def _pattern(part: Part) -> str:
    return " {" + ", ".join(f"{name}: ${name}[i]" for name in part.own_key) + "}" if part.own_key else ""


def _ends(part: Part) -> str:
    link = part.table.link
    assert link is not None
    return f"MATCH (s:Party {{party_id: ${link.source}[i]}}) MATCH (t:Party {{party_id: ${link.target}[i]}})"


def _set(part: Part, columns: Sequence[str]) -> str:
    ends = part.table.party_columns if part.table.link else ()
    values = [f"n.{name} = ${name}[i]" for name in columns if name not in (*part.own_key, *ends)]
    return f" SET {', '.join(values)}" if values else ""
