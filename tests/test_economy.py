"""The made-up economy: the same seed the same files, nothing known before it happened, firms that fail through others."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from relparty.graph.check_digits import uscc_check
from relparty.graph.errors import UsageError
from relparty.graph.schema import TABLES
from relparty.loaders.accept import assemble
from relparty.loaders.economy import LAST, draw_economy, write_economy
from relparty.loaders.economy_forms import FORMS

FIRMS, YEARS, SEED = 300, 3, 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An economy of 300 firms over three years."""
    target = tmp_path_factory.mktemp("economy")
    write_economy(target, FIRMS, YEARS, SEED)
    return target


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(folder: Path, tmp_path: Path) -> None:
    write_economy(tmp_path / "same", FIRMS, YEARS, SEED)
    write_economy(tmp_path / "other", FIRMS, YEARS, SEED + 1)
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "same" / file.name).read_bytes()
    assert (folder / "events.parquet").read_bytes() != (tmp_path / "other" / "events.parquet").read_bytes()


def test_every_row_is_accepted_by_the_dictionary(folder: Path) -> None:
    for file in folder.glob("*.parquet"):
        headings = {heading: name for name, heading in TABLES[file.stem].headings.items()}
        rows = pl.read_parquet(file).rename(headings, strict=False)
        numbered = rows.with_columns(line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
        reading = assemble(file.name, rows.height, {file.stem: numbered})
        assert reading.tables[file.stem].height == rows.height, file.stem


def test_csv_says_the_same_as_parquet(folder: Path, tmp_path: Path) -> None:
    write_economy(tmp_path, FIRMS, YEARS, SEED, ending="csv")
    parquet = pl.read_parquet(folder / "guarantees.parquet")
    csv = pl.read_csv(tmp_path / "guarantees.csv", schema=parquet.schema, try_parse_dates=True)
    assert csv.equals(parquet)


def test_nothing_is_known_before_it_happened_nor_after_the_last_day(folder: Path) -> None:
    for file in folder.glob("*.parquet"):
        rows = pl.read_parquet(file)
        if "recorded_on" in rows.columns:
            assert (rows["recorded_on"] >= rows["valid_from"]).all(), file.stem
            assert (rows["recorded_on"] <= LAST).all(), file.stem
        if "valid_to" in rows.columns:
            ended = rows.filter(pl.col("valid_to").is_not_null())
            assert (ended["valid_to"] <= ended["recorded_on"]).all(), file.stem


def test_credit_codes_have_valid_check_digits_and_no_two_are_alike(folder: Path) -> None:
    codes = pl.read_parquet(folder / "identifiers.parquet")["value"]
    assert codes.is_unique().all()
    assert all(code.endswith(str(uscc_check(code[:-1]))) for code in codes)


def test_some_firms_fail_only_because_others_do() -> None:
    """The first year's shocks are the same with and without links: whatever fails besides fails through them."""
    forms = (FORMS["demo"], replace(FORMS["demo"], contagion=False))
    paths = [draw_economy(2000, 1, SEED, form).path for form in forms]
    with_links, without = (set(path.defaults[:, 1].tolist()) for path in paths)
    assert len(with_links - without) > len(without) / 20
    assert without <= with_links


def test_an_economy_of_no_years_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least 50 firms and one year"):
        write_economy(tmp_path, FIRMS, 0)
