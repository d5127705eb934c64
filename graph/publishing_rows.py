"""What publishers share: rows set on what they name in the store, each of them met, each with its run."""

from collections.abc import Iterator, Sequence

import polars as pl

from .bolt import Statements, batches, columns
from .errors import DataError
from .results import Run


def each(column: str) -> str:
    """The Cypher that goes through rows: one list per column, `i` the row's number."""
    return f"UNWIND range(0, size(${column}) - 1) AS i"


def assigned(variable: str, names: Sequence[str], prefix: str) -> str:
    """The Cypher that sets columns of rows, and the run that they come from under its prefix."""
    values = [*(f"{variable}.{name} = ${name}[i]" for name in names), f"{variable}.{prefix}_run_id = $run_id"]
    return ", ".join([*values, f"{variable}.{prefix}_as_of = $as_of"])


def set_rows(transaction: Statements, step: tuple[str, str, pl.DataFrame], run: Run) -> Iterator[int]:
    """Runs a step (what it sets, the statement, its rows) batch by batch, and tells after each how many rows are done.

    Raises:
        DataError: a row names something that is not in the store.
    """
    what, text, rows = step
    done = 0
    for batch in batches(rows):
        values = columns(batch, batch.columns)
        met = transaction.run(text, **values, run_id=run.run_id, as_of=run.as_of)[0]["met"]
        if met != batch.height:
            raise DataError(f"{what}: {batch.height - met} rows of {run.run_id} meet nothing in the store.")
        yield (done := done + batch.height)
