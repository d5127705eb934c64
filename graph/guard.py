"""What an analyst's query may do: read the graph and nothing else, and never see two runs at once."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from .errors import StoreError, UsageError

T = TypeVar("T")
PROCEDURES = frozenset({
    "db.labels", "db.relationshipTypes", "db.propertyKeys", "db.schema.visualization",
    "db.schema.nodeTypeProperties", "db.schema.relTypeProperties", "db.index.fulltext.queryNodes",
})  # fmt: skip
SHOWS = frozenset({"ShowConstraints", "ShowIndexes", "ShowFunctions", "ShowProcedures"})
PATIENCE_SECONDS, ASK_AGAIN_SECONDS = 30.0, 0.05
PUBLICATIONS = """
OPTIONAL MATCH (p:Publication) WITH p ORDER BY p.kind
RETURN collect([p.kind, p.run_id]) AS in_force, collect(p.publishing) AS publishing
"""


def check_plan(plan: Mapping[str, Any] | None, query_type: str | None) -> None:
    """Refuses a query by what Neo4j says that it would do (READ mode still reads files, and stops transactions).

    Args:
        plan: of EXPLAIN, as the driver gives it.
        query_type: `r` for one that only reads.

    Raises:
        UsageError: it does more than read the graph; names what.
    """
    if query_type != "r":
        raise UsageError("Refused: the query writes, or administers the server. Queries here can only read.")
    for name, details in _operators(plan or {}):
        procedure = details.split("(")[0].strip()
        if name == "LoadCSV":
            raise UsageError("Refused: LOAD CSV reads a file or an address. Queries here can only read the graph.")
        if name == "ProcedureCall" and procedure not in PROCEDURES:
            raise UsageError(f"Refused: procedure {procedure} is not on the list of those that only read the graph.")
        if name.startswith("Terminate") or (name.startswith("Show") and name not in SHOWS) or "apoc.cypher." in details:
            raise UsageError(f"Refused: {name} does more than read the graph.")


def _operators(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield str(plan.get("operatorType", "")).split("@")[0], str(plan.get("args", {}).get("Details", ""))
    for child in plan.get("children", ()):
        yield from _operators(child)


def undivided(marks: Callable[[], Mapping[str, Any]], work: Callable[[], T], patience: float = PATIENCE_SECONDS) -> T:
    """What `work` gives when no run was being published before, while or after it ran; asked again until then.

    Raises:
        StoreError: a run was being published for longer than `patience` seconds.
    """
    deadline = time.monotonic() + patience
    while True:
        before = marks()
        if not before["publishing"]:
            answer = work()
            if marks() == before:
                return answer
        if time.monotonic() > deadline:
            raise StoreError(
                f"A run has been in publication for over {patience:g} s. If that job was killed, publish the run again."
            )
        time.sleep(ASK_AGAIN_SECONDS)
