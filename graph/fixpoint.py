"""The least fixpoint of joint votes: only the pairs that are new in a round are looked at in the next.

More control never takes votes away from anybody, so the order of rounds doesn't matter: a controller's own votes and
those of all that it controls count for it even where the total leaves them out for others.
"""

from dataclasses import dataclass

import polars as pl

from .rules import ROUNDING, Rule

PAIR = ["controller_row", "controlled_row"]
FOUND = {**dict.fromkeys(PAIR, pl.UInt32), "via": pl.String, "step": pl.Int32, "votes": pl.Float64}


@dataclass(frozen=True)
class Votes:
    """Who votes where, and by which rule votes control.

    Attributes:
        rows: holder, firm, votes (fraction), included (whether the end of its band belongs to it).
        majority: the threshold.
        ends: whether `votes` are lower or upper ends.
        left_out: firm, own (fraction of its votes that it holds itself), subsidiaries (whether the votes of its
            subsidiaries leave the total).
    """

    rows: pl.DataFrame
    majority: Rule
    ends: str
    left_out: pl.DataFrame


@dataclass(frozen=True)
class _State:
    """Pairs found so far, those of the last round, and all votes that stand behind pairs not yet decided.

    Attributes:
        found: columns of FOUND.
        last: the pairs of the last round.
        behind: controller_row, controlled_row, votes, included: sums of each round.
        silent: firm, holder, votes: what subsidiaries vote in those that control them.
    """

    found: pl.DataFrame
    last: pl.DataFrame
    behind: pl.DataFrame
    silent: pl.DataFrame


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
    nothing = pl.DataFrame(schema=FOUND)
    state = _State(nothing, nothing, direct.clear(), votes.rows.select("firm", "holder", "votes").clear())
    state = _grown(votes, state, (direct, said), members)
    while state.last.height:
        state = _grown(votes, state, _brought(votes, state, said, members), members)
    return state.found


def _with_sets(rows: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The rows, and once more those of each set's members as the set's."""
    theirs = members.join(rows, left_on="member", right_on="controller_row").drop("member")
    return pl.concat([rows, theirs.select(rows.columns)])


def _brought(
    votes: Votes, state: _State, said: pl.DataFrame, members: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the pairs of the last round bring their controllers: votes, and parties that records put under them."""
    last = state.last.select("controller_row", between="controlled_row")
    records = last.join(said, left_on="between", right_on="controller_row").select(*PAIR, "via")
    fresh = last.join(members, left_on=["controller_row", "between"], right_on=["controller_row", "member"], how="anti")
    gained = fresh.join(votes.rows, left_on="between", right_on="holder")
    return gained.select("controller_row", "votes", "included", controlled_row="firm"), records


def _grown(votes: Votes, state: _State, brought: tuple[pl.DataFrame, pl.DataFrame], members: pl.DataFrame) -> _State:
    """One round: new votes are added to those behind them, and the pairs that now control are found."""
    gained, records = (_open(rows, state.found) for rows in brought)
    sums = [pl.col("votes").sum(), pl.col("included").all()]
    gained = gained.group_by(PAIR).agg(sums).select(state.behind.columns)
    behind = pl.concat([state.behind, gained])
    quiet = _newly_silent(votes, state)
    silent = pl.concat([state.silent, quiet])
    again = behind.join(quiet.select(controlled_row="firm").unique(), on="controlled_row", how="semi")
    touched = pl.concat([gained, _open(again, state.found)]).select(PAIR).unique()
    totals = behind.join(touched, on=PAIR, how="semi").group_by(PAIR).agg(sums)
    joint = _over_total(votes, totals, silent, (state.found, members)).filter(_enough(votes))
    step = int(state.last["step"].max() or 0) + 1 if state.last.height else 1  # type: ignore[arg-type]
    new = [records.with_columns(votes=pl.lit(None, dtype=pl.Float64)), joint.with_columns(via=pl.lit("votes"))]
    last = pl.concat([rows.with_columns(step=pl.lit(step, dtype=pl.Int32)).select(*FOUND) for rows in new])
    last = last.unique(PAIR, keep="first", maintain_order=True)
    return _State(pl.concat([state.found, last]), last, behind, silent)


def _open(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Rows of pairs not found yet; nobody controls itself."""
    rows = rows.filter(pl.col("controller_row") != pl.col("controlled_row"))
    known = found.join(rows.select(PAIR), on=PAIR, how="semi").select(PAIR)  # the small side is hashed
    return rows.join(known, on=PAIR, how="anti")


def _newly_silent(votes: Votes, state: _State) -> pl.DataFrame:
    """firm, holder, votes: votes in a firm of those that it came to control in the last round."""
    firms = votes.left_out.filter("subsidiaries").select("firm")
    pairs = state.last.select(firm="controller_row", holder="controlled_row").join(firms, on="firm", how="semi")
    return votes.rows.join(pairs, on=["firm", "holder"], how="semi").select("firm", "holder", "votes")


def _over_total(
    votes: Votes, totals: pl.DataFrame, silent: pl.DataFrame, known: tuple[pl.DataFrame, pl.DataFrame]
) -> pl.DataFrame:
    """The joint votes over those that count: silent are the firm's own and its subsidiaries' that aren't ours."""
    found, members = known
    quiet = totals.select(PAIR).join(silent, left_on="controlled_row", right_on="firm")
    ours = pl.concat([
        quiet.filter(pl.col("holder") == pl.col("controller_row")),
        quiet.join(found, left_on=["controller_row", "holder"], right_on=PAIR, how="semi"),
        quiet.join(members, left_on=["controller_row", "holder"], right_on=["controller_row", "member"], how="semi"),
    ]).unique()  # fmt: skip
    theirs = quiet.join(ours, on=quiet.columns, how="anti").group_by(PAIR).agg(silent=pl.col("votes").sum())
    own = votes.left_out.select(controlled_row="firm", own="own")
    rows = totals.join(theirs, on=PAIR, how="left").join(own, on="controlled_row", how="left")
    total = 1 - pl.col("own").fill_null(0.0) - pl.col("silent").fill_null(0.0)
    return rows.with_columns(votes=pl.col("votes") / total.clip(lower_bound=ROUNDING)).select(totals.columns)


def _enough(votes: Votes) -> pl.Expr:
    decide = votes.majority.certain if votes.ends == "low" else votes.majority.met
    return decide(pl.col("votes"), pl.col("included"))
