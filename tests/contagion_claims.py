"""Cases of interbank claims, one block a model, and of distress that is passed on once."""

from collections.abc import Callable
from typing import Any

import numpy as np
from relparty.graph.book import Book
from relparty.graph.gain import loop_gain
from relparty.graph.single_hit import SingleHit, single_hit
from relparty.graph.valuations import Floats, Terms
from scipy import sparse

from .contagion_form import Form, Inputs, matrix, numbers, solved

Block = dict[str, Any]


class Bank:
    """The banks of one case."""

    def __init__(self, inputs: Inputs) -> None:
        self.assets, outside_debt, loss = numbers(inputs, "ext_assets", "ext_liab", "ext_asset_loss")
        self.loss = loss[:, None]
        self.claims = matrix(inputs["edges"], self.assets.size)
        self.between = np.asarray(self.claims.sum(axis=0))
        self.owed = outside_debt + self.between
        self.equity = self.assets + np.asarray(self.claims.sum(axis=1)) - self.owed

    @property
    def impact(self) -> sparse.csr_array:
        """[i, j] what i loses of its equity when j fails."""
        return sparse.csr_array(sparse.diags_array(1 / self.equity) @ self.claims)

    def block(self, model: str, terms: Terms, junior: Floats | None = None) -> Block:
        """Every number of a block; `junior` is what ranks last, none: all debt ranks equally."""
        book = Book(self.equity, self.owed, {"claim": self.claims}, self.assets, junior=junior)
        equity, value = (each[:, 0] for each in solved(book, self.loss, model, terms))
        gone = 1 - np.divide(equity, self.equity, out=np.full_like(equity, np.nan), where=self.equity != 0)
        return {
            "equity": equity, "claim_value_factor": value, "defaulted": equity < 0, "payment": self.owed * value,
            "h_uncapped": gone, "h": np.minimum(gone, 1.0),
        }  # fmt: skip


def _clearing(inputs: Inputs) -> Block:
    return Bank(inputs).block("en", Terms())


def _clearing_outside_first(inputs: Inputs) -> Block:
    bank = Bank(inputs)
    return bank.block("en", Terms(), bank.between)


def _costly_clearing(inputs: Inputs) -> Block:
    given = {name: inputs[name] for name in ("alpha", "beta")}
    return Bank(inputs).block("rv", Terms(**given)) | given


def _ex_ante(model: str) -> Callable[[Inputs], Block]:
    def answer(inputs: Inputs) -> Block:
        terms = Terms(recovery=inputs["rho"], volatility=np.array(inputs["sigma"], np.float64))
        return Bank(inputs).block(model, terms)

    return answer


def _once(inputs: Inputs) -> Block:
    bank = Bank(inputs)
    found = single_hit(bank.impact, bank.loss / bank.equity[:, None], capped=False)
    return {"h_uncapped": found.distress[:, 0]}


def _each_once(inputs: Inputs) -> Block:
    bank = Bank(inputs)
    size, weight = bank.equity.size, bank.equity / bank.equity.sum()
    first = np.eye(size)[:, :50]
    book = Book(bank.equity, bank.owed, {"claim": bank.claims})
    left, _value = solved(book, first * bank.equity[:, None], "debtrank", Terms())
    gone = np.minimum(1 - left / bank.equity[:, None], 1.0)
    return {
        "DR": single_hit(bank.impact, np.eye(size)).debtrank(weight),
        "value_weights": weight,
        "linear_debtrank_first50": weight @ (gone - first),
    }


def _hits(inputs: Inputs) -> SingleHit:
    """Each firm in turn at 1; an edge names who fails first, a matrix who suffers."""
    size = len(inputs["weights"])
    return single_hit(matrix(inputs["edges"], size).T.tocsr(), np.eye(size))


FORMS = (
    Form(
        ("ext_assets", "ext_liab", "edges"),
        ("ext_asset_loss", "alpha", "beta", "sigma", "rho"),
        {
            "eisenberg_noe_pari_passu": _clearing,
            "eisenberg_noe_external_senior": _clearing_outside_first,
            "rogers_veraart_pari_passu": _costly_clearing,
            "furfine_zero_recovery": lambda inputs: Bank(inputs).block("furfine", Terms()),
            "furfine_recovery_0.4": lambda inputs: Bank(inputs).block("furfine", Terms(recovery=0.4)),
            "linear_debtrank": lambda inputs: Bank(inputs).block("debtrank", Terms()),
            "neva_exante_merton_gbm": _ex_ante("merton"),
            "neva_exante_blackcox_gbm": _ex_ante("black_cox"),
            "debtrank_2012_single_hit": _once,
            "debtrank_2012_all_single_name": _each_once,
            "spectral_radius_interbank_leverage": lambda inputs: {"value": loop_gain(Bank(inputs).impact)},
        },
    ),
    Form(
        ("edges", "weights"),
        (),
        {
            "h_rows_by_first_default": lambda inputs: _hits(inputs).distress.T,
            "debtrank": lambda inputs: _hits(inputs).debtrank(np.array(inputs["weights"], np.float64)),
        },
    ),
)
