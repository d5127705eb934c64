"""What must change for one table of rows to become another."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Difference:
    """Rows to delete, to create and to change.

    Attributes:
        gone: keys of rows that no longer are.
        new: rows with a key that is not there yet, all columns.
        changed: rows whose key is there with other content: the key, and every column in which any of them differs.
    """

    gone: pl.DataFrame
    new: pl.DataFrame
    changed: pl.DataFrame

    @property
    def rows(self) -> int:
        """How many rows differ."""
        return self.gone.height + self.new.height + self.changed.height


def difference(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str]) -> Difference:
    """What turns `before` into `after`; both have the same columns, and keys without repetition or gaps."""
    keys, rest = list(key), [name for name in after.columns if name not in key]
    gone = before.select(keys).join(after, on=keys, how="anti", maintain_order="left")
    new = after.join(before, on=keys, how="anti", maintain_order="left")
    both = after.join(before, on=keys, how="inner", suffix="_before", maintain_order="left")
    differs = {name: pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in rest}
    changed = both.filter(pl.any_horizontal(*differs.values())) if rest else both.clear()
    moved = [name for name in rest if changed.select(differs[name].any()).item()] if changed.height else []
    return Difference(gone, new, changed.select(*keys, *moved))


def rewritten(change: Difference, after: pl.DataFrame, key: Sequence[str]) -> Difference:
    """The same difference without changes in place: what changed is deleted and created anew."""
    keys = list(key)
    again = after.join(change.changed.select(keys), on=keys, how="semi", maintain_order="left")
    gone = pl.concat([change.gone, change.changed.select(keys)])
    return Difference(gone, pl.concat([change.new, again]), change.changed.clear())
