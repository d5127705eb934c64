"""Guarantees: the patterns in which parties stand in for each other, each with the contracts behind it.

Two contracts between one pair are one tie; a guarantee of oneself is none.
"""

from dataclasses import dataclass
from itertools import islice

import networkx as nx
import polars as pl

from .cycles import ENDS, LONGEST, circles, components, inside, simple_cycles
from .errors import DataError
from .snapshot import Snapshot

MANY = 3  # guarantors of one debtor that make a star, debtors of one guarantor that make a cross, parties of a clique
MOST_CLIQUES = 1_000_000

PATTERNS = ("mutual", "circle", "cycle", "clique", "star", "cross", "chain", "set")
FOUND = {
    "pattern": pl.String(),
    "number": pl.UInt32(),
    "size": pl.UInt32(),
    "centre_row": pl.UInt32(),
    "party_rows": pl.List(pl.UInt32),
}
_ROWS = {"source_row": pl.List(pl.UInt32)}
TIES = {"pattern": pl.String(), "number": pl.UInt32(), "source_row": pl.UInt32(), "target_row": pl.UInt32()}

Listed = tuple[pl.DataFrame, pl.DataFrame]  # parties of each pattern (component, centre_row, party_rows), and its ties


@dataclass(frozen=True)
class Patterns:
    """The patterns that guarantees make.

    Attributes:
        found: columns of FOUND, one row a pattern; `number` counts within its kind, the largest first. mutual: two,
            each for the other. circle: each reaches each (one of two is a mutual pair alone). cycle: a simple one
            inside a circle. clique: three or more, each for each. star: three or more guarantors of one debtor, the
            `centre_row`. cross: one guarantor, the `centre_row`, of three or more. chain: what hangs together outside
            circles, stars and crosses. set: all that hangs together. `party_rows` of a cycle stand in its order,
            guarantor before debtor; of a star and a cross the centre first; else by row.
        ties: columns of TIES: guarantor and debtor of every tie in each pattern.
    """

    found: pl.DataFrame
    ties: pl.DataFrame

    def of(self, pattern: str) -> pl.DataFrame:
        """The rows of one of PATTERNS."""
        return self.found.filter(pl.col("pattern") == pattern)

    def contracts(self, snapshot: Snapshot) -> pl.DataFrame:
        """The records behind each pattern: columns of TIES, contract_id, amount, source, source_ref."""
        records = snapshot.table("guarantees").select(*ENDS, "contract_id", "amount", "source", "source_ref")
        return self.ties.join(records, on=ENDS).sort("pattern", "number", *ENDS, "contract_id")


def pairs(snapshot: Snapshot) -> pl.DataFrame:
    """`source_row` (guarantor) and `target_row` (debtor) of every guarantee in force, each pair once, sorted."""
    ties = snapshot.table("guarantees").select(ENDS).unique()
    return ties.filter(pl.col("source_row") != pl.col("target_row")).sort(ENDS)


def patterns(ties: pl.DataFrame, longest: int = LONGEST) -> Patterns:
    """The patterns of some pairs.

    Args:
        ties: as `pairs` gives them.
        longest: parties of a simple cycle that is listed, at least 2.

    Raises:
        DataError: a circle so dense that its cycles or cliques can't be listed.

    Source:
        Names as in Niu, Cheng et al. on networked-guarantee loans; counts by hand in tests/test_guarantees.py.
    """
    rings = inside(ties, circles(ties))
    both = rings.join(rings.select(source_row="target_row", target_row="source_row"), on=ENDS, how="semi")
    stars, crosses = _fans(ties, "target_row"), _fans(ties, "source_row")
    taken = pl.concat([frame.select(ENDS) for frame in (rings, stars, crosses)])
    found = {
        "mutual": _listed(_pairwise(both)),
        "circle": _listed(rings),
        "cycle": _along(simple_cycles(ties, longest)),
        "clique": _listed(_cliques(both)),
        "star": _listed(stars, "target_row"),
        "cross": _listed(crosses, "source_row"),
        "chain": _listed(_hanging_together(ties.join(taken, on=ENDS, how="anti"))),
        "set": _listed(_hanging_together(ties)),
    }
    numbered = [_numbered(name, listed) for name, listed in found.items()]
    return Patterns(pl.concat([each for each, _ in numbered]), pl.concat([each for _, each in numbered]))


def _pairwise(both: pl.DataFrame) -> pl.DataFrame:
    """Each mutual pair as a component of its own."""
    pair = pl.struct(pl.min_horizontal(ENDS).alias("one"), pl.max_horizontal(ENDS).alias("other"))
    return both.select(*ENDS, component=pair.rank("dense"))


def _hanging_together(ties: pl.DataFrame) -> pl.DataFrame:
    return inside(ties, components(ties, "weak"))


def _fans(ties: pl.DataFrame, centre: str) -> pl.DataFrame:
    """The ties that at least MANY share an end with."""
    return ties.filter(pl.len().over(centre) >= MANY).with_columns(component=centre)


def _cliques(both: pl.DataFrame) -> pl.DataFrame:
    """The ties of every largest set in which each guarantees each."""
    enough = both.filter(pl.len().over("source_row") >= MANY - 1, pl.len().over("target_row") >= MANY - 1)
    found = list(islice(nx.find_cliques(nx.Graph(enough.select(ENDS).rows())), MOST_CLIQUES + 1))
    if len(found) > MOST_CLIQUES:
        raise DataError(f"guarantees: over {MOST_CLIQUES:,} cliques of mutual guarantees, more than can be listed.")
    rows = {"source_row": [clique for clique in found if len(clique) >= MANY]}
    members = pl.DataFrame(rows, schema=_ROWS).with_row_index("component").explode("source_row")
    ties = members.join(members.rename({"source_row": "target_row"}), on="component")
    return ties.filter(pl.col("source_row") != pl.col("target_row"))


def _along(cycles: pl.DataFrame) -> Listed:
    """The ties of each cycle, and its parties in their order."""
    numbered = cycles.with_row_index("component").with_columns(centre_row=None)
    debtors = pl.concat_list(pl.col("party_rows").list.slice(1), pl.col("party_rows").list.first())
    ties = numbered.select("component", source_row="party_rows", target_row=debtors)
    return numbered, ties.explode("source_row", "target_row")


def _listed(ties: pl.DataFrame, centre: str | None = None) -> Listed:
    """The parties of each component of some ties, the centre first."""
    ends = [ties.select("component", pl.col(end).alias("party_rows")) for end in ENDS]
    first = pl.col("component") if centre else pl.lit(None, dtype=pl.UInt32)
    members = pl.concat(ends).unique().sort("component", pl.col("party_rows") != first, "party_rows")
    grouped = members.group_by("component", maintain_order=True).agg("party_rows")
    return grouped.with_columns(centre_row=first), ties


def _numbered(pattern: str, listed: Listed) -> Listed:
    """Frames of FOUND and TIES, the largest pattern first."""
    found, ties = listed
    sized = found.with_columns(pattern=pl.lit(pattern), size=pl.col("party_rows").list.len())
    ranked = sized.sort("size", "party_rows", descending=[True, False]).with_row_index("number", offset=1)
    placed = ties.join(ranked.select("component", "number", "pattern"), on="component")
    return ranked.select(*FOUND).cast(FOUND), placed.select(*TIES).cast(TIES)  # type: ignore[arg-type]
