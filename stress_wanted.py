"""What a user wants of `relparty stress`, checked before anything is read or started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .graph.assumptions import PRODUCTION, RANKED, Assumptions
from .graph.configuration import Configuration
from .graph.errors import UsageError
from .graph.scenarios import Named
from .graph.snapshot import Snapshot
from .graph.valuations import Terms
from .loaders.shocks import read_shocks
from .related import snapshot_of

if TYPE_CHECKING:
    from .graph.store import Store

Kind = Literal["scenario", "each", "reverse", "production"]

NAMING = ("fails", "sector", "region", "loss", "shock")
GOES_WITH: Mapping[Kind, tuple[str, ...]] = {  # options that mean something to one kind of stress alone
    "scenario": (*NAMING, "links", "explain", "publish"),
    "each": ("top",),
    "reverse": ("candidates",),
    "production": (),
}
OF_BALANCE_SHEETS = ("loss", "shock", "links", "explain", "publish")
FRACTIONS = ("recovery", "alpha", "beta", "supply", "cover")


@dataclass(frozen=True)
class Wanted:
    """What a user asks for, checked."""

    kind: Kind
    options: Mapping[str, Any]
    assumptions: Assumptions
    named: Named

    @property
    def as_of(self) -> date | None:
        """The day asked for."""
        given = self.options["as_of"]
        return None if given is None else date(given.year, given.month, given.day)

    def snapshot(self, config: Configuration, store: "Store | None") -> Snapshot:
        """The day to stress: as asked, else the store's for a run, else today."""
        if self.is_run and self.as_of is None and store is not None:
            return store.snapshot()
        return snapshot_of(config, self.as_of or date.today())  # noqa: DTZ011 (a bank's day is a local day)

    @property
    def is_run(self) -> bool:
        """Whether the answer is kept as a run."""
        return self.kind == "each" or bool(self.options["publish"])

    @property
    def publishes(self) -> bool:
        """Whether the answer goes into the store."""
        return self.is_run and not self.options["dry_run"]

    @property
    def uses_store(self) -> bool:
        """Whether a store is needed: to publish, or because the day is the store's."""
        return self.publishes or (self.is_run and self.as_of is None)


def wanted(options: Mapping[str, Any]) -> Wanted:
    """What a user asks for.

    Raises:
        UsageError: options that contradict each other, are out of range, or ask for nothing.
        DataError: a file of shocks with a row at fault.
    """
    kind = _kind(options)
    if kind == "reverse" and not 0 < options["reverse"] < float("inf"):
        raise UsageError(f"--reverse {options['reverse']:g}: it is an amount of money above 0.")
    for name, counted in (("top", "firms"), ("candidates", "firms"), ("rounds", "rounds")):
        if _given(options[name]) and options[name] < 1:
            raise UsageError(f"--{name} {options[name]}: it is a number of {counted}, 1 or more.")
    if options["links"] and options["explain"]:
        raise UsageError("--links and --explain are two tables: ask for one.")
    shocks = {"shocks": read_shocks(Path(options["shock"]))} if options["shock"] else {}
    who = Named(options["fails"], options["sector"], options["region"], options["loss"], **shocks)
    return Wanted(kind, options, _assumptions(options, kind), who)


def _kind(options: Mapping[str, Any]) -> Kind:
    asked: list[Kind] = [kind for kind in ("each", "reverse") if _given(options[kind])]
    if len(asked) > 1:
        raise UsageError("--each and --reverse are two questions: ask one.")
    kind: Kind = asked[0] if asked else "scenario"
    if options["model"] == PRODUCTION:
        return _production(options, asked)
    for other, names in GOES_WITH.items():
        stray = [name for name in names if other != kind and _given(options[name])]
        if stray and other == "scenario":
            raise UsageError(f"--{stray[0]} belongs to a scenario, and --{kind} makes its own: leave one out.")
        if stray:
            raise UsageError(f"--{stray[0]} goes with --{other} alone.")
    if kind == "scenario" and not any(_given(options[name]) for name in NAMING):
        raise UsageError(
            "stress: nothing happens. Name --fails, --sector, --region or --shock, or ask for --each or --reverse."
        )
    return kind


def _production(options: Mapping[str, Any], asked: Sequence[Kind]) -> Kind:
    stray = [*asked, *(name for name in OF_BALANCE_SHEETS if _given(options[name]))]
    if stray:
        raise UsageError(
            f"--{stray[0]} goes with models of balance sheets; --model {PRODUCTION} closes named firms alone."
        )
    return "production"


def _given(value: Any) -> bool:
    return value is not None and value is not False and value != ()


def _assumptions(options: Mapping[str, Any], kind: Kind) -> Assumptions:
    wrong = [name for name in FRACTIONS if not 0 <= options[name] <= 1]
    if wrong:
        raise UsageError(f"--{wrong[0]} {options[wrong[0]]:g}: it is a fraction from 0 to 1.")
    if not 0 < options["volatility"] < float("inf"):
        raise UsageError(f"--volatility {options['volatility']:g}: it is a yearly volatility above 0, such as 0.25.")
    if options["seniority"] != "pari_passu" and options["model"] not in RANKED:
        raise UsageError(f"--seniority goes with --model {' or '.join(RANKED)} alone: others share nothing out.")
    numbers = {name: options[name] for name in ("recovery", "alpha", "beta", "volatility", "seniority")}
    terms = Terms(**numbers, zero_fails=options["at_zero"] == "fails")
    kept = {name: options[name] for name in ("model", "supply", "cover", "without_equity", "rounds")}
    if kind != "scenario" and kept["without_equity"] == "refuse":  # one firm must not stop the failures of all others
        kept["without_equity"] = "absorb"
    return Assumptions(terms=terms, **kept)
