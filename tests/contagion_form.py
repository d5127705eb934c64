"""What the forms of contagion cases share: links as a matrix, and a book settled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from relparty.graph.book import Book, Limits, Rules, Shocks
from relparty.graph.contagion import missing, settle
from relparty.graph.valuations import MODELS, Floats, Terms
from scipy import sparse

Inputs: TypeAlias = Mapping[str, Any]
FINE = Limits(tolerance=1e-13)


@dataclass(frozen=True)
class Form:
    """A family of cases: the inputs that tell it (`marks`), those it may have besides, and its keys from the inputs."""

    marks: Sequence[str]
    others: Sequence[str]
    keys: Mapping[str, Callable[[Inputs], Any]]


def matrix(links: Sequence[Sequence[float]], size: int) -> sparse.csr_array:
    """[row, column, amount] as a matrix; lines of one pair add up."""
    if not links:
        return sparse.csr_array((size, size))
    rows, columns, amounts = np.array(links, np.float64).T
    return sparse.csr_array((amounts, (rows.astype(int), columns.astype(int))), shape=(size, size))


def numbers(inputs: Inputs, *keys: str) -> list[Floats]:
    """Several inputs, a number for each firm."""
    return [np.array(inputs[key], np.float64) for key in keys]


def solved(book: Book, loss: Floats, model: str, terms: Terms) -> tuple[Floats, Floats]:
    """Equity after the loss and the part of its debt that each party pays, each of the shape of `loss`, (n, k)."""
    rules, shocks = Rules(MODELS[model], terms, FINE), Shocks(loss)
    end = settle(book, shocks, rules)
    return book.equity[:, None] - end.loss, 1 - missing(book, shocks, rules, end.loss)["claim"]
