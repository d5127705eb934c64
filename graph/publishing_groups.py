"""Publishes an assessment whole: groups as nodes, memberships as relationships, exposures on the firms."""

import polars as pl

from .assessment import MEMBERSHIPS, USES, Assessment
from .bolt import Connection, Statements
from .lease import Lease
from .publishing import bring_into_force, is_present
from .publishing_rows import assigned, each, set_rows
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
            for done in set_rows(transaction, (what, text, rows), run):
                lease.renew(connection)  # outside the transaction: nobody else sees what that does
                progress(what, done, rows.height)
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
    node = f"{each('group_key')} CREATE (n:Group) SET {assigned('n', groups.columns, 'group')} RETURN count(n) AS met"
    party = f"{each('party_id')} MATCH (n:Party {{party_id: $party_id[i]}}) "
    party += f"SET {assigned('n', USES, 'group')} RETURN count(n) AS met"
    return [("groups", node, groups), ("members", _MEMBER, members), ("exposures", party, assessment.parties)]


_MEMBER = """
UNWIND range(0, size($group_key) - 1) AS i
MATCH (p:Party {party_id: $party_id[i]}) MATCH (g:Group {group_key: $group_key[i]})
CREATE (p)-[m:MEMBER_OF {group_role: $group_role[i], group_run_id: $run_id}]->(g)
SET m.group_reasons = split($group_reasons[i], '\\n') RETURN count(m) AS met
"""
