"""What `relparty stress` does: one scenario, every failure in turn, or the few failures that cost the bank most."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from .graph.assumptions import Assumptions
from .graph.bank_loss import taken_to_pay
from .graph.configuration import Configuration
from .graph.each import Each, together
from .graph.fields import FIELDS
from .graph.joint import Ints
from .graph.outcome import already_failed, baseline
from .graph.publishing_stress import published
from .graph.results import Run, run_folder
from .graph.scenarios import Named, Scenario, scenario
from .graph.schema import LINKS
from .graph.snapshot import Snapshot
from .graph.stress import Stress, path, stress
from .graph.stress_book import StressBook, stress_book
from .jobs import Report, Step
from .related import named
from .run_inputs import run_of
from .stress_parts import done, followed, forget
from .stress_wanted import Wanted

if TYPE_CHECKING:
    from .graph.store import Store

CANDIDATES = 100  # firms that a reverse stress test tries
SHOWN = 20  # rows of a table of all firms; csv and json have all
FEW = 3  # parties named in a run's description


@dataclass(frozen=True)
class Answer:
    """What a stress test says.

    Attributes:
        rows: for stdout.
        lines: for a person, beside the rows.
        counts: for a scheduler.
        run: that keeps its results, if it is one.
        results: what the run leaves on each party, `party_id` and the fields of `published(run.kind)`.
    """

    rows: pl.DataFrame
    lines: list[str]
    counts: Mapping[str, object] = field(default_factory=dict)
    run: Run | None = None
    results: pl.DataFrame = field(default_factory=pl.DataFrame)


def run(asked: Wanted, config: Configuration, store: "Store | None", step: Step) -> tuple[pl.DataFrame, Report]:
    """The rows that answer what was asked, and the report; published where it is to be."""
    started = time.monotonic()
    snapshot = asked.snapshot(config, store)
    answer = _JOBS[asked.kind](asked, config, snapshot, step)
    lines = [str(asked.assumptions), *answer.lines]
    if answer.run and asked.publishes and store is not None:
        in_force = store.publish_stress(answer.run, answer.results, wait=asked.options["wait"], progress=step)
        lines.append(f"run {answer.run.run_id}: " + ("published, in force" if in_force else "remembered, not in force"))
    if answer.run:
        forget(config.home / "stress" / answer.run.run_id)
    told = asdict(answer.run) if answer.run else {"as_of": snapshot.day}
    took = {"assumptions": str(asked.assumptions), "seconds": round(time.monotonic() - started, 3)}
    return answer.rows, {**told, **answer.counts, **took, "lines": lines}


def _scenario(asked: Wanted, config: Configuration, snapshot: Snapshot, step: Step) -> Answer:
    """One scenario: who fails, in which round, by whom."""
    step("stress", 0, 1)
    begins = scenario(snapshot, asked.named, asked.assumptions.without_equity)
    found = stress(snapshot, begins, asked.assumptions)
    step("stress", 1, 1)
    states = dict(found.parties["state"].value_counts().iter_rows())
    counts = {state: states.get(state, 0) for state in ("named", "failed", "suffers")}
    lost = {"bank_loss": found.bank_loss, "rounds": found.rounds}
    lines = [
        *begins.notes,
        *found.notes,
        _counted(counts, found),
        f"the bank loses {found.bank_loss:,.2f} {snapshot.currency}",
    ]
    answer = Answer(_shown(asked, snapshot, found), lines, counts | lost)
    if not asked.is_run:
        return answer
    made = run_of("scenario", snapshot, f"{_said(asked.named, begins)}; {asked.assumptions}", config)
    folder = run_folder(config.home / "runs", made)
    named(snapshot, found.parties).write_parquet(folder / "parties.parquet")
    _recorded(snapshot, found.links).write_parquet(folder / "links.parquet")
    return Answer(answer.rows, lines, answer.counts, made, _scenario_fields(snapshot, found))


def _counted(counts: Mapping[str, int], found: Stress) -> str:
    return (
        f"{counts['named']:,} fail as named, {counts['failed']:,} more fail, {counts['suffers']:,} lose and "
        f"stand; settled in {found.rounds:,} rounds"
    )


def _shown(asked: Wanted, snapshot: Snapshot, found: Stress) -> pl.DataFrame:
    """The way to a party, every loss, or the parties: in a table those alone that are touched."""
    if asked.options["explain"]:
        return _recorded(snapshot, path(found, snapshot.row_of(asked.options["explain"])))
    if asked.options["links"]:
        return _recorded(snapshot, found.links)
    touched = pl.col("state") != "untouched"
    rows = found.parties.filter(touched) if asked.options["form"] == "table" else found.parties
    return named(snapshot, rows.sort(~touched, "round", -pl.col("loss"), "party_row", nulls_last=True))


def _recorded(snapshot: Snapshot, links: pl.DataFrame) -> pl.DataFrame:
    """Losses with the record behind each link in place of its row: its contract, who says so, the source's number."""
    kept = ["contract_id", "source", "source_ref"]
    tables = [snapshot.table(name).with_row_index("link_row").with_columns(table=pl.lit(name)) for name in LINKS]
    records = pl.concat(
        [rows.select("table", "link_row", pl.col(f"^({'|'.join(kept)})$")) for rows in tables], how="diagonal"
    )
    met = links.join(records, on=["table", "link_row"], how="left", maintain_order="left")
    return named(snapshot, met.select(pl.exclude("link_row", *kept), *kept))


