"""A score run made again from its inputs, and compared bit for bit with what it left behind."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
from polars import selectors as cs

from .final_scores import Final, final_scores
from .graph import register_folder
from .graph.configuration import Configuration
from .graph.errors import DataError
from .graph.overrides import OVERRIDES
from .graph.results import Run, Scores
from .graph.snapshot import Snapshot
from .jobs import Report
from .rebuilding import Rebuilt, model_folder, rebuilt, score_run
from .run_inputs import OF_THE_REGISTER, surroundings

REPLAYED = {"what": pl.String(), "state": pl.String(), "then": pl.String(), "now": pl.String()}
GONE = "gone"
REMEDIES = {
    "snapshot": "the register no longer shows what the run saw: restore it, or set the settings of then",
    "model": "restore its folder",
    "grading": "set the master scale of then and train again, which counts defaults by it",
    "settings": "set them in relparty.toml, the environment or flags as they were",
    "rules": "install the relparty of then",
    "dictionary": "install the relparty of then",
    "code": "install the relparty of then",
    "libraries": "install those of then",
}

Row = tuple[str, str, str | None, str | None]  # what, state, then, now


def replay(config: Configuration, run_id: str) -> tuple[pl.DataFrame, Report]:
    """Each input of a score run and each file that it left, then and now; columns of REPLAYED.

    The run is remade wherever its snapshot and its model are still to be had, whatever else has changed; the report
    says whether the result is equal and, where it is not, which inputs differ. Its exit code is that of broken data
    unless all is equal.

    Raises:
        UsageError: no such run.
        DataError: the register is empty.
    """
    run, saved = score_run(config, run_id)
    around = surroundings(config)
    rows = [_input(name, run.hashes.get(name), now) for name, now in around.items()]
    if run.hashes.get("dictionary") == around["dictionary"]:
        found, folder = rebuilt(config, run), model_folder(config, run)
        rows = [_register_row(config, run), _snapshot_row(run, found), _model_row(run, folder), *rows]
        if found.snapshot is not None and folder is not None:
            made = _made(config, run, folder, found.snapshot)
            rows += [
                _input("grading", run.hashes.get("grading"), made.hashes["grading"]),
                *_results(saved, made.scores),
            ]
        late = found.told
    else:
        late = ""
    report = _verdict(run, rows, late)
    return pl.DataFrame(rows, schema=REPLAYED, orient="row"), report


def _input(name: str, then: str | None, now: str | None) -> Row:
    return name, "same" if then == now else "differs" if then else "not kept", then, now


def _register_row(config: Configuration, run: Run) -> Row:
    """A register only grows, which by itself changes no run; the snapshot says whether it changed this one."""
    then, now = run.hashes.get(OF_THE_REGISTER), register_folder.manifest(config.home / "register").hash
    return OF_THE_REGISTER, "same" if then == now else "grown", then, now


def _snapshot_row(run: Run, found: Rebuilt) -> Row:
    then = run.hashes.get("snapshot")
    return ("snapshot", GONE, then, None) if found.snapshot is None else _input("snapshot", then, then)


def _model_row(run: Run, folder: Path | None) -> Row:
    """The model's id is made from its weights and settings, so it tells whether they were touched."""
    if folder is None:
        return "model", GONE, run.model_id, None
    from .gnn.model import Model

    return _input("model", run.model_id, Model.load(folder).model_id)


def _made(config: Configuration, run: Run, model: Path, snapshot: Snapshot) -> Final:
    """The scores under the overrides that were in force for the run, which lie beside it, and under today's grading."""
    from .gnn.model import Model

    kept = config.home / "runs" / run.run_id / "overrides.parquet"
    overrides = pl.read_parquet(kept) if kept.is_file() else pl.DataFrame(schema=OVERRIDES)
    return final_scores(config, Model.load(model), snapshot, overrides)


def _results(saved: Scores, made: Scores) -> list[Row]:
    return [
        _result("scores.parquet", saved.firms, made.firms, "party_id"),
        _result("links.parquet", saved.links, made.links, "suffers_id"),
    ]


def _result(name: str, then: pl.DataFrame, now: pl.DataFrame, named_by: str) -> Row:
    """A file beside the same made again: how many rows differ in any bit, and the first of them."""
    if then.schema != now.schema:
        other = sorted({column for column, _ in set(then.schema.items()) ^ set(now.schema.items())})
        return name, "differs", f"{then.height:,} rows", f"other columns: {', '.join(other) or 'their order'}"
    if then.height != now.height:
        return name, "differs", f"{then.height:,} rows", f"{now.height:,} rows"
    apart = _differing(then, now)
    if not apart.any():
        return name, "same", f"{then.height:,} rows", f"{now.height:,} rows"
    first = then[named_by].filter(apart)[0]
    return name, "differs", f"{then.height:,} rows", f"{apart.sum():,} rows differ, first {first}"


def _differing(then: pl.DataFrame, now: pl.DataFrame) -> pl.Series:
    """Of each row whether any bit of it differs."""
    bits = [frame.with_columns(cs.float().reinterpret(dtype=pl.Int64)) for frame in (then, now)]
    apart = [bits[0][name].ne_missing(bits[1][name]) for name in then.columns]
    return pl.DataFrame({str(place): each for place, each in enumerate(apart)}).select(
        pl.any_horizontal(pl.all()).alias("differs")
    )["differs"]


def _verdict(run: Run, rows: list[Row], late: str) -> Report:
    """What the rows come to, in words and as an exit code."""
    states = {what: state for what, state, _, _ in rows}
    results = {what: state for what, state in states.items() if what.endswith(".parquet")}
    changed = [what for what, state in states.items() if what in REMEDIES and state != "same"]
    equal = bool(results) and set(results.values()) == {"same"}
    lines = [_said(run, results, changed)]
    lines += [f"{what} {states[what]}: {REMEDIES[what]}" for what in changed] if not equal else []
    if late:
        lines.append(f"a run of now would see rows loaded since though recorded by {run.as_of}: {late}")
    report = {"run_id": run.run_id, "equal": equal, "changed": changed, "late": late}
    return report | {"lines": lines, "exit_code": 0 if equal else DataError.exit_code}


def _said(run: Run, results: Mapping[str, str], changed: list[str]) -> str:
    if not results:
        return f"run {run.run_id} can't be made again: {', '.join(changed)}"
    if set(results.values()) == {"same"}:
        though = f", though these have changed: {', '.join(changed)}" if changed else ""
        return f"run {run.run_id} made again: equal bit for bit{though}"
    because = f"what differs: {', '.join(changed)}" if changed else (
        "no input differs, so its files were changed, or this is another kind of machine"
    )  # fmt: skip
    return f"run {run.run_id} made again: not equal; {because}"
