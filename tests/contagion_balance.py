"""Cases of firms: guarantee calls, and receivables, guarantees and stakes together."""

from functools import partial
from typing import Any

import numpy as np
from relparty.graph.book import Book
from relparty.graph.contagion import full_worth
from relparty.graph.valuations import Floats, Kind, Terms
from scipy import sparse

from .contagion_form import Form, Inputs, matrix, numbers, solved


def _calls(model: str, inputs: Inputs, *, recovers: bool = False) -> dict[str, Any]:
    assets, debt, loss = numbers(inputs, "assets", "debt", "asset_loss")
    backed = matrix(inputs["guarantees"], debt.size) @ sparse.diags_array(debt)
    book = Book(assets - debt, debt, {"claim": sparse.csr_array(backed)})
    terms = Terms(recovery=inputs.get("rho", 0.4) if recovers else 0.0)
    equity, value = (each[:, 0] for each in solved(book, loss[:, None], model, terms))
    calls = [
        [guarantor, borrower, part * debt[borrower] * (1 - value[borrower])]
        for guarantor, borrower, part in inputs["guarantees"]
    ]
    return {"equity": equity, "own_debt_recovery": value, "calls": calls}


def _settled(inputs: Inputs) -> tuple[Floats, Floats]:
    """Equity and the part of debt that is paid, shape (n, 2): before the loss, after it."""
    assets, debt, loss = numbers(inputs, "assets", "debt", "asset_loss")
    receivables, backed, stakes = (
        matrix(inputs.get(key, []), debt.size) for key in ("receivables", "guarantees", "ownership")
    )
    owed = debt + np.asarray(receivables.sum(axis=0))
    base = assets - owed + np.asarray(receivables.sum(axis=1))
    full = full_worth(base, stakes)
    losses: dict[Kind, sparse.csr_array] = {
        "claim": sparse.csr_array(receivables + backed @ sparse.diags_array(debt)),
        "stake": sparse.csr_array(stakes @ sparse.diags_array(full)),
    }
    book = Book(base + stakes @ full, owed, losses, full=full)
    return solved(book, np.column_stack([np.zeros_like(loss), loss]), "en", Terms())


def _as_if_unlimited(inputs: Inputs) -> Floats:
    assets, debt = numbers(inputs, "assets", "debt")
    stakes = matrix(inputs["ownership"], debt.size).toarray()
    return np.asarray(np.linalg.solve(np.eye(debt.size) - stakes, assets - debt))


FORMS = (
    Form(
        ("assets", "debt", "guarantees"),
        ("asset_loss", "rho"),
        {
            "calls_before_own_debt_EN": partial(_calls, "en"),
            "full_call_on_default": partial(_calls, "furfine"),
            "recovery_0p4_on_default": partial(_calls, "furfine", recovers=True),
        },
    ),
    Form(
        ("assets", "debt"),
        ("receivables", "guarantees", "ownership", "asset_loss"),
        {
            "equity0": lambda inputs: _settled(inputs)[0][:, 0],
            "equity": lambda inputs: _settled(inputs)[0][:, 1],
            "debt_recovery": lambda inputs: _settled(inputs)[1][:, 1],
            "E0_own_solve": _as_if_unlimited,
        },
    ),
)
