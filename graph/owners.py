"""Beneficial owners of an enterprise by regime: who stands at the end of the chains, why, and on which records.

Where a chain ends with a party that is no known person the answer says so ("unknown", "withheld", …); it is never
left out, nor taken for nobody.
"""

from collections.abc import Callable
from datetime import date

import polars as pl

from .chains import Chains
from .control import joint_votes, votes_of
from .errors import UsageError
from .ownership import integrated_of
from .paths import RECORD, records
from .rules import OWNER_REGIMES, Rule, rule
from .snapshot import Snapshot

BAND = {"low": pl.Float64(), "low_included": pl.Boolean(), "high": pl.Float64(), "high_included": pl.Boolean()}
OWNERS = {
    "owner_row": pl.UInt32(),
    "status": pl.String(),
    "reason": pl.String(),
    "decision": pl.String(),
    **BAND,
    "joint_row": pl.UInt32(),
    "rule": pl.String(),
    "path": pl.List(RECORD),
}
UNATTRIBUTED, LEAST_LEFT = "unattributed", 1e-9
MANAGERS = ("legal_representative", "executive")  # who is named where nobody is found, first of these first


def beneficial_owners(snapshot: Snapshot, firm_row: int, regime: str, day: date) -> pl.DataFrame:
    """Who owns or controls an enterprise in the end, columns of OWNERS, one row for each reason.

    `status` is what the owner is: person, or why none is known (unknown, withheld, exempt, none, public_body,
    arrangement, and `no owner known` for an enterprise whose owners aren't recorded). `reason`: capital, votes (bands
    of the integrated share), control, mixed (control of holders, or a share in who controls), declared, manager, and
    unattributed for what nobody holds. `decision`: yes, or possible by upper ends. Joint holders of one arrangement
    carry it as `joint_row`: their shares are one and the same.

    Args:
        snapshot: the graph.
        firm_row: the enterprise.
        regime: amlr, amld, psc or cn.
        day: whose rules apply.

    Raises:
        UsageError: no such regime, or not in force on that day.

    Source:
        Reg. (EU) 2024/1624 art. 52-54 (from 10.7.2027), Dir. (EU) 2015/849 art. 3(6) before; Companies Act 2006
        Sch. 1A; 受益所有人信息管理办法 art. 6.
    """
    if regime not in OWNER_REGIMES:
        raise UsageError(f"{regime}: no rules of beneficial owners. Choose one of {', '.join(OWNER_REGIMES)}.")
    chains = Chains(snapshot, (firm_row,), regime, day)
    found = _grounds(chains)
    found = found.filter(pl.col("owner_row").is_in(chains.ends.implode()) & (pl.col("owner_row") != firm_row))
    found = _with_status(chains, pl.concat([found, _declared(chains)], how="diagonal"))
    named = found.filter((pl.col("status") == "person") & (pl.col("decision") == "yes"))
    if named.is_empty() and regime != "psc":
        found = pl.concat([found, _managers(chains)], how="diagonal")
    ordered = found.sort("owner_row", "reason", maintain_order=True)
    return pl.concat([_with_paths(chains, ordered), _left(chains)], how="diagonal").select(*OWNERS)


def _grounds(chains: Chains) -> pl.DataFrame:
    """All reasons of the regime; a mixed chain is named only where no plainer reason is sure."""
    found = pl.concat([reason(chains) for reason in _REASONS[chains.regime]], how="diagonal")
    plain = found.filter((pl.col("decision") == "yes") & (pl.col("reason") != "mixed"))["owner_row"].implode()
    return found.filter((pl.col("reason") != "mixed") | ~pl.col("owner_row").is_in(plain))


def _by_shares(chains: Chains) -> pl.DataFrame:
    """Integrated shares of capital and of votes: multiplied along a chain, added over chains."""
    threshold = rule(chains.regime, "owner_share", chains.day)
    sides = {side: integrated_of(chains.graph(side), [_firm(chains)]) for side in ("capital", "votes")}
    return pl.concat([_decided(frame, threshold, side) for side, frame in sides.items()])


def _by_majorities(chains: Chains) -> pl.DataFrame:
    """What a party and all that it holds by majority hold together, nothing multiplied."""
    threshold, under = rule(chains.regime, "owner_share", chains.day), chains.under
    return pl.concat([_decided(_together(chains, under, side), threshold, side) for side in ("capital", "votes")])


def _by_control(chains: Chains) -> pl.DataFrame:
    """Control by votes or by record, sure or possible."""
    said = str(rule(chains.regime, "control_votes", chains.day))
    both = pl.concat([chains.under.with_columns(decision=pl.lit("yes")),
                      chains.perhaps_under.with_columns(decision=pl.lit("possible"))])  # fmt: skip
    surest = both.filter(pl.col("controlled_row") == _firm(chains)).unique(
        "controller_row", keep="first", maintain_order=True
    )
    return surest.select("decision", owner_row="controller_row").with_columns(
        reason=pl.lit("control"), rule=pl.lit(said)
    )


def _mixed(chains: Chains) -> pl.DataFrame:
    """Art. 54: who controls direct holders of enough together, and who owns enough of the controlling party."""
    threshold, under = rule(chains.regime, "mixed_share", chains.day), chains.under
    holders = _together(chains, under, "capital", own=False)
    through = _decided(holders, threshold, "mixed")
    heads = under.filter(pl.col("controlled_row") == _firm(chains))["controller_row"]
    in_heads = integrated_of(chains.graph("capital"), heads.to_list())
    best = in_heads.sort("low", descending=True).unique("owner_row", keep="first", maintain_order=True)
    return pl.concat([through, _decided(best, threshold, "mixed")]).unique(
        "owner_row", keep="first", maintain_order=True
    )


