"""What is predicted: the first default within twelve months of a firm whose default the bank could see.

Default is a row of DEFINITIONS. Lawsuits, tax arrears and days past due below the limit are features, never defaults.
A firm's features on day d come from `register.as_of(d)`; whether it then defaulted, from what is known by a later day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from ..graph.errors import DataError, UsageError
from ..graph.register import Register
from ..graph.snapshot import Snapshot

DAYS_A_MONTH = 365.25 / 12
BOOK = ("parties", "identifiers", "reviews", "rates", "exposures", "events")  # tables that tell what became of a firm


@dataclass(frozen=True)
class Definition:
    """One definition of default. Money in the register's currency."""

    name: str
    events: tuple[str, ...]  # kinds that are defaults by themselves: unlikely to pay
    days_past_due: int  # more than so many days past due on a material facility is a default too
    amount: float = 4000.0  # a facility is material if more than this is drawn (EUR 500)
    share: float = 0.01  # and more than this share of all that the firm has drawn
    cure_months: int = 3  # a default ends so long after its cure; until then a new one is the same
    forborne_months: int = 12  # the same after a restructuring


_UNLIKELY = ("default", "bankruptcy", "non_accrual", "distressed_restructuring", "write_off", "sale_at_loss")
DEFINITIONS: Mapping[str, Definition] = {
    row.name: row
    for row in (
        Definition("eu", _UNLIKELY, days_past_due=90),  # EBA/GL/2016/07, Regulation (EU) 2018/1845
        Definition("insolvency", ("bankruptcy",), days_past_due=10**6),
    )
}


@dataclass(frozen=True)
class Task:
    """What to learn, and from which days."""

    definition: str = "eu"
    horizon: int = 12  # months after the day within which a default counts
    step: int = 3  # months between two training days
    most_days: int = 8  # training days at most, the latest ones
    until: date | None = None  # last day whose knowledge is used; none: all that the register knows

    @property
    def rule(self) -> Definition:
        """The definition of default.

        Raises:
            UsageError: no such definition.
        """
        if self.definition not in DEFINITIONS:
            raise UsageError(f"{self.definition}: no such definition of default. There are {', '.join(DEFINITIONS)}.")
        return DEFINITIONS[self.definition]


@dataclass(frozen=True)
class Split:
    """Days of training, validation and test: each window is over before the next day is looked at."""

    train: tuple[date, ...]
    validation: date | None  # none: nothing is chosen, the last step's weights stand
    test: date | None  # none: nothing is reported
    until: date

    @property
    def held_out(self) -> tuple[date, date]:
        """The days of validation and test.

        Raises:
            UsageError: none was held out.
        """
        if self.validation is None or self.test is None:
            raise UsageError("no day was held out from training, so there is none to choose or report by.")
        return self.validation, self.test


def split(task: Task, register: Register) -> Split:
    """The latest test day whose window is known, the validation day a window before it, training days before that.

    Raises:
        DataError: the register's history is too short for three windows.
    """
    exposures = register.table("exposures")
    until = task.until or last_known(register)
    test = earlier(until, task.horizon)
    validation = earlier(test, task.horizon + 1)
    latest = earlier(validation, task.horizon + 1)
    first = exposures["recorded_on"].min()
    days = [earlier(latest, task.step * place) for place in range(task.most_days)]
    train = tuple(sorted(day for day in days if isinstance(first, date) and day >= first))
    if not train:
        said = f"the bank's exposures are known from {first!s} to {until}"
        raise DataError(f"exposures: {said}. Training needs {3 * task.horizon + 2} months of them: load older ones.")
    return Split(train, validation, test, until)


def last_known(register: Register) -> date:
    """The last day on which the bank's books or events were added to.

    Raises:
        DataError: there are neither.
    """
    days = [register.table(name)["recorded_on"].max() for name in ("exposures", "events")]
    known = [day for day in days if isinstance(day, date)]
    if not known:
        raise DataError("exposures: none is in the register, so no default could be seen. Load exposures and events.")
    return max(known)


def earlier(day: date, months: int) -> date:
    """The last day of the month that many months before; months that end are never cut short."""
    shift = pl.select(pl.lit(day).dt.offset_by("1d").dt.offset_by(f"{-months}mo").dt.offset_by("-1d")).item()
    return shift if isinstance(shift, date) else day


def statuses(task: Task, snapshot: Snapshot, given: Sequence[str] = ()) -> pl.Series:
    """Of each enterprise, in order: `in_default`, `unseen` (the bank holds no facility of it), or `scored`.

    A snapshot without a single exposure states no book at all: then nobody counts as unseen. `given` as in_default has.
    """
    firms = pl.DataFrame({"party_row": pl.arange(snapshot.enterprises, dtype=pl.UInt32, eager=True)})
    failed = in_default(task, snapshot, given)["party_row"]
    exposures = snapshot.table("exposures")
    seen = exposures.select("party_row").unique() if exposures.height else firms
    status = (
        pl.when(pl.col("party_row").is_in(failed.implode()))
        .then(pl.lit("in_default"))
        .when(pl.col("party_row").is_in(seen["party_row"].implode()))
        .then(pl.lit("scored"))
        .otherwise(pl.lit("unseen"))
    )
    return firms.select(status.alias("risk_status")).to_series()


