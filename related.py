"""What the commands on related parties do: who owns, who controls, who belongs together, who stands in for whom."""

import time
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from .graph import register_folder
from .graph.asof import rate
from .graph.assessment import Assessment, assessed, memberships, save_assessment
from .graph.burden import burden
from .graph.checks import Subject, ended_rebuttals
from .graph.configuration import Configuration
from .graph.control import controlled
from .graph.exposures import Conversion
from .graph.group_risk import RISKS, group_risk, with_group_risk
from .graph.groups import SETS, Groups, connected_clients
from .graph.guarantees import pairs, patterns
from .graph.limit_changes import changes
from .graph.limits import Bank, LimitUse, limit_use
from .graph.owners import beneficial_owners
from .graph.paths import records
from .graph.results import Run, Scores
from .graph.snapshot import Snapshot
from .jobs import Report, Step, loaded
from .rebuilding import score_run
from .run_inputs import run_of

if TYPE_CHECKING:
    from .graph.store import Store

UNSCORED = "no scores of this day are in force, so the groups have no PDs: relparty score, then assess again"


def snapshot_of(config: Configuration, day: date) -> Snapshot:
    """What the register shows of a day."""
    return loaded(config).as_of(day, config.settings)


def owners(snapshot: Snapshot, firm: str, regime: str, *, explain: bool) -> pl.DataFrame:
    """The beneficial owners of a firm, one row for each reason; with the records behind each if asked."""
    found = beneficial_owners(snapshot, snapshot.row_of(firm), regime, snapshot.day)
    told = found.with_columns(path=pl.col("path").list.eval(_sentence(pl.element())).list.join("; "))
    return named(snapshot, told if explain else told.drop("path"))


def controls(snapshot: Snapshot, party: str, regime: str, *, explain: bool) -> pl.DataFrame:
    """Whom a party controls, nearest first; with the stakes and records behind each if asked."""
    row = snapshot.row_of(party)
    found = controlled(snapshot, regime, snapshot.day).filter(pl.col("controller_row") == row)
    if explain:
        found = found.join(_behind(snapshot, [row, *found["controlled_row"]]), on="controlled_row", how="left")
    return named(snapshot, found.drop("controller_row").sort("step", "controlled_row"))


def _behind(snapshot: Snapshot, side: list[int]) -> pl.DataFrame:
    """`controlled_row`, `path`: the stakes and records that parties of one side hold in each other."""
    held = pl.concat([records(snapshot, table) for table in ("owns", "controls")])
    inner = held.filter(pl.col("from_row").is_in(side) & pl.col("to_row").is_in(side))
    return inner.group_by(controlled_row="to_row").agg(path=_sentence(pl.col("record")).str.join("; "))


def members(snapshot: Snapshot, regime: str, firm: str | None) -> pl.DataFrame:
    """The groups of connected clients, all or those of a firm, one row a membership."""
    found = connected_clients(snapshot, regime, snapshot.day).members
    if firm is not None:
        own = found.filter(pl.col("party_row") == snapshot.row_of(firm))
        found = found.join(own, on=["set", "group_id"], how="semi")
    return named(snapshot, found.drop("reasons"))


def reasons(snapshot: Snapshot, regime: str, firm: str | None) -> pl.DataFrame:
    """The links behind the groups, all or those of a firm's groups: confirmed, flagged, rebutted and unknown ones."""
    found = connected_clients(snapshot, regime, snapshot.day)
    links = found.links
    if firm is not None:
        row = snapshot.row_of(firm)
        own = found.members.filter(pl.col("party_row") == row).select("set", "group_id")
        near = found.members.join(own, on=["set", "group_id"], how="semi")["party_row"].append(
            pl.Series([row], dtype=pl.UInt32)
        )
        links = links.filter(pl.col("from_row").is_in(near.implode()) & pl.col("to_row").is_in(near.implode()))
    return named(snapshot, links.drop("link_id"))


