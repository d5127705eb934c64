"""What the rest of the store sees of a connection: statements that are run, and transactions. No driver in here."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import polars as pl

BATCH_ROWS = 20_000
BATCH_BYTES = 8 << 20  # a server refuses a message that is too long
Row = dict[str, Any]


class Statements(Protocol):
    """Somewhere to run Cypher: a transaction, or a connection that makes one for each statement."""

    def run(self, text: str, /, **parameters: object) -> list[Row]:
        """The statement's records; it has ended when this returns."""


class Connection(Statements, Protocol):
    """A connection to one database, as the one who may write; `server` is `neo4j` or `arcadedb`."""

    server: str

    def together(self, work: Callable[[Statements], Any]) -> Any:
        """Runs `work` in one transaction, again from its start where the server asks for that."""

    def transaction(self) -> AbstractContextManager["Transaction"]:
        """An explicit transaction, rolled back unless it was committed."""


class Transaction(Statements, Protocol):
    """An explicit transaction."""

    def commit(self) -> None:
        """Makes its work stand."""


def batches(frame: pl.DataFrame, most: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
    """At most so many rows at once, in order, and cut further where a message would be too long for a server."""
    for start in range(0, frame.height, most):
        yield from _short(frame.slice(start, most))


def _short(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    if frame.height <= 1 or frame.estimated_size() <= BATCH_BYTES:
        yield frame
    else:
        half = frame.height // 2
        yield from _short(frame.slice(0, half))
        yield from _short(frame.slice(half))


def columns(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, list[Any]]:
    """One list per column, as a statement takes them."""
    return {name: frame[name].to_list() for name in names}
