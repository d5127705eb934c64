"""Field reports on stress, run as a user would."""

import csv
import io

import pytest
from click.testing import CliRunner
from relparty.cli import main

from .shared import needs_shared, report

pytestmark = needs_shared


def test_22_parties_without_equity_are_named_and_no_number_is_made_up(tmp_path):
    """E-1 (equity 10) loses 4 to E-9 and 3 to E-2: .7; E-5 lends to nobody."""

    def run(*words):
        return CliRunner().invoke(main, ["--home", str(tmp_path), *words])

    assert run("load", str(report("22")), "--no-store").exit_code == 0
    words = ["stress", "--model", "debtrank", "--as-of", "2024-06-30", "--format", "csv", "--fails", "E-9"]
    refused, listed = run(*words), run(*words, "--fails", "E-2", "--fails", "E-3", "--fails", "E-4")
    rows = {row["party_id"]: row for row in csv.DictReader(io.StringIO(listed.stdout))}

    assert refused.exit_code == 3
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert (
        "3 parties bear losses without positive equity, first 'E-2' (E-2 0, E-3 -5, E-4 not stated)" in refused.stderr
    )
    assert "Estimate their equity" in refused.stderr
    assert float(rows["E-1"]["distress"]) == pytest.approx(0.7)
    assert float(rows["E-1"]["loss"]) == pytest.approx(7.0)
    assert float(rows["E-5"]["distress"]) == 0
    assert rows["E-4"]["equity_after"] == ""
    assert not {"nan", "inf", "-inf"} & {cell for row in rows.values() for cell in row.values()}
