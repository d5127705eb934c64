"""The harms of a day as the contagion kernel reads them: sums of pairs, and contracts where a sum won't do."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import coo_array, csr_array

from .assumptions import Assumptions
from .joint import JointCalls
from .valuations import Kind

KINDS: dict[str, Kind] = {
    "guarantee_call": "claim",
    "receivable_loss": "claim",
    "loan_loss": "claim",
    "equity_loss": "stake",
    "supply_break": "event",
    "support_loss": "event",
    "cover_loss": "event",
}
OF_DEBT = "guarantee_call"  # the channel that stands for what is owed to the bank
ASSETS = ("receivable_loss", "loan_loss", "equity_loss")  # a call is a claim on its payer, but nothing that it holds
CONTRACTS = {
    "fails": pl.UInt32(),
    "suffers": pl.UInt32(),
    "channel": pl.String(),
    "table": pl.String(),
    "link_row": pl.UInt32(),
    "contract": pl.Int64(),
    "cap": pl.Float64(),
    "whole": pl.Float64(),
    "booked": pl.Float64(),
}


def priced(edges: pl.DataFrame, joint: pl.DataFrame, assumptions: Assumptions) -> pl.DataFrame:
    """The edges with a known loss, with `kind` and `money`; without calls that co-guarantors share.

    Args:
        edges: columns of channels.EDGES.
        joint: the guarantees whose call is shared, with `link_row`.
        assumptions: of the stress.
    """
    shared = (pl.col("channel") == "guarantee_call") & pl.col("link_row").is_in(joint["link_row"].implode())
    first: dict[str, Kind] = {OF_DEBT: "debt"} if assumptions.terms.seniority == "external_senior" else {}
    kind = pl.col("channel").replace_strict(KINDS | first, return_dtype=pl.String)
    known = edges.filter(~shared).with_columns(kind=kind, money=pl.col("loss") * assumptions.severity())
    return known.filter(pl.col("money") > 0)


def matrices(edges: pl.DataFrame, parties: int) -> dict[Kind, csr_array]:
    """The losses of each kind, [suffers, fails], money; losses of one pair add up."""
    kinds: Sequence[Kind] = ("claim", "debt", "stake", "event")
    found = {}
    for kind in kinds:
        mine = edges.filter(pl.col("kind") == kind)
        if mine.height:
            ends = (mine["suffers"].to_numpy().astype(np.int64), mine["fails"].to_numpy().astype(np.int64))
            found[kind] = csr_array(coo_array((mine["money"].to_numpy(), ends), shape=(parties, parties)))
    return found


def contracts(calls: pl.DataFrame, inside: pl.DataFrame, provided: pl.DataFrame) -> pl.DataFrame:
    """Promises that are lost one by one, less what is booked of each: columns of CONTRACTS.

    Those of several joint guarantors; what consolidated accounts hold already is booked without end. And every other
    promise of which a part is provided for: the provision bears the first of what is missing, in every channel alike.

    Args:
        calls: of joint guarantors, as `calls.guarantee_calls` gives them, with `fails` and `suffers`.
        inside: `suffers`, `fails`: whose accounts include whom.
        provided: edges, as `priced` gives them, of which a part is booked.
    """
    known = calls.filter(pl.col("whole").is_not_null())
    marked = known.join(inside.with_columns(within=True), on=["suffers", "fails"], how="left")
    booked = pl.when(pl.col("within")).then(pl.lit(float("inf"))).otherwise(pl.col("provision").fill_null(0.0))
    cap = pl.min_horizontal(pl.col("amount").fill_null(float("inf")), "whole")
    joint = marked.with_columns(
        booked=booked, cap=cap, channel=pl.lit("guarantee_call"), table=pl.lit("guarantees")
    ).sort("contract", "cap", "link_row")
    alone = provided.with_columns(
        contract=pl.int_range(pl.len()), cap=pl.lit(float("inf")), whole=pl.col("money") + pl.col("booked")
    )
    shared = joint.with_columns(contract=pl.col("contract").rank("dense").cast(pl.Int64) - 1 + alone.height)
    return pl.concat([part.select(*CONTRACTS).cast(CONTRACTS) for part in (alone, shared)])  # type: ignore[arg-type]


def joint_calls(rows: pl.DataFrame) -> JointCalls | None:
    """Columns of CONTRACTS as the kernel reads them; none where there are none."""
    if not rows.height:
        return None
    contract, debtor, guarantor = (rows[name].to_numpy().astype(np.int64) for name in ("contract", "fails", "suffers"))
    cap, whole, booked = (rows[name].to_numpy() for name in ("cap", "whole", "booked"))
    return JointCalls(contract, debtor, guarantor, cap, whole, booked, (rows["channel"] == OF_DEBT).to_numpy())
