"""Snapshot: the graph as it was known at the end of one day."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl
import pyarrow as pa
from polars import CompatLevel

from .errors import UsageError
from .schema import CURRENCY, LINKS, SNAPSHOT_TABLES


@dataclass(frozen=True)
class Snapshot:
    """What was known and held on one day; a party's row number is its number in every matrix and tensor.

    Attributes:
        day: the day.
        parties: one row a party, columns of `TABLES["parties"].snapshot_schema`; enterprises first, then the rest,
            each sorted by party_id as bytes.
        tables: every other table of `SNAPSHOT_TABLES` by name, sorted by its snapshot_key; links carry `source_row`
            and `target_row`, other rows `party_row`; accounts are the latest of each party and scope, and what a party
            owed by its earlier ones stands among its observations (graph/earlier.py).
        currency: of all money in it.
    """

    day: date
    parties: pl.DataFrame
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    currency: str = CURRENCY

    @property
    def enterprises(self) -> int:
        """How many enterprises there are: rows 0 to this, excluded."""
        return int((self.parties["kind"] == "enterprise").sum())

    def table(self, name: str) -> pl.DataFrame:
        """A table's frame, empty where the snapshot has none."""
        if name == "parties":
            return self.parties
        return self.tables.get(name, pl.DataFrame(schema=SNAPSHOT_TABLES[name].snapshot_schema))

    @property
    def links(self) -> dict[str, pl.DataFrame]:
        """The frames of all link tables, by table."""
        return {name: self.table(name) for name in LINKS}

    def row_of(self, party_id: str) -> int:
        """The row of a party, found by its id or an alias.

        Raises:
            UsageError: no party of the snapshot has that id.
        """
        ids = self.parties["party_id"]
        found = (ids == party_id).arg_true()
        if not len(found):
            found = self.parties["aliases"].list.contains(party_id).fill_null(value=False).arg_true()
        if not len(found):
            raise UsageError(f"{party_id}: no such party on {self.day}. Load it, or choose another --as-of.")
        return int(found[0])

    @property
    def fingerprint(self) -> str:
        """Names the content: equal snapshots have the same, whichever register or store they came from."""
        digest = hashlib.sha256(f"{self.day} {self.currency}".encode())
        for name in SNAPSHOT_TABLES:
            table = self.table(name).rechunk().to_arrow(compat_level=CompatLevel.oldest())
            # Under a missing value a column may hold anything; taking every row anew leaves nothing there.
            clean = table.take(pl.int_range(table.num_rows, eager=True).to_arrow())
            with pa.ipc.new_stream(sink := pa.BufferOutputStream(), table.schema) as stream:
                stream.write_table(clean)
            digest.update(sink.getvalue())
        return digest.hexdigest()[:16]

    def equals(self, other: "Snapshot") -> bool:
        """Whether both show the same day, parties and rows, value for value."""
        return (self.day, self.currency) == (other.day, other.currency) and all(
            self.table(name).equals(other.table(name)) for name in SNAPSHOT_TABLES
        )
