"""Publishes an assessment whole: groups as nodes, memberships as relationships, exposures on the firms."""

import polars as pl

from .assessment import MEMBERSHIPS, USES, Assessment
from .bolt import Connection, Statements, batches, columns
from .errors import DataError
from .lease import Lease
from .publishing import bring_into_force, is_present
from .results import Run
from .writing import Progress

_ON_A_PARTY = (*USES, "group_run_id", "group_as_of")
_FORGET = (
    "MATCH (g:Group) DETACH DELETE g",
    f"MATCH (p:Party) WHERE p.group_run_id IS NOT NULL REMOVE {', '.join(f'p.{name}' for name in _ON_A_PARTY)}",
)


def publish_groups(connection: Connection, lease: Lease, run: Run, assessment: Assessment, progress: Progress) -> bool:
    """Brings an assessment into force, whole or not at all; one for an earlier day leaves only its node.

    Returns:
        whether it is now in force.

    Raises:
        DataError: the run is for a later day than the store shows, or names a party that is not there.
    """
    if not is_present(connection, lease, run):
        return False

    def write(transaction: Statements) -> dict[str, object]:
        for text in _FORGET:
            transaction.run(text)
        for what, text, rows in _steps(assessment):
            _write_step(transaction, (what, text, rows), run)
            lease.renew(connection)  # outside the transaction: nobody else sees what that does
            progress(what, rows.height, rows.height)
        return {"links": assessment.members.height}

    bring_into_force(connection, lease, run, write)
    return True


def _steps(assessment: Assessment) -> list[tuple[str, str, pl.DataFrame]]:
    """Groups, their members, and the exposure to each party: what, the statement, its rows."""
    regime = pl.lit(assessment.regime).alias("group_regime")
    key = pl.concat_str("group_set", pl.lit("|"), "group_id").alias("group_key")
    groups = assessment.groups.select(key, regime, pl.all())
    members = assessment.members.select(key, pl.col(MEMBERSHIPS[2:])).with_columns(
        # a list of lists is no parameter that both servers store: the links of a membership become one text each
        group_reasons=pl.col("group_reasons").list.join("\n")
    )
    node = f"{_each('group_key')} CREATE (n:Group) SET {_set('n', groups)} RETURN count(n) AS met"
    party = f"{_each('party_id')} MATCH (n:Party {{party_id: $party_id[i]}}) "
    party += f"SET {_set('n', assessment.parties.drop('party_id'))} RETURN count(n) AS met"
    return [("groups", node, groups), ("members", _MEMBER, members), ("exposures", party, assessment.parties)]


def _write_step(transaction: Statements, step: tuple[str, str, pl.DataFrame], run: Run) -> None:
    what, text, rows = step
    for batch in batches(rows):
        values = columns(batch, batch.columns)
        met = transaction.run(text, **values, run_id=run.run_id, as_of=run.as_of)[0]["met"]
        if met != batch.height:
            raise DataError(f"{what}: {batch.height - met} rows of {run.run_id} meet nothing in the store.")


def _each(column: str) -> str:
    return f"UNWIND range(0, size(${column}) - 1) AS i"


def _set(node: str, rows: pl.DataFrame) -> str:
    return ", ".join(
        [
            *(f"{node}.{name} = ${name}[i]" for name in rows.columns),
            f"{node}.group_run_id = $run_id",
            f"{node}.group_as_of = $as_of",
        ]
    )


_MEMBER = """
UNWIND range(0, size($group_key) - 1) AS i
MATCH (p:Party {party_id: $party_id[i]}) MATCH (g:Group {group_key: $group_key[i]})
CREATE (p)-[m:MEMBER_OF {group_role: $group_role[i], group_run_id: $run_id}]->(g)
SET m.group_reasons = split($group_reasons[i], '\\n') RETURN count(m) AS met
"""
