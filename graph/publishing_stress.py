"""Publishes what a stress test found: one row a party, as properties that begin with the kind of its run."""

import polars as pl

from .bolt import Connection, Statements
from .lease import Lease
from .publishing import bring_into_force, check_memory, is_present
from .publishing_rows import assigned, each, set_rows
from .results import Run
from .schema import STRESS_RESULTS
from .writing import Progress


def published(kind: str) -> list[str]:
    """The fields that a run of a kind, stress or scenario, gives for a party; its day and id come on top."""
    names = [spec.name for spec in STRESS_RESULTS if spec.name.startswith(f"{kind}_")]
    return [name for name in names if not name.endswith(("_as_of", "_run_id"))]


def publish_stress(connection: Connection, lease: Lease, run: Run, rows: pl.DataFrame, progress: Progress) -> bool:
    """Brings a stress test into force, whole or not at all; one for an earlier day leaves only its node.

    Parties that are not among its rows lose what the run before left on them.

    Args:
        connection: to the store.
        lease: held on it.
        run: of kind stress or scenario.
        rows: `party_id` and the fields of `published(run.kind)`.
        progress: told how many rows are done.

    Returns:
        whether it is now in force.

    Raises:
        DataError: the run is for a later day than the store shows, or a row names a party that is not there.
        StoreError: the store has too little memory for one transaction, or another writer took the lease.
    """
    if not is_present(connection, lease, run):
        return False
    names = published(run.kind)
    check_memory(connection, rows.height, len(names) + 2)
    forget = ", ".join(f"p.{name}" for name in (*names, f"{run.kind}_as_of", f"{run.kind}_run_id"))
    text = f"{each('party_id')} MATCH (p:Party {{party_id: $party_id[i]}}) SET {assigned('p', names, run.kind)} "

    def write(transaction: Statements) -> dict[str, object]:
        transaction.run(f"MATCH (p:Party) WHERE p.{run.kind}_run_id IS NOT NULL REMOVE {forget}")
        step = (run.kind, f"{text} RETURN count(p) AS met", rows.select("party_id", *names))
        for done in set_rows(transaction, step, run):
            lease.renew(connection)  # outside the transaction: nobody else sees what that does
            progress("publishing", done, rows.height)
        return {"links": 0}

    bring_into_force(connection, lease, run, write)
    return True