_REASONS: dict[str, tuple[Callable[[Chains], pl.DataFrame], ...]] = {
    "amlr": (_by_shares, _by_control, _mixed),
    "amld": (_by_shares, _by_control),
    "psc": (_by_majorities, _by_control),
    "cn": (_by_shares, _by_control),
}


def _together(chains: Chains, under: pl.DataFrame, side: str, own: bool = True) -> pl.DataFrame:  # noqa: FBT001, FBT002
    """owner_row and the band of what each party and all under it hold directly in the enterprise, or these alone."""
    ends = {}
    for end in ("high", "low"):
        votes = votes_of(chains.pairs, end, side).filter(pl.col("firm") == _firm(chains))
        theirs = joint_votes(votes, under)
        if not own:
            direct = votes.select(controller_row="holder", direct="votes")
            without = theirs.join(direct, on="controller_row", how="left")
            theirs = without.with_columns(votes=pl.col("votes") - pl.col("direct").fill_null(0.0))
        ends[end] = theirs
    both = ends["high"].join(ends["low"], on="controller_row", how="left", suffix="_low")
    return both.select(
        owner_row="controller_row",
        low=pl.col("votes_low").fill_null(0.0),
        low_included=pl.col("included_low").fill_null(value=True),
        high=pl.col("votes").clip(upper_bound=1.0),
        high_included="included",
    )


def _decided(bands: pl.DataFrame, threshold: Rule, reason: str) -> pl.DataFrame:
    """The bands that reach a threshold, surely or possibly."""
    sure = threshold.certain(pl.col("low"), pl.col("low_included"))
    able = threshold.met(pl.col("high"), pl.col("high_included"))
    decision = pl.when(sure).then(pl.lit("yes")).when(able).then(pl.lit("possible"))
    told = bands.select("owner_row", *BAND, decision=decision, reason=pl.lit(reason), rule=pl.lit(str(threshold)))
    return told.filter(pl.col("decision").is_not_null())


def _declared(chains: Chains) -> pl.DataFrame:
    """Statements that there is no beneficial owner."""
    owns = chains.snapshot.table("owns")
    none = owns.filter((pl.col("target_row") == _firm(chains)) & (pl.col("owner_status") == "none"))
    return none.select(owner_row="source_row", reason=pl.lit("declared"), decision=pl.lit("none"))


def _managers(chains: Chains) -> pl.DataFrame:
    """The senior manager, where nobody else is found."""
    roles = chains.snapshot.table("holds_role").filter(pl.col("target_row") == _firm(chains))
    for role in MANAGERS:
        found = roles.filter(pl.col("role") == role)
        if found.height:
            break
    return found.select(
        owner_row="source_row", status=pl.lit("person"), reason=pl.lit("manager"), decision=pl.lit("fallback")
    )


def _with_status(chains: Chains, found: pl.DataFrame) -> pl.DataFrame:
    """What each owner is, by its kind and by what stakes say of it."""
    stakes = chains.snapshot.table("owns").filter(pl.col("owner_status").fill_null("known") != "known")
    said = stakes.unique("source_row", keep="first", maintain_order=True).select(
        owner_row="source_row", said="owner_status"
    )
    kinds = chains.snapshot.parties.select(owner_row=pl.int_range(pl.len(), dtype=pl.UInt32), kind="kind")
    kind = pl.when(pl.col("kind") == "enterprise").then(pl.lit("no owner known")).otherwise("kind")
    rows = found.join(said, on="owner_row", how="left", maintain_order="left")
    rows = rows.join(kinds, on="owner_row", how="left", maintain_order="left")
    shared = rows.join(chains.shared.unique("owner_row"), on="owner_row", how="left", maintain_order="left")
    return shared.with_columns(status=pl.coalesce("said", kind)).drop("said", "kind")


def _with_paths(chains: Chains, found: pl.DataFrame) -> pl.DataFrame:
    under = chains.under
    paths = []
    for owner, reason in found.select("owner_row", "reason").rows():
        controlled = under.filter(pl.col("controller_row") == owner)["controlled_row"]
        paths.append(_path(chains, owner, reason, controlled))
    return found.with_columns(path=pl.Series(paths, dtype=pl.List(RECORD)))


def _path(chains: Chains, owner: int, reason: str, controlled: pl.Series) -> list[dict[str, object]]:
    """The records behind one reason."""
    if reason in ("declared", "manager"):
        table = "owns" if reason == "declared" else "holds_role"
        links = chains.snapshot.table(table).with_row_index("link_row")
        mine = links.filter((pl.col("source_row") == owner) & (pl.col("target_row") == _firm(chains)))["link_row"]
        found: list[dict[str, object]] = records(chains.snapshot, table, mine.to_list())["record"].to_list()
        return found
    return chains.path(owner, _firm(chains), controlled if reason == "control" and controlled.len() else None)


def _left(chains: Chains) -> pl.DataFrame:
    """What no end of a chain holds, where that is more than rounding."""
    left = chains.left(_firm(chains))
    if left is None or not left[1] > LEAST_LEFT:
        return pl.DataFrame(schema={"reason": pl.String})
    (low, high), word = left, [UNATTRIBUTED]
    return pl.DataFrame({"status": word, "reason": word, "decision": [""], "low": [low], "high": [high]})


def _firm(chains: Chains) -> int:
    return chains.firms[0]
