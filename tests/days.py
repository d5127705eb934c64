"""Days by hand for stress tests: firms with their accounts, and the links between them."""

import numpy as np
from relparty.graph.assumptions import Assumptions
from relparty.graph.scenarios import Scenario
from relparty.graph.snapshot import Snapshot
from relparty.graph.stress import Stress, stress

from .snapshots import DAY, frame, parties

Row = dict[str, object]
A, B, C, D, E, F = range(6)


def firms(*sheets: Row, **tables: list[Row]) -> Snapshot:
    """Firms A, B, C, … with equity, liabilities, debt as given, and rows of links and exposures."""
    tables = {"accounts": [{"party_row": row, "scope": "solo"} | sheet for row, sheet in enumerate(sheets)], **tables}
    rows = {name: frame(name, [{"source": "bank"} | row for row in given]) for name, given in tables.items()}
    return Snapshot(DAY, parties(*"ABCDEF"[: len(sheets)]), rows)


def owes(equity: float, liabilities: float, debt: float | None = None) -> Row:
    """A balance sheet."""
    return {"equity": equity, "liabilities": liabilities, "debt": debt}


def promise(guarantor: int, debtor: int, contract: str = "G", **more: object) -> Row:
    """A guarantee, joint unless said otherwise."""
    return {"contract_id": contract, "source_row": guarantor, "target_row": debtor, "liability": "joint", **more}


def loan(lender: int, borrower: int, balance: float, **more: object) -> Row:
    """An inter-company loan."""
    return {"contract_id": "L", "source_row": lender, "target_row": borrower, "balance": balance, **more}


def facility(party: int, drawn: float, name: str | None = None, **more: object) -> Row:
    """What the bank has lent."""
    return {"facility_id": name or f"F-{party}", "party_row": party, "kind": "loan", "drawn": drawn, **more}


def after(day: Snapshot, *fails: int, shock: dict[int, float] | None = None, **assumed: object) -> Stress:
    """The end of a scenario."""
    losses = np.zeros(day.parties.height)
    for row, loss in (shock or {}).items():
        losses[row] = loss
    return stress(day, Scenario(fails, losses), Assumptions(**assumed))  # type: ignore[arg-type]
