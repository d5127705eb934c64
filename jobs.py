"""What each command does: read, call, write. Like cli.py, from which it is called, it may meet all rooms."""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from . import __version__
from .final_scores import final_scores, overrides_of
from .graph import register_folder
from .graph.checks import Subject, bare_parties, check
from .graph.configuration import Configuration
from .graph.errors import DataError, StoreError, UsageError
from .graph.register import Register
from .graph.results import check_complete
from .loaders.intake import Intake, close_absent, take_in, write_quarantine
from .loaders.reading import Reading
from .run_inputs import run_of

if TYPE_CHECKING:
    from .gnn.model import Model
    from .graph.store import Store

Step = Callable[[str, int, int], None]  # a named step, how much of it is done, of how much
Report = dict[str, Any]  # `lines` for a person, the rest for a scheduler


@contextmanager
def opened(config: Configuration, *, reading: bool = False) -> "Iterator[Store]":
    """The store that the settings name, for as long as it is used; the embedded one is started if it isn't up.

    Raises:
        DataError: it is only to be read, and nothing was ever loaded into it.
        StoreError: it can't be reached.
    """
    from .graph import embedded
    from .graph.store import Store

    if config.store == "embedded" and reading and not (config.home / "store").is_dir():
        raise DataError(f"{config.home}: nothing was loaded into its store yet. relparty load does.")
    if config.store != "embedded" and not re.match(r"(bolt|neo4j)(\+s|\+ssc)?://.", config.store):
        raise UsageError(
            f"{config.store}: no store. It is embedded, or a URL bolt:// or neo4j://, with +s or +ssc for TLS."
        )
    if config.store != "embedded":
        store = Store.connect(
            config.store, config.user, config.secret, database=config.database, ca_file=config.ca_file
        )
        with store:
            yield store
        return
    with embedded.start(config.home / "store") as server:
        analyst = (server.analyst, server.analyst_password)
        with Store.connect(server.url, server.user, server.password, analyst=analyst) as store:
            yield store


def load_files(
    config: Configuration, store: "Store | None", paths: Sequence[str], options: dict[str, Any], step: Step
) -> Report:
    """Reads files into the register and writes the present into the store; nothing is written on a dry run."""
    started = time.monotonic()
    if options["day"] and options["no_store"]:
        raise UsageError("--day moves the store, and --no-store writes none: leave one of them out.")
    day = None if store is None else _day_to_show(store, options["day"])
    readings = _read(config, paths, options, step)
    folder = config.home / "register"
    with nullcontext() if options["dry_run"] else register_folder.writing(folder, options["wait"]):
        before = register_folder.load(folder)
        intake = take_in(before, readings)
        if options["complete"]:
            day = _required(options["recorded_on"], "--complete needs --recorded-on, the day of the file")
            intake = close_absent(intake, readings, day, allow_closing=options["allow_closing"])
        report = _counted(config, intake)
        _hold_to(options["strict"], report, intake)
        if not options["dry_run"]:
            held = register_folder.save(intake.register, folder)
            waiting = write_quarantine(config.home / "quarantine", intake)
            report |= {"register_version": held.version, "register_hash": held.hash, "quarantine": waiting}
            report["lines"] += [f"quarantine/{name}: {rows:,} rows wait" for name, rows in waiting.items() if rows]
    if store is not None and day is not None:
        written = store.write(intake.register.as_of(day, config.settings), wait=options["wait"], progress=step)
        changed = ", ".join(f"{count:,} {what}" for what, count in written.items() if count) or "nothing to change"
        report |= {"day": day, "store": written, "lines": [*report["lines"], f"store shows {day}: {changed}"]}
    return report | {"seconds": round(time.monotonic() - started, 3)}


def _read(config: Configuration, paths: Sequence[str], options: dict[str, Any], step: Step) -> list[Reading]:
    from .loaders.formats import every_file, read_file
    from .loaders.persons import protect, salt
    from .loaders.table import Said, read_maps

    maps = read_maps(Path(options["map_file"])) if options["map_file"] else {}
    said = Said(options["source"], options["recorded_on"] and options["recorded_on"].date(), maps)
    files = every_file([Path(path) for path in paths], options["form"], said)
    key, readings = secrets.token_bytes() if options["dry_run"] else salt(config.home), []
    for number, file in enumerate(files):
        step("reading files", number, len(files))
        readings.append(protect(read_file(file, options["form"], said), config.persons, key))
    step("reading files", len(files), len(files))
    return readings


def _required(given: datetime | None, otherwise: str) -> date:
    if given is None:
        raise UsageError(f"{otherwise}.")
    return given.date()


def _given(day: date | None) -> date:
    if day is None:
        raise UsageError("no store to score from: name the day with --as-of.")
    return day


