"""What failures cost the bank: exposure less collateral, less calls that guarantors really pay, less what is booked."""

import numpy as np
import polars as pl

from .joint import Ints, JointCalls, parts
from .stress_book import Lent
from .valuations import Flags, Floats


def bank_loss(lent: Lent, rows: Ints, missing: Floats, paid: Floats) -> Floats:
    """Money that the bank newly loses on parties that failed; shape of `rows`.

    A guarantee counts once, for all that its debtor owes the bank together.

    Args:
        lent: by the bank, to every party.
        rows: who failed.
        missing: the part of its debt that each doesn't pay, a fraction.
        paid: money that its guarantors pay.
    """
    unpaid = (lent.exposure - lent.collateral)[rows] * missing
    return np.asarray(np.maximum(unpaid - paid - lent.provision[rows], 0.0))


def paid_by_guarantors(calls: pl.DataFrame, missing: Floats, stands: Flags) -> Floats:
    """What guarantors that stand pay on each debtor's behalf, joint ones left out. Money, shape (n,).

    Args:
        calls: `fails`, `suffers`, `call`.
        missing: (n,) the part of its debt that each party doesn't pay.
        stands: (n,) who has not failed.
    """
    fails, suffers = (calls[end].to_numpy().astype(np.int64) for end in ("fails", "suffers"))
    call = calls["call"].to_numpy() * missing[fails] * stands[suffers]
    return np.asarray(np.bincount(fails, call, len(missing)), np.float64)


def joint_calls(joint: JointCalls, missing: Floats, stands: Flags) -> Floats:
    """What each joint guarantor is called for, money, in the order of `joint`; those that failed don't pay it."""
    every = np.arange(len(joint.contract))
    return parts(joint, every, missing[joint.debtor][:, None], stands[joint.guarantor][:, None])[:, 0]
