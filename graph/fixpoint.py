"""The least fixpoint of joint votes: only the pairs that are new in a round are looked at in the next.

More control never takes votes away from anybody, so the order of rounds doesn't matter: a controller's own votes and
those of all that it controls count for it even where the total leaves them out for others.
"""

from dataclasses import dataclass

import polars as pl

from .rules import ROUNDING, Rule

PAIR = ["controller_row", "controlled_row"]
FOUND = {"pair": pl.UInt64, **dict.fromkeys(PAIR, pl.UInt32), "via": pl.String, "step": pl.Int32, "votes": pl.Float64}
SHIFT = 2**32  # a pair is one number, controller and controlled: joins on one key are several times faster


@dataclass(frozen=True)
class Votes:
    """Who votes where, and by which rule votes control.

    Attributes:
        rows: holder, firm, votes (fraction), included (whether the end of its band belongs to it).
        majority: the threshold.
        ends: whether `votes` are lower or upper ends.
        left_out: one row a party, in order: firm, own (fraction of its votes that it holds itself), subsidiaries
            (whether the votes of its subsidiaries leave the total).
    """

    rows: pl.DataFrame
    majority: Rule
    ends: str
    left_out: pl.DataFrame


@dataclass(frozen=True)
class _State:
    """Pairs found so far, those of the last round, and all votes that stand behind pairs.

    Attributes:
        found: columns of FOUND.
        last: the pairs of the last round.
        behind: pair, votes, included: sums of each round.
        silent: firm, holder, votes: what subsidiaries vote in those that control them.
        members: controller_row (of a set), member.
    """

    found: pl.DataFrame
    last: pl.DataFrame
    behind: pl.DataFrame
    silent: pl.DataFrame
    members: pl.DataFrame


def fixpoint(votes: Votes, recorded: pl.DataFrame, sets: pl.DataFrame, size: int) -> pl.DataFrame:
    """All pairs of controller and controlled, columns of FOUND; a set stands as the row `size` + its number.

    Args:
        votes: who votes where.
        recorded: controller_row, controlled_row, via: control that records state.
        sets: set_id, member_row: parties that start together.
        size: number of parties.
    """
    members = sets.select(controller_row=pl.col("set_id") + size, member="member_row").cast(pl.UInt32)
    direct = _with_sets(votes.rows.rename({"holder": "controller_row", "firm": "controlled_row"}), members)
    said = _with_sets(recorded, members).unique(PAIR, keep="first", maintain_order=True)
    nothing, silent = pl.DataFrame(schema=FOUND), votes.rows.select("firm", "holder", "votes").clear()
    state = _State(nothing, nothing, _paired(direct).select("pair", "votes", "included").clear(), silent, members)
    state = _grown(votes, state, direct, said)
    while state.last.height:
        state = _grown(votes, state, *_brought(votes, state, said))
    return state.found