def _counted(config: Configuration, intake: Intake) -> Report:
    """The counts of each file, in words and as numbers."""
    everything = Subject(intake.register, date.max, config.settings)
    bare = sum(finding.rows.height for finding in bare_parties(everything))
    joined, undone = everything.identity.names.height, everything.identity.undone.height
    lines = []
    for counts in intake.counts:
        shares = f"{counts.kept:,} kept + {counts.repeated:,} repeated + {counts.quarantined:,} quarantined"
        lines.append(f"{Path(counts.file).name}: {counts.rows:,} rows in = {shares}")
        lines += [f"  {note}" for note in counts.notes]
    lines += [
        f"{name}: {closed:,} statements closed, absent from the complete file" for name, closed in intake.closed.items()
    ]
    lines.append(f"bare parties: {bare:,}; ids joined to another: {joined:,}; joins not made: {undone:,}")
    files = [asdict(counts) for counts in intake.counts]
    return {"lines": lines, "files": files, "closed": dict(intake.closed), "bare": bare, "joined": joined}


def _hold_to(strict: bool, report: Report, intake: Intake) -> None:  # noqa: FBT001 (the flag of the command)
    """Under --strict a load is all or nothing; the error names the first row at fault.

    Raises:
        DataError: a row is quarantined, or a party bare.
    """
    quarantined = sum(counts["quarantined"] for counts in report["files"])
    if not strict or not (quarantined or report["bare"]):
        return
    faults = [
        (Path(file).name, *row) for file, rows in intake.rejected.items() for row in rows["line", "reason"].rows()
    ]
    first = f" First {faults[0][0]} line {faults[0][1]}: {faults[0][2]}." if faults else ""
    raise DataError(f"--strict: {quarantined} rows at fault, {report['bare']} bare parties. Nothing was loaded.{first}")


def _day_to_show(store: "Store", asked: datetime | None) -> date:
    """The day that a load shows in the store: as asked, else as it is, else today.

    Raises:
        DataError: the store shows a later day; it never moves back.
    """
    shown = store.day
    if asked is None:
        return shown or date.today()  # noqa: DTZ011 (a bank's day is a local day)
    if shown is not None and asked.date() < shown:
        raise DataError(f"the store shows {shown} and never moves back to {asked.date()}. Read past days with --as-of.")
    return asked.date()


def check_register(config: Configuration, day: date, rule: str | None) -> tuple[pl.DataFrame, bool]:
    """The findings of all rules, or the rows at fault of one; and whether an error is among them.

    Raises:
        UsageError: no rule has that name.
    """
    from .graph.checks import RULES

    findings = check(Subject(loaded(config), day, config.settings))
    broken = any(finding.severity == "error" for finding in findings)
    if rule is not None:
        named = [finding for finding in findings if finding.rule == rule]
        if not named and rule not in {made.__name__ for made in RULES} and not rule.endswith("_above_one"):
            raise UsageError(f"{rule}: no such rule. Rules: {', '.join(made.__name__ for made in RULES)}.")
        return (pl.concat([finding.rows for finding in named]) if named else pl.DataFrame()), broken
    rows = [(found.severity, found.rule, found.rows.height, found.what, found.remedy) for found in findings]
    names = {"severity": pl.String, "rule": pl.String, "rows": pl.Int64, "finding": pl.String, "remedy": pl.String}
    return pl.DataFrame(rows, schema=names, orient="row").sort("severity", maintain_order=True), broken


def train_model(config: Configuration, until: date | None, seed: int, step: Step) -> Report:
    """Trains on what the register knew by `until`, saves the model, and tells what its card says."""
    from .gnn.card import as_text
    from .gnn.config import Config
    from .gnn.grades import card_grades, grade_counts
    from .gnn.stability import reference
    from .gnn.task import Task
    from .gnn.train import fit

    started = time.monotonic()
    register = loaded(config)
    model = fit(Task(until=until), register, Config(seed=seed), step, config.settings)
    learned_from = register.as_of(model.days.train[-1], config.settings)
    figures = {**model.card, "grades": card_grades(model, register, config.scale, config.settings)}
    model = replace(model, reference=reference(learned_from, model.score(learned_from)), card=figures)
    target = model.save(config.home / "models")
    grade_counts(model, register, config.scale, config.settings).save(target)
    lines = [*as_text(model.model_id, model.card).splitlines(), f"saved in {target}"]
    return {"lines": lines, "model_id": model.model_id, "seconds": round(time.monotonic() - started, 3)}


def score_day(
    config: Configuration, store: "Store | None", day: date | None, options: dict[str, Any], step: Step
) -> Report:
    """Scores the store's present, or a day of the register, and publishes the run."""
    started = time.monotonic()
    if options.get("out") and Path(options["out"]).suffix not in (".csv", ".parquet"):
        raise UsageError(f"{options['out']}: --out ends in .csv or .parquet.")
    model = newest_model(config.home / "models", options["model_id"])
    snapshot = (
        store.snapshot() if store is not None and day is None else loaded(config).as_of(_given(day), config.settings)
    )
    step("scoring", 0, 1)
    final = final_scores(config, model, snapshot, overrides_of(config, options.get("overrides"), snapshot))
    scores = final.scores
    check_complete(scores, snapshot)
    step("scoring", 1, 1)
    run = run_of("score", snapshot, model.model_id, config, final.hashes)
    final.save(config.home / "runs", run)
    if options.get("out"):
        _write_rows(scores.firms, Path(options["out"]))
    lines = [f"run {run.run_id}: {scores.firms.height:,} enterprises scored for {run.as_of}", *final.lines]
    if store is not None and not options.get("dry_run"):
        in_force = store.publish(run, scores, wait=options["wait"], progress=step)
        lines.append("published, in force" if in_force else "remembered, not in force: the store shows a later day")
    took = {"firms": scores.firms.height, "seconds": round(time.monotonic() - started, 3)}
    return asdict(run) | took | {"lines": lines}


