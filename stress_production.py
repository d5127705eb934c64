"""What closed firms take with them in production: the economic systemic risk index of those that are named."""

import numpy as np
import polars as pl
from scipy import sparse

from .graph.errors import UsageError
from .graph.joint import Ints
from .graph.production import EPS, systemic_risk
from .graph.snapshot import Snapshot
from .graph.supply_network import production_network

ALONE = 20  # firms that are closed one by one; more are closed together alone


def closed(snapshot: Snapshot, fails: Ints) -> tuple[pl.DataFrame, list[str]]:
    """The index of each of some firms closed alone, `party_row`, `esri`, `downstream`, `upstream`, and what to say.

    The three are shares of all output: each firm counted with the larger of its two losses, for want of inputs alone,
    for want of customers alone; a closed firm's own included.

    Args:
        snapshot: the day.
        fails: rows of the parties that are closed; at most ALONE of them are told one by one.

    Raises:
        UsageError: nobody is named.
        DataError: see `supply_network.production_network`.
        NotSettled: see `production.systemic_risk`.
    """
    if not len(fails):
        raise UsageError("stress --model esri: nobody is closed. Name --fails, --sector or --region.")
    network, alone = production_network(snapshot), fails[:ALONE] if len(fails) <= ALONE else fails[:0]
    together = np.zeros((snapshot.parties.height, 1))
    together[fails] = 1
    one = sparse.csc_array((np.ones(len(alone)), (alone, np.arange(len(alone)))), shape=(len(together), len(alone)))
    found = systemic_risk(network, sparse.hstack([one, sparse.csc_array(together)], format="csc"))
    rows = pl.DataFrame(
        {
            "party_row": pl.Series(alone, dtype=pl.UInt32),
            "esri": found.total[:-1],
            "downstream": found.downstream[:-1],
            "upstream": found.upstream[:-1],
        }
    )
    said = f"closed together, {len(fails):,} firms take {found.total[-1]:.4%} of all output with them"
    how = f"for want of inputs {found.downstream[-1]:.4%}, of customers {found.upstream[-1]:.4%}"
    return rows, [f"{said}; {how} (eps {EPS:g})", *([found.note] if found.note else [])]