def group_risks(config: Configuration, regime: str, firm: str | None, run_id: str | None) -> pl.DataFrame:
    """The risk of the groups on a score run's day by its PDs, all groups or those of a firm, the costliest first."""
    run, scores = score_run(config, run_id)
    snapshot = snapshot_of(config, run.as_of)
    found = memberships(snapshot, connected_clients(snapshot, regime, snapshot.day))
    rows = group_risk(snapshot, scores, found, config.lgd)
    if firm is not None:
        own = found.filter(party_id=snapshot.parties["party_id"][snapshot.row_of(firm)])
        rows = rows.join(own, on=["group_set", "group_id"], how="semi")
    sizes = found.group_by("group_set", "group_id").agg(group_size=pl.len())
    told = rows.join(sizes, on=["group_set", "group_id"]).sort(-pl.col("group_expected_loss"), "group_id", "group_set")
    return told.select("group_set", "group_id", "group_size", *RISKS, group_scored_by=pl.lit(run.run_id))


def guarantee_patterns(snapshot: Snapshot, kinds: tuple[str, ...], *, explain: bool) -> pl.DataFrame:
    """The patterns that guarantees make, or the contracts behind them."""
    found = patterns(pairs(snapshot))
    if explain:
        return named(snapshot, found.contracts(snapshot).filter(pl.col("pattern").is_in(kinds)))
    return named(snapshot, found.found.filter(pl.col("pattern").is_in(kinds)))


def guarantors(snapshot: Snapshot, regime: str) -> pl.DataFrame:
    """What each guarantor has promised, against its equity and within its own group."""
    grouped = connected_clients(snapshot, regime, snapshot.day).members.filter(pl.col("set") == "prudent")
    return named(snapshot, burden(snapshot, grouped.select("group_id", "party_row")))


def limit_rows(snapshot: Snapshot, regime: str, bank: Bank, over: float, *, explain: bool) -> pl.DataFrame:
    """The limits used to `over` percent or more, confirmed and prudent; or every line behind them."""
    found = connected_clients(snapshot, regime, snapshot.day)
    uses = {name: used(snapshot, found, name, bank) for name in ("confirmed", "prudent")}
    rows = [use.use.select(pl.lit(name).alias("set"), pl.all()) for name, use in uses.items()]
    wanted = pl.concat(rows).filter(pl.col("use") >= over / 100)
    if not explain:
        return wanted
    lines = [_lines(use).select(pl.lit(name).alias("set"), pl.all()) for name, use in uses.items()]
    return pl.concat(lines).join(wanted, on=["set", "scope", "subject_id"], how="semi")


def limit_changes(
    days: tuple[Snapshot, Snapshot], regime: str, banks: tuple[Bank, Bank], *, explain: bool
) -> pl.DataFrame:
    """What has changed in the use of limits between two days; with the causes, to the last amount, if asked."""
    rows = []
    for name in SETS:
        uses = [
            used(day, connected_clients(day, regime, day.day), name, bank)
            for day, bank in zip(days, banks, strict=True)
        ]
        told = changes(*uses)
        rows.append((told.causes if explain else told.use).select(pl.lit(name).alias("set"), pl.all()))
    return pl.concat(rows)


def _lines(use: LimitUse) -> pl.DataFrame:
    """The lines of each party and of each group, under the subject that they count for."""
    own = use.lines.select(pl.lit("party").alias("scope"), pl.col("party_id").alias("subject_id"), pl.all())
    grouped = use.members.join(use.lines, on="party_id").select(
        pl.lit("group").alias("scope"), pl.col("group_id").alias("subject_id"), *use.lines.columns
    )
    return pl.concat([own, grouped], how="diagonal")


def bank_of(config: Configuration, day: date) -> Bank:
    """What the limits ask of the bank itself: its settings, and the rate of the euro where the register has one."""
    euro = rate(register_folder.load(config.home / "register").tables, "EUR", day, config.settings)
    conversion = Conversion(config.conversion, config.conversion_otherwise)
    return Bank(conversion, euro, config.is_gsib, config.gsibs, config.anonymous)


def used(snapshot: Snapshot, found: Groups, name: str, bank: Bank) -> LimitUse:
    """The use of limits under one of the two sets of groups."""
    chosen = found.members.filter(pl.col("set") == name).select("group_id", "party_row")
    return limit_use(snapshot, chosen, found.regime, bank)