def _said(named: Named, begins: Scenario) -> str:
    """A scenario in a line, with a mark that tells it from any other."""
    few = [*named.fails[:FEW], *(["…"] if len(named.fails) > FEW else [])]
    said = [f"fails {', '.join(few)}"] if few else []
    said += [f"{what} {code}" for what, code in (("sector", named.sector), ("region", named.region)) if code]
    said += [f"loss {named.loss:g}"] if named.loss else []
    said += [f"{named.shocks.height:,} shocks"] if named.shocks.height else []
    mark = hashlib.sha256(np.asarray(sorted(begins.fails)).tobytes() + begins.shock.tobytes()).hexdigest()[:8]
    return f"{', '.join(said)} ({mark})"


def _scenario_fields(snapshot: Snapshot, found: Stress) -> pl.DataFrame:
    """What a scenario leaves on each party that it touches."""
    touched = found.parties.filter(pl.col("state") != "untouched")
    told = touched.with_columns(party_id=snapshot.parties["party_id"].gather(touched["party_row"]))
    return _typed(told.select("party_id", **_unprefixed("scenario")))


def _each(asked: Wanted, config: Configuration, snapshot: Snapshot, step: Step) -> Answer:
    """Every enterprise in turn, or those to which the bank is most exposed."""
    book, top = stress_book(snapshot, asked.assumptions), asked.options["top"]
    rows = _largest(book, top)
    made = run_of("stress", snapshot, f"each{f' of top {top}' if top else ''}; {asked.assumptions}", config)
    parts = config.home / "stress" / made.run_id
    before = done(parts)
    found = together(book, followed(parts, book, rows, asked.assumptions, step))
    folder = run_folder(config.home / "runs", made)
    named(snapshot, found.impacts).write_parquet(folder / "impacts.parquet")
    named(snapshot, found.vulnerability).write_parquet(folder / "vulnerability.parquet")
    results = _each_fields(snapshot, found, asked.assumptions)
    lines = [f"went on where a run was cut off, after {before:,} failures"] if before else []
    lines += [*book.notes, *_if_called(book), *already_failed(baseline(book, asked.assumptions))]
    lines += [f"{len(rows):,} failures, each alone; all rows in {folder}"]
    unknown = found.impacts.filter(pl.col("unknown") > 0).height
    if unknown:
        lines.append(f"{unknown:,} of them hit parties without known equity: their impact is at least what is stated")
    moving = found.impacts.filter(~pl.col("settled")).height
    if moving:
        lines.append(
            f"{moving:,} of them took more after {asked.assumptions.rounds:,} rounds: their impact is at least what is "
            "stated; allow more --rounds"
        )
    shown = _most_systemic(snapshot, results)
    if asked.options["form"] == "table" and shown.height > SHOWN:
        lines.append(f"shown are the {SHOWN} that harm others most; --format csv has all {shown.height:,}")
        shown = shown.head(SHOWN)
    return Answer(shown, lines, {"failures": len(rows), "unknown": unknown, "unsettled": moving}, made, results)


