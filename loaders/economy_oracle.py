"""The oracle: an economy as a canonical folder and, beside its tables, what is true of it, from a frozen recipe."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ..graph.errors import DataError, UsageError
from .economy import draw_economy, write_world
from .economy_forms import form_of
from .economy_given import given, interventions
from .economy_truth import truth
from .economy_world import World

VERSION = 1  # of the process; goes up with any change that moves a figure
TRUTHS = ("truth.parquet", "given.parquet", "interventions.parquet")


@dataclass(frozen=True)
class Recipe:
    """All that an oracle's folder is made from."""

    form: str
    seed: int
    firms: int = 20_000
    years: int = 10
    days: int = 0  # year ends, the latest whose twelve months are over, of which the truth is told
    paths: int = 1_000  # futures that a probability is counted on
    forced: int = 400  # firms made to fail, each before its partners' eyes, on the last of the days
    changed: int = 500  # firms of which a link or a neighbour is changed, on the last of the days


def write_oracle(folder: Path, recipe: Recipe) -> dict[str, Any]:
    """Writes the canonical folder of a recipe and, if it asks for any days, the truth, and returns `economy.json`.

    truth.parquet holds the columns of `economy_truth.truth`, given.parquet and interventions.parquet those of
    `economy_given`; economy.json the recipe, the version, and the sha256 of each file. A reader of the canonical
    folder reads none of these.

    Raises:
        UsageError: no such form, fewer than 50 firms, no year, or more days than years.
    """
    if not 0 <= recipe.days <= recipe.years:
        raise UsageError(f"the truth of {recipe.days} days of {recipe.years} years: from 0 to {recipe.years}.")
    world = draw_economy(recipe.firms, recipe.years, recipe.seed, form_of(recipe.form))
    names = [f"{name}.parquet" for name in write_world(folder, world)]
    if recipe.days:
        _write_truth(folder, world, recipe)
    told = TRUTHS if recipe.days else ()
    said = asdict(recipe) | {"version": VERSION, "sha256": hashes(folder, [*names, *told])}
    said |= {"tables": _together(said["sha256"], names), "truth": _together(said["sha256"], told)}
    (folder / "economy.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return said


def _write_truth(folder: Path, world: World, recipe: Recipe) -> None:
    days = [truth(world, year, recipe.paths) for year in range(recipe.years - recipe.days, recipe.years)]
    last = recipe.years - 1
    pl.concat(days).write_parquet(folder / TRUTHS[0])
    given(world, last, recipe.paths, recipe.forced).write_parquet(folder / TRUTHS[1])
    interventions(world, last, recipe.paths, recipe.changed).write_parquet(folder / TRUTHS[2])


def hashes(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The sha256 of each of these files of a folder."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sorted(names)}


def _together(sha256: Mapping[str, str], names: Sequence[str]) -> str | None:
    """One hash over those of some files; none of none."""
    lines = "".join(f"{sha256[name]}  {name}\n" for name in sorted(names))
    return hashlib.sha256(lines.encode()).hexdigest() if names else None


def verify(frozen: Path, folder: Path) -> dict[str, Any]:
    """The row of a table of frozen economies that a folder written by `write_oracle` is, its files hashed anew.

    Args:
        frozen: a JSON list of rows with the fields of Recipe, `version`, `tables` and `truth`.
        folder: that holds economy.json.

    Raises:
        DataError: the files are not those that economy.json tells of, or the table has no such row.
    """
    said = json.loads((folder / "economy.json").read_text(encoding="utf-8"))
    if hashes(folder, list(said["sha256"])) != said["sha256"]:
        raise DataError(f"{folder}: the files are not those that economy.json tells of. Write the folder again.")
    rows = json.loads(frozen.read_text(encoding="utf-8"))
    for row in rows:
        if all(said[name] == value for name, value in row.items()):
            return dict(row)
    raise DataError(f"{folder}: {frozen.name} has no such economy: {said['form']}, seed {said['seed']}.")
