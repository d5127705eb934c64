"""All that stands above some enterprises: stakes, control and records, and where the chains end."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from .control import ULTIMATE, control, recorded
from .ownership import Ownership, integrated_of, unattributed
from .paths import RECORD, between, reached, records
from .rules import ROUNDING, choice
from .snapshot import Snapshot
from .stakes import PAIR, held, stakes

ENDS = ("source_row", "target_row")
UPWARD = (("owns", *ENDS), ("controls", *ENDS))
EDGE = {"owner_row": pl.UInt32(), "owned_row": pl.UInt32(), "table": pl.String(), "record": RECORD}


@dataclass(frozen=True)
class Chains:
    """What stands above some enterprises under one regime.

    Attributes:
        snapshot: the graph.
        firms: rows of the enterprises.
        regime: rule set with rules of control.
        day: whose rules apply.
    """

    snapshot: Snapshot
    firms: tuple[int, ...]
    regime: str
    day: date

    @cached_property
    def above(self) -> pl.Series:
        """Rows of the enterprises and of all who own or control them through whatever chain of records."""
        upward = [self.snapshot.table(table).select(owner_row=above, owned_row=below) for table, above, below in UPWARD]
        ties = self.snapshot.table("related_to")
        for relation, above, below in (("nominee", *ENDS), (ULTIMATE, *reversed(ENDS))):
            upward.append(ties.filter(pl.col("relation") == relation).select(owner_row=above, owned_row=below))
        return reached(pl.concat(upward), self.firms, "owned_row", "owner_row")

    @cached_property
    def near(self) -> Snapshot:
        """The graph among them: whatever is asked of these enterprises has the same answer here."""
        inside = self.above.implode()
        tables = {table: self.snapshot.table(table) for table in ("owns", "controls", "related_to")}
        kept = {
            table: rows.filter(pl.col("source_row").is_in(inside) & pl.col("target_row").is_in(inside))
            for table, rows in tables.items()
        }
        return Snapshot(self.snapshot.day, self.snapshot.parties, kept, self.snapshot.currency)

    @cached_property
    def said(self) -> pl.DataFrame:
        """Records of control that the regime accepts: controller_row, controlled_row, via."""
        return recorded(self.near, choice(self.regime, "control_bases", self.day).words)

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """The stakes among them."""
        return stakes(self.near)

    def graph(self, side: str) -> Ownership:
        """These stakes, ready for integrated shares."""
        return Ownership(self.pairs, self.snapshot.parties.height, side)

    @cached_property
    def under(self) -> pl.DataFrame:
        """Who surely controls whom among them."""
        return control(self.near, self.regime, self.day, "low").pairs

    @cached_property
    def perhaps_under(self) -> pl.DataFrame:
        """Who possibly controls whom among them."""
        return control(self.near, self.regime, self.day, "high").pairs

    @cached_property
    def ends(self) -> pl.Series:
        """Where chains end: who is owned and controlled by nobody, and persons."""
        theirs = pl.concat([self.pairs["owned_row"], self.said["controlled_row"]]).unique()
        kinds = self.snapshot.parties["kind"].gather(self.above)
        return self.above.filter(~self.above.is_in(theirs.implode()) | (kinds == "person"))

    @cached_property
    def shared(self) -> pl.DataFrame:
        """owner_row, joint_row: holders of an arrangement whose parts add up to more than the whole: joint holders."""
        kinds = self.snapshot.parties["kind"]
        sums = (
            self.pairs.group_by("owned_row")
            .agg(total=pl.col("capital_low").sum())
            .filter(pl.col("total") > 1 + ROUNDING)
        )
        joint = sums.filter(kinds.gather(sums["owned_row"]) == "arrangement").select("owned_row")
        return self.pairs.join(joint, on="owned_row").select("owner_row", joint_row="owned_row")

    @cached_property
    def edges(self) -> pl.DataFrame:
        """Every record of a stake or of control among them, columns of EDGE."""
        owns = held(self.near)
        shown = records(self.near, "owns", owns["link_row"].to_list()).select("link_row", "record")
        stake = owns.join(shown, on="link_row").with_columns(table=pl.lit("owns"))
        ties = [self._ties("controls", "from_row", "to_row"), self._ties("related_to", "to_row", "from_row")]
        return pl.concat([frame.select(*EDGE) for frame in (stake, *ties)])

    def _ties(self, table: str, above: str, below: str) -> pl.DataFrame:
        """Records of control; an ultimate parent only where it counts as one."""
        rows = records(self.near, table).rename({above: "owner_row", below: "owned_row"})
        said = self.said.select(owner_row="controller_row", owned_row="controlled_row").unique()
        ultimate = pl.col("record").struct.field("rest").list.first() == "ultimate_parent"
        kept = rows if table == "controls" else rows.filter(ultimate)
        return kept.join(said, on=PAIR, how="semi").with_columns(table=pl.lit(table))

    def left(self, firm: int) -> tuple[float, float] | None:
        """The least and the most of a firm that no end of a chain holds; none if it owns itself.

        Joint holders count once.
        """
        joint = pl.col("owned_row").is_in(self.shared["joint_row"].unique().implode())
        whole = pl.col("capital_low").sum().over("owned_row")
        once = {end: pl.when(joint).then(pl.col(end) / whole).otherwise(end) for end in ("capital_low", "capital_high")}
        graph = Ownership(self.pairs.with_columns(**once), self.snapshot.parties.height)
        most: float | None = unattributed(graph, [firm])[0, "unattributed"]
        if most is None:
            return None
        held = integrated_of(graph, [firm]).filter(pl.col("owner_row").is_in(graph.roots))["high"].sum()
        return max(0.0, 1 - float(held)), most

    def path(self, owner: int, firm: int, controlled: pl.Series | None) -> list[dict[str, object]]:
        """The records from an owner down to a firm; of control, those among what the owner controls."""
        edges = self.edges
        if controlled is not None:
            group = pl.concat([controlled, pl.Series([owner, firm], dtype=pl.UInt32)]).implode()
            edges = edges.filter(pl.col("owner_row").is_in(group) & pl.col("owned_row").is_in(group))
        found: list[dict[str, object]] = between(edges, [owner], firm)["record"].to_list()
        return found

    def control_path(self, controller: int, controlled: int) -> list[dict[str, object]]:
        """The records through which one party controls another; none where it doesn't."""
        under = self.under.filter(pl.col("controller_row") == controller)["controlled_row"]
        return self.path(controller, controlled, under) if controlled in under.to_list() else []
