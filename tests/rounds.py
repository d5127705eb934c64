"""One plain round of contagion, beside the kernel's own: no hastening, no memory."""

import numpy as np
from relparty.graph.contagion import missing
from relparty.graph.joint import parts


def once_more(book, shocks, rules, loss):
    """All losses that follow from losses: shock + sum of W · missing + what joint guarantors are called for."""
    broken = missing(book, shocks, rules, loss)
    total = shocks.loss + sum(book.losses[kind] @ broken[kind] for kind in book.losses)
    if book.joint is not None:
        fragile = np.zeros(book.parties, bool) if book.fragile is None else book.fragile
        stands = (book.equity[:, None] > loss) & ~shocks.broken & ~(fragile[:, None] & (loss > 0))
        rows = np.arange(len(book.joint.debtor))
        called = parts(book.joint, rows, book.joint.unpaid(rows, broken), stands[book.joint.guarantor])
        np.add.at(total, book.joint.guarantor, np.maximum(called - book.joint.booked[:, None], 0))
    return total