def _with_sets(rows: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The rows, and once more those of each set's members as the set's."""
    theirs = members.join(rows, left_on="member", right_on="controller_row").drop("member")
    return pl.concat([rows, theirs.select(rows.columns)])


def _paired(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pair=pl.col("controller_row").cast(pl.UInt64) * SHIFT + pl.col("controlled_row"))


def _brought(votes: Votes, state: _State, said: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the pairs of the last round bring their controllers: votes, and parties that records put under them."""
    last = state.last.select("controller_row", between="controlled_row")
    records = last.join(said, left_on="between", right_on="controller_row").select(*PAIR, "via")
    own = state.members.rename({"member": "between"})
    fresh = last.join(own, on=["controller_row", "between"], how="anti") if own.height else last
    gained = fresh.join(votes.rows, left_on="between", right_on="holder")
    return gained.select("controller_row", "votes", "included", controlled_row="firm"), records


def _grown(votes: Votes, state: _State, gained: pl.DataFrame, records: pl.DataFrame) -> _State:
    """One round: new votes are added to those behind them, and the pairs that now control are found."""
    gained, records = _open(gained, state.found), _open(records, state.found)
    sums = [pl.col("votes").sum(), pl.col("included").all()]
    gained = gained.group_by("pair").agg(sums)
    quiet = _newly_silent(votes, state)
    silent = pl.concat([state.silent, quiet])
    touched = pl.concat([gained.select("pair"), _reopened(state, quiet)]).unique()
    behind = pl.concat([state.behind, gained])
    totals = behind.join(touched, on="pair", how="semi").group_by("pair").agg(sums) if state.found.height else gained
    joint = _over_total(votes, state, _named(totals), silent).filter(_enough(votes))
    step = 1 + (state.last[0, "step"] if state.last.height else 0)
    new = [records.with_columns(votes=pl.lit(None, dtype=pl.Float64)), joint.with_columns(via=pl.lit("votes"))]
    last = pl.concat([rows.with_columns(step=pl.lit(step, dtype=pl.Int32)).select(*FOUND) for rows in new])
    last = last.unique("pair", keep="first", maintain_order=True)
    return _State(pl.concat([state.found, last]), last, behind, silent, state.members)


def _open(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Rows of pairs not found yet, with their number; nobody controls itself."""
    rows = _paired(rows.filter(pl.col("controller_row") != pl.col("controlled_row")))
    known = found.select("pair").join(rows.select("pair"), on="pair", how="semi")  # the small side is hashed
    return rows.join(known, on="pair", how="anti") if known.height else rows


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the two ends of their pair."""
    ends = {"controller_row": pl.col("pair") // SHIFT, "controlled_row": pl.col("pair") % SHIFT}
    return rows.with_columns(**{name: end.cast(pl.UInt32) for name, end in ends.items()})


def _newly_silent(votes: Votes, state: _State) -> pl.DataFrame:
    """firm, holder, votes: votes in a firm of those that it came to control in the last round."""
    firms = votes.left_out.filter("subsidiaries").select("firm")
    if firms.is_empty() or state.last.is_empty():
        return state.silent.clear()
    pairs = state.last.select(firm="controller_row", holder="controlled_row").join(firms, on="firm", how="semi")
    inward = votes.rows.join(pairs.select("firm").unique(), on="firm", how="semi")
    return inward.join(pairs, on=["firm", "holder"], how="semi").select("firm", "holder", "votes")


def _reopened(state: _State, quiet: pl.DataFrame) -> pl.DataFrame:
    """The pairs not found yet whose total has become smaller."""
    if quiet.is_empty():
        return state.behind.select("pair").clear()
    firms = quiet.select(firm=pl.col("firm").cast(pl.UInt64)).unique()
    touched = state.behind.select("pair", firm=pl.col("pair") % SHIFT).join(firms, on="firm", how="semi")
    return touched.select("pair").join(state.found, on="pair", how="anti")


def _over_total(votes: Votes, state: _State, totals: pl.DataFrame, silent: pl.DataFrame) -> pl.DataFrame:
    """The joint votes over those that count: silent are the firm's own and its subsidiaries' that aren't ours."""
    total = 1 - votes.left_out["own"].gather(totals["controlled_row"])
    if silent.height:
        theirs = _silent_for(state, totals, silent)
        total -= totals.join(theirs, on="pair", how="left", maintain_order="left")["silent"].fill_null(0.0)
    return totals.with_columns(votes=pl.col("votes") / total.clip(lower_bound=ROUNDING))


def _silent_for(state: _State, totals: pl.DataFrame, silent: pl.DataFrame) -> pl.DataFrame:
    """pair, silent: what a firm's subsidiaries vote in it, without those under the pair's own controller."""
    quiet = totals.select("pair", "controller_row", "controlled_row").join(
        silent.rename({"votes": "silent"}), left_on="controlled_row", right_on="firm"
    )
    inner = quiet.with_columns(under=pl.col("controller_row").cast(pl.UInt64) * SHIFT + pl.col("holder"))
    ours = [
        inner.filter(pl.col("holder") == pl.col("controller_row")),
        inner.join(state.found, left_on="under", right_on="pair", how="semi"),
        inner.join(
            state.members, left_on=["controller_row", "holder"], right_on=["controller_row", "member"], how="semi"
        ),
    ]
    ourselves = pl.concat([each.select("pair", "holder") for each in ours])
    theirs = inner.join(ourselves, on=["pair", "holder"], how="anti")
    return theirs.group_by("pair").agg(pl.col("silent").sum())


def _enough(votes: Votes) -> pl.Expr:
    decide = votes.majority.certain if votes.ends == "low" else votes.majority.met
    return decide(pl.col("votes"), pl.col("included"))
