"""What `relparty explain` does: the parts of a firm's PD, and what becomes of it if given parties fail."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from .graph.configuration import Configuration
from .graph.errors import UsageError
from .graph.results import Scores
from .graph.score_parts import beside, score_parts
from .graph.snapshot import Snapshot
from .jobs import loaded, newest_model
from .rebuilding import rebuilt, score_run


@dataclass(frozen=True)
class _Scored:
    """A day with what was scored on it.

    Attributes:
        scores: of a saved run; none where the day is to be scored afresh.
        model_id: of the model; none: the newest.
        by: the run, or what stands for it, in words.
        lines: what is to be said of it.
    """

    snapshot: Snapshot
    scores: Scores | None
    model_id: str | None
    by: str
    lines: tuple[str, ...] = ()


def explained(config: Configuration, firm: str, options: dict[str, Any]) -> tuple[pl.DataFrame, list[str]]:
    """The rows of a firm's PD and the lines that a person reads beside them.

    Args:
        config: where register, runs and models lie.
        firm: its id, or an alias.
        options: of the command: run, as_of, model_id, given.

    Raises:
        UsageError: no such firm, run or model, or the firm asked about is given to fail.
    """
    asked, given = _asked(config, options), options["given"]
    snapshot, scores, rows = asked.snapshot, asked.scores, [asked.snapshot.row_of(party) for party in options["given"]]
    name = snapshot.parties["party_id"][snapshot.row_of(firm)]
    if snapshot.row_of(firm) in rows:
        raise UsageError(f"{firm}: it is the firm asked about; --given names others that fail.")
    if scores is None or given:
        model = newest_model(config.home / "models", asked.model_id)
        scores = model.score(snapshot)
    parts = score_parts(snapshot, scores, firm)
    status = scores.firms.filter(party_id=name)["risk_status"][0]
    lines = [*asked.lines, f"{name} on {snapshot.day} ({asked.by}), {status}: {_sum(parts)}"]
    if not given:
        return parts, lines
    told = beside(parts, score_parts(snapshot, model.score(snapshot, given), firm))
    return told, [*lines, f"given the failure of {', '.join(given)}: {_sum(told, 'adds_given')}"]


def _sum(parts: pl.DataFrame, adds: str = "adds") -> str:
    """A PD as the sum of its parts, in words."""
    whole, own = (parts.filter(level=level)[adds][0] for level in ("pd", "own"))
    if whole is None:
        return "no PD, for the bank holds no facility of it"
    channels = parts.filter(level="channel").select("channel", adds).drop_nulls().rows()
    return f"PD {whole:.4%} = own {own:.4%}" + "".join(f" + {name} {added:.4%}" for name, added in channels)


def _asked(config: Configuration, options: dict[str, Any]) -> _Scored:
    """The day to explain: that of a saved run, the last one where nothing is named, or one to be scored afresh."""
    if options["as_of"] is None:
        if options["model_id"]:
            raise UsageError("--model scores a day afresh: name the day with --as-of.")
        return _of_run(config, options["run"])
    if options["run"]:
        raise UsageError("--run has its own day: leave out --as-of, or --run.")
    return _Scored(_day(config, options["as_of"].date()), None, options["model_id"], "scored afresh")


def _of_run(config: Configuration, run_id: str | None) -> _Scored:
    run, scores = score_run(config, run_id)
    found = rebuilt(config, run)
    if found.snapshot is None:
        line = f"the register no longer shows {run.as_of} as the run saw it; records are those of now"
        return _Scored(_day(config, run.as_of), scores, run.model_id, run.run_id, (line,))
    late = (f"rows loaded since though recorded by {run.as_of} are left out: {found.told}",) if found.late else ()
    return _Scored(found.snapshot, scores, run.model_id, run.run_id, late)


def _day(config: Configuration, day: date) -> Snapshot:
    return loaded(config).as_of(day, config.settings)