def in_default(task: Task, snapshot: Snapshot, given: Sequence[str] = ()) -> pl.DataFrame:
    """The parties in default on the snapshot's day, `party_row`, and `since` when by what is known.

    Days past due speak for as long as a facility shows them; an event, until its cure is old enough. `given` are ids of
    enterprises that are taken to fail on the day after, so that nobody's accounts hold it yet.

    Raises:
        UsageError: one of `given` is no enterprise of that day.
    """
    rule = task.rule
    events = snapshot.table("events").filter(pl.col("kind").is_in([*rule.events, "cured"]))
    last = events.group_by("party_row").agg(
        began=pl.col("valid_from").filter(pl.col("kind") != "cured").max(),
        cured=pl.col("valid_from").filter(pl.col("kind") == "cured").max(),
        forborne=(pl.col("kind") == "distressed_restructuring").any(),
        bankrupt=(pl.col("kind") == "bankruptcy").any(),
    )
    months = pl.when("forborne").then(rule.forborne_months).otherwise(rule.cure_months)
    over = (pl.col("cured") >= pl.col("began")) & (
        pl.col("cured").dt.offset_by(pl.format("{}mo", months)) <= snapshot.day
    )
    by_event = last.filter(pl.col("began").is_not_null() & (pl.col("bankrupt") | ~over.fill_null(value=False)))
    by_days = snapshot.table("exposures").filter(_past_due(rule, "party_row"))
    both = [by_event.select("party_row", since="began"), by_days.select("party_row", since="valid_from")]
    both.append(_taken_to_fail(snapshot, given))
    return pl.concat(both).group_by("party_row").agg(pl.col("since").min()).sort("party_row")


def _taken_to_fail(snapshot: Snapshot, given: Sequence[str]) -> pl.DataFrame:
    rows = [snapshot.row_of(party) for party in given]
    others = [party for party, row in zip(given, rows, strict=True) if row >= snapshot.enterprises]
    if others:
        raise UsageError(f"{others[0]}: no enterprise; the model knows of enterprises' failures alone.")
    since = [snapshot.day + timedelta(days=1)] * len(rows)
    return pl.DataFrame({"party_row": rows, "since": since}, schema={"party_row": pl.UInt32, "since": pl.Date})


def _past_due(rule: Definition, party: str, among: str | None = None) -> pl.Expr:
    """Whether a facility is past due by more than the limit, on a material amount."""
    group = [party] if among is None else [party, among]
    material = (pl.col("drawn") > rule.amount) & (pl.col("drawn") > rule.share * pl.col("drawn").sum().over(group))
    return (pl.col("days_past_due") > rule.days_past_due) & material.fill_null(value=True)


def outcomes(task: Task, register: Register, snapshot: Snapshot, known_by: date) -> pl.DataFrame:
    """What became of each firm that could default after the snapshot's day, as known by a later day.

    Returns:
        `row` of the enterprise, `default` whether it did within the horizon, `months` for which it was seen: the whole
        horizon, or up to its default, or until its last facility or the firm itself ended.
    """
    book = Register({name: register.table(name) for name in BOOK})
    rows = snapshot.parties.head(snapshot.enterprises).select("party_id", row=pl.int_range(pl.len(), dtype=pl.UInt32))
    eligible = rows.filter(statuses(task, snapshot) == "scored")
    named = eligible.with_columns(_names_later(book, known_by, eligible["party_id"]))
    joined = named.join(_first_default(task, book, snapshot.day, known_by), on="party_id", how="left")
    joined = joined.join(_last_seen(book, known_by), on="party_id", how="left")
    seen = _months_to(snapshot.day, pl.min_horizontal("failed_on", "left_on")).fill_null(task.horizon)
    return joined.sort("row").select(
        "row", default=pl.col("failed_on").is_not_null(), months=seen.clip(0.0, float(task.horizon))
    )


def _names_later(book: Register, day: date, ids: pl.Series) -> pl.Series:
    """The ids under which the same parties are known on a later day, when more identifiers may have joined them."""
    later = book.as_of(day).parties.select("party_id", "aliases").explode("aliases").drop_nulls("aliases")
    names = dict(zip(later["aliases"], later["party_id"], strict=True))
    return ids.replace(names)


def _months_to(day: date, then: pl.Expr) -> pl.Expr:
    return (then - pl.lit(day)).dt.total_days() / DAYS_A_MONTH


def _first_default(task: Task, book: Register, day: date, known_by: date) -> pl.DataFrame:
    """The first default of each party in the window (day, day + horizon], columns party_id and failed_on."""
    rule = task.rule
    events = book.known("events", known_by).filter(pl.col("kind").is_in(rule.events))
    late = book.known("exposures", known_by).filter(_past_due(rule, "party_id", "valid_from"))
    cases = pl.concat([frame.select("party_id", failed_on="valid_from") for frame in (events, late)])
    end = pl.lit(day).dt.offset_by(f"{task.horizon}mo")
    inside = cases.filter((pl.col("failed_on") > day) & (pl.col("failed_on") <= end))
    return inside.group_by("party_id").agg(pl.col("failed_on").min())


def _last_seen(book: Register, known_by: date) -> pl.DataFrame:
    """When the bank lost sight of each party: its last facility ended, or the party itself; missing where neither."""
    rows = book.known("exposures", known_by).sort("valid_from", nulls_last=False)
    latest = rows.group_by("facility_id").agg(pl.col("party_id").last(), pl.col("valid_to").last())
    repaid = latest.group_by("party_id").agg(
        left_on=pl.when(pl.col("valid_to").is_not_null().all()).then(pl.col("valid_to").max())
    )
    parties = book.known("parties", known_by).group_by("party_id").agg(gone_on=pl.col("valid_to").max())
    both = repaid.join(parties, on="party_id", how="left")
    return both.select("party_id", left_on=pl.min_horizontal("left_on", "gone_on"))
