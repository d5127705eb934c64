"""The law of guarantees: a larger one never lowers the structural distress of anybody but those who share its call."""

from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.assumptions import Assumptions
from relparty.graph.book import Shocks
from relparty.graph.contagion import settle
from relparty.graph.snapshot import Snapshot
from relparty.graph.stress_book import StressBook, stress_book

from .snapshots import DAY, frame, parties

FIRMS = 6
LINES = 8
CONTRACT = ("contract_id", "target_row", "liability")
Row = dict[str, object]


def guaranteed(seed: int) -> tuple[Snapshot, list[Row]]:
    """Firms with accounts, loans, stakes and guarantees, several of them under one contract, some without a cap."""
    dice = np.random.default_rng(seed)
    accounts = [
        {"party_row": row, "scope": "solo", "source": "bank", "equity": 1 + 9 * dice.random(),
         "debt": 2 + 8 * dice.random(), "liabilities": 12.0}
        for row in range(FIRMS)
    ]  # fmt: skip
    pairs = {(int(a), int(b)) for a, b in dice.integers(0, FIRMS, (LINES, 2)) if a != b}
    guarantees: list[Row] = [
        {"contract_id": f"C-{dice.integers(2)}", "source_row": a, "target_row": b, "source": "bank",
         "liability": "several" if dice.random() < 0.25 else "joint",
         "amount": None if dice.random() < 0.2 else 8 * dice.random()}
        for a, b in sorted(pairs)
    ]  # fmt: skip
    loans = [
        {"contract_id": str(number), "source_row": a, "target_row": b, "balance": 4 * dice.random(), "source": "bank"}
        for number, (a, b) in enumerate(dice.integers(0, FIRMS, (4, 2)).tolist())
    ]
    tables = {"accounts": frame("accounts", accounts), "lends_to": frame("lends_to", loans)}
    return Snapshot(DAY, parties(*"ABCDEF"), tables), guarantees


def with_guarantees(snapshot: Snapshot, rows: list[Row]) -> Snapshot:
    return replace(snapshot, tables={**snapshot.tables, "guarantees": frame("guarantees", rows)})


def losses(book: StressBook, terms: Assumptions) -> np.ndarray:
    """What each firm loses if each of them fails by name in turn, shape (n, n)."""
    return settle(book.book, Shocks(np.zeros((FIRMS, FIRMS)), np.eye(FIRMS, dtype=bool)), terms.rules).loss


def dependants(book: StressBook, rows: set[int]) -> set[int]:
    """Some firms and all that can suffer when one of them does."""
    pairs = set(book.edges.select("suffers", "fails").rows())
    if book.book.joint is not None:
        pairs |= set(zip(book.book.joint.guarantor.tolist(), book.book.joint.debtor.tolist(), strict=True))
    while more := {suffers for suffers, fails in pairs if fails in rows} - rows:
        rows = rows | more
    return rows


def larger(row: Row, by: float) -> Row:
    amount = row["amount"]
    return row | {"amount": amount + by if isinstance(amount, float) and by < 9 else None}


@given(st.integers(0, 2**32), st.floats(0.1, 10), st.sampled_from(["en", "rv", "furfine", "debtrank"]), st.floats(0, 1))
@settings(deadline=None, max_examples=50)
def test_a_larger_guarantee_lowers_the_distress_of_co_guarantors_and_their_dependants_at_most(seed, by, model, cover):
    snapshot, rows = guaranteed(seed)
    raised, others = rows[seed % len(rows)], [row for number, row in enumerate(rows) if number != seed % len(rows)]
    terms = Assumptions(model=model, cover=cover)
    before = stress_book(with_guarantees(snapshot, rows), terms)
    after = stress_book(with_guarantees(snapshot, [larger(raised, by), *others]), terms)

    shares = [row for row in others if all(row[key] == raised[key] for key in CONTRACT)]
    touched = dependants(after, {int(str(row["source_row"])) for row in shares}) if shares else set()
    kept = [row for row in range(FIRMS) if row not in touched]

    assert (losses(after, terms)[kept] >= losses(before, terms)[kept] - 1e-9).all()


def test_a_larger_guarantee_relieves_the_other_guarantor():
    """B owes 10. A stands for 4 and C for 10: 4 and 6. If A stands for 10 too: 5 and 5."""
    snapshot, _ = guaranteed(0)
    owing = snapshot.table("accounts").with_columns(debt=pl.lit(10.0), equity=pl.lit(100.0))
    snapshot = replace(snapshot, tables={"accounts": owing})
    line: Row = {"contract_id": "C", "target_row": 1, "source": "bank", "liability": "joint"}

    def if_b_fails(cap: float) -> list[float]:
        rows = [line | {"source_row": 0, "amount": cap}, line | {"source_row": 2, "amount": 10.0}]
        terms = Assumptions(model="furfine")
        found: list[float] = losses(stress_book(with_guarantees(snapshot, rows), terms), terms)[[0, 2], 1].tolist()
        return found

    assert if_b_fails(4.0) == [4, 6]
    assert if_b_fails(10.0) == [5, 5]
