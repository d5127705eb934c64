"""The made-up economy: the same seed the same files, nothing known before it happened, firms that fail through others."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from relparty.graph.check_digits import uscc_check
from relparty.graph.errors import UsageError
from relparty.graph.schema import TABLES
from relparty.loaders.accept import assemble
from relparty.loaders.economy import LAST, draw_economy, write_economy
from relparty.loaders.economy_links import draw_firms
from relparty.loaders.economy_path import SETTLING, Harm, simulate

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
    write_economy(tmp_path, FIRMS, YEARS, SEED, form="csv")
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
            assert (ended["valid_to"] < ended["recorded_on"]).all(), file.stem


def test_credit_codes_have_valid_check_digits_and_no_two_are_alike(folder: Path) -> None:
    codes = pl.read_parquet(folder / "identifiers.parquet")["value"]
    assert codes.is_unique().all()
    assert all(code.endswith(str(uscc_check(code[:-1]))) for code in codes)


def test_some_firms_fail_only_because_others_do() -> None:
    """The shocks are the same with and without links, so that whatever fails besides fails through them."""
    path, alone = (draw_economy(2000, 2, SEED, contagion=on).path for on in (True, False))
    with_links, without = (set(each.defaults[:, 1].tolist()) for each in (path, alone))
    assert len(with_links - without) > len(without) / 50
    assert len(without - with_links) < len(with_links - without)


def test_a_firm_whose_only_debtor_fails_loses_that_claim_once_the_default_is_settled() -> None:
    """Firm 0 has no equity and fails in month 0; firm 1 loses 100 in month 3, and nothing before."""
    firms = draw_firms(50, 12, SEED)
    firms.leverage[0] = 1.5
    firms.enters[:] = -1
    firms.leaves[:] = 10**6
    number = np.array([0])
    tie = Harm(number, number + 1, np.array([100.0]), number - 1, number + 10**6)
    hit, spared = simulate(firms, tie, SETTLING + 1, SEED), simulate(firms, tie.without(), SETTLING + 1, SEED)
    assert hit.defaults[0].tolist() == [0, 0]
    assert (hit.assets[SETTLING] == spared.assets[SETTLING]).all()
    assert spared.assets[SETTLING + 1, 1] - hit.assets[SETTLING + 1, 1] == pytest.approx(100.0)


def test_an_economy_of_no_years_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least 50 firms and one year"):
        write_economy(tmp_path, FIRMS, 0)