def named(snapshot: Snapshot, frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with ids and names in place of row numbers."""
    parties = snapshot.parties.select("party_id", "name")
    columns: list[pl.Expr | pl.Series] = []
    for column in frame.columns:
        if column.endswith("_row"):
            end, rows = column.removesuffix("_row"), frame[column]
            columns += [
                parties["party_id"].gather(rows).alias(f"{end}_id"),
                parties["name"].gather(rows).alias(f"{end}_name"),
            ]
        elif column.endswith("_rows"):
            ids = pl.col(column).list.eval(pl.element().replace_strict(_numbers(parties), parties["party_id"]))
            columns.append(ids.alias(f"{column.removesuffix('_rows')}_ids"))
        else:
            columns.append(pl.col(column))
    return frame.select(columns)


def _numbers(parties: pl.DataFrame) -> pl.Series:
    return pl.Series(range(parties.height), dtype=pl.UInt32)


def _sentence(record: pl.Expr) -> pl.Expr:
    """A record as people read it: table: from -> to (source, its number)."""
    part = record.struct.field
    number = pl.when(part("source_ref").is_not_null()).then(pl.format(", {}", part("source_ref"))).otherwise(pl.lit(""))
    return pl.format("{}: {} -> {} ({}{})", part("table"), part("from_id"), part("to_id"), part("source"), number)


def assess(config: Configuration, store: "Store", regime: str, options: dict[str, Any], step: Step) -> Report:
    """Assesses the store's present, or a day of the register, under a rule set, and publishes the run."""
    started = time.monotonic()
    day = options["as_of"] and options["as_of"].date()
    snapshot = snapshot_of(config, day) if day else store.snapshot()
    step("assessing", 0, 1)
    found = assessed(snapshot, regime, last_members(config, store, regime), bank_of(config, snapshot.day))
    scored = scored_by(config, store, snapshot.day)
    if scored:
        found = with_group_risk(found, snapshot, scored, config.lgd)
    step("assessing", 1, 1)
    run = run_of("assess", snapshot, regime, config, {"scores": scored[0].run_id} if scored else None)
    save_assessment(config.home / "runs", run, found)
    lines = [*_lapsed(config, snapshot.day), *(_counted(found, name) for name in SETS), *([] if scored else [UNSCORED])]
    if not options["dry_run"]:
        in_force = store.publish_groups(run, found, wait=options["wait"], progress=step)
        lines.append(f"run {run.run_id}: " + ("published, in force" if in_force else "remembered, not in force"))
    return asdict(run) | {"seconds": round(time.monotonic() - started, 3), "lines": lines}


def _lapsed(config: Configuration, day: date) -> list[str]:
    """A line for each rebuttal whose end has passed, so that nobody wonders why a link connects again."""
    findings = ended_rebuttals(Subject(register_folder.load(config.home / "register"), day, config.settings))
    rows = [row for finding in findings for row in finding.rows.iter_rows(named=True)]
    told = "rebuttal of {link} {from_id} -> {to_id} ({reason}; {reviewer}, {second_reviewer}) lapsed on {valid_to}"
    return [told.format(**row) for row in rows]


def last_members(config: Configuration, store: "Store", regime: str) -> pl.DataFrame | None:
    """The members of the assessment in force, if it was made here and under the same rule set."""
    runs = store.runs().filter((pl.col("kind") == "assess") & pl.col("in_force") & (pl.col("model_id") == regime))
    paths = [config.home / "runs" / run_id / "members.parquet" for run_id in runs["run_id"]]
    return next((pl.read_parquet(path) for path in paths if path.exists()), None)


def scored_by(config: Configuration, store: "Store", day: date) -> tuple[Run, Scores] | None:
    """The score run in force, if it is for that day and was made here."""
    runs = store.runs().filter((pl.col("kind") == "score") & pl.col("in_force") & (pl.col("as_of") == day))
    ids = [run_id for run_id in runs["run_id"] if (config.home / "runs" / run_id / "scores.parquet").exists()]
    return score_run(config, ids[0]) if ids else None


def _counted(found: Assessment, name: str) -> str:
    groups = found.groups.filter(pl.col("group_set") == name)
    broken = groups.filter(pl.col("group_limit_use") > 1).height
    if not found.uses:
        return f"{name}: {groups.height:,} groups; the bank's capital is not known, so no limits"
    return f"{name}: {groups.height:,} groups, {broken:,} of them over a limit"