def newest_model(folder: Path, model_id: str | None) -> "Model":
    """The model of that id, else the one saved last.

    Raises:
        UsageError: no such model, or none at all.
    """
    from .gnn.model import Model, latest

    chosen = folder / model_id if model_id else latest(folder)
    if chosen is None:
        raise UsageError(f"{folder}: no model yet. Run 'relparty train' first.")
    if not (chosen / "model.json").is_file():
        names = sorted(path.parent.name for path in folder.glob("*/model.json"))
        raise UsageError(f"{model_id}: no such model in {folder}. Models: {', '.join(names) or 'none'}.")
    return Model.load(chosen)


def _write_rows(rows: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        rows.write_parquet(path)
    else:
        rows.write_csv(path)


def loaded(config: Configuration) -> Register:
    """The register of a home.

    Raises:
        DataError: nothing was ever loaded.
    """
    register = register_folder.load(config.home / "register")
    if not register.tables:
        raise DataError(f"{config.home / 'register'}: the register is empty. Run 'relparty load' first.")
    return register


def run_demo(config: Configuration, store: "Store", made: tuple[int, int, float], step: Step) -> Report:
    """Writes a made-up economy and takes it the whole way; `answer` holds the riskiest firms of the run."""
    from .graph.questions import asked
    from .loaders.economy import LAST, write_economy

    firms, seed, wait = made
    files = config.home / "economy"
    if not files.exists():
        step("writing an economy", 0, 1)
        write_economy(files, firms=firms, seed=seed)
        step("writing an economy", 1, 1)
    day = datetime.combine(LAST, datetime.min.time())
    options = {"form": "canonical", "map_file": None, "source": "bank", "recorded_on": None, "complete": False,
               "strict": False, "dry_run": False, "no_store": False, "wait": wait, "day": day}  # fmt: skip
    lines = load_files(config, store, [str(files)], options, step)["lines"]
    lines += train_model(config, None, seed, step)["lines"]
    lines += score_day(config, store, None, {"model_id": None, "wait": wait}, step)["lines"]
    text, params, _ = asked("riskiest", ())
    return {"lines": lines, "answer": store.ask(text, params), "cypher": text}


def keep_serving(config: Configuration, say: Callable[[str], None]) -> None:
    """Holds the embedded store until interrupted."""
    from .graph import embedded

    with embedded.start(config.home / "store") as server:
        say(server.url)
        say(f"user {server.user}; its password and the analyst's lie in {server.access}")
        try:
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            say("stopped")


def diagnosis(config: Configuration, reach: "Callable[[], AbstractContextManager[Store]]") -> tuple[pl.DataFrame, int]:
    """What is installed, reachable and consistent, and the worst exit code."""
    rows = [("relparty", "ok", __version__), *_installed()]
    code = 0
    for name, look in (("register", _look_at_register), ("models", _look_at_models)):
        try:
            rows.append((name, "ok", look(config)))
        except (DataError, UsageError) as error:
            rows.append((name, "missing", str(error)))
    try:
        with reach() as store:
            rows += [("store", *state) for state in _look_at_store(config, store)]
    except (StoreError, UsageError) as error:
        rows.append(("store", "error", str(error)))
        code = error.exit_code
    return pl.DataFrame(rows, schema={"what": pl.String, "state": pl.String, "detail": pl.String}, orient="row"), code


def _installed() -> list[tuple[str, str, str]]:
    from importlib.metadata import PackageNotFoundError, version

    rows = []
    for name in ("polars", "neo4j", "torch", "torch-geometric", "lightgbm", "arcadedb-embedded"):
        try:
            rows.append((name, "ok", version(name)))
        except PackageNotFoundError:
            rows.append((name, "missing", f"pip install {name}"))
    return rows


def _look_at_register(config: Configuration) -> str:
    register = loaded(config)
    rows = sum(frame.height for frame in register.tables.values())
    version = register_folder.manifest(config.home / "register").version
    return f"version {version}, {rows:,} rows in {len(register.tables)} tables"


def _look_at_models(config: Configuration) -> str:
    return newest_model(config.home / "models", None).model_id


def _look_at_store(config: Configuration, store: "Store") -> list[tuple[str, str]]:
    """Whether the store is whole and shows what the register says of its day."""
    day = store.day
    if day is None:
        return [("empty", "nothing was ever loaded: run 'relparty load'")]
    try:
        snapshot = store.snapshot()
    except DataError as error:
        return [("error", str(error))]
    same = register_folder.load(config.home / "register").as_of(day, config.settings).equals(snapshot)
    told = "equals the register" if same else "differs from the register: run 'relparty load' again"
    return [("ok" if same else "warning", f"shows {day}, {snapshot.parties.height:,} parties; {told}")]