def _if_called(book: StressBook) -> list[str]:
    """What is to be said of all guarantors of whom nobody knows whether they can pay."""
    return taken_to_pay(book, book.calls.select(suffers_row="suffers", loss="call"))


def _largest(book: StressBook, top: int | None) -> Ints:
    """Rows of the enterprises to which the bank is most exposed, all where none are to be chosen; sorted."""
    exposure = book.lent.exposure[: book.enterprises]
    return np.sort(np.argsort(-exposure, kind="stable")[:top])


def _each_fields(snapshot: Snapshot, found: Each, assumptions: Assumptions) -> pl.DataFrame:
    """What failures in turn leave on each enterprise."""
    both = found.vulnerability.join(found.impacts, on="party_row", how="left", maintain_order="left")
    ids = snapshot.parties["party_id"]
    both = both.rename({"mean_distress": "vulnerability"}).with_columns(
        party_id=ids.gather(both["party_row"]), worst_id=ids.gather(both["worst_row"]), model=pl.lit(assumptions.model)
    )
    return _typed(both.select("party_id", **_unprefixed("stress")))


def _unprefixed(kind: str) -> dict[str, pl.Expr]:
    """The fields of a kind of run, from columns that are named without its prefix."""
    return {name: pl.col(name.removeprefix(f"{kind}_")) for name in published(kind)}


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    """Results in the dictionary's types."""
    return rows.cast({name: FIELDS[name].dtype for name in rows.columns})


def _most_systemic(snapshot: Snapshot, results: pl.DataFrame) -> pl.DataFrame:
    """The firms that failed in turn, by the harm that they do to others, with their names."""
    ran = results.filter(pl.col("stress_impact").is_not_null())
    told = ran.join(snapshot.parties.select("party_id", "name"), on="party_id", how="left", maintain_order="left")
    order = told.sort("stress_impact", "party_id", descending=[True, False])
    return order.select(
        "party_id",
        pl.col("name").alias("party_name"),
        *(name for name in published("stress") if name != "stress_model"),
    )


def _reverse(asked: Wanted, _: Configuration, snapshot: Snapshot, step: Step) -> Answer:
    """Few failures that together cost the bank more than an amount."""
    from .graph.reverse import reverse

    target, candidates = asked.options["reverse"], asked.options["candidates"] or CANDIDATES
    book = stress_book(snapshot, asked.assumptions)
    found = reverse(book, target, asked.assumptions, candidates, step)
    lost = sum(found["adds"])
    end = f"{found.height:,} failures cost the bank {lost:,.2f} {snapshot.currency}"
    missed = "" if lost > target else f"; no more than {target:,.2f} is reached with these candidates"
    greedy = (
        "greedy: each step adds the failure, or the debtor with its guarantors, that costs the bank most for each of "
        f"them, among {candidates:,} candidates; a smaller set may exist"
    )
    unknown = int(found["unknown"].to_numpy().max(initial=0))
    blind = [f"{unknown:,} parties without known equity bear losses: the bank loses at least that"] if unknown else []
    lines = [*book.notes, *_if_called(book), greedy, *blind, end + missed]
    return Answer(named(snapshot, found), lines, {"bank_loss": lost, "reached": lost > target, "unknown": unknown})


def _production(asked: Wanted, _: Configuration, snapshot: Snapshot, step: Step) -> Answer:
    """The part of all output that the named firms take with them."""
    from .stress_production import closed

    step("production", 0, 1)
    rows, lines = closed(snapshot, np.array(scenario(snapshot, asked.named).fails, np.int64))
    step("production", 1, 1)
    return Answer(named(snapshot, rows), lines)


_JOBS = {"scenario": _scenario, "each": _each, "reverse": _reverse, "production": _production}
